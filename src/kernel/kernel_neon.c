/* kernel_neon.c: the kernels for arm64, all of whose CPUs have NEON and FMA.
 *
 * Intrinsics, static functions and the table, nothing else. Specification:
 * kernel_scalar.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <arm_neon.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WIDTH = 4, /* floats of a vector */
    /* by 4 vectors: 20 sums, 4 weights and 5 x of the 32 registers */
    TILE_ROWS = 5
};

typedef float32x4_t vector;
typedef uint32x4_t mask;

static inline vector load(const float *p)
{
    return vld1q_f32(p);
}

static inline vector load_aligned(const float *p)
{
    return vld1q_f32(p);
}

static inline void store(float *p, vector v)
{
    vst1q_f32(p, v);
}

/* Stores the first `count` floats of v, all of them from 4 on. */
static inline void store_some(float *y, vector v, ptrdiff_t count)
{
    float32x2_t low = vget_low_f32(v);

    if (count >= WIDTH) {
        vst1q_f32(y, v);
        return;
    }
    if (count <= 0)
        return;
    if (count & 2) {
        vst1_f32(y, low);
        low = vget_high_f32(v);
        y += 2;
    }
    if (count & 1)
        vst1_lane_f32(y, low, 0);
}

static inline vector repeat(const float *p)
{
    return vld1q_dup_f32(p);
}

static inline vector fma_to(vector a, vector b, vector c)
{
    return vfmaq_f32(c, a, b);
}

/* Not FMAX, which takes 0.0 for larger than -0.0. */
static inline vector at_least(vector floor, vector v)
{
    return vbslq_f32(vcltq_f32(v, floor), floor, v);
}

static inline mask is_nan(vector v)
{
    return vmvnq_u32(vceqq_f32(v, v));
}

static inline mask unordered(vector v, vector w)
{
    return vorrq_u32(is_nan(v), is_nan(w));
}

static inline mask either(mask m, mask n)
{
    return vorrq_u32(m, n);
}

static inline bool any(mask m)
{
    return vmaxvq_u32(m) != 0;
}

static inline vector one_nan(vector v)
{
    return vbslq_f32(is_nan(v), vreinterpretq_f32_u32(vdupq_n_u32(0x7fc00000)),
                     v);
}

/* Four floats: bias, or results of dot products. */
typedef vector four;

static inline four load_four(const float *p)
{
    return vld1q_f32(p);
}

static inline four repeat_four(const float *p)
{
    return vld1q_dup_f32(p);
}

/* The eight parts of `count` <= 4 dot products of k floats, x[d] by w[d]; w is
 * padded to whole groups of eight. Always inlined with a constant `count`. */
static inline __attribute__((always_inline)) four some_dots(
    const float *const *x, const float *const *w, size_t count, size_t k)
{
    const size_t whole = k - k % CLARY_DOT_PARTS;
    vector low[4], high[4], sum[4];

#pragma GCC unroll 4
    for (size_t d = 0; d < 4; d++)
        low[d] = high[d] = vdupq_n_f32(0);
    for (size_t i = 0; i < whole; i += CLARY_DOT_PARTS)
#pragma GCC unroll 4
        for (size_t d = 0; d < count; d++) {
            low[d] = vfmaq_f32(low[d], load(x[d] + i), load(w[d] + i));
            high[d] =
                vfmaq_f32(high[d], load(x[d] + i + 4), load(w[d] + i + 4));
        }
    if (whole < k)
        for (size_t d = 0; d < count; d++) {
            float rest[CLARY_DOT_PARTS] = {0};

            for (size_t i = whole; i < k; i++)
                rest[i - whole] = x[d][i];
            low[d] = vfmaq_f32(low[d], load(rest), load(w[d] + whole));
            high[d] =
                vfmaq_f32(high[d], load(rest + 4), load(w[d] + whole + 4));
        }
        /* neighbours, and neighbours of neighbours */
#pragma GCC unroll 4
    for (size_t d = 0; d < 4; d++)
        sum[d] = vpaddq_f32(low[d], high[d]);
    return vpaddq_f32(vpaddq_f32(sum[0], sum[1]), vpaddq_f32(sum[2], sum[3]));
}

static inline void finish_dots(four dots, four bias, float floor, size_t count,
                               float *y)
{
    const vector out =
        at_least(vdupq_n_f32(floor), one_nan(vaddq_f32(bias, dots)));

    store_some(y, out, (ptrdiff_t)count);
}

#include "kernel/dense_tiles.h"

const struct clary_kernels clary_kernels_neon = {
    "neon", dense, clary_blend_neon, clary_maps_neon, &clary_cells_neon};
