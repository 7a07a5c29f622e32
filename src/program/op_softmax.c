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
#include "program/ops.h"

#include <math.h>
#include <stdio.h>

/* One slice: n elements `stride` apart. */
#define SOFTMAX(name, type, exp_of, log_of)                                    \
    static void name(const type *x, type *y, size_t n, size_t stride,          \
                     bool is_log)                                              \
    {                                                                          \
        type max = x[0], sum = 0;                                              \
                                                                               \
        for (size_t i = 1; i < n; i++)                                         \
            if (x[i * stride] > max)                                           \
                max = x[i * stride];                                           \
        for (size_t i = 0; i < n; i++) {                                       \
            type shifted = x[i * stride] - max;                                \
            type e = exp_of(shifted);                                          \
                                                                               \
            sum += e;                                                          \
            y[i * stride] = is_log ? shifted : e;                              \
        }                                                                      \
        if (is_log) {                                                          \
            type log_sum = log_of(sum);                                        \
                                                                               \
            for (size_t i = 0; i < n; i++)                                     \
                y[i * stride] -= log_sum;                                      \
            return;                                                            \
        }                                                                      \
        for (size_t i = 0; i < n; i++)                                         \
            y[i * stride] /= sum;                                              \
    }

SOFTMAX(slice_f32, float, expf, logf)
SOFTMAX(slice_f64, double, exp, log)

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
    for (size_t o = 0; o < elements; o += n * inner)
        for (size_t i = o; i < o + inner; i++)
            if (in->dtype == CLARY_DTYPE_F32)
                slice_f32((const float *)in->data + i, (float *)out->data + i,
                          n, inner, is_log);
            else
                slice_f64((const double *)in->data + i, (double *)out->data + i,
                          n, inner, is_log);
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
