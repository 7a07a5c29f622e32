/* forest_rows.c: the values of rows as ranks among a forest's thresholds.
 *
 * Source by source: its thresholds stay in the nearest cache while all rows
 * search them. The search has no branches on data, and four rows search side
 * by side, since each step of one waits for the step before.
 *
 * A missing value has the key MISSING, above all others, so that it ranks
 * above all thresholds and goes right; columns in which it goes left ask for
 * it.
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

#include <math.h>

enum { LANES = 4 };

#define MISSING INT64_MAX

/* What a source says of a block of rows. */
struct ranked {
    int64_t key[CLARY_BLEND_ROWS]; /* of categories the code */
    uint32_t rank[CLARY_BLEND_ROWS];
};

/* --- keys ----------------------------------------------------------------- */

/* What LightGBM takes for zero: a float, widened. */
static inline bool is_zero(double x)
{
    return fabs(x) <= (double)1e-35F;
}

static inline int64_t key_of(const struct forest_source *source, double x)
{
    if (isnan(x))
        return source->missing == CLARY_MISSING_NONE ? forest_key(0) : MISSING;
    if (source->missing == CLARY_MISSING_ZERO && is_zero(x))
        return MISSING;
    return forest_key(x);
}

/* The code, -1 for what is in no set. -0.5 is 0 to LightGBM, which casts, and
 * negative to XGBoost, which compares first. */
static inline int64_t code_of(const struct forest_source *source, double x,
                              bool truncates)
{
    if (isnan(x) || (source->missing == CLARY_MISSING_ZERO && is_zero(x)))
        return MISSING;
    return (truncates ? x > -1 : x >= 0) && x < 0x1p31 ? (int64_t)x : -1;
}

static inline int64_t read_key(const struct forest_ranks *ranks,
                               const struct forest_source *source, double x)
{
    return source->is_category
               ? code_of(source, x, ranks->dtype == CLARY_DTYPE_F64)
               : key_of(source, x);
}

static void read_keys(const struct forest_ranks *ranks,
                      const struct forest_source *source, const void *x,
                      size_t rows, int64_t *key)
{
    const size_t n = ranks->n_features;
    const float *x32 = (const float *)x + source->feature;
    const double *x64 = (const double *)x + source->feature;

    if (ranks->dtype == CLARY_DTYPE_F32)
        for (size_t r = 0; r < rows; r++)
            key[r] = read_key(ranks, source, (double)x32[r * n]);
    else
        for (size_t r = 0; r < rows; r++)
            key[r] = read_key(ranks, source, x64[r * n]);
}

/* --- ranks ---------------------------------------------------------------- */

/* rank[l] = how many of n ascending thresholds are below key[l]. */
static inline __attribute__((always_inline)) void search(
    const int64_t *thresholds, size_t n, const int64_t *key, size_t lanes,
    uint32_t *rank)
{
    const int64_t *at[LANES];

#pragma GCC unroll 4
    for (size_t l = 0; l < lanes; l++)
        at[l] = thresholds;
    while (n > 1) {
        const size_t half = n / 2;

#pragma GCC unroll 4
        for (size_t l = 0; l < lanes; l++)
            at[l] += half & (0 - (size_t)(at[l][half - 1] < key[l]));
        n -= half;
    }
#pragma GCC unroll 4
    for (size_t l = 0; l < lanes; l++)
        rank[l] = (uint32_t)(at[l] - thresholds) + (n > 0 && *at[l] < key[l]);
}

/* Of a code that has `rank` codes below it; one that no set holds has the rank
 * CATEGORY_RIGHT. */
static inline uint32_t rank_code(const struct forest_source *source,
                                 int64_t code, uint32_t rank)
{
    return rank < source->n_thresholds && source->thresholds[rank] == code
               ? rank + CATEGORY_FIRST
               : CATEGORY_RIGHT;
}

static void rank_rows(const struct forest_ranks *ranks,
                      const struct forest_source *source, const void *x,
                      size_t rows, struct ranked *out)
{
    const int64_t *thresholds = source->thresholds;
    const size_t n = source->n_thresholds;
    size_t r = 0;

    read_keys(ranks, source, x, rows, out->key);
    for (; r + LANES <= rows; r += LANES)
        search(thresholds, n, out->key + r, LANES, out->rank + r);
    for (; r < rows; r++)
        search(thresholds, n, out->key + r, 1, out->rank + r);
    for (r = 0; source->is_category && r < rows; r++)
        out->rank[r] = rank_code(source, out->key[r], out->rank[r]);
}

/* --- columns -------------------------------------------------------------- */

/* The rank in a column whose ranks end at `highest`. */
static inline uint32_t in_column(const struct forest_column *column,
                                 uint32_t rank, uint32_t highest)
{
    const uint32_t own = rank > column->base ? rank - column->base : 0;

    return own < highest ? own : highest;
}

/* One row: no arrays, source by source. */
static void rank_walk_row(const struct forest_ranks *ranks, const void *x,
                          uint16_t *walk)
{
    const struct forest_columns *columns = &ranks->walk;

    for (size_t s = 0; s < ranks->n_sources; s++) {
        const struct forest_source *source = &ranks->sources[s];
        const double value = ranks->dtype == CLARY_DTYPE_F32
                                 ? (double)((const float *)x)[source->feature]
                                 : ((const double *)x)[source->feature];
        const int64_t key = read_key(ranks, source, value);
        const size_t end = columns->first[s + 1];
        uint32_t rank;

        search(source->thresholds, source->n_thresholds, &key, 1, &rank);
        if (source->is_category)
            rank = rank_code(source, key, rank);
        for (size_t c = columns->first[s]; c < end; c++) {
            walk[c] =
                (uint16_t)in_column(&columns->all[c], rank, WALK_RANK_MAX);
            if (key == MISSING && columns->all[c].missing_left)
                walk[c] = source->is_category ? CATEGORY_LEFT : 0;
        }
    }
}

void clary_forest_rank_walk(const struct forest_ranks *ranks, const void *x,
                            size_t rows, uint16_t *walk)
{
    const struct forest_columns *columns = &ranks->walk;
    const size_t n = columns->n;
    struct ranked ranked;

    if (rows == 1) {
        rank_walk_row(ranks, x, walk);
        return;
    }
    for (size_t s = 0; s < ranks->n_sources; s++) {
        const struct forest_source *source = &ranks->sources[s];
        const size_t end = columns->first[s + 1];
        const uint16_t left = source->is_category ? CATEGORY_LEFT : 0;

        rank_rows(ranks, source, x, rows, &ranked);
        for (size_t c = columns->first[s]; c < end; c++) {
            const struct forest_column column = columns->all[c];
            uint16_t *out = walk + c;

            for (size_t r = 0; r < rows; r++)
                out[r * n] =
                    (uint16_t)in_column(&column, ranked.rank[r], WALK_RANK_MAX);
            for (size_t r = 0; column.missing_left && r < rows; r++)
                if (ranked.key[r] == MISSING)
                    out[r * n] = left;
        }
    }
}

void clary_forest_rank_blend(const struct forest_ranks *ranks, const void *x,
                             size_t rows, int8_t *blend)
{
    const struct forest_columns *columns = &ranks->blend;
    struct ranked ranked;

    for (size_t s = 0; s < ranks->n_sources; s++) {
        const size_t end = columns->first[s + 1];

        if (columns->first[s] == end)
            continue;
        rank_rows(ranks, &ranks->sources[s], x, rows, &ranked);
        for (size_t c = columns->first[s]; c < end; c++) {
            const struct forest_column column = columns->all[c];
            int8_t *out = blend + c * CLARY_BLEND_ROWS;

            for (size_t r = 0; r < rows; r++)
                out[r] = (int8_t)((int)in_column(&column, ranked.rank[r],
                                                 BLEND_RANK_MAX) -
                                  128);
            for (size_t r = 0; column.missing_left && r < rows; r++)
                if (ranked.key[r] == MISSING)
                    out[r] = -128;
        }
    }
}
