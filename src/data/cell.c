/* cell.c: one value of a row from text, and the errors that name it.
 *
 * Real numbers are read as double and cast, as TF Serving does it: 1e39 is
 * infinite as float32, 1e309 is an error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

bool clary_cell_is_real(enum clary_dtype dtype)
{
    return dtype == CLARY_DTYPE_F32 || dtype == CLARY_DTYPE_F64;
}

void clary_cell_store_real(enum clary_dtype dtype, double value, void *to)
{
    if (isnan(value))
        value = (double)NAN;
    float narrow = (float)value;
    if (dtype == CLARY_DTYPE_F32)
        memcpy(to, &narrow, sizeof narrow);
    else
        memcpy(to, &value, sizeof value);
}

enum clary_number clary_cell_store_integer(enum clary_dtype dtype,
                                           int64_t value, void *to)
{
    int8_t i8 = (int8_t)value;
    uint8_t u8 = (uint8_t)value;
    int32_t i32 = (int32_t)value;
    bool fits = true;
    switch (dtype) {
    case CLARY_DTYPE_I8:
        memcpy(to, &i8, sizeof i8);
        fits = i8 == value;
        break;
    case CLARY_DTYPE_BOOL:
        memcpy(to, &u8, sizeof u8);
        fits = value == 0 || value == 1;
        break;
    case CLARY_DTYPE_U8:
        memcpy(to, &u8, sizeof u8);
        fits = u8 == value;
        break;
    case CLARY_DTYPE_I32:
        memcpy(to, &i32, sizeof i32);
        fits = i32 == value;
        break;
    case CLARY_DTYPE_F32:
    case CLARY_DTYPE_F64:
        clary_cell_store_real(dtype, (double)value, to);
        break;
    default:
        memcpy(to, &value, sizeof value);
    }
    return fits ? CLARY_NUMBER_OK : CLARY_NUMBER_RANGE;
}

static enum clary_number parse_bool(const char *text, size_t len, void *to)
{
    uint8_t value = (len == 1 && text[0] == '1') ||
                    (len == 4 && memcmp(text, "true", 4) == 0);
    bool is_zero = (len == 1 && text[0] == '0') ||
                   (len == 5 && memcmp(text, "false", 5) == 0);
    memcpy(to, &value, sizeof value);
    return value || is_zero ? CLARY_NUMBER_OK : CLARY_NUMBER_MALFORMED;
}

enum clary_number clary_cell_store_text(enum clary_dtype dtype,
                                        const char *text, size_t len, void *to)
{
    enum clary_number number;
    double real;
    int64_t integer;
    if (dtype == CLARY_DTYPE_BOOL)
        return parse_bool(text, len, to);
    if (clary_cell_is_real(dtype)) {
        number = clary_parse_double(text, len, &real);
        if (number == CLARY_NUMBER_OK)
            clary_cell_store_real(dtype, real, to);
        return number;
    }
    number = clary_parse_int64(text, len, &integer);
    return number == CLARY_NUMBER_OK
               ? clary_cell_store_integer(dtype, integer, to)
               : number;
}

enum clary_number clary_cell_store_python(enum clary_dtype dtype,
                                          const char *text, size_t len,
                                          void *to)
{
    double real;
    enum clary_number number = clary_cell_is_real(dtype)
                                   ? clary_parse_python(text, len, &real)
                                   : CLARY_NUMBER_MALFORMED;
    if (number == CLARY_NUMBER_OK)
        clary_cell_store_real(dtype, real, to);
    return number;
}

bool clary_cell_is_nan(const char *text, size_t len)
{
    size_t sign = len == 4 && (text[0] == '-' || text[0] == '+');
    return len - sign == 3 && strncasecmp(text + sign, "nan", 3) == 0;
}

bool clary_cell_store_category(const struct clary_categories *categories,
                               enum clary_dtype dtype, const char *text,
                               size_t len, bool is_string, void *to)
{
    size_t code;
    if (clary_categories_find(categories, text, len, &code)) {
        clary_cell_store_real(dtype, (double)code, to);
        return true;
    }
    if (categories->takes_codes && !is_string &&
        clary_cell_store_text(dtype, text, len, to) == CLARY_NUMBER_OK)
        return true;
    if (categories->unknown_is_missing)
        clary_cell_store_real(dtype, (double)NAN, to);
    return categories->unknown_is_missing;
}

const char *clary_cell_refuse_category(
    const struct clary_categories *categories, const char *text, size_t len,
    char what[CLARY_CELL_CATEGORY_BYTES])
{
    char quote[CLARY_CELL_QUOTE_BYTES], some[CLARY_CATEGORIES_TEXT];
    snprintf(what, CLARY_CELL_CATEGORY_BYTES,
             "\"%s\" is not a category, expected %s",
             clary_cell_quote(text, len, quote),
             clary_categories_print(categories, some));
    return what;
}

const char *clary_cell_quote(const char *text, size_t len,
                             char quote[CLARY_CELL_QUOTE_BYTES])
{
    static const char ellipsis[] = "...";
    const unsigned char *from = (const unsigned char *)text;
    size_t room = CLARY_CELL_QUOTE_BYTES -
                  (len < CLARY_CELL_QUOTE_BYTES ? 1 : sizeof ellipsis);
    size_t used = 0;
    while (used < len) {
        size_t n = clary_utf8_char(from + used, len - used);
        n = n == 0 ? 1 : n;
        if (n > room - used)
            break;
        memcpy(quote + used, text + used, n);
        if (quote[used] == '\0')
            quote[used] = '?';
        used += n;
    }
    memcpy(quote + used, used < len ? ellipsis : "",
           used < len ? sizeof ellipsis : 1);
    return quote;
}

struct clary_column clary_cell_column(const struct clary_field *field,
                                      size_t element)
{
    const char *const *names = field->column_names;
    return (struct clary_column){.dtype = field->dtype,
                                 .stored = field->dtype,
                                 .name = names != NULL ? names[element]
                                                       : field->name,
                                 .element = names != NULL ? 0 : element,
                                 .width = names != NULL ? 1 : field->width};
}

enum clary_status clary_cell_fail(size_t row, size_t number,
                                  const struct clary_column *column,
                                  const char *what, struct clary_error *err)
{
    char name[CLARY_CELL_QUOTE_BYTES], element[32] = "";
    if (column->width > 1)
        snprintf(element, sizeof element, "[%zu]", column->element);
    (void)clary_fail(err, CLARY_BAD_INPUT, "row %zu, column %zu (%s%s): %s",
                     row, number,
                     clary_cell_quote(column->name, strlen(column->name), name),
                     element, what);
    err->row = row;
    err->column = number;
    err->feature = number;
    return CLARY_BAD_INPUT;
}

const char *clary_cell_reason(enum clary_dtype dtype, enum clary_number why,
                              const char *text, size_t len, const char *hint,
                              char what[CLARY_CELL_REASON_BYTES])
{
    const size_t room = CLARY_CELL_REASON_BYTES;
    bool is_real = clary_cell_is_real(dtype);
    char quote[CLARY_CELL_QUOTE_BYTES];
    clary_cell_quote(text, len, quote);
    if (why == CLARY_NUMBER_RANGE)
        snprintf(what, room, "\"%s\" is out of range%s%s", quote,
                 is_real ? "" : " of ", is_real ? "" : clary_dtype_name(dtype));
    else if (why == CLARY_NUMBER_FRACTION)
        snprintf(what, room, "\"%s\" is not an integer, as %s needs", quote,
                 clary_dtype_name(dtype));
    else if (dtype == CLARY_DTYPE_BOOL)
        snprintf(what, room, "\"%s\" is not 0, 1, true or false", quote);
    else
        snprintf(what, room, "\"%s\" is not a number%s", quote, hint);
    return what;
}

enum clary_status clary_cell_refuse(size_t row, size_t number,
                                    const struct clary_column *column,
                                    enum clary_number why, const char *text,
                                    size_t len, struct clary_error *err)
{
    char what[CLARY_CELL_REASON_BYTES];
    return clary_cell_fail(
        row, number, column,
        clary_cell_reason(column->dtype, why, text, len, "", what), err);
}
