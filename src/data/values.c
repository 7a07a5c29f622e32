/* values.c: elements of tensors as text, for every writer.
 *
 * JSON strings are escaped as RapidJSON does it (TF Serving's writer): the
 * two-character forms where there are any, else \u00XX with upper-case
 * digits; '/' and everything above 0x1F stays.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/values.h"

#include <math.h>
#include <string.h>

static enum clary_status write_word(struct clary_buffer *out, const char *word,
                                    struct clary_error *err)
{
    return clary_buffer_append(out, word, strlen(word), err);
}

static enum clary_status write_csv_string(struct clary_buffer *out,
                                          const char *text, size_t len,
                                          struct clary_error *err)
{
    bool quoted = len > 0 && (strchr(" \t", text[0]) != NULL ||
                              strchr(" \t", text[len - 1]) != NULL);
    for (size_t i = 0; i < len; i++)
        quoted |= memchr(",\"\r\n", text[i], 4) != NULL;
    if (!quoted)
        return clary_buffer_append(out, text, len, err);
    CLARY_TRY(write_word(out, "\"", err));
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            CLARY_TRY(write_word(out, "\"", err));
        CLARY_TRY(clary_buffer_append(out, text + i, 1, err));
    }
    return write_word(out, "\"", err);
}

enum clary_status clary_values_json_string(struct clary_buffer *out,
                                           const char *text, size_t len,
                                           struct clary_error *err)
{
    static const char escaped[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    static const char hex[] = "0123456789ABCDEF";
    CLARY_TRY(write_word(out, "\"", err));
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        const char *found = memchr(escaped, c, sizeof escaped - 1);
        char bytes[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        if (found != NULL) {
            bytes[1] = letters[found - escaped];
            CLARY_TRY(clary_buffer_append(out, bytes, 2, err));
        } else if (c < 0x20) {
            CLARY_TRY(clary_buffer_append(out, bytes, 6, err));
        } else {
            CLARY_TRY(clary_buffer_append(out, text + i, 1, err));
        }
    }
    return write_word(out, "\"", err);
}

static size_t print_nonfinite(char *text, double value,
                              const struct clary_value_style *style)
{
    const char *word = isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";

    if (style->nonfinite_is_null)
        word = "null";
    else if (style->numbers != CLARY_NUMBER_PYTHON)
        return clary_print_double(text, value, CLARY_NUMBER_TFSERVING);
    memcpy(text, word, strlen(word));
    return strlen(word);
}

/* Prints element `i` at `text`, which has CLARY_NUMBER_TEXT bytes. */
static size_t print_number(char *text, enum clary_dtype dtype,
                           const void *values, size_t i,
                           const struct clary_value_style *style)
{
    switch (dtype) {
    case CLARY_DTYPE_F32: {
        float value = ((const float *)values)[i];
        return isfinite(value) ? clary_print_float(text, value, style->numbers)
                               : print_nonfinite(text, (double)value, style);
    }
    case CLARY_DTYPE_F64: {
        double value = ((const double *)values)[i];
        return isfinite(value) ? clary_print_double(text, value, style->numbers)
                               : print_nonfinite(text, value, style);
    }
    case CLARY_DTYPE_I8:
        return clary_print_int64(text, ((const int8_t *)values)[i]);
    case CLARY_DTYPE_U8:
        return clary_print_int64(text, ((const uint8_t *)values)[i]);
    case CLARY_DTYPE_I32:
        return clary_print_int64(text, ((const int32_t *)values)[i]);
    case CLARY_DTYPE_I64:
        return clary_print_int64(text, ((const int64_t *)values)[i]);
    case CLARY_DTYPE_BOOL: {
        bool value = ((const uint8_t *)values)[i] != 0;
        memcpy(text, value ? "true" : "false", value ? 4 : 5);
        return value ? 4 : 5;
    }
    case CLARY_DTYPE_STRING:
    case CLARY_DTYPE_COUNT:
        break;
    }
    return 0;
}

static enum clary_status write_strings(struct clary_buffer *out,
                                       const struct clary_string *strings,
                                       size_t count, const char *separator,
                                       size_t separator_len, bool csv,
                                       struct clary_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            CLARY_TRY(clary_buffer_append(out, separator, separator_len, err));
        CLARY_TRY((csv ? write_csv_string : clary_values_json_string)(
            out, strings[i].bytes, strings[i].len, err));
    }
    return CLARY_OK;
}

enum clary_status clary_values_write(struct clary_buffer *out,
                                     enum clary_dtype dtype, const void *values,
                                     size_t count, const char *separator,
                                     size_t separator_len,
                                     const struct clary_value_style *style,
                                     struct clary_error *err)
{
    if (dtype == CLARY_DTYPE_STRING)
        return write_strings(out, values, count, separator, separator_len,
                             style->csv, err);
    size_t most = separator_len + CLARY_NUMBER_TEXT;
    for (size_t i = 0; i < count; i++) {
        if (out->capacity - out->len < most)
            CLARY_TRY(clary_buffer_reserve(out, most, err));
        char *text = out->bytes + out->len;
        if (i > 0) {
            if (separator_len == 2) /* ", ": no call for two bytes */
                memcpy(text, separator, 2);
            else
                memcpy(text, separator, separator_len);
            text += separator_len;
        }
        text += print_number(text, dtype, values, i, style);
        out->len = (size_t)(text - out->bytes);
    }
    return CLARY_OK;
}

bool clary_values_are_flat(const struct clary_rows *rows)
{
    return rows->n_fields == 1 && rows->fields[0].shape.rank <= 1 &&
           rows->fields[0].width > 0 &&
           rows->fields[0].dtype != CLARY_DTYPE_STRING;
}

/* All bytes of a mark are written, because that is one store. */
static inline char *put_mark(char *text, const struct clary_mark *mark)
{
    memcpy(text, mark->bytes, sizeof mark->bytes);
    return text + mark->len;
}

enum clary_status clary_values_rows(struct clary_buffer *out,
                                    const struct clary_rows *rows,
                                    const struct clary_row_marks *marks,
                                    const struct clary_value_style *style,
                                    struct clary_error *err)
{
    const enum clary_dtype dtype = rows->fields[0].dtype;
    const size_t width = rows->fields[0].width, n = rows->n_rows * width;
    const size_t most = sizeof marks->first.bytes + CLARY_NUMBER_TEXT;
    const struct clary_mark *mark = &marks->first;
    size_t column = 0;
    for (size_t i = 0; i < n; i++) {
        if (out->capacity - out->len < most)
            CLARY_TRY(clary_buffer_reserve(out, most, err));
        char *text = put_mark(out->bytes + out->len, mark);
        text += print_number(text, dtype, rows->data[0], i, style);
        out->len = (size_t)(text - out->bytes);
        mark = &marks->values;
        if (++column == width) {
            column = 0;
            mark = &marks->rows;
        }
    }
    if (out->capacity - out->len < sizeof marks->last.bytes)
        CLARY_TRY(clary_buffer_reserve(out, sizeof marks->last.bytes, err));
    out->len =
        (size_t)(put_mark(out->bytes + out->len, &marks->last) - out->bytes);
    return CLARY_OK;
}
