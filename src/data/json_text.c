/* json_text.c: where JSON gets its line feeds, blanks and brackets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_text.h"

#include <string.h>

void clary_json_text_init(struct clary_json_text *text,
                          const struct clary_writer *writer, bool indented,
                          bool lines)
{
    *text = (struct clary_json_text){
        .out = writer->out,
        .style = {.numbers = writer->options.numbers,
                  .nonfinite_is_null = !writer->options.tfserving},
        .indented = indented,
        .lines = lines,
    };
}

/* Comma, line feed and 4 blanks for each of rank + 4 levels: the document,
 * the object of outputs, one output, its rows. */
enum { LONGEST_BREAK = 2 + 4 * (CLARY_MAX_RANK + 4) };

/* Writes at most LONGEST_BREAK bytes; returns how many. */
static size_t make_break(const struct clary_json_text *text, size_t depth,
                         bool comma, char *bytes)
{
    char *p = bytes;
    if (comma)
        *p++ = ',';
    if (comma && !text->indented)
        *p++ = ' ';
    if (text->indented && text->lines)
        *p++ = '\n';
    for (size_t level = 0; text->indented && level < depth; level++, p += 4)
        memcpy(p, "    ", 4);
    return (size_t)(p - bytes);
}

enum clary_status clary_json_break(struct clary_json_text *text, size_t depth,
                                   bool comma, struct clary_error *err)
{
    struct clary_buffer *out = text->out;
    CLARY_TRY(clary_buffer_reserve(out, LONGEST_BREAK, err));
    out->len += make_break(text, depth, comma, out->bytes + out->len);
    return CLARY_OK;
}

enum clary_status clary_json_key(struct clary_json_text *text, const char *name,
                                 struct clary_error *err)
{
    CLARY_TRY(clary_values_json_string(text->out, name, strlen(name), err));
    return clary_json_put(text, ": ", err);
}

struct array {
    const struct clary_field *field;
    const char *data; /* moves on with what is written */
    bool one_line;
};

/* The innermost dimension, or a scalar: `count` values. */
static enum clary_status write_values(struct clary_json_text *text,
                                      struct array *array, size_t count,
                                      size_t depth, struct clary_error *err)
{
    enum clary_dtype dtype = array->field->dtype;
    char separator[LONGEST_BREAK] = ", ";
    size_t len = 2;
    if (!array->one_line)
        len = make_break(text, depth, true, separator);
    CLARY_TRY(clary_values_write(text->out, dtype, array->data, count,
                                 separator, len, &text->style, err));
    array->data += count * clary_dtype_bytes(dtype);
    return CLARY_OK;
}

/* Dimension `dim` of the row on; recursion is as deep as the rank. */
static enum clary_status write_array(struct clary_json_text *text,
                                     struct array *array, size_t dim,
                                     size_t depth, struct clary_error *err)
{
    const struct clary_shape *shape = &array->field->shape;
    if (dim == shape->rank)
        return write_values(text, array, 1, depth, err);
    size_t count = (size_t)shape->dim[dim];
    bool breaks = !array->one_line && count > 0;
    CLARY_TRY(clary_json_put(text, "[", err));
    if (breaks)
        CLARY_TRY(clary_json_break(text, depth + 1, false, err));
    if (dim + 1 == shape->rank) {
        CLARY_TRY(write_values(text, array, count, depth + 1, err));
    } else {
        for (size_t i = 0; i < count; i++) {
            if (i > 0 && array->one_line)
                CLARY_TRY(clary_json_put(text, ", ", err));
            else if (i > 0)
                CLARY_TRY(clary_json_break(text, depth + 1, true, err));
            CLARY_TRY(write_array(text, array, dim + 1, depth + 1, err));
        }
    }
    if (breaks)
        CLARY_TRY(clary_json_break(text, depth, false, err));
    return clary_json_put(text, "]", err);
}

enum clary_status clary_json_array(struct clary_json_text *text,
                                   const struct clary_field *field,
                                   const void *data, bool one_line,
                                   size_t depth, struct clary_error *err)
{
    struct array array = {field, data, one_line};
    return write_array(text, &array, 0, depth, err);
}

const void *clary_json_row_data(const struct clary_rows *rows, size_t f,
                                size_t r)
{
    const struct clary_field *field = &rows->fields[f];
    return (const char *)rows->data[f] +
           r * field->width * clary_dtype_bytes(field->dtype);
}

enum clary_status clary_json_row(struct clary_json_text *text,
                                 const struct clary_rows *rows, size_t r,
                                 size_t depth, struct clary_error *err)
{
    if (rows->n_fields == 1)
        return clary_json_array(text, rows->fields,
                                clary_json_row_data(rows, 0, r), true, depth,
                                err);
    CLARY_TRY(clary_json_put(text, "{", err));
    for (size_t f = 0; f < rows->n_fields; f++) {
        CLARY_TRY(clary_json_break(text, depth + 1, f > 0, err));
        CLARY_TRY(clary_json_key(text, rows->fields[f].name, err));
        CLARY_TRY(clary_json_array(text, &rows->fields[f],
                                   clary_json_row_data(rows, f, r), true,
                                   depth + 1, err));
    }
    CLARY_TRY(clary_json_break(text, depth, false, err));
    return clary_json_put(text, "}", err);
}
