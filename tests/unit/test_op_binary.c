/* test_op_binary.c: elementwise ops of two inputs, select, and broadcasting.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/op_check.h"

#include <stdint.h>

#define F32  CLARY_DTYPE_F32
#define F64  CLARY_DTYPE_F64
#define I8   CLARY_DTYPE_I8
#define U8   CLARY_DTYPE_U8
#define I32  CLARY_DTYPE_I32
#define I64  CLARY_DTYPE_I64
#define BOOL CLARY_DTYPE_BOOL

/* A kind on two per-row vectors of one element a row. */
#define PAIRS(kind_, dtype, type, result, n, a, b, ...)                        \
    do {                                                                       \
        const type a_values[] = a, b_values[] = b;                             \
        struct op_check p = {.kind = (kind_),                                  \
                             .rows = (n),                                      \
                             .n_inputs = 2,                                    \
                             .in = {{OP_PER_ROW(dtype, 1), a_values},          \
                                    {OP_PER_ROW(dtype, 1), b_values}}};        \
        OP_OUTPUT(&p, 0, OP_SHAPE(n), result, __VA_ARGS__);                    \
    } while (0)
#define LIST(...)                                                              \
    {                                                                          \
        __VA_ARGS__                                                            \
    }

/* --- arithmetic ----------------------------------------------------------- */

TEST(arithmetic_of_floats)
{
    PAIRS("add", F32, float, float, 4, LIST(1, INFINITY, NAN, -0.0f),
          LIST(2, -INFINITY, 1, -0.0f), 3, NAN, NAN, -0.0f);
    PAIRS("sub", F32, float, float, 3, LIST(1, INFINITY, 0),
          LIST(2, INFINITY, 0), -1, NAN, 0);
    PAIRS("mul", F64, double, double, 3, LIST(3, INFINITY, -0.0),
          LIST(-2, 0, 5), -6, NAN, -0.0);
    PAIRS("div", F32, float, float, 5, LIST(1, -1, 0, 7, 1),
          LIST(0, 0, 0, 2, -0.0f), INFINITY, -INFINITY, NAN, 3.5f, -INFINITY);
    PAIRS("div_no_nan", F32, float, float, 5, LIST(1, -1, 0, 7, NAN),
          LIST(0, -0.0f, 0, 2, 0), 0, 0, 0, 3.5f, 0);
    PAIRS("squared_difference", F32, float, float, 3, LIST(1, -2, INFINITY),
          LIST(3, 2, INFINITY), 4, 16, NAN);
}

TEST(extremes_hand_a_nan_on)
{
    PAIRS("maximum", F32, float, float, 5, LIST(1, NAN, 2, NAN, -INFINITY),
          LIST(2, 1, NAN, NAN, -1), 2, NAN, NAN, NAN, -1);
    PAIRS("minimum", F64, double, double, 5, LIST(1, NAN, 2, NAN, -INFINITY),
          LIST(2, 1, NAN, NAN, -1), 1, NAN, NAN, NAN, -INFINITY);
    PAIRS("maximum", I64, int64_t, int64_t, 2, LIST(INT64_MIN, 5),
          LIST(INT64_MAX, -5), INT64_MAX, 5);
    PAIRS("minimum", I32, int32_t, int32_t, 2, LIST(INT32_MIN, 5),
          LIST(INT32_MAX, -5), INT32_MIN, -5);
}

TEST(integers_wrap)
{
    PAIRS("add", I32, int32_t, int32_t, 2, LIST(INT32_MAX, -1), LIST(1, 2),
          INT32_MIN, 1);
    PAIRS("add", I8, int8_t, int8_t, 2, LIST(127, -128), LIST(1, -1), -128,
          127);
    PAIRS("add", U8, uint8_t, uint8_t, 2, LIST(255, 1), LIST(1, 2), 0, 3);
    PAIRS("sub", I64, int64_t, int64_t, 2, LIST(INT64_MIN, 3), LIST(1, 5),
          INT64_MAX, -2);
    PAIRS("mul", I32, int32_t, int32_t, 2, LIST(65536, -3), LIST(65536, 7), 0,
          -21);
    PAIRS("mul", I64, int64_t, int64_t, 1, LIST(INT64_MIN), LIST(-1),
          INT64_MIN);
    PAIRS("squared_difference", I32, int32_t, int32_t, 2, LIST(1, INT32_MIN),
          LIST(4, INT32_MAX), 9, 1);
}

TEST(division_of_integers)
{
    PAIRS("div", I32, int32_t, int32_t, 5, LIST(7, -7, 7, -7, INT32_MIN),
          LIST(2, 2, -2, -2, -1), 3, -3, -3, 3, INT32_MIN);
    PAIRS("floor_div", I64, int64_t, int64_t, 6,
          LIST(7, -7, 7, -7, 6, INT64_MIN), LIST(2, 2, -2, -2, -2, -1), 3, -4,
          -4, 3, -3, INT64_MIN);
    PAIRS("floor_mod", I32, int32_t, int32_t, 6,
          LIST(7, -7, 7, -7, 6, INT32_MIN), LIST(2, 2, -2, -2, -2, -1), 1, 1,
          -1, -1, 0, 0);
}

TEST(floor_of_floats)
{
    PAIRS("floor_div", F32, float, float, 5, LIST(7, -7, 7, -7, 1),
          LIST(2, 2, -2, -2, 0), 3, -4, -4, 3, INFINITY);
    PAIRS("floor_mod", F64, double, double, 6, LIST(7, -7, 7, -7, 6, 5.5),
          LIST(2, 2, -2, -2, -2, 0), 1, 1, -1, -1, 0, NAN);
}

TEST(division_by_zero)
{
    static const char *const kinds[] = {"div", "floor_div", "floor_mod"};
    const int64_t a[] = {1, 2}, b[] = {1, 0};
    struct op_check c = {
        .rows = 2,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(I64, 1), a}, {OP_PER_ROW(I64, 1), b}}};

    for (size_t i = 0; i < 3; i++) {
        char message[128];

        c.kind = kinds[i];
        snprintf(message, sizeof message,
                 "op \"node\" (%s): division of an integer by zero", kinds[i]);
        OP_REFUSED(&c, CLARY_BAD_INPUT, message);
    }
}

TEST(powers)
{
    const int32_t one = 2, exponent = -1;
    struct op_check c = {.kind = "pow",
                         .n_inputs = 2,
                         .in = {{OP_WHOLE_SCALAR(I32), &one},
                                {OP_WHOLE_SCALAR(I32), &exponent}}};

    PAIRS("pow", F32, float, float, 4, LIST(2, -8, 0, NAN),
          LIST(10, 0.5f, 0, 0), 1024, NAN, 1, 1);
    PAIRS("pow", I32, int32_t, int32_t, 5, LIST(-3, 2, 2, 0, 7),
          LIST(3, 31, 32, 0, 13), -27, INT32_MIN, 0, 1, -1895237401);
    PAIRS("pow", I64, int64_t, int64_t, 3, LIST(-1, 10, 3),
          LIST(INT64_MAX, 18, 39), -1, 1000000000000000000,
          4052555153018976267);
    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (pow): an integer to the power of a negative "
               "integer");
}

TEST(atan2)
{
    const float a[] = {1, -1, 0}, b[] = {1, 0, -1};
    struct op_check c = {
        .kind = "atan2",
        .rows = 3,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(F32, 1), a}, {OP_PER_ROW(F32, 1), b}}};

    OP_NEAR(&c, 0, 1e-6, OP_SHAPE(3), float, 0.785398163f, -1.57079633f,
            3.14159265f);
}

/* --- comparisons ---------------------------------------------------------- */

TEST(comparisons)
{
#define COMPARE(kind, ...)                                                     \
    PAIRS(kind, F32, float, uint8_t, 5, LIST(1, 2, 2, NAN, -0.0f),             \
          LIST(2, 1, 2, NAN, 0), __VA_ARGS__)
    COMPARE("equal", 0, 0, 1, 0, 1);
    COMPARE("not_equal", 1, 1, 0, 1, 0);
    COMPARE("less", 1, 0, 0, 0, 0);
    COMPARE("less_equal", 1, 0, 1, 0, 1);
    COMPARE("greater", 0, 1, 0, 0, 0);
    COMPARE("greater_equal", 0, 1, 1, 0, 1);
}

TEST(comparisons_of_other_types)
{
    PAIRS("less", I8, int8_t, uint8_t, 2, LIST(-1, 1), LIST(1, -1), 1, 0);
    PAIRS("less", U8, uint8_t, uint8_t, 2, LIST(255, 1), LIST(1, 255), 0, 1);
    PAIRS("greater", I64, int64_t, uint8_t, 2,
          LIST(9007199254740993, INT64_MIN), LIST(9007199254740992, 0), 1, 0);
    PAIRS("equal", I32, int32_t, uint8_t, 2, LIST(3, 4), LIST(3, 3), 1, 0);
    PAIRS("equal", BOOL, uint8_t, uint8_t, 2, LIST(1, 0), LIST(1, 1), 1, 0);
    PAIRS("greater_equal", F64, double, uint8_t, 2, LIST(1, NAN), LIST(1, 1), 1,
          0);
}

TEST(logic)
{
    PAIRS("logical_and", BOOL, uint8_t, uint8_t, 4, LIST(0, 0, 1, 1),
          LIST(0, 1, 0, 1), 0, 0, 0, 1);
    PAIRS("logical_or", BOOL, uint8_t, uint8_t, 4, LIST(0, 0, 1, 1),
          LIST(0, 1, 0, 1), 0, 1, 1, 1);
}

/* --- broadcasting --------------------------------------------------------- */

static const float count[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11,
                              12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23};

/* "sub" is not symmetric, so a mix-up of the inputs shows. */
#define SUB(rows_, a, b)                                                       \
    {                                                                          \
        .kind = "sub", .rows = (rows_), .n_inputs = 2, .in = { a, b }          \
    }

TEST(vector_against_rows)
{
    const float v[] = {10, 20, 30};
    struct op_check c =
        SUB(2, LIST(OP_PER_ROW(F32, 1, 3), count), LIST(OP_WHOLE(F32, 3), v));
    struct op_check turned = SUB(2, LIST(OP_WHOLE(F32, 1, 3), v),
                                 LIST(OP_PER_ROW(F32, 1, 3), count));

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, -10, -19, -28, -7, -16, -25);
    OP_OUTPUT(&turned, 0, OP_SHAPE(2, 3), float, 10, 19, 28, 7, 16, 25);
}

TEST(scalar_against_rows)
{
    const float v = 10;
    struct op_check c = SUB(2, LIST(OP_WHOLE_SCALAR(F32), &v),
                            LIST(OP_PER_ROW(F32, 1, 3), count));
    struct op_check of_rank_2 = SUB(2, LIST(OP_PER_ROW(F32, 1, 3), count),
                                    LIST(OP_WHOLE(F32, 1, 1), &v));

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 10, 9, 8, 7, 6, 5);
    OP_OUTPUT(&of_rank_2, 0, OP_SHAPE(2, 3), float, -10, -9, -8, -7, -6, -5);
}

TEST(column_against_rows)
{
    const float column[] = {10, 20};
    struct op_check c = SUB(2, LIST(OP_PER_ROW(F32, 1, 3), count),
                            LIST(OP_PER_ROW(F32, 1, 1), column));

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, -10, -9, -8, -17, -16, -15);
}

TEST(both_are_stretched)
{
    const float line[] = {100, 200};
    struct op_check c = SUB(2, LIST(OP_PER_ROW(F32, 1, 3, 1), count),
                            LIST(OP_WHOLE(F32, 1, 2), line));

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2), float, -100, -200, -99, -199, -98, -198,
              -97, -197, -96, -196, -95, -195);
}

/* Four axes of which no two are walked alike: (2, 1, 2, 1, 3) - (3, 1, 2, 1) */
TEST(many_axes)
{
    float expected[2 * 3 * 2 * 2 * 3];
    struct op_check c = SUB(2, LIST(OP_PER_ROW(F32, 1, 1, 2, 1, 3), count),
                            LIST(OP_WHOLE(F32, 3, 1, 2, 1), count));
    size_t e = 0;

    for (size_t r = 0; r < 2; r++)
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 2; j++)
                for (size_t k = 0; k < 2; k++)
                    for (size_t m = 0; m < 3; m++)
                        expected[e++] =
                            count[r * 6 + j * 3 + m] - count[i * 2 + k];
    op_check_output(TEST_AT, &c, 0, OP_SHAPE(2, 3, 2, 2, 3), expected,
                    sizeof expected, 0);
}

TEST(rank_8)
{
    float expected[24];
    struct op_check c =
        SUB(1, LIST(OP_PER_ROW(F32, 1, 2, 1, 3, 1, 2, 1, 1), count),
            LIST(OP_WHOLE(F32, 2, 1, 1, 1), count));
    size_t e = 0;

    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 2; j++)
            for (size_t k = 0; k < 2; k++)
                expected[e++] = count[i * 2 + k] - count[j];
    op_check_output(TEST_AT, &c, 0, OP_SHAPE(1, 2, 1, 3, 2, 2, 1, 1), expected,
                    sizeof expected, 0);
}

TEST(several_elements_a_row)
{
    const float v[] = {10, 20};
    struct op_check c =
        SUB(2, LIST(OP_PER_ROW(F32, 3, 2), count), LIST(OP_WHOLE(F32, 2), v));
    struct op_check both = SUB(2, LIST(OP_PER_ROW(F32, 3, 2), count),
                               LIST(OP_PER_ROW(F32, 3, 1), count));

    OP_OUTPUT(&c, 0, OP_SHAPE(6, 2), float, -10, -19, -8, -17, -6, -15, -4, -13,
              -2, -11, 0, -9);
    OP_OUTPUT(&both, 0, OP_SHAPE(6, 2), float, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5,
              6);
}

TEST(empty)
{
    struct op_check c = SUB(3, LIST(OP_PER_ROW(F32, 1, 0, 2), count),
                            LIST(OP_WHOLE(F32, 1, 2), count));
    struct op_check stretched = SUB(3, LIST(OP_PER_ROW(F32, 1, 1, 2, 1), count),
                                    LIST(OP_WHOLE(F32, 0, 1, 2), count));

    OP_EMPTY(&c, 0, OP_SHAPE(3, 0, 2));
    OP_EMPTY(&stretched, 0, OP_SHAPE(3, 0, 2, 2));
}

TEST(constants)
{
    struct op_check c = SUB(1, LIST(OP_WHOLE(F32, 2, 1), count),
                            LIST(OP_WHOLE(F32, 1, 3), count));

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 0, -1, -2, 1, 0, -1);
}

TEST(what_would_mix_rows)
{
#define MIXES(shapes)                                                          \
    "op \"node\" (sub): shapes " shapes                                        \
    " would set the rows of a request against other elements"
    /* a value a row against the columns of each row */
    struct op_check c = SUB(3, LIST(OP_PER_ROW(F32, 1), count),
                            LIST(OP_PER_ROW(F32, 1, 3), count));

    OP_REFUSED(&c, CLARY_UNSUPPORTED, MIXES("(1) and (1, 3)"));
    /* a constant for each row of the request */
    c = (struct op_check)SUB(3, LIST(OP_PER_ROW(F32, 1, 2), count),
                             LIST(OP_WHOLE(F32, 3, 2), count));
    OP_REFUSED(&c, CLARY_UNSUPPORTED, MIXES("(1, 2) and (3, 2)"));
    /* rows become another axis */
    c = (struct op_check)SUB(3, LIST(OP_WHOLE(F32, 1, 1, 2), count),
                             LIST(OP_PER_ROW(F32, 1, 2), count));
    OP_REFUSED(&c, CLARY_UNSUPPORTED, MIXES("(1, 1, 2) and (1, 2)"));
    /* one and two elements a row along axis 0 */
    c = (struct op_check)SUB(3, LIST(OP_PER_ROW(F32, 2, 2), count),
                             LIST(OP_PER_ROW(F32, 1, 2), count));
    OP_REFUSED(&c, CLARY_UNSUPPORTED, MIXES("(2, 2) and (1, 2)"));
    /* a scalar a row is not a scalar */
    c = (struct op_check)SUB(3, LIST(OP_PER_ROW(F32, 1), count),
                             LIST(OP_WHOLE(F32, 3), count));
    OP_REFUSED(&c, CLARY_UNSUPPORTED, MIXES("(1) and (3)"));
}

TEST(what_does_not_fit)
{
    struct op_check c = SUB(1, LIST(OP_PER_ROW(F32, 1, 3), count),
                            LIST(OP_WHOLE(F32, 4), count));

    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (sub): shapes (1, 3) and (4) do not fit each "
               "other");
    c.in[1].value.dtype = F64;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (sub): inputs of type float32 and float64; one "
               "type was expected");
    c.in[0].value.dtype = U8;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (sub): input 0 has elements of type uint8; "
               "float32, float64, int32, int64 are known here");
}

/* --- select --------------------------------------------------------------- */

static const uint8_t alternating[] = {1, 0, 1, 0, 1, 0};

TEST(select_of_rows)
{
    const float b[] = {-1, -2, -3, -4, -5, -6};
    struct op_check c = {.kind = "select",
                         .rows = 2,
                         .n_inputs = 3,
                         .in = {{OP_PER_ROW(BOOL, 1, 3), alternating},
                                {OP_PER_ROW(F32, 1, 3), count},
                                {OP_PER_ROW(F32, 1, 3), b}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 0, -2, 2, -4, 4, -6);
}

TEST(select_with_broadcasting)
{
    const int64_t a[] = {7, 8, 9}, b = -1;
    const uint8_t bytes[] = {1, 2, 3}, zero = 0;
    struct op_check c = {.kind = "select",
                         .rows = 2,
                         .n_inputs = 3,
                         .in = {{OP_PER_ROW(BOOL, 1, 1), alternating},
                                {OP_WHOLE(I64, 3), a},
                                {OP_WHOLE_SCALAR(I64), &b}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), int64_t, 7, 8, 9, -1, -1, -1);
    c.in[0] = (struct op_check_input){OP_PER_ROW(BOOL, 1, 3, 1), alternating};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 3), int64_t, 7, 8, 9, -1, -1, -1, 7, 8, 9,
              -1, -1, -1, 7, 8, 9, -1, -1, -1);
    c.in[1] = (struct op_check_input){OP_WHOLE(U8, 1, 3), bytes};
    c.in[2] = (struct op_check_input){OP_WHOLE_SCALAR(U8), &zero};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 3), uint8_t, 1, 2, 3, 0, 0, 0, 1, 2, 3, 0,
              0, 0, 1, 2, 3, 0, 0, 0);
    c.in[0] = (struct op_check_input){OP_PER_ROW(BOOL, 1, 0, 1), alternating};
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0, 3));
}

TEST(select_refuses)
{
    struct op_check c = {.kind = "select",
                         .rows = 2,
                         .n_inputs = 3,
                         .in = {{OP_PER_ROW(BOOL, 1), alternating},
                                {OP_PER_ROW(F32, 1, 3), count},
                                {OP_PER_ROW(F32, 1, 3), count}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (select): shapes (1) and (1, 3) would set the rows "
               "of a request against other elements");
    c.in[0].value.shape = OP_SHAPE(1, 2);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (select): shapes (1, 2) and (1, 3) do not fit each "
               "other");
    c.in[2].value.dtype = I32;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (select): inputs of type float32 and int32; one "
               "type was expected");
    c.in[0].value.dtype = F32;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (select): input 0 has elements of type float32; "
               "bool are known here");
}
