/* ops.c: THE table of TensorFlow ops, and what handlers share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct clary_tf_op table[] = {
    /* elementwise, one input */
    {"Abs", clary_tf_simple, "abs", 1},
    {"Ceil", clary_tf_simple, "ceil", 1},
    {"Cos", clary_tf_simple, "cos", 1},
    {"Erf", clary_tf_simple, "erf", 1},
    {"Erfc", clary_tf_simple, "erfc", 1},
    {"Exp", clary_tf_simple, "exp", 1},
    {"Expm1", clary_tf_simple, "expm1", 1},
    {"Floor", clary_tf_simple, "floor", 1},
    {"Inv", clary_tf_simple, "reciprocal", 1},
    {"IsFinite", clary_tf_simple, "is_finite", 1},
    {"IsInf", clary_tf_simple, "is_inf", 1},
    {"IsNan", clary_tf_simple, "is_nan", 1},
    {"Log", clary_tf_simple, "log", 1},
    {"Log1p", clary_tf_simple, "log1p", 1},
    {"LogicalNot", clary_tf_simple, "logical_not", 1},
    {"Neg", clary_tf_simple, "neg", 1},
    {"Reciprocal", clary_tf_simple, "reciprocal", 1},
    {"Relu", clary_tf_simple, "relu", 1},
    {"Relu6", clary_tf_simple, "relu6", 1},
    {"Rint", clary_tf_simple, "round", 1},
    {"Round", clary_tf_simple, "round", 1},
    {"Rsqrt", clary_tf_simple, "rsqrt", 1},
    {"Selu", clary_tf_simple, "selu", 1},
    {"Sigmoid", clary_tf_simple, "sigmoid", 1},
    {"Sign", clary_tf_simple, "sign", 1},
    {"Sin", clary_tf_simple, "sin", 1},
    {"Softplus", clary_tf_simple, "softplus", 1},
    {"Softsign", clary_tf_simple, "softsign", 1},
    {"Sqrt", clary_tf_simple, "sqrt", 1},
    {"Square", clary_tf_simple, "square", 1},
    {"Tanh", clary_tf_simple, "tanh", 1},
    {"Elu", clary_tf_alpha, "elu", 1},
    {"LeakyRelu", clary_tf_alpha, "leaky_relu", 1},
    {"Cast", clary_tf_cast, NULL, 1},
    /* elementwise, two inputs and more */
    {"Add", clary_tf_simple, "add", 2},
    {"AddV2", clary_tf_simple, "add", 2},
    {"Atan2", clary_tf_simple, "atan2", 2},
    {"Div", clary_tf_simple, "div", 2},
    {"DivNoNan", clary_tf_simple, "div_no_nan", 2},
    {"Equal", clary_tf_simple, "equal", 2},
    {"FloorDiv", clary_tf_simple, "floor_div", 2},
    {"FloorMod", clary_tf_simple, "floor_mod", 2},
    {"Greater", clary_tf_simple, "greater", 2},
    {"GreaterEqual", clary_tf_simple, "greater_equal", 2},
    {"Less", clary_tf_simple, "less", 2},
    {"LessEqual", clary_tf_simple, "less_equal", 2},
    {"LogicalAnd", clary_tf_simple, "logical_and", 2},
    {"LogicalOr", clary_tf_simple, "logical_or", 2},
    {"Maximum", clary_tf_simple, "maximum", 2},
    {"Minimum", clary_tf_simple, "minimum", 2},
    {"Mul", clary_tf_simple, "mul", 2},
    {"NotEqual", clary_tf_simple, "not_equal", 2},
    {"Pow", clary_tf_simple, "pow", 2},
    {"RealDiv", clary_tf_simple, "div", 2},
    {"SquaredDifference", clary_tf_simple, "squared_difference", 2},
    {"Sub", clary_tf_simple, "sub", 2},
    {"AddN", clary_tf_add_n, NULL, 1},
    {"ClipByValue", clary_tf_clip, NULL, 3},
    {"Select", clary_tf_select, NULL, 3},
    {"SelectV2", clary_tf_simple, "select", 3},
    /* products and normalisation */
    {"MatMul", clary_tf_matmul, NULL, 2},
    {"BatchMatMul", clary_tf_matmul, NULL, 2},
    {"BatchMatMulV2", clary_tf_matmul, NULL, 2},
    {"BiasAdd", clary_tf_bias_add, NULL, 2},
    {"FusedBatchNorm", clary_tf_batch_norm, NULL, 5},
    {"FusedBatchNormV2", clary_tf_batch_norm, NULL, 5},
    {"FusedBatchNormV3", clary_tf_batch_norm, NULL, 5},
    /* reductions */
    {"All", clary_tf_reduce, "all", 2},
    {"Any", clary_tf_reduce, "any", 2},
    {"Max", clary_tf_reduce, "max", 2},
    {"Mean", clary_tf_reduce, "mean", 2},
    {"Min", clary_tf_reduce, "min", 2},
    {"Prod", clary_tf_reduce, "prod", 2},
    {"Sum", clary_tf_reduce, "sum", 2},
    {"ArgMax", clary_tf_arg_reduce, "argmax", 2},
    {"ArgMin", clary_tf_arg_reduce, "argmin", 2},
    {"Softmax", clary_tf_softmax, "softmax", 1},
    {"LogSoftmax", clary_tf_softmax, "log_softmax", 1},
    /* shapes */
    {"Shape", clary_tf_shape, NULL, 1},
    {"ShapeN", clary_tf_shape, NULL, 1},
    {"Rank", clary_tf_rank, NULL, 1},
    {"Size", clary_tf_size, NULL, 1},
    {"Reshape", clary_tf_to_shape, NULL, 2},
    {"Squeeze", clary_tf_squeeze, NULL, 1},
    {"ExpandDims", clary_tf_expand_dims, NULL, 2},
    {"Transpose", clary_tf_transpose, NULL, 2},
    {"Fill", clary_tf_fill, NULL, 2},
    {"ZerosLike", clary_tf_fill_like, "0", 1},
    {"OnesLike", clary_tf_fill_like, "1", 1},
    {"BroadcastTo", clary_tf_broadcast_to, NULL, 2},
    {"Tile", clary_tf_tile, NULL, 2},
    {"Range", clary_tf_range, NULL, 3},
    /* parts of tensors */
    {"Concat", clary_tf_concat, "first", 2},
    {"ConcatV2", clary_tf_concat, "last", 2},
    {"Pack", clary_tf_pack, NULL, 1},
    {"Unpack", clary_tf_unpack, NULL, 1},
    {"Split", clary_tf_split, NULL, 2},
    {"SplitV", clary_tf_split_sizes, NULL, 3},
    {"Slice", clary_tf_slice, NULL, 3},
    {"StridedSlice", clary_tf_strided_slice, NULL, 4},
    {"Gather", clary_tf_gather, NULL, 2},
    {"GatherV2", clary_tf_gather, NULL, 3},
    {"ResourceGather", clary_tf_gather, NULL, 2},
    {"OneHot", clary_tf_one_hot, NULL, 4},
    {"Bucketize", clary_tf_bucketize, NULL, 1},
    {"DenseBincount", clary_tf_bincount, NULL, 3},
    /* state, control and what passes its input on */
    {"Const", clary_tf_const, NULL, 0},
    {"VarHandleOp", clary_tf_variable, NULL, 0},
    {"VariableV2", clary_tf_variable, "read", 0},
    {"Variable", clary_tf_variable, "read", 0},
    {"ReadVariableOp", clary_tf_read_variable, NULL, 1},
    {"Placeholder", clary_tf_placeholder, NULL, 0},
    {"PlaceholderWithDefault", clary_tf_identity, NULL, 1},
    {"Identity", clary_tf_identity, NULL, 1},
    {"IdentityN", clary_tf_identity_n, NULL, 0},
    {"StopGradient", clary_tf_identity, NULL, 1},
    {"PreventGradient", clary_tf_identity, NULL, 1},
    {"CheckNumerics", clary_tf_identity, NULL, 1},
    {"EnsureShape", clary_tf_identity, NULL, 1},
    {"Snapshot", clary_tf_identity, NULL, 1},
    {"Switch", clary_tf_switch, NULL, 2},
    {"RefSwitch", clary_tf_switch, NULL, 2},
    {"Merge", clary_tf_merge, NULL, 1},
    {"NoOp", clary_tf_nothing, NULL, 0},
    {"Assert", clary_tf_nothing, NULL, 0},
};

const struct clary_tf_op *clary_tf_op_find(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    return NULL;
}

/* By prefix of the op's name. */
static const struct {
    const char *prefix, *hint;
} hints[] = {
    {"ParseExample", "export a signature that takes the feature columns as "
                     "tensors (build_raw_serving_input_receiver_fn), not "
                     "tf.Example strings"},
    {"ParseSingleExample", "export a signature that takes tensors"},
    {"Decode", "export a signature that takes numbers"},
    {"HashTable", "move the lookup of categories out of the model and send "
                  "their numbers"},
    {"MutableHashTable", "move the lookup of categories out of the model and "
                         "send their numbers"},
    {"LookupTable", "move the lookup of categories out of the model and send "
                    "their numbers"},
    {"String", "move text processing out of the model and send numbers"},
    {"AsString", "export a signature whose outputs are numbers"},
    {"Static", "move text processing out of the model and send numbers"},
    {"While", "unroll the loop or export a model without recurrent layers"},
    {"StatelessWhile",
     "unroll the loop or export a model without recurrent layers"},
    {"Enter", "unroll the loop or export a model without recurrent layers"},
    {"Random", "export the model for inference (training=False)"},
    {"Sparse", "export a signature that takes dense tensors"},
    {"Conv", "clary serves models of tables; images need another container"},
    {"Einsum", "write it with tf.matmul by a constant matrix"},
};

const char *clary_tf_op_hint(const char *name)
{
    size_t i;

    for (i = 0; i < sizeof hints / sizeof *hints; i++)
        if (strncmp(name, hints[i].prefix, strlen(hints[i].prefix)) == 0)
            return hints[i].hint;
    return "export a model of dense, embedding, normalisation, activation and "
           "elementwise layers (the README lists the operations)";
}

enum clary_status clary_tf_fail(struct clary_tf_call *call,
                                enum clary_status status, const char *format,
                                ...)
{
    char text[CLARY_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return clary_fail(call->err, status, "node \"%s\" (%s): %s",
                      call->node->name, call->node->op, text);
}

enum clary_status clary_tf_no_memory(struct clary_tf_call *call)
{
    return clary_tf_fail(call, CLARY_NO_MEMORY,
                         "the model needs more memory than its limit");
}

void *clary_tf_alloc(struct clary_tf_call *call, size_t count, size_t size)
{
    return clary_arena_calloc(call->tracer->arena, count, size);
}

enum clary_status clary_tf_outputs(struct clary_tf_call *call, size_t n)
{
    call->out =
        clary_arena_calloc(call->tracer->temporary, n, sizeof *call->out);
    call->n_out = n;
    return call->out ? CLARY_OK : clary_tf_no_memory(call);
}

enum clary_status clary_tf_output(struct clary_tf_call *call, uint32_t value)
{
    CLARY_TRY(clary_tf_outputs(call, 1));
    call->out[0].value = value;
    return CLARY_OK;
}

enum clary_status clary_tf_input(struct clary_tf_call *call, size_t i,
                                 uint32_t *value)
{
    if (call->in[i].kind == CLARY_TRACED_MIXED)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "input %zu is reduced over the rows of the "
                             "request by node \"%s\", and a row's prediction "
                             "must not depend on other rows",
                             i, call->in[i].mixed_by);
    if (call->in[i].kind != CLARY_TRACED_VALUE)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "input %zu is no tensor",
                             i);
    if (call->in[i].lead)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "the rows of its input are in the second "
                             "dimension, expected in the first");
    *value = call->in[i].value;
    return CLARY_OK;
}

enum clary_status clary_tf_constant(struct clary_tf_call *call, size_t i,
                                    struct clary_tensor *tensor)
{
    uint32_t value = 0;

    CLARY_TRY(clary_tf_input(call, i, &value));
    if (!clary_program_is_constant(call->tracer->program, value, tensor))
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "input %zu depends on the request, expected a "
                             "constant",
                             i);
    return CLARY_OK;
}

enum clary_status clary_tf_integers(struct clary_tf_call *call, size_t i,
                                    int64_t *values, size_t *n)
{
    int64_t per_row[CLARY_MAX_RANK];
    uint32_t value;
    size_t j;

    CLARY_TRY(clary_tf_input(call, i, &value));
    if (!clary_program_affine(call->tracer->program, value, values, per_row, n))
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "input %zu is not at most %d constant integers", i,
                             CLARY_MAX_RANK);
    for (j = 0; j < *n; j++)
        if (per_row[j])
            return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                 "input %zu depends on the number of rows", i);
    return CLARY_OK;
}

enum clary_status clary_tf_integer(struct clary_tf_call *call, size_t i,
                                   int64_t *value)
{
    int64_t values[CLARY_MAX_RANK];
    size_t n;

    CLARY_TRY(clary_tf_integers(call, i, values, &n));
    if (n != 1)
        return clary_tf_fail(call, CLARY_BAD_MODEL,
                             "input %zu holds %zu integers, expected 1", i, n);
    *value = values[0];
    return CLARY_OK;
}

enum clary_status clary_tf_axis(struct clary_tf_call *call, size_t i,
                                size_t rank, size_t *axis)
{
    int64_t value = 0;

    CLARY_TRY(clary_tf_integer(call, i, &value));
    if (value < -(int64_t)rank || value >= (int64_t)rank)
        return clary_tf_fail(call, CLARY_BAD_MODEL,
                             "axis %lld of a tensor of rank %zu",
                             (long long)value, rank);
    *axis = (size_t)(value < 0 ? value + (int64_t)rank : value);
    return CLARY_OK;
}

const struct clary_value *clary_tf_value(const struct clary_tf_call *call,
                                         uint32_t value)
{
    return clary_program_value(call->tracer->program, value);
}

/* Whether `dim` stands for an open dimension; its entry. */
static struct clary_open_dimension *open_dimension(struct clary_tracer *tracer,
                                                   int64_t dim)
{
    int64_t index = dim - CLARY_OPEN_SIZE;

    return index >= 0 && index < (int64_t)tracer->n_open ? &tracer->open[index]
                                                         : NULL;
}

/* Inputs of one op that are compared with each other; a concatenation of more
 * tells nothing. */
#define MAX_LEARN_INPUTS 1000

/* After an op has refused its inputs: an open dimension that stands beside a
 * real one is of that size. Beside means: at the same distance from the end,
 * but for a product, where the last of the left meets the last but one of the
 * right. */
static void learn(struct clary_tracer *tracer, const char *kind,
                  const uint32_t *in, size_t n_in)
{
    bool product = strcmp(kind, "matmul") == 0;
    size_t i, j, d;

    if (n_in > MAX_LEARN_INPUTS)
        n_in = MAX_LEARN_INPUTS;
    for (i = 0; i < n_in; i++) {
        const struct clary_shape *a =
            &clary_program_value(tracer->program, in[i])->shape;

        for (d = 0; d < a->rank; d++) {
            struct clary_open_dimension *open =
                open_dimension(tracer, a->dim[d]);
            size_t from_end = a->rank - d + (product ? 1 : 0);

            for (j = 0; open && j < n_in; j++) {
                const struct clary_shape *b =
                    &clary_program_value(tracer->program, in[j])->shape;
                int64_t size = j == i || b->rank < from_end
                                   ? 0
                                   : b->dim[b->rank - from_end];

                if (size > 0 && size != 1 && !open_dimension(tracer, size)) {
                    open->size = size;
                    tracer->learned = true;
                }
            }
        }
    }
}

enum clary_status clary_tf_emit(struct clary_tf_call *call, const char *kind,
                                const void *params, const uint32_t *in,
                                size_t n_in, uint32_t *out, size_t n_out)
{
    enum clary_status status =
        clary_program_add(call->tracer->program, kind, call->node->name, params,
                          in, n_in, out, n_out, call->err);

    if (status == CLARY_BAD_MODEL || status == CLARY_UNSUPPORTED)
        learn(call->tracer, kind, in, n_in);
    return status;
}

enum clary_status clary_tf_emit1(struct clary_tf_call *call, const char *kind,
                                 const void *params, const uint32_t *in,
                                 size_t n_in, uint32_t *out)
{
    return clary_tf_emit(call, kind, params, in, n_in, out, 1);
}

enum clary_status clary_tf_scalar(struct clary_tf_call *call,
                                  enum clary_dtype dtype, double number,
                                  uint32_t *value)
{
    struct clary_cast_params *params = clary_tf_alloc(call, 1, sizeof *params);
    double *data = clary_tf_alloc(call, 1, sizeof *data);
    struct clary_tensor tensor = {.dtype = CLARY_DTYPE_F64, .data = data};
    uint32_t wide;

    if (!params || !data)
        return clary_tf_no_memory(call);
    params->to = dtype;
    *data = number;
    CLARY_TRY(clary_program_constant(call->tracer->program, &tensor, &wide,
                                     call->err));
    return clary_tf_emit1(call, "cast", params, &wide, 1, value);
}

enum clary_status clary_tf_reshape(struct clary_tf_call *call, uint32_t value,
                                   const struct clary_shape *shape,
                                   uint32_t *out)
{
    struct clary_reshape_params *params =
        clary_tf_alloc(call, 1, sizeof *params);

    if (!params)
        return clary_tf_no_memory(call);
    params->per_row = clary_tf_value(call, value)->per_row;
    params->shape = *shape;
    return clary_tf_emit1(call, "reshape", params, &value, 1, out);
}
