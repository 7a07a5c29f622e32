/* columns.c: names for the columns of CSV.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "columns.h"

const char *column_name(const struct clary_field *field, size_t index,
                        char name[COLUMN_NAME_BYTES])
{
    return clary_column_name(field, index, name, COLUMN_NAME_BYTES);
}
