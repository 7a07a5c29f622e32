/* kernel_math_scalar.c: the specification of the elementwise functions: those
 * of activations.h, a float at a time.
 *
 * Tests: tests/unit/test_kernel_math.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { WIDTH = 1 };

typedef float vector;
typedef uint32_t ivector;

static inline vector load(const float *p)
{
    return *p;
}

static inline void store(float *p, vector v)
{
    *p = v;
}

static inline vector splat(float f)
{
    return f;
}

static inline ivector isplat(uint32_t i)
{
    return i;
}

static inline ivector as_int(vector v)
{
    ivector i;

    memcpy(&i, &v, sizeof i);
    return i;
}

static inline vector as_float(ivector i)
{
    vector v;

    memcpy(&v, &i, sizeof v);
    return v;
}

static inline vector float_of(ivector i)
{
    return (float)(int32_t)i;
}

static inline ivector shift_right(ivector i, int n)
{
    return (ivector)((int32_t)i >> n);
}

static inline vector fma_to(vector a, vector b, vector c)
{
    return fmaf(a, b, c);
}

static inline ivector less(vector a, vector b)
{
    return a < b ? UINT32_MAX : 0;
}

static inline vector choose(ivector m, vector a, vector b)
{
    return m ? a : b;
}

#include "kernel/activations.h"

clary_map *const clary_maps_scalar[CLARY_FUNCTIONS] = MAPS;
