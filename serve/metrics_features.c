/* metrics_features.c: names, ranges and counters of a model's columns.
 *
 * Odd values are rare, so threads may share counters now and then: there are
 * STRIPES copies, and adding is atomic.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_features.h"

#include "columns.h"
#include "golden.h"
#include "metrics_baseline_json.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRIPES = 8, KINDS = 3 };

enum kind { MISSING, OUT_OF_RANGE, UNPARSABLE };

struct name {
    char text[COLUMN_NAME_BYTES];
};

struct features {
    size_t n;
    struct name *names; /* (n), as the golden file has them, else columns.h */
    bool *are_codes;    /* (n): of categories, which have no range */
    float *min, *max;   /* (n) */
    struct clary_ranges ranges;
    atomic_uint_least64_t *counts; /* (STRIPES, n, KINDS) */
};

bool features_fit(const struct clary_model *model)
{
    return clary_model_signature(model)->n_columns <= FEATURES_MAX;
}

static void name_columns(struct features *features,
                         const struct clary_signature *signature)
{
    size_t column = 0;

    for (size_t f = 0; f < signature->n_inputs; f++)
        for (size_t i = 0; i < signature->inputs[f].width; i++, column++) {
            const struct clary_field *field = &signature->inputs[f];
            column_name(field, i, features->names[column].text);
            features->are_codes[column] =
                field->categories != NULL && field->categories[i] != NULL;
        }
}

struct features *features_new(const struct clary_model *model)
{
    const struct clary_signature *signature = clary_model_signature(model);
    struct features *features = calloc(1, sizeof *features);
    size_t n = signature->n_columns;

    if (features == NULL)
        return NULL;
    features->n = n;
    features->names = calloc(n + 1, sizeof *features->names);
    features->are_codes = calloc(n + 1, sizeof *features->are_codes);
    features->min = calloc(n + 1, sizeof *features->min);
    features->max = calloc(n + 1, sizeof *features->max);
    features->counts = calloc(STRIPES * n + 1, KINDS * sizeof(uint64_t));
    if (features->names == NULL || features->are_codes == NULL ||
        features->min == NULL || features->max == NULL ||
        features->counts == NULL) {
        features_free(features);
        return NULL;
    }
    features->ranges = (struct clary_ranges){features->min, features->max};
    for (size_t i = 0; i < n; i++) {
        features->min[i] = -INFINITY;
        features->max[i] = INFINITY;
    }
    name_columns(features, signature);
    return features;
}

void features_free(struct features *features)
{
    if (features == NULL)
        return;
    free(features->names);
    free(features->are_codes);
    free(features->min);
    free(features->max);
    free(features->counts);
    free(features);
}

/* --- what training has seen ---------------------------------------------- */

/* The nearest float32 that is not above, or not below. */
static float round_down(double value)
{
    float nearest = (float)value;
    return (double)nearest > value ? nextafterf(nearest, -INFINITY) : nearest;
}

static float round_up(double value)
{
    float nearest = (float)value;
    return (double)nearest < value ? nextafterf(nearest, INFINITY) : nearest;
}

/* golden_visitor.name */
static void take_name(void *context, size_t column, const char *name,
                      size_t len)
{
    struct features *features = context;

    if (len > 0)
        snprintf(features->names[column].text, COLUMN_NAME_BYTES, "%.*s",
                 (int)(len < COLUMN_NAME_BYTES ? len : COLUMN_NAME_BYTES),
                 name);
}

/* golden_visitor.value: a first value makes the range, others widen it. */
static void take_value(void *context, size_t column, double value)
{
    struct features *features = context;
    float *min = &features->min[column], *max = &features->max[column];

    if (isnan(value) || features->are_codes[column])
        return;
    if (!features_has_range(features, column)) {
        *min = INFINITY;
        *max = -INFINITY;
    }
    *min = fminf(*min, round_down(value));
    *max = fmaxf(*max, round_up(value));
}

static void ignore_value(void *context, size_t column, double value)
{
    (void)context;
    (void)column;
    (void)value;
}

/* A baseline that is read. */
struct learning {
    struct features *features;
    const struct clary_signature *signature;
};

/* baseline_json_read's visitor */
static bool take_range(void *context, const char *name, double min, double max)
{
    const struct learning *learning = context;
    struct features *features = learning->features;
    size_t i = 0;

    while (i < features->n && strcmp(features->names[i].text, name) != 0)
        i++;
    if (i == features->n)
        i = clary_signature_column(learning->signature, name, strlen(name));
    if (i < features->n && !features->are_codes[i]) {
        features->min[i] = round_down(min);
        features->max[i] = round_up(max);
    }
    return i < features->n;
}

enum clary_status features_learn(struct features *features,
                                 const struct clary_model *model,
                                 struct clary_error *err)
{
    const char *golden, *baseline;
    size_t golden_len, baseline_len;
    bool has_baseline =
        clary_model_file(model, BASELINE_PATH, &baseline, &baseline_len) != 0;
    const struct golden_visitor visitor = {
        features, take_name, has_baseline ? ignore_value : take_value};
    struct learning learning = {features, clary_model_signature(model)};

    if (clary_model_file(model, GOLDEN_PATH, &golden, &golden_len))
        golden_walk(golden, golden_len, features->n, &visitor);
    if (!has_baseline)
        return CLARY_OK;
    return baseline_json_read(baseline, baseline_len, take_range, &learning,
                              err);
}

/* --- numbers ------------------------------------------------------------- */

size_t features_count(const struct features *features)
{
    return features->n;
}

const char *features_name(const struct features *features, size_t index)
{
    return features->names[index].text;
}

bool features_has_range(const struct features *features, size_t index)
{
    return features->min[index] > -INFINITY || features->max[index] < INFINITY;
}

const struct clary_ranges *features_ranges(const struct features *features)
{
    return &features->ranges;
}

static void add(struct features *features, size_t thread, size_t feature,
                enum kind kind, uint64_t amount)
{
    size_t cell = (thread % STRIPES * features->n + feature) * KINDS;

    if (amount > 0)
        atomic_fetch_add_explicit(&features->counts[cell + (size_t)kind],
                                  amount, memory_order_relaxed);
}

void features_add(struct features *features, size_t thread,
                  const struct clary_column_counts *counts, size_t feature)
{
    for (size_t i = 0; counts != NULL && i < features->n; i++) {
        add(features, thread, i, MISSING, counts[i].n_missing);
        add(features, thread, i, OUT_OF_RANGE, counts[i].n_outside);
    }
    if (feature > 0 && feature <= features->n)
        add(features, thread, feature - 1, UNPARSABLE, 1);
}

static uint64_t sum(const struct features *features, size_t feature,
                    enum kind kind)
{
    uint64_t total = 0;

    for (size_t stripe = 0; stripe < STRIPES; stripe++) {
        size_t cell = (stripe * features->n + feature) * KINDS + (size_t)kind;
        total +=
            atomic_load_explicit(&features->counts[cell], memory_order_relaxed);
    }
    return total;
}

void features_read(const struct features *features, size_t index,
                   struct feature_counts *counts)
{
    counts->missing = sum(features, index, MISSING);
    counts->out_of_range = sum(features, index, OUT_OF_RANGE);
    counts->unparsable = sum(features, index, UNPARSABLE);
}
