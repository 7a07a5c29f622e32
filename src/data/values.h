/* values.h: elements of tensors as text, for every writer.
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_VALUES_H
#define CLARY_DATA_VALUES_H

#include "data/buffer.h"
#include "data/number.h"
#include "data/rows.h"

#include <clary/status.h>
#include <clary/tensor.h>

struct clary_value_style {
    enum clary_number_form numbers;
    bool nonfinite_is_null; /* else NaN, Infinity, -Infinity */
    bool csv;               /* strings as RFC 4180 wants them, else JSON */
};

/* Appends `count` values, `separator` (`separator_len` bytes) between them.
 * Integers in decimal, bool as true and false (as TF Serving's JSON has them;
 * the CSV reader takes them back). */
enum clary_status clary_values_write(struct clary_buffer *out,
                                     enum clary_dtype dtype, const void *values,
                                     size_t count, const char *separator,
                                     size_t separator_len,
                                     const struct clary_value_style *style,
                                     struct clary_error *err) CLARY_MUST_USE;

/* Bytes that stand between values; what is behind `len` is 0. */
struct clary_mark {
    char bytes[8];
    size_t len;
};
#define CLARY_MARK(text)                                                       \
    {                                                                          \
        text, sizeof text - 1                                                  \
    }

struct clary_row_marks {
    struct clary_mark first;  /* before the first row */
    struct clary_mark values; /* between two values of a row */
    struct clary_mark rows;   /* between two rows */
    struct clary_mark last;   /* behind the last row */
};

/* Whether rows can be given to clary_values_rows: one field, of numbers, and
 * no brackets inside a row. */
bool clary_values_are_flat(const struct clary_rows *rows);

/* Appends all rows, at least one, with the marks around their values; the same
 * text as clary_values_write a row, at less than half the cost. */
enum clary_status clary_values_rows(struct clary_buffer *out,
                                    const struct clary_rows *rows,
                                    const struct clary_row_marks *marks,
                                    const struct clary_value_style *style,
                                    struct clary_error *err) CLARY_MUST_USE;

/* Appends `text` as a JSON string. Bytes above 0x1F but for '"' and '\' are
 * passed through as they are. */
enum clary_status clary_values_json_string(struct clary_buffer *out,
                                           const char *text, size_t len,
                                           struct clary_error *err)
    CLARY_MUST_USE;

#endif
