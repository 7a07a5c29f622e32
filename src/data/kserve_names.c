/* kserve_names.c: the names in an inference request.
 *
 * What is not known is refused, but for parameters: those are the protocol's
 * way to extend it, and unknown ones do not change what is predicted. The few
 * that would are refused by name. null stands for a member that is not there,
 * as some clients write it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/kserve_read.h"

#include <string.h>

enum { MOST_OUTPUTS = 65536 }; /* no model has more */

static bool equals(const char *text, size_t len, const char *name)
{
    return strlen(name) == len && memcmp(text, name, len) == 0;
}

/* A member of an object of the protocol. */
struct member {
    const char *name;
    unsigned bit;
    enum clary_kserve_role role;
};

static const struct member request_members[] = {
    {"id", CLARY_KSERVE_HAS_ID, CLARY_KSERVE_ID_ROLE},
    {"parameters", CLARY_KSERVE_HAS_PARAMETERS, CLARY_KSERVE_PARAMETERS_ROLE},
    {"inputs", CLARY_KSERVE_HAS_INPUTS, CLARY_KSERVE_INPUTS_ROLE},
    {"outputs", CLARY_KSERVE_HAS_OUTPUTS, CLARY_KSERVE_OUTPUTS_ROLE},
    {NULL, 0, 0}};
static const struct member input_members[] = {
    {"name", CLARY_KSERVE_HAS_NAME, CLARY_KSERVE_NAME_ROLE},
    {"shape", CLARY_KSERVE_HAS_SHAPE, CLARY_KSERVE_SHAPE_ROLE},
    {"datatype", CLARY_KSERVE_HAS_DATATYPE, CLARY_KSERVE_DATATYPE_ROLE},
    {"parameters", CLARY_KSERVE_HAS_PARAMETERS, CLARY_KSERVE_PARAMETERS_ROLE},
    {"data", CLARY_KSERVE_HAS_DATA, CLARY_KSERVE_DATA_ROLE},
    {NULL, 0, 0}};
static const struct member output_members[] = {
    {"name", CLARY_KSERVE_HAS_NAME, CLARY_KSERVE_OUTPUT_NAME_ROLE},
    {"parameters", CLARY_KSERVE_HAS_PARAMETERS, CLARY_KSERVE_PARAMETERS_ROLE},
    {NULL, 0, 0}};

static enum clary_status find(const struct member *members, const char *text,
                              size_t len, const char *place, unsigned *seen,
                              enum clary_kserve_role *role,
                              struct clary_error *err)
{
    char name[CLARY_CELL_QUOTE_BYTES];
    while (members->name != NULL && !equals(text, len, members->name))
        members++;
    if (members->name == NULL)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "unknown key \"%s\" in %s of the Open Inference "
                          "Protocol",
                          clary_cell_quote(text, len, name), place);
    if ((*seen & members->bit) != 0)
        return clary_fail(err, CLARY_BAD_INPUT, "\"%s\" is there twice in %s",
                          members->name, place);
    *seen |= members->bit;
    *role = members->role;
    return CLARY_OK;
}

/* Extensions that say how the data is to be read or written. */
static enum clary_status parameter(struct clary_reader *reader,
                                   const char *text, size_t len,
                                   struct clary_error *err)
{
    static const char *const refused[] = {
        "binary_data_size", "shared_memory_region", "classification"};
    struct clary_kserve *request = reader->state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (equals(text, len, refused[i]))
            return clary_fail(err, CLARY_BAD_INPUT,
                              "the parameter \"%s\" is an extension of the "
                              "Open Inference Protocol that this server does "
                              "not have; \"data\" must hold the values, as "
                              "JSON",
                              refused[i]);
    request->role = CLARY_KSERVE_SKIPPED_ROLE;
    return CLARY_OK;
}

/* Values that come before it is known what they are are kept as text. */
static enum clary_status input_member(struct clary_reader *reader,
                                      const char *text, size_t len,
                                      struct clary_error *err)
{
    enum {
        NEEDED = CLARY_KSERVE_HAS_NAME | CLARY_KSERVE_HAS_SHAPE |
                 CLARY_KSERVE_HAS_DATATYPE
    };
    struct clary_kserve *request = reader->state;
    struct clary_kserve_input *input = &request->input;
    CLARY_TRY(find(input_members, text, len, "an input", &input->members,
                   &request->role, err));
    if (request->role != CLARY_KSERVE_DATA_ROLE)
        return CLARY_OK;
    if ((input->members & NEEDED) == NEEDED)
        return clary_kserve_place(reader, err);
    request->role = CLARY_KSERVE_EARLY_ROLE;
    return CLARY_OK;
}

enum clary_status clary_kserve_member(struct clary_reader *reader,
                                      const char *text, size_t len,
                                      struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    request->json.state = CLARY_JSON_COLON;
    switch (request->json.levels[request->json.depth - 1].kind) {
    case CLARY_KSERVE_REQUEST:
        return find(request_members, text, len, "a request", &request->members,
                    &request->role, err);
    case CLARY_KSERVE_INPUT:
        return input_member(reader, text, len, err);
    case CLARY_KSERVE_OUTPUT:
        return find(output_members, text, len, "an output",
                    &request->input.members, &request->role, err);
    case CLARY_KSERVE_PARAMETERS:
        return parameter(reader, text, len, err);
    default:
        request->role = CLARY_KSERVE_SKIPPED_ROLE;
        return CLARY_OK;
    }
}

/* --- what is missing ----------------------------------------------------- */

static enum clary_status fail_missing(const char *name, const char *place,
                                      struct clary_error *err)
{
    return clary_fail(err, CLARY_BAD_INPUT, "%s has no \"%s\"", place, name);
}

enum clary_status clary_kserve_check_request(const struct clary_reader *reader,
                                             struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    if ((request->members & CLARY_KSERVE_HAS_INPUTS) == 0)
        return fail_missing("inputs", "the request", err);
    return CLARY_OK;
}

enum clary_status clary_kserve_check_input(const struct clary_reader *reader,
                                           struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    const struct member *member = input_members;
    for (; member->name != NULL; member++)
        if (member->bit != CLARY_KSERVE_HAS_PARAMETERS &&
            (request->input.members & member->bit) == 0)
            return fail_missing(member->name, "an input", err);
    return CLARY_OK;
}

enum clary_status clary_kserve_check_output(const struct clary_reader *reader,
                                            struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    if ((request->input.members & CLARY_KSERVE_HAS_NAME) == 0)
        return fail_missing("name", "an output", err);
    return CLARY_OK;
}

/* --- what the reply needs ------------------------------------------------ */

static enum clary_status keep(struct clary_reader *reader, const char *text,
                              size_t len, const char **kept,
                              struct clary_error *err)
{
    char *copy = clary_arena_alloc(reader->arena, len + 1);
    if (copy == NULL)
        return clary_no_memory(err);
    memcpy(copy, text, len);
    copy[len] = '\0';
    *kept = copy;
    return CLARY_OK;
}

enum clary_status clary_kserve_id(struct clary_reader *reader, const char *text,
                                  size_t len, struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    request->asked.id_len = len;
    return keep(reader, text, len, &request->asked.id, err);
}

enum clary_status clary_kserve_output(struct clary_reader *reader,
                                      struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_asked_output *output =
        clary_arena_calloc(reader->arena, 1, sizeof *output);
    if (++request->n_outputs > MOST_OUTPUTS)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "more than %d \"outputs\", which no model has",
                          MOST_OUTPUTS);
    if (output == NULL)
        return clary_no_memory(err);
    if (request->output == NULL)
        request->asked.outputs = output;
    else
        request->output->next = output;
    request->output = output;
    request->input.members = 0;
    return CLARY_OK;
}

enum clary_status clary_kserve_output_name(struct clary_reader *reader,
                                           const char *text, size_t len,
                                           struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    request->output->name_len = len;
    return keep(reader, text, len, &request->output->name, err);
}
