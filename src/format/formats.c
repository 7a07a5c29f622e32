/* formats.c: THE table of formats.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/format.h"

#include <stdio.h>
#include <string.h>

static const struct clary_format *const formats[] = {
    &clary_format_savedmodel,
    &clary_format_lightgbm, /* before xgboost, which takes any pickle */
    &clary_format_xgboost,
};

#define EXPECTED                                                               \
    "expected a TensorFlow SavedModel (1/saved_model.pb), an XGBoost model "   \
    "(xgboost-model) or a LightGBM text model (model.txt)"

/* The first paths of an artifact, for a message. */
static void list_files(const struct clary_artifact *artifact, char *text,
                       size_t text_bytes)
{
    size_t used = 0, i;

    text[0] = '\0';
    for (i = 0; i < artifact->n_files && i < 5; i++) {
        int n = snprintf(text + used, text_bytes - used, "%s%s", i ? ", " : "",
                         artifact->files[i].path);

        if (n < 0 || (size_t)n >= text_bytes - used)
            return;
        used += (size_t)n;
    }
    if (i < artifact->n_files)
        (void)snprintf(text + used, text_bytes - used, " and %zu more",
                       artifact->n_files - i);
}

/* Formats whose container would serve any model, so that nothing tells which
 * of two is meant. */
static enum clary_status check_alone(const struct clary_artifact *artifact,
                                     struct clary_error *err)
{
    const struct clary_format *first = NULL;
    const struct clary_file *file = NULL;

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        const struct clary_file *other =
            formats[i]->model != NULL ? formats[i]->model(artifact) : NULL;

        if (other == NULL)
            continue;
        if (first != NULL)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "the artifact holds models of two kinds, "
                              "\"%.100s\" (%s) and \"%.100s\" (%s); one kind "
                              "is served",
                              file->path, first->name, other->path,
                              formats[i]->name);
        first = formats[i];
        file = other;
    }
    return CLARY_OK;
}

enum clary_status clary_format_detect(const struct clary_artifact *artifact,
                                      const struct clary_format **format,
                                      struct clary_error *err)
{
    char found[240];
    size_t i;

    for (i = 0; i < sizeof formats / sizeof *formats; i++) {
        if (formats[i]->probe(artifact)) {
            *format = formats[i];
            return formats[i]->model != NULL ? check_alone(artifact, err)
                                             : CLARY_OK;
        }
    }
    if (artifact->n_files == 0)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "no model found: the artifact is empty; " EXPECTED);
    list_files(artifact, found, sizeof found);
    return clary_fail(err, CLARY_BAD_MODEL,
                      "no model found among %s; " EXPECTED, found);
}
