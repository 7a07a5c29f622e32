/* kernel_avx512.c: the kernels for x86-64 with AVX-512.
 *
 * Intrinsics, static functions and the table, nothing else: this file is
 * compiled with flags that other objects must not get. Specification:
 * kernel_scalar.c. What is bytes and eight cells at a time is AVX2's: forests,
 * and numbers from text.
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
    WIDTH = 16, /* floats of a vector: a whole panel */
    /* by 1 vector: 12 sums of the 32 registers, each x read by its FMA; an FMA
     * takes 4 cycles, 2 a cycle */
    TILE_ROWS = 12
};

typedef __m512 vector;
typedef __mmask16 mask;

static inline vector load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline vector load_aligned(const float *p)
{
    return _mm512_load_ps(p);
}

static inline void store(float *p, vector v)
{
    _mm512_storeu_ps(p, v);
}

/* Stores the first `count` floats of v, all of them from 16 on. */
static inline void store_some(float *y, vector v, ptrdiff_t count)
{
    if (count >= WIDTH)
        _mm512_storeu_ps(y, v);
    else if (count > 0)
        _mm512_mask_storeu_ps(y, (mask)((1U << count) - 1), v);
}

static inline vector repeat(const float *p)
{
    return _mm512_set1_ps(*p);
}

static inline vector fma_to(vector a, vector b, vector c)
{
    return _mm512_fmadd_ps(a, b, c);
}

/* MAXPS returns its second operand when one is a NaN or both are zeros. */
static inline vector at_least(vector floor, vector v)
{
    return _mm512_max_ps(floor, v);
}

static inline mask unordered(vector v, vector w)
{
    return _mm512_cmp_ps_mask(v, w, _CMP_UNORD_Q);
}

static inline mask either(mask m, mask n)
{
    return _kor_mask16(m, n);
}

static inline bool any(mask m)
{
    return m != 0;
}

static inline vector one_nan(vector v)
{
    return _mm512_mask_blend_ps(
        unordered(v, v), v, _mm512_castsi512_ps(_mm512_set1_epi32(0x7fc00000)));
}

#include "kernel/dense_tiles.h"

const struct clary_kernels clary_kernels_avx512 = {
    "avx512", dense, clary_blend_avx2, clary_maps_avx512, &clary_cells_avx512};
