/* kernel_math_neon.c: the elementwise functions for arm64:
 * those of activations.h, four floats at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

enum { WIDTH = 4 };

typedef float32x4_t vector;
typedef uint32_t ivector __attribute__((vector_size(16)));

static inline vector load(const float *p)
{
    return vld1q_f32(p);
}

static inline void store(float *p, vector v)
{
    vst1q_f32(p, v);
}

static inline vector splat(float f)
{
    return vdupq_n_f32(f);
}

static inline ivector isplat(uint32_t i)
{
    return (ivector)vdupq_n_u32(i);
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
    return vcvtq_f32_s32((int32x4_t)i);
}

static inline ivector shift_right(ivector i, int n)
{
    return (ivector)vshlq_s32((int32x4_t)i, vdupq_n_s32(-n));
}

static inline vector fma_to(vector a, vector b, vector c)
{
    return vfmaq_f32(c, a, b);
}

static inline ivector less(vector a, vector b)
{
    return (ivector)vcltq_f32(a, b);
}

static inline vector choose(ivector m, vector a, vector b)
{
    return vbslq_f32((uint32x4_t)m, a, b);
}

#include "kernel/activations.h"

clary_map *const clary_maps_neon[CLARY_FUNCTIONS] = MAPS;
