/* op_binary.c: elementwise ops of two inputs, with broadcasting.
 *
 * Each kind is one line: its name and its equation in a and b, elements of
 * type T. The line makes a loop for each type it is known for. The functions
 * of <tgmath.h> are the float ones where T is float. It brings complex.h and
 * its macro I with it: no variable here has that name.
 *
 * The equations are those of TensorFlow's CPU kernels (cwise_ops.h): integers
 * wrap, maximum and minimum hand a NaN on, floor_div and floor_mod round
 * towards minus infinity. What TensorFlow refuses for integers (a division by
 * zero, a negative exponent) is CLARY_BAD_INPUT.
 *
 * Tests: tests/unit/test_op_binary.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/broadcast.h"
#include "program/ops.h"

#include <tgmath.h>

/* Computes the two innermost axes of `plan` from a and b on; false when an
 * element cannot be computed. `out` overlaps neither (op.h). */
typedef bool binary_loop(const struct clary_broadcast *plan, const void *a,
                         const void *b, void *restrict out);

struct binary {
    struct clary_op_kind kind; /* first: op->kind points here */
    bool is_test;              /* the output is BOOL, else as the inputs */
    const char *fault;         /* what it means when a loop returns false */
    binary_loop *loop[CLARY_DTYPE_COUNT]; /* NULL: not known for that type */
};

static const struct binary *binary_of(const struct clary_op *op)
{
    return (const struct binary *)(const void *)op->kind;
}

static enum clary_status shape(const struct clary_op *op,
                               const struct clary_value *const *in,
                               struct clary_value *out, struct clary_error *err)
{
    const struct binary *binary = binary_of(op);
    unsigned known = 0;
    struct clary_shape joined;
    bool per_row;

    for (unsigned d = 0; d < CLARY_DTYPE_COUNT; d++)
        if (binary->loop[d])
            known |= CLARY_DTYPE_BIT(d);
    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, known, err));
    if (in[0]->dtype != in[1]->dtype)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "inputs of type %s and %s; one type was expected",
                             clary_dtype_name(in[0]->dtype),
                             clary_dtype_name(in[1]->dtype));
    CLARY_TRY(clary_broadcast_shape(op, in, &per_row, &joined, err));
    return clary_op_output(op, out,
                           binary->is_test ? CLARY_DTYPE_BOOL : in[0]->dtype,
                           per_row, &joined, err);
}

/* An output of more than the plane that a loop computes. Not inline, so that
 * the others save nothing for it. */
static __attribute__((noinline)) bool run_planes(
    const struct clary_broadcast *plan, binary_loop *loop,
    const struct clary_tensor *const *in, const struct clary_tensor *out)
{
    const size_t in_bytes = clary_dtype_bytes(in[0]->dtype);
    const size_t plane_bytes =
        plan->count[0] * plan->count[1] * clary_dtype_bytes(out->dtype);
    const char *const a = in[0]->data, *const b = in[1]->data;
    struct clary_broadcast_place place = {0};
    char *y = out->data;

    do {
        if (!loop(plan, a + place.in[0] * in_bytes, b + place.in[1] * in_bytes,
                  y))
            return false;
        y += plane_bytes;
    } while (clary_broadcast_next(plan, &place));
    return true;
}

/* `scratch`: the plan. */
static enum clary_status run(const struct clary_op *op,
                             const struct clary_tensor *const *in,
                             struct clary_tensor *const *out, void *scratch,
                             struct clary_error *err)
{
    const struct binary *binary = binary_of(op);
    binary_loop *const loop = binary->loop[in[0]->dtype];
    const struct clary_broadcast *const plan = scratch;

    if (plan->n_axes > 2 ? !run_planes(plan, loop, in, out[0])
                         : !loop(plan, in[0]->data, in[1]->data, out[0]->data))
        return clary_op_fail(op, CLARY_BAD_INPUT, err, "%s", binary->fault);
    return CLARY_OK;
}

/* --- making kinds --------------------------------------------------------- */

/* One line; a_at and b_at: e, or 0 where the input is stretched. The places are
 * not steps, so that each line is a loop that the compiler makes vectors of. */
#define LINE(result, fault, equation, a_at, b_at)                              \
    for (size_t e = 0; e < count; e++) {                                       \
        const T a = a_line[a_at], b = b_line[b_at];                            \
        if (fault)                                                             \
            return false;                                                      \
        y[e] = (result)(equation);                                             \
    }

/* y = equation(a, b) from elements of `type` to elements of `result`; it is
 * not computed where `fault` holds. U is the type to compute in where overflow
 * of T is not defined. Along axis 0 a step is 1 or 0 (broadcast.h). */
#define LOOP(loop_name, type, unsigned_type, result, fault, equation)          \
    static bool loop_name(const struct clary_broadcast *plan,                  \
                          const void *a_data, const void *b_data,              \
                          void *restrict out)                                  \
    {                                                                          \
        typedef type T;                                                        \
        typedef unsigned_type U __attribute__((unused));                       \
        const size_t count = plan->count[0];                                   \
        const T *a_line = a_data, *b_line = b_data;                            \
        result *y = out;                                                       \
                                                                               \
        for (size_t line = 0; line < plan->count[1]; line++) {                 \
            if (plan->step[0][0] == 0)                                         \
                LINE(result, fault, equation, 0, e)                            \
            else if (plan->step[1][0] == 0)                                    \
                LINE(result, fault, equation, e, 0)                            \
            else                                                               \
                LINE(result, fault, equation, e, e)                            \
            a_line += plan->step[0][1];                                        \
            b_line += plan->step[1][1];                                        \
            y += count;                                                        \
        }                                                                      \
        return true;                                                           \
    }

#define FLOAT_LOOPS(name, equation)                                            \
    LOOP(name##_f32, float, float, float, false, equation)                     \
    LOOP(name##_f64, double, double, double, false, equation)
#define INTEGER_LOOPS(name, fault, equation)                                   \
    LOOP(name##_i32, int32_t, uint32_t, int32_t, fault, equation)              \
    LOOP(name##_i64, int64_t, uint64_t, int64_t, fault, equation)
#define BYTE_LOOPS(name, equation)                                             \
    LOOP(name##_i8, int8_t, uint8_t, int8_t, false, equation)                  \
    LOOP(name##_u8, uint8_t, uint8_t, uint8_t, false, equation)

#define FLOATS(name)                                                           \
    [CLARY_DTYPE_F32] = name##_f32, [CLARY_DTYPE_F64] = name##_f64
#define INTEGERS(name)                                                         \
    [CLARY_DTYPE_I32] = name##_i32, [CLARY_DTYPE_I64] = name##_i64
#define BYTES(name) [CLARY_DTYPE_I8] = name##_i8, [CLARY_DTYPE_U8] = name##_u8

#define PLANNED                                                                \
    .prepare = clary_broadcast_prepare,                                        \
    .prepared_bytes = sizeof(struct clary_broadcast)
#define KIND(name, is_test, fault, ...)                                        \
    static const struct binary op_##name = {                                   \
        {#name, 2, shape, run, PLANNED}, is_test, fault, {__VA_ARGS__}};

/* F32 and F64 */
#define FLOAT(name, equation)                                                  \
    FLOAT_LOOPS(name, equation)                                                \
    KIND(name, false, NULL, FLOATS(name))
/* F32, F64, I32 and I64, with an equation for integers */
#define NUMBER(name, equation, integer_equation)                               \
    FLOAT_LOOPS(name, equation)                                                \
    INTEGER_LOOPS(name, false, integer_equation)                               \
    KIND(name, false, NULL, FLOATS(name), INTEGERS(name))
/* the same; integers for which `fault` holds are refused with `sentence` */
#define NUMBER_FAULT(name, equation, fault, sentence, integer_equation)        \
    FLOAT_LOOPS(name, equation)                                                \
    INTEGER_LOOPS(name, fault, integer_equation)                               \
    KIND(name, false, sentence, FLOATS(name), INTEGERS(name))
/* all numbers, I8 and U8 too, to BOOL; `...`: BOOLS for BOOL inputs */
#define TEST(name, equation, ...)                                              \
    LOOP(name##_f32, float, float, uint8_t, false, equation)                   \
    LOOP(name##_f64, double, double, uint8_t, false, equation)                 \
    LOOP(name##_i32, int32_t, uint32_t, uint8_t, false, equation)              \
    LOOP(name##_i64, int64_t, uint64_t, uint8_t, false, equation)              \
    LOOP(name##_i8, int8_t, uint8_t, uint8_t, false, equation)                 \
    LOOP(name##_u8, uint8_t, uint8_t, uint8_t, false, equation)                \
    KIND(name, true, NULL, FLOATS(name), INTEGERS(name), BYTES(name),          \
         __VA_ARGS__)
#define BOOLS(name) [CLARY_DTYPE_BOOL] = name##_u8
/* BOOL to BOOL */
#define LOGICAL(name, equation)                                                \
    LOOP(name##_u8, uint8_t, uint8_t, uint8_t, false, equation)                \
    KIND(name, true, NULL, BOOLS(name))

/* --- the kinds ------------------------------------------------------------ */

#define ADD(X) ((X)a + (X)b)
FLOAT_LOOPS(add, ADD(T))
INTEGER_LOOPS(add, false, ADD(U))
BYTE_LOOPS(add, ADD(U))
KIND(add, false, NULL, FLOATS(add), INTEGERS(add), BYTES(add))

NUMBER(sub, a - b, (U)a - (U)b)
NUMBER(mul, (a) * (b), (U)(a) * (U)(b))

#define SQUARE(x) ((x) * (x))
NUMBER(squared_difference, SQUARE(a - b), SQUARE((U)a - (U)b))

/* The first NaN wins, else the larger (smaller). */
#define MAX(is_b_nan) ((is_b_nan) || a < b ? b : a)
#define MIN(is_b_nan) ((is_b_nan) || b < a ? b : a)
NUMBER(maximum, isnan(a) ? a : MAX(isnan(b)), MAX(false))
NUMBER(minimum, isnan(a) ? a : MIN(isnan(b)), MIN(false))

/* Integers: b == -1 apart, because the lowest number divided by it overflows;
 * the remainder's sign differs from b's where rounding has to go down. */
#define DIVISION   "division of an integer by zero"
#define NEGATED    ((T)((U)0 - (U)a))
#define ROUNDED_UP (a % b != 0 && (a % b < 0) != (b < 0))
NUMBER_FAULT(div, a / b, b == 0, DIVISION, b == -1 ? NEGATED : a / b)
NUMBER_FAULT(floor_div, floor(a / b), b == 0, DIVISION,
             b == -1 ? NEGATED : a / b - ROUNDED_UP)

#define WRAPPED(remainder)                                                     \
    ((remainder) != 0 && ((remainder) < 0) != (b < 0) ? (remainder) + b        \
                                                      : (remainder))
NUMBER_FAULT(floor_mod, WRAPPED(fmod(a, b)), b == 0, DIVISION,
             b == -1 ? 0 : WRAPPED(a % b))

FLOAT(div_no_nan, b == 0 ? 0 : a / b)
FLOAT(atan2, atan2(a, b))

/* a to the power of b >= 0, modulo 2 to the 64: its low bits are those of any
 * narrower type. */
static uint64_t integer_power(uint64_t a, uint64_t b)
{
    uint64_t power = 1;

    for (; b > 0; b >>= 1) {
        if (b & 1)
            power *= a;
        a *= a;
    }
    return power;
}
NUMBER_FAULT(pow, pow(a, b), b < 0,
             "an integer to the power of a negative integer",
             integer_power((uint64_t)a, (uint64_t)b))

TEST(equal, a == b, BOOLS(equal))
TEST(not_equal, a != b, BOOLS(not_equal))
TEST(less, a < b)
TEST(less_equal, a <= b)
TEST(greater, a > b)
TEST(greater_equal, a >= b)

LOGICAL(logical_and, a &&b)
LOGICAL(logical_or, a || b)

const struct clary_op_kind *const clary_ops_binary[] = {
    &op_add.kind,
    &op_sub.kind,
    &op_mul.kind,
    &op_squared_difference.kind,
    &op_maximum.kind,
    &op_minimum.kind,
    &op_div.kind,
    &op_floor_div.kind,
    &op_floor_mod.kind,
    &op_div_no_nan.kind,
    &op_atan2.kind,
    &op_pow.kind,
    &op_equal.kind,
    &op_not_equal.kind,
    &op_less.kind,
    &op_less_equal.kind,
    &op_greater.kind,
    &op_greater_equal.kind,
    &op_logical_and.kind,
    &op_logical_or.kind,
    NULL,
};
