/* dots_avx2.h: what dense_tiles.h wants of four dot products, whose order of
 * summing leaves no use for more than 8 floats at a time: for the tables of
 * AVX2 and of AVX-512.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_DOTS_AVX2_H
#define CLARY_KERNEL_DOTS_AVX2_H

#include "kernel/kernel.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

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

/* Stores the first `count` floats, 1 to 4. */
static inline void store_few(float *y, four v, size_t count)
{
    if (count >= 4) {
        _mm_storeu_ps(y, v);
        return;
    }
    if (count & 2) {
        _mm_storel_pi((void *)y, v);
        v = _mm_movehl_ps(v, v);
        y += 2;
    }
    if (count & 1)
        _mm_store_ss(y, v);
}

/* `count` <= 4 dot products of k floats, x[d] by w[d]; w is padded to whole
 * vectors. Always inlined with a constant `count`. */
static inline __attribute__((always_inline)) four some_dots(
    const float *const *x, const float *const *w, size_t count, size_t k)
{
    static const int32_t ones_then_zeros[2 * CLARY_DOT_PARTS] = {
        -1, -1, -1, -1, -1, -1, -1, -1};
    const size_t rest = k % CLARY_DOT_PARTS;
    __m256 sum[4], half;
    size_t i = 0;

#pragma GCC unroll 4
    for (size_t d = 0; d < 4; d++)
        sum[d] = _mm256_setzero_ps();
    for (; i + CLARY_DOT_PARTS <= k; i += CLARY_DOT_PARTS)
#pragma GCC unroll 4
        for (size_t d = 0; d < count; d++)
            sum[d] = _mm256_fmadd_ps(_mm256_loadu_ps(x[d] + i),
                                     _mm256_loadu_ps(w[d] + i), sum[d]);
    if (rest > 0) {
        const __m256i mask = _mm256_loadu_si256(
            (const void *)(ones_then_zeros + CLARY_DOT_PARTS - rest));
#pragma GCC unroll 4
        for (size_t d = 0; d < count; d++)
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
    store_few(y, out, count);
}

#endif
