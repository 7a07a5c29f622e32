/* forest_sums.c: the values of leaves added up to margins, in the order that
 * forest.h states, in the forest's own type.
 *
 * A sum is kept in a register over the trees that one call adds: by way of
 * memory each addition would wait some seven cycles more for the one before.
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

#include <math.h>

void clary_forest_sums_begin(const struct clary_forest *forest, size_t rows,
                             void *sums)
{
    for (size_t i = 0; i < rows * forest->n_groups; i++) {
        const double base =
            forest->base_first ? forest->base[i % forest->n_groups] : 0;

        if (forest->dtype == CLARY_DTYPE_F32)
            ((float *)sums)[i] = (float)base;
        else
            ((double *)sums)[i] = base;
    }
}

void clary_forest_sums_finish(const struct clary_forest *forest, size_t rows,
                              void *sums)
{
    float *sums32 = sums;
    double *sums64 = sums;

    if (forest->base_first && forest->divisor == 0)
        return;
    for (size_t i = 0; i < rows * forest->n_groups; i++) {
        const double base = forest->base[i % forest->n_groups];

        if (forest->dtype == CLARY_DTYPE_F32) {
            if (!forest->base_first)
                sums32[i] += (float)base;
            if (forest->divisor != 0)
                sums32[i] /= (float)forest->divisor;
        } else {
            if (!forest->base_first)
                sums64[i] += base;
            if (forest->divisor != 0)
                sums64[i] /= forest->divisor;
        }
    }
}

/* --- walked: some trees of one row, some rows of one tree ------------------
 */

/* The model of a leaf, or the leaf's own value where a feature is missing. */
static double linear_value(const struct forest_params *params,
                           const struct forest_tree *tree, uint32_t at,
                           const double *x)
{
    const struct clary_forest *forest = &params->forest;
    const uint32_t leaf = params->layout.leaves[at];
    const struct clary_linear_leaf *linear = &forest->linear[leaf];
    double value = linear->constant;

    for (size_t i = 0; i < linear->n_features; i++) {
        const double xi = x[linear->features[i]];

        if (isnan(xi)) {
            value = forest->leaves[leaf];
            break;
        }
        value += linear->coefficients[i] * xi;
    }
    return forest->weights ? value * forest->weights[tree->index] : value;
}

/* The trees' own order: groups come one after another. */
static void add_trees_f32(const struct forest_params *params,
                          const struct forest_tree *tree, size_t n,
                          const uint32_t *at, float *sums)
{
    const float *const values = params->layout.values;

    if (n == WALK_LANES && tree[0].group == tree[WALK_LANES - 1].group) {
        float sum = sums[tree->group];

#pragma GCC unroll 8
        for (size_t t = 0; t < WALK_LANES; t++)
            sum += values[at[t]];
        sums[tree->group] = sum;
        return;
    }
    for (size_t t = 0; t < n; t++)
        sums[tree[t].group] += values[at[t]];
}

static void add_trees_f64(const struct forest_params *params,
                          const struct forest_tree *tree, size_t n,
                          const uint32_t *at, const double *x, double *sums)
{
    const double *const values = params->layout.values;

    if (n == WALK_LANES && tree[0].group == tree[WALK_LANES - 1].group &&
        !params->layout.leaves) {
        double sum = sums[tree->group];

#pragma GCC unroll 8
        for (size_t t = 0; t < WALK_LANES; t++)
            sum += values[at[t]];
        sums[tree->group] = sum;
        return;
    }
    for (size_t t = 0; t < n; t++)
        sums[tree[t].group] += params->layout.leaves
                                   ? linear_value(params, tree + t, at[t], x)
                                   : values[at[t]];
}

void clary_forest_sums_add_trees(const struct forest_params *params,
                                 size_t first, size_t n, const uint32_t *at,
                                 const void *x, void *sums)
{
    const struct forest_tree *tree = &params->layout.trees[first];

    if (params->forest.dtype == CLARY_DTYPE_F32)
        add_trees_f32(params, tree, n, at, sums);
    else
        add_trees_f64(params, tree, n, at, x, sums);
}

void clary_forest_sums_add_rows(const struct forest_params *params, size_t t,
                                size_t n, const uint32_t *at, const void *x,
                                void *sums)
{
    const struct clary_forest *forest = &params->forest;
    const struct forest_tree *tree = &params->layout.trees[t];
    const size_t step = forest->n_groups;
    const double *row = x;
    float *sums32 = (float *)sums + tree->group;
    double *sums64 = (double *)sums + tree->group;

    if (forest->dtype == CLARY_DTYPE_F32)
        for (size_t l = 0; l < n; l++)
            sums32[l * step] += ((const float *)params->layout.values)[at[l]];
    else if (!params->layout.leaves)
        for (size_t l = 0; l < n; l++)
            sums64[l * step] += ((const double *)params->layout.values)[at[l]];
    else
        for (size_t l = 0; l < n; l++, row += forest->n_features)
            sums64[l * step] += linear_value(params, tree, at[l], row);
}

/* --- blended: all rows, up to four trees ---------------------------------- */

/* `n` is labels->n, a constant where it can be; `step` from row to row. */
static inline __attribute__((always_inline)) void add_labels_f32(
    const struct forest_labels *labels, size_t n, size_t rows, size_t step,
    float *sums)
{
    const float *values[FOREST_TOGETHER];

    for (size_t t = 0; t < n; t++)
        values[t] = labels->values[t];
    for (size_t r = 0; r < rows; r++) {
        const uint8_t *label = labels->labels + r;
        float sum = sums[r * step];

#pragma GCC unroll 4
        for (size_t t = 0; t < n; t++)
            sum += values[t][label[t * CLARY_BLEND_ROWS]];
        sums[r * step] = sum;
    }
}

static inline __attribute__((always_inline)) void add_labels_f64(
    const struct forest_labels *labels, size_t n, size_t rows, size_t step,
    double *sums)
{
    const double *values[FOREST_TOGETHER];

    for (size_t t = 0; t < n; t++)
        values[t] = labels->values[t];
    for (size_t r = 0; r < rows; r++) {
        const uint8_t *label = labels->labels + r;
        double sum = sums[r * step];

#pragma GCC unroll 4
        for (size_t t = 0; t < n; t++)
            sum += values[t][label[t * CLARY_BLEND_ROWS]];
        sums[r * step] = sum;
    }
}

void clary_forest_sums_add_labels(const struct clary_forest *forest,
                                  const struct forest_labels *labels,
                                  size_t group, size_t rows, void *sums)
{
    const size_t step = forest->n_groups;
    const bool is_full = labels->n == FOREST_TOGETHER;

    if (forest->dtype == CLARY_DTYPE_F32) {
        if (is_full)
            add_labels_f32(labels, FOREST_TOGETHER, rows, step,
                           (float *)sums + group);
        else
            add_labels_f32(labels, labels->n, rows, step,
                           (float *)sums + group);
    } else {
        if (is_full)
            add_labels_f64(labels, FOREST_TOGETHER, rows, step,
                           (double *)sums + group);
        else
            add_labels_f64(labels, labels->n, rows, step,
                           (double *)sums + group);
    }
}
