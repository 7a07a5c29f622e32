/* kernel_avx2.c: the kernels for x86-64 with AVX2 and FMA.
 *
 * Intrinsics, static functions and the table, nothing else: this file is
 * compiled with flags that other objects must not get. Specification:
 * kernel_scalar.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/dots_avx2.h"
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
typedef __m256 mask;

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
    if (count >= 4) {
        _mm_storeu_ps(y, low);
        low = _mm256_extractf128_ps(v, 1);
        y += 4;
        count -= 4;
    }
    if (count > 0)
        store_few(y, low, (size_t)count);
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

static inline mask unordered(vector v, vector w)
{
    return _mm256_cmp_ps(v, w, _CMP_UNORD_Q);
}

static inline mask either(mask m, mask n)
{
    return _mm256_or_ps(m, n);
}

static inline bool any(mask m)
{
    return _mm256_movemask_ps(m) != 0;
}

static inline vector one_nan(vector v)
{
    return _mm256_blendv_ps(
        v, _mm256_castsi256_ps(_mm256_set1_epi32(0x7fc00000)), unordered(v, v));
}

#include "kernel/dense_tiles.h"

const struct clary_kernels clary_kernels_avx2 = {
    "avx2", dense, clary_blend_avx2, clary_maps_avx2, &clary_cells_avx2};
