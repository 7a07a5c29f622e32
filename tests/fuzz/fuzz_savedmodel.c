/* fuzz_savedmodel.c: any bytes as saved_model.pb.
 *
 * The first byte says whose variables lie beside it: those of a golden case,
 * or none. What loads is also scored: each of three rows must have the same
 * bytes alone and beside the others, or be refused in both.
 *
 * Runs from the root of the repository.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/model.h"
#include "tests/fuzz/savedmodel_mutator.h"

#include <clary/clary.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed);

enum { MAX_FILES = 8, N_ROWS = 3, MAX_COLUMNS = 2000 };

/* By the first byte of an input, modulo their number; only ever appended to. */
static const char *const cases[] = {
    NULL,
    "half-plus-three",
    "identity8",
    "rank1-output",
    "many-dtypes-out",
    "mixed-dtypes",
    "normalization",
    "discretization",
    "embedding-int64-keras2",
    "batch-normalization",
    "layer-normalization",
    "keras3-tf-saved-model-save",
    "embedding-int64",
};
enum { N_CASES = sizeof cases / sizeof *cases };

static struct clary_artifact *opened[N_CASES];

static void require(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "%s\n", what);
    abort();
}

static void open_cases(void)
{
    struct clary_error err;
    char path[200];
    if (opened[1] != NULL)
        return;
    require(clary_init(1, &err) == CLARY_OK, "clary_init");
    for (size_t i = 1; i < N_CASES; i++) {
        snprintf(path, sizeof path, "tests/golden/savedmodel/%s/model.tar.gz",
                 cases[i]);
        require(clary_artifact_open(path, NULL, &opened[i], &err) == CLARY_OK,
                err.message);
    }
}

/* The bytes as saved_model.pb, and the other files of the case. */
static size_t make_files(const struct clary_artifact *from, const uint8_t *data,
                         size_t size, struct clary_file *files)
{
    size_t n = 0;
    for (size_t i = 0; from != NULL && i < from->n_files; i++) {
        require(n + 1 < MAX_FILES, "more files than expected");
        if (strstr(from->files[i].path, "saved_model.pb") == NULL)
            files[n++] = from->files[i];
        else
            files[n++] = (struct clary_file){from->files[i].path, data, size};
    }
    if (from == NULL)
        files[n++] = (struct clary_file){"1/saved_model.pb", data, size};
    return n;
}

/* --- scoring */

/* Row number `row` as CSV: numbers that all types can hold. */
static size_t make_row(const struct clary_signature *signature, size_t row,
                       char *text)
{
    for (size_t i = 0; i < signature->n_columns; i++) {
        text[2 * i] = (char)('0' + (row * 3 + i) % 5 % (row == 0 ? 2 : 5));
        text[2 * i + 1] = i + 1 < signature->n_columns ? ',' : '\n';
    }
    return 2 * signature->n_columns;
}

static enum clary_status score(struct clary_invoke *invoke,
                               const struct clary_model *model,
                               const char *body, size_t len,
                               struct clary_reply *reply,
                               struct clary_error *err)
{
    static const struct clary_request request = {"text/csv", "text/csv"};
    return clary_invoke(invoke, model, &request, body, len, reply, err);
}

static void score_rows(const struct clary_model *model)
{
    static char body[N_ROWS * 2 * MAX_COLUMNS];
    const struct clary_invoke_options options = {
        .max_memory_bytes = (size_t)8 << 20, .max_reply_bytes = 1 << 20};
    const struct clary_signature *signature = clary_model_signature(model);
    struct clary_invoke *invoke = clary_invoke_new(&options);
    struct clary_invoke *single = clary_invoke_new(&options);
    struct clary_reply all, alone;
    struct clary_error err, err_alone;
    size_t len = 0, at = 0;
    require(invoke != NULL && single != NULL, "no memory");
    for (size_t r = 0; r < N_ROWS; r++)
        len += make_row(signature, r, body + len);
    enum clary_status status = score(invoke, model, body, len, &all, &err);
    for (size_t r = 0; r < N_ROWS; r++) {
        enum clary_status one = score(single, model, body + r * (len / N_ROWS),
                                      len / N_ROWS, &alone, &err_alone);
        if (status != CLARY_OK) {
            require(err.row != r + 1 || one == status,
                    "a row is refused beside others only");
            continue;
        }
        require(one == CLARY_OK, "a row is refused alone only");
        require(alone.len <= all.len - at &&
                    memcmp(alone.body, all.body + at, alone.len) == 0,
                "a row has other bytes alone");
        at += alone.len;
    }
    require(status != CLARY_OK || at == all.len, "a row is missing");
    clary_invoke_free(invoke);
    clary_invoke_free(single);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct clary_load_options options = {.max_model_bytes = (size_t)32
                                                                  << 20};
    struct clary_file files[MAX_FILES];
    struct clary_artifact artifact = {.root = "model", .files = files};
    struct clary_model *model;
    struct clary_error err;
    open_cases();
    if (size == 0)
        return 0;
    artifact.n_files =
        make_files(opened[data[0] % N_CASES], data + 1, size - 1, files);
    if (clary_model_load_artifact(&artifact, &options, &model, &err) !=
        CLARY_OK) {
        require(memchr(err.message, '\0', sizeof err.message) != NULL,
                "a message without an end");
        return 0;
    }
    if (clary_model_signature(model)->n_columns <= MAX_COLUMNS)
        score_rows(model);
    clary_model_free(model);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned seed)
{
    if (size > 1 && seed % 4 != 0) {
        size_t len = mutate_model(data + 1, size - 1, max_size - 1, seed);
        if (len > 0)
            return len + 1;
    }
    return LLVMFuzzerMutate(data, size, max_size);
}
