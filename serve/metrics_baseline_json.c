/* metrics_baseline_json.c: clary/baseline.json, through cJSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_baseline_json.h"

#include <cJSON.h>
#include <math.h>

/* A bound; `otherwise` where there is none. */
static enum clary_status read_bound(const cJSON *column, const char *name,
                                    double otherwise, double *bound,
                                    struct clary_error *err)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(column, name);

    *bound = cJSON_IsNumber(item) ? cJSON_GetNumberValue(item) : otherwise;
    if (item == NULL || cJSON_IsNull(item) || cJSON_IsNumber(item))
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the baseline's column \"%s\" has a \"%s\" that is not "
                      "a number",
                      column->string, name);
}

static enum clary_status read_range(const cJSON *column, double *min,
                                    double *max, struct clary_error *err)
{
    if (!cJSON_IsObject(column))
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the baseline's column \"%s\" is not an object with "
                          "\"min\" and \"max\"",
                          column->string);
    CLARY_TRY(read_bound(column, "min", -(double)INFINITY, min, err));
    CLARY_TRY(read_bound(column, "max", (double)INFINITY, max, err));
    if (*min <= *max)
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the baseline's column \"%s\" has a \"min\" of %g above "
                      "its \"max\" of %g",
                      column->string, *min, *max);
}

static enum clary_status read_columns(const cJSON *root,
                                      baseline_visitor *visit, void *context,
                                      struct clary_error *err)
{
    const cJSON *column;
    double min, max;
    bool is_known = false;

    if (!cJSON_IsObject(root))
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the baseline is not a JSON object of columns");
    cJSON_ArrayForEach(column, root)
        CLARY_TRY(read_range(column, &min, &max, err));
    cJSON_ArrayForEach(column, root)
    {
        CLARY_TRY(read_range(column, &min, &max, err));
        is_known |= visit(context, column->string, min, max);
    }
    if (is_known || root->child == NULL)
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the baseline has no column of the model; its first is "
                      "\"%s\"",
                      root->child->string);
}

enum clary_status baseline_json_read(const char *text, size_t len,
                                     baseline_visitor *visit, void *context,
                                     struct clary_error *err)
{
    cJSON *root = cJSON_ParseWithLength(text, len);

    if (root == NULL)
        return clary_fail(err, CLARY_BAD_INPUT, "the baseline is not JSON");
    enum clary_status status = read_columns(root, visit, context, err);
    cJSON_Delete(root);
    return status;
}
