/* kserve_input.c: an input of an inference request, and where its rows go.
 *
 * An input may be
 *
 *     the model's only input, under any name       straight to the rows
 *     all columns of the model, under a name that
 *     is none of its own, as CSV has them          straight to the rows
 *     one of several inputs of the model           kept (json_columns.c)
 *     one column, by its name or as "x[3]"         kept
 *
 * "Any name", because a model of trees has no name for its columns as a whole,
 * and other servers of the protocol do not look at it either. The first
 * dimension is always that of the rows; behind it come those of the model's
 * input, or one for all its elements; one element needs none.
 *
 * A datatype says which values may be there. They are read in the type that
 * the model's input has, whatever the datatype.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/kserve_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct clary_kserve_datatype datatypes[] = {
    {"FP32", CLARY_KSERVE_REAL, 0, 0},
    {"FP64", CLARY_KSERVE_REAL, 0, 0},
    {"FP16", CLARY_KSERVE_REAL, 0, 0},
    {"INT8", CLARY_KSERVE_INTEGER, INT8_MIN, INT8_MAX},
    {"INT16", CLARY_KSERVE_INTEGER, INT16_MIN, INT16_MAX},
    {"INT32", CLARY_KSERVE_INTEGER, INT32_MIN, INT32_MAX},
    {"INT64", CLARY_KSERVE_INTEGER, INT64_MIN, INT64_MAX},
    {"UINT8", CLARY_KSERVE_INTEGER, 0, UINT8_MAX},
    {"UINT16", CLARY_KSERVE_INTEGER, 0, UINT16_MAX},
    {"UINT32", CLARY_KSERVE_INTEGER, 0, UINT32_MAX},
    {"UINT64", CLARY_KSERVE_INTEGER, 0, INT64_MAX},
    {"BOOL", CLARY_KSERVE_BOOL, 0, 1},
};

enum {
    N_DATATYPES = sizeof datatypes / sizeof datatypes[0],
    SHAPE_BYTES = 128
};

enum clary_status clary_kserve_datatype(struct clary_reader *reader,
                                        const char *text, size_t len,
                                        struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    char name[CLARY_CELL_QUOTE_BYTES];
    for (size_t i = 0; i < N_DATATYPES; i++)
        if (strlen(datatypes[i].name) == len &&
            memcmp(text, datatypes[i].name, len) == 0) {
            request->input.datatype = &datatypes[i];
            return CLARY_OK;
        }
    if (len == 5 && memcmp(text, "BYTES", 5) == 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the datatype BYTES (text) is not supported: the "
                          "model's inputs are numbers");
    return clary_fail(err, CLARY_BAD_INPUT,
                      "\"%s\" is no datatype of the Open Inference Protocol; "
                      "FP32, FP64, INT64 and BOOL are some",
                      clary_cell_quote(text, len, name));
}

enum clary_status clary_kserve_dimension(struct clary_reader *reader,
                                         const char *text, size_t len,
                                         struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_kserve_input *input = &request->input;
    char quote[CLARY_CELL_QUOTE_BYTES];
    int64_t number;
    if (clary_parse_int64(text, len, &number) != CLARY_NUMBER_OK || number < 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "\"shape\" must hold whole numbers, found \"%s\"",
                          clary_cell_quote(text, len, quote));
    if (input->rank == CLARY_KSERVE_RANK)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "\"shape\" has more than %d dimensions",
                          CLARY_KSERVE_RANK);
    input->dim[input->rank++] = (uint64_t)number;
    return CLARY_OK;
}

enum clary_status clary_kserve_name(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    struct clary_kserve_input *input = &request->input;
    const struct clary_json_name *name;
    clary_cell_quote(text, len, input->name);
    CLARY_TRY(clary_json_find(reader, text, len, &name, err));
    if (name == NULL)
        return clary_json_find_element(reader, text, len, &input->field,
                                       &input->element, err);
    input->field = name->field;
    input->element = name->element;
    return CLARY_OK;
}

const char *clary_kserve_shape(const struct clary_kserve_input *input,
                               char *text, size_t text_bytes)
{
    size_t used = (size_t)snprintf(text, text_bytes, "(");
    for (size_t i = 0; i < input->rank && used < text_bytes; i++)
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%" PRIu64,
                                 i > 0 ? ", " : "", input->dim[i]);
    if (used < text_bytes)
        snprintf(text + used, text_bytes - used, ")");
    return text;
}

/* Whether the input's shape is that of rows of `shape`, `width` elements. */
static bool has_shape(const struct clary_kserve_input *input,
                      const struct clary_shape *shape, size_t width)
{
    bool same = input->rank == shape->rank + 1, ones = true;
    for (size_t i = 1; i < input->rank; i++) {
        same = same && input->dim[i] == (uint64_t)shape->dim[i - 1];
        ones = ones && input->dim[i] == 1;
    }
    return same || (input->rank == 2 && input->dim[1] == width) ||
           (width == 1 && ones && input->rank > 0);
}

static enum clary_status check_shape(const struct clary_kserve_input *input,
                                     const struct clary_shape *shape,
                                     size_t width, struct clary_error *err)
{
    char found[SHAPE_BYTES], expected[SHAPE_BYTES];
    if (!has_shape(input, shape, width)) {
        clary_shape_print(shape, expected, sizeof expected);
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the input \"%s\" has the shape %s, expected the "
                          "rows and %s",
                          input->name,
                          clary_kserve_shape(input, found, sizeof found),
                          shape->rank == 0 ? "no more, or (1)" : expected);
    }
    if (input->dim[0] == 0)
        return clary_fail(err, CLARY_BAD_INPUT, "the input \"%s\" has no rows",
                          input->name);
    return CLARY_OK;
}

/* Fractions are no integers, and no rounding is asked for. */
static enum clary_status check_datatype(const struct clary_kserve_input *input,
                                        const struct clary_field *field,
                                        struct clary_error *err)
{
    if (input->datatype->kind != CLARY_KSERVE_REAL ||
        clary_cell_is_real(field->dtype))
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the input \"%s\" has the datatype %s, expected the "
                      "model's own, %s",
                      input->name, input->datatype->name,
                      clary_dtype_name(field->dtype));
}

/* It has all columns: nothing may come before it or behind it. */
static enum clary_status place_whole(struct clary_reader *reader,
                                     struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    const struct clary_json *json = &request->json;
    const struct clary_kserve_input *input = &request->input;
    const struct clary_rows *rows = reader->rows;
    if (request->n_inputs > 1 ||
        (rows->n_fields > 1 &&
         !has_shape(input, &json->row_shape, json->n_columns)))
        return clary_json_fail_unknown(reader, input->name, strlen(input->name),
                                       "inputs", err);
    CLARY_TRY(check_shape(input, &json->row_shape, json->n_columns, err));
    if (rows->n_fields == 1)
        CLARY_TRY(check_datatype(input, rows->fields, err));
    request->is_whole = true;
    return CLARY_OK;
}

/* Whether an input, or the element, is there already. */
static bool is_there(const struct clary_json *json,
                     const struct clary_field *field, size_t f, size_t element)
{
    const struct clary_json_column *columns = json->columns;
    if (columns[f].seen)
        return true;
    if (element != CLARY_JSON_WHOLE)
        return columns[clary_json_columns_at(json, f, element)].seen;
    for (size_t i = 0; i < field->width; i++)
        if (columns[clary_json_columns_at(json, f, i)].seen)
            return true;
    return false;
}

/* It is one of several. */
static enum clary_status place_part(struct clary_reader *reader,
                                    struct clary_error *err)
{
    static const struct clary_shape scalar = {.rank = 0};
    struct clary_kserve *request = reader->state;
    struct clary_json *json = &request->json;
    const struct clary_kserve_input *input = &request->input;
    const struct clary_field *field = &reader->rows->fields[input->field];
    bool is_element = input->element != CLARY_JSON_WHOLE;
    if (json->columns == NULL)
        CLARY_TRY(clary_json_columns_begin(reader, true, err));
    if (is_there(json, field, input->field, input->element))
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the input \"%s\" is there twice", input->name);
    if (field->width == 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the input \"%s\" has no elements; leave it out",
                          input->name);
    CLARY_TRY(check_shape(input, is_element ? &scalar : &field->shape,
                          is_element ? 1 : field->width, err));
    CLARY_TRY(check_datatype(input, field, err));
    json->column = clary_json_columns_at(json, input->field, input->element);
    json->columns[json->column].seen = true;
    return CLARY_OK;
}

enum clary_status clary_kserve_place(struct clary_reader *reader,
                                     struct clary_error *err)
{
    struct clary_kserve *request = reader->state;
    const struct clary_kserve_input *input = &request->input;
    const struct clary_rows *rows = reader->rows;
    if (request->is_whole)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the input \"%s\" is one too many: the one before it "
                          "has all columns",
                          input->name);
    bool is_whole =
        input->field == rows->n_fields ||
        (rows->n_fields == 1 &&
         (input->element == CLARY_JSON_WHOLE || request->json.n_columns == 1));
    return is_whole ? place_whole(reader, err) : place_part(reader, err);
}
