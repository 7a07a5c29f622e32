/* rows.c: where the columns of a record lie in a block of rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/rows.h"

#include "data/categories.h"

const struct clary_column *clary_rows_columns(const struct clary_rows *rows,
                                              struct clary_arena *arena,
                                              size_t n)
{
    struct clary_column *columns, *next;
    size_t index = 0;

    if (rows->columns != NULL)
        return rows->columns;
    next = columns = clary_arena_calloc(arena, n, sizeof *columns);
    if (columns == NULL)
        return NULL;
    for (size_t f = 0; f < rows->n_fields; f++) {
        const struct clary_field *field = &rows->fields[f];
        size_t bytes = clary_dtype_bytes(field->dtype);
        const char *const *names = field->column_names;
        for (size_t i = 0; i < field->width; i++) {
            const struct clary_categories *categories =
                clary_field_categories(field, i);
            bool takes_numbers = categories == NULL || categories->takes_codes;
            *next++ = (struct clary_column){
                .dtype = takes_numbers ? field->dtype : CLARY_DTYPE_STRING,
                .stored = field->dtype,
                .categories = categories,
                .data = (char *)rows->data[f] + i * bytes,
                .stride = field->width * bytes,
                .name = names ? names[i] : field->name,
                .element = names ? 0 : i,
                .width = names ? 1 : field->width,
                .index = index + i,
            };
        }
        index += field->width;
    }
    return columns;
}
