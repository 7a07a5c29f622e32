/* cell.h: one value of a row from text, and the errors that name it.
 *
 * For every reader that takes values one by one. Inside data/ only.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_CELL_H
#define CLARY_DATA_CELL_H

#include "data/categories.h"
#include "data/number.h"
#include "data/rows.h"

enum { CLARY_CELL_QUOTE_BYTES = 48 }; /* a value or a name in a message */

/* Whether the type has a NaN to stand for what is missing. */
bool clary_cell_is_real(enum clary_dtype dtype);

/* Stores a real number at `to`. A NaN is stored as the one quiet NaN, so that
 * the bits of a body never reach a reply. The type must be real. */
void clary_cell_store_real(enum clary_dtype dtype, double value, void *to);

/* Stores an integer at `to` in any type but STRING. A BOOL is 0 or 1; real
 * types take it as a double first, as they do its digits. */
enum clary_number clary_cell_store_integer(enum clary_dtype dtype,
                                           int64_t value, void *to);

/* Reads `text` as a value of the type (a BOOL is 0, 1, true or false; no other
 * type takes words) and stores it at `to`. */
enum clary_number clary_cell_store_text(enum clary_dtype dtype,
                                        const char *text, size_t len, void *to);

/* The same for a real type as Python spells numbers; to any other type `text`
 * is malformed. */
enum clary_number clary_cell_store_python(enum clary_dtype dtype,
                                          const char *text, size_t len,
                                          void *to);

/* Whether `text` is "nan" in any case, perhaps with a sign: what Python's csv
 * and numpy write for a missing value, beside nothing at all. */
bool clary_cell_is_nan(const char *text, size_t len);

/* Stores the code of a category, or NaN for an unknown one where that is
 * missing, in a real type. A number that is no category is a code where the
 * column takes codes, unless it `is_string`; any number, as in XGBoost's own
 * arrays: a code beyond the last is in no set of categories. False: it is
 * refused. */
bool clary_cell_store_category(const struct clary_categories *categories,
                               enum clary_dtype dtype, const char *text,
                               size_t len, bool is_string, void *to);

/* What the error of such a text says. Returns `what`. */
#define CLARY_CELL_CATEGORY_BYTES                                              \
    (CLARY_CELL_QUOTE_BYTES + CLARY_CATEGORIES_TEXT + 40)
const char *clary_cell_refuse_category(
    const struct clary_categories *categories, const char *text, size_t len,
    char what[CLARY_CELL_CATEGORY_BYTES]);

/* `text` for a message: cut at CLARY_CELL_QUOTE_BYTES, NUL bytes as '?'.
 * Returns `quote`. */
const char *clary_cell_quote(const char *text, size_t len,
                             char quote[CLARY_CELL_QUOTE_BYTES]);

/* Element `element` of an input, for the messages below: its name only, no
 * data. */
struct clary_column clary_cell_column(const struct clary_field *field,
                                      size_t element);

/* "row 3, column 2 (HouseAge): " and `what`; the name is the column's. `row`
 * and `number` count from 1. Returns CLARY_BAD_INPUT. */
enum clary_status clary_cell_fail(size_t row, size_t number,
                                  const struct clary_column *column,
                                  const char *what, struct clary_error *err);

/* What the error of a text says that clary_cell_store_text refused with `why`;
 * of one that is no number, `hint` behind it. Returns `what`. */
#define CLARY_CELL_REASON_BYTES (CLARY_CELL_QUOTE_BYTES + 96)
const char *clary_cell_reason(enum clary_dtype dtype, enum clary_number why,
                              const char *text, size_t len, const char *hint,
                              char what[CLARY_CELL_REASON_BYTES]);

/* clary_cell_fail with that, and no hint. */
enum clary_status clary_cell_refuse(size_t row, size_t number,
                                    const struct clary_column *column,
                                    enum clary_number why, const char *text,
                                    size_t len, struct clary_error *err);

#endif
