/* json_names.c: which input, or which element of one, a name means.
 *
 * The names are those of the inputs and, where they have any, of their
 * columns. Rows mostly name them in the model's order, so the name behind the
 * one found last is tried first; any other order costs a binary search, so
 * that no order of a client's is slow. A column goes before an input of the
 * same name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"

#include <stdlib.h>
#include <string.h>

static bool is_called(const struct clary_json_name *name, const char *text,
                      size_t len)
{
    return name->len == len && memcmp(name->text, text, len) == 0;
}

static int compare(const char *a, size_t a_len, const char *b, size_t b_len)
{
    int order = memcmp(a, b, a_len < b_len ? a_len : b_len);
    return order != 0 ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_names(const void *a, const void *b)
{
    const struct clary_json_name *const *x = a, *const *y = b;
    int order = compare((*x)->text, (*x)->len, (*y)->text, (*y)->len);
    return order != 0 ? order : (*x > *y) - (*x < *y);
}

static void add(struct clary_json_names *names, const char *text, size_t field,
                size_t element)
{
    names->list[names->n++] =
        (struct clary_json_name){text, strlen(text), field, element};
}

/* Lists the names in the model's order, columns before their input. */
static enum clary_status list_names(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_names *names = &json->names;
    size_t n_fields = reader->rows->n_fields;
    names->list = clary_arena_calloc(reader->arena, n_fields + json->n_columns,
                                     sizeof *names->list);
    if (names->list == NULL)
        return clary_no_memory(err);
    for (size_t f = 0; f < n_fields; f++) {
        const struct clary_field *field = &reader->rows->fields[f];
        for (size_t i = 0; field->column_names != NULL && i < field->width; i++)
            add(names, field->column_names[i], f, i);
        add(names, field->name, f, CLARY_JSON_WHOLE);
    }
    return CLARY_OK;
}

static enum clary_status sort_names(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_names *names = &json->names;
    names->sorted = clary_arena_calloc(reader->arena, names->n,
                                       sizeof(const struct clary_json_name *));
    if (names->sorted == NULL)
        return clary_no_memory(err);
    for (size_t i = 0; i < names->n; i++)
        names->sorted[i] = &names->list[i];
    qsort(names->sorted, names->n, sizeof *names->sorted, compare_names);
    return CLARY_OK;
}

enum clary_status clary_json_find(struct clary_reader *reader, const char *text,
                                  size_t len,
                                  const struct clary_json_name **found,
                                  struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_names *names = &json->names;
    if (names->list == NULL)
        CLARY_TRY(list_names(reader, err));
    *found = NULL;
    if (names->next < names->n &&
        is_called(&names->list[names->next], text, len)) {
        *found = &names->list[names->next++];
        return CLARY_OK;
    }
    if (names->sorted == NULL)
        CLARY_TRY(sort_names(reader, err));
    size_t low = 0, high = names->n; /* the first that is not below `text` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct clary_json_name *name = names->sorted[middle];
        if (compare(name->text, name->len, text, len) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < names->n && is_called(names->sorted[low], text, len)) {
        *found = names->sorted[low];
        names->next = (size_t)(*found - names->list) + 1;
    }
    return CLARY_OK;
}

enum clary_status clary_json_find_element(struct clary_reader *reader,
                                          const char *text, size_t len,
                                          size_t *field, size_t *element,
                                          struct clary_error *err)
{
    const struct clary_rows *rows = reader->rows;
    const struct clary_json_name *name;
    int64_t number;
    *field = rows->n_fields;
    const char *open = len == 0 ? NULL : memrchr(text, '[', len);
    if (open == NULL || text[len - 1] != ']' ||
        clary_parse_int64(open + 1, (size_t)(text + len - open) - 2, &number) !=
            CLARY_NUMBER_OK ||
        number < 0)
        return CLARY_OK;
    CLARY_TRY(clary_json_find(reader, text, (size_t)(open - text), &name, err));
    if (name == NULL || name->element != CLARY_JSON_WHOLE ||
        (uint64_t)number >= rows->fields[name->field].width)
        return CLARY_OK;
    *field = name->field;
    *element = (size_t)number;
    return CLARY_OK;
}
