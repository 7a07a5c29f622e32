/* kernel_math_avx512.c: the elementwise functions for x86-64 with AVX-512:
 * those of activations.h, sixteen floats at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { WIDTH = 16 };

typedef __m512 vector;
typedef uint32_t ivector __attribute__((vector_size(64)));

static inline vector load(const float *p)
{
    return _mm512_loadu_ps(p);
}

static inline void store(float *p, vector v)
{
    _mm512_storeu_ps(p, v);
}

static inline vector splat(float f)
{
    return _mm512_set1_ps(f);
}

static inline ivector isplat(uint32_t i)
{
    return (ivector)_mm512_set1_epi32((int32_t)i);
}

static inline ivector as_int(vector v)
{
    return (ivector)v;
}

static inline vector as_float(ivector i)
{
    return (vector)i;
}

static inline vector float_of(ivector i)
{
    return _mm512_cvtepi32_ps((__m512i)i);
}

static inline ivector shift_right(ivector i, int n)
{
    return (ivector)_mm512_srai_epi32((__m512i)i, (unsigned)n);
}

static inline vector fma_to(vector a, vector b, vector c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline ivector less(vector a, vector b)
{
    return (ivector)_mm512_movm_epi32(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ));
}

static inline vector choose(ivector m, vector a, vector b)
{
    return _mm512_mask_blend_ps(_mm512_movepi32_mask((__m512i)m), b, a);
}

#include "kernel/activations.h"

clary_map *const clary_maps_avx512[CLARY_FUNCTIONS] = MAPS;
