/* npy_read.c: application/x-npy to rows, piece by piece.
 *
 *     "\x93NUMPY"  major  minor  length  dictionary  data
 *      6 bytes     1      1      2 or 4  length      elements
 *
 * The array has the shape (rows, ...), where the rest is the shape of the only
 * input or just its number of elements; with several inputs it has a column
 * for each element of each. Without the first dimension it is one row, but one
 * dimension of a model with one column is rows.
 *
 * Elements come row by row (C order), or column by column (npy_fortran.c); they
 * are read as if they came row by row.
 *
 * Elements of any type are cast to the input's: reals by way of double, as
 * from text; to an integer only what is one. NaN is a number here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell.h"
#include "data/npy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct npy {
    struct clary_npy_header header;
    bool in_data;
    size_t n_columns;
    size_t n_rows, n_left; /* of the array; elements that are still to come */
    struct clary_npy_columns columns; /* with header.fortran */
    /* where the next element goes */
    size_t field, element, column;
    char *to;
    size_t kept; /* bytes of the header or of an element */
    char bytes[CLARY_NPY_HEADER_BYTES];
};

enum clary_status clary_npy_read_begin(struct clary_reader *reader,
                                       struct clary_error *err)
{
    const struct clary_rows *rows = reader->rows;
    struct npy *npy = clary_arena_alloc(reader->arena, sizeof *npy);
    if (npy == NULL)
        return clary_no_memory(err);
    memset(npy, 0, sizeof *npy);
    for (size_t f = 0; f < rows->n_fields; f++) {
        if (rows->fields[f].dtype == CLARY_DTYPE_STRING)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "the model's input \"%.48s\" takes strings, "
                              "which application/x-npy cannot give it",
                              rows->fields[f].name);
        npy->n_columns += rows->fields[f].width;
    }
    if (npy->n_columns == 0)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the model's inputs have no elements, so an array "
                          "has no place for them");
    reader->state = npy;
    reader->n_rows = 0;
    reader->columnar = false;
    return CLARY_OK;
}

/* --- the shape */

/* Whether dimensions `first` and up are those of a row. */
static bool is_row(const struct clary_reader *reader, size_t first)
{
    const struct npy *npy = reader->state;
    const struct clary_npy_header *header = &npy->header;
    size_t rank = header->rank - first;
    const struct clary_shape *shape = &reader->rows->fields[0].shape;
    if (rank == 1 && header->dim[first] == npy->n_columns)
        return true;
    if (reader->rows->n_fields > 1 || rank != shape->rank)
        return false;
    for (size_t i = 0; i < rank; i++)
        if (header->dim[first + i] != (size_t)shape->dim[i])
            return false;
    return true;
}

/* How many rows the array has, from its shape. */
static bool find_rows(const struct clary_reader *reader, size_t *n_rows)
{
    const struct npy *npy = reader->state;
    const struct clary_npy_header *header = &npy->header;
    bool is_one = npy->n_columns == 1 ? header->rank == 0 : is_row(reader, 0);
    bool is_column = npy->n_columns == 1 && header->rank == 1;
    if (is_one)
        *n_rows = 1;
    else if (is_column || (header->rank > 0 && is_row(reader, 1)))
        *n_rows = header->dim[0];
    else
        return false;
    return true;
}

static enum clary_status begin_data(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err)
{
    struct npy *npy = reader->state;
    char shape[160];
    size_t bytes;
    CLARY_TRY(clary_npy_header_read(text, len, &npy->header, err));
    clary_npy_shape_print(&npy->header, shape, sizeof shape);
    if (!find_rows(reader, &npy->n_rows))
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the array has the shape %s, expected (rows, %zu)",
                          shape, npy->n_columns);
    if (npy->n_rows == 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the array has the shape %s and so no rows", shape);
    if (!clary_size_mul(npy->n_rows, npy->n_columns, &npy->n_left) ||
        !clary_size_mul(npy->n_left, npy->header.bytes, &bytes))
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the array's shape %s is too large", shape);
    npy->in_data = true;
    npy->kept = 0;
    return npy->header.fortran
               ? clary_npy_columns_begin(&npy->columns, &npy->header, bytes,
                                         reader->arena, err)
               : CLARY_OK;
}

/* --- the header */

/* Bytes of the whole header, as far as `kept` bytes of it tell: at first the
 * least that there must be. */
static size_t header_bytes(const struct npy *npy)
{
    const unsigned char *bytes = (const unsigned char *)npy->bytes;
    if (npy->kept < CLARY_NPY_START_BYTES)
        return CLARY_NPY_START_BYTES;
    if (bytes[6] == 1)
        return CLARY_NPY_START_BYTES + bytes[8] + 256u * bytes[9];
    size_t start = CLARY_NPY_START_BYTES + 2;
    if (npy->kept < start)
        return start;
    return start + bytes[8] + 256u * bytes[9] + 65536u * bytes[10] +
           ((size_t)bytes[11] << 24);
}

static enum clary_status check_start(const struct npy *npy,
                                     struct clary_error *err)
{
    if (memcmp(npy->bytes, clary_npy_magic, sizeof clary_npy_magic) != 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the body is no numpy array: it does not begin with "
                          "\\x93NUMPY");
    unsigned char major = (unsigned char)npy->bytes[6];
    if (major < 1 || major > 3)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the body is a numpy array of version %d; 1 to 3 "
                          "are read",
                          major);
    return CLARY_OK;
}

static enum clary_status read_header(struct clary_reader *reader,
                                     const char **at, const char *end,
                                     struct clary_error *err)
{
    struct npy *npy = reader->state;
    size_t whole = header_bytes(npy);
    while (npy->kept < whole && *at < end) {
        size_t n = (size_t)(end - *at);
        if (n > whole - npy->kept)
            n = whole - npy->kept;
        memcpy(npy->bytes + npy->kept, *at, n);
        npy->kept += n;
        *at += n;
        if (npy->kept < whole)
            return CLARY_OK;
        CLARY_TRY(check_start(npy, err));
        whole = header_bytes(npy);
        if (whole > sizeof npy->bytes)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "the body's numpy header is longer than %zu "
                              "bytes",
                              sizeof npy->bytes);
    }
    if (npy->kept < whole)
        return CLARY_OK;
    size_t start = CLARY_NPY_START_BYTES + (npy->bytes[6] == 1 ? 0 : 2);
    return begin_data(reader, npy->bytes + start, whole - start, err);
}

/* --- elements */

static void reverse(char *bytes, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        char byte = bytes[i];
        bytes[i] = bytes[n - 1 - i];
        bytes[n - 1 - i] = byte;
    }
}

/* An element as a real number, or as an integer. */
struct number {
    bool is_real;
    double real;
    int64_t integer;
};

static struct number real(double value)
{
    return (struct number){.is_real = true, .real = value};
}

static struct number integer(int64_t value)
{
    return (struct number){.integer = value};
}

/* IEEE 754 binary16: sign, 5 bits of exponent, 10 of fraction. */
static double half(uint64_t bits)
{
    int exponent = bits >> 10 & 31, fraction = bits & 1023;
    double value = exponent == 31
                       ? (fraction != 0 ? (double)NAN : (double)INFINITY)
                   : exponent > 0 ? ldexp(1024 + fraction, exponent - 25)
                                  : ldexp(fraction, -24);
    return bits >> 15 != 0 ? -value : value;
}

static struct number load(const struct clary_npy_header *header,
                          const char *from)
{
    char bytes[8] = {0};
    uint64_t bits;
    float f4;
    memcpy(bytes, from, header->bytes);
    if (header->big_endian)
        reverse(bytes, header->bytes);
    memcpy(&bits, bytes, sizeof bits);
    switch (header->type) {
    case CLARY_NPY_F2:
        return real(half(bits));
    case CLARY_NPY_F4:
        memcpy(&f4, bytes, sizeof f4);
        return real((double)f4);
    case CLARY_NPY_F8: {
        struct number number = {.is_real = true};
        memcpy(&number.real, bytes, sizeof number.real);
        return number;
    }
    case CLARY_NPY_I1:
        return integer((int8_t)bits);
    case CLARY_NPY_I2:
        return integer((int16_t)bits);
    case CLARY_NPY_I4:
        return integer((int32_t)bits);
    case CLARY_NPY_U8: /* beyond int64 no integer input takes it */
        return bits > INT64_MAX ? real((double)bits) : integer((int64_t)bits);
    case CLARY_NPY_B1:
        return integer(bits != 0);
    default: /* I8, and U1 to U4, which zeros follow */
        return integer((int64_t)bits);
    }
}

static enum clary_number store(const struct number *number,
                               enum clary_dtype dtype, char *to)
{
    if (!number->is_real)
        return clary_cell_store_integer(dtype, number->integer, to);
    if (clary_cell_is_real(dtype)) {
        clary_cell_store_real(dtype, number->real, to);
        return CLARY_NUMBER_OK;
    }
    if (isnan(number->real) || trunc(number->real) != number->real)
        return CLARY_NUMBER_FRACTION;
    const double most = 9223372036854775808.0; /* 2^63 */
    if (number->real < -most || number->real >= most)
        return CLARY_NUMBER_RANGE;
    return clary_cell_store_integer(dtype, (int64_t)number->real, to);
}

static enum clary_status refuse(const struct clary_reader *reader,
                                const struct number *number,
                                enum clary_number why, struct clary_error *err)
{
    const struct npy *npy = reader->state;
    const struct clary_field *field = &reader->rows->fields[npy->field];
    struct clary_column column = clary_cell_column(field, npy->element);
    char text[CLARY_NUMBER_TEXT];
    size_t len = number->is_real ? clary_print_double(text, number->real,
                                                      CLARY_NUMBER_TFSERVING)
                                 : clary_print_int64(text, number->integer);
    return clary_cell_refuse(reader->n_rows + 1, npy->column + 1, &column, why,
                             text, len, err);
}

/* Moves to the place of the next element. At the end of a row there is none:
 * npy->to is NULL until begin_row. */
static void advance(struct clary_reader *reader)
{
    struct npy *npy = reader->state;
    const struct clary_rows *rows = reader->rows;
    const struct clary_field *field = &rows->fields[npy->field];
    npy->column++;
    npy->element++;
    npy->to += clary_dtype_bytes(field->dtype);
    if (npy->element < field->width)
        return;
    npy->element = 0;
    while (++npy->field < rows->n_fields)
        if (rows->fields[npy->field].width > 0)
            break;
    npy->to = NULL;
    if (npy->field < rows->n_fields) {
        field = &rows->fields[npy->field];
        npy->to = (char *)rows->data[npy->field] +
                  rows->n_rows * field->width * clary_dtype_bytes(field->dtype);
    }
}

static void begin_row(struct clary_reader *reader)
{
    struct npy *npy = reader->state;
    const struct clary_rows *rows = reader->rows;
    npy->field = npy->element = npy->column = 0;
    while (rows->fields[npy->field].width == 0)
        npy->field++;
    const struct clary_field *field = &rows->fields[npy->field];
    npy->to = (char *)rows->data[npy->field] +
              rows->n_rows * field->width * clary_dtype_bytes(field->dtype);
}

static enum clary_status take_element(struct clary_reader *reader,
                                      const char *from, struct clary_error *err)
{
    struct npy *npy = reader->state;
    struct number number = load(&npy->header, from);
    enum clary_number why =
        store(&number, reader->rows->fields[npy->field].dtype, npy->to);
    if (why != CLARY_NUMBER_OK)
        return refuse(reader, &number, why, err);
    npy->n_left--;
    advance(reader);
    return npy->to == NULL ? clary_reader_end_row(reader, err) : CLARY_OK;
}

/* Whether elements are little-endian reals, and the next input's as well. */
static bool is_plain(const struct clary_reader *reader)
{
    const struct npy *npy = reader->state;
    return npy->kept == 0 && !npy->header.big_endian &&
           (npy->header.type == CLARY_NPY_F4 ||
            npy->header.type == CLARY_NPY_F8) &&
           clary_cell_is_real(reader->rows->fields[npy->field].dtype);
}

/* Takes as many elements of one input as there are, of at most `there`; all
 * are plain. */
static enum clary_status take_reals(struct clary_reader *reader,
                                    const char **from, size_t there,
                                    struct clary_error *err)
{
    struct npy *npy = reader->state;
    const struct clary_field *field = &reader->rows->fields[npy->field];
    size_t n = field->width - npy->element;
    if (n > npy->n_left)
        n = npy->n_left;
    if (n > there)
        n = there;
    size_t bytes = clary_dtype_bytes(field->dtype);
    bool is_f4 = npy->header.type == CLARY_NPY_F4;
    const char *p = *from;
    for (size_t i = 0; i < n; i++) {
        float f4;
        double f8;
        memcpy(&f4, p, sizeof f4);
        if (is_f4)
            f8 = (double)f4;
        else
            memcpy(&f8, p, sizeof f8);
        clary_cell_store_real(field->dtype, f8, npy->to + i * bytes);
        p += npy->header.bytes;
    }
    *from = p;
    npy->n_left -= n;
    npy->column += n - 1;
    npy->element += n - 1;
    npy->to += (n - 1) * bytes;
    advance(reader);
    return npy->to == NULL ? clary_reader_end_row(reader, err) : CLARY_OK;
}

static enum clary_status read_data(struct clary_reader *reader, const char *p,
                                   const char *end, struct clary_error *err)
{
    struct npy *npy = reader->state;
    size_t bytes = npy->header.bytes;
    while (p < end && npy->n_left > 0) {
        size_t there = (size_t)(end - p);
        if (npy->to == NULL)
            begin_row(reader);
        if (there >= bytes && is_plain(reader)) {
            CLARY_TRY(take_reals(reader, &p, there / bytes, err));
            continue;
        }
        size_t n = bytes - npy->kept < there ? bytes - npy->kept : there;
        memcpy(npy->bytes + npy->kept, p, n);
        npy->kept += n;
        p += n;
        if (npy->kept == bytes) {
            npy->kept = 0;
            CLARY_TRY(take_element(reader, npy->bytes, err));
        }
    }
    if (p < end)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the body goes on behind the %zu row%s of its array",
                          npy->n_rows, npy->n_rows == 1 ? "" : "s");
    return CLARY_OK;
}

/* Keeps the data until it is complete, and then reads it row by row. */
static enum clary_status read_columns(struct clary_reader *reader,
                                      const char *p, const char *end,
                                      struct clary_error *err)
{
    struct npy *npy = reader->state;
    char turned[4096];
    size_t n;
    CLARY_TRY(
        clary_npy_columns_take(&npy->columns, &p, end, reader->arena, err));
    if (npy->columns.len < npy->columns.bytes)
        return CLARY_OK;
    while ((n = clary_npy_columns_give(&npy->columns, turned, sizeof turned)) >
           0)
        CLARY_TRY(read_data(reader, turned, turned + n, err));
    return read_data(reader, p, end, err);
}

enum clary_status clary_npy_read_feed(struct clary_reader *reader,
                                      const char *bytes, size_t len,
                                      struct clary_error *err)
{
    struct npy *npy = reader->state;
    const char *p = bytes, *end = bytes + len;
    if (!npy->in_data)
        CLARY_TRY(read_header(reader, &p, end, err));
    if (!npy->in_data)
        return CLARY_OK;
    return npy->header.fortran ? read_columns(reader, p, end, err)
                               : read_data(reader, p, end, err);
}

enum clary_status clary_npy_read_end(struct clary_reader *reader,
                                     struct clary_error *err)
{
    const struct npy *npy = reader->state;
    if (!npy->in_data)
        return clary_fail(err, CLARY_BAD_INPUT,
                          npy->kept == 0 ? "the body is empty"
                                         : "the body ends in its numpy header");
    if (npy->n_left > 0)
        return clary_fail_at(err, CLARY_BAD_INPUT, reader->n_rows + 1, 0,
                             "the body ends; its array has %zu row%s",
                             npy->n_rows, npy->n_rows == 1 ? "" : "s");
    return clary_reader_end(reader, err);
}
