/* ops_math.c: elementwise ops, products, reductions, batch normalisation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/ops.h"

#include <string.h>

/* All inputs to one op of the program without parameters. */
enum clary_status clary_tf_simple(struct clary_tf_call *call, const char *kind)
{
    uint32_t in[3] = {0}, out = 0;
    size_t i;

    if (call->n_in > 3)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "it has %zu inputs",
                             call->n_in);
    for (i = 0; i < call->n_in; i++)
        CLARY_TRY(clary_tf_input(call, i, &in[i]));
    CLARY_TRY(clary_tf_emit1(call, kind, NULL, in, call->n_in, &out));
    return clary_tf_output(call, out);
}

/* LeakyRelu has its slope as an attribute; Elu's is 1. */
enum clary_status clary_tf_alpha(struct clary_tf_call *call, const char *kind)
{
    struct clary_alpha_params *params = clary_tf_alloc(call, 1, sizeof *params);
    bool leaky = strcmp(kind, "leaky_relu") == 0;
    uint32_t in = 0, out = 0;

    if (!params)
        return clary_tf_no_memory(call);
    params->alpha =
        (double)clary_attribute_float(call->node, "alpha", leaky ? 0.2F : 1.0F);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_tf_emit1(call, kind, params, &in, 1, &out));
    return clary_tf_output(call, out);
}

static enum clary_status cast(struct clary_tf_call *call, uint32_t in,
                              enum clary_dtype to, uint32_t *out)
{
    struct clary_cast_params *params;

    if (clary_tf_value(call, in)->dtype == to) {
        *out = in;
        return CLARY_OK;
    }
    params = clary_tf_alloc(call, 1, sizeof *params);
    if (!params)
        return clary_tf_no_memory(call);
    params->to = to;
    return clary_tf_emit1(call, "cast", params, &in, 1, out);
}

enum clary_status clary_tf_cast(struct clary_tf_call *call, const char *kind)
{
    enum clary_dtype to;
    uint32_t in = 0, out = 0;

    (void)kind;
    CLARY_TRY(clary_attribute_dtype(call->node, "DstT", CLARY_DTYPE_COUNT, &to,
                                    call->err));
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(cast(call, in, to, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_add_n(struct clary_tf_call *call, const char *kind)
{
    uint32_t in[2] = {0}, sum = 0;
    size_t i;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &sum));
    for (i = 1; i < call->n_in; i++) {
        in[0] = sum;
        CLARY_TRY(clary_tf_input(call, i, &in[1]));
        CLARY_TRY(clary_tf_emit1(call, "add", NULL, in, 2, &sum));
    }
    return clary_tf_output(call, sum);
}

enum clary_status clary_tf_clip(struct clary_tf_call *call, const char *kind)
{
    uint32_t in[2] = {0}, low = 0, out = 0;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in[0]));
    CLARY_TRY(clary_tf_input(call, 2, &in[1]));
    CLARY_TRY(clary_tf_input(call, 1, &low));
    CLARY_TRY(clary_tf_emit1(call, "minimum", NULL, in, 2, &out));
    in[0] = out;
    in[1] = low;
    CLARY_TRY(clary_tf_emit1(call, "maximum", NULL, in, 2, &out));
    return clary_tf_output(call, out);
}

/* Select's condition may be a vector that chooses whole rows; SelectV2
 * broadcasts as all other ops do. */
enum clary_status clary_tf_select(struct clary_tf_call *call, const char *kind)
{
    const struct clary_value *condition, *chosen;
    struct clary_shape shape;
    uint32_t in[3] = {0}, out = 0;
    size_t i;

    (void)kind;
    for (i = 0; i < 3; i++)
        CLARY_TRY(clary_tf_input(call, i, &in[i]));
    condition = clary_tf_value(call, in[0]);
    chosen = clary_tf_value(call, in[1]);
    if (condition->shape.rank == 1 && chosen->shape.rank > 1) {
        memset(&shape, 0, sizeof shape);
        shape.rank = chosen->shape.rank;
        shape.dim[0] = condition->shape.dim[0];
        for (i = 1; i < shape.rank; i++)
            shape.dim[i] = 1;
        CLARY_TRY(clary_tf_reshape(call, in[0], &shape, &in[0]));
    }
    CLARY_TRY(clary_tf_emit1(call, "select", NULL, in, 3, &out));
    return clary_tf_output(call, out);
}

/* Swaps the last two axes of a matrix. */
static enum clary_status swap(struct clary_tf_call *call, uint32_t *value)
{
    struct clary_transpose_params *params;

    if (clary_tf_value(call, *value)->shape.rank != 2)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "it transposes a tensor of rank %zu, expected a "
                             "matrix",
                             clary_tf_value(call, *value)->shape.rank);
    params = clary_tf_alloc(call, 1, sizeof *params);
    if (!params)
        return clary_tf_no_memory(call);
    params->perm[0] = 1;
    params->perm[1] = 0;
    return clary_tf_emit1(call, "transpose", params, value, 1, value);
}

/* MatMul's flags are transpose_a and transpose_b, BatchMatMul's adj_x and
 * adj_y; for real numbers they mean the same. */
enum clary_status clary_tf_matmul(struct clary_tf_call *call, const char *kind)
{
    uint32_t in[2] = {0}, out = 0;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in[0]));
    CLARY_TRY(clary_tf_input(call, 1, &in[1]));
    if (clary_attribute_bool(call->node, "transpose_a", false) ||
        clary_attribute_bool(call->node, "adj_x", false))
        CLARY_TRY(swap(call, &in[0]));
    if (clary_attribute_bool(call->node, "transpose_b", false) ||
        clary_attribute_bool(call->node, "adj_y", false))
        CLARY_TRY(swap(call, &in[1]));
    CLARY_TRY(clary_tf_emit1(call, "matmul", NULL, in, 2, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_bias_add(struct clary_tf_call *call,
                                    const char *kind)
{
    uint32_t in = 0;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in));
    if (clary_tf_value(call, in)->shape.rank > 2 &&
        !clary_attribute_is(call->node, "data_format", "NHWC", "NHWC"))
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "its data format is not NHWC");
    return clary_tf_simple(call, "add");
}

/* The axes in input 1 as bits. */
static enum clary_status reduced_axes(struct clary_tf_call *call, size_t rank,
                                      uint32_t *axes)
{
    int64_t list[CLARY_MAX_RANK] = {0};
    size_t n = 0, i;

    *axes = 0;
    CLARY_TRY(clary_tf_integers(call, 1, list, &n));
    for (i = 0; i < n; i++) {
        int64_t axis = list[i] < 0 ? list[i] + (int64_t)rank : list[i];

        if (axis < 0 || axis >= (int64_t)rank)
            return clary_tf_fail(call, CLARY_BAD_MODEL,
                                 "axis %lld of a tensor of rank %zu",
                                 (long long)list[i], rank);
        *axes |= 1u << axis;
    }
    return CLARY_OK;
}

enum clary_status clary_tf_reduce(struct clary_tf_call *call, const char *kind)
{
    struct clary_reduce_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    uint32_t in = 0, out = 0;
    size_t rank;

    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    rank = clary_tf_value(call, in)->shape.rank;
    CLARY_TRY(reduced_axes(call, rank, &params->axes));
    params->keep_dims = clary_attribute_bool(call->node, "keep_dims", false);
    if (clary_tf_value(call, in)->per_row && params->axes & 1) {
        CLARY_TRY(clary_tf_outputs(call, 1));
        call->out[0].kind = CLARY_TRACED_MIXED;
        call->out[0].mixed_by = call->node->name;
        call->out[0].scalar =
            params->axes == (1u << rank) - 1 && !params->keep_dims;
        call->out[0].low = INT64_MIN;
        call->out[0].high = INT64_MAX;
        return CLARY_OK;
    }
    CLARY_TRY(clary_tf_emit1(call, kind, params, &in, 1, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_arg_reduce(struct clary_tf_call *call,
                                      const char *kind)
{
    struct clary_reduce_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    uint32_t in = 0, out = 0;
    size_t axis = 0;

    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(
        clary_tf_axis(call, 1, clary_tf_value(call, in)->shape.rank, &axis));
    params->axes = 1u << axis;
    CLARY_TRY(clary_attribute_dtype(call->node, "output_type", CLARY_DTYPE_I64,
                                    &params->index_dtype, call->err));
    CLARY_TRY(clary_tf_emit1(call, kind, params, &in, 1, &out));
    return clary_tf_output(call, out);
}

/* Over the last axis. */
enum clary_status clary_tf_softmax(struct clary_tf_call *call, const char *kind)
{
    struct clary_axis_params *params = clary_tf_alloc(call, 1, sizeof *params);
    uint32_t in = 0, out = 0;

    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    if (clary_tf_value(call, in)->shape.rank == 0)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "its input is a scalar");
    params->axis = clary_tf_value(call, in)->shape.rank - 1;
    CLARY_TRY(clary_tf_emit1(call, kind, params, &in, 1, &out));
    return clary_tf_output(call, out);
}

/* y = (x - mean) * (scale * rsqrt(variance + epsilon)) + offset, in the order
 * that lets all but x fold: x * a + (offset - mean * a). */
static enum clary_status normalise(struct clary_tf_call *call, uint32_t x,
                                   uint32_t mean, uint32_t variance,
                                   uint32_t *y)
{
    enum clary_dtype dtype = clary_tf_value(call, variance)->dtype;
    uint32_t scale = 0, offset = 0, epsilon = 0, a = 0, b = 0, pair[2];

    CLARY_TRY(clary_tf_input(call, 1, &scale));
    CLARY_TRY(clary_tf_input(call, 2, &offset));
    CLARY_TRY(clary_tf_scalar(
        call, dtype,
        (double)clary_attribute_float(call->node, "epsilon", 0.0001F),
        &epsilon));
#define EMIT2(kind, left, right, to)                                           \
    do {                                                                       \
        pair[0] = (left);                                                      \
        pair[1] = (right);                                                     \
        CLARY_TRY(clary_tf_emit1(call, kind, NULL, pair, 2, to));              \
    } while (0)
    EMIT2("add", variance, epsilon, &a);
    CLARY_TRY(clary_tf_emit1(call, "rsqrt", NULL, &a, 1, &a));
    EMIT2("mul", a, scale, &a);
    EMIT2("mul", mean, a, &b);
    EMIT2("sub", offset, b, &b);
    EMIT2("mul", x, a, y);
    EMIT2("add", *y, b, y);
#undef EMIT2
    return CLARY_OK;
}

/* How tf.keras 2's LayerNormalization uses the op: x is (1, rows, n, 1) in
 * NCHW, so the channels are the rows and each is normalised by its own
 * moments; scale is all ones and offset all zeros, one a row. */
static enum clary_status normalise_rows(struct clary_tf_call *call, uint32_t x)
{
    struct clary_reduce_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    const struct clary_value *value = clary_tf_value(call, x);
    enum clary_dtype dtype = value->dtype;
    uint32_t mean = 0, variance = 0, epsilon = 0, scale = 0, y = 0, pair[2];

    if (!params)
        return clary_tf_no_memory(call);
    params->axes = ((1u << value->shape.rank) - 1) & ~1u;
    params->keep_dims = true;
    CLARY_TRY(clary_tf_scalar(
        call, dtype,
        (double)clary_attribute_float(call->node, "epsilon", 0.0001F),
        &epsilon));
    CLARY_TRY(clary_tf_emit1(call, "mean", params, &x, 1, &mean));
    pair[0] = x;
    pair[1] = mean;
    CLARY_TRY(
        clary_tf_emit1(call, "squared_difference", NULL, pair, 2, &variance));
    CLARY_TRY(clary_tf_emit1(call, "mean", params, &variance, 1, &variance));
    CLARY_TRY(clary_tf_emit1(call, "sub", NULL, pair, 2, &y));
    pair[0] = variance;
    pair[1] = epsilon;
    CLARY_TRY(clary_tf_emit1(call, "add", NULL, pair, 2, &scale));
    CLARY_TRY(clary_tf_emit1(call, "rsqrt", NULL, &scale, 1, &scale));
    pair[0] = y;
    pair[1] = scale;
    CLARY_TRY(clary_tf_emit1(call, "mul", NULL, pair, 2, &y));
    CLARY_TRY(clary_tf_output(call, y));
    call->out[0].lead = true;
    return CLARY_OK;
}

/* Whether input i is one `number` a row, made by Fill. */
static bool is_fill(const struct clary_tf_call *call, size_t i, double number)
{
    return call->in[i].kind == CLARY_TRACED_VALUE && call->in[i].fill &&
           *call->in[i].fill == number &&
           clary_tf_value(call, call->in[i].value)->per_row;
}

enum clary_status clary_tf_batch_norm(struct clary_tf_call *call,
                                      const char *kind)
{
    uint32_t x = 0, mean = 0, variance = 0, y = 0;
    bool training = clary_attribute_bool(call->node, "is_training", true);
    bool nhwc = clary_attribute_is(call->node, "data_format", "NHWC", "NHWC");

    (void)kind;
    if (training && !nhwc && call->in[0].lead && is_fill(call, 1, 1.0) &&
        is_fill(call, 2, 0.0))
        return normalise_rows(call, call->in[0].value);
    if (training || !nhwc)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "it normalises by the moments of a batch, or not "
                             "in NHWC; export the model for inference");
    CLARY_TRY(clary_tf_input(call, 0, &x));
    CLARY_TRY(clary_tf_input(call, 3, &mean));
    CLARY_TRY(clary_tf_input(call, 4, &variance));
    CLARY_TRY(normalise(call, x, mean, variance, &y));
    return clary_tf_output(call, y);
}
