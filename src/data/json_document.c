/* json_document.c: what the tokens of a JSON body mean.
 *
 * A body is one document, or several on lines of their own (JSON lines). The
 * rows of all of them, in order, are the rows of the request. A document is
 *
 *     [1, 2, 5]                          a row
 *     {"x": [1, 2, 5]}                   a row by the names of the inputs;
 *     {"x[0]": 1, "x[1]": 2, "x[2]": 5}  or of their elements,
 *     {"a": 1, "b": 2, "c": 5}           or of the columns where they have any
 *     {"features": [1, 2, 5]}            a row: all inputs, one behind the
 *     {"data": {"features": {"values": [1, 2, 5]}}}          other, as in CSV
 *     5                                  a row of the only column
 *     [[1, 2, 5], [3, 4, 6]]             rows
 *     {"instances": [ROW, ROW, ...]}     rows, each in any form above
 *     {"inputs": [[1, 2, 5], [3, 4, 6]]} rows; the reply comes in columns
 *     {"inputs": {"x": [...], "y": ...}} rows, input by input; likewise
 *
 * and the last three may have a "signature_name". A bare array is a row,
 * unless its brackets are one deeper than those of a row (TensorFlow Serving's
 * container looks for "[["), or it holds objects. "inputs" must be alone in
 * its body, because it changes the form of the reply.
 *
 * Nothing is passed over: a name that is not known, that comes twice or that
 * is missing is an error, and so is an empty list.
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

/* A value of another kind than json->role wants. */
static enum clary_status fail_role(const struct clary_reader *reader,
                                   const char *found, struct clary_error *err)
{
    static const char *const expected[] = {
        [CLARY_JSON_INSTANCES_ROLE] = "\"instances\" must be a list of rows",
        [CLARY_JSON_INPUTS_ROLE] =
            "\"inputs\" must be a list of rows, or an object with such a list "
            "for each input of the model",
        [CLARY_JSON_COLUMN_ROLE] =
            "each input in \"inputs\" must be a list of rows",
        [CLARY_JSON_SIGNATURE_ROLE] = "\"signature_name\" must be a string",
        [CLARY_JSON_DATA_ROLE] = "\"data\" must be an object",
        [CLARY_JSON_FEATURES_ROLE] = "\"features\" in \"data\" must be an "
                                     "object",
    };
    const struct clary_json *json = reader->state;
    if (json->role < sizeof expected / sizeof expected[0] &&
        expected[json->role] != NULL)
        return clary_fail(err, CLARY_BAD_INPUT, "%s, found %s",
                          expected[json->role], found);
    return clary_fail_at(err, CLARY_BAD_INPUT, reader->n_rows + 1, 0,
                         "found %s, expected numbers", found);
}

/* --- rows and values that are complete */

/* A value has ended and left json->depth. */
static void end_any(struct clary_json *json)
{
    json->state = CLARY_JSON_AFTER;
    if (json->depth > 0)
        return;
    json->state = CLARY_JSON_BEFORE;
    json->line_feed = false;
    json->n_documents++;
}

/* json->value has ended. */
static enum clary_status end_value(struct clary_reader *reader,
                                   struct clary_error *err)
{
    struct clary_json *json = reader->state;
    end_any(json);
    if (json->depth > 0 && !top(json)->is_array)
        json->names.n_set += json->value.total;
    else if (json->columns != NULL)
        clary_json_columns_add(reader);
    else
        return clary_reader_end_row(reader, err);
    return CLARY_OK;
}

/* --- brackets */

static enum clary_status push(struct clary_reader *reader,
                              enum clary_json_kind kind,
                              struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (json->depth == CLARY_JSON_DEPTH)
        return clary_json_fail_parse(reader, "too many open brackets", err);
    bool is_array = clary_json_is_array(kind);
    json->levels[json->depth++] =
        (struct clary_json_level){.kind = kind, .is_array = is_array};
    if (kind == CLARY_JSON_INSTANCE) {
        json->names.n_set = 0;
        json->names.next = 0;
    }
    json->state =
        is_array ? CLARY_JSON_VALUE_OR_CLOSE : CLARY_JSON_KEY_OR_CLOSE;
    json->role =
        kind == CLARY_JSON_LIST ? CLARY_JSON_ROW_ROLE : CLARY_JSON_ELEMENT_ROLE;
    return CLARY_OK;
}

/* The token behind the first brackets says what they are. If it is no number
 * it is an object or a closing bracket. */
static void decide(struct clary_json *json, bool is_number)
{
    size_t rank = json->row_shape.rank;
    bool is_list = json->depth == rank + 1 || (rank == 0 && json->depth == 2) ||
                   (json->depth == 1 && !is_number);
    json->undecided = false;
    if (!is_list)
        return;
    json->levels[0].kind = CLARY_JSON_LIST;
    json->value.base = 1;
    if (json->depth == 1)
        json->role = CLARY_JSON_ROW_ROLE;
}

static enum clary_status begin_document(struct clary_reader *reader,
                                        struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (reader->columnar)
        return clary_json_fail_parse(
            reader, "a body with \"inputs\" must have nothing behind it", err);
    if (!json->line_feed)
        return clary_json_fail_parse(
            reader, "something follows a document on the same line", err);
    json->role = CLARY_JSON_DOCUMENT_ROLE;
    json->has_signature = json->has_rows = false;
    return CLARY_OK;
}

static void pass_comma(struct clary_reader *reader)
{
    struct clary_json *json = reader->state;
    const struct clary_json_level *level = top(json);
    json->state = level->is_array ? CLARY_JSON_VALUE : CLARY_JSON_KEY;
    json->role = level->kind == CLARY_JSON_LIST ? CLARY_JSON_ROW_ROLE
                                                : CLARY_JSON_ELEMENT_ROLE;
}

/* Aims json->value at a row, or at an input's row where those are kept. */
static enum clary_status aim(struct clary_reader *reader,
                             struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    if (json->columns != NULL)
        return clary_json_columns_aim(reader, err);
    clary_json_aim_row(reader);
    return CLARY_OK;
}

static void count_element(struct clary_json *json)
{
    if (json->depth > 0 && top(json)->is_array)
        top(json)->count++;
}

static enum clary_status open_array(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_json *json = reader->state;
    enum clary_json_kind kind = CLARY_JSON_VALUES;
    switch (json->role) {
    case CLARY_JSON_DOCUMENT_ROLE:
        json->undecided = true;
        clary_json_aim_row(reader);
        break;
    case CLARY_JSON_INSTANCES_ROLE:
    case CLARY_JSON_INPUTS_ROLE:
    case CLARY_JSON_COLUMN_ROLE:
        kind = CLARY_JSON_LIST;
        break;
    case CLARY_JSON_ROW_ROLE:
        CLARY_TRY(aim(reader, err));
        break;
    case CLARY_JSON_MEMBER_ROLE:
        break;
    case CLARY_JSON_ELEMENT_ROLE:
        CLARY_TRY(clary_json_value_open(reader, err));
        break;
    default:
        return fail_role(reader, "an array", err);
    }
    count_element(json);
    return push(reader, kind, err);
}

static enum clary_status open_object(struct clary_reader *reader,
                                     struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (json->undecided)
        decide(json, false);
    switch (json->role) {
    case CLARY_JSON_DOCUMENT_ROLE:
        return push(reader, CLARY_JSON_INSTANCE, err);
    case CLARY_JSON_ROW_ROLE:
        if (json->columns != NULL)
            return fail_role(reader, "an object", err);
        count_element(json);
        return push(reader, CLARY_JSON_INSTANCE, err);
    case CLARY_JSON_INPUTS_ROLE:
        if (reader->rows->n_fields > 1)
            CLARY_TRY(clary_json_columns_begin(reader, false, err));
        return push(reader, CLARY_JSON_INPUTS, err);
    case CLARY_JSON_DATA_ROLE:
        return push(reader, CLARY_JSON_DATA, err);
    case CLARY_JSON_FEATURES_ROLE:
        return push(reader, CLARY_JSON_FEATURES, err);
    default:
        return fail_role(reader, "an object", err);
    }
}

static enum clary_status open_bracket(struct clary_reader *reader,
                                      bool is_array, struct clary_error *err)
{
    return is_array ? open_array(reader, err) : open_object(reader, err);
}

/* The instance is complete if every number of its row is there. */
static enum clary_status close_instance(struct clary_reader *reader,
                                        struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_names *names = &json->names;
    size_t row = reader->n_rows + 1, f = 0, element = 0;
    if (names->n_set == json->n_columns)
        return clary_reader_end_row(reader, err);
    const struct clary_field *fields = reader->rows->fields;
    while (fields[f].width == 0 || names->whole[f] == row)
        f++;
    if (names->part[f] == row)
        while (names->element[json->first_column[f] + element] == row)
            element++;
    else if (fields[f].column_names == NULL)
        return clary_fail_at(err, CLARY_BAD_INPUT, row, 0,
                             "the model's input \"%.48s\" is missing",
                             fields[f].name);
    if (fields[f].column_names != NULL)
        return clary_fail_at(err, CLARY_BAD_INPUT, row, 0,
                             "the model's column \"%.48s\" is missing",
                             fields[f].column_names[element]);
    return clary_fail_at(err, CLARY_BAD_INPUT, row, 0,
                         "the model's input \"%.48s[%zu]\" is missing",
                         fields[f].name, element);
}

static enum clary_status close_values(struct clary_reader *reader,
                                      struct clary_error *err)
{
    struct clary_json *json = reader->state;
    CLARY_TRY(clary_json_value_close(reader, err));
    if (--json->depth == json->value.base)
        return end_value(reader, err);
    end_any(json);
    return CLARY_OK;
}

static enum clary_status close_bracket(struct clary_reader *reader,
                                       struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (json->undecided)
        decide(json, false);
    struct clary_json_level level = *top(json);
    if (level.kind == CLARY_JSON_VALUES)
        return close_values(reader, err);
    json->depth--;
    end_any(json);
    switch (level.kind) {
    case CLARY_JSON_INSTANCE:
        return close_instance(reader, err);
    case CLARY_JSON_LIST:
        return level.count > 0 ? CLARY_OK
                               : clary_fail(err, CLARY_BAD_INPUT,
                                            "a list of rows is empty");
    case CLARY_JSON_INPUTS:
        return json->columns == NULL ? CLARY_OK
                                     : clary_json_columns_end(reader, err);
    case CLARY_JSON_REQUEST:
        return json->has_rows
                   ? CLARY_OK
                   : clary_fail(err, CLARY_BAD_INPUT,
                                "the body has neither \"instances\" nor "
                                "\"inputs\"");
    default:
        return CLARY_OK;
    }
}

/* --- strings and words as values */

static enum clary_status check_signature(struct clary_reader *reader,
                                         const char *text, size_t len,
                                         struct clary_error *err)
{
    static const char usual[] = "serving_default";
    const char *own = reader->signature_name;
    char name[CLARY_CELL_QUOTE_BYTES];
    end_any(reader->state);
    if (equals(text, len, usual) || (own != NULL && equals(text, len, own)))
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the model has no signature \"%s\"; it has \"%.48s\"",
                      clary_cell_quote(text, len, name),
                      own == NULL ? usual : own);
}

static enum clary_status take_scalar(struct clary_reader *reader,
                                     const char *text, size_t len,
                                     bool is_string, struct clary_error *err)
{
    struct clary_json *json = reader->state;
    char found[CLARY_CELL_QUOTE_BYTES];
    if (json->undecided)
        decide(json, true);
    switch (json->role) {
    case CLARY_JSON_SIGNATURE_ROLE:
        if (is_string)
            return check_signature(reader, text, len, err);
        break;
    case CLARY_JSON_ELEMENT_ROLE:
        count_element(json);
        end_any(json);
        return clary_json_value_scalar(reader, text, len, is_string, err);
    case CLARY_JSON_DOCUMENT_ROLE:
    case CLARY_JSON_ROW_ROLE:
        CLARY_TRY(aim(reader, err));
        count_element(json);
        /* fall through */
    case CLARY_JSON_MEMBER_ROLE:
        CLARY_TRY(clary_json_value_scalar(reader, text, len, is_string, err));
        return end_value(reader, err);
    default:
        break;
    }
    return fail_role(reader, clary_cell_quote(text, len, found), err);
}

static enum clary_status take_numbers(struct clary_reader *reader,
                                      const char **at, const char *end,
                                      struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    if (json->role == CLARY_JSON_MEMBER_ROLE)
        return clary_json_objects(reader, at, end, err);
    if (json->role != CLARY_JSON_ELEMENT_ROLE)
        return CLARY_OK;
    CLARY_TRY(clary_json_rows(reader, at, end, err));
    if (!json->undecided && clary_json_value_is_plain(reader))
        clary_json_value_numbers(reader, at, end);
    return CLARY_OK;
}

const struct clary_json_grammar clary_json_instances = {
    .document = begin_document,
    .open = open_bracket,
    .close = close_bracket,
    .comma = pass_comma,
    .member = clary_json_member,
    .scalar = take_scalar,
    .numbers = take_numbers,
};
