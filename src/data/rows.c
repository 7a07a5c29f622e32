/* rows.c: where the columns of a record lie in a block of rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/rows.h"

#include "data/categories.h"

void clary_rows_columns(const struct clary_rows *rows,
                        struct clary_column *columns)
{
    size_t index = 0;

    for (size_t f = 0; f < rows->n_fields; f++) {
        const struct clary_field *field = &rows->fields[f];
        size_t bytes = clary_dtype_bytes(field->dtype);
        const char *const *names = field->column_names;
        for (size_t i = 0; i < field->width; i++) {
            const struct clary_categories *categories =
                clary_field_categories(field, i);
            bool takes_numbers = categories == NULL || categories->takes_codes;
            *columns++ = (struct clary_column){
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
}
