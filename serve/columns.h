/* columns.h: names for the columns of CSV.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_COLUMNS_H
#define SERVE_COLUMNS_H

#include <clary/tensor.h>

#include <stddef.h>

enum { COLUMN_NAME_BYTES = 256 };

/* "income" for a field of one column, "house.3" for the fourth of several.
 * Cut if it does not fit. Returns `name`. */
const char *column_name(const struct clary_field *field, size_t index,
                        char name[COLUMN_NAME_BYTES]);

#endif
