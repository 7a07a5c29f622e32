/* reading.h: reads one body in every way it can be cut.
 *
 * Every body is read in one piece, byte by byte, and in pieces of 2, 3, 5 and
 * 7 bytes, by the codec's own loops and with every table of kernels, and must
 * end the same way each time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_UNIT_READING_H
#define CLARY_TESTS_UNIT_READING_H

#include "data/codec.h"
#include "kernel/kernel.h"
#include "tests/test.h"

#include <stdlib.h>

enum { CAPACITY = 3, MOST_ROWS = 40, MOST_COLUMNS = 12 };

/* A model's inputs, and where its rows went. */
struct reading {
    const struct clary_codec *codec;
    const struct clary_field *fields;
    size_t n_fields;
    enum clary_csv_header header;
    bool missing_is_nan;
    bool pythonic;
    const char *signature_name;
    const struct clary_cell_kernel *kernel;

    enum clary_status status;
    struct clary_error err;
    size_t n_rows;
    size_t n_blocks;
    bool columnar;
    bool misfits;
    double values[MOST_ROWS][MOST_COLUMNS];
};

static const struct clary_field x3[] = {
    {"x", CLARY_DTYPE_F32, {1, {3}}, 3, NULL}};
static const struct clary_field one[] = {
    {"x", CLARY_DTYPE_F64, {1, {1}}, 1, NULL}};
static const struct clary_field scalar[] = {
    {"x", CLARY_DTYPE_F64, {0, {0}}, 1, NULL}};
static const char *const abc[] = {"a", "b", "c"};
static const struct clary_field named[] = {
    {"x", CLARY_DTYPE_F32, {1, {3}}, 3, abc}};
static const struct clary_field matrix[] = {
    {"m", CLARY_DTYPE_F32, {2, {2, 3}}, 6, NULL}};
static const struct clary_field two[] = {
    {"a", CLARY_DTYPE_F32, {1, {2}}, 2, NULL},
    {"b", CLARY_DTYPE_F64, {0, {0}}, 1, NULL}};
static const struct clary_field mixed[] = {
    {"a", CLARY_DTYPE_I8, {1, {2}}, 2, NULL},
    {"b", CLARY_DTYPE_U8, {1, {1}}, 1, NULL},
    {"c", CLARY_DTYPE_I32, {1, {1}}, 1, NULL},
    {"d", CLARY_DTYPE_I64, {1, {1}}, 1, NULL},
    {"e", CLARY_DTYPE_BOOL, {1, {1}}, 1, NULL},
    {"f", CLARY_DTYPE_F64, {1, {1}}, 1, NULL},
    {"none", CLARY_DTYPE_F32, {2, {0, 2}}, 0, NULL}};

static double element(enum clary_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case CLARY_DTYPE_F32:
        return (double)((const float *)data)[i];
    case CLARY_DTYPE_F64:
        return ((const double *)data)[i];
    case CLARY_DTYPE_I8:
        return ((const int8_t *)data)[i];
    case CLARY_DTYPE_U8:
    case CLARY_DTYPE_BOOL:
        return ((const uint8_t *)data)[i];
    case CLARY_DTYPE_I32:
        return ((const int32_t *)data)[i];
    default:
        return (double)((const int64_t *)data)[i];
    }
}

static enum clary_status take_rows(void *context, struct clary_rows *rows,
                                   struct clary_error *err)
{
    struct reading *reading = context;
    (void)err;
    CHECK(rows->n_rows > 0 && rows->n_rows <= rows->capacity);
    for (size_t r = 0; r < rows->n_rows; r++, reading->n_rows++) {
        size_t c = 0;
        if (!CHECK(reading->n_rows < MOST_ROWS))
            break;
        for (size_t f = 0; f < rows->n_fields; f++) {
            const struct clary_field *field = &rows->fields[f];
            for (size_t i = 0; i < field->width; i++)
                reading->values[reading->n_rows][c++] =
                    element(field->dtype, rows->data[f], r * field->width + i);
        }
    }
    reading->n_blocks++;
    rows->n_rows = 0;
    return CLARY_OK;
}

static void read_pieces(struct reading *reading, const char *body, size_t len,
                        size_t piece)
{
    struct clary_arena arena;
    clary_arena_init(&arena, 1 << 20);
    void *data[MOST_COLUMNS];
    for (size_t f = 0; f < reading->n_fields; f++)
        data[f] = clary_arena_alloc(
            &arena, CAPACITY * reading->fields[f].width * sizeof(double));
    struct clary_rows rows = {.fields = reading->fields,
                              .n_fields = reading->n_fields,
                              .data = data,
                              .capacity = CAPACITY,
                              .full = take_rows,
                              .context = reading};
    struct clary_reader reader = {.rows = &rows,
                                  .arena = &arena,
                                  .header = reading->header,
                                  .missing_is_nan = reading->missing_is_nan,
                                  .pythonic = reading->pythonic,
                                  .signature_name = reading->signature_name,
                                  .cell_kernel = reading->kernel};
    struct clary_error *err = &reading->err;
    reading->n_rows = reading->n_blocks = 0;
    memset(err, 0, sizeof *err);
    reading->status = reading->codec->read_begin(&reader, err);
    while (reading->status == CLARY_OK && len > 0) {
        size_t n = len < piece ? len : piece;
        /* a block of exactly this size, so that a sanitizer sees its end */
        char *copy = malloc(n);
        memcpy(copy, body, n);
        reading->status = reading->codec->read_feed(&reader, copy, n, err);
        free(copy);
        body += n;
        len -= n;
    }
    if (reading->status == CLARY_OK)
        reading->status = reading->codec->read_end(&reader, err);
    if (reading->status == CLARY_OK)
        CHECK_INT(reader.n_rows, reading->n_rows);
    reading->columnar = reader.columnar;
    reading->misfits = reader.misfits;
    clary_arena_deinit(&arena);
}

static struct reading reading; /* large */

#define READING(name, model)                                                   \
    reading = (struct reading)                                                 \
    {                                                                          \
        .codec = &clary_codec_##name, .fields = model,                         \
        .n_fields = sizeof model / sizeof model[0]                             \
    }

static void read_again(const char *body, size_t len, size_t piece,
                       const struct clary_cell_kernel *kernel)
{
    static struct reading other; /* large */
    other = reading;
    other.kernel = kernel;
    memset(other.values, 0, sizeof other.values);
    read_pieces(&other, body, len, piece);
    CHECK_STATUS(other.status, reading.status);
    CHECK_STR(other.err.message, reading.err.message);
    CHECK_INT(other.err.row, reading.err.row);
    CHECK_INT(other.err.column, reading.err.column);
    CHECK_INT(other.n_blocks, reading.n_blocks);
    CHECK_INT(other.n_rows, reading.n_rows);
    CHECK_INT(other.columnar, reading.columnar);
    CHECK_INT(other.misfits, reading.misfits);
    if (reading.status == CLARY_OK)
        CHECK(memcmp(other.values, reading.values,
                     reading.n_rows * sizeof reading.values[0]) == 0);
}

static void read_bytes(const char *body, size_t len)
{
    const size_t pieces[] = {1, 2, 3, 5, 7, len + 1};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    read_pieces(&reading, body, len, len + 1);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        read_again(body, len, pieces[i], NULL);
        for (size_t t = 0; tables[t] != NULL; t++)
            read_again(body, len, pieces[i], tables[t]->cells);
    }
}

/* The rows of `len` bytes as "1 2 3|4 5 6", or the error's message. */
static const char *rows_of_bytes(const char *body, size_t len)
{
    static char text[4096];
    size_t used = 0, columns = 0;
    read_bytes(body, len);
    if (reading.status != CLARY_OK)
        return reading.err.message;
    for (size_t f = 0; f < reading.n_fields; f++)
        columns += reading.fields[f].width;
    for (size_t r = 0; r < reading.n_rows; r++)
        for (size_t c = 0; c < columns; c++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%s%g",
                                     c > 0   ? " "
                                     : r > 0 ? "|"
                                             : "",
                                     reading.values[r][c]);
    text[used] = '\0';
    return text;
}

static const char *rows_of(const char *body)
{
    return rows_of_bytes(body, strlen(body));
}

#endif
