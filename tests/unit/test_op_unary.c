/* test_op_unary.c: elementwise ops of one input, and cast.
 *
 * Expected values were worked out from the definitions to more digits than a
 * float has.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/op_check.h"

#include <float.h>
#include <stdint.h>

#define F32 CLARY_DTYPE_F32
#define F64 CLARY_DTYPE_F64

/* A kind on two rows of 3 floats, within some units in the last place. */
#define UNARY_F32(kind_, x, ...)                                               \
    do {                                                                       \
        struct op_check u = {.kind = (kind_),                                  \
                             .rows = 2,                                        \
                             .n_inputs = 1,                                    \
                             .in = {{OP_PER_ROW(F32, 1, 3), (x)}}};            \
        OP_NEAR(&u, 0, 3e-7, OP_SHAPE(2, 3), float, __VA_ARGS__);              \
    } while (0)
#define UNARY_F64(kind_, x, ...)                                               \
    do {                                                                       \
        struct op_check u = {.kind = (kind_),                                  \
                             .rows = 2,                                        \
                             .n_inputs = 1,                                    \
                             .in = {{OP_PER_ROW(F64, 1, 3), (x)}}};            \
        OP_NEAR(&u, 0, 1e-15, OP_SHAPE(2, 3), double, __VA_ARGS__);            \
    } while (0)

static const float odd[] = {NAN, INFINITY, -INFINITY, -0.0f, 0.0f, -2.5f};
static const float some[] = {-2, -0.5f, 0, 0.25f, 1, 3};
static const double some64[] = {-2, -0.5, 0, 0.25, 1, 3};

TEST(relu)
{
    UNARY_F32("relu", odd, NAN, INFINITY, 0, -0.0f, 0, 0);
    UNARY_F32("relu6", odd, NAN, 6, 0, -0.0f, 0, 0);
    UNARY_F32("relu6", ((const float[]){5, 6, 7, -1, 0.5f, 100}), 5, 6, 6, 0,
              0.5f, 6);
    UNARY_F64("relu", some64, 0, 0, 0, 0.25, 1, 3);
}

TEST(alpha)
{
    const struct clary_alpha_params params = {0.5};
    struct op_check c = {.kind = "leaky_relu",
                         .params = &params,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), odd}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, NAN, INFINITY, -INFINITY, -0.0f, 0,
              -1.25f);
    c.kind = "elu";
    OP_NEAR(&c, 0, 1e-7, OP_SHAPE(2, 3), float, NAN, INFINITY, -0.5f, -0.0f, 0,
            -0.45895750068805066f);
}

TEST(selu)
{
    UNARY_F32("selu", some, -1.5201664685956948f, -0.6917581878028713f, 0,
              0.26267525f, 1.0507009873554805f, 3.1521029620664414f);
    UNARY_F64("selu", some64, -1.5201664685956948, -0.6917581878028713, 0,
              0.26267524683887011, 1.0507009873554805, 3.1521029620664415);
    UNARY_F32("selu", odd, NAN, INFINITY, -1.7580993408473768f, -0.0f, 0,
              -1.6137856f);
}

TEST(sigmoid)
{
    const float far[] = {-100, -87, 100, 1000, -1000, 20};
    struct op_check c = {.kind = "sigmoid",
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), far}}};

    UNARY_F32("sigmoid", odd, NAN, 1, 0, 0.5f, 0.5f, 0.07585818002124355f);
    UNARY_F64("sigmoid", some64, 0.11920292202211755, 0.37754066879814541, 0.5,
              0.56217650088579807, 0.73105857863000488, 0.95257412682243336);
    /* no overflow, and small results are not flushed */
    OP_NEAR(&c, 0, 1e-44, OP_SHAPE(2, 3), float, 3.78350585e-44f,
            1.64581145e-38f, 1, 1, 0, 1);
}

TEST(softplus)
{
    const float far[] = {-100, -14, -13, 14, 13.9f, 1000};
    struct op_check c = {.kind = "softplus",
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), far}}};

    UNARY_F32("softplus", odd, NAN, INFINITY, 0, 0.6931471805599453f,
              0.6931471805599453f, 0.07888973429254956f);
    UNARY_F64("softplus", some64, 0.12692801104297252, 0.47407698418010668,
              0.69314718055994529, 0.82593941987884355, 1.3132616875182228,
              3.0485873515737421);
    OP_NEAR(&c, 0, 1e-6, OP_SHAPE(2, 3), float, 3.78350585e-44f, 8.315284e-07f,
            2.260327e-06f, 14, 13.9000009f, 1000);
}

TEST(exponentials)
{
    UNARY_F32("softsign", odd, NAN, NAN, NAN, -0.0f, 0, -0.71428573f);
    UNARY_F32("tanh", odd, NAN, 1, -1, -0.0f, 0, -0.98661429815143028f);
    UNARY_F32("exp", odd, NAN, INFINITY, 0, 1, 1, 0.0820849986238988f);
    UNARY_F32("expm1", odd, NAN, INFINITY, -1, -0.0f, 0, -0.9179150013761012f);
    UNARY_F32("log", odd, NAN, INFINITY, NAN, -INFINITY, -INFINITY, NAN);
    UNARY_F32("log1p", odd, NAN, INFINITY, NAN, -0.0f, 0, NAN);
    UNARY_F32("erf", odd, NAN, 1, -1, -0.0f, 0, -0.9995930479825550f);
    UNARY_F32("erfc", odd, NAN, 0, 2, 1, 1, 1.999593047982555f);
    UNARY_F64("tanh", some64, -0.96402758007581688, -0.46211715726000976, 0,
              0.24491866240370913, 0.76159415595576489, 0.99505475368673046);
    UNARY_F64("exp", ((const double[]){1e-300, -1, 0, 1, 0.5, -0.5}), 1,
              0.36787944117144233, 1, 2.7182818284590452, 1.6487212707001281,
              0.60653065971263342);
    UNARY_F64("expm1", ((const double[]){1e-300, 1e-20, 0, -0.0, 1, -1}),
              1e-300, 1e-20, 0, -0.0, 1.7182818284590452, -0.63212055882855768);
}

TEST(roots)
{
    UNARY_F32("sqrt", odd, NAN, INFINITY, NAN, -0.0f, 0, NAN);
    UNARY_F32("rsqrt", odd, NAN, 0, NAN, -INFINITY, INFINITY, NAN);
    UNARY_F32("reciprocal", odd, NAN, 0, -0.0f, -INFINITY, INFINITY, -0.4f);
    UNARY_F64("rsqrt", ((const double[]){4, 16, 64, 0.25, 1, 100}), 0.5, 0.25,
              0.125, 2, 1, 0.1);
    UNARY_F32("square", odd, NAN, INFINITY, INFINITY, 0, 0, 6.25f);
}

TEST(rounding)
{
    const float halves[] = {-2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f};

    UNARY_F32("round", halves, -2, -2, -0.0f, 0, 2, 2);
    UNARY_F32("floor", halves, -3, -2, -1, 0, 1, 2);
    UNARY_F32("ceil", halves, -2, -1, -0.0f, 1, 2, 3);
    UNARY_F32("round", odd, NAN, INFINITY, -INFINITY, -0.0f, 0, -2);
}

TEST(signs)
{
    UNARY_F32("neg", odd, NAN, -INFINITY, INFINITY, 0, -0.0f, 2.5f);
    UNARY_F32("abs", odd, NAN, INFINITY, INFINITY, 0, 0, 2.5f);
    UNARY_F32("sign", odd, NAN, 1, -1, 0, 0, -1);
}

TEST(trigonometry)
{
    UNARY_F64("sin", some64, -0.90929742682568171, -0.479425538604203, 0,
              0.24740395925452294, 0.8414709848078965, 0.14112000805986721);
    UNARY_F64("cos", some64, -0.41614683654714241, 0.87758256189037276, 1,
              0.96891242171064473, 0.54030230586813977, -0.98999249660044542);
    UNARY_F32("sin", odd, NAN, NAN, NAN, -0.0f, 0, -0.59847214410395655f);
}

TEST(tests_of_floats)
{
    struct op_check c = {
        .rows = 2, .n_inputs = 1, .in = {{OP_PER_ROW(F32, 1, 3), odd}}};

    c.kind = "is_nan";
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), uint8_t, 1, 0, 0, 0, 0, 0);
    c.kind = "is_inf";
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), uint8_t, 0, 1, 1, 0, 0, 0);
    c.kind = "is_finite";
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), uint8_t, 0, 0, 0, 1, 1, 1);
}

TEST(integers_wrap)
{
    const int32_t x32[] = {INT32_MIN, -3, 0, 46341, INT32_MAX};
    const int64_t x64[] = {INT64_MIN, -3, 0, 4294967296, INT64_MAX};
    struct op_check c32 = {.n_inputs = 1,
                           .in = {{OP_PER_ROW(CLARY_DTYPE_I32, 1, 5), x32}}};
    struct op_check c64 = {.n_inputs = 1,
                           .in = {{OP_WHOLE(CLARY_DTYPE_I64, 5), x64}}};

    c32.kind = c64.kind = "neg";
    OP_OUTPUT(&c32, 0, OP_SHAPE(1, 5), int32_t, INT32_MIN, 3, 0, -46341,
              -INT32_MAX);
    OP_OUTPUT(&c64, 0, OP_SHAPE(5), int64_t, INT64_MIN, 3, 0, -4294967296,
              -INT64_MAX);
    c32.kind = c64.kind = "abs";
    OP_OUTPUT(&c32, 0, OP_SHAPE(1, 5), int32_t, INT32_MIN, 3, 0, 46341,
              INT32_MAX);
    OP_OUTPUT(&c64, 0, OP_SHAPE(5), int64_t, INT64_MIN, 3, 0, 4294967296,
              INT64_MAX);
    c32.kind = c64.kind = "square";
    OP_OUTPUT(&c32, 0, OP_SHAPE(1, 5), int32_t, 0, 9, 0, -2147479015, 1);
    OP_OUTPUT(&c64, 0, OP_SHAPE(5), int64_t, 0, 9, 0, 0, 1);
    c32.kind = c64.kind = "sign";
    OP_OUTPUT(&c32, 0, OP_SHAPE(1, 5), int32_t, -1, -1, 0, 1, 1);
    OP_OUTPUT(&c64, 0, OP_SHAPE(5), int64_t, -1, -1, 0, 1, 1);
}

TEST(booleans)
{
    const uint8_t x[] = {0, 1, 1, 0};
    struct op_check c = {.kind = "logical_not",
                         .rows = 4,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(CLARY_DTYPE_BOOL, 1), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(4), uint8_t, 1, 0, 0, 1);
}

TEST(identity_of_any_type)
{
    const uint8_t x[] = {7, 255};
    const struct clary_string text[] = {{"one", 3}, {"two", 3}};
    struct op_check c = {.kind = "identity",
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(CLARY_DTYPE_U8, 1), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2), uint8_t, 7, 255);
    c.in[0] = (struct op_check_input){OP_PER_ROW(CLARY_DTYPE_STRING, 1), text};
    OP_OUTPUT(&c, 0, OP_SHAPE(2), struct clary_string, text[0], text[1]);
}

TEST(shapes_stay)
{
    const double x = 4;
    struct op_check c = {
        .kind = "sqrt", .n_inputs = 1, .in = {{OP_WHOLE_SCALAR(F64), &x}}};

    OP_OUTPUT(&c, 0, OP_SCALAR, double, 2);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F64, 2, 1, 1), some64};
    c.kind = "neg";
    c.rows = 3;
    OP_OUTPUT(&c, 0, OP_SHAPE(6, 1, 1), double, 2, 0.5, -0.0, -0.25, -1, -3);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F64, 1, 0, 2), some64};
    OP_EMPTY(&c, 0, OP_SHAPE(3, 0, 2));
}

TEST(types_that_a_kind_does_not_know)
{
    const int32_t x = 1;
    struct op_check c = {.kind = "exp",
                         .n_inputs = 1,
                         .in = {{OP_WHOLE_SCALAR(CLARY_DTYPE_I32), &x}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (exp): input 0 has elements of type int32; "
               "float32, float64 are known here");
    c.kind = "logical_not";
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (logical_not): input 0 has elements of type "
               "int32; bool are known here");
}

/* --- cast ----------------------------------------------------------------- */

#define CAST(from, type, to_, result, n, x, ...)                               \
    do {                                                                       \
        const type values[] = x;                                               \
        const struct clary_cast_params params = {to_};                         \
        struct op_check c = {.kind = "cast",                                   \
                             .params = &params,                                \
                             .rows = (n),                                      \
                             .n_inputs = 1,                                    \
                             .in = {{OP_PER_ROW(from, 1), values}}};           \
        OP_OUTPUT(&c, 0, OP_SHAPE(n), result, __VA_ARGS__);                    \
    } while (0)
#define LIST(...)                                                              \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

TEST(cast_float_to_integer)
{
    CAST(F32, float, CLARY_DTYPE_I32, int32_t, 8,
         LIST(-2.9f, 2.9f, NAN, INFINITY, -INFINITY, 2147483648.0f,
              2147483520.0f, -2147483648.0f),
         -2, 2, 0, INT32_MAX, INT32_MIN, INT32_MAX, 2147483520, INT32_MIN);
    CAST(F64, double, CLARY_DTYPE_I32, int32_t, 4,
         LIST(2147483647.5, 2147483646.5, -2147483648.5, -2147483647.5),
         INT32_MAX, 2147483646, INT32_MIN, -2147483647);
    CAST(F32, float, CLARY_DTYPE_I64, int64_t, 4,
         LIST(9223372036854775808.0f, 9223371487098961920.0f,
              -9223372036854775808.0f, FLT_MAX),
         INT64_MAX, 9223371487098961920, INT64_MIN, INT64_MAX);
    CAST(F64, double, CLARY_DTYPE_I64, int64_t, 3,
         LIST(9223372036854774784.0, -1e300, NAN), 9223372036854774784,
         INT64_MIN, 0);
    CAST(F32, float, CLARY_DTYPE_U8, uint8_t, 6,
         LIST(-1, -0.5f, 255, 255.5f, 256, NAN), 0, 0, 255, 255, 255, 0);
    CAST(F64, double, CLARY_DTYPE_I8, int8_t, 4, LIST(-129, -128.5, 127.9, 300),
         -128, -128, 127, 127);
}

TEST(cast_integer)
{
    CAST(CLARY_DTYPE_I64, int64_t, CLARY_DTYPE_I32, int32_t, 3,
         LIST(4294967301, -1, INT64_MIN), 5, -1, 0);
    CAST(CLARY_DTYPE_I32, int32_t, CLARY_DTYPE_U8, uint8_t, 3,
         LIST(-1, 256, 255), 255, 0, 255);
    CAST(CLARY_DTYPE_I64, int64_t, F32, float, 2,
         LIST(16777217, -9007199254740993), 16777216, -9007199254740992.0f);
    CAST(CLARY_DTYPE_U8, uint8_t, F64, double, 2, LIST(0, 255), 0, 255);
    CAST(CLARY_DTYPE_I8, int8_t, CLARY_DTYPE_I64, int64_t, 2, LIST(-128, 127),
         -128, 127);
}

TEST(cast_bool)
{
    CAST(F32, float, CLARY_DTYPE_BOOL, uint8_t, 5,
         LIST(0, -0.0f, NAN, 1e-45f, -3), 0, 0, 1, 1, 1);
    CAST(CLARY_DTYPE_I64, int64_t, CLARY_DTYPE_BOOL, uint8_t, 3,
         LIST(0, 4294967296, -1), 0, 1, 1);
    CAST(CLARY_DTYPE_BOOL, uint8_t, F32, float, 2, LIST(0, 1), 0, 1);
    CAST(CLARY_DTYPE_BOOL, uint8_t, CLARY_DTYPE_I64, int64_t, 2, LIST(0, 1), 0,
         1);
}

TEST(cast_float)
{
    CAST(F64, double, F32, float, 5, LIST(0.1, 1e300, -1e-300, NAN, 16777217),
         0.1f, INFINITY, -0.0f, NAN, 16777216);
    CAST(F32, float, F64, double, 2, LIST(0.1f, -0.0f),
         0.100000001490116119384765625, -0.0);
}

TEST(cast_of_strings)
{
    const struct clary_string x = {"1", 1};
    const struct clary_cast_params params = {CLARY_DTYPE_F32};
    struct op_check c = {.kind = "cast",
                         .params = &params,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE_SCALAR(CLARY_DTYPE_STRING), &x}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (cast): a conversion from string to float32");
}
