/* report_json.c: the --json output, through cJSON: small documents for
 * programs. Counts are JSON numbers, exact up to 2^53.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report_json.h"

#include "columns.h"

#include <cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints and frees. cJSON's functions take NULL, so that one missing piece of
 * memory makes the document shorter, not the program crash; `root` NULL and a
 * failing print are what is reported. */
static bool print(cJSON *root)
{
    char *text = root != NULL ? cJSON_Print(root) : NULL;

    cJSON_Delete(root);
    if (text == NULL)
        return false;
    puts(text);
    cJSON_free(text);
    return true;
}

static void add_count(cJSON *object, const char *name, size_t count)
{
    cJSON_AddNumberToObject(object, name, (double)count);
}

bool report_json_error(const struct clary_error *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *error = cJSON_AddObjectToObject(root, "error");

    cJSON_AddStringToObject(error, "status", clary_status_name(err->status));
    cJSON_AddStringToObject(error, "message", err->message);
    if (err->row > 0)
        add_count(error, "row", err->row);
    if (err->column > 0)
        add_count(error, "column", err->column);
    return print(root);
}

static void add_fields(cJSON *object, const char *name,
                       const struct clary_field *fields, size_t n_fields)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);

    for (size_t i = 0; i < n_fields; i++) {
        cJSON *field = cJSON_CreateObject();
        cJSON_AddStringToObject(field, "name", fields[i].name);
        cJSON_AddStringToObject(field, "dtype",
                                clary_dtype_name(fields[i].dtype));
        cJSON *shape = cJSON_AddArrayToObject(field, "row_shape");
        for (size_t d = 0; d < fields[i].shape.rank; d++)
            cJSON_AddItemToArray(
                shape, cJSON_CreateNumber((double)fields[i].shape.dim[d]));
        add_count(field, "columns", fields[i].width);
        cJSON_AddItemToArray(list, field);
    }
}

static void add_signature(cJSON *root, const struct clary_signature *signature)
{
    cJSON *object = cJSON_AddObjectToObject(root, "signature");
    char name[COLUMN_NAME_BYTES];

    cJSON_AddStringToObject(object, "name", signature->name);
    add_fields(object, "inputs", signature->inputs, signature->n_inputs);
    add_fields(object, "outputs", signature->outputs, signature->n_outputs);
    cJSON *columns = cJSON_AddArrayToObject(object, "csv_columns");
    for (size_t i = 0; i < signature->n_inputs; i++)
        for (size_t k = 0; k < signature->inputs[i].width; k++)
            cJSON_AddItemToArray(columns, cJSON_CreateString(column_name(
                                              &signature->inputs[i], k, name)));
}

static void add_ops(cJSON *root, const struct clary_model *model, size_t n_ops)
{
    cJSON *list = cJSON_AddArrayToObject(root, "ops");
    struct clary_op_info op;

    for (size_t i = 0; i < n_ops; i++) {
        cJSON *object = cJSON_CreateObject();
        clary_model_op_info(model, i, &op);
        cJSON_AddStringToObject(object, "kind", op.kind);
        cJSON_AddStringToObject(object, "name", op.name);
        cJSON_AddStringToObject(object, "details", op.details);
        add_count(object, "parameters", op.n_parameters);
        cJSON_AddItemToArray(list, object);
    }
}

static bool is_number(const char *text)
{
    char *end;

    strtod(text, &end);
    return strchr("-0123456789", text[0]) != NULL && *end == '\0' && end > text;
}

static void add_facts(cJSON *root, const struct clary_model *model)
{
    size_t n;
    const struct clary_fact *facts = clary_model_facts(model, &n);
    cJSON *object = cJSON_AddObjectToObject(root, "facts");

    for (size_t i = 0; i < n; i++)
        if (is_number(facts[i].value))
            cJSON_AddRawToObject(object, facts[i].name, facts[i].value);
        else
            cJSON_AddStringToObject(object, facts[i].name, facts[i].value);
}

static void add_trees(cJSON *root, const struct clary_model *model)
{
    struct clary_trees_info trees;

    if (!clary_model_trees(model, &trees))
        return;
    cJSON *object = cJSON_AddObjectToObject(root, "trees");
    add_count(object, "trees", trees.n_trees);
    add_count(object, "depth", trees.depth);
    add_count(object, "leaves", trees.n_leaves);
    add_count(object, "splits", trees.n_splits);
    add_count(object, "columns_used", trees.n_columns_used);
    cJSON *missing = cJSON_AddObjectToObject(object, "columns_missing");
    add_count(missing, "nan", trees.n_missing_nan);
    add_count(missing, "nan_or_zero", trees.n_missing_zero);
    add_count(missing, "nothing", trees.n_missing_none);
}

static void add_explanations(cJSON *root, const struct clary_model *model)
{
    const struct clary_field *contributions;
    struct clary_error err;

    if (clary_model_contributions(model, &contributions, &err) == CLARY_OK) {
        add_count(root, "contributions", contributions->width);
        return;
    }
    add_count(root, "contributions", 0);
    cJSON_AddStringToObject(root, "not_explained", err.message);
}

static void add_categories(cJSON *list, const struct clary_field *field,
                           size_t element, size_t column)
{
    const struct clary_categories *categories = field->categories[element];
    char name[COLUMN_NAME_BYTES];
    cJSON *object = cJSON_CreateObject();

    add_count(object, "column", column);
    cJSON_AddStringToObject(object, "name", column_name(field, element, name));
    cJSON *values = cJSON_AddArrayToObject(object, "values");
    for (size_t c = 0; c < categories->n; c++) {
        const char *text = categories->list[c].text;
        cJSON_AddItemToArray(values, text != NULL ? cJSON_CreateString(text)
                                                  : cJSON_CreateNull());
    }
    cJSON_AddBoolToObject(object, "takes_codes", categories->takes_codes);
    cJSON_AddStringToObject(object, "unknown",
                            categories->unknown_is_missing ? "missing"
                                                           : "refused");
    cJSON_AddItemToArray(list, object);
}

static void add_all_categories(cJSON *root,
                               const struct clary_signature *signature)
{
    cJSON *list = cJSON_AddArrayToObject(root, "categories");
    size_t column = 0;

    for (size_t f = 0; f < signature->n_inputs; f++) {
        const struct clary_field *field = &signature->inputs[f];
        for (size_t i = 0; field->categories != NULL && i < field->width; i++)
            if (field->categories[i] != NULL)
                add_categories(list, field, i, column + i + 1);
        column += field->width;
    }
}

static void add_notes(cJSON *root, const char *notes)
{
    cJSON *list = cJSON_AddArrayToObject(root, "notes");

    while (*notes != '\0') {
        char line[512];
        size_t len = strcspn(notes, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, notes);
        if (len > 0)
            cJSON_AddItemToArray(list, cJSON_CreateString(line));
        notes += len + (notes[len] == '\n');
    }
}

static void add_identity(cJSON *root, const struct clary_model_info *info)
{
    cJSON_AddStringToObject(root, "name", info->name);
    cJSON_AddNumberToObject(root, "version", (double)info->version);
    cJSON_AddStringToObject(root, "format", info->format);
    cJSON_AddStringToObject(root, "sha256", info->sha256);
}

bool report_json_model(const struct clary_model *model)
{
    struct clary_model_info info;
    cJSON *root = cJSON_CreateObject();

    clary_model_info(model, &info);
    add_identity(root, &info);
    cJSON_AddStringToObject(root, "framework", info.framework);
    cJSON_AddStringToObject(root, "style", info.style);
    add_count(root, "bytes", info.artifact_bytes);
    add_count(root, "files", info.n_files);
    add_signature(root, clary_model_signature(model));
    add_facts(root, model);
    add_trees(root, model);
    add_explanations(root, model);
    add_all_categories(root, clary_model_signature(model));
    add_ops(root, model, info.n_ops);
    add_count(root, "graph_nodes", info.n_nodes);
    add_count(root, "parameters", info.n_parameters);
    add_count(root, "scratch_bytes_per_row", info.scratch_bytes_per_row);
    add_count(root, "block_rows", info.block_rows);
    add_notes(root, info.notes);
    return print(root);
}

/* JSON has no infinity: null. */
static void add_real(cJSON *object, const char *name, double value)
{
    if (isfinite(value))
        cJSON_AddNumberToObject(object, name, value);
    else
        cJSON_AddNullToObject(object, name);
}

static void add_extreme(cJSON *root, const char *name,
                        const struct golden_extreme *extreme)
{
    if (extreme->row == 0) {
        cJSON_AddNullToObject(root, name);
        return;
    }
    cJSON *object = cJSON_AddObjectToObject(root, name);
    add_real(object, "difference", extreme->difference);
    add_real(object, "want", extreme->want);
    add_real(object, "got", extreme->got);
    add_count(object, "row", extreme->row);
    add_count(object, "output_column", extreme->column);
}

bool report_json_check(const struct clary_model *model,
                       const struct golden_result *result)
{
    struct clary_model_info info;
    cJSON *root = cJSON_CreateObject();

    clary_model_info(model, &info);
    cJSON_AddBoolToObject(root, "ok", result == NULL || result->n_outside == 0);
    add_identity(root, &info);
    if (result != NULL) {
        add_count(root, "rows", result->n_rows);
        add_count(root, "values", result->n_values);
        add_count(root, "values_outside", result->n_outside);
        cJSON_AddNumberToObject(root, "tolerance", result->tolerance);
        add_extreme(root, "largest_absolute", &result->absolute);
        add_extreme(root, "largest_relative", &result->relative);
    } else {
        add_count(root, "rows", 0);
    }
    return print(root);
}
