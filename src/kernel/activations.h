/* activations.h: elementwise functions in terms of one vector type.
 *
 * Included by the kernel_math_<isa>.c of each instruction set, once, after it
 * has defined the types `vector` of WIDTH floats and `ivector` of as many
 * uint32_t (which wrap), for both of which C's operators work place by place,
 * and, as static inline functions,
 *
 *     load(p) store(p, v)          WIDTH floats
 *     splat(f) isplat(i)           one number in all places
 *     as_int(v) as_float(i)        the same bits
 *     float_of(i)                  the same numbers, i being small and signed
 *     shift_right(i, n)            by n bits, signed
 *     fma_to(a, b, c)              a * b + c, rounded once
 *     less(a, b)                   ivector: all bits where a < b, else 0
 *     choose(m, a, b)              a where m is all bits, b where it is 0
 *
 * All of these are exact or rounded once, so every table gives the same bits;
 * with float for `vector` the functions read as their own specification
 * (kernel_math_scalar.c).
 *
 * error    at most 2 units in the last place for every float; what each has
 *          is written beside it, from all 2^32 (bench/exhaustive_activations.c)
 * special  infinities as in C's functions; NaN gives 0x7fc00000
 * source   the polynomials: bench/fit_activations.py
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_ACTIVATIONS_H
#define CLARY_KERNEL_ACTIVATIONS_H

#include "kernel/tables.h"

#include <float.h>
#include <math.h>

#define FIXED static inline __attribute__((always_inline)) vector

static const float ln2_high = 0x1.62e430p-1f, ln2_low = -0x1.05c610p-29f;

/* c[0] + c[1] t + ... c[n-1] t^(n-1) */
FIXED polynomial(vector t, const float *c, size_t n)
{
    vector sum = splat(c[n - 1]);

#pragma GCC unroll 8
    for (size_t i = n - 1; i > 0; i--)
        sum = fma_to(sum, t, splat(c[i - 1]));
    return sum;
}

FIXED absolute(vector x)
{
    return as_float(as_int(x) & isplat(0x7fffffff));
}

FIXED with_sign_of(vector magnitude, vector x)
{
    return as_float(as_int(magnitude) | (as_int(x) & isplat(0x80000000)));
}

/* x where it is no NaN, else the one NaN of the kernels */
FIXED one_nan(vector x)
{
    const vector nan = as_float(isplat(0x7fc00000));

    return choose(less(x, splat(INFINITY)) | less(splat(0), x), x, nan);
}

/* 2^n for -127 < n < 128 */
FIXED power_of_two(ivector n)
{
    return as_float((n + isplat(127)) << 23);
}

/* --- exponentials --------------------------------------------------------- */

/* e^x = 2^n e^rest, |rest| < 0.35, for |x| < 1000 */
struct split {
    vector rest;
    ivector n;
};

static inline __attribute__((always_inline)) struct split split(vector x)
{
    const vector shift = splat(0x1.8p23f); /* its last place is 1 */
    const vector shifted = fma_to(x, splat(0x1.715476p+0f), shift);
    const vector n = shifted - shift;
    const vector rest = fma_to(n, splat(-ln2_high), x);

    return (struct split){fma_to(n, splat(-ln2_low), rest),
                          as_int(shifted) - as_int(shift)};
}

/* e^x; NaN may be any. 1.0 ulp */
FIXED exp_of(vector x)
{
    static const float c[] = {0x1.fffffcp-2f, 0x1.555490p-3f, 0x1.5558aep-5f,
                              0x1.123b0cp-7f, 0x1.6a5214p-10f};
    const vector low = splat(-104), high = splat(89); /* 0 and infinity */
    struct split s;
    ivector half;
    vector y;

    x = choose(less(x, low), low, x);
    x = choose(less(high, x), high, x);
    s = split(x);
    y = splat(1) + fma_to(s.rest * s.rest, polynomial(s.rest, c, 5), s.rest);
    half = shift_right(s.n,
                       1); /* 2^n itself may be no float, or not a normal one */
    return y * power_of_two(half) * power_of_two(s.n - half);
}

/* 0.7 ulp */
FIXED expm1_of(vector x)
{
    static const float c[] = {0x1.000000p-1f, 0x1.555554p-3f,  0x1.5554f8p-5f,
                              0x1.1112d4p-7f, 0x1.6d3aa8p-10f, 0x1.9e7d7cp-13f};
    const vector low = splat(-30), high = splat(89); /* -1 and infinity */
    vector in_range = choose(less(x, low), low, x), m1, half;
    struct split s;

    in_range = choose(less(high, in_range), high, in_range);
    s = split(in_range);
    m1 = fma_to(s.rest * s.rest, polynomial(s.rest, c, 6), s.rest);
    half = power_of_two(s.n - isplat(1));
    m1 = fma_to(m1, half, half - splat(0.5f));
    return choose(less(absolute(x), splat(0x1p-25f)), x, m1 + m1);
}

/* 1 / (1 + e^-x), with e to a power that is not positive: no overflow, and
 * small results keep all their digits. 1.7 ulp */
FIXED sigmoid_of(vector x)
{
    const vector e = exp_of(as_float(as_int(x) | isplat(0x80000000)));

    return choose(less(x, splat(0)), e, splat(1)) / (splat(1) + e);
}

/* 1.1 ulp */
FIXED tanh_of(vector x)
{
    static const float c[] = {-0x1.555548p-2f, 0x1.110c62p-3f, -0x1.b906e2p-5f,
                              0x1.581e02p-6f, -0x1.94a584p-8f};
    const vector a = absolute(x), square = a * a;
    const vector near = fma_to(a * square, polynomial(square, c, 5), a);
    const vector far = splat(1) - splat(2) / (splat(1) + exp_of(a + a));

    return with_sign_of(choose(less(a, splat(0.5625f)), near, far), x);
}

/* e^x - 1 as TensorFlow computes it: near 0 it loses the same digits. */
FIXED elu_of(vector x, vector alpha, vector scale)
{
    return choose(less(x, splat(0)), alpha * (exp_of(x) - splat(1)), scale * x);
}

/* --- erf ------------------------------------------------------------------ */

/* 0.8 ulp */
FIXED erf_of(vector x)
{
    static const float small[] = {
        0x1.06eba8p-3f, -0x1.812740p-2f,  0x1.ce2d64p-4f, -0x1.b80120p-6f,
        0x1.544aa8p-8f, -0x1.a6126cp-11f, 0x1.4f8e44p-14f};
    static const float large[] = {
        -0x1.20e962p+0f, -0x1.456b06p-1f, -0x1.af7f08p-4f, 0x1.74eacap-6f,
        -0x1.870dc8p-9f, 0x1.207cb4p-14f, 0x1.5eed80p-15f, -0x1.36d98ep-18f};
    const vector a = absolute(x), end = splat(4); /* 1 from there on */
    const vector t = choose(less(end, a), end, a);
    const vector near = fma_to(a, polynomial(t * t, small, 7), a);
    const vector far = splat(1) - exp_of(t * polynomial(t, large, 8));

    return with_sign_of(choose(less(a, splat(0.9375f)), near, far), x);
}

/* --- logarithms ----------------------------------------------------------- */

/* log((1 + f) 2^n), 2/3 <= 1 + f < 4/3 */
FIXED log_sum(vector f, ivector n)
{
    static const float c[] = {
        -0.5f,           0x1.555506p-2f,  -0x1.fffef2p-3f,
        0x1.99d05ep-3f,  -0x1.559d8ap-3f, 0x1.1ed424p-3f,
        -0x1.f317dep-4f, 0x1.1e73a0p-3f,  -0x1.07f7d8p-3f};
    const vector times = float_of(n);
    vector sum = fma_to(f * f, polynomial(f, c, 9), f);

    sum = fma_to(times, splat(ln2_low), sum);
    return fma_to(times, splat(ln2_high), sum);
}

/* n such that 2/3 <= x 2^-n < 4/3, x normal */
static inline __attribute__((always_inline)) ivector exponent(vector x)
{
    return shift_right(as_int(x) - as_int(splat(0x1.555556p-1f)), 23);
}

/* `y` where x is between `zero` and infinity; at the ends what a logarithm is
 * there */
FIXED log_ends(vector x, vector zero, vector y)
{
    const vector nan = as_float(isplat(0x7fc00000));

    y = choose(less(zero, x), y, choose(less(x, zero), nan, splat(-INFINITY)));
    return choose(less(x, splat(INFINITY)), y, x);
}

/* 0.8 ulp */
FIXED log_of(vector x)
{
    const ivector is_small = less(x, splat(FLT_MIN));
    const vector normal = choose(is_small, x * splat(0x1p23f), x);
    const ivector n = exponent(normal);
    const vector m = as_float(as_int(normal) - (n << 23));

    return log_ends(x, splat(0),
                    log_sum(m - splat(1), n - (is_small & isplat(23))));
}

/* 0.7 ulp */
FIXED log1p_of(vector x)
{
    const ivector n = exponent(x + splat(1));
    /* (x + 1) 2^-n - 1, rounded once; x alone where 1 is nothing to it */
    const vector shrink = power_of_two(isplat(0) - n);
    const vector near = fma_to(x, shrink, shrink - splat(1));
    const vector far = as_float(as_int(x) - (n << 23)) - splat(1);
    const vector f = choose(less(x, splat(0x1p25f)), near, far);

    return choose(less(absolute(x), splat(0x1p-25f)), x,
                  log_ends(x, splat(-1), log_sum(f, n)));
}

/* log(1 + e^x); x where e^-x is nothing to it, as in TensorFlow
 * (softplus_op.h: the threshold is -log(FLT_EPSILON) - 2). 1.5 ulp */
FIXED softplus_of(vector x)
{
    return choose(less(splat(13.942385f), x), x, log1p_of(exp_of(x)));
}

/* --- the loops ------------------------------------------------------------ */

#define SELU_SCALE       splat(1.05070098735548049342f)
#define SELU_SCALE_ALPHA splat(1.75809934084737685994f)

/* y = equation(v). The last values go through the same instructions: a value's
 * bits do not depend on its place. */
#define LOOP(name, equation)                                                   \
    static void name(const float *x, size_t n, float alpha, float *y)          \
    {                                                                          \
        (void)alpha;                                                           \
        for (; n >= WIDTH; n -= WIDTH, x += WIDTH, y += WIDTH) {               \
            const vector v = load(x);                                          \
            store(y, one_nan(equation));                                       \
        }                                                                      \
        if (n > 0) {                                                           \
            float last[WIDTH] = {0};                                           \
            vector v;                                                          \
                                                                               \
            for (size_t i = 0; i < n; i++)                                     \
                last[i] = x[i];                                                \
            v = load(last);                                                    \
            store(last, one_nan(equation));                                    \
            for (size_t i = 0; i < n; i++)                                     \
                y[i] = last[i];                                                \
        }                                                                      \
    }

LOOP(map_exp, exp_of(v))
LOOP(map_expm1, expm1_of(v))
LOOP(map_log, log_of(v))
LOOP(map_log1p, log1p_of(v))
LOOP(map_sigmoid, sigmoid_of(v))
LOOP(map_tanh, tanh_of(v))
LOOP(map_erf, erf_of(v))
LOOP(map_softplus, softplus_of(v))
LOOP(map_elu, elu_of(v, splat(alpha), splat(1)))
LOOP(map_selu, elu_of(v, SELU_SCALE_ALPHA, SELU_SCALE))

#define MAPS                                                                   \
    {                                                                          \
        [CLARY_EXP] = map_exp, [CLARY_EXPM1] = map_expm1,                      \
        [CLARY_LOG] = map_log, [CLARY_LOG1P] = map_log1p,                      \
        [CLARY_SIGMOID] = map_sigmoid, [CLARY_TANH] = map_tanh,                \
        [CLARY_ERF] = map_erf, [CLARY_SOFTPLUS] = map_softplus,                \
        [CLARY_ELU] = map_elu, [CLARY_SELU] = map_selu                         \
    }

#endif
