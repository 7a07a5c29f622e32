/* ops.c: the table of all op kinds, and what shape rules share.
 *
 * Tests: tests/unit/test_op_*.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct clary_op_kind *const *const families[] = {
    clary_ops_unary, clary_ops_binary, clary_ops_select,  clary_ops_cast,
    clary_ops_dense, clary_ops_reduce, clary_ops_softmax, clary_ops_shape,
    clary_ops_view,  clary_ops_index,  clary_ops_bins,    clary_ops_forest,
};

const struct clary_op_kind *clary_op_kind_named(const char *name)
{
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++)
        for (size_t i = 0; families[f][i]; i++)
            if (strcmp(families[f][i]->name, name) == 0)
                return families[f][i];
    return NULL;
}

enum clary_status clary_op_fail(const struct clary_op *op,
                                enum clary_status status,
                                struct clary_error *err, const char *format,
                                ...)
{
    char text[CLARY_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return clary_fail(err, status, "op \"%s\" (%s): %s", op->name,
                      op->kind->name, text);
}

enum clary_status clary_op_output(const struct clary_op *op,
                                  struct clary_value *out,
                                  enum clary_dtype dtype, bool per_row,
                                  const struct clary_shape *shape,
                                  struct clary_error *err)
{
    size_t bytes = clary_dtype_bytes(dtype);
    char text[128];

    /* An empty dimension counts as 1, so that the product of any of the
     * dimensions (clary_op_span) cannot overflow either. */
    for (size_t a = 0; a < shape->rank; a++)
        if (shape->dim[a] > 1 &&
            !clary_size_mul(bytes, (size_t)shape->dim[a], &bytes))
            bytes = SIZE_MAX;
    if (bytes > PTRDIFF_MAX)
        return clary_op_fail(
            op, CLARY_TOO_LARGE, err,
            "an output of shape %s has more elements than memory can hold",
            clary_shape_print(shape, text, sizeof text));

    *out = (struct clary_value){
        .dtype = dtype, .per_row = per_row, .shape = *shape};
    for (size_t a = shape->rank; a < CLARY_MAX_RANK; a++)
        out->shape.dim[a] = 0;
    return CLARY_OK;
}

enum clary_status clary_op_check_dtype(const struct clary_op *op,
                                       const struct clary_value *value,
                                       size_t index, unsigned dtypes,
                                       struct clary_error *err)
{
    char known[128] = "";

    if (dtypes & CLARY_DTYPE_BIT((unsigned)value->dtype))
        return CLARY_OK;

    for (unsigned d = 0; d < CLARY_DTYPE_COUNT; d++) {
        if (!(dtypes & CLARY_DTYPE_BIT(d)))
            continue;
        size_t len = strlen(known);
        snprintf(known + len, sizeof known - len, "%s%s", len ? ", " : "",
                 clary_dtype_name((enum clary_dtype)d));
    }
    return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                         "input %zu has elements of type %s; %s are known "
                         "here",
                         index, clary_dtype_name(value->dtype), known);
}

enum clary_status clary_op_check_axis(const struct clary_op *op,
                                      const struct clary_value *value,
                                      size_t axis, struct clary_error *err)
{
    char text[128];

    if (axis >= value->shape.rank)
        return clary_op_fail(
            op, CLARY_BAD_MODEL, err, "axis %zu of a tensor of shape %s", axis,
            clary_shape_print(&value->shape, text, sizeof text));
    if (axis == 0 && value->per_row)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "along axis 0 it would mix the rows of a request, "
                             "and a row's result must not depend on others");
    return CLARY_OK;
}
