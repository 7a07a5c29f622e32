/* op_index.c: gather one_hot: integers that choose places.
 *
 * gather refuses an index outside the axis, negative ones too, with
 * CLARY_BAD_INPUT; for one_hot it means that no place is on. Both as in
 * TensorFlow on a CPU.
 *
 * Tests: tests/unit/test_op_index.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- gather --------------------------------------------------------------- */

/* Where the rows of the inputs may go. */
static enum clary_status gather_rows(const struct clary_op *op,
                                     const struct clary_value *data,
                                     const struct clary_value *indices,
                                     struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;

    if (data->per_row && indices->per_row && params->batch_dims == 0)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "indices of one row of a request would choose "
                             "from the data of others; with batch_dims 1 they "
                             "would not");
    if (data->per_row != indices->per_row && params->batch_dims > 0)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "with batch_dims %zu either both inputs or none "
                             "must have the rows of a request",
                             params->batch_dims);
    if (data->per_row)
        return clary_op_check_axis(op, data, params->axis, err);
    if (indices->per_row && params->axis != 0)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "it would put the rows of a request at axis %zu; "
                             "from a constant only axis 0 can be gathered",
                             params->axis);
    return CLARY_OK;
}

static enum clary_status gather_shape(const struct clary_op *op,
                                      const struct clary_value *const *in,
                                      struct clary_value *out,
                                      struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;
    const struct clary_shape *data = &in[0]->shape, *indices = &in[1]->shape;
    size_t batch_dims = params->batch_dims, axis = params->axis;
    struct clary_shape shape = {.rank = 0};
    char data_text[128], indices_text[128];
    size_t rank;
    bool agree =
        batch_dims <= axis && batch_dims <= indices->rank && axis < data->rank;

    CLARY_TRY(clary_op_check_dtype(op, in[1], 1, CLARY_DTYPES_INTEGER, err));
    for (size_t a = 0; agree && a < batch_dims; a++)
        agree = data->dim[a] == indices->dim[a];
    if (!agree)
        return clary_op_fail(
            op, CLARY_BAD_MODEL, err,
            "axis %zu and batch_dims %zu do not suit data of shape %s and "
            "indices of shape %s",
            axis, batch_dims,
            clary_shape_print(data, data_text, sizeof data_text),
            clary_shape_print(indices, indices_text, sizeof indices_text));
    rank = data->rank - 1 + indices->rank - batch_dims;
    if (rank > CLARY_MAX_RANK)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "its output would have %zu axes; %d are known "
                             "here",
                             rank, CLARY_MAX_RANK);
    CLARY_TRY(gather_rows(op, in[0], in[1], err));

    for (size_t a = 0; a < axis; a++)
        shape.dim[shape.rank++] = data->dim[a];
    for (size_t a = batch_dims; a < indices->rank; a++)
        shape.dim[shape.rank++] = indices->dim[a];
    for (size_t a = axis + 1; a < data->rank; a++)
        shape.dim[shape.rank++] = data->dim[a];
    return clary_op_output(op, &out[0], in[0]->dtype,
                           in[0]->per_row || in[1]->per_row, &shape, err);
}

/* out (batch, outer, m, inner) from data (batch, outer, n, inner) and indices
 * (batch, m). */
static enum clary_status gather_run(const struct clary_op *op,
                                    const struct clary_tensor *const *in,
                                    struct clary_tensor *const *out,
                                    void *scratch, struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;
    const struct clary_shape *data = &in[0]->shape, *indices = &in[1]->shape;
    size_t bytes = clary_dtype_bytes(in[0]->dtype);
    size_t batch = clary_op_span(data, 0, params->batch_dims);
    size_t outer = clary_op_span(data, params->batch_dims, params->axis);
    int64_t n = data->dim[params->axis];
    size_t m = clary_op_span(indices, params->batch_dims, indices->rank);
    size_t run = clary_op_span(data, params->axis + 1, data->rank) * bytes;
    const char *from = in[0]->data;
    char *to = out[0]->data;

    (void)scratch;
    if (clary_op_elements(out[0]) == 0)
        return CLARY_OK;
    for (size_t b = 0; b < batch; b++) {
        for (size_t j = 0; j < m; j++) {
            int64_t index = clary_op_integer_at(in[1], b * m + j);

            if (n == 0)
                return clary_op_fail(op, CLARY_BAD_INPUT, err,
                                     "there is no element to choose");
            if (index < 0 || index >= n)
                return clary_op_fail(
                    op, CLARY_BAD_INPUT, err,
                    "index %" PRId64 " is outside 0 .. %" PRId64, index, n - 1);
            clary_copy_runs(to + j * run, (ptrdiff_t)(m * run),
                            from + (size_t)index * run,
                            (ptrdiff_t)((size_t)n * run), run, outer);
        }
        from += outer * (size_t)n * run;
        to += outer * m * run;
    }
    return CLARY_OK;
}

/* --- one_hot -------------------------------------------------------------- */

/* Whether `x` is a value of an integer type. */
static bool is_integer_of(double x, double least, double most)
{
    return x >= least && x <= most && x == floor(x);
}

/* Writes `x` as one element; false if the type does not have it. */
static bool make_element(double x, enum clary_dtype dtype, void *element)
{
    switch (dtype) {
    case CLARY_DTYPE_F32:
        memcpy(element, &(float){(float)x}, sizeof(float));
        return true;
    case CLARY_DTYPE_F64:
        memcpy(element, &x, sizeof x);
        return true;
    case CLARY_DTYPE_I8:
        if (!is_integer_of(x, INT8_MIN, INT8_MAX))
            return false;
        memcpy(element, &(int8_t){(int8_t)x}, 1);
        return true;
    case CLARY_DTYPE_U8:
    case CLARY_DTYPE_BOOL:
        if (!is_integer_of(x, 0, dtype == CLARY_DTYPE_BOOL ? 1 : UINT8_MAX))
            return false;
        memcpy(element, &(uint8_t){(uint8_t)x}, 1);
        return true;
    case CLARY_DTYPE_I32:
        if (!is_integer_of(x, INT32_MIN, INT32_MAX))
            return false;
        memcpy(element, &(int32_t){(int32_t)x}, sizeof(int32_t));
        return true;
    case CLARY_DTYPE_I64: /* a double has no integer just below 2^63 */
        if (!is_integer_of(x, -0x1p63, 0x1.fffffffffffffp62))
            return false;
        memcpy(element, &(int64_t){(int64_t)x}, sizeof(int64_t));
        return true;
    default:
        return false;
    }
}

static enum clary_status one_hot_shape(const struct clary_op *op,
                                       const struct clary_value *const *in,
                                       struct clary_value *out,
                                       struct clary_error *err)
{
    const struct clary_one_hot_params *params = op->params;
    const struct clary_shape *indices = &in[0]->shape;
    struct clary_shape shape = {.rank = indices->rank + 1};
    double element;

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, CLARY_DTYPES_INTEGER, err));
    if (shape.rank > CLARY_MAX_RANK)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "its output would have %zu axes; %d are known "
                             "here",
                             shape.rank, CLARY_MAX_RANK);
    if (params->axis > indices->rank || params->depth < 0)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "axis %zu of depth %" PRId64 " for indices of "
                             "rank %zu",
                             params->axis, params->depth, indices->rank);
    if (in[0]->per_row && params->axis == 0)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "a new axis 0 would mix the rows of a request");
    if (!make_element(params->on, params->dtype, &element) ||
        !make_element(params->off, params->dtype, &element))
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "on %g and off %g are not both of type %s",
                             params->on, params->off,
                             clary_dtype_name(params->dtype));

    for (size_t a = 0; a < shape.rank; a++)
        shape.dim[a] = a == params->axis  ? params->depth
                       : a < params->axis ? indices->dim[a]
                                          : indices->dim[a - 1];
    return clary_op_output(op, &out[0], params->dtype, in[0]->per_row, &shape,
                           err);
}

/* Writes n > 0 copies of one element, each copy doubling what there is. */
static void fill(char *to, const void *element, size_t bytes, size_t n)
{
    size_t done = bytes, end = n * bytes;

    memcpy(to, element, bytes);
    while (done < end) {
        size_t more = done <= end - done ? done : end - done;

        memcpy(to + done, to, more);
        done += more;
    }
}

/* out (outer, depth, inner) from indices (outer, inner). */
static enum clary_status one_hot_run(const struct clary_op *op,
                                     const struct clary_tensor *const *in,
                                     struct clary_tensor *const *out,
                                     void *scratch, struct clary_error *err)
{
    const struct clary_one_hot_params *params = op->params;
    const struct clary_shape *indices = &in[0]->shape;
    size_t outer = clary_op_span(indices, 0, params->axis);
    size_t inner = clary_op_span(indices, params->axis, indices->rank);
    size_t depth = (size_t)params->depth;
    size_t bytes = clary_dtype_bytes(params->dtype);
    char *to = out[0]->data;
    double on, off;

    (void)scratch;
    (void)err;
    if (clary_op_elements(out[0]) == 0)
        return CLARY_OK;
    make_element(params->on, params->dtype, &on);
    make_element(params->off, params->dtype, &off);
    fill(to, &off, bytes, outer * depth * inner);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) {
            int64_t index = clary_op_integer_at(in[0], o * inner + i);

            if (index >= 0 && index < params->depth)
                memcpy(to + ((o * depth + (size_t)index) * inner + i) * bytes,
                       &on, bytes);
        }
    return CLARY_OK;
}

static void one_hot_describe(const struct clary_op *op, char *text,
                             size_t text_bytes)
{
    const struct clary_one_hot_params *params = op->params;

    snprintf(text, text_bytes, "axis %zu, depth %" PRId64, params->axis,
             params->depth);
}

static const struct clary_op_kind gather = {
    .name = "gather",
    .n_inputs = 2,
    .shape = gather_shape,
    .run = gather_run,
};

static const struct clary_op_kind one_hot = {
    .name = "one_hot",
    .n_inputs = 1,
    .shape = one_hot_shape,
    .run = one_hot_run,
    .describe = one_hot_describe,
};

const struct clary_op_kind *const clary_ops_index[] = {
    &gather,
    &one_hot,
    NULL,
};
