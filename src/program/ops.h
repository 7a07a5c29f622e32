/* ops.h: the families of op kinds, and what their shape rules share.
 *
 * Each family is a NULL-terminated array in its own op_*.c; ops.c finds a kind
 * in them by its name. Shape rules run at load and may be slow; nothing here
 * allocates.
 *
 * threads: everything here is constant.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_OPS_H
#define CLARY_PROGRAM_OPS_H

#include "program/op.h"

#include <string.h>

extern const struct clary_op_kind *const clary_ops_unary[];  /* relu exp ... */
extern const struct clary_op_kind *const clary_ops_binary[]; /* add less ... */
extern const struct clary_op_kind *const clary_ops_select[];
extern const struct clary_op_kind *const clary_ops_cast[];
extern const struct clary_op_kind *const clary_ops_dense[];  /* dense matmul */
extern const struct clary_op_kind *const clary_ops_reduce[]; /* sum argmax ...*/
extern const struct clary_op_kind *const clary_ops_softmax[];
extern const struct clary_op_kind *const clary_ops_shape[]; /* reshape concat */
extern const struct clary_op_kind *const clary_ops_view[]; /* transpose slice */
extern const struct clary_op_kind *const clary_ops_index[]; /* gather one_hot */
extern const struct clary_op_kind *const clary_ops_bins[];  /* bincount */
extern const struct clary_op_kind *const clary_ops_forest[];

/* Sets of element types, for clary_op_check_dtype. */
#define CLARY_DTYPE_BIT(dtype) (1u << (dtype))
enum {
    CLARY_DTYPES_FLOAT =
        CLARY_DTYPE_BIT(CLARY_DTYPE_F32) | CLARY_DTYPE_BIT(CLARY_DTYPE_F64),
    CLARY_DTYPES_INDEX =
        CLARY_DTYPE_BIT(CLARY_DTYPE_I32) | CLARY_DTYPE_BIT(CLARY_DTYPE_I64),
    CLARY_DTYPES_NUMBER = CLARY_DTYPES_FLOAT | CLARY_DTYPES_INDEX,
    CLARY_DTYPES_INTEGER = CLARY_DTYPES_INDEX |
                           CLARY_DTYPE_BIT(CLARY_DTYPE_I8) |
                           CLARY_DTYPE_BIT(CLARY_DTYPE_U8),
    CLARY_DTYPES_BOOL = CLARY_DTYPE_BIT(CLARY_DTYPE_BOOL)
};

/* Makes `out` a value of this type and shape whose elements are not known.
 * Errors: CLARY_TOO_LARGE when its bytes (for one row) overflow. */
enum clary_status clary_op_output(const struct clary_op *op,
                                  struct clary_value *out,
                                  enum clary_dtype dtype, bool per_row,
                                  const struct clary_shape *shape,
                                  struct clary_error *err) CLARY_MUST_USE;

/* Whether input `index`'s dtype is in `dtypes`. Errors: CLARY_UNSUPPORTED, the
 * message names both. */
enum clary_status clary_op_check_dtype(const struct clary_op *op,
                                       const struct clary_value *value,
                                       size_t index, unsigned dtypes,
                                       struct clary_error *err) CLARY_MUST_USE;

/* Whether `axis` is one of `value` that may be worked along without mixing
 * rows. Errors: CLARY_BAD_MODEL past the rank; CLARY_UNSUPPORTED for axis 0 of
 * a per-row value. */
enum clary_status clary_op_check_axis(const struct clary_op *op,
                                      const struct clary_value *value,
                                      size_t axis, struct clary_error *err)
    CLARY_MUST_USE;

/* Product of the dimensions from, from + 1, ..., to - 1 of a shape whose
 * elements are known not to overflow: that of a tensor in run. */
static inline size_t clary_op_span(const struct clary_shape *shape, size_t from,
                                   size_t to)
{
    size_t product = 1;

    for (size_t a = from; a < to; a++)
        product *= (size_t)shape->dim[a];
    return product;
}

/* All elements of a tensor in run. */
static inline size_t clary_op_elements(const struct clary_tensor *tensor)
{
    return clary_op_span(&tensor->shape, 0, tensor->shape.rank);
}

/* Element i of a tensor of an integer type, as CLARY_DTYPES_INTEGER. */
static inline int64_t clary_op_integer_at(const struct clary_tensor *tensor,
                                          size_t i)
{
    switch (tensor->dtype) {
    case CLARY_DTYPE_I8:
        return ((const int8_t *)tensor->data)[i];
    case CLARY_DTYPE_U8:
        return ((const uint8_t *)tensor->data)[i];
    case CLARY_DTYPE_I32:
        return ((const int32_t *)tensor->data)[i];
    default:
        return ((const int64_t *)tensor->data)[i];
    }
}

/* A walk over the elements of a row-major tensor that keeps an offset into
 * another: `step[a]` is added to it for one step along axis a (0: it stays, as
 * in a broadcast or a reduction; negative: it goes back).
 *
 *     struct clary_walk walk = {.rank = 0};
 *     for each axis, outermost first: clary_walk_axis(&walk, size, step);
 *     do {
 *         ... all size[rank - 1] elements of the last axis, from offset on ...
 *     } while (clary_walk_next(&walk));
 *
 * Axes of size 1 are dropped and axes that one step can walk are merged, so
 * that the last axis is as long as can be. No size may be 0. The rank may stay
 * 0: then there is one element. */
struct clary_walk {
    size_t rank;
    size_t size[2 * CLARY_MAX_RANK];
    size_t index[2 * CLARY_MAX_RANK];
    ptrdiff_t step[2 * CLARY_MAX_RANK];
    ptrdiff_t offset;
};

static inline void clary_walk_axis(struct clary_walk *walk, size_t size,
                                   ptrdiff_t step)
{
    size_t last = walk->rank - 1;

    if (size == 1)
        return;
    if (walk->rank > 0 && walk->step[last] == (ptrdiff_t)size * step) {
        walk->size[last] *= size;
        walk->step[last] = step;
        return;
    }
    walk->size[walk->rank] = size;
    walk->index[walk->rank] = 0;
    walk->step[walk->rank++] = step;
}

/* False after the last one. */
static inline bool clary_walk_next(struct clary_walk *walk)
{
    for (size_t a = walk->rank; a-- > 1;) {
        size_t outer = a - 1;

        walk->offset += walk->step[outer];
        if (++walk->index[outer] < walk->size[outer])
            return true;
        walk->offset -= (ptrdiff_t)walk->size[outer] * walk->step[outer];
        walk->index[outer] = 0;
    }
    return false;
}

/* Copies `count` runs of `bytes` bytes, one every `in_step` bytes, to one every
 * `out_step` bytes. The usual elements are moved by one load and one store. */
static inline void clary_copy_runs(void *out, ptrdiff_t out_step,
                                   const void *in, ptrdiff_t in_step,
                                   size_t bytes, size_t count)
{
    ptrdiff_t n = (ptrdiff_t)count;
    char *to = out;
    const char *from = in;

    switch (bytes) {
    case 0:
        break;
    case 4:
        for (ptrdiff_t i = 0; i < n; i++)
            memcpy(to + i * out_step, from + i * in_step, 4);
        break;
    case 8:
        for (ptrdiff_t i = 0; i < n; i++)
            memcpy(to + i * out_step, from + i * in_step, 8);
        break;
    default:
        for (ptrdiff_t i = 0; i < n; i++)
            memcpy(to + i * out_step, from + i * in_step, bytes);
    }
}

#endif
