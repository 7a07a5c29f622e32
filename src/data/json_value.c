/* json_value.c: the numbers of a row and where they go.
 *
 * A value of shape (2, 3) may come as [[1, 2, 3], [4, 5, 6]] or flat, as
 * [1, 2, 3, 4, 5, 6]; a value of one number also without an array. The first
 * number settles which, and the rest must follow it. Numbers are stored as
 * they come. Those that are too many are only counted, so that the error can
 * tell how many there were.
 *
 * NaN, Infinity, Inf and their negatives are numbers here, as TF Serving's
 * reader has them; null is a missing value.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"
#include "data/number_scan.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* clary_scan_short looks at this many bytes */
enum { SHORT_BYTES = 9 };

static const struct clary_field *current_field(
    const struct clary_reader *reader)
{
    const struct clary_json *json = reader->state;
    return &reader->rows->fields[json->value.field];
}

/* Points value->to at element `element` of input `field` in the row that is
 * being filled. */
static void point(struct clary_reader *reader, size_t field, size_t element)
{
    struct clary_json *json = reader->state;
    const struct clary_rows *rows = reader->rows;
    const struct clary_field *at = &rows->fields[field];
    json->value.field = field;
    json->value.element = element;
    json->value.to =
        (char *)rows->data[field] +
        (rows->n_rows * at->width + element) * clary_dtype_bytes(at->dtype);
}

/* To the next field with any elements; there is one. */
static void next_field(struct clary_reader *reader, size_t field)
{
    while (reader->rows->fields[field].width == 0)
        field++;
    point(reader, field, 0);
}

static void aim(struct clary_reader *reader, const struct clary_shape *shape,
                size_t total, size_t first_column)
{
    struct clary_json *json = reader->state;
    struct clary_json_value *value = &json->value;
    value->shape = shape;
    value->total = total;
    value->n = 0;
    value->base = json->depth;
    value->depth = CLARY_JSON_UNKNOWN;
    value->first_column = first_column;
    value->row = reader->n_rows + 1;
    value->is_row = false;
}

void clary_json_aim_row(struct clary_reader *reader)
{
    struct clary_json *json = reader->state;
    aim(reader, &json->row_shape, json->n_columns, 0);
    json->value.is_row = true;
    next_field(reader, 0);
}

void clary_json_value_next_row(struct clary_reader *reader)
{
    struct clary_json *json = reader->state;
    json->value.row = reader->n_rows + 1;
    point(reader, json->value.field, json->value.element);
}

void clary_json_aim_field(struct clary_reader *reader, size_t field)
{
    const struct clary_json *json = reader->state;
    const struct clary_field *at = &reader->rows->fields[field];
    aim(reader, &at->shape, at->width, json->first_column[field]);
    point(reader, field, 0);
}

void clary_json_aim_element(struct clary_reader *reader, size_t field,
                            size_t element)
{
    static const struct clary_shape scalar = {.rank = 0};
    const struct clary_json *json = reader->state;
    aim(reader, &scalar, 1, json->first_column[field] + element);
    point(reader, field, element);
}

/* Whether numbers may be `depth` arrays deep. */
static bool fits(const struct clary_json_value *value, size_t depth)
{
    if (value->depth != CLARY_JSON_UNKNOWN)
        return depth == value->depth;
    return depth == value->shape->rank || depth == 1 ||
           (depth == 0 && value->total == 1);
}

enum clary_status clary_json_value_fail(const struct clary_reader *reader,
                                        const char *what,
                                        struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    const struct clary_field *field = current_field(reader);
    struct clary_column column = clary_cell_column(field, value->element);
    return clary_cell_fail(value->row, value->first_column + value->n + 1,
                           &column, what, err);
}

static enum clary_status refuse(const struct clary_reader *reader,
                                enum clary_number why, const char *text,
                                size_t len, struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    const struct clary_field *field = current_field(reader);
    struct clary_column column = clary_cell_column(field, value->element);
    return clary_cell_refuse(value->row, value->first_column + value->n + 1,
                             &column, why, text, len, err);
}

/* `found` numbers or arrays where there should be `expected`. */
static enum clary_status fail_count(const struct clary_reader *reader,
                                    size_t expected, size_t found,
                                    struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    char shape[64];
    if (value->is_row && (value->depth == 1 || value->shape->rank <= 1))
        return clary_fail_at(err, CLARY_BAD_INPUT, value->row, 0,
                             "expected %zu column%s, found %zu", expected,
                             expected == 1 ? "" : "s", found);
    return clary_fail_at(
        err, CLARY_BAD_INPUT, value->row, 0,
        "the input \"%.48s\" has the shape %s: expected %zu element%s, "
        "found %zu",
        current_field(reader)->name,
        clary_shape_print(value->shape, shape, sizeof shape), expected,
        expected == 1 ? "" : "s", found);
}

/* `found` where the shape has no number, or no array. */
static enum clary_status fail_nesting(const struct clary_reader *reader,
                                      const char *found,
                                      struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    char shape[64];
    clary_shape_print(value->shape, shape, sizeof shape);
    if (value->is_row)
        return clary_fail_at(err, CLARY_BAD_INPUT, value->row, 0,
                             "found %s, expected a row of shape %s", found,
                             shape);
    return clary_fail_at(err, CLARY_BAD_INPUT, value->row, 0,
                         "found %s, expected the input \"%.48s\" of shape %s",
                         found, current_field(reader)->name, shape);
}

enum clary_status clary_json_value_open(struct clary_reader *reader,
                                        struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    size_t depth = json->depth - value->base + 1;
    size_t most = value->shape->rank > 0 ? value->shape->rank : 1;
    if (value->depth != CLARY_JSON_UNKNOWN)
        most = value->depth;
    if (json->undecided) /* the outermost one may be a list of rows */
        most++;
    return depth <= most ? CLARY_OK
                         : fail_nesting(reader, "an array in an array", err);
}

enum clary_status clary_json_value_close(struct clary_reader *reader,
                                         struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    size_t depth = json->depth - value->base; /* at least 1 */
    size_t found = json->levels[json->depth - 1].count;
    size_t expected = value->total;
    if (value->depth == CLARY_JSON_UNKNOWN) /* no number yet */
        return expected == 0 ? CLARY_OK : fail_count(reader, expected, 0, err);
    if (value->depth == value->shape->rank)
        expected = (size_t)value->shape->dim[depth - 1];
    return found == expected ? CLARY_OK
                             : fail_count(reader, expected, found, err);
}

/* Behind a number that was stored. */
static void advance(struct clary_reader *reader)
{
    struct clary_json *json = reader->state;
    struct clary_json_value *value = &json->value;
    const struct clary_field *field = current_field(reader);
    value->n++;
    value->element++;
    value->to += clary_dtype_bytes(field->dtype);
    if (value->element == field->width && value->n < value->total)
        next_field(reader, value->field + 1);
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* NaN, Infinity and the like. */
static bool is_nonfinite(const char *text, size_t len, double *number)
{
    bool negative = len > 0 && text[0] == '-';
    text += negative;
    len -= negative;
    if (is_word(text, len, "NaN"))
        *number = (double)NAN;
    else if (is_word(text, len, "Inf") || is_word(text, len, "Infinity"))
        *number = negative ? -(double)INFINITY : (double)INFINITY;
    else
        return false;
    return true;
}

static const struct clary_categories *current_categories(
    const struct clary_reader *reader)
{
    const struct clary_json *json = reader->state;
    return clary_field_categories(current_field(reader), json->value.element);
}

/* A category, or its code. */
static enum clary_status store_category(
    struct clary_reader *reader, const struct clary_categories *categories,
    const char *text, size_t len, bool is_string, struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    enum clary_dtype dtype = current_field(reader)->dtype;
    char what[CLARY_CELL_CATEGORY_BYTES];
    bool is_missing = is_word(text, len, "NaN") ||
                      (is_word(text, len, "null") && reader->missing_is_nan);
    if (!is_string && is_missing) {
        clary_cell_store_real(dtype, (double)NAN, json->value.to);
        return CLARY_OK;
    }
    if (clary_cell_store_category(categories, dtype, text, len, is_string,
                                  json->value.to))
        return CLARY_OK;
    return clary_json_value_fail(
        reader, clary_cell_refuse_category(categories, text, len, what), err);
}

static enum clary_status store(struct clary_reader *reader, const char *text,
                               size_t len, struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    enum clary_dtype dtype = current_field(reader)->dtype;
    bool is_real = clary_cell_is_real(dtype);
    char *to = json->value.to;
    enum clary_number number = clary_cell_store_text(dtype, text, len, to);
    double real;
    if (number == CLARY_NUMBER_OK)
        return CLARY_OK;
    if (is_word(text, len, "null")) {
        if (!is_real || !reader->missing_is_nan)
            return clary_json_value_fail(reader, "null, expected a number",
                                         err);
        clary_cell_store_real(dtype, (double)NAN, to);
        return CLARY_OK;
    }
    if (is_real && is_nonfinite(text, len, &real)) {
        clary_cell_store_real(dtype, real, to);
        return CLARY_OK;
    }
    return refuse(reader, number, text, len, err);
}

enum clary_status clary_json_value_scalar(struct clary_reader *reader,
                                          const char *text, size_t len,
                                          bool is_string,
                                          struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_value *value = &json->value;
    size_t depth = json->depth - value->base;
    const struct clary_categories *categories =
        value->n < value->total ? current_categories(reader) : NULL;
    char quote[CLARY_CELL_QUOTE_BYTES], what[CLARY_CELL_QUOTE_BYTES + 64];
    if (is_string && value->n < value->total && categories == NULL) {
        snprintf(what, sizeof what, "\"%s\" is a string, expected a number",
                 clary_cell_quote(text, len, quote));
        return clary_json_value_fail(reader, what, err);
    }
    if (!fits(value, depth)) {
        snprintf(what, sizeof what, "\"%s\"",
                 clary_cell_quote(text, len, quote));
        return fail_nesting(reader, what, err);
    }
    value->depth = depth;
    if (value->n >= value->total) { /* clary_json_value_close says so */
        value->n++;
        return CLARY_OK;
    }
    if (categories != NULL)
        CLARY_TRY(
            store_category(reader, categories, text, len, is_string, err));
    else
        CLARY_TRY(store(reader, text, len, err));
    advance(reader);
    return CLARY_OK;
}

/* How many of the next elements, at most n, take numbers as they are. */
static size_t plain_elements(const struct clary_field *field, size_t first,
                             size_t n)
{
    for (size_t i = 0; field->categories != NULL && i < n; i++)
        if (field->categories[first + i] != NULL &&
            !field->categories[first + i]->takes_codes)
            return i;
    return n;
}

bool clary_json_takes_numbers(const struct clary_field *field)
{
    return plain_elements(field, 0, field->width) == field->width;
}

bool clary_json_value_is_plain(const struct clary_reader *reader)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    return (json->state == CLARY_JSON_VALUE ||
            json->state == CLARY_JSON_VALUE_OR_CLOSE) &&
           value->n < value->total &&
           clary_cell_is_real(current_field(reader)->dtype) &&
           plain_elements(current_field(reader), value->element, 1) == 1 &&
           fits(value, json->depth - value->base);
}

/* What clary_scan_short leaves; false if it is no number, too long for a
 * token, or not complete. */
static bool scan_long(const char *p, const char *end, const char **after,
                      double *number)
{
    return clary_scan_double(p, end, after, number) == CLARY_NUMBER_OK &&
           *after < end && *after - p <= CLARY_JSON_TOKEN_BYTES;
}

void clary_json_value_numbers(struct clary_reader *reader, const char **at,
                              const char *end)
{
    struct clary_json *json = reader->state;
    struct clary_json_value *value = &json->value;
    const struct clary_field *field = current_field(reader);
    bool is_float = field->dtype == CLARY_DTYPE_F32;
    size_t bytes = clary_dtype_bytes(field->dtype), n = 0;
    size_t left = field->width - value->element; /* all of one type */
    if (left > value->total - value->n)
        left = value->total - value->n;
    left = plain_elements(field, value->element, left);
    const char *p = *at;
    char *to = value->to;
    enum clary_json_state state = json->state;
    while (n < left && p < end) {
        const char *after = p;
        double number;
        if (end - p > SHORT_BYTES)
            after += clary_scan_short(p, &number);
        if (after == p && !scan_long(p, end, &after, &number))
            break;
        if (*after != ',' && *after != ']') /* a blank, or no number */
            break;
        float narrow = (float)number;
        if (is_float)
            memcpy(to, &narrow, sizeof narrow);
        else
            memcpy(to, &number, sizeof number);
        to += bytes;
        n++;
        p = after;
        state = CLARY_JSON_AFTER;
        if (*p == ']')
            break;
        state = CLARY_JSON_VALUE;
        p++;
        p += p < end && *p == ' ';
    }
    *at = p;
    if (n == 0)
        return;
    json->state = state;
    json->levels[json->depth - 1].count += n;
    value->depth = json->depth - value->base;
    value->n += n - 1;
    value->element += n - 1;
    value->to = to - bytes;
    advance(reader);
}
