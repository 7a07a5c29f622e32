/* test_explain_wire.c: contributions in a reply, and the threads that share
 * the work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/test.h"
#include "tests/unit/golden.h"

#include <pthread.h>

static struct clary_error err;
static struct clary_reply reply;

static struct clary_model *load(const char *path)
{
    struct clary_model *model = NULL;

    CHECK_STATUS(clary_init(1, &err), CLARY_OK);
    CHECK_STATUS(clary_model_load(path, NULL, &model, &err), CLARY_OK);
    return model;
}

static enum clary_status run(struct clary_invoke *invoke,
                             const struct clary_model *model,
                             const char *accept, const char *body)
{
    const struct clary_request request = {.content_type = "text/csv",
                                          .accept = accept,
                                          .explain = CLARY_EXPLAIN_SHAP};

    return clary_invoke(invoke, model, &request, body, strlen(body), &reply,
                        &err);
}

static bool is_reply(const char *text)
{
    return CHECK_INT(reply.len, strlen(text)) &&
           CHECK(memcmp(reply.body, text, reply.len) == 0);
}

#define ONE     "tests/golden/lightgbm/one-feature/model.txt"
#define SEVERAL "tests/golden/xgboost/multi-softprob/model.tar.gz"

/* --- where they stand */

/* What the three forms of text say of one row: x is `contribution`. */
TEST(one_margin)
{
    static const struct {
        const char *accept, *format;
    } forms[] = {
        {"application/json",
         "{\"predictions\": [{\"score\": %s, \"contributions\": [%s]}]}"},
        {"application/jsonlines", "{\"score\": %s, \"contributions\": [%s]}\n"},
        {"text/csv", "%s,%s\n"},
    };
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = load(ONE);
    char score[64], both[128], text[256];

    CHECK_STATUS(run(invoke, model, "text/csv", "0.5\n"), CLARY_OK);
    CHECK(sscanf(reply.body, "%63[^,],%127[^\n]", score, both) == 2);
    CHECK_NEAR(strtod(both, NULL) + strtod(strchr(both, ',') + 1, NULL),
               strtod(score, NULL), 1e-12);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const char *comma = i < 2 ? ", " : ",";
        char spaced[128];

        snprintf(spaced, sizeof spaced, "%.*s%s%s", (int)strcspn(both, ","),
                 both, comma, strchr(both, ',') + 1);
        CHECK_STATUS(run(invoke, model, forms[i].accept, "0.5\n"), CLARY_OK);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, forms[i].format, score, spaced);
#pragma GCC diagnostic pop
        is_reply(text);
    }
    clary_model_free(model);
    clary_invoke_free(invoke);
}

TEST(several_margins)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = load(SEVERAL);
    const struct clary_field *field = NULL;
    size_t n = 0;

    CHECK_STATUS(clary_model_contributions(model, &field, &err), CLARY_OK);
    CHECK_STR(field->name, "contributions");
    CHECK_INT(field->shape.rank, 2);
    CHECK_INT(field->shape.dim[0], 4);
    CHECK_INT(field->shape.dim[1], 6);
    CHECK_STATUS(run(invoke, model, "application/json", "1,2,3,4,5\n"),
                 CLARY_OK);
    for (size_t i = 0; i < reply.len; i++)
        n += reply.body[i] == '[';
    CHECK_INT(n, 1 + 1 + 1 + 4); /* rows, scores, groups, four of them */
    CHECK_STATUS(run(invoke, model, "text/csv", "1,2,3,4,5\n"), CLARY_OK);
    n = 0;
    for (size_t i = 0; i < reply.len; i++)
        n += reply.body[i] == ',';
    CHECK_INT(n + 1, 4 + 4 * 6);
    clary_model_free(model);
    clary_invoke_free(invoke);
}

TEST(npy_has_them_side_by_side)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = load(SEVERAL);

    CHECK_STATUS(run(invoke, model, "application/x-npy", "1,2,3,4,5\n,,,,\n"),
                 CLARY_OK);
    CHECK(memmem(reply.body, reply.len, "'<f4'", 5) != NULL);
    CHECK(memmem(reply.body, reply.len, "(2, 28)", 7) != NULL);
    clary_model_free(model);
    clary_invoke_free(invoke);
}

/* In TensorFlow Serving's layout they are an output like any other. */
TEST(other_layouts)
{
    const struct clary_invoke_options options = {.style =
                                                     CLARY_STYLE_TFSERVING};
    const struct clary_request request = {.content_type = "application/json",
                                          .accept = "application/json",
                                          .explain = CLARY_EXPLAIN_SHAP};
    static const char body[] = "{\"inputs\": [[0.5], [0.25]]}";
    struct clary_invoke *invoke = clary_invoke_new(&options);
    struct clary_model *model = load(ONE);

    CHECK_STATUS(
        clary_invoke(invoke, model, &request, body, strlen(body), &reply, &err),
        CLARY_OK);
    CHECK(memmem(reply.body, reply.len, "\"outputs\": {", 12) != NULL);
    CHECK(memmem(reply.body, reply.len, "\"contributions\": [", 18) != NULL);
    clary_model_free(model);
    clary_invoke_free(invoke);
}

TEST(models_that_have_none)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    const struct golden *golden = golden_case("half-plus-three");

    CHECK_STATUS(run(invoke, golden->model, NULL, "1,2,5\n"), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "this model cannot be explained: contributions are "
                           "those of trees, and the model has none");
    CHECK_INT(err.row, 0);
    clary_invoke_free(invoke);
}

/* --- rows */

enum { ROWS = 300 };

/* ROWS rows of five columns, some missing; free it. */
static char *many_rows(void)
{
    char *text = malloc(ROWS * 64), *end = text;

    for (int r = 0; r < ROWS; r++)
        end += sprintf(end, "%d,%d.25,,%g,%d\n", r % 7 - 3, r % 5,
                       (double)(r % 13) / 10, r % 4);
    return text;
}

/* A row has the same bytes alone and among others, and without being explained
 * the same score. */
TEST(rows_alone_and_together)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = load(SEVERAL);
    char *body = many_rows(), *together;
    size_t at = 0, row_begin = 0;

    CHECK_STATUS(run(invoke, model, "text/csv", body), CLARY_OK);
    CHECK_INT(reply.n_rows, ROWS);
    together = strndup(reply.body, reply.len);
    for (size_t r = 0; r < ROWS; r++) {
        char row[64];
        size_t len = strcspn(body + row_begin, "\n") + 1;

        snprintf(row, sizeof row, "%.*s", (int)len, body + row_begin);
        CHECK_STATUS(run(invoke, model, "text/csv", row), CLARY_OK);
        if (!CHECK(memcmp(together + at, reply.body, reply.len) == 0))
            printf("row %zu\n", r);
        at += reply.len;
        row_begin += len;
    }
    CHECK_INT(together[at], 0);
    free(together);
    free(body);
    clary_model_free(model);
    clary_invoke_free(invoke);
}

/* --- threads */

struct part {
    void (*task)(void *argument, size_t part);
    void *argument;
    size_t index;
};

static size_t n_parts_run;

static void *run_part(void *argument)
{
    struct part *part = argument;

    part->task(part->argument, part->index);
    return NULL;
}

/* A thread a part. */
static void run_team(void *context, size_t n_parts,
                     void (*task)(void *argument, size_t part), void *argument)
{
    pthread_t threads[8];
    struct part parts[8];

    (void)context;
    CHECK(n_parts <= 8);
    n_parts_run += n_parts;
    for (size_t i = 0; i < n_parts; i++) {
        parts[i] = (struct part){task, argument, i};
        CHECK_INT(pthread_create(&threads[i], NULL, run_part, &parts[i]), 0);
    }
    for (size_t i = 0; i < n_parts; i++)
        pthread_join(threads[i], NULL);
}

TEST(threads_change_nothing)
{
    const struct clary_team team = {.n_threads = 3, .run = run_team};
    const struct clary_invoke_options options = {.team = &team};
    struct clary_invoke *alone = clary_invoke_new(NULL);
    struct clary_invoke *shared = clary_invoke_new(&options);
    struct clary_model *model = load(SEVERAL);
    char *body = many_rows(), *expected;

    CHECK_STATUS(run(alone, model, "text/csv", body), CLARY_OK);
    expected = strndup(reply.body, reply.len);
    CHECK_STATUS(run(shared, model, "text/csv", body), CLARY_OK);
    is_reply(expected);
    CHECK(n_parts_run > 0 && n_parts_run % 3 == 0);
    free(expected);
    free(body);
    clary_model_free(model);
    clary_invoke_free(alone);
    clary_invoke_free(shared);
}
