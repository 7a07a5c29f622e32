/* reading.h: a body in one piece and in many, with each table of kernels, for
 * the readers' fuzz targets.
 *
 * The first byte chooses what the target has to choose, the model's inputs
 * above all; the second where the pieces are cut; the rest is the body. However
 * it is cut, and whichever table reads it, the rows or the error must be the
 * same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_FUZZ_READING_H
#define CLARY_TESTS_FUZZ_READING_H

#include "data/codec.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAPACITY = 2, MOST_FIELDS = 4, MOST_BYTES = 64 };

/* What the first byte chose. */
struct choice {
    const struct clary_field *fields;
    size_t n_fields;
    enum clary_csv_header header;
    bool missing_is_nan, pythonic;
};

struct outcome {
    enum clary_status status;
    struct clary_error err;
    size_t n_rows;
    bool columnar;
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

static struct outcome read_body(const struct clary_codec *codec,
                                const struct choice *choice, const char *body,
                                size_t len, size_t piece,
                                const struct clary_cell_kernel *kernel)
{
    static uint64_t memory[MOST_FIELDS][CAPACITY * MOST_BYTES / 8];
    void *data[] = {memory[0], memory[1], memory[2], memory[3]};
    struct outcome outcome = {.n_rows = 0};
    struct clary_arena arena;
    clary_arena_init(&arena, 1 << 20);
    memset(memory, 0xA5, sizeof memory); /* what is not written shows */
    struct clary_rows rows = {.fields = choice->fields,
                              .n_fields = choice->n_fields,
                              .data = data,
                              .capacity = CAPACITY,
                              .full = take_rows,
                              .context = &outcome};
    struct clary_reader reader = {.rows = &rows,
                                  .arena = &arena,
                                  .header = choice->header,
                                  .missing_is_nan = choice->missing_is_nan,
                                  .pythonic = choice->pythonic,
                                  .signature_name = "s",
                                  .cell_kernel = kernel};
    outcome.status = codec->read_begin(&reader, &outcome.err);
    while (outcome.status == CLARY_OK && len > 0) {
        size_t n = len < piece ? len : piece;
        char *copy = malloc(n); /* so that its end is seen */
        if (copy == NULL)
            abort();
        memcpy(copy, body, n);
        outcome.status = codec->read_feed(&reader, copy, n, &outcome.err);
        free(copy);
        body += n;
        len -= n;
    }
    if (outcome.status == CLARY_OK)
        outcome.status = codec->read_end(&reader, &outcome.err);
    outcome.columnar = reader.columnar;
    clary_arena_deinit(&arena);
    return outcome;
}

static void compare(const struct outcome *whole, const struct outcome *other,
                    const char *table)
{
    bool same =
        whole->status == other->status && whole->columnar == other->columnar;
    if (whole->status == CLARY_OK)
        same = same && whole->n_rows == other->n_rows &&
               whole->digest == other->digest && whole->n_rows > 0;
    else
        same = same && whole->err.row == other->err.row &&
               whole->err.column == other->err.column &&
               strcmp(whole->err.message, other->err.message) == 0;
    if (same)
        return;
    fprintf(stderr, "whole: %s\n%s: %s\n",
            whole->status == CLARY_OK ? "rows" : whole->err.message, table,
            other->status == CLARY_OK ? "rows" : other->err.message);
    abort();
}

/* The body of LLVMFuzzerTestOneInput. */
static int read_both_ways(const struct clary_codec *codec,
                          struct choice (*choose)(uint8_t byte),
                          const uint8_t *data, size_t size)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    if (size < 2)
        return 0;
    const char *body = (const char *)data + 2;
    size_t len = size - 2, piece = data[1] % 31 + 1u;
    const struct choice choice = choose(data[0]);
    struct outcome whole = read_body(codec, &choice, body, len, SIZE_MAX, NULL);
    struct outcome other = read_body(codec, &choice, body, len, piece, NULL);
    compare(&whole, &other, "cut");
    for (size_t t = 0; tables[t] != NULL; t++) {
        const struct clary_cell_kernel *kernel = tables[t]->cells;
        other = read_body(codec, &choice, body, len, SIZE_MAX, kernel);
        compare(&whole, &other, tables[t]->name);
        other = read_body(codec, &choice, body, len, piece, kernel);
        compare(&whole, &other, tables[t]->name);
    }
    return 0;
}

#endif
