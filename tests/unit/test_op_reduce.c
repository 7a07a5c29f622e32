/* test_op_reduce.c: sum ... argmin against numpy, softmax against TensorFlow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "op_check.h"
#include "tests/test.h"

#include <float.h>

#define F32 CLARY_DTYPE_F32
#define F64 CLARY_DTYPE_F64

/* (2, 3, 4) */
static const float cube[] = {-5, 2,  -2, 5, 1,  -3, 4, 0,  -4, 3,  -1, -5,
                             2,  -2, 5,  1, -3, 4,  0, -4, 3,  -1, -5, 2};

static struct op_check of_cube(const char *kind,
                               const struct clary_reduce_params *params,
                               bool per_row)
{
    struct op_check c = {.kind = kind,
                         .params = params,
                         .rows = per_row ? 2 : 1,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(F32, 2, 3, 4), cube}}};

    c.in[0].value.per_row = per_row;
    if (per_row)
        c.in[0].value.shape.dim[0] = 1;
    return c;
}

TEST(the_last_axis)
{
    const struct clary_reduce_params p = {.axes = 1u << 2};

    for (int per_row = 0; per_row < 2; per_row++) {
        struct op_check c = of_cube("sum", &p, per_row);

        OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 0, 2, -7, 6, -3, -1);
        c.kind = "mean";
        OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 0, 0.5f, -1.75f, 1.5f, -0.75f,
                  -0.25f);
        c.kind = "prod";
        OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 100, -0.0f, -60, -20, 0, 30);
        c.kind = "max";
        OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 5, 4, 3, 5, 4, 3);
        c.kind = "min";
        OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, -5, -3, -5, -2, -4, -5);
    }
}

TEST(a_middle_axis)
{
    const struct clary_reduce_params p = {.axes = 1u << 1, .keep_dims = true};

    for (int per_row = 0; per_row < 2; per_row++) {
        struct op_check c = of_cube("sum", &p, per_row);

        OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 4), float, -8, 2, 1, 0, 2, 1, 0, -1);
        c.kind = "mean";
        OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 4), float, -2.6666667f, 0.6666667f,
                  0.33333334f, 0, 0.6666667f, 0.33333334f, 0, -0.33333334f);
        c.kind = "max";
        OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 4), float, 1, 3, 4, 5, 3, 4, 5, 2);
    }
}

TEST(several_axes)
{
    struct clary_reduce_params p = {.axes = 1u << 1 | 1u << 2};
    struct op_check c = of_cube("sum", &p, true);

    OP_OUTPUT(&c, 0, OP_SHAPE(2), float, -5, 2);
    c = of_cube("sum", &p, false);
    p.axes = 1u << 0 | 1u << 2; /* not neighbours */
    OP_OUTPUT(&c, 0, OP_SHAPE(3), float, 6, -1, -8);
    p.keep_dims = true;
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 3, 1), float, 6, -1, -8);
    p.axes = 1u << 0;
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 3, 4), float, -3, 0, 3, 6, -2, 1, 4, -4, -1, 2,
              -6, -3);
    p = (struct clary_reduce_params){.axes = 7};
    OP_OUTPUT(&c, 0, OP_SCALAR, float, -3);
    c.kind = "mean";
    OP_OUTPUT(&c, 0, OP_SCALAR, float, -0.125f);
}

TEST(nothing_to_reduce)
{
    const struct clary_reduce_params none = {.axes = 0}, one = {.axes = 2};
    const float zero[] = {-0.0f, 1};
    struct op_check c = of_cube("max", &none, true);

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 4), float, -5, 2, -2, 5, 1, -3, 4, 0, -4, 3,
              -1, -5, 2, -2, 5, 1, -3, 4, 0, -4, 3, -1, -5, 2);
    c = (struct op_check){.kind = "sum",
                          .params = &one,
                          .rows = 2,
                          .n_inputs = 1,
                          .in = {{OP_PER_ROW(F32, 1, 1), zero}}};
    OP_OUTPUT(&c, 0, OP_SHAPE(2), float, -0.0f, 1);
    c = (struct op_check){.kind = "mean",
                          .params = &none,
                          .n_inputs = 1,
                          .in = {{OP_WHOLE_SCALAR(F32), zero}}};
    OP_OUTPUT(&c, 0, OP_SCALAR, float, -0.0f);
}

TEST(no_elements)
{
    const struct clary_reduce_params p = {.axes = 1u << 1};
    struct op_check c = {.kind = "sum",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 0), NULL}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2), float, 0, 0);
    c.kind = "prod";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), float, 1, 1);
    c.kind = "mean";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), float, NAN, NAN);
    c.kind = "max";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), float, -INFINITY, -INFINITY);
    c.kind = "min";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), float, INFINITY, INFINITY);
    c.in[0].value.dtype = CLARY_DTYPE_I64;
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int64_t, INT64_MAX, INT64_MAX);
    c.kind = "max";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int64_t, INT64_MIN, INT64_MIN);
    c.in[0].value.dtype = CLARY_DTYPE_BOOL;
    c.kind = "all";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), uint8_t, 1, 1);
    c.kind = "any";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), uint8_t, 0, 0);
    c.in[0].value.shape = OP_SHAPE(1, 5, 0);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0));
}

/* A shape that an artifact may state: its outer loops would never end. */
TEST(empty_but_for_one_dimension_huge)
{
    const struct clary_reduce_params p = {.axes = 1u << 1};
    struct op_check c = {.kind = "sum",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(F32, INT64_MAX / 64, 3, 0), NULL}}};

    OP_EMPTY(&c, 0, OP_SHAPE(INT64_MAX / 64, 0));
    c.in[0].value.shape = OP_SHAPE(INT64_MAX, 0, INT64_MAX);
    OP_REFUSED(&c, CLARY_TOO_LARGE,
               "op \"node\" (sum): an output of shape (9223372036854775807, "
               "9223372036854775807) has more elements than memory can hold");
}

TEST(integers)
{
    const int32_t x[] = {INT32_MAX, 1, -7, 3};
    const int64_t y[] = {INT64_MAX, 1, INT64_C(1) << 53, 1};
    const struct clary_reduce_params p = {.axes = 1u << 1};
    struct op_check c = {.kind = "sum",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(CLARY_DTYPE_I32, 1, 2), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2), int32_t, INT32_MIN, -4);
    c.kind = "prod";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int32_t, INT32_MAX, -21);
    c.kind = "max";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int32_t, INT32_MAX, 3);
    c.kind = "min";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int32_t, 1, -7);
    c.in[0].value.dtype = CLARY_DTYPE_I64;
    c.in[0].data = y;
    c.kind = "sum";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int64_t, INT64_MIN, (INT64_C(1) << 53) + 1);
    c.kind = "prod";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int64_t, INT64_MAX, INT64_C(1) << 53);
}

TEST(order_and_type_of_the_sum)
{
    const float x[] = {1e8f, 1, 1, 1, 1, 1, 1, 1, 1, -1e8f};
    const double y[] = {1e17, 1, 1, 1, 1, -1e17};
    const struct clary_reduce_params p = {.axes = 1};
    struct op_check c = {.kind = "sum",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(F32, 10), x}}};

    OP_OUTPUT(&c, 0, OP_SCALAR, float, 0);
    c.in[0] = (struct op_check_input){OP_WHOLE(F64, 6), y};
    OP_OUTPUT(&c, 0, OP_SCALAR, double, 0);
    c.kind = "mean";
    c.in[0] = (struct op_check_input){OP_WHOLE(F64, 4), y + 1};
    OP_OUTPUT(&c, 0, OP_SCALAR, double, 1);
}

TEST(nan_and_infinity)
{
    const float x[] = {1, NAN, 2, NAN, 1, 2, 1, 2, NAN, INFINITY, -INFINITY, 0};
    const struct clary_reduce_params p = {.axes = 1u << 1};
    struct op_check c = {.kind = "max",
                         .params = &p,
                         .rows = 4,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(4), float, NAN, NAN, NAN, INFINITY);
    c.kind = "min";
    OP_OUTPUT(&c, 0, OP_SHAPE(4), float, NAN, NAN, NAN, -INFINITY);
    c.kind = "sum";
    OP_OUTPUT(&c, 0, OP_SHAPE(4), float, NAN, NAN, NAN, NAN);
}

TEST(all_and_any)
{
    const uint8_t x[] = {1, 1, 1, 0, 1, 0, 0, 0, 0};
    const struct clary_reduce_params p = {.axes = 1u << 1};
    struct op_check c = {.kind = "all",
                         .params = &p,
                         .rows = 3,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(CLARY_DTYPE_BOOL, 1, 3), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(3), uint8_t, 1, 0, 0);
    c.kind = "any";
    OP_OUTPUT(&c, 0, OP_SHAPE(3), uint8_t, 1, 1, 0);
}

TEST(reduce_refuses)
{
    struct clary_reduce_params p = {.axes = 1};
    struct op_check c = of_cube("sum", &p, true);

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (sum): along axis 0 it would mix the rows of a "
               "request, and a row's result must not depend on others");
    p.axes = 1u << 3;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (sum): axis 3 of a tensor of shape (1, 3, 4)");
    p.axes = 1u << 31;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (sum): axis 31 of a tensor of shape (1, 3, 4)");
    c.in[0].value.dtype = CLARY_DTYPE_BOOL;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (sum): input 0 has elements of type bool; "
               "float32, float64, int32, int64 are known here");
    c.in[0].value.dtype = CLARY_DTYPE_I32;
    c.kind = "mean";
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (mean): input 0 has elements of type int32; "
               "float32, float64 are known here");
    c.kind = "any";
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (any): input 0 has elements of type int32; bool "
               "are known here");
}

/* --- argmax argmin -------------------------------------------------------- */

TEST(arg_axes)
{
    struct clary_reduce_params p = {.axes = 1u << 2,
                                    .index_dtype = CLARY_DTYPE_I64};
    struct op_check c = of_cube("argmax", &p, true);

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), int64_t, 3, 2, 1, 2, 1, 0);
    c.kind = "argmin";
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), int64_t, 0, 1, 3, 1, 3, 2);
    p.axes = 1u << 1;
    p.index_dtype = CLARY_DTYPE_I32;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), int32_t, 0, 1, 0, 2, 1, 0, 2, 1);
    c = of_cube("argmax", &p, false);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), int32_t, 1, 2, 1, 0, 2, 1, 0, 2);
    p.axes = 1u << 0;
    p.keep_dims = true;
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 3, 4), int32_t, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0,
              0, 1);
}

/* What TensorFlow 2.18 answers on a CPU. */
TEST(arg_nan_infinity_and_ties)
{
    const float x[] = {1,         NAN,       2,         /* NaN is passed over */
                       NAN,       1,         2,         /* */
                       NAN,       NAN,       NAN,       /* */
                       NAN,       -INFINITY, -INFINITY, /* */
                       NAN,       INFINITY,  1,         /* */
                       2,         5,         5,         /* the first wins */
                       INFINITY,  INFINITY,  INFINITY,  /* */
                       -INFINITY, -FLT_MAX,  -FLT_MAX};
    const struct clary_reduce_params p = {.axes = 1u << 1,
                                          .index_dtype = CLARY_DTYPE_I32};
    struct op_check c = {.kind = "argmax",
                         .params = &p,
                         .rows = 8,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(8), int32_t, 2, 2, 0, 0, 1, 1, 0, 0);
    c.kind = "argmin";
    OP_OUTPUT(&c, 0, OP_SHAPE(8), int32_t, 0, 1, 0, 1, 2, 0, 0, 0);
}

TEST(arg_other_types)
{
    const int64_t x[] = {INT64_MIN, INT64_MIN, INT64_MIN, 7, 9, 9};
    const double y[] = {0, 1e300, 1e308, -1, -2, -2};
    const struct clary_reduce_params p = {.axes = 1u << 1,
                                          .index_dtype = CLARY_DTYPE_I64};
    struct op_check c = {.kind = "argmax",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(CLARY_DTYPE_I64, 1, 3), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2), int64_t, 0, 1);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F64, 1, 3), y};
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int64_t, 2, 0);
    c.kind = "argmin";
    OP_OUTPUT(&c, 0, OP_SHAPE(2), int64_t, 0, 1);
}

TEST(arg_refuses)
{
    struct clary_reduce_params p = {.axes = 6, .index_dtype = CLARY_DTYPE_I64};
    struct op_check c = of_cube("argmax", &p, true);

    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (argmax): it must be given exactly one axis");
    p.axes = 1u << 3;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (argmax): axis 3 of a tensor of shape (1, 3, 4)");
    p.axes = 1;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (argmax): along axis 0 it would mix the rows of a "
               "request, and a row's result must not depend on others");
    p.axes = 2;
    p.index_dtype = F32;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (argmax): indices of type float32; int32 and int64 "
               "are known here");
    p.index_dtype = CLARY_DTYPE_I32;
    c.in[0].value.shape = OP_SHAPE(1, 0, 4);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (argmax): axis 1 has no elements to choose from");
}

/* --- softmax log_softmax -------------------------------------------------- */

static const float logits[] = {1, 2, 3, -4, 0.5f, 100, -3, 99}; /* (2, 4) */
static const double logits64[] = {1, 2, 3, -4, 0.5, 100, -3, 99};

TEST(softmax_of_rows)
{
    const struct clary_axis_params p = {.axis = 1};
    struct op_check c = {.kind = "softmax",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 4), logits}}};

    OP_NEAR(&c, 0, 1.2e-7, OP_SHAPE(2, 4), float, 0.08997599f, 0.2445801f,
            0.66483766f, 0.00060625345f, 0, 0.7310586f, 0, 0.26894143f);
    c.kind = "log_softmax";
    OP_NEAR(&c, 0, 4e-7, OP_SHAPE(2, 4), float, -2.4082124f, -1.4082124f,
            -0.4082124f, -7.4082124f, -99.81326f, -0.31326169f, -103.31326f,
            -1.3132617f);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F64, 1, 4), logits64};
    OP_NEAR(&c, 0, 1e-14, OP_SHAPE(2, 4), double, -2.4082124017544175,
            -1.4082124017544173, -0.40821240175441736, -7.408212401754417,
            -99.81326168751822, -0.31326168751822286, -103.31326168751822,
            -1.3132616875182228);
    c.kind = "softmax";
    OP_NEAR(&c, 0, 1e-15, OP_SHAPE(2, 4), double, 0.08997599182352128,
            0.24458010357145749, 0.6648376511409242, 0.0006062534640970338,
            4.483851577616752e-44, 0.7310585786300049, 1.3540058529806074e-45,
            0.2689414213699951);
}

TEST(softmax_of_an_outer_axis)
{
    struct clary_axis_params p = {.axis = 0};
    struct op_check c = {.kind = "softmax",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(F64, 2, 4), logits64}}};

    OP_NEAR(&c, 0, 1e-15, OP_SHAPE(2, 4), double, 0.6224593312018546, 0,
            0.9975273768433653, 0, 0.37754066879814546, 1,
            0.0024726231566347748, 1);
    p.axis = 1; /* (rows, 2, 2): pairs are 2 apart */
    c.rows = 2;
    c.in[0] = (struct op_check_input){OP_PER_ROW(F64, 1, 2, 2), logits64};
    OP_NEAR(&c, 0, 1e-15, OP_SHAPE(2, 2, 2), double, 0.11920292202211756,
            0.9975273768433653, 0.8807970779778825, 0.0024726231566347748,
            0.9706877692486436, 0.7310585786300049, 0.029312230751356316,
            0.2689414213699951);
}

TEST(softmax_of_nan_and_infinity)
{
    const float x[] = {1, NAN, INFINITY, 1, -INFINITY, -INFINITY, -INFINITY, 1};
    const struct clary_axis_params p = {.axis = 1};
    struct op_check c = {.kind = "softmax",
                         .params = &p,
                         .rows = 4,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 2), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(4, 2), float, NAN, NAN, NAN, NAN, NAN, NAN, 0, 1);
    c.kind = "log_softmax";
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 2), float, NAN, NAN, NAN, NAN, NAN, NAN,
              -INFINITY, 0);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 0), NULL};
    OP_EMPTY(&c, 0, OP_SHAPE(4, 0));
}

TEST(softmax_refuses)
{
    struct clary_axis_params p = {.axis = 0};
    struct op_check c = {.kind = "softmax",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 4), logits}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (softmax): along axis 0 it would mix the rows of a "
               "request, and a row's result must not depend on others");
    p.axis = 2;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (softmax): axis 2 of a tensor of shape (1, 4)");
    c.in[0].value.dtype = CLARY_DTYPE_I32;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (softmax): input 0 has elements of type int32; "
               "float32, float64 are known here");
}

TEST(describe)
{
    const struct clary_reduce_params p = {.axes = 1u << 1 | 1u << 2};
    const struct clary_axis_params axis = {.axis = 1};
    struct clary_op op = {.kind = clary_op_kind_named("sum"), .params = &p};
    char text[64], tiny[8] = "";

    op.kind->describe(&op, text, sizeof text);
    CHECK_STR(text, "axis 1, 2");
    op.kind->describe(&op, tiny, sizeof tiny);
    CHECK_STR(tiny, "");
    op = (struct clary_op){.kind = clary_op_kind_named("softmax"),
                           .params = &axis};
    op.kind->describe(&op, text, sizeof text);
    CHECK_STR(text, "axis 1");
}
