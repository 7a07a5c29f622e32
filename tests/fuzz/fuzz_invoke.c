/* fuzz_invoke.c: any bytes as the body of a request.
 *
 * The first byte chooses the model, the style, the Accept header and the CSV
 * header, the second where the body is cut, the third its Content-Type, or the
 * Open Inference Protocol, whether the model is one of trees, and whether it is
 * explained. The body in one piece and in many must give the same reply or the
 * same error, on invocations that served other inputs before.
 *
 * Runs from the root of the repository.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <clary/clary.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { N_MODELS = 4, N_STYLES = 5, N_ACCEPTS = 4, N_HEADERS = 4 };

static const char *const paths[2][N_MODELS] = {
    {"savedmodel/half-plus-three/model.tar.gz",
     "savedmodel/two-outputs/model.tar.gz",
     "savedmodel/embedding-int64/model.tar.gz",
     "savedmodel/mixed-dtypes/model.tar.gz"},
    {"xgboost/categories-named/model.tar.gz",
     "lightgbm/pandas-categorical/model.txt",
     "xgboost/multi-softprob/model.tar.gz", "lightgbm/linear/model.txt"}};
static const char *const accepts[N_ACCEPTS] = {
    NULL, "text/csv", "application/json", "application/jsonlines"};

/* Those that no codec reads are refused, in one piece and in many. */
static const char *const types[] = {
    "text/csv",          "application/json", "application/jsonlines",
    "application/x-npy", "text/libsvm",      NULL};
enum { N_TYPES = sizeof types / sizeof *types };

static struct clary_model *models[2][N_MODELS];

/* By style and header. [0] takes bodies whole, [1] in pieces. */
static struct clary_invoke *invokes[N_STYLES][N_HEADERS][2];

static void require(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void set_up(void)
{
    struct clary_error err;
    char path[200];
    require(clary_init(1, &err) == CLARY_OK, "clary_init");
    for (size_t i = 0; i < 2 * (size_t)N_MODELS; i++) {
        struct clary_model **model = &models[i / N_MODELS][i % N_MODELS];
        snprintf(path, sizeof path, "tests/golden/%s",
                 paths[i / N_MODELS][i % N_MODELS]);
        require(clary_model_load(path, NULL, model, &err) == CLARY_OK,
                err.message);
    }
    for (size_t i = 0; i < N_STYLES * N_HEADERS * 2; i++) {
        struct clary_invoke_options options = {
            .style =
                (enum clary_style)(CLARY_STYLE_TFSERVING + i / 2 / N_HEADERS),
            .csv_header = (enum clary_csv_header)(i / 2 % N_HEADERS),
            .max_reply_bytes = 1 << 20,
            .max_memory_bytes = 4 << 20};
        struct clary_invoke *invoke = clary_invoke_new(&options);
        require(invoke != NULL, "no memory");
        invokes[i / 2 / N_HEADERS][i / 2 % N_HEADERS][i % 2] = invoke;
    }
}

struct outcome {
    enum clary_status status;
    struct clary_error err;
    struct clary_reply reply;
};

static void score_whole(struct clary_invoke *invoke,
                        const struct clary_model *model,
                        const struct clary_request *request, const char *body,
                        size_t len, struct outcome *outcome)
{
    outcome->status = clary_invoke(invoke, model, request, body, len,
                                   &outcome->reply, &outcome->err);
}

/* In pieces whose sizes the seed makes up, each in a block of its own. */
static void score_pieces(struct clary_invoke *invoke,
                         const struct clary_model *model,
                         const struct clary_request *request, const char *body,
                         size_t len, unsigned seed, struct outcome *outcome)
{
    outcome->status = clary_invoke_begin(invoke, model, request, &outcome->err);
    while (outcome->status == CLARY_OK && len > 0) {
        size_t piece = seed < 16 ? 1 : (seed = seed * 75 + 74) % 251;
        piece = piece < len ? piece : len;
        char *copy = malloc(piece);
        if (piece > 0)
            memcpy(copy, body, piece);
        outcome->status = clary_invoke_feed(invoke, copy, piece, &outcome->err);
        free(copy);
        body += piece;
        len -= piece;
    }
    if (outcome->status == CLARY_OK)
        outcome->status =
            clary_invoke_finish(invoke, &outcome->reply, &outcome->err);
}

static size_t count_lines(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += text[i] == '\n';
    return n;
}

static void compare(const struct outcome *whole, const struct outcome *pieces)
{
    require(whole->status == pieces->status, "another status in pieces");
    if (whole->status != CLARY_OK) {
        require(strcmp(whole->err.message, pieces->err.message) == 0,
                "another error in pieces");
        require(whole->err.row == pieces->err.row &&
                    whole->err.column == pieces->err.column,
                "another row or column in pieces");
        return;
    }
    require(whole->reply.len == pieces->reply.len &&
                (whole->reply.len == 0 ||
                 memcmp(whole->reply.body, pieces->reply.body,
                        whole->reply.len) == 0),
            "another reply in pieces");
    require(whole->reply.n_rows == pieces->reply.n_rows &&
                (whole->reply.n_rows > 0) == (whole->reply.len > 0),
            "another number of rows");
    if (whole->reply.len > 0 &&
        strcmp(whole->reply.content_type, "text/csv") == 0)
        require(count_lines(whole->reply.body, whole->reply.len) ==
                    whole->reply.n_rows,
                "not a line a row");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (models[0][0] == NULL)
        set_up();
    if (size < 3)
        return 0;
    unsigned choice = data[0], kind = data[2] / N_TYPES;
    const struct clary_model *model = models[kind % 2][choice % N_MODELS];
    struct clary_request request = {
        .content_type = types[data[2] % N_TYPES],
        .accept = accepts[choice / 4 % N_ACCEPTS],
        .explain = kind / 2 % 2 != 0 ? CLARY_EXPLAIN_SHAP : CLARY_EXPLAIN_NONE};
    if (request.content_type == NULL)
        request.protocol = CLARY_PROTOCOL_KSERVE;
    unsigned rest = choice / 16;
    struct clary_invoke **pair =
        invokes[rest % N_STYLES][rest / N_STYLES % N_HEADERS];
    const char *body = (const char *)data + 3;
    struct outcome whole, pieces;
    score_whole(pair[0], model, &request, body, size - 3, &whole);
    score_pieces(pair[1], model, &request, body, size - 3, data[1], &pieces);
    compare(&whole, &pieces);
    return 0;
}
