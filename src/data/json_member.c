/* json_member.c: the names in a JSON body's objects.
 *
 * Each name is known by the object that it is in, and must be there once.
 * Requests and instances begin alike; the first name of a document tells
 * which it is, so an input that is called "inputs" can only be named inside
 * "instances" (as in TensorFlow Serving).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"

#include <stdio.h>
#include <string.h>

static bool equals(const char *text, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(text, name, len) == 0;
}

static struct clary_json_level *top(struct clary_json *json)
{
    return &json->levels[json->depth - 1];
}

static enum clary_status fail_twice(const struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err)
{
    char name[CLARY_CELL_QUOTE_BYTES];
    return clary_fail_at(err, CLARY_BAD_INPUT, reader->n_rows + 1, 0,
                         "\"%s\" is there twice",
                         clary_cell_quote(text, len, name));
}

enum { LIST_BYTES = 200 }; /* of a list of names in a message */

/* As many names of inputs or of their columns as go into a message. */
static const char *list_names(const struct clary_reader *reader,
                              char text[LIST_BYTES])
{
    static const char more[] = ", ...";
    const size_t room = LIST_BYTES - sizeof more;
    const struct clary_json *json = reader->state;
    const struct clary_json_names *names = &json->names;
    const struct clary_field *fields = reader->rows->fields;
    size_t used = 0;
    for (size_t i = 0; i < names->n; i++) {
        const struct clary_json_name *name = &names->list[i];
        if (name->element == CLARY_JSON_WHOLE &&
            fields[name->field].column_names != NULL)
            continue;
        int n = snprintf(text + used, room - used, "%s\"%.60s\"",
                         used > 0 ? ", " : "", name->text);
        if ((size_t)n >= room - used) {
            memcpy(text + used, more, sizeof more);
            break;
        }
        used += (size_t)n;
    }
    return text;
}

/* The words before the full stop are TensorFlow Serving's. */
enum clary_status clary_json_fail_unknown(const struct clary_reader *reader,
                                          const char *text, size_t len,
                                          const char *list,
                                          struct clary_error *err)
{
    char name[CLARY_CELL_QUOTE_BYTES], inputs[LIST_BYTES];
    (void)clary_fail(err, CLARY_BAD_INPUT,
                     "Failed to process element: %zu key: %s of '%s' list. "
                     "Error: the model has no such input; it has %s",
                     reader->n_rows, clary_cell_quote(text, len, name), list,
                     list_names(reader, inputs));
    err->row = reader->n_rows + 1;
    return CLARY_BAD_INPUT;
}

static enum clary_status request_member(struct clary_reader *reader,
                                        const char *text, size_t len,
                                        struct clary_error *err)
{
    struct clary_json *json = reader->state;
    char name[CLARY_CELL_QUOTE_BYTES];
    if (equals(text, len, "signature_name")) {
        if (json->has_signature)
            return fail_twice(reader, text, len, err);
        json->has_signature = true;
        json->role = CLARY_JSON_SIGNATURE_ROLE;
        return CLARY_OK;
    }
    bool is_inputs = equals(text, len, "inputs");
    if (!is_inputs && !equals(text, len, "instances"))
        return clary_fail(err, CLARY_BAD_INPUT,
                          "unknown key \"%s\" beside \"instances\" or "
                          "\"inputs\"; only \"signature_name\" may be there",
                          clary_cell_quote(text, len, name));
    if (json->has_rows)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "a second \"%s\" in one document; there must be one "
                          "\"instances\" or one \"inputs\"",
                          is_inputs ? "inputs" : "instances");
    if (is_inputs && json->n_documents > 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "\"inputs\" must be alone in its body");
    json->has_rows = true;
    reader->columnar = is_inputs;
    json->role = is_inputs ? CLARY_JSON_INPUTS_ROLE : CLARY_JSON_INSTANCES_ROLE;
    return CLARY_OK;
}

static enum clary_status element_member(struct clary_reader *reader,
                                        size_t field, size_t element,
                                        const char *text, size_t len,
                                        struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_names *names = &json->names;
    size_t row = reader->n_rows + 1;
    if (names->element == NULL)
        names->element = clary_arena_calloc(reader->arena, json->n_columns,
                                            sizeof *names->element);
    if (names->element == NULL)
        return clary_no_memory(err);
    size_t *seen = &names->element[json->first_column[field] + element];
    if (names->whole[field] == row || *seen == row)
        return fail_twice(reader, text, len, err);
    names->part[field] = *seen = row;
    clary_json_aim_element(reader, field, element);
    return CLARY_OK;
}

static enum clary_status field_member(struct clary_reader *reader, size_t field,
                                      const char *text, size_t len,
                                      struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_names *names = &json->names;
    size_t row = reader->n_rows + 1;
    if (names->whole[field] == row || names->part[field] == row)
        return fail_twice(reader, text, len, err);
    names->whole[field] = row;
    clary_json_aim_field(reader, field);
    return CLARY_OK;
}

static enum clary_status instance_member(struct clary_reader *reader,
                                         const char *text, size_t len,
                                         struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_names *names = &json->names;
    const struct clary_json_name *name;
    size_t row = reader->n_rows + 1, field, element = 0;
    json->role = CLARY_JSON_MEMBER_ROLE;
    if (names->all == row)
        return fail_twice(reader, text, len, err);
    CLARY_TRY(clary_json_find(reader, text, len, &name, err));
    if (name != NULL && name->element == CLARY_JSON_WHOLE)
        return field_member(reader, name->field, text, len, err);
    if (name != NULL)
        return element_member(reader, name->field, name->element, text, len,
                              err);
    CLARY_TRY(
        clary_json_find_element(reader, text, len, &field, &element, err));
    if (field < reader->rows->n_fields)
        return element_member(reader, field, element, text, len, err);
    bool is_data = equals(text, len, "data");
    if (!is_data && !equals(text, len, "features"))
        return clary_json_fail_unknown(reader, text, len, "instances", err);
    if (names->n_set > 0)
        return fail_twice(reader, text, len, err);
    names->all = row;
    clary_json_aim_row(reader);
    if (is_data)
        json->role = CLARY_JSON_DATA_ROLE;
    return CLARY_OK;
}

/* In {"features": {"values": [...]}}, the only names there may be. */
static enum clary_status data_member(struct clary_reader *reader,
                                     const char *text, size_t len,
                                     struct clary_error *err)
{
    struct clary_json *json = reader->state;
    bool is_data = top(json)->kind == CLARY_JSON_DATA;
    char name[CLARY_CELL_QUOTE_BYTES];
    if (!equals(text, len, is_data ? "features" : "values"))
        return clary_fail_at(err, CLARY_BAD_INPUT, reader->n_rows + 1, 0,
                             "unknown key \"%s\" in \"%s\"",
                             clary_cell_quote(text, len, name),
                             is_data ? "data" : "features");
    if (top(json)->count > 1)
        return fail_twice(reader, text, len, err);
    json->role = CLARY_JSON_FEATURES_ROLE;
    if (!is_data) {
        json->role = CLARY_JSON_MEMBER_ROLE;
        clary_json_aim_row(reader);
    }
    return CLARY_OK;
}

static enum clary_status inputs_member(struct clary_reader *reader,
                                       const char *text, size_t len,
                                       struct clary_error *err)
{
    struct clary_json *json = reader->state;
    const struct clary_json_name *name;
    CLARY_TRY(clary_json_find(reader, text, len, &name, err));
    if (name == NULL || name->element != CLARY_JSON_WHOLE)
        return clary_json_fail_unknown(reader, text, len, "inputs", err);
    size_t f = name->field;
    if (json->columns == NULL ? top(json)->count > 1 : json->columns[f].seen)
        return fail_twice(reader, text, len, err);
    if (json->columns != NULL)
        json->columns[f].seen = true;
    json->column = f;
    json->role = CLARY_JSON_COLUMN_ROLE;
    return CLARY_OK;
}

enum clary_status clary_json_member(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_level *level = top(json);
    json->state = CLARY_JSON_COLON;
    level->count++;
    if (level->kind == CLARY_JSON_INSTANCE && json->depth == 1 &&
        level->count == 1 &&
        (equals(text, len, "instances") || equals(text, len, "inputs") ||
         equals(text, len, "signature_name")))
        level->kind = CLARY_JSON_REQUEST;
    switch (level->kind) {
    case CLARY_JSON_REQUEST:
        return request_member(reader, text, len, err);
    case CLARY_JSON_INSTANCE:
        return instance_member(reader, text, len, err);
    case CLARY_JSON_INPUTS:
        return inputs_member(reader, text, len, err);
    default:
        return data_member(reader, text, len, err);
    }
}
