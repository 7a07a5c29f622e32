/* op_reduce.c: sum mean prod max min all any, argmax argmin.
 *
 * Every element of the output starts as the fold's neutral element (0, 1,
 * -infinity, ...) and takes in the elements of its slice in row-major order,
 * in the element's type; integers wrap around. Where nothing is reduced (all
 * reduced axes have one element) the input is copied, so that the sum of one
 * -0 is -0, as in TensorFlow.
 *
 * A NaN makes sum, mean, prod, max and min NaN; argmax and argmin pass over
 * it. The max of nothing is -infinity (the least integer), the mean NaN. All
 * that was observed of TensorFlow 2.18 on a CPU; its sums are taken in another
 * order (packets of SIMD lanes), so the last bits differ.
 *
 * Tests: tests/unit/test_op_reduce.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Takes x[0 .. n-1] into accumulators: x[i] into accumulator[i] (lanes), or
 * all of them, in order, into accumulator[0]. */
typedef void fold_fn(void *accumulator, const void *x, size_t n, bool lanes);

struct fold {
    fold_fn *take;       /* NULL: no such element type */
    const void *neutral; /* one element */
};

struct reduce_kind {
    struct clary_op_kind kind;
    unsigned dtypes;
    bool is_mean;
    struct fold folds[CLARY_DTYPE_COUNT];
};

/* `expression` of the accumulator a and the element v. */
#define FOLD(name, type, expression)                                           \
    static void name(void *accumulator, const void *x, size_t n, bool lanes)   \
    {                                                                          \
        type *to = accumulator;                                                \
        const type *from = x;                                                  \
                                                                               \
        if (lanes) {                                                           \
            for (size_t i = 0; i < n; i++) {                                   \
                type a = to[i], v = from[i];                                   \
                to[i] = (expression);                                          \
            }                                                                  \
            return;                                                            \
        }                                                                      \
        type a = to[0];                                                        \
        for (size_t i = 0; i < n; i++) {                                       \
            type v = from[i];                                                  \
            a = (expression);                                                  \
        }                                                                      \
        to[0] = a;                                                             \
    }

FOLD(sum_f32, float, a + v)
FOLD(sum_f64, double, a + v)
FOLD(sum_i32, uint32_t, a + v)
FOLD(sum_i64, uint64_t, a + v)
FOLD(prod_f32, float, (a) * (v))
FOLD(prod_f64, double, (a) * (v))
FOLD(prod_i32, uint32_t, (a) * (v))
FOLD(prod_i64, uint64_t, (a) * (v))
/* Once a is NaN neither comparison holds again. */
FOLD(max_f32, float, v > a || v != v ? v : a)
FOLD(max_f64, double, v > a || v != v ? v : a)
FOLD(max_i32, int32_t, v > a ? v : a)
FOLD(max_i64, int64_t, v > a ? v : a)
FOLD(min_f32, float, v < a || v != v ? v : a)
FOLD(min_f64, double, v < a || v != v ? v : a)
FOLD(min_i32, int32_t, v < a ? v : a)
FOLD(min_i64, int64_t, v < a ? v : a)
FOLD(all_bool, uint8_t, v ? a : 0)
FOLD(any_bool, uint8_t, v ? 1 : a)

/* Bit a: axis a is reduced. */
static bool reduces(uint32_t axes, size_t axis)
{
    return axes >> axis & 1;
}

/* Checks the axes and sets the output. */
static enum clary_status set_output(const struct clary_op *op,
                                    const struct clary_value *in,
                                    enum clary_dtype dtype,
                                    struct clary_value *out,
                                    struct clary_error *err)
{
    const struct clary_reduce_params *params = op->params;
    struct clary_shape shape = {.rank = 0};

    for (size_t a = 0; a < 32; a++)
        if (reduces(params->axes, a))
            CLARY_TRY(clary_op_check_axis(op, in, a, err));

    for (size_t a = 0; a < in->shape.rank; a++)
        if (!reduces(params->axes, a))
            shape.dim[shape.rank++] = in->shape.dim[a];
        else if (params->keep_dims)
            shape.dim[shape.rank++] = 1;
    return clary_op_output(op, out, dtype, in->per_row, &shape, err);
}

static enum clary_status reduce_shape(const struct clary_op *op,
                                      const struct clary_value *const *in,
                                      struct clary_value *out,
                                      struct clary_error *err)
{
    const struct reduce_kind *kind = (const struct reduce_kind *)op->kind;

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, kind->dtypes, err));
    return set_output(op, in[0], in[0]->dtype, &out[0], err);
}

/* Divides sums by the number of elements that went into each. */
static void divide(struct clary_tensor *out, size_t n, size_t count)
{
    float *f32 = out->data;
    double *f64 = out->data;

    for (size_t i = 0; i < n; i++)
        if (out->dtype == CLARY_DTYPE_F32)
            f32[i] /= (float)count;
        else
            f64[i] /= (double)count;
}

/* The walk over the input's elements; its offset is the output's element. */
static void walk_reduced(struct clary_walk *walk,
                         const struct clary_shape *shape, uint32_t axes)
{
    ptrdiff_t steps[CLARY_MAX_RANK] = {0};
    ptrdiff_t step = 1;

    for (size_t a = shape->rank; a-- > 0;) {
        if (reduces(axes, a))
            continue;
        steps[a] = step;
        step *= (ptrdiff_t)shape->dim[a];
    }
    for (size_t a = 0; a < shape->rank; a++)
        clary_walk_axis(walk, (size_t)shape->dim[a], steps[a]);
}

static enum clary_status reduce_run(const struct clary_op *op,
                                    const struct clary_tensor *const *in,
                                    struct clary_tensor *const *out,
                                    void *scratch, struct clary_error *err)
{
    const struct reduce_kind *kind = (const struct reduce_kind *)op->kind;
    const struct clary_reduce_params *params = op->params;
    const struct fold *fold = &kind->folds[in[0]->dtype];
    size_t bytes = clary_dtype_bytes(in[0]->dtype);
    size_t n_in = clary_op_elements(in[0]), n_out = clary_op_elements(out[0]);
    struct clary_walk walk = {.rank = 0};
    const char *x = in[0]->data;
    char *y = out[0]->data;

    (void)scratch;
    (void)err;
    if (n_out == 0)
        return CLARY_OK;
    if (n_in > 0)
        walk_reduced(&walk, &in[0]->shape, params->axes);
    if (n_in == n_out) { /* and so no slice has more than one element */
        memcpy(y, x, n_out * bytes);
        return CLARY_OK;
    }

    for (size_t i = 0; i < n_out; i++)
        memcpy(y + i * bytes, fold->neutral, bytes);
    if (n_in > 0) {
        size_t run = walk.size[walk.rank - 1];
        bool lanes = walk.step[walk.rank - 1] != 0;

        do {
            fold->take(y + (size_t)walk.offset * bytes, x, run, lanes);
            x += run * bytes;
        } while (clary_walk_next(&walk));
    }
    if (kind->is_mean)
        divide(out[0], n_out, n_in / n_out);
    return CLARY_OK;
}

static void describe(const struct clary_op *op, char *text, size_t text_bytes)
{
    const struct clary_reduce_params *params = op->params;
    size_t len = 0;

    text[0] = '\0';
    for (size_t a = 0; a < CLARY_MAX_RANK && len + 16 < text_bytes; a++)
        if (reduces(params->axes, a))
            len += (size_t)snprintf(text + len, text_bytes - len, "%s%zu",
                                    len ? ", " : "axis ", a);
}

static const float f32_zero = 0, f32_one = 1, f32_least = -INFINITY,
                   f32_most = INFINITY;
static const double f64_zero = 0, f64_one = 1, f64_least = -(double)INFINITY,
                    f64_most = (double)INFINITY;
static const int32_t i32_zero = 0, i32_one = 1, i32_least = INT32_MIN,
                     i32_most = INT32_MAX;
static const int64_t i64_zero = 0, i64_one = 1, i64_least = INT64_MIN,
                     i64_most = INT64_MAX;
static const uint8_t bool_no = 0, bool_yes = 1;

#define REDUCE_KIND(name_)                                                     \
    .kind = {.name = (name_),                                                  \
             .n_inputs = 1,                                                    \
             .shape = reduce_shape,                                            \
             .run = reduce_run,                                                \
             .describe = describe}

static const struct reduce_kind reduce_sum = {
    REDUCE_KIND("sum"),
    .dtypes = CLARY_DTYPES_NUMBER,
    .folds = {[CLARY_DTYPE_F32] = {sum_f32, &f32_zero},
              [CLARY_DTYPE_F64] = {sum_f64, &f64_zero},
              [CLARY_DTYPE_I32] = {sum_i32, &i32_zero},
              [CLARY_DTYPE_I64] = {sum_i64, &i64_zero}},
};
static const struct reduce_kind reduce_mean = {
    REDUCE_KIND("mean"),
    .dtypes = CLARY_DTYPES_FLOAT,
    .is_mean = true,
    .folds = {[CLARY_DTYPE_F32] = {sum_f32, &f32_zero},
              [CLARY_DTYPE_F64] = {sum_f64, &f64_zero}},
};
static const struct reduce_kind reduce_prod = {
    REDUCE_KIND("prod"),
    .dtypes = CLARY_DTYPES_NUMBER,
    .folds = {[CLARY_DTYPE_F32] = {prod_f32, &f32_one},
              [CLARY_DTYPE_F64] = {prod_f64, &f64_one},
              [CLARY_DTYPE_I32] = {prod_i32, &i32_one},
              [CLARY_DTYPE_I64] = {prod_i64, &i64_one}},
};
static const struct reduce_kind reduce_max = {
    REDUCE_KIND("max"),
    .dtypes = CLARY_DTYPES_NUMBER,
    .folds = {[CLARY_DTYPE_F32] = {max_f32, &f32_least},
              [CLARY_DTYPE_F64] = {max_f64, &f64_least},
              [CLARY_DTYPE_I32] = {max_i32, &i32_least},
              [CLARY_DTYPE_I64] = {max_i64, &i64_least}},
};
static const struct reduce_kind reduce_min = {
    REDUCE_KIND("min"),
    .dtypes = CLARY_DTYPES_NUMBER,
    .folds = {[CLARY_DTYPE_F32] = {min_f32, &f32_most},
              [CLARY_DTYPE_F64] = {min_f64, &f64_most},
              [CLARY_DTYPE_I32] = {min_i32, &i32_most},
              [CLARY_DTYPE_I64] = {min_i64, &i64_most}},
};
static const struct reduce_kind reduce_all = {
    REDUCE_KIND("all"),
    .dtypes = CLARY_DTYPES_BOOL,
    .folds = {[CLARY_DTYPE_BOOL] = {all_bool, &bool_yes}},
};
static const struct reduce_kind reduce_any = {
    REDUCE_KIND("any"),
    .dtypes = CLARY_DTYPES_BOOL,
    .folds = {[CLARY_DTYPE_BOOL] = {any_bool, &bool_no}},
};

/* --- argmax argmin -------------------------------------------------------- */

/* The index of the first of n elements that no other is `better` than; 0 when
 * none is better than `worst`, the least finite number as in Eigen. A NaN is
 * never better. */
#define FIRST(name, type, worst, better)                                       \
    static size_t name(const void *x, size_t n, size_t stride)                 \
    {                                                                          \
        const type *from = x;                                                  \
        type a = (worst);                                                      \
        size_t best = 0;                                                       \
                                                                               \
        for (size_t i = 0; i < n; i++) {                                       \
            type v = from[i * stride];                                         \
            if (better) {                                                      \
                a = v;                                                         \
                best = i;                                                      \
            }                                                                  \
        }                                                                      \
        return best;                                                           \
    }

FIRST(argmax_f32, float, -FLT_MAX, v > a)
FIRST(argmax_f64, double, -DBL_MAX, v > a)
FIRST(argmax_i32, int32_t, INT32_MIN, v > a)
FIRST(argmax_i64, int64_t, INT64_MIN, v > a)
FIRST(argmin_f32, float, FLT_MAX, v < a)
FIRST(argmin_f64, double, DBL_MAX, v < a)
FIRST(argmin_i32, int32_t, INT32_MAX, v < a)
FIRST(argmin_i64, int64_t, INT64_MAX, v < a)

struct arg_kind {
    struct clary_op_kind kind;
    size_t (*first[CLARY_DTYPE_COUNT])(const void *x, size_t n, size_t stride);
};

/* The one axis, CLARY_MAX_RANK if there is not exactly one. */
static size_t only_axis(uint32_t axes)
{
    for (size_t a = 0; a < CLARY_MAX_RANK; a++)
        if (axes == 1u << a)
            return a;
    return CLARY_MAX_RANK;
}

static enum clary_status arg_shape(const struct clary_op *op,
                                   const struct clary_value *const *in,
                                   struct clary_value *out,
                                   struct clary_error *err)
{
    const struct clary_reduce_params *params = op->params;
    size_t axis = only_axis(params->axes);

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, CLARY_DTYPES_NUMBER, err));
    if (axis == CLARY_MAX_RANK)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "it must be given exactly one axis");
    if (!(CLARY_DTYPE_BIT((unsigned)params->index_dtype) & CLARY_DTYPES_INDEX))
        return clary_op_fail(
            op, CLARY_UNSUPPORTED, err,
            "indices of type %s; int32 and int64 are known here",
            clary_dtype_name(params->index_dtype));
    CLARY_TRY(set_output(op, in[0], params->index_dtype, &out[0], err));
    if (in[0]->shape.dim[axis] == 0)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "axis %zu has no elements to choose from", axis);
    return CLARY_OK;
}

static enum clary_status arg_run(const struct clary_op *op,
                                 const struct clary_tensor *const *in,
                                 struct clary_tensor *const *out, void *scratch,
                                 struct clary_error *err)
{
    const struct arg_kind *kind = (const struct arg_kind *)op->kind;
    const struct clary_reduce_params *params = op->params;
    const struct clary_shape *shape = &in[0]->shape;
    size_t bytes = clary_dtype_bytes(in[0]->dtype);
    size_t axis = only_axis(params->axes);
    size_t n = (size_t)shape->dim[axis];
    size_t inner = clary_op_span(shape, axis + 1, shape->rank);
    size_t n_out = clary_op_elements(out[0]);
    int32_t *i32 = out[0]->data;
    int64_t *i64 = out[0]->data;

    (void)scratch;
    (void)err;
    for (size_t i = 0; i < n_out; i++) {
        size_t start = i / inner * n * inner + i % inner;
        const char *x = (const char *)in[0]->data + start * bytes;
        size_t best = kind->first[in[0]->dtype](x, n, inner);

        if (params->index_dtype == CLARY_DTYPE_I32)
            i32[i] = (int32_t)best;
        else
            i64[i] = (int64_t)best;
    }
    return CLARY_OK;
}

#define ARG_KIND(name_)                                                        \
    .kind = {.name = (name_),                                                  \
             .n_inputs = 1,                                                    \
             .shape = arg_shape,                                               \
             .run = arg_run,                                                   \
             .describe = describe}

static const struct arg_kind argmax = {
    ARG_KIND("argmax"),
    .first = {[CLARY_DTYPE_F32] = argmax_f32,
              [CLARY_DTYPE_F64] = argmax_f64,
              [CLARY_DTYPE_I32] = argmax_i32,
              [CLARY_DTYPE_I64] = argmax_i64},
};
static const struct arg_kind argmin = {
    ARG_KIND("argmin"),
    .first = {[CLARY_DTYPE_F32] = argmin_f32,
              [CLARY_DTYPE_F64] = argmin_f64,
              [CLARY_DTYPE_I32] = argmin_i32,
              [CLARY_DTYPE_I64] = argmin_i64},
};

const struct clary_op_kind *const clary_ops_reduce[] = {
    &reduce_sum.kind,  &reduce_mean.kind,
    &reduce_prod.kind, &reduce_max.kind,
    &reduce_min.kind,  &reduce_all.kind,
    &reduce_any.kind,  &argmax.kind,
    &argmin.kind,      NULL,
};
