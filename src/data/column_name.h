/* column_name.h: what the columns of a row are called.
 *
 *     MedInc   its own name, or that of an input of one element
 *     x[3]     element 3 of input x
 *     x.3      the same
 *     f3       the same where the library that made the model has such names
 *
 * The first two are what is written; all of them are read. Inside data/ only.
 *
 * threads: any number at once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_COLUMN_NAME_H
#define CLARY_DATA_COLUMN_NAME_H

#include <clary/tensor.h>

/* Splits "x[12]" and "x.12" into the length of "x" and 12; false if `text` is
 * neither. */
bool clary_column_split(const char *text, size_t len, size_t *name_len,
                        size_t *number);

/* The element that `text` names as "f12". False: there is none. */
bool clary_column_prefixed(const struct clary_field *field, const char *text,
                           size_t len, size_t *element);

/* Whether a blank in a text is read as '_' when names are looked for. */
bool clary_column_underscores(const struct clary_field *fields,
                              size_t n_fields);

/* Below, equal to or above 0, as `text` is below `name` and so on in the order
 * of bytes; with `underscores` the blanks of `text` are '_'. */
int clary_column_compare(const char *text, size_t len, bool underscores,
                         const char *name, size_t name_len);

#endif
