/* math_truth.h: what the elementwise functions of the kernels should give, from
 * the C library's double functions, whose own error, some 2^-53, is nothing
 * beside a float's unit.
 *
 * elu (alpha TRUTH_ALPHA) and selu are held against their equation with the
 * kernels' own e^x, whose error is exp's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_MATH_TRUTH_H
#define CLARY_TESTS_MATH_TRUTH_H

#include "kernel/kernel.h"

#include <math.h>

#define TRUTH_ALPHA 0.75f

static const char *const truth_names[CLARY_FUNCTIONS] = {
    "exp",  "expm1", "log",      "log1p", "sigmoid",
    "tanh", "erf",   "softplus", "elu",   "selu"};

static double truth(enum clary_function f, double x, double own_exp)
{
    switch (f) {
    case CLARY_EXP:
        return exp(x);
    case CLARY_EXPM1:
        return expm1(x);
    case CLARY_LOG:
        return log(x);
    case CLARY_LOG1P:
        return log1p(x);
    case CLARY_SIGMOID:
        return 1 / (1 + exp(-x));
    case CLARY_TANH:
        return tanh(x);
    case CLARY_ERF:
        return erf(x);
    case CLARY_SOFTPLUS:
        return x > 40 ? x : log1p(exp(x));
    case CLARY_ELU:
        return x < 0 ? (double)TRUTH_ALPHA * (double)(float)(own_exp - 1) : x;
    case CLARY_SELU:
        return x < 0 ? (double)1.75809934084737685994f *
                           (double)(float)(own_exp - 1)
                     : (double)1.05070098735548049342f * x;
    default:
        return NAN;
    }
}

/* |found - expected| in units in the last place of `expected` as a float. Where
 * one is infinite they are as far apart as if floats went on past FLT_MAX. */
static double truth_error(float found, double expected)
{
    int exponent;
    double value = (double)found;

    if (isnan(expected) || isnan(found))
        return isnan(expected) && isnan(found) ? 0 : INFINITY;
    if (isinf(expected) || fabs(expected) >= 0x1p128)
        expected = copysign(0x1p128, expected);
    if (isinf(found))
        value = copysign(0x1p128, value);
    (void)frexp(expected, &exponent);
    if (exponent < -125)
        exponent = -125;
    return fabs(value - expected) / ldexp(1, exponent - 24);
}

#endif
