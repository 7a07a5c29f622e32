/* kserve_data.c: the values of an input of an inference request.
 *
 * They come flat, [1, 2, 3, 4], or nested, a row in each element, [[1, 2],
 * [3, 4]]; the first of them settles which. A flat row ends when it has all
 * its values, a nested one with its bracket. Both go the way of the rows of
 * application/json (json_value.c, json_columns.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/kserve_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHAPE_BYTES = 128 };

static enum clary_status fail_rows(const struct clary_kserve_input *input,
                                   const char *what, struct clary_error *err)
{
    char shape[SHAPE_BYTES];
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the data of the input \"%s\" has %s rows than its "
                      "shape %s",
                      input->name, what,
                      clary_kserve_shape(input, shape, sizeof shape));
}

enum clary_status clary_kserve_data_row(struct clary_reader *reader,
                                        struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_kserve_input *input = &request->input;
    if (input->n_rows == input->dim[0])
        return fail_rows(input, "more", err);
    if (request->is_whole)
        clary_json_aim_row(reader);
    else
        CLARY_TRY(clary_json_columns_aim(reader, err));
    input->in_row = true;
    return CLARY_OK;
}

enum clary_status clary_kserve_data_row_end(struct clary_reader *reader,
                                            struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    request->input.in_row = false;
    request->input.n_rows++;
    if (request->is_whole)
        return clary_reader_end_row(reader, err);
    clary_json_columns_add(reader);
    return CLARY_OK;
}

/* A value outside the arrays of rows begins a row, if none is open. */
static enum clary_status begin_flat(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_kserve_input *input = &request->input;
    if (input->form == CLARY_KSERVE_NESTED)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the data of the input \"%s\" has values beside "
                          "arrays",
                          input->name);
    input->form = CLARY_KSERVE_FLAT;
    if (input->in_row)
        return CLARY_OK;
    CLARY_TRY(clary_kserve_data_row(reader, err));
    request->json.value.depth = 0;
    return CLARY_OK;
}

static enum clary_status end_flat(struct clary_reader *reader,
                                  struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    const struct clary_json_value *value = &request->json.value;
    return value->n < value->total ? CLARY_OK
                                   : clary_kserve_data_row_end(reader, err);
}

static bool is_word(const char *text, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(text, word, len) == 0;
}

/* Whether `text` is a value of the datatype. */
static bool is_of(const struct clary_kserve_datatype *datatype,
                  const char *text, size_t len)
{
    int64_t number;
    double real;
    enum clary_number parsed = clary_parse_int64(text, len, &number);
    if (parsed == CLARY_NUMBER_OK)
        return number >= datatype->min && number <= datatype->max;
    /* UINT64 goes on where int64 ends */
    return parsed == CLARY_NUMBER_RANGE && text[0] != '-' &&
           is_word(datatype->name, strlen(datatype->name), "UINT64") &&
           clary_parse_double(text, len, &real) == CLARY_NUMBER_OK &&
           real <= (double)UINT64_MAX;
}

/* Makes a number of a truth, and refuses what is not of the datatype. Reals
 * and null are for json_value.c to judge. */
static enum clary_status convert(struct clary_reader *reader, const char **text,
                                 size_t *len, struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    const struct clary_kserve_datatype *datatype = request->input.datatype;
    char quote[CLARY_CELL_QUOTE_BYTES], what[CLARY_CELL_QUOTE_BYTES + 32];
    bool is_bool = datatype->kind == CLARY_KSERVE_BOOL;
    if (datatype->kind == CLARY_KSERVE_REAL || is_word(*text, *len, "null"))
        return CLARY_OK;
    if (is_bool && is_word(*text, *len, "true"))
        *text = "1";
    else if (is_bool && is_word(*text, *len, "false"))
        *text = "0";
    else if (is_of(datatype, *text, *len))
        return CLARY_OK;
    else {
        snprintf(what, sizeof what, "\"%s\" is no %s",
                 clary_cell_quote(*text, *len, quote), datatype->name);
        return clary_json_value_fail(reader, what, err);
    }
    *len = 1;
    return CLARY_OK;
}

enum clary_status clary_kserve_data_scalar(struct clary_reader *reader,
                                           const char *text, size_t len,
                                           bool is_string,
                                           struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_json *json = &request->json;
    const struct clary_json_value *value = &json->value;
    bool is_flat = request->role == CLARY_KSERVE_ROW_ROLE;
    if (is_flat)
        CLARY_TRY(begin_flat(reader, err));
    json->levels[json->depth - 1].count++;
    if (!is_string && value->n < value->total)
        CLARY_TRY(convert(reader, &text, &len, err));
    CLARY_TRY(clary_json_value_scalar(reader, text, len, is_string, err));
    return is_flat ? end_flat(reader, err) : CLARY_OK;
}

static bool is_plain(const struct clary_reader *reader, const char *at,
                     const char *end)
{
    return at < end && clary_json_begins_number(*at) &&
           clary_json_value_is_plain(reader);
}

enum clary_status clary_kserve_data_numbers(struct clary_reader *reader,
                                            const char **at, const char *end,
                                            struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_json *json = &request->json;
    const struct clary_kserve_input *input = &request->input;
    bool awaited = json->state == CLARY_JSON_VALUE ||
                   json->state == CLARY_JSON_VALUE_OR_CLOSE;
    if (!awaited || input->datatype == NULL ||
        input->datatype->kind != CLARY_KSERVE_REAL)
        return CLARY_OK;
    if (request->role == CLARY_KSERVE_ELEMENT_ROLE) {
        if (is_plain(reader, *at, end))
            clary_json_value_numbers(reader, at, end);
        return CLARY_OK;
    }
    if (request->role != CLARY_KSERVE_ROW_ROLE ||
        input->form == CLARY_KSERVE_NESTED)
        return CLARY_OK;
    while (json->state != CLARY_JSON_AFTER && *at < end &&
           clary_json_begins_number(**at)) {
        const char *before = *at;
        CLARY_TRY(begin_flat(reader, err));
        if (is_plain(reader, *at, end))
            clary_json_value_numbers(reader, at, end);
        if (*at == before)
            break;
        CLARY_TRY(end_flat(reader, err));
    }
    return CLARY_OK;
}

enum clary_status clary_kserve_data_end(struct clary_reader *reader,
                                        struct clary_error *err)
{
    const struct clary_kserve *request = reader->state;
    const struct clary_json_value *value = &request->json.value;
    const struct clary_kserve_input *input = &request->input;
    if (input->in_row)
        return clary_fail_at(err, CLARY_BAD_INPUT, value->row, 0,
                             "the data of the input \"%s\" ends behind %zu of "
                             "%zu values",
                             input->name, value->n, value->total);
    if (input->n_rows < input->dim[0])
        return fail_rows(input, "fewer", err);
    return CLARY_OK;
}
