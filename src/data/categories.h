/* categories.h: the values that rows in text have for codes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_CATEGORIES_H
#define CLARY_DATA_CATEGORIES_H

#include <clary/arena.h>
#include <clary/status.h>
#include <clary/tensor.h>

/* Makes the categories of a column from `list`, (n), which must live as long
 * as `arena`. The lowest code counts where a value is there twice. Errors:
 * CLARY_NO_MEMORY. */
enum clary_status clary_categories_new(struct clary_arena *arena,
                                       const struct clary_category *list,
                                       size_t n, bool unknown_is_missing,
                                       const struct clary_categories **out,
                                       struct clary_error *err) CLARY_MUST_USE;

/* The code of the category that `text` is, as text or as a number. False: it is
 * none. */
bool clary_categories_find(const struct clary_categories *categories,
                           const char *text, size_t len, size_t *code);

/* Those of element `element` of a field; NULL: it has none. */
const struct clary_categories *clary_field_categories(
    const struct clary_field *field, size_t element);

/* "amber", "blue" or one of 40 more: for messages. Returns `text`. */
#define CLARY_CATEGORIES_TEXT 128
char *clary_categories_print(const struct clary_categories *categories,
                             char text[CLARY_CATEGORIES_TEXT]);

#endif
