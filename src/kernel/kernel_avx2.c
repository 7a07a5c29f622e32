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
#include <stddef.h>
#include <stdint.h>

enum {
    WIDTH = 8, /* floats of a vector */
    /* by 2 vectors: 12 sums, 2 weights and 1 x of the 16 registers; an FMA
     * takes 4 cycles, 2 a cycle */
    TILE_ROWS = 6
};

typedef __m256 vector;

static inline vector load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline vector load_aligned(const float *p)
{
    return _mm256_load_ps(p);
}

static inline void store(float *p, vector v)
{
    _mm256_storeu_ps(p, v);
}

/* Stores the first `count` floats of v, all of them from 8 on. (VMASKMOVPS is
 * microcode on several CPUs.) */
static inline void store_some(float *y, vector v, ptrdiff_t count)
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

static inline vector repeat(const float *p)
{
    return _mm256_broadcast_ss(p);
}

static inline vector fma_to(vector a, vector b, vector c)
{
    return _mm256_fmadd_ps(a, b, c);
}

/* MAXPS returns its second operand when one is a NaN or both are zeros. */
static inline vector at_least(vector floor, vector v)
{
    return _mm256_max_ps(floor, v);
}

static inline vector unordered(vector v, vector w)
{
    return _mm256_cmp_ps(v, w, _CMP_UNORD_Q);
}

static inline vector either(vector m, vector n)
{
    return _mm256_or_ps(m, n);
}

static inline bool any(vector m)
{
    return _mm256_movemask_ps(m) != 0;
}

static inline vector one_nan(vector v)
{
    return _mm256_blendv_ps(
        v, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000)), unordered(v, v));
}

/* Four floats: bias, or results of dot products. */
typedef __m128 four;

static inline four load_four(const float *p)
{
    return _mm_load_ps(p);
}

static inline four repeat_four(const float *p)
{
    return _mm_set1_ps(*p);
}

/* Four dot products of k floats, x[d] by w[d]; w is padded to whole vectors. */
static inline __attribute__((always_inline)) four four_dots(
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
static inline void finish_dots(four dots, four bias, float floor, size_t count,
                               float *y)
{
    const __m128 nan = _mm_castsi128_ps(_mm_set1_epi32(0x7fc00000));
    __m128 out = _mm_add_ps(bias, dots);

    out = _mm_blendv_ps(out, nan, _mm_cmpunord_ps(out, out));
    out = _mm_max_ps(_mm_set1_ps(floor), out);
    store_some(y, _mm256_castps128_ps256(out), (ptrdiff_t)count);
}

#include "kernel/dense_tiles.h"

const struct clary_kernels clary_kernels_avx2 = {
    "avx2", dense, clary_blend_avx2, clary_maps_avx2, &clary_cells_avx2};
