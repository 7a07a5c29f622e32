/* op_shape.c: reshape concat split: elements keep their order inside runs.
 *
 * Any element type. Rows are contiguous (row-major), so a reshape that keeps
 * the number of elements of one request row moves none from one row into
 * another, also when it changes dimension 0: (1, 4, 5) per row to (4, 5) per
 * row is (rows, 4, 5) to (rows * 4, 5).
 *
 * Tests: tests/unit/test_op_shape.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"

#include <inttypes.h>
#include <string.h>

enum { SHAPE_TEXT_BYTES = 128 };

/* The target with its -1 filled in, for `n` elements. */
static enum clary_status resolve(const struct clary_op *op,
                                 const struct clary_value *in, size_t n,
                                 struct clary_shape *target,
                                 struct clary_error *err)
{
    char from[SHAPE_TEXT_BYTES], to[SHAPE_TEXT_BYTES];
    size_t known = 1, unknown = CLARY_MAX_RANK;

    clary_shape_print(&in->shape, from, sizeof from);
    clary_shape_print(target, to, sizeof to);
    for (size_t a = 0; a < target->rank; a++) {
        int64_t dim = target->dim[a];

        if (dim < -1 || (dim == -1 && unknown < CLARY_MAX_RANK))
            return clary_op_fail(op, CLARY_BAD_MODEL, err,
                                 "%s is no shape: one dimension may be -1, "
                                 "the others are not negative",
                                 to);
        if (dim == -1)
            unknown = a;
        else if (!clary_size_mul(known, (size_t)dim, &known))
            return clary_op_fail(op, CLARY_TOO_LARGE, err,
                                 "shape %s has too many elements", to);
    }
    if (unknown < CLARY_MAX_RANK && known > 0 && n % known == 0) {
        target->dim[unknown] = (int64_t)(n / known);
        return CLARY_OK;
    }
    if (unknown < CLARY_MAX_RANK || known != n)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "the %zu elements of shape %s%s do not fit shape "
                             "%s",
                             n, from, in->per_row ? " of a row" : "", to);
    return CLARY_OK;
}

static enum clary_status reshape_shape(const struct clary_op *op,
                                       const struct clary_value *const *in,
                                       struct clary_value *out,
                                       struct clary_error *err)
{
    const struct clary_reshape_params *params = op->params;
    struct clary_shape target = params->shape;
    char text[SHAPE_TEXT_BYTES];
    size_t n;

    if (in[0]->per_row && (!params->per_row || target.rank == 0))
        return clary_op_fail(
            op, CLARY_UNSUPPORTED, err,
            "the fixed shape %s would mix the rows of a request; dimension 0 "
            "must follow from the number of rows",
            clary_shape_print(&target, text, sizeof text));
    if (!in[0]->per_row && params->per_row)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "a constant has no shape that follows from the "
                             "number of rows");
    if (!clary_shape_elements(&in[0]->shape, &n))
        return clary_op_fail(op, CLARY_TOO_LARGE, err,
                             "its input has too many elements");
    CLARY_TRY(resolve(op, in[0], n, &target, err));
    return clary_op_output(op, &out[0], in[0]->dtype, in[0]->per_row, &target,
                           err);
}

static enum clary_status reshape_run(const struct clary_op *op,
                                     const struct clary_tensor *const *in,
                                     struct clary_tensor *const *out,
                                     void *scratch, struct clary_error *err)
{
    size_t n = clary_op_elements(out[0]);

    (void)op;
    (void)scratch;
    (void)err;
    if (n > 0)
        memcpy(out[0]->data, in[0]->data, n * clary_dtype_bytes(in[0]->dtype));
    return CLARY_OK;
}

/* --- concat --------------------------------------------------------------- */

/* Whether input i agrees with input 0 in all but the joined axis. */
static enum clary_status check_alike(const struct clary_op *op,
                                     const struct clary_value *const *in,
                                     size_t i, size_t axis,
                                     struct clary_error *err)
{
    char first[SHAPE_TEXT_BYTES], other[SHAPE_TEXT_BYTES];
    bool alike = in[i]->shape.rank == in[0]->shape.rank;

    if (in[i]->dtype != in[0]->dtype)
        return clary_op_fail(
            op, CLARY_BAD_MODEL, err, "input 0 is %s, input %zu is %s",
            clary_dtype_name(in[0]->dtype), i, clary_dtype_name(in[i]->dtype));
    if (in[i]->per_row != in[0]->per_row)
        return clary_op_fail(
            op, CLARY_UNSUPPORTED, err,
            "input %zu is a constant of fixed shape and input %zu has as many "
            "rows as the request: they cannot be joined",
            in[i]->per_row ? 0 : i, in[i]->per_row ? i : 0);
    for (size_t a = 0; alike && a < in[0]->shape.rank; a++)
        alike = a == axis || in[i]->shape.dim[a] == in[0]->shape.dim[a];
    if (!alike)
        return clary_op_fail(
            op, CLARY_BAD_MODEL, err,
            "input 0 of shape %s and input %zu of shape %s cannot be joined "
            "along axis %zu",
            clary_shape_print(&in[0]->shape, first, sizeof first), i,
            clary_shape_print(&in[i]->shape, other, sizeof other), axis);
    return CLARY_OK;
}

static enum clary_status concat_shape(const struct clary_op *op,
                                      const struct clary_value *const *in,
                                      struct clary_value *out,
                                      struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;
    struct clary_shape joined = in[0]->shape;

    CLARY_TRY(clary_op_check_axis(op, in[0], params->axis, err));
    for (size_t i = 1; i < op->n_inputs; i++) {
        int64_t *dim = &joined.dim[params->axis];

        CLARY_TRY(check_alike(op, in, i, params->axis, err));
        if (__builtin_add_overflow(*dim, in[i]->shape.dim[params->axis], dim))
            return clary_op_fail(op, CLARY_TOO_LARGE, err,
                                 "the joined axis has too many elements");
    }
    return clary_op_output(op, &out[0], in[0]->dtype, in[0]->per_row, &joined,
                           err);
}

static enum clary_status concat_run(const struct clary_op *op,
                                    const struct clary_tensor *const *in,
                                    struct clary_tensor *const *out,
                                    void *scratch, struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;
    const struct clary_shape *shape = &out[0]->shape;
    size_t bytes = clary_dtype_bytes(out[0]->dtype);
    size_t outer = clary_op_span(shape, 0, params->axis);
    size_t step = clary_op_span(shape, params->axis, shape->rank) * bytes;
    char *to = out[0]->data;

    (void)scratch;
    (void)err;
    if (clary_op_elements(out[0]) == 0)
        return CLARY_OK;
    for (size_t i = 0; i < op->n_inputs; i++) {
        size_t run = clary_op_elements(in[i]) / outer * bytes;

        clary_copy_runs(to, (ptrdiff_t)step, in[i]->data, (ptrdiff_t)run, run,
                        outer);
        to += run;
    }
    return CLARY_OK;
}

/* --- split ---------------------------------------------------------------- */

static enum clary_status split_shape(const struct clary_op *op,
                                     const struct clary_value *const *in,
                                     struct clary_value *out,
                                     struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;
    struct clary_shape part = in[0]->shape;
    int64_t left, n_parts = (int64_t)op->n_outputs;

    if (n_parts == 0)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "it has no parts to split into");
    CLARY_TRY(clary_op_check_axis(op, in[0], params->axis, err));
    left = part.dim[params->axis];
    if (!params->sizes && left % n_parts != 0)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "the %" PRId64 " elements along axis %zu cannot "
                             "be split into %zu equal parts",
                             left, params->axis, op->n_outputs);
    part.dim[params->axis] = left / n_parts;
    for (size_t i = 0; i < op->n_outputs; i++) {
        if (params->sizes) {
            part.dim[params->axis] = params->sizes[i];
            if (params->sizes[i] < 0 || params->sizes[i] > left)
                return clary_op_fail(op, CLARY_BAD_MODEL, err,
                                     "part %zu takes %" PRId64
                                     " elements along "
                                     "axis %zu, where %" PRId64 " are left",
                                     i, params->sizes[i], params->axis, left);
        }
        left -= part.dim[params->axis];
        CLARY_TRY(clary_op_output(op, &out[i], in[0]->dtype, in[0]->per_row,
                                  &part, err));
    }
    if (left != 0)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "%" PRId64 " elements along axis %zu are in no "
                             "part",
                             left, params->axis);
    return CLARY_OK;
}

static enum clary_status split_run(const struct clary_op *op,
                                   const struct clary_tensor *const *in,
                                   struct clary_tensor *const *out,
                                   void *scratch, struct clary_error *err)
{
    const struct clary_axis_params *params = op->params;
    const struct clary_shape *shape = &in[0]->shape;
    size_t bytes = clary_dtype_bytes(in[0]->dtype);
    size_t outer = clary_op_span(shape, 0, params->axis);
    size_t step = clary_op_span(shape, params->axis, shape->rank) * bytes;
    const char *from = in[0]->data;

    (void)scratch;
    (void)err;
    if (clary_op_elements(in[0]) == 0)
        return CLARY_OK;
    for (size_t i = 0; i < op->n_outputs; i++) {
        size_t run = clary_op_elements(out[i]) / outer * bytes;

        clary_copy_runs(out[i]->data, (ptrdiff_t)run, from, (ptrdiff_t)step,
                        run, outer);
        from += run;
    }
    return CLARY_OK;
}

static const struct clary_op_kind reshape = {
    .name = "reshape",
    .n_inputs = 1,
    .shape = reshape_shape,
    .run = reshape_run,
};

static const struct clary_op_kind concat = {
    .name = "concat",
    .n_inputs = CLARY_ANY_INPUTS,
    .shape = concat_shape,
    .run = concat_run,
};

static const struct clary_op_kind split = {
    .name = "split",
    .n_inputs = 1,
    .shape = split_shape,
    .run = split_run,
};

const struct clary_op_kind *const clary_ops_shape[] = {
    &reshape,
    &concat,
    &split,
    NULL,
};
