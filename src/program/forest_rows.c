/* forest_rows.c: the values of rows as ranks among a forest's thresholds.
 *
 * Source by source: its thresholds stay in the nearest cache while all rows
 * search them. The search has no branches on data, and four rows search side
 * by side, since each step of one waits for the step before.
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

#include <math.h>

enum { LANES = 4, MISSING = -1 };

/* Feature `feature` of each row, exactly. */
static void read_values(const struct forest_ranks *ranks, const void *x,
                        size_t rows, size_t feature, double *values)
{
    const size_t n = ranks->n_features;
    const float *x32 = (const float *)x + feature;
    const double *x64 = (const double *)x + feature;

    if (ranks->dtype == CLARY_DTYPE_F32)
        for (size_t r = 0; r < rows; r++)
            values[r] = (double)x32[r * n];
    else
        for (size_t r = 0; r < rows; r++)
            values[r] = x64[r * n];
}

/* What LightGBM takes for zero: a float, widened. */
static bool is_missing(double x, uint8_t missing)
{
    switch (missing) {
    case CLARY_MISSING_NAN:
        return isnan(x);
    case CLARY_MISSING_ZERO:
        return !(fabs(x) > (double)1e-35F);
    default:
        return false;
    }
}

/* rank[l] = how many of n > 0 ascending thresholds are below key[l]. */
static inline __attribute__((always_inline)) void search(
    const int64_t *thresholds, size_t n, const int64_t *key, size_t lanes,
    int32_t *rank)
{
    const int64_t *at[LANES];

#pragma GCC unroll 4
    for (size_t l = 0; l < lanes; l++)
        at[l] = thresholds;
    while (n > 1) {
        const size_t half = n / 2;

#pragma GCC unroll 4
        for (size_t l = 0; l < lanes; l++)
            at[l] += at[l][half - 1] < key[l] ? half : 0;
        n -= half;
    }
#pragma GCC unroll 4
    for (size_t l = 0; l < lanes; l++)
        rank[l] = (int32_t)(at[l] - thresholds) + (*at[l] < key[l]);
}

static void rank_numbers(const struct forest_source *source,
                         const double *values, size_t rows, int32_t *rank)
{
    const int64_t *thresholds = source->thresholds;
    const size_t n = source->n_thresholds;
    int64_t key[CLARY_BLEND_ROWS];
    size_t r = 0;

    for (size_t i = 0; i < rows; i++)
        key[i] = forest_key(isnan(values[i]) ? 0 : values[i]);
    for (; r + LANES <= rows; r += LANES)
        search(thresholds, n, key + r, LANES, rank + r);
    for (; r < rows; r++)
        search(thresholds, n, key + r, 1, rank + r);
    for (size_t i = 0; i < rows; i++)
        rank[i] = is_missing(values[i], source->missing) ? MISSING : rank[i];
}

/* Of codes that no set holds CATEGORY_RIGHT. */
static void rank_categories(const struct forest_ranks *ranks,
                            const struct forest_source *source,
                            const double *values, size_t rows, int32_t *rank)
{
    const bool truncates = ranks->dtype == CLARY_DTYPE_F64; /* -0.5 to 0 */

    for (size_t r = 0; r < rows; r++) {
        const double x = values[r];
        int64_t code;

        rank[r] = CATEGORY_RIGHT;
        if (isnan(x) || is_missing(x, source->missing)) {
            rank[r] = MISSING;
            continue;
        }
        if (!(truncates ? x > -1 : x >= 0) || !(x < 0x1p31) ||
            source->n_thresholds == 0)
            continue;
        code = (int64_t)x;
        search(source->thresholds, source->n_thresholds, &code, 1, &rank[r]);
        if ((size_t)rank[r] < source->n_thresholds &&
            source->thresholds[rank[r]] == code)
            rank[r] += CATEGORY_FIRST;
        else
            rank[r] = CATEGORY_RIGHT;
    }
}

static void rank_source(const struct forest_ranks *ranks,
                        const struct forest_source *source, const void *x,
                        size_t rows, int32_t *rank)
{
    double values[CLARY_BLEND_ROWS];

    read_values(ranks, x, rows, source->feature, values);
    if (source->is_category)
        rank_categories(ranks, source, values, rows, rank);
    else
        rank_numbers(source, values, rows, rank);
}

/* The rank in a column whose ranks end at `highest`. */
static inline int32_t in_column(const struct forest_column *column,
                                int32_t rank, int32_t highest,
                                int32_t missing_left, int32_t missing_right)
{
    const int32_t missing = column->missing_left ? missing_left : missing_right;
    int32_t own = rank - (int32_t)column->base;

    own = own < 0 ? 0 : own;
    own = own > highest ? highest : own;
    return rank == MISSING ? missing : own;
}

void clary_forest_rank_walk(const struct forest_ranks *ranks, const void *x,
                            size_t rows, uint16_t *walk)
{
    const struct forest_columns *columns = &ranks->walk;
    int32_t rank[CLARY_BLEND_ROWS];

    for (size_t s = 0; s < ranks->n_sources; s++) {
        const bool is_category = ranks->sources[s].is_category;

        rank_source(ranks, &ranks->sources[s], x, rows, rank);
        for (size_t c = columns->first[s]; c < columns->first[s + 1]; c++)
            for (size_t r = 0; r < rows; r++)
                walk[r * columns->n + c] = (uint16_t)in_column(
                    &columns->all[c], rank[r], WALK_RANK_MAX,
                    is_category ? CATEGORY_LEFT : 0,
                    is_category ? CATEGORY_RIGHT : WALK_RANK_MAX);
    }
}

void clary_forest_rank_blend(const struct forest_ranks *ranks, const void *x,
                             size_t rows, int8_t *blend)
{
    const struct forest_columns *columns = &ranks->blend;
    int32_t rank[CLARY_BLEND_ROWS];

    for (size_t s = 0; s < ranks->n_sources; s++) {
        if (columns->first[s] == columns->first[s + 1])
            continue;
        rank_source(ranks, &ranks->sources[s], x, rows, rank);
        for (size_t c = columns->first[s]; c < columns->first[s + 1]; c++)
            for (size_t r = 0; r < rows; r++)
                blend[c * CLARY_BLEND_ROWS + r] =
                    (int8_t)(in_column(&columns->all[c], rank[r],
                                       BLEND_RANK_MAX, 0, BLEND_RANK_MAX) -
                             128);
    }
}
