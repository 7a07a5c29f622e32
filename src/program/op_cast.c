/* op_cast.c: converts elements from one type to another.
 *
 * As C does, but for what C leaves undefined: a float that an integer type
 * cannot hold becomes the nearest one that it can, and NaN becomes 0. An
 * integer that is too wide keeps its low bits. Anything but 0 is true.
 *
 * Parameters: struct clary_cast_params.
 * Tests: tests/unit/test_op_unary.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"

#include <math.h>
#include <stdio.h>

typedef void cast_loop(const void *in, void *out, size_t n);

#define LOOP(loop_name, from, to, equation)                                    \
    static void loop_name(const void *in, void *out, size_t n)                 \
    {                                                                          \
        const from *x = in;                                                    \
        to *y = out;                                                           \
                                                                               \
        for (size_t e = 0; e < n; e++) {                                       \
            const from v = x[e];                                               \
            y[e] = equation;                                                   \
        }                                                                      \
    }

/* `low` is exact in `from`; `high` is too, or rounds to the power of 2 after
 * it: what passes both comparisons converts. */
#define SATURATED(from, to, low, high)                                         \
    (isnan(v)            ? 0                                                   \
     : v <= (from)(low)  ? (low)                                               \
     : v >= (from)(high) ? (high)                                              \
                         : (to)v)

#define FROM_FLOAT(name, from)                                                 \
    LOOP(name##_f32, from, float, (float)v)                                    \
    LOOP(name##_f64, from, double, (double)v)                                  \
    LOOP(name##_i8, from, int8_t, SATURATED(from, int8_t, INT8_MIN, INT8_MAX)) \
    LOOP(name##_u8, from, uint8_t, SATURATED(from, uint8_t, 0, UINT8_MAX))     \
    LOOP(name##_i32, from, int32_t,                                            \
         SATURATED(from, int32_t, INT32_MIN, INT32_MAX))                       \
    LOOP(name##_i64, from, int64_t,                                            \
         SATURATED(from, int64_t, INT64_MIN, INT64_MAX))                       \
    LOOP(name##_bool, from, uint8_t, v != 0)

#define FROM_INTEGER(name, from)                                               \
    LOOP(name##_f32, from, float, (float)v)                                    \
    LOOP(name##_f64, from, double, (double)v)                                  \
    LOOP(name##_i8, from, int8_t, (int8_t)v)                                   \
    LOOP(name##_u8, from, uint8_t, (uint8_t)v)                                 \
    LOOP(name##_i32, from, int32_t, (int32_t)v)                                \
    LOOP(name##_i64, from, int64_t, (int64_t)v)                                \
    LOOP(name##_bool, from, uint8_t, v != 0)

FROM_FLOAT(f32, float)
FROM_FLOAT(f64, double)
FROM_INTEGER(i8, int8_t)
FROM_INTEGER(u8, uint8_t)
FROM_INTEGER(i32, int32_t)
FROM_INTEGER(i64, int64_t)

#define TO_ALL(name)                                                           \
    {                                                                          \
        [CLARY_DTYPE_F32] = name##_f32, [CLARY_DTYPE_F64] = name##_f64,        \
        [CLARY_DTYPE_I8] = name##_i8, [CLARY_DTYPE_U8] = name##_u8,            \
        [CLARY_DTYPE_I32] = name##_i32, [CLARY_DTYPE_I64] = name##_i64,        \
        [CLARY_DTYPE_BOOL] = name##_bool                                       \
    }

/* loops[from][to]; a BOOL is a byte of 0 or 1 */
static cast_loop *const loops[CLARY_DTYPE_COUNT][CLARY_DTYPE_COUNT] = {
    [CLARY_DTYPE_F32] = TO_ALL(f32), [CLARY_DTYPE_F64] = TO_ALL(f64),
    [CLARY_DTYPE_I8] = TO_ALL(i8),   [CLARY_DTYPE_U8] = TO_ALL(u8),
    [CLARY_DTYPE_I32] = TO_ALL(i32), [CLARY_DTYPE_I64] = TO_ALL(i64),
    [CLARY_DTYPE_BOOL] = TO_ALL(u8),
};

static enum clary_status shape(const struct clary_op *op,
                               const struct clary_value *const *in,
                               struct clary_value *out, struct clary_error *err)
{
    const struct clary_cast_params *params = op->params;

    if (!loops[in[0]->dtype][params->to])
        return clary_op_fail(
            op, CLARY_UNSUPPORTED, err, "a conversion from %s to %s",
            clary_dtype_name(in[0]->dtype), clary_dtype_name(params->to));
    return clary_op_output(op, out, params->to, in[0]->per_row, &in[0]->shape,
                           err);
}

static enum clary_status run(const struct clary_op *op,
                             const struct clary_tensor *const *in,
                             struct clary_tensor *const *out, void *scratch,
                             struct clary_error *err)
{
    (void)op;
    (void)scratch;
    (void)err;
    loops[in[0]->dtype][out[0]->dtype](in[0]->data, out[0]->data,
                                       clary_op_elements(in[0]));
    return CLARY_OK;
}

/* "to int64" */
static void describe(const struct clary_op *op, char *text, size_t text_bytes)
{
    const struct clary_cast_params *params = op->params;

    snprintf(text, text_bytes, "to %s", clary_dtype_name(params->to));
}

static const struct clary_op_kind op_cast = {"cast", 1, shape, run, describe};

const struct clary_op_kind *const clary_ops_cast[] = {&op_cast, NULL};
