/* window_reading.h: bodies of many windows, each table against the reader's own
 * loops.
 *
 * What those read of the whole body is what every table must read of it, in
 * one piece and in pieces of several sizes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_UNIT_WINDOW_READING_H
#define CLARY_TESTS_UNIT_WINDOW_READING_H

#include "data/codec.h"
#include "kernel/kernel.h"
#include "tests/test.h"

enum { MOST_BYTES = 20000, MOST_CAPACITY = 70 };

static uint64_t random_state = 7;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)((random_state >> 33) % n);
}

/* What is read, and into what. Fields of F32. */
struct body {
    struct clary_field fields[3];
    size_t n_fields, capacity, len;
    enum clary_csv_header header;
    bool missing_is_nan;
    char bytes[MOST_BYTES + 8192];
};

static struct body body; /* large */

static void add(const char *text)
{
    size_t len = strlen(text);
    memcpy(body.bytes + body.len, text, len);
    body.len += len;
}

/* A number as a window reads it. */
static void add_decimal(void)
{
    static const int decimals[] = {0, 1, 2, 6, 6, 14, 17};
    char cell[64];
    double value = (double)(int)random_below(2000000) * 1e-3 - 1000;
    snprintf(cell, sizeof cell, "%.*f", decimals[random_below(7)],
             value * 1.0001234567);
    add(cell);
}

struct outcome {
    enum clary_status status;
    struct clary_error err;
    size_t n_rows, n_blocks;
    uint64_t digest; /* of all values in their order */
};

static enum clary_status take_rows(void *context, struct clary_rows *rows,
                                   struct clary_error *err)
{
    struct outcome *outcome = context;
    for (size_t r = 0; r < rows->n_rows; r++)
        for (size_t f = 0; f < rows->n_fields; f++) {
            size_t bytes = rows->fields[f].width * sizeof(float);
            const uint8_t *row = (const uint8_t *)rows->data[f] + r * bytes;
            for (size_t i = 0; i < bytes; i++)
                outcome->digest =
                    (outcome->digest ^ row[i]) * UINT64_C(0x100000001B3);
        }
    outcome->n_rows += rows->n_rows;
    outcome->n_blocks++;
    rows->n_rows = 0;
    if (outcome->n_blocks == 900)
        return clary_fail(err, CLARY_INTERNAL, "enough");
    return CLARY_OK;
}

static struct outcome read_body(const struct clary_codec *codec, size_t piece,
                                const struct clary_cell_kernel *kernel)
{
    struct outcome outcome = {.n_rows = 0};
    struct clary_arena arena;
    void *data[3];
    clary_arena_init(&arena, 1 << 24);
    for (size_t f = 0; f < body.n_fields; f++)
        data[f] = clary_arena_alloc(
            &arena, body.capacity * body.fields[f].width * sizeof(float));
    struct clary_rows rows = {.fields = body.fields,
                              .n_fields = body.n_fields,
                              .data = data,
                              .capacity = body.capacity,
                              .full = take_rows,
                              .context = &outcome};
    struct clary_reader reader = {.rows = &rows,
                                  .arena = &arena,
                                  .header = body.header,
                                  .missing_is_nan = body.missing_is_nan,
                                  .cell_kernel = kernel};
    outcome.status = codec->read_begin(&reader, &outcome.err);
    for (size_t at = 0; at < body.len && outcome.status == CLARY_OK;
         at += piece)
        outcome.status = codec->read_feed(
            &reader, body.bytes + at,
            body.len - at < piece ? body.len - at : piece, &outcome.err);
    if (outcome.status == CLARY_OK)
        outcome.status = codec->read_end(&reader, &outcome.err);
    if (outcome.status == CLARY_OK)
        CHECK_INT(reader.n_rows, outcome.n_rows);
    clary_arena_deinit(&arena);
    return outcome;
}

/* Returns whether the body was read. */
static bool compare(const struct clary_codec *codec)
{
    const size_t pieces[] = {body.len + 1, 8192, 4096, 1000, 61, 8};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct outcome expected = read_body(codec, body.len + 1, NULL);
    for (size_t t = 0; tables[t] != NULL; t++)
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            struct outcome outcome =
                read_body(codec, pieces[i], tables[t]->cells);
            bool same = CHECK_STATUS(outcome.status, expected.status) &&
                        CHECK_INT(outcome.n_rows, expected.n_rows) &&
                        CHECK_INT(outcome.n_blocks, expected.n_blocks) &&
                        CHECK(outcome.digest == expected.digest);
            if (expected.status != CLARY_OK)
                same = CHECK_STR(outcome.err.message, expected.err.message) &&
                       CHECK_INT(outcome.err.row, expected.err.row) && same;
            if (!same)
                printf("  %s, pieces of %zu\n", tables[t]->name, pieces[i]);
        }
    return expected.status == CLARY_OK;
}

#endif
