/* columns.c: names for the columns of CSV.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "columns.h"

#include <stdio.h>

const char *column_name(const struct clary_field *field, size_t index,
                        char name[COLUMN_NAME_BYTES])
{
    if (field->column_names)
        snprintf(name, COLUMN_NAME_BYTES, "%s", field->column_names[index]);
    else if (field->width == 1)
        snprintf(name, COLUMN_NAME_BYTES, "%s", field->name);
    else
        snprintf(name, COLUMN_NAME_BYTES, "%s.%zu", field->name, index);
    return name;
}
