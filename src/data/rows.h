/* rows.h: a block of rows on its way through clary.
 *
 * For each field of a signature one contiguous array of (capacity, width)
 * elements. A reader fills the inputs' block and calls `full` each time it
 * holds `capacity` rows; the program turns it into the outputs' block; a
 * writer turns that into text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_ROWS_H
#define CLARY_DATA_ROWS_H

#include <clary/arena.h>
#include <clary/status.h>
#include <clary/tensor.h>

#include <stdbool.h>

struct clary_rows {
    const struct clary_field *fields;
    size_t n_fields;
    void *const *data; /* per field: (capacity, width) of the field's dtype; the
                        * same arrays for the whole request */
    size_t n_rows;     /* rows held now, <= capacity */
    size_t capacity;
    size_t first_row; /* rows of the request before this block */
    const struct clary_column *columns; /* as clary_rows_columns has them; NULL:
                                         * whoever needs them makes them */

    /* Takes the rows held and sets n_rows to 0. A reader calls it when the
     * block is full and once at the end when rows are left. */
    enum clary_status (*full)(void *context, struct clary_rows *rows,
                              struct clary_error *err);
    void *context;
};

/* Where one column of a record goes. */
struct clary_column {
    enum clary_dtype dtype;  /* of a cell; STRING where a number, too, may be
                              * the name of a category */
    enum clary_dtype stored; /* of the element */
    const struct clary_categories *categories; /* NULL: it has none */
    char *data;                                /* element of row 0 */
    size_t stride;    /* bytes from a row to the next */
    const char *name; /* the column's own, else the field's name */
    size_t element;   /* which element of the field's row: 0 .. width - 1 */
    size_t width;     /* the field's; with a name of its own 1, element 0 */
    size_t index;     /* which column of the model */
};

/* Makes them in `arena`, one per element of a row, field by field: `n`, the sum
 * of the fields' widths, many. NULL: no memory. */
const struct clary_column *clary_rows_columns(const struct clary_rows *rows,
                                              struct clary_arena *arena,
                                              size_t n);

#endif
