/* op_unary.c: elementwise ops of one input.
 *
 * Each kind is one line: its name and its equation in v, an element of type T.
 * The line makes a loop for each type it is known for. The functions of
 * <tgmath.h> are the float ones where T is float: exp(v) is expf(v). It brings
 * complex.h and its macro I with it: no variable here has that name.
 *
 * The equations are those of TensorFlow's CPU kernels (relu_op_functor.h,
 * softplus_op.h, Eigen's unary functors), for NaN and infinities too: a NaN
 * stays one in each of them. elu and selu are exp(v) - 1 and not expm1(v), as
 * they are there, so that the digits lost near 0 are the same ones. For floats
 * the kernels' maps (kernel.h) take the place of Eigen's polynomials, for
 * doubles libm: results differ by a few units in the last place. libm_exp is
 * libm's for both, for who needs its very bits.
 *
 * Parameters: struct clary_alpha_params for leaky_relu and elu.
 * Tests: tests/unit/test_op_unary.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/kernel.h"
#include "program/ops.h"

#include <float.h>
#include <string.h>
#include <tgmath.h>

typedef void unary_loop(const void *in, void *out, size_t n, double alpha);

struct unary {
    struct clary_op_kind kind; /* first: op->kind points here */
    bool is_test;              /* the output is BOOL, else as the input */
    bool has_alpha;
    unary_loop *loop[CLARY_DTYPE_COUNT]; /* NULL: not known for that type */
};

static const struct unary *unary_of(const struct clary_op *op)
{
    return (const struct unary *)(const void *)op->kind;
}

static enum clary_status shape(const struct clary_op *op,
                               const struct clary_value *const *in,
                               struct clary_value *out, struct clary_error *err)
{
    const struct unary *unary = unary_of(op);
    unsigned known = 0;

    for (unsigned d = 0; d < CLARY_DTYPE_COUNT; d++)
        if (unary->loop[d])
            known |= CLARY_DTYPE_BIT(d);
    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, known, err));
    return clary_op_output(op, out,
                           unary->is_test ? CLARY_DTYPE_BOOL : in[0]->dtype,
                           in[0]->per_row, &in[0]->shape, err);
}

static enum clary_status run(const struct clary_op *op,
                             const struct clary_tensor *const *in,
                             struct clary_tensor *const *out, void *scratch,
                             struct clary_error *err)
{
    const struct unary *unary = unary_of(op);
    const struct clary_alpha_params *params = op->params;

    (void)scratch;
    (void)err;
    unary->loop[in[0]->dtype](in[0]->data, out[0]->data,
                              clary_op_elements(in[0]),
                              unary->has_alpha ? params->alpha : 0.0);
    return CLARY_OK;
}

/* --- making kinds --------------------------------------------------------- */

/* y = equation(v) from elements of `type` to elements of `result`. U is the
 * type to compute in where overflow of T is not defined. */
#define LOOP(loop_name, type, unsigned_type, result, equation)                 \
    static void loop_name(const void *in, void *out, size_t n, double alpha)   \
    {                                                                          \
        typedef type T;                                                        \
        typedef unsigned_type U __attribute__((unused));                       \
        const T *x = in;                                                       \
        result *y = out;                                                       \
                                                                               \
        (void)alpha;                                                           \
        for (size_t e = 0; e < n; e++) {                                       \
            const T v = x[e];                                                  \
            y[e] = (result)(equation);                                         \
        }                                                                      \
    }

#define FLOAT_LOOPS(name, equation)                                            \
    LOOP(name##_f32, float, float, float, equation)                            \
    LOOP(name##_f64, double, double, double, equation)
#define INTEGER_LOOPS(name, equation)                                          \
    LOOP(name##_i32, int32_t, uint32_t, int32_t, equation)                     \
    LOOP(name##_i64, int64_t, uint64_t, int64_t, equation)

/* Floats by a kernel, doubles by the equation. */
#define MAP_LOOPS(name, function, equation)                                    \
    static void name##_f32(const void *in, void *out, size_t n, double alpha)  \
    {                                                                          \
        clary_kernels()->maps[function](in, n, (float)alpha, out);             \
    }                                                                          \
    LOOP(name##_f64, double, double, double, equation)

#define FLOATS(name)                                                           \
    [CLARY_DTYPE_F32] = name##_f32, [CLARY_DTYPE_F64] = name##_f64
#define INTEGERS(name)                                                         \
    [CLARY_DTYPE_I32] = name##_i32, [CLARY_DTYPE_I64] = name##_i64

#define KIND(name, is_test, has_alpha, ...)                                    \
    static const struct unary op_##name = {                                    \
        {#name, 1, shape, run, NULL}, is_test, has_alpha, {__VA_ARGS__}};

/* F32 and F64 */
#define FLOAT(name, equation)                                                  \
    FLOAT_LOOPS(name, equation)                                                \
    KIND(name, false, false, FLOATS(name))
/* the same with alpha */
#define FLOAT_ALPHA(name, equation)                                            \
    FLOAT_LOOPS(name, equation)                                                \
    KIND(name, false, true, FLOATS(name))
/* the same by kernels */
#define MAP(name, function, equation)                                          \
    MAP_LOOPS(name, function, equation)                                        \
    KIND(name, false, false, FLOATS(name))
#define MAP_ALPHA(name, function, equation)                                    \
    MAP_LOOPS(name, function, equation)                                        \
    KIND(name, false, true, FLOATS(name))
/* F32 and F64 to BOOL */
#define FLOAT_TEST(name, equation)                                             \
    LOOP(name##_f32, float, float, uint8_t, (equation) != 0)                   \
    LOOP(name##_f64, double, double, uint8_t, (equation) != 0)                 \
    KIND(name, true, false, FLOATS(name))
/* F32, F64, I32 and I64, with an equation for integers */
#define NUMBER(name, equation, integer_equation)                               \
    FLOAT_LOOPS(name, equation)                                                \
    INTEGER_LOOPS(name, integer_equation)                                      \
    KIND(name, false, false, FLOATS(name), INTEGERS(name))

/* --- the kinds ------------------------------------------------------------ */

/* -0.0 is not less than 0 and stays */
FLOAT(relu, v < 0 ? 0 : v)
FLOAT(relu6, v < 0 ? 0 : 6 < v ? 6 : v)
FLOAT_ALPHA(leaky_relu, v > 0 ? v : v * (T)alpha)
MAP_ALPHA(elu, CLARY_ELU, v < 0 ? (T)alpha * (exp(v) - 1) : v)

#define SELU_SCALE       1.0507009873554804934193349852946
#define SELU_SCALE_ALPHA 1.7580993408473768599402175208123
MAP(selu, CLARY_SELU, v < 0 ? SELU_SCALE_ALPHA * (exp(v) - 1) : SELU_SCALE * v)

/* 1 / (1 + exp(-v)), with exp only of what is not positive: it cannot
 * overflow, and small results keep all their digits. */
MAP(sigmoid, CLARY_SIGMOID, v < 0 ? exp(v) / (1 + exp(v)) : 1 / (1 + exp(-v)))

/* log(1 + exp(v)); v itself where exp(-v) is nothing to it */
#define SOFTPLUS_THRESHOLD (-log(DBL_EPSILON) - 2)
MAP(softplus, CLARY_SOFTPLUS, v > SOFTPLUS_THRESHOLD ? v : log1p(exp(v)))

FLOAT(softsign, v / (fabs(v) + 1))
MAP(tanh, CLARY_TANH, tanh(v))
MAP(erf, CLARY_ERF, erf(v))
FLOAT(erfc, erfc(v))
MAP(exp, CLARY_EXP, exp(v))
MAP(expm1, CLARY_EXPM1, expm1(v))
FLOAT(libm_exp, exp(v))
MAP(log, CLARY_LOG, log(v))
MAP(log1p, CLARY_LOG1P, log1p(v))
FLOAT(sqrt, sqrt(v))
FLOAT(rsqrt, 1 / sqrt(v))
FLOAT(reciprocal, 1 / v)
FLOAT(floor, floor(v))
FLOAT(ceil, ceil(v))
FLOAT(round, rint(v)) /* halves to the even neighbour */
FLOAT(sin, sin(v))
FLOAT(cos, cos(v))

FLOAT_TEST(is_nan, isnan(v))
FLOAT_TEST(is_inf, isinf(v))
FLOAT_TEST(is_finite, isfinite(v))

/* integers wrap */
NUMBER(neg, -v, (U)0 - (U)v)
NUMBER(abs, fabs(v), v < 0 ? (U)0 - (U)v : (U)v)
NUMBER(square, (v) * (v), (U)(v) * (U)(v))
NUMBER(sign, isnan(v) ? v : (T)((v > 0) - (v < 0)), (v > 0) - (v < 0))

LOOP(logical_not_bool, uint8_t, uint8_t, uint8_t, !v)
KIND(logical_not, false, false, [CLARY_DTYPE_BOOL] = logical_not_bool)

/* --- identity: a copy, whatever the type ---------------------------------- */

static enum clary_status identity_shape(const struct clary_op *op,
                                        const struct clary_value *const *in,
                                        struct clary_value *out,
                                        struct clary_error *err)
{
    return clary_op_output(op, out, in[0]->dtype, in[0]->per_row, &in[0]->shape,
                           err);
}

static enum clary_status identity_run(const struct clary_op *op,
                                      const struct clary_tensor *const *in,
                                      struct clary_tensor *const *out,
                                      void *scratch, struct clary_error *err)
{
    size_t n = clary_op_elements(in[0]);

    (void)op;
    (void)scratch;
    (void)err;
    if (n > 0)
        memmove(out[0]->data, in[0]->data, n * clary_dtype_bytes(in[0]->dtype));
    return CLARY_OK;
}

static const struct clary_op_kind op_identity = {"identity", 1, identity_shape,
                                                 identity_run, NULL};

const struct clary_op_kind *const clary_ops_unary[] = {
    &op_relu.kind,       &op_relu6.kind,
    &op_leaky_relu.kind, &op_elu.kind,
    &op_selu.kind,       &op_sigmoid.kind,
    &op_softplus.kind,   &op_softsign.kind,
    &op_tanh.kind,       &op_erf.kind,
    &op_erfc.kind,       &op_exp.kind,
    &op_expm1.kind,      &op_libm_exp.kind,
    &op_log.kind,        &op_log1p.kind,
    &op_sqrt.kind,       &op_rsqrt.kind,
    &op_reciprocal.kind, &op_floor.kind,
    &op_ceil.kind,       &op_round.kind,
    &op_sin.kind,        &op_cos.kind,
    &op_is_nan.kind,     &op_is_inf.kind,
    &op_is_finite.kind,  &op_neg.kind,
    &op_abs.kind,        &op_square.kind,
    &op_sign.kind,       &op_logical_not.kind,
    &op_identity,        NULL,
};
