/* op_view.c: transpose slice tile broadcast: the input's elements seen in
 * another order, some of them left out or repeated.
 *
 * Any element type. Each kind describes the output as a walk over the input,
 * with a step in bytes for each axis of the output; one copy serves all.
 *
 * Tests: tests/unit/test_op_view.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"

#include <inttypes.h>

enum { SHAPE_TEXT_BYTES = 128 };

/* Fills `out`, which is not empty, from the elements of `in` at the offsets
 * of the walk. */
static void copy_view(struct clary_walk *walk, const struct clary_tensor *in,
                      struct clary_tensor *out)
{
    size_t bytes = clary_dtype_bytes(in->dtype), count = 1;
    ptrdiff_t step = 0;
    char *to = out->data;

    if (walk->rank > 0 && walk->step[walk->rank - 1] == (ptrdiff_t)bytes)
        bytes *= walk->size[--walk->rank];
    if (walk->rank > 0) {
        count = walk->size[walk->rank - 1];
        step = walk->step[walk->rank - 1];
    }
    do {
        clary_copy_runs(to, (ptrdiff_t)bytes,
                        (const char *)in->data + walk->offset, step, bytes,
                        count);
        to += bytes * count;
    } while (clary_walk_next(walk));
}

/* The steps in bytes along the axes of `tensor`, which is not empty. */
static void contiguous_steps(const struct clary_tensor *tensor,
                             ptrdiff_t steps[CLARY_MAX_RANK])
{
    ptrdiff_t step = (ptrdiff_t)clary_dtype_bytes(tensor->dtype);

    for (size_t a = tensor->shape.rank; a-- > 0;) {
        steps[a] = step;
        step *= (ptrdiff_t)tensor->shape.dim[a];
    }
}

/* --- transpose ------------------------------------------------------------ */

static enum clary_status transpose_shape(const struct clary_op *op,
                                         const struct clary_value *const *in,
                                         struct clary_value *out,
                                         struct clary_error *err)
{
    const struct clary_transpose_params *params = op->params;
    size_t rank = in[0]->shape.rank;
    struct clary_shape shape = {.rank = rank};
    uint32_t seen = 0;

    for (size_t a = 0; a < rank; a++) {
        size_t from = params->perm[a];

        if (from >= rank || seen >> from & 1)
            return clary_op_fail(op, CLARY_BAD_MODEL, err,
                                 "its axes are no permutation of 0 .. %zu",
                                 rank - 1);
        seen |= 1u << from;
        shape.dim[a] = in[0]->shape.dim[from];
    }
    if (in[0]->per_row && params->perm[0] != 0)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "it moves axis 0, which counts the rows of a "
                             "request, and so would mix rows");
    return clary_op_output(op, &out[0], in[0]->dtype, in[0]->per_row, &shape,
                           err);
}

static enum clary_status transpose_run(const struct clary_op *op,
                                       const struct clary_tensor *const *in,
                                       struct clary_tensor *const *out,
                                       void *scratch, struct clary_error *err)
{
    const struct clary_transpose_params *params = op->params;
    ptrdiff_t steps[CLARY_MAX_RANK];
    struct clary_walk walk = {.rank = 0};

    (void)scratch;
    (void)err;
    if (clary_op_elements(out[0]) == 0)
        return CLARY_OK;
    contiguous_steps(in[0], steps);
    for (size_t a = 0; a < out[0]->shape.rank; a++)
        clary_walk_axis(&walk, (size_t)out[0]->shape.dim[a],
                        steps[params->perm[a]]);
    copy_view(&walk, in[0], out[0]);
    return CLARY_OK;
}

/* --- slice ---------------------------------------------------------------- */

/* Whether begin, begin + stride, ... (size of them) are in 0 .. dim - 1. */
static bool is_inside(int64_t begin, int64_t size, int64_t stride, int64_t dim)
{
    int64_t last;

    if (size == 0)
        return true;
    return size > 0 && !__builtin_mul_overflow(size - 1, stride, &last) &&
           !__builtin_add_overflow(begin, last, &last) && begin >= 0 &&
           begin < dim && last >= 0 && last < dim;
}

static enum clary_status slice_shape(const struct clary_op *op,
                                     const struct clary_value *const *in,
                                     struct clary_value *out,
                                     struct clary_error *err)
{
    const struct clary_slice_params *params = op->params;
    struct clary_shape shape = in[0]->shape;

    if (in[0]->per_row && (params->begin[0] != 0 || params->stride[0] != 1))
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "it takes some rows of a request and leaves "
                             "others; axis 0 must be taken whole");
    for (size_t a = in[0]->per_row ? 1 : 0; a < shape.rank; a++) {
        if (!is_inside(params->begin[a], params->size[a], params->stride[a],
                       shape.dim[a]))
            return clary_op_fail(
                op, CLARY_BAD_MODEL, err,
                "%" PRId64 " elements from %" PRId64 " on in steps of %" PRId64
                " are not inside axis %zu of %" PRId64 " elements",
                params->size[a], params->begin[a], params->stride[a], a,
                shape.dim[a]);
        shape.dim[a] = params->size[a];
    }
    return clary_op_output(op, &out[0], in[0]->dtype, in[0]->per_row, &shape,
                           err);
}

static enum clary_status slice_run(const struct clary_op *op,
                                   const struct clary_tensor *const *in,
                                   struct clary_tensor *const *out,
                                   void *scratch, struct clary_error *err)
{
    const struct clary_slice_params *params = op->params;
    ptrdiff_t steps[CLARY_MAX_RANK];
    struct clary_walk walk = {.rank = 0};

    (void)scratch;
    (void)err;
    if (clary_op_elements(out[0]) == 0)
        return CLARY_OK;
    contiguous_steps(in[0], steps);
    for (size_t a = 0; a < out[0]->shape.rank; a++) {
        size_t size = (size_t)out[0]->shape.dim[a];

        walk.offset += params->begin[a] * steps[a];
        if (size > 1) /* else the stride may be anything */
            clary_walk_axis(&walk, size, params->stride[a] * steps[a]);
    }
    copy_view(&walk, in[0], out[0]);
    return CLARY_OK;
}

/* --- tile ----------------------------------------------------------------- */

static enum clary_status tile_shape(const struct clary_op *op,
                                    const struct clary_value *const *in,
                                    struct clary_value *out,
                                    struct clary_error *err)
{
    const struct clary_broadcast_params *params = op->params;
    const struct clary_shape *multiples = &params->shape;
    struct clary_shape shape = in[0]->shape;

    if (multiples->rank != shape.rank)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "%zu multiples for the %zu axes of its input",
                             multiples->rank, shape.rank);
    for (size_t a = 0; a < shape.rank; a++) {
        int64_t multiple = multiples->dim[a];

        if (multiple < 0)
            return clary_op_fail(op, CLARY_BAD_MODEL, err,
                                 "%" PRId64 " copies along axis %zu", multiple,
                                 a);
        if (a == 0 && in[0]->per_row && multiple != 1)
            return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                                 "%" PRId64 " copies of the rows of a request "
                                 "would mix rows; axis 0 must stay",
                                 multiple);
        if (__builtin_mul_overflow(shape.dim[a], multiple, &shape.dim[a]))
            return clary_op_fail(op, CLARY_TOO_LARGE, err,
                                 "axis %zu has too many elements", a);
    }
    return clary_op_output(op, &out[0], in[0]->dtype, in[0]->per_row, &shape,
                           err);
}

static enum clary_status tile_run(const struct clary_op *op,
                                  const struct clary_tensor *const *in,
                                  struct clary_tensor *const *out,
                                  void *scratch, struct clary_error *err)
{
    const struct clary_broadcast_params *params = op->params;
    ptrdiff_t steps[CLARY_MAX_RANK];
    struct clary_walk walk = {.rank = 0};

    (void)scratch;
    (void)err;
    if (clary_op_elements(out[0]) == 0)
        return CLARY_OK;
    contiguous_steps(in[0], steps);
    for (size_t a = 0; a < in[0]->shape.rank; a++) {
        clary_walk_axis(&walk, (size_t)params->shape.dim[a], 0);
        clary_walk_axis(&walk, (size_t)in[0]->shape.dim[a], steps[a]);
    }
    copy_view(&walk, in[0], out[0]);
    return CLARY_OK;
}

/* --- broadcast ------------------------------------------------------------ */

/* Whether `in` may become the per-row shape `to`. Its axis 0 must be that of
 * `to`, or it must be the same for all rows. */
static bool rows_agree(const struct clary_value *in,
                       const struct clary_shape *to)
{
    if (in->per_row)
        return in->shape.rank == to->rank && in->shape.dim[0] == to->dim[0];
    return in->shape.rank < to->rank || in->shape.dim[0] == 1;
}

static enum clary_status check_rows(const struct clary_op *op,
                                    const struct clary_value *const *in,
                                    const struct clary_shape *to, bool per_row,
                                    struct clary_error *err)
{
    char from_text[SHAPE_TEXT_BYTES], to_text[SHAPE_TEXT_BYTES];

    clary_shape_print(&in[0]->shape, from_text, sizeof from_text);
    clary_shape_print(to, to_text, sizeof to_text);
    if (op->n_inputs > 2)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "it has %zu inputs, and not 1 or 2", op->n_inputs);
    if (!per_row && (in[0]->per_row || (op->n_inputs == 2 && in[1]->per_row)))
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "the fixed shape %s would mix the rows of a "
                             "request",
                             to_text);
    if (per_row && to->rank == 0)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "a scalar has no axis for the rows of a request");
    if (per_row && !in[0]->per_row && (op->n_inputs < 2 || !in[1]->per_row))
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "none of its inputs has the rows of the request");
    if (per_row && in[0]->shape.rank <= to->rank && !rows_agree(in[0], to))
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "from %s to %s (for each row of a request) it "
                             "would mix rows",
                             from_text, to_text);
    return CLARY_OK;
}

static enum clary_status broadcast_shape(const struct clary_op *op,
                                         const struct clary_value *const *in,
                                         struct clary_value *out,
                                         struct clary_error *err)
{
    const struct clary_broadcast_params *params = op->params;
    const struct clary_shape *from = &in[0]->shape, *to = &params->shape;
    char from_text[SHAPE_TEXT_BYTES], to_text[SHAPE_TEXT_BYTES];
    bool fits = from->rank <= to->rank;

    CLARY_TRY(check_rows(op, in, to, params->per_row, err));
    for (size_t a = 0; a < to->rank; a++)
        fits = fits && to->dim[a] >= 0;
    for (size_t a = 0; fits && a < from->rank; a++) {
        int64_t dim = from->dim[a];

        fits = dim == 1 || dim == to->dim[to->rank - from->rank + a];
    }
    if (!fits)
        return clary_op_fail(
            op, CLARY_BAD_MODEL, err, "shape %s cannot be broadcast to %s",
            clary_shape_print(from, from_text, sizeof from_text),
            clary_shape_print(to, to_text, sizeof to_text));
    return clary_op_output(op, &out[0], in[0]->dtype, params->per_row, to, err);
}

static enum clary_status broadcast_run(const struct clary_op *op,
                                       const struct clary_tensor *const *in,
                                       struct clary_tensor *const *out,
                                       void *scratch, struct clary_error *err)
{
    const struct clary_shape *from = &in[0]->shape, *to = &out[0]->shape;
    size_t added = to->rank - from->rank;
    ptrdiff_t steps[CLARY_MAX_RANK];
    struct clary_walk walk = {.rank = 0};

    (void)op;
    (void)scratch;
    (void)err;
    if (clary_op_elements(out[0]) == 0)
        return CLARY_OK;
    contiguous_steps(in[0], steps);
    for (size_t a = 0; a < to->rank; a++) {
        bool repeats = a < added || from->dim[a - added] == 1;

        clary_walk_axis(&walk, (size_t)to->dim[a],
                        repeats ? 0 : steps[a - added]);
    }
    copy_view(&walk, in[0], out[0]);
    return CLARY_OK;
}

static const struct clary_op_kind transpose = {
    .name = "transpose",
    .n_inputs = 1,
    .shape = transpose_shape,
    .run = transpose_run,
};

static const struct clary_op_kind slice = {
    .name = "slice",
    .n_inputs = 1,
    .shape = slice_shape,
    .run = slice_run,
};

static const struct clary_op_kind tile = {
    .name = "tile",
    .n_inputs = 1,
    .shape = tile_shape,
    .run = tile_run,
};

static const struct clary_op_kind broadcast = {
    .name = "broadcast",
    .n_inputs = CLARY_ANY_INPUTS,
    .shape = broadcast_shape,
    .run = broadcast_run,
};

const struct clary_op_kind *const clary_ops_view[] = {
    &transpose, &slice, &tile, &broadcast, NULL,
};
