/* csv_cell.c: a cell to a value, or to an error that names it.
 *
 * Real numbers are read as double and cast, as TF Serving does it: 1e39 is
 * infinite as float32, 1e309 is an error. "inf" is no number; "nan" is a
 * missing value where there are any. To a pythonic reader what else Python
 * takes are numbers, and 1e39 is an error: XGBoost makes no matrix of what is
 * infinite, be it so from the start or as float32.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "data/cell.h"
#include "data/csv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Stores `value` if the type can hold it. */
static enum clary_number store_integer(enum clary_dtype dtype, int64_t value,
                                       char *to)
{
    switch (dtype) {
    case CLARY_DTYPE_I8: {
        int8_t narrow = (int8_t)value;
        memcpy(to, &narrow, sizeof narrow);
        return narrow == value ? CLARY_NUMBER_OK : CLARY_NUMBER_RANGE;
    }
    case CLARY_DTYPE_U8: {
        uint8_t narrow = (uint8_t)value;
        memcpy(to, &narrow, sizeof narrow);
        return narrow == value ? CLARY_NUMBER_OK : CLARY_NUMBER_RANGE;
    }
    case CLARY_DTYPE_I32: {
        int32_t narrow = (int32_t)value;
        memcpy(to, &narrow, sizeof narrow);
        return narrow == value ? CLARY_NUMBER_OK : CLARY_NUMBER_RANGE;
    }
    default:
        memcpy(to, &value, sizeof value);
        return CLARY_NUMBER_OK;
    }
}

static enum clary_number parse_bool(const char *text, size_t len, char *to)
{
    if ((len == 1 && text[0] == '0') || (len == 5 && !memcmp(text, "false", 5)))
        *to = 0;
    else if ((len == 1 && text[0] == '1') ||
             (len == 4 && !memcmp(text, "true", 4)))
        *to = 1;
    else
        return CLARY_NUMBER_MALFORMED;
    return CLARY_NUMBER_OK;
}

static void store_real(enum clary_dtype dtype, double value, char *to)
{
    float narrow = (float)value;
    if (dtype == CLARY_DTYPE_F32)
        memcpy(to, &narrow, sizeof narrow);
    else
        memcpy(to, &value, sizeof value);
}

static enum clary_number parse(enum clary_dtype dtype, const char *text,
                               size_t len, char *to)
{
    enum clary_number number;
    double real;
    int64_t integer;
    switch (dtype) {
    case CLARY_DTYPE_F32:
    case CLARY_DTYPE_F64:
        number = clary_parse_double(text, len, &real);
        if (number == CLARY_NUMBER_OK)
            store_real(dtype, real, to);
        return number;
    case CLARY_DTYPE_BOOL:
        return parse_bool(text, len, to);
    default:
        number = clary_parse_int64(text, len, &integer);
        return number == CLARY_NUMBER_OK ? store_integer(dtype, integer, to)
                                         : number;
    }
}

const char *clary_csv_quote(const char *text, size_t len,
                            char quote[CLARY_CSV_QUOTE_BYTES])
{
    static const char ellipsis[] = "...";
    const unsigned char *from = (const unsigned char *)text;
    size_t room = CLARY_CSV_QUOTE_BYTES -
                  (len < CLARY_CSV_QUOTE_BYTES ? 1 : sizeof ellipsis);
    size_t used = 0;
    while (used < len) {
        size_t n = clary_utf8_char(from + used, len - used);
        n = n == 0 ? 1 : n;
        if (n > room - used)
            break;
        memcpy(quote + used, text + used, n);
        if (quote[used] == '\0')
            quote[used] = '?';
        used += n;
    }
    memcpy(quote + used, used < len ? ellipsis : "",
           used < len ? sizeof ellipsis : 1);
    return quote;
}

const char *clary_csv_hint(const char *text, size_t len)
{
    if (memchr(text, ';', len) != NULL || memchr(text, '\t', len) != NULL)
        return "; the separator must be a comma";
    if (memchr(text, '\r', len) != NULL)
        return "; lines must end in LF or CR LF";
    return "";
}

enum clary_status clary_csv_fail_cell(const struct clary_reader *reader,
                                      const char *what, struct clary_error *err)
{
    const struct clary_csv *csv = reader->state;
    const struct clary_column *column = &csv->columns[csv->column];
    char name[CLARY_CSV_QUOTE_BYTES], element[32] = "";
    if (column->width > 1)
        snprintf(element, sizeof element, "[%zu]", column->element);
    (void)clary_fail(err, CLARY_BAD_INPUT, "row %zu, column %zu (%s%s): %s",
                     reader->n_rows + 1, csv->column + 1,
                     clary_csv_quote(column->name, strlen(column->name), name),
                     element, what);
    err->row = reader->n_rows + 1;
    err->column = csv->column + 1;
    err->feature = column->index + 1;
    return CLARY_BAD_INPUT;
}

enum clary_status clary_csv_fail_count(const struct clary_reader *reader,
                                       struct clary_error *err)
{
    const struct clary_csv *csv = reader->state;
    return clary_fail_at(err, CLARY_BAD_INPUT, reader->n_rows + 1, 0,
                         "expected %zu column%s, found %zu", csv->n_columns,
                         csv->n_columns == 1 ? "" : "s", csv->column);
}

/* The error of a cell that `parse` refused as `number`. */
static enum clary_status refuse(const struct clary_reader *reader,
                                enum clary_number number, const char *text,
                                size_t len, struct clary_error *err)
{
    const struct clary_csv *csv = reader->state;
    enum clary_dtype dtype = csv->columns[csv->column].dtype;
    bool is_real = dtype == CLARY_DTYPE_F32 || dtype == CLARY_DTYPE_F64;
    char quote[CLARY_CSV_QUOTE_BYTES], what[CLARY_CSV_QUOTE_BYTES + 96];
    clary_csv_quote(text, len, quote);
    if (number == CLARY_NUMBER_RANGE)
        snprintf(what, sizeof what, "\"%s\" is out of range%s%s", quote,
                 is_real ? "" : " of ", is_real ? "" : clary_dtype_name(dtype));
    else if (number == CLARY_NUMBER_FRACTION)
        snprintf(what, sizeof what, "\"%s\" is not an integer, as %s needs",
                 quote, clary_dtype_name(dtype));
    else if (dtype == CLARY_DTYPE_BOOL)
        snprintf(what, sizeof what, "\"%s\" is not 0, 1, true or false", quote);
    else
        snprintf(what, sizeof what, "\"%s\" is not a number%s", quote,
                 clary_csv_hint(text, len));
    return clary_csv_fail_cell(reader, what, err);
}

/* A cell of a column with categories. */
static enum clary_status store_category(struct clary_reader *reader,
                                        const struct clary_column *column,
                                        const char *text, size_t len, char *to,
                                        struct clary_error *err)
{
    const struct clary_categories *categories = column->categories;
    char what[CLARY_CELL_CATEGORY_BYTES];
    double number;
    if (clary_cell_store_category(categories, column->stored, text, len, false,
                                  to))
        return CLARY_OK;
    if (reader->pythonic &&
        clary_parse_python(text, len, &number) == CLARY_NUMBER_OK &&
        (categories->takes_codes || isnan(number))) {
        store_real(column->stored, number, to);
        return CLARY_OK;
    }
    if (reader->missing_is_nan && clary_cell_is_nan(text, len)) {
        store_real(column->stored, (double)NAN, to);
        return CLARY_OK;
    }
    return clary_csv_fail_cell(
        reader, clary_cell_refuse_category(categories, text, len, what), err);
}

/* Whether a float32 at `to` became infinite by its cast. */
static bool overflows(enum clary_dtype dtype, const char *to)
{
    float value;
    if (dtype != CLARY_DTYPE_F32)
        return false;
    memcpy(&value, to, sizeof value);
    return isinf(value);
}

/* What `parse` does not take and others do. */
static enum clary_number parse_more(const struct clary_reader *reader,
                                    const struct clary_column *column,
                                    const char *text, size_t len, char *to)
{
    if (reader->missing_is_nan && clary_cell_is_real(column->dtype) &&
        clary_cell_is_nan(text, len)) {
        store_real(column->dtype, (double)NAN, to);
        return CLARY_NUMBER_OK;
    }
    return reader->pythonic
               ? clary_cell_store_python(column->dtype, text, len, to)
               : CLARY_NUMBER_MALFORMED;
}

enum clary_status clary_csv_store(struct clary_reader *reader, const char *text,
                                  size_t len, struct clary_error *err)
{
    const struct clary_csv *csv = reader->state;
    const struct clary_column *column = &csv->columns[csv->column];
    char *to = column->data + reader->rows->n_rows * column->stride;
    if (len == 0) {
        if (!reader->missing_is_nan || !clary_cell_is_real(column->stored))
            return clary_csv_fail_cell(reader, "the cell is empty", err);
        store_real(column->stored, (double)NAN, to);
        return CLARY_OK;
    }
    if (column->categories != NULL)
        return store_category(reader, column, text, len, to, err);
    enum clary_number number = parse(column->dtype, text, len, to);
    if (number == CLARY_NUMBER_MALFORMED)
        number = parse_more(reader, column, text, len, to);
    if (number == CLARY_NUMBER_OK && reader->pythonic &&
        overflows(column->dtype, to))
        number = CLARY_NUMBER_RANGE;
    return number == CLARY_NUMBER_OK ? CLARY_OK
                                     : refuse(reader, number, text, len, err);
}
