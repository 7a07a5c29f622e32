/* kserve_json.c: small documents, through cJSON.
 *
 * cJSON's functions take NULL, so that a missing piece of memory makes a
 * document shorter, not the program crash; printing it then mostly fails too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kserve_json.h"

#include "data/kserve.h"

#include <clary/clary.h>

#include <cJSON.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

static char *print(cJSON *root)
{
    char *text = root != NULL ? cJSON_PrintUnformatted(root) : NULL;

    cJSON_Delete(root);
    return text;
}

char *kserve_json_server(void)
{
    cJSON *root = cJSON_CreateObject();

    cJSON_AddStringToObject(root, "name", "clary");
    cJSON_AddStringToObject(root, "version", CLARY_VERSION);
    cJSON_AddArrayToObject(root, "extensions");
    return print(root);
}

char *kserve_json_ready(const struct registry_model *model)
{
    cJSON *root = cJSON_CreateObject();

    cJSON_AddStringToObject(root, "name", model->info.name);
    cJSON_AddTrueToObject(root, "ready");
    return print(root);
}

/* "TensorFlow SavedModel" is tensorflow_savedmodel in the protocol. */
static void add_platform(cJSON *root, const char *format)
{
    char platform[64];
    size_t n = 0;

    for (; n < sizeof platform - 1 && format[n] != '\0'; n++) {
        unsigned char c = (unsigned char)format[n];
        platform[n] = (char)(isalnum(c) ? tolower(c) : '_');
    }
    platform[n] = '\0';
    cJSON_AddStringToObject(root, "platform", platform);
}

/* The dimension of the rows is any, -1. */
static void add_fields(cJSON *root, const char *name,
                       const struct clary_field *fields, size_t n_fields)
{
    cJSON *list = cJSON_AddArrayToObject(root, name);

    for (size_t i = 0; i < n_fields; i++) {
        cJSON *field = cJSON_CreateObject();
        cJSON_AddStringToObject(field, "name", fields[i].name);
        cJSON_AddStringToObject(field, "datatype",
                                clary_kserve_datatype_name(fields[i].dtype));
        cJSON *shape = cJSON_AddArrayToObject(field, "shape");
        cJSON_AddItemToArray(shape, cJSON_CreateNumber(-1));
        for (size_t d = 0; d < fields[i].shape.rank; d++)
            cJSON_AddItemToArray(
                shape, cJSON_CreateNumber((double)fields[i].shape.dim[d]));
        cJSON_AddItemToArray(list, field);
    }
}

char *kserve_json_model(const struct registry_model *model)
{
    const struct clary_signature *signature =
        clary_model_signature(model->model);
    cJSON *root = cJSON_CreateObject();
    char version[24];

    snprintf(version, sizeof version, "%" PRId64, model->info.version);
    cJSON_AddStringToObject(root, "name", model->info.name);
    cJSON *versions = cJSON_AddArrayToObject(root, "versions");
    cJSON_AddItemToArray(versions, cJSON_CreateString(version));
    add_platform(root, model->info.format);
    add_fields(root, "inputs", signature->inputs, signature->n_inputs);
    add_fields(root, "outputs", signature->outputs, signature->n_outputs);
    return print(root);
}
