/* column_name.c: what the columns of a row are called.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/column_name.h"

#include <stdio.h>
#include <string.h>

char *clary_column_name(const struct clary_field *field, size_t element,
                        char *text, size_t text_bytes)
{
    if (field->column_names != NULL)
        snprintf(text, text_bytes, "%s", field->column_names[element]);
    else if (field->width == 1)
        snprintf(text, text_bytes, "%s", field->name);
    else
        snprintf(text, text_bytes, "%s[%zu]", field->name, element);
    return text;
}

/* Digits as they are printed: no sign, no zeros before others. */
static bool read_number(const char *text, size_t len, size_t *number)
{
    if (len == 0 || (text[0] == '0' && len > 1))
        return false;
    *number = 0;
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9' ||
            !clary_size_mul(*number, 10, number) ||
            !clary_size_add(*number, (size_t)(text[i] - '0'), number))
            return false;
    return true;
}

bool clary_column_split(const char *text, size_t len, size_t *name_len,
                        size_t *number)
{
    bool is_bracket = len > 0 && text[len - 1] == ']';
    size_t end = is_bracket ? len - 1 : len;
    const char *mark = memrchr(text, is_bracket ? '[' : '.', end);
    if (mark == NULL)
        return false;
    *name_len = (size_t)(mark - text);
    return read_number(mark + 1, end - *name_len - 1, number);
}

bool clary_column_prefixed(const struct clary_field *field, const char *text,
                           size_t len, size_t *element)
{
    if (field->column_prefix == NULL)
        return false;
    size_t prefix = strlen(field->column_prefix);
    return len > prefix && memcmp(text, field->column_prefix, prefix) == 0 &&
           read_number(text + prefix, len - prefix, element) &&
           *element < field->width;
}

bool clary_column_underscores(const struct clary_field *fields, size_t n_fields)
{
    bool found = false;
    for (size_t f = 0; f < n_fields; f++)
        found = found || fields[f].blanks_are_underscores;
    return found;
}

int clary_column_compare(const char *text, size_t len, bool underscores,
                         const char *name, size_t name_len)
{
    size_t n = len < name_len ? len : name_len;
    int order = underscores ? 0 : memcmp(text, name, n);
    for (size_t i = 0; underscores && order == 0 && i < n; i++)
        order = (text[i] == ' ' ? '_' : (unsigned char)text[i]) -
                (unsigned char)name[i];
    return order != 0 ? order : (len > name_len) - (len < name_len);
}

static bool is_called(const char *text, size_t len, bool underscores,
                      const char *name)
{
    return clary_column_compare(text, len, underscores, name, strlen(name)) ==
           0;
}

/* The element of `field` with a name of its own; its width if there is none. */
static size_t find_own(const struct clary_field *field, const char *name,
                       size_t len)
{
    if (field->column_names == NULL)
        return field->width == 1 && is_called(name, len, false, field->name)
                   ? 0
                   : field->width;
    size_t i = 0;
    while (i < field->width &&
           !is_called(name, len, field->blanks_are_underscores,
                      field->column_names[i]))
        i++;
    return i;
}

size_t clary_signature_column(const struct clary_signature *signature,
                              const char *name, size_t len)
{
    size_t first = 0, name_len = 0, number = 0;
    for (size_t f = 0; f < signature->n_inputs; f++) {
        const struct clary_field *field = &signature->inputs[f];
        size_t own = find_own(field, name, len);
        if (own < field->width)
            return first + own;
        first += field->width;
    }
    bool is_split = clary_column_split(name, len, &name_len, &number);
    first = 0;
    for (size_t f = 0; f < signature->n_inputs; f++) {
        const struct clary_field *field = &signature->inputs[f];
        size_t element = number;
        if ((is_split && number < field->width &&
             is_called(name, name_len, false, field->name)) ||
            clary_column_prefixed(field, name, len, &element))
            return first + element;
        first += field->width;
    }
    return signature->n_columns;
}
