/* csv_cell.c: a cell to a value, or to an error that names it.
 *
 * Cells are what cell.c reads: "inf" is no number. "nan" is a missing value
 * where there are any. To a pythonic reader what else Python takes are numbers,
 * and 1e39 is an error: XGBoost makes no matrix of what is infinite, be it so
 * from the start or as float32.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell.h"
#include "data/csv.h"

#include <math.h>
#include <string.h>

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
    (void)clary_cell_fail(reader->n_rows + 1, csv->column + 1, column, what,
                          err);
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
        clary_cell_store_real(column->stored, number, to);
        return CLARY_OK;
    }
    if (reader->missing_is_nan && clary_cell_is_nan(text, len)) {
        clary_cell_store_real(column->stored, (double)NAN, to);
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

/* What clary_cell_store_text does not take and others do. */
static enum clary_number parse_more(const struct clary_reader *reader,
                                    const struct clary_column *column,
                                    const char *text, size_t len, char *to)
{
    if (reader->missing_is_nan && clary_cell_is_real(column->dtype) &&
        clary_cell_is_nan(text, len)) {
        clary_cell_store_real(column->dtype, (double)NAN, to);
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
        clary_cell_store_real(column->stored, (double)NAN, to);
        return CLARY_OK;
    }
    if (column->categories != NULL)
        return store_category(reader, column, text, len, to, err);
    enum clary_number number =
        clary_cell_store_text(column->dtype, text, len, to);
    if (number == CLARY_NUMBER_MALFORMED)
        number = parse_more(reader, column, text, len, to);
    if (number == CLARY_NUMBER_OK && reader->pythonic &&
        overflows(column->dtype, to))
        number = CLARY_NUMBER_RANGE;
    if (number == CLARY_NUMBER_OK)
        return CLARY_OK;
    char what[CLARY_CELL_REASON_BYTES];
    return clary_csv_fail_cell(reader,
                               clary_cell_reason(column->dtype, number, text,
                                                 len, clary_csv_hint(text, len),
                                                 what),
                               err);
}
