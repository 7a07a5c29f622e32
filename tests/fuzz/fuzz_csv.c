/* fuzz_csv.c: a body of text/csv in one piece and in many, with each table of
 * kernels.
 *
 * The first byte chooses the model's inputs, the header's mode, whether empty
 * cells are missing values and whether the reader is pythonic; the second where
 * the pieces are cut; the rest is the body. However it is cut, and whichever
 * table reads it, the rows or the error must be the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/codec.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAPACITY = 2, MOST_BYTES = 64 };

static const struct clary_field one[] = {{"x", CLARY_DTYPE_F32, {1, {1}}, 1}};
static const struct clary_field three[] = {{"x", CLARY_DTYPE_F32, {1, {3}}, 3}};
static const struct clary_field names[] = {{"a", CLARY_DTYPE_F32, {1, {1}}, 1},
                                           {"b", CLARY_DTYPE_F64, {0, {0}}, 1}};
static const struct clary_field mixed[] = {{"a", CLARY_DTYPE_I8, {1, {2}}, 2},
                                           {"b", CLARY_DTYPE_BOOL, {1, {1}}, 1},
                                           {"c", CLARY_DTYPE_I64, {1, {1}}, 1}};

static const struct {
    const struct clary_field *fields;
    size_t n_fields;
} models[] = {{one, 1}, {three, 1}, {names, 2}, {mixed, 3}};

struct outcome {
    enum clary_status status;
    struct clary_error err;
    size_t n_rows;
    uint64_t digest; /* of all values in their order */
};

static enum clary_status take_rows(void *context, struct clary_rows *rows,
                                   struct clary_error *err)
{
    struct outcome *outcome = context;
    (void)err;
    if (rows->n_rows == 0 || rows->n_rows > rows->capacity)
        abort();
    for (size_t r = 0; r < rows->n_rows; r++)
        for (size_t f = 0; f < rows->n_fields; f++) {
            size_t bytes = rows->fields[f].width *
                           clary_dtype_bytes(rows->fields[f].dtype);
            const uint8_t *row = (const uint8_t *)rows->data[f] + r * bytes;
            for (size_t i = 0; i < bytes; i++)
                outcome->digest =
                    (outcome->digest ^ row[i]) * UINT64_C(0x100000001B3);
        }
    outcome->n_rows += rows->n_rows;
    rows->n_rows = 0;
    return CLARY_OK;
}

static struct outcome read_body(uint8_t choice, const char *body, size_t len,
                                size_t piece,
                                const struct clary_cell_kernel *kernel)
{
    static uint64_t memory[4][CAPACITY * MOST_BYTES / 8];
    void *data[] = {memory[0], memory[1], memory[2], memory[3]};
    static const enum clary_csv_header modes[] = {
        CLARY_CSV_HEADER_AUTO, CLARY_CSV_HEADER_PRESENT,
        CLARY_CSV_HEADER_ABSENT, CLARY_CSV_HEADER_AUTO};
    struct outcome outcome = {.n_rows = 0};
    struct clary_arena arena;
    clary_arena_init(&arena, 1 << 20);
    struct clary_rows rows = {.fields = models[choice % 4].fields,
                              .n_fields = models[choice % 4].n_fields,
                              .data = data,
                              .capacity = CAPACITY,
                              .full = take_rows,
                              .context = &outcome};
    struct clary_reader reader = {.rows = &rows,
                                  .arena = &arena,
                                  .header = modes[choice / 4 % 4],
                                  .missing_is_nan = choice / 16 % 2,
                                  .pythonic = choice / 32 % 2,
                                  .cell_kernel = kernel};
    const struct clary_codec *csv = &clary_codec_csv;
    outcome.status = csv->read_begin(&reader, &outcome.err);
    while (outcome.status == CLARY_OK && len > 0) {
        size_t n = len < piece ? len : piece;
        char *copy = malloc(n); /* so that its end is seen */
        if (copy == NULL)
            abort();
        memcpy(copy, body, n);
        outcome.status = csv->read_feed(&reader, copy, n, &outcome.err);
        free(copy);
        body += n;
        len -= n;
    }
    if (outcome.status == CLARY_OK)
        outcome.status = csv->read_end(&reader, &outcome.err);
    clary_arena_deinit(&arena);
    return outcome;
}

static void compare(const struct outcome *whole, const struct outcome *other,
                    const char *table)
{
    bool same = whole->status == other->status;
    if (whole->status == CLARY_OK)
        same = same && whole->n_rows == other->n_rows &&
               whole->digest == other->digest && whole->n_rows > 0;
    else
        same = same && whole->err.row == other->err.row &&
               whole->err.column == other->err.column &&
               strcmp(whole->err.message, other->err.message) == 0;
    if (same)
        return;
    fprintf(stderr, "fuzz_csv: %s\nfuzz_csv, %s: %s\n",
            whole->status == CLARY_OK ? "rows" : whole->err.message, table,
            other->status == CLARY_OK ? "rows" : other->err.message);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    if (size < 2)
        return 0;
    const char *body = (const char *)data + 2;
    size_t len = size - 2, piece = data[1] % 31 + 1u;
    struct outcome whole = read_body(data[0], body, len, SIZE_MAX, NULL);
    struct outcome other = read_body(data[0], body, len, piece, NULL);
    compare(&whole, &other, "no kernels");
    for (size_t t = 0; tables[t] != NULL; t++) {
        other = read_body(data[0], body, len, SIZE_MAX, tables[t]->cells);
        compare(&whole, &other, tables[t]->name);
        other = read_body(data[0], body, len, piece, tables[t]->cells);
        compare(&whole, &other, tables[t]->name);
    }
    return 0;
}
