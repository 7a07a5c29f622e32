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
