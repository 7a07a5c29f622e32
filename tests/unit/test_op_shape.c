/* test_op_shape.c: reshape, concat and split against numpy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "op_check.h"

#define F32      CLARY_DTYPE_F32
#define COUNT_12 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
#define COUNT_24 COUNT_12, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23

static const float floats[] = {COUNT_24};
static const int64_t longs[] = {COUNT_24};
static const uint8_t bytes[] = {COUNT_24};

/* --- reshape -------------------------------------------------------------- */

static struct op_check reshape_of(const struct clary_reshape_params *params)
{
    return (struct op_check){.kind = "reshape",
                             .params = params,
                             .rows = 2,
                             .n_inputs = 1,
                             .in = {{OP_PER_ROW(F32, 1, 3, 4), floats}}};
}

TEST(reshape_per_row)
{
    struct clary_reshape_params p = {true, OP_SHAPE(1, 12)};
    struct op_check c = reshape_of(&p);

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 12), float, COUNT_24);
    p.shape = OP_SHAPE(1, 2, -1, 2);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 3, 2), float, COUNT_24);
    p.shape = OP_SHAPE(3, 4); /* (rows * 3, 4) */
    OP_OUTPUT(&c, 0, OP_SHAPE(6, 4), float, COUNT_24);
    p.shape = OP_SHAPE(-1, 2);
    OP_OUTPUT(&c, 0, OP_SHAPE(12, 2), float, COUNT_24);
    p.shape = OP_SHAPE(-1);
    OP_OUTPUT(&c, 0, OP_SHAPE(24), float, COUNT_24);
    p.shape = OP_SHAPE(1, -1, 1, 12, 1); /* back from (rows * 3, 4) */
    c.in[0].value.shape = OP_SHAPE(3, 4);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 1, 12, 1), float, COUNT_24);
    c.in[0] = (struct op_check_input){OP_PER_ROW(CLARY_DTYPE_U8, 12), bytes};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 1, 12, 1), uint8_t, COUNT_24);
}

TEST(reshape_whole)
{
    struct clary_reshape_params p = {false, OP_SHAPE(4, -1)};
    struct op_check c = {.kind = "reshape",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(CLARY_DTYPE_I64, 24), longs}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(4, 6), int64_t, COUNT_24);
    c.in[0].value.shape = OP_SHAPE(1, 1);
    p.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SCALAR, int64_t, 0);
    c.in[0].value.shape = OP_SCALAR;
    p.shape = OP_SHAPE(1, -1);
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 1), int64_t, 0);
}

TEST(reshape_empty)
{
    struct clary_reshape_params p = {true, OP_SHAPE(1, 0, 7)};
    struct op_check c = reshape_of(&p);

    c.in[0].value.shape = OP_SHAPE(1, 3, 0);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0, 7));
    p.shape = OP_SHAPE(1, 3, -1);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 3, 0));
    p.shape = OP_SHAPE(1, 0, -1); /* any number would do */
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (reshape): the 0 elements of shape (1, 3, 0) of a "
               "row do not fit shape (1, 0, -1)");
}

TEST(reshape_refuses)
{
    struct clary_reshape_params p = {false, OP_SHAPE(4, 6)};
    struct op_check c = reshape_of(&p);

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (reshape): the fixed shape (4, 6) would mix the "
               "rows of a request; dimension 0 must follow from the number of "
               "rows");
    p = (struct clary_reshape_params){true, OP_SCALAR};
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (reshape): the fixed shape () would mix the "
               "rows of a request; dimension 0 must follow from the number of "
               "rows");
    p.shape = OP_SHAPE(1, 5, -1);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (reshape): the 12 elements of shape (1, 3, 4) of a "
               "row do not fit shape (1, 5, -1)");
    p.shape = OP_SHAPE(1, 13);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (reshape): the 12 elements of shape (1, 3, 4) of a "
               "row do not fit shape (1, 13)");
    p.shape = OP_SHAPE(1, -1, -1);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (reshape): (1, -1, -1) is no shape: one dimension "
               "may be -1, the others are not negative");
    p.shape = OP_SHAPE(1, -12);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (reshape): (1, -12) is no shape: one dimension "
               "may be -1, the others are not negative");
    p.shape = OP_SHAPE(INT64_MAX, INT64_MAX);
    OP_REFUSED(&c, CLARY_TOO_LARGE,
               "op \"node\" (reshape): shape (9223372036854775807, "
               "9223372036854775807) has too many elements");
    c.in[0].value.per_row = false;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (reshape): a constant has no shape that follows "
               "from the number of rows");
}

/* --- concat --------------------------------------------------------------- */

TEST(concat_per_row)
{
    const float a[] = {1, 2, 3, 4}, b[] = {5, 6}, d[] = {7, 8, 9, 10, 11, 12};
    const struct clary_axis_params p = {.axis = 1};
    struct op_check c = {.kind = "concat",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 4,
                         .in = {{OP_PER_ROW(F32, 1, 2), a},
                                {OP_PER_ROW(F32, 1, 1), b},
                                {OP_PER_ROW(F32, 1, 0), NULL},
                                {OP_PER_ROW(F32, 1, 3), d}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 6), float, 1, 2, 5, 7, 8, 9, 3, 4, 6, 10, 11,
              12);
    c.n_inputs = 1;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), float, 1, 2, 3, 4);
    c.in[0].value.shape = OP_SHAPE(1, 0);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0));
}

TEST(concat_element_widths)
{
    const uint8_t a[] = {1, 2, 3, 4}, b[] = {5, 6};
    const int64_t e[] = {1, 2, 3, 4}, f[] = {5, 6};
    const struct clary_axis_params p = {.axis = 1};
    struct op_check c = {.kind = "concat",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 2,
                         .in = {{OP_PER_ROW(CLARY_DTYPE_BOOL, 1, 2), a},
                                {OP_PER_ROW(CLARY_DTYPE_BOOL, 1, 1), b}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), uint8_t, 1, 2, 5, 3, 4, 6);
    c.in[0] = (struct op_check_input){OP_PER_ROW(CLARY_DTYPE_I64, 1, 2), e};
    c.in[1] = (struct op_check_input){OP_PER_ROW(CLARY_DTYPE_I64, 1, 1), f};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), int64_t, 1, 2, 5, 3, 4, 6);
}

TEST(concat_axes)
{
    struct clary_axis_params p = {.axis = 0};
    struct op_check c = {.kind = "concat",
                         .params = &p,
                         .n_inputs = 2,
                         .in = {{OP_WHOLE(F32, 2, 2), floats},
                                {OP_WHOLE(F32, 1, 2), floats + 4}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(3, 2), float, 0, 1, 2, 3, 4, 5);
    p.axis = 2;
    c.rows = 2;
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 2, 2), floats};
    c.in[1] = (struct op_check_input){OP_PER_ROW(F32, 1, 2, 1), floats + 8};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 3), float, 0, 1, 8, 2, 3, 9, 4, 5, 10, 6, 7,
              11);
    p.axis = 1; /* two elements along axis 0 for each row */
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 2, 2), floats};
    c.in[1] = (struct op_check_input){OP_PER_ROW(F32, 2, 1), floats + 8};
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 3), float, 0, 1, 8, 2, 3, 9, 4, 5, 10, 6, 7,
              11);
}

TEST(concat_refuses)
{
    struct clary_axis_params p = {.axis = 0};
    struct op_check c = {.kind = "concat",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 2,
                         .in = {{OP_PER_ROW(F32, 1, 2), floats},
                                {OP_PER_ROW(F32, 1, 3), floats}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (concat): along axis 0 it would mix the rows of a "
               "request, and a row's result must not depend on others");
    p.axis = 2;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (concat): axis 2 of a tensor of shape (1, 2)");
    p.axis = 1;
    c.in[1].value.shape = OP_SHAPE(2, 3);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (concat): input 0 of shape (1, 2) and input 1 of "
               "shape (2, 3) cannot be joined along axis 1");
    c.in[1].value.shape = OP_SHAPE(1, 3, 1);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (concat): input 0 of shape (1, 2) and input 1 of "
               "shape (1, 3, 1) cannot be joined along axis 1");
    c.in[1].value.shape = OP_SHAPE(1, INT64_MAX);
    OP_REFUSED(&c, CLARY_TOO_LARGE,
               "op \"node\" (concat): the joined axis has too many elements");
    c.in[1].value.dtype = CLARY_DTYPE_F64;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (concat): input 0 is float32, input 1 is float64");
    c.in[1] = (struct op_check_input){OP_WHOLE(F32, 1, 2), floats};
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (concat): input 1 is a constant of fixed shape and "
               "input 0 has as many rows as the request: they cannot be "
               "joined");
    c.in[1] = c.in[0];
    c.in[0] = (struct op_check_input){OP_WHOLE(F32, 1, 2), floats};
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (concat): input 0 is a constant of fixed shape and "
               "input 1 has as many rows as the request: they cannot be "
               "joined");
}

/* --- split ---------------------------------------------------------------- */

TEST(split_equal)
{
    struct clary_axis_params p = {.axis = 1};
    struct op_check c = {.kind = "split",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .n_outputs = 3,
                         .in = {{OP_PER_ROW(F32, 1, 3, 4), floats}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 4), float, 0, 1, 2, 3, 12, 13, 14, 15);
    OP_OUTPUT(&c, 1, OP_SHAPE(2, 1, 4), float, 4, 5, 6, 7, 16, 17, 18, 19);
    OP_OUTPUT(&c, 2, OP_SHAPE(2, 1, 4), float, 8, 9, 10, 11, 20, 21, 22, 23);
    p.axis = 2;
    c.n_outputs = 2;
    OP_OUTPUT(&c, 1, OP_SHAPE(2, 3, 2), float, 2, 3, 6, 7, 10, 11, 14, 15, 18,
              19, 22, 23);
    c.in[0] = (struct op_check_input){OP_WHOLE(CLARY_DTYPE_U8, 4, 3), bytes};
    p.axis = 0;
    OP_OUTPUT(&c, 1, OP_SHAPE(2, 3), uint8_t, 6, 7, 8, 9, 10, 11);
    c.n_outputs = 1;
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 3), uint8_t, COUNT_12);
}

TEST(split_sizes)
{
    const int64_t sizes[] = {1, 0, 3};
    const struct clary_axis_params p = {.axis = 1, .sizes = sizes};
    struct op_check c = {.kind = "split",
                         .params = &p,
                         .rows = 3,
                         .n_inputs = 1,
                         .n_outputs = 3,
                         .in = {{OP_PER_ROW(F32, 1, 4), floats}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(3, 1), float, 0, 4, 8);
    OP_EMPTY(&c, 1, OP_SHAPE(3, 0));
    OP_OUTPUT(&c, 2, OP_SHAPE(3, 3), float, 1, 2, 3, 5, 6, 7, 9, 10, 11);
    c.in[0].value.shape = OP_SHAPE(1, 4, 0);
    OP_EMPTY(&c, 2, OP_SHAPE(3, 3, 0));
}

TEST(split_refuses)
{
    int64_t sizes[] = {1, 4};
    struct clary_axis_params p = {.axis = 1};
    struct op_check c = {.kind = "split",
                         .params = &p,
                         .n_inputs = 1,
                         .n_outputs = 2,
                         .in = {{OP_PER_ROW(F32, 1, 3), floats}}};

    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (split): the 3 elements along axis 1 cannot be "
               "split into 2 equal parts");
    p.sizes = sizes;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (split): part 1 takes 4 elements along axis 1, "
               "where 2 are left");
    sizes[1] = -1;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (split): part 1 takes -1 elements along axis 1, "
               "where 2 are left");
    sizes[1] = 1;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (split): 1 elements along axis 1 are in no part");
    p.axis = 0;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (split): along axis 0 it would mix the rows of a "
               "request, and a row's result must not depend on others");
}
