/* ops_part.c: ops that join tensors, cut them, or look elements up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/ops.h"

#include <string.h>

#define MAX_PARTS CLARY_MAX_OUTPUTS

static enum clary_status concat(struct clary_tf_call *call, const uint32_t *in,
                                size_t n, size_t axis)
{
    struct clary_axis_params *params = clary_tf_alloc(call, 1, sizeof *params);
    uint32_t out = in[0];

    if (!params)
        return clary_tf_no_memory(call);
    params->axis = axis;
    if (n > 1)
        CLARY_TRY(clary_tf_emit1(call, "concat", params, in, n, &out));
    return clary_tf_output(call, out);
}

/* Concat has its axis first, ConcatV2 last. */
enum clary_status clary_tf_concat(struct clary_tf_call *call, const char *kind)
{
    size_t first = strcmp(kind, "first") == 0 ? 1 : 0;
    size_t n = call->n_in - 1, axis = 0, i;
    uint32_t *in = clary_tf_alloc(call, n, sizeof *in);

    if (!in)
        return clary_tf_no_memory(call);
    for (i = 0; i < n; i++)
        CLARY_TRY(clary_tf_input(call, i + first, &in[i]));
    CLARY_TRY(clary_tf_axis(call, first ? 0 : n,
                            clary_tf_value(call, in[0])->shape.rank, &axis));
    return concat(call, in, n, axis);
}

/* An axis attribute, for a tensor of `rank`. */
static enum clary_status axis_attribute(struct clary_tf_call *call, size_t rank,
                                        size_t *axis)
{
    int64_t value = clary_attribute_int(call->node, "axis", 0);

    if (value < -(int64_t)rank || value >= (int64_t)rank)
        return clary_tf_fail(call, CLARY_BAD_MODEL,
                             "axis %lld of a tensor of rank %zu",
                             (long long)value, rank);
    *axis = (size_t)(value < 0 ? value + (int64_t)rank : value);
    return CLARY_OK;
}

/* Stacks tensors of one shape along a new axis. */
enum clary_status clary_tf_pack(struct clary_tf_call *call, const char *kind)
{
    size_t n = call->n_in, axis = 0, i, d;
    uint32_t *in = clary_tf_alloc(call, n, sizeof *in);

    (void)kind;
    if (!in)
        return clary_tf_no_memory(call);
    for (i = 0; i < n; i++) {
        struct clary_shape shape = {0};
        const struct clary_shape *from;

        CLARY_TRY(clary_tf_input(call, i, &in[i]));
        from = &clary_tf_value(call, in[i])->shape;
        CLARY_TRY(axis_attribute(call, from->rank + 1, &axis));
        if (from->rank == CLARY_MAX_RANK ||
            (axis == 0 && clary_tf_value(call, in[i])->per_row))
            return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                 "it moves the rows out of the first "
                                 "dimension");
        shape.rank = from->rank + 1;
        for (d = 0; d < shape.rank; d++)
            shape.dim[d] = d < axis    ? from->dim[d]
                           : d == axis ? 1
                                       : from->dim[d - 1];
        CLARY_TRY(clary_tf_reshape(call, in[i], &shape, &in[i]));
    }
    return concat(call, in, n, axis);
}

/* `n` parts along `axis` as the node's outputs; equal when sizes is NULL. */
static enum clary_status split(struct clary_tf_call *call, uint32_t in,
                               size_t axis, size_t n, const int64_t *sizes)
{
    struct clary_axis_params *params = clary_tf_alloc(call, 1, sizeof *params);
    uint32_t parts[MAX_PARTS] = {0};
    size_t i;

    if (!params)
        return clary_tf_no_memory(call);
    if (n == 0 || n > MAX_PARTS)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "it makes %zu parts, expected 1 to %d", n,
                             MAX_PARTS);
    params->axis = axis;
    params->sizes = sizes;
    CLARY_TRY(clary_tf_emit(call, "split", params, &in, 1, parts, n));
    CLARY_TRY(clary_tf_outputs(call, n));
    for (i = 0; i < n; i++)
        call->out[i].value = parts[i];
    return CLARY_OK;
}

enum clary_status clary_tf_split(struct clary_tf_call *call, const char *kind)
{
    int64_t n = clary_attribute_int(call->node, "num_split", 0);
    uint32_t in = 0;
    size_t axis = 0;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 1, &in));
    CLARY_TRY(
        clary_tf_axis(call, 0, clary_tf_value(call, in)->shape.rank, &axis));
    return split(call, in, axis, n < 0 ? 0 : (size_t)n, NULL);
}

/* Sizes in input 1; one of them may be -1. */
enum clary_status clary_tf_split_sizes(struct clary_tf_call *call,
                                       const char *kind)
{
    int64_t *sizes = clary_tf_alloc(call, CLARY_MAX_RANK, sizeof *sizes);
    int64_t rest;
    uint32_t in = 0;
    size_t axis = 0, n = 0, i;

    (void)kind;
    if (!sizes)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_tf_integers(call, 1, sizes, &n));
    CLARY_TRY(
        clary_tf_axis(call, 2, clary_tf_value(call, in)->shape.rank, &axis));
    rest = clary_tf_value(call, in)->shape.dim[axis];
    for (i = 0; i < n; i++)
        rest -= sizes[i] > 0 ? sizes[i] : 0;
    for (i = 0; i < n; i++)
        if (sizes[i] == -1)
            sizes[i] = rest;
    return split(call, in, axis, n, sizes);
}

/* The parts of Split along `axis`, without the axis. */
enum clary_status clary_tf_unpack(struct clary_tf_call *call, const char *kind)
{
    int64_t n = clary_attribute_int(call->node, "num", 0);
    struct clary_shape shape;
    uint32_t in = 0;
    size_t axis = 0, i, d;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in));
    shape = clary_tf_value(call, in)->shape;
    CLARY_TRY(axis_attribute(call, shape.rank, &axis));
    if (shape.dim[axis] != n)
        return clary_tf_fail(call, CLARY_BAD_MODEL,
                             "it makes %lld parts of %lld elements",
                             (long long)n, (long long)shape.dim[axis]);
    CLARY_TRY(split(call, in, axis, (size_t)n, NULL));
    shape.rank--;
    for (d = axis; d < shape.rank; d++)
        shape.dim[d] = shape.dim[d + 1];
    shape.dim[shape.rank] = 0;
    for (i = 0; i < (size_t)n; i++)
        CLARY_TRY(clary_tf_reshape(call, call->out[i].value, &shape,
                                   &call->out[i].value));
    return CLARY_OK;
}

enum clary_status clary_tf_slice(struct clary_tf_call *call, const char *kind)
{
    struct clary_slice_params *params = clary_tf_alloc(call, 1, sizeof *params);
    int64_t per_row[CLARY_MAX_RANK];
    const struct clary_value *value;
    uint32_t in = 0, sizes = 0, out = 0;
    size_t n = 0, n_sizes = 0, i;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_tf_integers(call, 1, params->begin, &n));
    CLARY_TRY(clary_tf_input(call, 2, &sizes));
    value = clary_tf_value(call, in);
    if (!clary_program_affine(call->tracer->program, sizes, params->size,
                              per_row, &n_sizes) ||
        n != value->shape.rank || n_sizes != n)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "its sizes are no %zu constants",
                             value->shape.rank);
    for (i = 0; i < n; i++) {
        bool rows = i == 0 && value->per_row;

        params->stride[i] = 1;
        if (per_row[i] && !(rows && per_row[i] == value->shape.dim[0] &&
                            params->size[i] == 0))
            return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                 "size %zu depends on the number of rows", i);
        if (rows && !per_row[i] && params->size[i] != -1)
            return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                 "it takes a part of the rows");
        if (params->size[i] == -1 || rows)
            params->size[i] = value->shape.dim[i] - params->begin[i];
    }
    CLARY_TRY(clary_tf_emit1(call, "slice", params, &in, 1, &out));
    return clary_tf_output(call, out);
}

/* x[begin:end:stride, ...]: one entry of the specification of a StridedSlice.
 */
struct bounds {
    int64_t begin[CLARY_MAX_RANK], end[CLARY_MAX_RANK], stride[CLARY_MAX_RANK];
    int64_t end_per_row[CLARY_MAX_RANK];
    size_t n;
    uint32_t begin_mask, end_mask, ellipsis, new_axis, shrink;
};

static enum clary_status read_bounds(struct clary_tf_call *call,
                                     struct bounds *b)
{
    const Clary__Tf__Node *node = call->node;
    size_t n_end = 0, n_stride = 0;
    uint32_t end = 0;

    memset(b, 0, sizeof *b);
    CLARY_TRY(clary_tf_integers(call, 1, b->begin, &b->n));
    CLARY_TRY(clary_tf_input(call, 2, &end));
    CLARY_TRY(clary_tf_integers(call, 3, b->stride, &n_stride));
    if (!clary_program_affine(call->tracer->program, end, b->end,
                              b->end_per_row, &n_end) ||
        n_end != b->n || n_stride != b->n)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "its bounds are no constants of one length");
    b->begin_mask = (uint32_t)clary_attribute_int(node, "begin_mask", 0);
    b->end_mask = (uint32_t)clary_attribute_int(node, "end_mask", 0);
    b->ellipsis = (uint32_t)clary_attribute_int(node, "ellipsis_mask", 0);
    b->new_axis = (uint32_t)clary_attribute_int(node, "new_axis_mask", 0);
    b->shrink = (uint32_t)clary_attribute_int(node, "shrink_axis_mask", 0);
    return CLARY_OK;
}

static int64_t clamp(int64_t value, int64_t low, int64_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Bounds i of an axis of `dim` elements, as begin, size and stride. */
static enum clary_status resolve(struct clary_tf_call *call,
                                 const struct bounds *b, size_t i, int64_t dim,
                                 struct clary_slice_params *p, size_t axis)
{
    int64_t stride = b->stride[i], begin = b->begin[i], end = b->end[i];

    if (stride == 0 || b->end_per_row[i])
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "bounds %zu: a stride of 0, or an end that "
                             "depends on the rows",
                             i);
    if (b->shrink >> i & 1) {
        begin += begin < 0 ? dim : 0;
        if (begin < 0 || begin >= dim)
            return clary_tf_fail(call, CLARY_BAD_MODEL,
                                 "index %lld is outside 0 .. %lld",
                                 (long long)b->begin[i], (long long)dim - 1);
        p->begin[axis] = begin;
        p->size[axis] = 1;
        p->stride[axis] = 1;
        return CLARY_OK;
    }
    begin = b->begin_mask >> i & 1 ? (stride > 0 ? 0 : dim - 1)
                                   : begin + (begin < 0 ? dim : 0);
    end = b->end_mask >> i & 1 ? (stride > 0 ? dim : -1)
                               : end + (end < 0 ? dim : 0);
    if (stride > 0) {
        begin = clamp(begin, 0, dim);
        end = clamp(end, 0, dim);
        p->size[axis] = end > begin ? (end - begin - 1) / stride + 1 : 0;
    } else {
        begin = clamp(begin, -1, dim - 1);
        end = clamp(end, -1, dim - 1);
        p->size[axis] = begin > end ? (begin - end - 1) / -stride + 1 : 0;
    }
    p->begin[axis] = begin;
    p->stride[axis] = stride;
    return CLARY_OK;
}

/* The rows are taken whole: [:], or [0 : their number]. */
static bool whole_rows(const struct bounds *b, size_t i, int64_t dim)
{
    bool from_start = b->begin_mask >> i & 1 || b->begin[i] == 0;
    bool to_end =
        b->end_mask >> i & 1 || (b->end[i] == 0 && b->end_per_row[i] == dim);

    return from_start && to_end && b->stride[i] == 1 && !(b->shrink >> i & 1);
}

/* The slice of every axis in `p` and the shape of the result, with new and
 * without shrunk axes. */
static enum clary_status resolve_all(struct clary_tf_call *call,
                                     const struct bounds *b,
                                     const struct clary_value *value,
                                     struct clary_slice_params *p,
                                     struct clary_shape *shape)
{
    size_t rank = value->shape.rank, axis = 0, i, named = 0;

    memset(shape, 0, sizeof *shape);
    for (i = 0; i < b->n; i++) /* axes that the bounds name */
        named += !(b->ellipsis >> i & 1) && !(b->new_axis >> i & 1);
    if (named > rank || rank + b->n > CLARY_MAX_RANK + named ||
        (b->ellipsis & (b->ellipsis - 1)) != 0)
        return clary_tf_fail(call, CLARY_BAD_MODEL,
                             "%zu bounds for a tensor of rank %zu", b->n, rank);
    for (i = 0; i <= b->n; i++) {
        bool last = i == b->n;
        size_t take = 1;

        if (!last && b->new_axis >> i & 1 && !(b->ellipsis >> i & 1)) {
            if (value->per_row && axis == 0)
                return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                     "it moves the rows out of the first "
                                     "dimension");
            shape->dim[shape->rank++] = 1;
            continue;
        }
        if (last || b->ellipsis >> i & 1) { /* all that nobody names */
            take = last ? rank - axis : rank - named;
            for (; take; take--, axis++) {
                p->size[axis] = value->shape.dim[axis];
                p->stride[axis] = 1;
                shape->dim[shape->rank++] = p->size[axis];
            }
            continue;
        }
        if (axis == 0 && value->per_row) {
            if (!whole_rows(b, i, value->shape.dim[0]))
                return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                     "it takes a part of the rows");
            p->size[0] = value->shape.dim[0];
            p->stride[0] = 1;
        } else {
            CLARY_TRY(resolve(call, b, i, value->shape.dim[axis], p, axis));
        }
        if (!(b->shrink >> i & 1))
            shape->dim[shape->rank++] = p->size[axis];
        axis++;
    }
    return CLARY_OK;
}

enum clary_status clary_tf_strided_slice(struct clary_tf_call *call,
                                         const char *kind)
{
    struct clary_slice_params *params = clary_tf_alloc(call, 1, sizeof *params);
    struct clary_shape shape;
    struct bounds bounds;
    uint32_t in = 0, out = 0;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(read_bounds(call, &bounds));
    CLARY_TRY(
        resolve_all(call, &bounds, clary_tf_value(call, in), params, &shape));
    CLARY_TRY(clary_tf_emit1(call, "slice", params, &in, 1, &out));
    if (!clary_shape_equal(&clary_tf_value(call, out)->shape, &shape))
        CLARY_TRY(clary_tf_reshape(call, out, &shape, &out));
    return clary_tf_output(call, out);
}

/* Gather and ResourceGather work along axis 0, GatherV2 along input 2. The
 * table of a ResourceGather is a variable. */
enum clary_status clary_tf_gather(struct clary_tf_call *call, const char *kind)
{
    struct clary_axis_params *params = clary_tf_alloc(call, 1, sizeof *params);
    int64_t batch_dims = clary_attribute_int(call->node, "batch_dims", 0);
    uint32_t in[2] = {0}, out = 0;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    if (call->in[0].kind == CLARY_TRACED_VARIABLE) {
        CLARY_TRY(clary_tf_read_variable(call, NULL));
        in[0] = call->out[0].value;
    } else {
        CLARY_TRY(clary_tf_input(call, 0, &in[0]));
    }
    CLARY_TRY(clary_tf_input(call, 1, &in[1]));
    if (call->n_in > 2)
        CLARY_TRY(clary_tf_axis(
            call, 2, clary_tf_value(call, in[0])->shape.rank, &params->axis));
    if (batch_dims < 0)
        batch_dims += (int64_t)clary_tf_value(call, in[1])->shape.rank;
    if (batch_dims < 0 || batch_dims > CLARY_MAX_RANK)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "batch_dims is %lld",
                             (long long)batch_dims);
    params->batch_dims = (size_t)batch_dims;
    CLARY_TRY(clary_tf_emit1(call, "gather", params, in, 2, &out));
    return clary_tf_output(call, out);
}

/* A constant scalar as a number. */
static enum clary_status number(struct clary_tf_call *call, size_t i,
                                enum clary_dtype *dtype, double *value)
{
    struct clary_cast_params *params = clary_tf_alloc(call, 1, sizeof *params);
    struct clary_tensor tensor = {0};
    uint32_t in = 0, wide = 0;

    if (!params)
        return clary_tf_no_memory(call);
    params->to = CLARY_DTYPE_F64;
    CLARY_TRY(clary_tf_constant(call, i, &tensor));
    *dtype = tensor.dtype;
    if (tensor.shape.rank)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "input %zu is no scalar",
                             i);
    CLARY_TRY(clary_tf_input(call, i, &in));
    CLARY_TRY(clary_tf_emit1(call, "cast", params, &in, 1, &wide));
    if (!clary_program_is_constant(call->tracer->program, wide, &tensor))
        return clary_tf_fail(call, CLARY_INTERNAL, "a cast did not fold");
    *value = *(const double *)tensor.data;
    return CLARY_OK;
}

enum clary_status clary_tf_one_hot(struct clary_tf_call *call, const char *kind)
{
    struct clary_one_hot_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    int64_t axis = clary_attribute_int(call->node, "axis", -1);
    uint32_t in = 0, out = 0;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_tf_integer(call, 1, &params->depth));
    CLARY_TRY(number(call, 3, &params->dtype, &params->off));
    CLARY_TRY(number(call, 2, &params->dtype, &params->on));
    params->axis =
        axis < 0 ? clary_tf_value(call, in)->shape.rank : (size_t)axis;
    CLARY_TRY(clary_tf_emit1(call, "one_hot", params, &in, 1, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_bucketize(struct clary_tf_call *call,
                                     const char *kind)
{
    const Clary__Tf__Attribute *a = clary_attribute(call->node, "boundaries");
    struct clary_bucketize_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    size_t n = a && a->list ? a->list->n_f : 0;
    float *boundaries = clary_tf_alloc(call, n, sizeof *boundaries);
    uint32_t in = 0, out = 0;

    (void)kind;
    if (!params || !boundaries)
        return clary_tf_no_memory(call);
    if (n)
        memcpy(boundaries, a->list->f, n * sizeof *boundaries);
    params->boundaries = boundaries;
    params->n_boundaries = n;
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_tf_emit1(call, "bucketize", params, &in, 1, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_bincount(struct clary_tf_call *call,
                                    const char *kind)
{
    struct clary_bincount_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    uint32_t in[2] = {0}, out = 0;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in[0]));
    CLARY_TRY(clary_tf_integer(call, 1, &params->size));
    CLARY_TRY(clary_tf_input(call, 2, &in[1]));
    CLARY_TRY(clary_attribute_dtype(call->node, "T", CLARY_DTYPE_F32,
                                    &params->dtype, call->err));
    params->binary = clary_attribute_bool(call->node, "binary_output", false);
    CLARY_TRY(clary_tf_emit1(call, "bincount", params, in, 2, &out));
    return clary_tf_output(call, out);
}
