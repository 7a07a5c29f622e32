/* rows.c: where the columns of a record lie in a block of rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/rows.h"

void clary_rows_columns(const struct clary_rows *rows,
                        struct clary_column *columns)
{
    for (size_t f = 0; f < rows->n_fields; f++) {
        const struct clary_field *field = &rows->fields[f];
        size_t bytes = clary_dtype_bytes(field->dtype);
        for (size_t i = 0; i < field->width; i++)
            *columns++ = (struct clary_column){
                .dtype = field->dtype,
                .data = (char *)rows->data[f] + i * bytes,
                .stride = field->width * bytes,
                .name = field->name,
                .element = i,
                .width = field->width,
            };
    }
}
