/* kernel_math_avx2.c: the elementwise functions for x86-64 with AVX2 and FMA:
 * those of activations.h, eight floats at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

enum { WIDTH = 8 };

typedef __m256 vector;
typedef uint32_t ivector __attribute__((vector_size(32)));

static inline vector load(const float *p)
{
    return _mm256_loadu_ps(p);
}

static inline void store(float *p, vector v)
{
    _mm256_storeu_ps(p, v);
}

static inline vector splat(float f)
{
    return _mm256_set1_ps(f);
}

static inline ivector isplat(uint32_t i)
{
    return (ivector)_mm256_set1_epi32((int32_t)i);
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
    return _mm256_cvtepi32_ps((__m256i)i);
}

static inline ivector shift_right(ivector i, int n)
{
    return (ivector)_mm256_srai_epi32((__m256i)i, n);
}

static inline vector fma_to(vector a, vector b, vector c)
{
    return _mm256_fmadd_ps(a, b, c);
}

static inline ivector less(vector a, vector b)
{
    return (ivector)_mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

static inline vector choose(ivector m, vector a, vector b)
{
    return _mm256_blendv_ps(b, a, (vector)m);
}

#include "kernel/activations.h"

clary_map *const clary_maps_avx2[CLARY_FUNCTIONS] = MAPS;
