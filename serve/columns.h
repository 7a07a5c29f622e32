/* columns.h: names for the columns of CSV.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_COLUMNS_H
#define SERVE_COLUMNS_H

#include <clary/tensor.h>

#include <stddef.h>

enum { COLUMN_NAME_BYTES = 256 };

/* clary_column_name, in COLUMN_NAME_BYTES. Returns `name`. */
const char *column_name(const struct clary_field *field, size_t index,
                        char name[COLUMN_NAME_BYTES]);

#endif
