/* kernel_avx2.c: the kernels for x86-64 with AVX2 and FMA.
 *
 * Intrinsics, static functions and the table, nothing else: this file is
 * compiled with flags that other objects must not get. Specification:
 * kernel_scalar.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

/* A tile is `rows` rows by `vectors` times 8 columns. Its sums stay in
 * registers while i runs from 0 to k-1, so the order of a sum is the same in
 * every tile. 6 rows by 2 vectors are 12 sums, 2 weights and 1 broadcast of
 * the 16 registers, and 12 independent FMAs hide the latency of each
 * (4 cycles, 2 a cycle). Fewer rows take more panels at once for the same
 * reason. */
enum {
    WIDTH = 8, /* floats of a vector */
    PER_PANEL = CLARY_PANEL / WIDTH,
    TILE_ROWS = 6,
    NARROW_ROWS = 12, /* when 8 columns or fewer are left */
    MAX_VECTORS = 8,
    MAX_SUMS = 12,             /* rows * vectors of any tile */
    BLOCK_ROWS = 8 * TILE_ROWS /* rows whose x stays in the L1 or L2 cache
                                * while the panels pass by */
};

/* What does not change inside one call of dense_panels. */
struct job {
    const struct clary_dense *w;
    __m256 floor;
};

/* NaNs become the one of the specification. They are rare: one branch for the
 * tile, and one comparison for two vectors. */
static inline __attribute__((always_inline)) void make_nans_one(__m256 *sum,
                                                                size_t count)
{
    const __m256 nan = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000));
    __m256 found = _mm256_setzero_ps();

#pragma GCC unroll 6
    for (size_t s = 0; s < count; s += 2)
        found = _mm256_or_ps(
            found, _mm256_cmp_ps(sum[s], sum[s + 1 < count ? s + 1 : s],
                                 _CMP_UNORD_Q));
    if (_mm256_movemask_ps(found) == 0)
        return;
#pragma GCC unroll 12
    for (size_t s = 0; s < count; s++)
        sum[s] = _mm256_blendv_ps(sum[s], nan,
                                  _mm256_cmp_ps(sum[s], sum[s], _CMP_UNORD_Q));
}

/* Stores the first `count` floats of v, all of them from 8 on. (VMASKMOVPS is
 * microcode on several CPUs.) */
static inline void store_some(float *y, __m256 v, ptrdiff_t count)
{
    __m128 low = _mm256_castps256_ps128(v);

    if (count >= WIDTH) {
        _mm256_storeu_ps(y, v);
        return;
    }
    if (count <= 0)
        return;
    if (count & 4) {
        _mm_storeu_ps(y, low);
        low = _mm256_extractf128_ps(v, 1);
        y += 4;
    }
    if (count & 2) {
        _mm_storel_pi((void *)y, low);
        low = _mm_movehl_ps(low, low);
        y += 2;
    }
    if (count & 1)
        _mm_store_ss(y, low);
}

/* y (rows, columns) of w->n columns a row, from column `first` on: columns <=
 * vectors * 8. Always inlined with constant `rows` and `vectors`, so that the
 * array of sums becomes registers. */
static inline __attribute__((always_inline)) void tile(const struct job *job,
                                                       size_t rows,
                                                       size_t vectors,
                                                       size_t first,
                                                       const float *x, float *y)
{
    const struct clary_dense *w = job->w;
    const size_t k = w->k, n = w->n;
    const size_t panel_floats = k * CLARY_PANEL;
    const float *panel = w->panels + first * k;
    __m256 sum[MAX_SUMS];

#pragma GCC unroll 12
    for (size_t s = 0; s < rows * vectors; s++)
        sum[s] = _mm256_load_ps(w->bias + first + s % vectors * WIDTH);

    for (size_t i = 0; i < k; i++) {
        __m256 weight[MAX_VECTORS];
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++)
            weight[v] = _mm256_load_ps(panel + v / PER_PANEL * panel_floats +
                                       i * CLARY_PANEL + v % PER_PANEL * WIDTH);
#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r++) {
            __m256 xi = _mm256_broadcast_ss(x + r * k + i);
#pragma GCC unroll 8
            for (size_t v = 0; v < vectors; v++)
                sum[r * vectors + v] =
                    _mm256_fmadd_ps(xi, weight[v], sum[r * vectors + v]);
        }
    }

    make_nans_one(sum, rows * vectors);
    y += first;
#pragma GCC unroll 12
    for (size_t s = 0; s < rows * vectors; s++) {
        /* MAXPS returns its second operand when one is a NaN or both are
         * zeros. */
        __m256 out = _mm256_max_ps(job->floor, sum[s]);
        const size_t column = s % vectors * WIDTH;
        float *place = y + s / vectors * n + column;

        if (first + vectors * WIDTH <= n)
            _mm256_storeu_ps(place, out);
        else
            store_some(place, out, (ptrdiff_t)(n - first - column));
    }
}

/* Tiles side by side from column `first` on, while they end at or before
 * `end`. Returns the column after the last one. */
static inline __attribute__((always_inline)) size_t tiles_across(
    const struct job *job, size_t rows, size_t vectors, size_t first,
    size_t end, const float *x, float *y)
{
    for (; first + vectors * WIDTH <= end; first += vectors * WIDTH)
        tile(job, rows, vectors, first, x, y);
    return first;
}

/* Columns 0 .. end-1, `end` a multiple of 16, of any number of rows. */
static void wide_columns(const struct job *job, size_t rows, size_t end,
                         const float *x, float *y)
{
    const size_t k = job->w->k, n = job->w->n;
    const size_t tiled = rows - rows % TILE_ROWS;
    size_t first = 0;

    for (size_t column = 0; column < end; column += CLARY_PANEL)
        for (size_t r = 0; r < tiled; r += TILE_ROWS)
            tile(job, TILE_ROWS, PER_PANEL, column, x + r * k, y + r * n);

    x += tiled * k;
    y += tiled * n;
    switch (rows - tiled) {
    case 1:
        first = tiles_across(job, 1, 8, first, end, x, y);
        first = tiles_across(job, 1, 4, first, end, x, y);
        tiles_across(job, 1, 2, first, end, x, y);
        break;
    case 2:
        first = tiles_across(job, 2, 4, first, end, x, y);
        tiles_across(job, 2, 2, first, end, x, y);
        break;
    case 3:
        tiles_across(job, 3, 2, first, end, x, y);
        break;
    case 4:
        tiles_across(job, 4, 2, first, end, x, y);
        break;
    case 5:
        tiles_across(job, 5, 2, first, end, x, y);
        break;
    }
}

/* The last 1 to 8 columns, from `first` on: half a panel, so twice the rows. */
static void narrow_columns(const struct job *job, size_t rows, size_t first,
                           const float *x, float *y)
{
    const size_t k = job->w->k, n = job->w->n;
    size_t r = 0;

    for (; r + NARROW_ROWS <= rows; r += NARROW_ROWS)
        tile(job, NARROW_ROWS, 1, first, x + r * k, y + r * n);
    if (r + 6 <= rows) {
        tile(job, 6, 1, first, x + r * k, y + r * n);
        r += 6;
    }
    if (r + 3 <= rows) {
        tile(job, 3, 1, first, x + r * k, y + r * n);
        r += 3;
    }
    for (; r < rows; r++)
        tile(job, 1, 1, first, x + r * k, y + r * n);
}

/* n > 4 */
static void dense_panels(const struct clary_dense *w, const float *x,
                         size_t rows, float *y)
{
    const struct job job = {w, _mm256_set1_ps(w->floor)};
    const size_t left = w->n % CLARY_PANEL;
    const bool is_narrow = left > 0 && left <= WIDTH;
    const size_t n_panels =
        w->n / CLARY_PANEL + (left > 0 && !is_narrow ? 1 : 0);

    for (size_t r = 0; r < rows; r += BLOCK_ROWS) {
        size_t block = rows - r < BLOCK_ROWS ? rows - r : BLOCK_ROWS;

        wide_columns(&job, block, n_panels * CLARY_PANEL, x + r * w->k,
                     y + r * w->n);
        if (is_narrow)
            narrow_columns(&job, block, n_panels * CLARY_PANEL, x + r * w->k,
                           y + r * w->n);
    }
}

/* Four dot products of k floats, x[d] by w[d]; w is padded to whole vectors. */
static inline __attribute__((always_inline)) __m128 four_dots(
    const float *const x[4], const float *const w[4], size_t k)
{
    static const int32_t ones_then_zeros[2 * WIDTH] = {-1, -1, -1, -1,
                                                       -1, -1, -1, -1};
    const size_t rest = k % WIDTH;
    __m256 sum[4], half;
    size_t i = 0;

#pragma GCC unroll 4
    for (size_t d = 0; d < 4; d++)
        sum[d] = _mm256_setzero_ps();
    for (; i + WIDTH <= k; i += WIDTH)
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; d++)
            sum[d] = _mm256_fmadd_ps(_mm256_loadu_ps(x[d] + i),
                                     _mm256_loadu_ps(w[d] + i), sum[d]);
    if (rest > 0) {
        const __m256i mask =
            _mm256_loadu_si256((const void *)(ones_then_zeros + WIDTH - rest));
#pragma GCC unroll 4
        for (size_t d = 0; d < 4; d++)
            sum[d] = _mm256_fmadd_ps(_mm256_maskload_ps(x[d] + i, mask),
                                     _mm256_loadu_ps(w[d] + i), sum[d]);
    }
    half = _mm256_hadd_ps(_mm256_hadd_ps(sum[0], sum[1]),
                          _mm256_hadd_ps(sum[2], sum[3]));
    return _mm_add_ps(_mm256_castps256_ps128(half),
                      _mm256_extractf128_ps(half, 1));
}

/* Bias, NaN and floor of four dot products; stores the first `count`. */
static inline void finish_dots(__m128 dots, __m128 bias, float floor,
                               size_t count, float *y)
{
    const __m128 nan = _mm_castsi128_ps(_mm_set1_epi32(0x7fc00000));
    __m128 out = _mm_add_ps(bias, dots);

    out = _mm_blendv_ps(out, nan, _mm_cmpunord_ps(out, out));
    out = _mm_max_ps(_mm_set1_ps(floor), out);
    store_some(y, _mm256_castps128_ps256(out), (ptrdiff_t)count);
}

/* n <= 4: one column of four rows at a time, or all columns of one row. Where
 * there are fewer than four, the last stands in for the others. */
static void dense_dots(const struct clary_dense *w, const float *x, size_t rows,
                       float *y)
{
    const size_t k = w->k, n = w->n;
    const size_t height = (k + WIDTH - 1) / WIDTH * WIDTH;
    const float *const c = w->panels;
    const float *const columns[4] = {c, c + (n > 1 ? 1 : 0) * height,
                                     c + (n > 2 ? 2 : n - 1) * height,
                                     c + (n - 1) * height};
    const float *const same[4] = {c, c, c, c};

    if (n == 1) {
        const __m128 bias = _mm_set1_ps(w->bias[0]);

        for (size_t r = 0; r < rows; r += 4) {
            const size_t last = rows - r < 4 ? rows - r - 1 : 3;
            const float *const row = x + r * k;
            const float *const four[4] = {row, row + (last > 1 ? 1 : last) * k,
                                          row + (last > 2 ? 2 : last) * k,
                                          row + last * k};

            finish_dots(four_dots(four, same, k), bias, w->floor, last + 1,
                        y + r);
        }
        return;
    }
    for (size_t r = 0; r < rows; r++) {
        const float *const row = x + r * k;
        const float *const four[4] = {row, row, row, row};

        finish_dots(four_dots(four, columns, k), _mm_load_ps(w->bias), w->floor,
                    n, y + r * n);
    }
}

static void dense(const struct clary_dense *w, const float *x, size_t rows,
                  float *y)
{
    if (w->n > CLARY_DOT_COLUMNS)
        dense_panels(w, x, rows, y);
    else if (w->n > 0)
        dense_dots(w, x, rows, y);
}

const struct clary_kernels clary_kernels_avx2 = {"avx2", dense,
                                                 clary_blend_avx2};
