/* ops_shape.c: ops about shapes and ops that repeat a value.
 *
 * A tensor with one element a row along dimension 0 is "per row" in the
 * program, its dimension 0 counted for one row. So wherever TensorFlow gives a
 * shape as a tensor, its first element may be m * rows, and the others must be
 * constants.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/ops.h"

#include <string.h>

/* A shape as TensorFlow's ops take it: constant + per_row * rows. */
struct wanted {
    int64_t constant[CLARY_MAX_RANK];
    int64_t per_row[CLARY_MAX_RANK];
    size_t n;
};

static enum clary_status read_wanted(struct clary_tf_call *call, size_t i,
                                     struct wanted *wanted)
{
    uint32_t value = 0;

    memset(wanted, 0, sizeof *wanted);
    CLARY_TRY(clary_tf_input(call, i, &value));
    if (!clary_program_affine(call->tracer->program, value, wanted->constant,
                              wanted->per_row, &wanted->n))
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "its shape is neither constant nor a multiple of "
                             "the number of rows");
    return CLARY_OK;
}

/* Dimensions from number `first` on as a shape; the one at `first` may be
 * m * rows. */
static enum clary_status to_shape(struct clary_tf_call *call,
                                  const struct wanted *wanted, size_t first,
                                  bool *per_row, struct clary_shape *shape)
{
    size_t i;

    memset(shape, 0, sizeof *shape);
    shape->rank = wanted->n - first;
    *per_row = shape->rank && wanted->per_row[first] != 0;
    for (i = first; i < wanted->n; i++) {
        bool rows = wanted->per_row[i] != 0;

        if (rows &&
            (i > first || wanted->constant[i] != 0 || wanted->per_row[i] < 0))
            return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                 "dimension %zu of its shape depends on the "
                                 "number of rows, only the first may",
                                 i);
        shape->dim[i - first] = rows ? wanted->per_row[i] : wanted->constant[i];
    }
    return CLARY_OK;
}

enum clary_status clary_tf_shape(struct clary_tf_call *call, const char *kind)
{
    enum clary_dtype dtype;
    uint32_t in = 0;
    size_t i;

    (void)kind;
    CLARY_TRY(clary_attribute_dtype(call->node, "out_type", CLARY_DTYPE_I32,
                                    &dtype, call->err));
    CLARY_TRY(clary_tf_outputs(call, call->n_in));
    for (i = 0; i < call->n_in; i++) {
        CLARY_TRY(clary_tf_input(call, i, &in));
        CLARY_TRY(clary_program_shape_of(call->tracer->program, in, dtype,
                                         &call->out[i].value, call->err));
    }
    return CLARY_OK;
}

enum clary_status clary_tf_rank(struct clary_tf_call *call, const char *kind)
{
    uint32_t in = 0, out = 0;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_tf_scalar(call, CLARY_DTYPE_I32,
                              (double)clary_tf_value(call, in)->shape.rank,
                              &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_size(struct clary_tf_call *call, const char *kind)
{
    struct clary_reduce_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    enum clary_dtype dtype;
    uint32_t in = 0, shape = 0, out = 0;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    params->axes = 1;
    CLARY_TRY(clary_attribute_dtype(call->node, "out_type", CLARY_DTYPE_I32,
                                    &dtype, call->err));
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_program_shape_of(call->tracer->program, in, dtype, &shape,
                                     call->err));
    CLARY_TRY(clary_tf_emit1(call, "prod", params, &shape, 1, &out));
    return clary_tf_output(call, out);
}

/* The element count of a shape for one row (or in all), 0 if it has none. */
static int64_t elements(const struct clary_shape *shape)
{
    size_t n;

    return clary_shape_elements(shape, &n) ? (int64_t)n : 0;
}

/* Reshape of a per-row value. TensorFlow's shape may put the rows first
 * (m * rows, or -1 beside constants), or second behind a 1 (`lead`). */
static enum clary_status reshape_rows(struct clary_tf_call *call, uint32_t in,
                                      struct wanted *wanted)
{
    const struct clary_shape *from = &clary_tf_value(call, in)->shape;
    struct clary_shape shape;
    bool per_row, lead = wanted->n > 1 && wanted->constant[0] == 1 &&
                         wanted->per_row[0] == 0;
    size_t first = lead ? 1 : 0, i;
    uint32_t out = 0;

    CLARY_TRY(to_shape(call, wanted, first, &per_row, &shape));
    if (!per_row && shape.rank && shape.dim[0] == -1) {
        int64_t rest = 1;

        for (i = 1; i < shape.rank; i++)
            rest =
                shape.dim[i] > 0 && rest <= INT32_MAX ? rest * shape.dim[i] : 0;
        per_row = rest > 0 && elements(from) % rest == 0;
        shape.dim[0] = per_row ? elements(from) / rest : -1;
    }
    if (!per_row || shape.dim[0] < 1)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "it moves the rows out of the first dimension");
    CLARY_TRY(clary_tf_reshape(call, in, &shape, &out));
    CLARY_TRY(clary_tf_output(call, out));
    call->out[0].lead = lead;
    return CLARY_OK;
}

enum clary_status clary_tf_to_shape(struct clary_tf_call *call,
                                    const char *kind)
{
    struct wanted wanted;
    struct clary_shape shape;
    uint32_t in = call->in[0].value, out = 0;
    bool per_row;

    (void)kind;
    if (!call->in[0].lead) /* a lead dimension is of no matter here */
        CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(read_wanted(call, 1, &wanted));
    if (clary_tf_value(call, in)->per_row)
        return reshape_rows(call, in, &wanted);
    CLARY_TRY(to_shape(call, &wanted, 0, &per_row, &shape));
    if (per_row)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "a constant is given a dimension of the number "
                             "of rows");
    CLARY_TRY(clary_tf_reshape(call, in, &shape, &out));
    return clary_tf_output(call, out);
}

/* Without axes every dimension of 1 goes, but not that of the rows. */
enum clary_status clary_tf_squeeze(struct clary_tf_call *call, const char *kind)
{
    const Clary__Tf__Attribute *a = clary_attribute(call->node, "squeeze_dims");
    const Clary__Tf__ListAttribute *list = a ? a->list : NULL;
    struct clary_shape shape = {0};
    const struct clary_value *value;
    uint32_t in = 0, out = 0, drop = 0;
    size_t i;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in));
    value = clary_tf_value(call, in);
    for (i = 0; list && i < list->n_i; i++) {
        int64_t rank = (int64_t)value->shape.rank;
        int64_t axis = list->i[i] < 0 ? list->i[i] + rank : list->i[i];

        if (axis < 0 || axis >= rank || value->shape.dim[axis] != 1 ||
            (axis == 0 && value->per_row))
            return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                 "dimension %lld is not of size 1",
                                 (long long)list->i[i]);
        drop |= 1u << axis;
    }
    for (i = 0; (!list || !list->n_i) && i < value->shape.rank; i++)
        if (value->shape.dim[i] == 1 && !(i == 0 && value->per_row))
            drop |= 1u << i;
    for (i = 0; i < value->shape.rank; i++)
        if (!(drop >> i & 1))
            shape.dim[shape.rank++] = value->shape.dim[i];
    CLARY_TRY(clary_tf_reshape(call, in, &shape, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_expand_dims(struct clary_tf_call *call,
                                       const char *kind)
{
    const struct clary_value *value;
    struct clary_shape shape = {0};
    uint32_t in = 0, out = 0;
    size_t axis = 0, i;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in));
    value = clary_tf_value(call, in);
    CLARY_TRY(clary_tf_axis(call, 1, value->shape.rank + 1, &axis));
    if (value->shape.rank == CLARY_MAX_RANK)
        return clary_tf_fail(call, CLARY_UNSUPPORTED, "a rank above %d",
                             CLARY_MAX_RANK);
    if (value->per_row && axis == 0) {
        CLARY_TRY(clary_tf_output(call, in));
        call->out[0].lead = true;
        return CLARY_OK;
    }
    for (i = 0; i <= value->shape.rank; i++)
        shape.dim[i] = i < axis    ? value->shape.dim[i]
                       : i == axis ? 1
                                   : value->shape.dim[i - 1];
    shape.rank = value->shape.rank + 1;
    CLARY_TRY(clary_tf_reshape(call, in, &shape, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_transpose(struct clary_tf_call *call,
                                     const char *kind)
{
    struct clary_transpose_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    int64_t perm[CLARY_MAX_RANK] = {0};
    uint32_t in = 0, out = 0;
    size_t n = 0, i;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(clary_tf_integers(call, 1, perm, &n));
    for (i = 0; i < n; i++) {
        int64_t axis = perm[i] < 0 ? perm[i] + (int64_t)n : perm[i];

        if (axis < 0 || axis >= (int64_t)n ||
            n != clary_tf_value(call, in)->shape.rank)
            return clary_tf_fail(call, CLARY_BAD_MODEL,
                                 "its permutation does not fit a tensor of "
                                 "rank %zu",
                                 clary_tf_value(call, in)->shape.rank);
        params->perm[i] = (size_t)axis;
    }
    CLARY_TRY(clary_tf_emit1(call, "transpose", params, &in, 1, &out));
    return clary_tf_output(call, out);
}

static enum clary_status broadcast(struct clary_tf_call *call, uint32_t in,
                                   bool per_row,
                                   const struct clary_shape *shape,
                                   uint32_t rows, uint32_t *out)
{
    struct clary_broadcast_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    uint32_t both[2] = {in, rows};

    if (!params)
        return clary_tf_no_memory(call);
    params->per_row = per_row;
    params->shape = *shape;
    return clary_tf_emit1(call, "broadcast", params, both, per_row ? 2 : 1,
                          out);
}

/* The number that a float scalar constant holds, in the model's memory. */
static const double *fill_number(struct clary_tf_call *call, uint32_t value)
{
    struct clary_tensor tensor;
    double *number;

    if (!clary_program_is_constant(call->tracer->program, value, &tensor) ||
        tensor.dtype != CLARY_DTYPE_F32 || tensor.shape.rank)
        return NULL;
    number = clary_tf_alloc(call, 1, sizeof *number);
    if (number)
        *number = (double)*(const float *)tensor.data;
    return number;
}

enum clary_status clary_tf_fill(struct clary_tf_call *call, const char *kind)
{
    struct wanted wanted;
    struct clary_shape shape;
    uint32_t value = 0, out = 0;
    bool per_row;

    (void)kind;
    CLARY_TRY(read_wanted(call, 0, &wanted));
    CLARY_TRY(clary_tf_input(call, 1, &value));
    CLARY_TRY(to_shape(call, &wanted, 0, &per_row, &shape));
    CLARY_TRY(
        broadcast(call, value, per_row, &shape, call->tracer->rows, &out));
    CLARY_TRY(clary_tf_output(call, out));
    call->out[0].fill = fill_number(call, value);
    return CLARY_OK;
}

/* ZerosLike and OnesLike; kind is the number. */
enum clary_status clary_tf_fill_like(struct clary_tf_call *call,
                                     const char *kind)
{
    const struct clary_value *value;
    struct clary_shape shape;
    uint32_t in = 0, number = 0, out = 0;
    bool per_row;

    CLARY_TRY(clary_tf_input(call, 0, &in));
    value = clary_tf_value(call, in);
    shape = value->shape;
    per_row = value->per_row;
    CLARY_TRY(
        clary_tf_scalar(call, value->dtype, *kind == '1' ? 1.0 : 0.0, &number));
    CLARY_TRY(broadcast(call, number, per_row, &shape, in, &out));
    return clary_tf_output(call, out);
}

enum clary_status clary_tf_broadcast_to(struct clary_tf_call *call,
                                        const char *kind)
{
    struct wanted wanted;
    struct clary_shape shape;
    uint32_t in = 0, out = 0;
    bool per_row;

    (void)kind;
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(read_wanted(call, 1, &wanted));
    CLARY_TRY(to_shape(call, &wanted, 0, &per_row, &shape));
    CLARY_TRY(broadcast(call, in, per_row, &shape, call->tracer->rows, &out));
    return clary_tf_output(call, out);
}

/* Multiples along every axis. A constant of one row may be given the number of
 * rows as its first multiple: it becomes per row. */
enum clary_status clary_tf_tile(struct clary_tf_call *call, const char *kind)
{
    struct clary_broadcast_params *params =
        clary_tf_alloc(call, 1, sizeof *params);
    struct wanted wanted;
    struct clary_shape shape;
    uint32_t in = 0, out = 0;
    bool per_row;

    (void)kind;
    if (!params)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_input(call, 0, &in));
    CLARY_TRY(read_wanted(call, 1, &wanted));
    CLARY_TRY(to_shape(call, &wanted, 0, &per_row, &shape));
    params->shape = shape;
    if (per_row)
        params->shape.dim[0] = 1;
    CLARY_TRY(clary_tf_emit1(call, "tile", params, &in, 1, &out));
    if (per_row) {
        struct clary_shape tiled = clary_tf_value(call, out)->shape;

        if (clary_tf_value(call, out)->per_row || tiled.dim[0] != 1)
            return clary_tf_fail(call, CLARY_UNSUPPORTED,
                                 "it repeats rows as often as there are rows");
        tiled.dim[0] = shape.dim[0];
        CLARY_TRY(broadcast(call, out, true, &tiled, call->tracer->rows, &out));
    }
    return clary_tf_output(call, out);
}

/* Of three constant integers. */
enum clary_status clary_tf_range(struct clary_tf_call *call, const char *kind)
{
    int64_t start = 0, limit = 0, step = 0, n, i;
    struct clary_tensor tensor = {.dtype = CLARY_DTYPE_I64};
    uint32_t value = 0;

    (void)kind;
    CLARY_TRY(clary_tf_integer(call, 0, &start));
    CLARY_TRY(clary_tf_integer(call, 1, &limit));
    CLARY_TRY(clary_tf_integer(call, 2, &step));
    if (step == 0)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "its step is 0");
    n = step > 0 ? (limit - start + step - 1) / step
                 : (start - limit - step - 1) / -step;
    if (n < 0)
        n = 0;
    tensor.shape.rank = 1;
    tensor.shape.dim[0] = n;
    tensor.data = clary_tf_alloc(call, (size_t)n, sizeof(int64_t));
    if (!tensor.data)
        return clary_tf_no_memory(call);
    for (i = 0; i < n; i++)
        ((int64_t *)tensor.data)[i] = start + i * step;
    CLARY_TRY(clary_program_constant(call->tracer->program, &tensor, &value,
                                     call->err));
    if (clary_tf_value(call, call->in[0].value)->dtype != CLARY_DTYPE_I64) {
        struct clary_cast_params *params =
            clary_tf_alloc(call, 1, sizeof *params);

        if (!params)
            return clary_tf_no_memory(call);
        params->to = CLARY_DTYPE_I32;
        CLARY_TRY(clary_tf_emit1(call, "cast", params, &value, 1, &value));
    }
    return clary_tf_output(call, value);
}
