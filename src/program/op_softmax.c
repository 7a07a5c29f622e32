/* op_softmax.c: softmax log_softmax, over one axis, F32 or F64.
 *
 *     e[i] = exp(x[i] - max x)       softmax      y[i] = e[i] / sum e
 *                                    log_softmax  y[i] = x[i] - max x - log sum
 * e
 *
 * The sum is taken in ascending order in the element's type. A NaN or a
 * positive infinity anywhere, or nothing but negative infinities, makes all
 * of a slice NaN, as in TensorFlow.
 *
 * Tests: tests/unit/test_op_reduce.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/kernel.h"
#include "program/ops.h"

#include <math.h>
#include <stdio.h>

/* In place. */
static void exp_f32(float *y, size_t n)
{
    clary_kernels()->maps[CLARY_EXP](y, n, 0, y);
}

static void exp_f64(double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = exp(y[i]);
}

static float log_f32(float x)
{
    clary_kernels()->maps[CLARY_LOG](&x, 1, 0, &x);
    return x;
}

static double log_f64(double x)
{
    return log(x);
}

/* Slices of n elements `inner` apart, `inner` of them side by side, in
 * `elements` elements: the differences from the maxima, all exponentials at
 * once, the sums. */
#define SOFTMAX(name, type, exp_of, log_of)                                    \
    static type name##_max(const type *x, size_t n, size_t inner)              \
    {                                                                          \
        type max = x[0];                                                       \
                                                                               \
        for (size_t i = inner; i < n * inner; i += inner)                      \
            if (x[i] > max)                                                    \
                max = x[i];                                                    \
        return max;                                                            \
    }                                                                          \
                                                                               \
    static void name(const type *x, type *y, size_t elements, size_t n,        \
                     size_t inner, bool is_log)                                \
    {                                                                          \
        for (size_t o = 0; o < elements; o += n * inner)                       \
            for (size_t s = o; s < o + inner; s++) {                           \
                const type max = name##_max(x + s, n, inner);                  \
                                                                               \
                for (size_t i = s; i < s + n * inner; i += inner)              \
                    y[i] = x[i] - max;                                         \
            }                                                                  \
        exp_of(y, elements);                                                   \
        for (size_t o = 0; o < elements; o += n * inner)                       \
            for (size_t s = o; s < o + inner; s++) {                           \
                const type max = is_log ? name##_max(x + s, n, inner) : 0;     \
                type sum = 0;                                                  \
                                                                               \
                for (size_t i = s; i < s + n * inner; i += inner)              \
                    sum += y[i];                                               \
                if (is_log)                                                    \
                    sum = log_of(sum);                                         \
                for (size_t i = s; i < s + n * inner; i += inner)              \
                    y[i] = is_log ? (x[i] - max) - sum : y[i] / sum;           \
            }                                                                  \
    }

SOFTMAX(softmax_f32, float, exp_f32, log_f32)
SOFTMAX(softmax_f64, double, exp_f64, log_f64)

static enum clary_status shape(const struct clary_op *op,
                               const struct clary_value *const *in,
                               struct clary_value *out, struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, CLARY_DTYPES_FLOAT, err));
    CLARY_TRY(clary_op_check_axis(op, in[0], params->axis, err));
    return clary_op_output(op, &out[0], in[0]->dtype, in[0]->per_row,
                           &in[0]->shape, err);
}

static void run(const struct clary_op *op, const struct clary_tensor *in,
                struct clary_tensor *out, bool is_log)
{
    const struct clary_axis_params *params = op->params;
    size_t n = (size_t)in->shape.dim[params->axis];
    size_t inner = clary_op_span(&in->shape, params->axis + 1, in->shape.rank);
    size_t elements = clary_op_elements(in);

    if (elements == 0)
        return;
    if (in->dtype == CLARY_DTYPE_F32)
        softmax_f32(in->data, out->data, elements, n, inner, is_log);
    else
        softmax_f64(in->data, out->data, elements, n, inner, is_log);
}

static enum clary_status softmax_run(const struct clary_op *op,
                                     const struct clary_tensor *const *in,
                                     struct clary_tensor *const *out,
                                     void *scratch, struct clary_error *err)
{
    (void)scratch;
    (void)err;
    run(op, in[0], out[0], false);
    return CLARY_OK;
}

static enum clary_status log_softmax_run(const struct clary_op *op,
                                         const struct clary_tensor *const *in,
                                         struct clary_tensor *const *out,
                                         void *scratch, struct clary_error *err)
{
    (void)scratch;
    (void)err;
    run(op, in[0], out[0], true);
    return CLARY_OK;
}

static void describe(const struct clary_op *op, char *text, size_t text_bytes)
{
    const struct clary_axis_params *params = op->params;

    snprintf(text, text_bytes, "axis %zu", params->axis);
}

static const struct clary_op_kind softmax = {
    .name = "softmax",
    .n_inputs = 1,
    .shape = shape,
    .run = softmax_run,
    .describe = describe,
};

static const struct clary_op_kind log_softmax = {
    .name = "log_softmax",
    .n_inputs = 1,
    .shape = shape,
    .run = log_softmax_run,
    .describe = describe,
};

const struct clary_op_kind *const clary_ops_softmax[] = {
    &softmax,
    &log_softmax,
    NULL,
};
