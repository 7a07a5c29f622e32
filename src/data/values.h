/* values.h: elements of tensors as text, for every writer.
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_VALUES_H
#define CLARY_DATA_VALUES_H

#include "data/buffer.h"
#include "data/number.h"

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

/* Appends `text` as a JSON string. Bytes above 0x1F but for '"' and '\' are
 * passed through as they are. */
enum clary_status clary_values_json_string(struct clary_buffer *out,
                                           const char *text, size_t len,
                                           struct clary_error *err)
    CLARY_MUST_USE;

#endif
