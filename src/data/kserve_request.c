/* kserve_request.c: what the tokens of an inference request mean.
 *
 * The body of POST /v2/models/{name}/infer in the Open Inference Protocol:
 *
 *     {"id": "42",
 *      "inputs": [{"name": "x", "shape": [2, 3], "datatype": "FP32",
 *                  "data": [1, 2, 5, 3, 4, 6]}],
 *      "outputs": [{"name": "y"}]}
 *
 * with its members in any order, and "parameters" in each object. A client
 * that sorts its members sends "data" first; its text is then kept in the
 * arena until the object is complete, and read again.
 *
 * What it does not read: values behind the JSON (the binary extension).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/kserve_read.h"

#include <string.h>

static struct clary_json_level *top(struct clary_kserve *request)
{
    return &request->json.levels[request->json.depth - 1];
}

/* A value of another kind than request->role wants. */
static enum clary_status fail_role(const struct clary_reader *reader,
                                   const char *found, struct clary_error *err)
{
    static const char *const expected[] = {
        [CLARY_KSERVE_REQUEST_ROLE] = "the request must be an object",
        [CLARY_KSERVE_ID_ROLE] = "\"id\" must be a string",
        [CLARY_KSERVE_INPUTS_ROLE] = "\"inputs\" must be a list of objects",
        [CLARY_KSERVE_INPUT_ROLE] = "each of \"inputs\" must be an object",
        [CLARY_KSERVE_NAME_ROLE] = "\"name\" must be a string",
        [CLARY_KSERVE_SHAPE_ROLE] = "\"shape\" must be a list of numbers",
        [CLARY_KSERVE_DIMENSION_ROLE] = "\"shape\" must hold whole numbers",
        [CLARY_KSERVE_DATATYPE_ROLE] = "\"datatype\" must be a string",
        [CLARY_KSERVE_DATA_ROLE] = "\"data\" must be a list",
        [CLARY_KSERVE_ROW_ROLE] = "\"data\" must hold numbers",
        [CLARY_KSERVE_ELEMENT_ROLE] = "\"data\" must hold numbers",
        [CLARY_KSERVE_EARLY_ROLE] = "\"data\" must be a list of numbers",
        [CLARY_KSERVE_OUTPUTS_ROLE] = "\"outputs\" must be a list of objects",
        [CLARY_KSERVE_OUTPUT_ROLE] = "each of \"outputs\" must be an object",
        [CLARY_KSERVE_OUTPUT_NAME_ROLE] = "\"name\" must be a string",
        [CLARY_KSERVE_PARAMETERS_ROLE] = "\"parameters\" must be an object",
        [CLARY_KSERVE_SKIPPED_ROLE] = "a value must be JSON",
    };
    const struct clary_kserve *request = reader->state;
    return clary_fail(err, CLARY_BAD_INPUT, "%s, found %s",
                      expected[request->role], found);
}

static enum clary_status push(struct clary_reader *reader,
                              enum clary_kserve_kind kind, bool is_array,
                              enum clary_kserve_role role,
                              struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_json *json = &request->json;
    if (json->depth == CLARY_JSON_DEPTH)
        return clary_json_fail_parse(reader, "too many open brackets", err);
    json->levels[json->depth++] =
        (struct clary_json_level){.kind = kind, .is_array = is_array};
    json->state =
        is_array ? CLARY_JSON_VALUE_OR_CLOSE : CLARY_JSON_KEY_OR_CLOSE;
    request->role = role;
    return CLARY_OK;
}

static enum clary_status begin_document(struct clary_reader *reader,
                                        struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    if (request->members != 0)
        return clary_json_fail_parse(reader, "something follows the request",
                                     err);
    request->role = CLARY_KSERVE_REQUEST_ROLE;
    return CLARY_OK;
}

static enum clary_status keep_early(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    if (clary_pieces_append(&request->input.early, reader->arena, text, len,
                            err) == CLARY_OK)
        return CLARY_OK;
    return clary_fail(err, CLARY_TOO_LARGE,
                      "\"data\" before its \"shape\" needs more than the %zu "
                      "MiB that one request may take; behind it, it needs none",
                      reader->arena->limit_bytes >> 20);
}

/* The same of a value in an array, with the comma before it. */
static enum clary_status keep_early_value(struct clary_reader *reader,
                                          const char *text, size_t len,
                                          struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_json_level *level = top(request);
    if (level->kind == CLARY_KSERVE_EARLY && level->count++ > 0)
        CLARY_TRY(keep_early(reader, ",", 1, err));
    return keep_early(reader, text, len, err);
}

static enum clary_status open_array(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_kserve_input *input = &request->input;
    switch (request->role) {
    case CLARY_KSERVE_INPUTS_ROLE:
        return push(reader, CLARY_KSERVE_INPUTS, true, CLARY_KSERVE_INPUT_ROLE,
                    err);
    case CLARY_KSERVE_OUTPUTS_ROLE:
        return push(reader, CLARY_KSERVE_OUTPUTS, true,
                    CLARY_KSERVE_OUTPUT_ROLE, err);
    case CLARY_KSERVE_SHAPE_ROLE:
        return push(reader, CLARY_KSERVE_SHAPE, true,
                    CLARY_KSERVE_DIMENSION_ROLE, err);
    case CLARY_KSERVE_DATA_ROLE:
        return push(reader, CLARY_KSERVE_DATA, true, CLARY_KSERVE_ROW_ROLE,
                    err);
    case CLARY_KSERVE_ROW_ROLE:
        if (input->form == CLARY_KSERVE_FLAT)
            return fail_role(reader, "an array beside them", err);
        input->form = CLARY_KSERVE_NESTED;
        CLARY_TRY(clary_kserve_data_row(reader, err));
        return push(reader, CLARY_KSERVE_VALUES, true,
                    CLARY_KSERVE_ELEMENT_ROLE, err);
    case CLARY_KSERVE_ELEMENT_ROLE:
        CLARY_TRY(clary_json_value_open(reader, err));
        top(request)->count++;
        return push(reader, CLARY_KSERVE_VALUES, true,
                    CLARY_KSERVE_ELEMENT_ROLE, err);
    case CLARY_KSERVE_EARLY_ROLE:
        CLARY_TRY(keep_early_value(reader, "[", 1, err));
        return push(reader, CLARY_KSERVE_EARLY, true, CLARY_KSERVE_EARLY_ROLE,
                    err);
    case CLARY_KSERVE_SKIPPED_ROLE:
        return push(reader, CLARY_KSERVE_SKIPPED, true,
                    CLARY_KSERVE_SKIPPED_ROLE, err);
    default:
        return fail_role(reader, "an array", err);
    }
}

static enum clary_status open_object(struct clary_reader *reader,
                                     struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    enum clary_kserve_role role = request->role;
    switch (role) {
    case CLARY_KSERVE_REQUEST_ROLE:
        return push(reader, CLARY_KSERVE_REQUEST, false, role, err);
    case CLARY_KSERVE_INPUT_ROLE:
        request->input = (struct clary_kserve_input){.members = 0};
        request->n_inputs++;
        return push(reader, CLARY_KSERVE_INPUT, false, role, err);
    case CLARY_KSERVE_OUTPUT_ROLE:
        CLARY_TRY(clary_kserve_output(reader, err));
        return push(reader, CLARY_KSERVE_OUTPUT, false, role, err);
    case CLARY_KSERVE_PARAMETERS_ROLE:
        return push(reader, CLARY_KSERVE_PARAMETERS, false, role, err);
    case CLARY_KSERVE_SKIPPED_ROLE:
        return push(reader, CLARY_KSERVE_SKIPPED, false, role, err);
    default:
        return fail_role(reader, "an object", err);
    }
}

static enum clary_status open_bracket(struct clary_reader *reader,
                                      bool is_array, struct clary_error *err)
{
    return is_array ? open_array(reader, err) : open_object(reader, err);
}

static void pass_comma(struct clary_reader *reader)
{
    static const enum clary_kserve_role roles[] = {
        [CLARY_KSERVE_INPUTS] = CLARY_KSERVE_INPUT_ROLE,
        [CLARY_KSERVE_SHAPE] = CLARY_KSERVE_DIMENSION_ROLE,
        [CLARY_KSERVE_DATA] = CLARY_KSERVE_ROW_ROLE,
        [CLARY_KSERVE_VALUES] = CLARY_KSERVE_ELEMENT_ROLE,
        [CLARY_KSERVE_EARLY] = CLARY_KSERVE_EARLY_ROLE,
        [CLARY_KSERVE_OUTPUTS] = CLARY_KSERVE_OUTPUT_ROLE,
        [CLARY_KSERVE_SKIPPED] = CLARY_KSERVE_SKIPPED_ROLE,
    };
    struct clary_kserve *request = reader->state;
    const struct clary_json_level *level = top(request);
    request->json.state = level->is_array ? CLARY_JSON_VALUE : CLARY_JSON_KEY;
    if (level->is_array)
        request->role = roles[level->kind];
}

/* Reads the values of an input that came before it was known what they are.
 * The input is still open; to the reader it is as if they came now. */
static enum clary_status read_early(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_json *json = &request->json;
    size_t offset = json->offset;
    CLARY_TRY(clary_kserve_place(reader, err));
    request->role = CLARY_KSERVE_DATA_ROLE;
    json->state = CLARY_JSON_VALUE;
    for (const struct clary_piece *piece = request->input.early.first;
         piece != NULL; piece = piece->next)
        CLARY_TRY(clary_json_read_feed(reader, piece->bytes, piece->len, err));
    json->offset = offset;
    return CLARY_OK;
}

static enum clary_status close_input(struct clary_reader *reader,
                                     struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    CLARY_TRY(clary_kserve_check_input(reader, err));
    return request->input.early.first != NULL ? read_early(reader, err)
                                              : CLARY_OK;
}

static enum clary_status close_inputs(struct clary_reader *reader,
                                      struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    if (request->n_inputs == 0)
        return clary_fail(err, CLARY_BAD_INPUT, "\"inputs\" is empty");
    return request->is_whole ? CLARY_OK : clary_json_columns_end(reader, err);
}

static enum clary_status close_values(struct clary_reader *reader,
                                      struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_json *json = &request->json;
    CLARY_TRY(clary_json_value_close(reader, err));
    bool is_row = json->depth - 1 == json->value.base;
    return is_row ? clary_kserve_data_row_end(reader, err) : CLARY_OK;
}

/* What is to be done while the bracket's level is still there. */
static enum clary_status end_level(struct clary_reader *reader,
                                   struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    switch (top(request)->kind) {
    case CLARY_KSERVE_REQUEST:
        return clary_kserve_check_request(reader, err);
    case CLARY_KSERVE_INPUTS:
        return close_inputs(reader, err);
    case CLARY_KSERVE_INPUT:
        return close_input(reader, err);
    case CLARY_KSERVE_DATA:
        return clary_kserve_data_end(reader, err);
    case CLARY_KSERVE_VALUES:
        return close_values(reader, err);
    case CLARY_KSERVE_EARLY:
        return keep_early(reader, "]", 1, err);
    case CLARY_KSERVE_OUTPUT:
        return clary_kserve_check_output(reader, err);
    default:
        return CLARY_OK;
    }
}

static enum clary_status close_bracket(struct clary_reader *reader,
                                       struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_json *json = &request->json;
    CLARY_TRY(end_level(reader, err));
    json->depth--;
    json->state = json->depth > 0 ? CLARY_JSON_AFTER : CLARY_JSON_BEFORE;
    return CLARY_OK;
}

static bool is_null(const char *text, size_t len, bool is_string)
{
    return !is_string && len == 4 && memcmp(text, "null", 4) == 0;
}

/* A word in parameters that stands for nothing but itself. */
static bool is_word(const char *text, size_t len)
{
    double number;
    return (len == 4 && memcmp(text, "true", 4) == 0) ||
           (len == 5 && memcmp(text, "false", 5) == 0) ||
           is_null(text, len, false) ||
           clary_parse_double(text, len, &number) == CLARY_NUMBER_OK;
}

/* In the order of what a large body has most of. */
static enum clary_status take_value(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    bool is_string, struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    enum clary_kserve_role role = request->role;
    char found[CLARY_CELL_QUOTE_BYTES];
    if (role == CLARY_KSERVE_ROW_ROLE || role == CLARY_KSERVE_ELEMENT_ROLE)
        return clary_kserve_data_scalar(reader, text, len, is_string, err);
    if (role == CLARY_KSERVE_EARLY_ROLE && !is_string &&
        top(request)->kind == CLARY_KSERVE_EARLY)
        return keep_early_value(reader, text, len, err);
    if (role == CLARY_KSERVE_DIMENSION_ROLE && !is_string)
        return clary_kserve_dimension(reader, text, len, err);
    if (role == CLARY_KSERVE_NAME_ROLE && is_string)
        return clary_kserve_name(reader, text, len, err);
    if (role == CLARY_KSERVE_DATATYPE_ROLE && is_string)
        return clary_kserve_datatype(reader, text, len, err);
    if (role == CLARY_KSERVE_ID_ROLE && is_string)
        return clary_kserve_id(reader, text, len, err);
    if (role == CLARY_KSERVE_OUTPUT_NAME_ROLE && is_string)
        return clary_kserve_output_name(reader, text, len, err);
    if (role == CLARY_KSERVE_SKIPPED_ROLE && (is_string || is_word(text, len)))
        return CLARY_OK;
    bool is_optional = role == CLARY_KSERVE_ID_ROLE ||
                       role == CLARY_KSERVE_PARAMETERS_ROLE ||
                       role == CLARY_KSERVE_OUTPUTS_ROLE;
    if (is_optional && is_null(text, len, is_string))
        return CLARY_OK;
    return fail_role(reader, clary_cell_quote(text, len, found), err);
}

static enum clary_status take_scalar(struct clary_reader *reader,
                                     const char *text, size_t len,
                                     bool is_string, struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    request->json.state = CLARY_JSON_AFTER;
    return take_value(reader, text, len, is_string, err);
}

const struct clary_json_grammar clary_kserve_grammar = {
    .document = begin_document,
    .open = open_bracket,
    .close = close_bracket,
    .comma = pass_comma,
    .member = clary_kserve_member,
    .scalar = take_scalar,
    .numbers = clary_kserve_data_numbers,
};
