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
#include "data/column_name.h"
#include "data/json_read.h"

#include <stdlib.h>
#include <string.h>

/* The order of a text that is looked for and a name. */
static int compare(const struct clary_json_names *names, const char *text,
                   size_t len, const struct clary_json_name *name)
{
    return clary_column_compare(text, len, names->underscores, name->text,
                                name->len);
}

static int compare_names(const void *a, const void *b)
{
    const struct clary_json_name *const *x = a, *const *y = b;
    int order = clary_column_compare((*x)->text, (*x)->len, false, (*y)->text,
                                     (*y)->len);
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
    names->underscores =
        clary_column_underscores(reader->rows->fields, n_fields);
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
        compare(names, text, len, &names->list[names->next]) == 0) {
        *found = &names->list[names->next++];
        return CLARY_OK;
    }
    if (names->sorted == NULL)
        CLARY_TRY(sort_names(reader, err));
    size_t low = 0, high = names->n; /* the first that is not below `text` */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(names, text, len, names->sorted[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < names->n && compare(names, text, len, names->sorted[low]) == 0) {
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
    const struct clary_json_name *name = NULL;
    size_t name_len, number;
    *field = 0;
    if (!clary_column_split(text, len, &name_len, &number)) {
        while (
            *field < rows->n_fields &&
            !clary_column_prefixed(&rows->fields[*field], text, len, element))
            ++*field;
        return CLARY_OK;
    }
    *field = rows->n_fields;
    CLARY_TRY(clary_json_find(reader, text, name_len, &name, err));
    if (name == NULL || name->element != CLARY_JSON_WHOLE ||
        number >= rows->fields[name->field].width)
        return CLARY_OK;
    *field = name->field;
    *element = number;
    return CLARY_OK;
}
