/* test_op_index.c: gather and one_hot against numpy, bucketize and bincount
 * against TensorFlow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "op_check.h"

#define F32      CLARY_DTYPE_F32
#define I32      CLARY_DTYPE_I32
#define I64      CLARY_DTYPE_I64
#define COUNT_12 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
#define COUNT_24 COUNT_12, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23

static const float floats[] = {COUNT_24};
static const uint8_t bytes[] = {COUNT_24};

/* --- gather --------------------------------------------------------------- */

TEST(gather_rows_of_a_table)
{
    const int64_t indices[] = {4, 0, 0, 3, 1, 1};
    const int8_t small[] = {4, 0, 0, 3, 1, 1};
    const struct clary_axis_params p = {.axis = 0};
    struct op_check c = {.kind = "gather",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 2,
                         .in = {{OP_WHOLE(F32, 5, 2), floats},
                                {OP_PER_ROW(I64, 1, 3), indices}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2), float, 8, 9, 0, 1, 0, 1, 6, 7, 2, 3, 2,
              3);
    c.rows = 6;
    c.in[1].value.shape = OP_SHAPE(1);
    OP_OUTPUT(&c, 0, OP_SHAPE(6, 2), float, 8, 9, 0, 1, 0, 1, 6, 7, 2, 3, 2, 3);
    c.in[0].value.shape = OP_SHAPE(5);
    OP_OUTPUT(&c, 0, OP_SHAPE(6), float, 4, 0, 0, 3, 1, 1);
    c.in[0] = (struct op_check_input){OP_WHOLE(CLARY_DTYPE_U8, 5, 3), bytes};
    c.in[1] = (struct op_check_input){OP_PER_ROW(CLARY_DTYPE_I8, 2), small};
    c.rows = 1;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), uint8_t, 12, 13, 14, 0, 1, 2);
}

TEST(gather_columns_of_rows)
{
    const int32_t indices[] = {2, 0, 0}, square[] = {3, 1, 0, 0};
    struct clary_axis_params p = {.axis = 1};
    struct op_check c = {.kind = "gather",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 2,
                         .in = {{OP_PER_ROW(F32, 1, 3, 4), floats},
                                {OP_WHOLE(I32, 3), indices}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 4), float, 8, 9, 10, 11, 0, 1, 2, 3, 0, 1,
              2, 3, 20, 21, 22, 23, 12, 13, 14, 15, 12, 13, 14, 15);
    c.in[1].value.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), float, 8, 9, 10, 11, 20, 21, 22, 23);
    p.axis = 2;
    c.in[1] = (struct op_check_input){OP_WHOLE(I32, 2, 2), square};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2, 2), float, 3, 1, 0, 0, 7, 5, 4, 4, 11, 9,
              8, 8, 15, 13, 12, 12, 19, 17, 16, 16, 23, 21, 20, 20);
    c.in[1].value.shape = OP_SHAPE(0);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 3, 0));
}

TEST(gather_from_the_same_row)
{
    const int32_t indices[] = {2, 0, 1, 1};
    struct clary_axis_params p = {.axis = 1, .batch_dims = 1};
    struct op_check c = {.kind = "gather",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 2,
                         .in = {{OP_PER_ROW(F32, 1, 3, 4), floats},
                                {OP_PER_ROW(I32, 1, 2), indices}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 4), float, 8, 9, 10, 11, 0, 1, 2, 3, 16, 17,
              18, 19, 16, 17, 18, 19);
    p.axis = 2;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2), float, 2, 0, 6, 4, 10, 8, 13, 13, 17,
              17, 21, 21);
    p.axis = 1;
    c.in[0].value.shape = OP_SHAPE(2, 6); /* (rows * 2, 6) */
    c.in[1].value.shape = OP_SHAPE(2);    /* (rows * 2) */
    OP_OUTPUT(&c, 0, OP_SHAPE(4), float, 2, 6, 13, 19);
}

TEST(gather_whole)
{
    const int64_t indices[] = {1, 0, 1};
    struct clary_axis_params p = {.axis = 1};
    struct op_check c = {
        .kind = "gather",
        .params = &p,
        .n_inputs = 2,
        .in = {{OP_WHOLE(F32, 3, 2), floats}, {OP_WHOLE(I64, 3), indices}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(3, 3), float, 1, 0, 1, 3, 2, 3, 5, 4, 5);
    p.batch_dims = 1;
    OP_OUTPUT(&c, 0, OP_SHAPE(3), float, 1, 2, 5);
}

TEST(gather_refuses_an_index)
{
    int64_t indices[] = {0, 7};
    const struct clary_axis_params p = {.axis = 0};
    struct op_check c = {
        .kind = "gather",
        .params = &p,
        .rows = 2,
        .n_inputs = 2,
        .in = {{OP_WHOLE(F32, 5, 2), floats}, {OP_PER_ROW(I64, 1), indices}}};

    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (gather): index 7 is outside 0 .. 4");
    indices[1] = 5;
    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (gather): index 5 is outside 0 .. 4");
    indices[1] = -1;
    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (gather): index -1 is outside 0 .. 4");
    indices[1] = INT64_MIN;
    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (gather): index -9223372036854775808 is outside "
               "0 .. 4");
    c.in[0].value.shape = OP_SHAPE(0, 2);
    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (gather): there is no element to choose");
}

TEST(gather_refuses)
{
    struct clary_axis_params p = {.axis = 0};
    struct op_check c = {
        .kind = "gather",
        .params = &p,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(F32, 1, 3), floats}, {OP_WHOLE(I32, 1), floats}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (gather): along axis 0 it would mix the rows of a "
               "request, and a row's result must not depend on others");
    p.axis = 1;
    p.batch_dims = 1;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (gather): with batch_dims 1 either both inputs or "
               "none must have the rows of a request");
    p.batch_dims = 2;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (gather): axis 1 and batch_dims 2 do not suit data "
               "of shape (1, 3) and indices of shape (1)");
    p = (struct clary_axis_params){.axis = 2};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (gather): axis 2 and batch_dims 0 do not suit data "
               "of shape (1, 3) and indices of shape (1)");
    p.axis = 1;
    c.in[1].value.shape = OP_SHAPE(1, 1, 1, 1, 1, 1, 1, 1);
    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (gather): its output would have 9 axes; 8 are known "
        "here");
    c.in[1] = (struct op_check_input){OP_PER_ROW(I32, 1, 1), floats};
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (gather): indices of one row of a request would "
               "choose from the data of others; with batch_dims 1 they would "
               "not");
    p.batch_dims = 1;
    c.in[1].value.shape = OP_SHAPE(2, 1);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (gather): axis 1 and batch_dims 1 do not suit data "
               "of shape (1, 3) and indices of shape (2, 1)");
    p.batch_dims = 0;
    c.in[0] = (struct op_check_input){OP_WHOLE(F32, 2, 3), floats};
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (gather): it would put the rows of a request at "
               "axis 1; from a constant only axis 0 can be gathered");
    c.in[1].value.dtype = F32;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (gather): input 1 has elements of type float32; "
               "int8, uint8, int32, int64 are known here");
}

/* --- one_hot -------------------------------------------------------------- */

TEST(one_hot_per_row)
{
    const int64_t x[] = {0, 2, -1, 3, 1, INT64_MIN};
    struct clary_one_hot_params p = {
        .axis = 2, .depth = 3, .on = 1, .dtype = F32};
    struct op_check c = {.kind = "one_hot",
                         .params = &p,
                         .rows = 3,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(I64, 1, 2), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(3, 2, 3), float, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
              0, 0, 1, 0, 0, 0, 0);
    p.axis = 1;
    OP_OUTPUT(&c, 0, OP_SHAPE(3, 3, 2), float, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
              0, 0, 0, 1, 0, 0, 0);
    p.depth = 0;
    OP_EMPTY(&c, 0, OP_SHAPE(3, 0, 2));
}

TEST(one_hot_types)
{
    const int32_t x[] = {1, 0};
    const uint8_t small[] = {1, 255};
    struct clary_one_hot_params p = {
        .axis = 1, .depth = 2, .on = 5.5, .off = -1.25, .dtype = F32};
    struct op_check c = {.kind = "one_hot",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(I32, 1), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), float, -1.25f, 5.5f, 5.5f, -1.25f);
    p.dtype = CLARY_DTYPE_F64;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), double, -1.25, 5.5, 5.5, -1.25);
    p.on = -128;
    p.off = 127;
    p.dtype = CLARY_DTYPE_I8;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), int8_t, 127, -128, -128, 127);
    p.on = INT32_MIN;
    p.dtype = I32;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), int32_t, 127, INT32_MIN, INT32_MIN, 127);
    p.on = -0x1p63;
    p.dtype = I64;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), int64_t, 127, INT64_MIN, INT64_MIN, 127);
    p.on = 1;
    p.off = 0;
    p.dtype = CLARY_DTYPE_BOOL;
    c.in[0] = (struct op_check_input){OP_PER_ROW(CLARY_DTYPE_U8, 1), small};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), uint8_t, 0, 1, 0, 0);
}

TEST(one_hot_whole)
{
    const int32_t x[] = {1, 0};
    struct clary_one_hot_params p = {
        .axis = 0, .depth = 3, .on = 1, .dtype = CLARY_DTYPE_U8};
    struct op_check c = {.kind = "one_hot",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(I32, 2), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(3, 2), uint8_t, 0, 1, 1, 0, 0, 0);
    c.in[0].value.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SHAPE(3), uint8_t, 0, 1, 0);
}

TEST(one_hot_refuses)
{
    struct clary_one_hot_params p = {
        .axis = 0, .depth = 3, .on = 1, .dtype = F32};
    struct op_check c = {.kind = "one_hot",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(I32, 1), floats}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (one_hot): a new axis 0 would mix the rows of a "
               "request");
    p.axis = 2;
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (one_hot): axis 2 of depth 3 for indices of rank 1");
    p.axis = 1;
    p.depth = -1;
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (one_hot): axis 1 of depth -1 for indices of rank 1");
    p.depth = INT64_MAX;
    OP_REFUSED(&c, CLARY_TOO_LARGE,
               "op \"node\" (one_hot): an output of shape (1, "
               "9223372036854775807) has more elements than memory can hold");
    p.depth = 3;
    p.off = 0.5;
    p.dtype = I32;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (one_hot): on 1 and off 0.5 are not both of type "
               "int32");
    p.off = 2;
    p.dtype = CLARY_DTYPE_BOOL;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (one_hot): on 1 and off 2 are not both of type "
               "bool");
    p.off = 0x1p63;
    p.dtype = I64;
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (one_hot): on 1 and off 9.22337e+18 are not both of "
        "type int64");
    p.off = NAN;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (one_hot): on 1 and off nan are not both of type "
               "int64");
    p.dtype = CLARY_DTYPE_STRING;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (one_hot): on 1 and off nan are not both of type "
               "string");
    c.in[0].value.shape = OP_SHAPE(1, 1, 1, 1, 1, 1, 1, 1);
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (one_hot): its output would have 9 axes; 8 are "
               "known here");
    c.in[0].value.dtype = F32;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (one_hot): input 0 has elements of type float32; "
               "int8, uint8, int32, int64 are known here");
}

/* --- bucketize ------------------------------------------------------------ */

TEST(bucketize)
{
    const float boundaries[] = {0, 0.5f, 0.5f, 3};
    const float x[] = {-1, 0, -0.0f, 0.25f,    0.5f,      2.9999998f,
                       3,  4, NAN,   INFINITY, -INFINITY, 0.49999997f};
    const double d[] = {0.49999999999999994, 0.5, NAN, -1};
    const int64_t i[] = {-1, 0, 2, 3};
    const int64_t large_i[] = {16777218, 16777219, 16777220, 0};
    const float large = 16777220;
    struct clary_bucketize_params p = {boundaries, 4};
    struct op_check c = {.kind = "bucketize",
                         .params = &p,
                         .rows = 6,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 2), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(6, 2), int32_t, 0, 1, 1, 1, 3, 3, 4, 4, 4, 4, 0,
              1);
    c.rows = 2;
    c.in[0] = (struct op_check_input){OP_PER_ROW(CLARY_DTYPE_F64, 1, 2), d};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), int32_t, 1, 3, 4, 0);
    c.in[0] = (struct op_check_input){OP_PER_ROW(I64, 1, 2), i};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), int32_t, 0, 1, 3, 4);
    p = (struct clary_bucketize_params){&large, 1};
    c.in[0].data = large_i; /* compared as float32, as TensorFlow does */
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), int32_t, 0, 1, 1, 0);
    p.n_boundaries = 0;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2), int32_t, 0, 0, 0, 0);
    c.in[0].value.shape = OP_SHAPE(1, 0);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0));
}

TEST(bucketize_refuses)
{
    float boundaries[] = {0, 2, 1};
    const struct clary_bucketize_params p = {boundaries, 3};
    struct op_check c = {.kind = "bucketize",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1), floats}}};

    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (bucketize): boundary 2, 1, is not in ascending "
               "order");
    boundaries[0] = NAN;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (bucketize): boundary 0, nan, is not in ascending "
               "order");
    c.in[0].value.dtype = CLARY_DTYPE_BOOL;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (bucketize): input 0 has elements of type bool; "
               "float32, float64, int32, int64 are known here");
}

/* --- bincount ------------------------------------------------------------- */

TEST(bincount_counts)
{
    const int64_t x[] = {0, 1, 1, 9, 3, 3, 3, 4};
    const struct clary_bincount_params p = {.size = 4, .dtype = F32};
    struct op_check c = {
        .kind = "bincount",
        .params = &p,
        .rows = 2,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(I64, 1, 4), x}, {OP_WHOLE(F32, 0), NULL}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), float, 1, 2, 0, 0, 0, 0, 0, 3);
    c.in[0].value.shape = OP_SHAPE(2, 2); /* (rows * 2, 2) */
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 4), float, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2,
              0, 0, 0, 1);
    c.in[0].value.shape = OP_SHAPE(1, 0);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), float, 0, 0, 0, 0, 0, 0, 0, 0);
}

TEST(bincount_binary_and_weights)
{
    const int32_t x[] = {0, 1, 1, 9, 3, 3, 3, 4};
    const float weights[] = {0.5f, 1, 2, 3, 4, 5, 6, 7};
    const int64_t longs[] = {1, INT64_MAX, 1, 3, 4, 5, 6, 7};
    struct clary_bincount_params p = {.size = 4, .dtype = F32};
    struct op_check c = {
        .kind = "bincount",
        .params = &p,
        .rows = 2,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(I32, 1, 4), x}, {OP_PER_ROW(F32, 1, 4), weights}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), float, 0.5f, 3, 0, 0, 0, 0, 0, 15);
    p.binary = true; /* the weights are of no account */
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), float, 1, 1, 0, 0, 0, 0, 0, 1);
    p.dtype = CLARY_DTYPE_F64;
    c.in[1] = (struct op_check_input){OP_WHOLE(CLARY_DTYPE_F64, 0), NULL};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), double, 1, 1, 0, 0, 0, 0, 0, 1);
    p = (struct clary_bincount_params){.size = 4, .dtype = I32};
    c.in[1] = (struct op_check_input){OP_WHOLE(I32, 2, 0), NULL};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), int32_t, 1, 2, 0, 0, 0, 0, 0, 3);
    p.dtype = I64;
    c.in[1] = (struct op_check_input){OP_PER_ROW(I64, 1, 4), longs};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4), int64_t, 1, INT64_MIN, 0, 0, 0, 0, 0, 15);
    p.size = 0;
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0));
}

TEST(bincount_whole)
{
    const int32_t x[] = {0, 1, 1, 0};
    const struct clary_bincount_params p = {.size = 2, .dtype = I32};
    struct op_check c = {
        .kind = "bincount",
        .params = &p,
        .n_inputs = 2,
        .in = {{OP_WHOLE(I32, 1, 4), x}, {OP_WHOLE(I32, 1, 4), x}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(1, 2), int32_t, 0, 2);
}

TEST(bincount_refuses)
{
    const int32_t x[] = {0, -3};
    struct clary_bincount_params p = {.size = 2, .dtype = F32};
    struct op_check c = {
        .kind = "bincount",
        .params = &p,
        .rows = 2,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(I32, 1, 1), x}, {OP_WHOLE(F32, 0), NULL}}};

    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (bincount): value -3 is negative");
    p.size = 0;
    OP_REFUSED(&c, CLARY_BAD_INPUT,
               "op \"node\" (bincount): value -3 is negative");
    p.size = -1;
    OP_REFUSED(&c, CLARY_BAD_MODEL, "op \"node\" (bincount): it has -1 bins");
    p.size = 2;
    c.in[1].value.shape = OP_SHAPE(1, 1);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (bincount): weights of shape (1, 1) for values of "
               "shape (1, 1), and not for each row of a request");
    c.in[1].value = (struct clary_value){F32, true, OP_SHAPE(1, 2), NULL};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (bincount): weights of shape (1, 2) for values of "
               "shape (1, 1)");
    p.dtype = I64;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (bincount): weights are float32 and the output "
               "int64");
    c.in[0].value.shape = OP_SHAPE(1);
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (bincount): it counts in values of rank 1; only "
               "(rows, n) is known here");
    c.in[1].value.dtype = CLARY_DTYPE_BOOL;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (bincount): input 1 has elements of type bool; "
               "float32, float64, int32, int64 are known here");
}

TEST(describe)
{
    const float boundaries[] = {1, 2};
    const struct clary_one_hot_params one_hot = {.axis = 1, .depth = 5};
    const struct clary_bucketize_params bucketize = {boundaries, 2};
    const struct clary_bincount_params bincount = {.size = 3, .binary = true};
    struct clary_op op = {.kind = clary_op_kind_named("one_hot"),
                          .params = &one_hot};
    char text[64];

    op.kind->describe(&op, text, sizeof text);
    CHECK_STR(text, "axis 1, depth 5");
    op = (struct clary_op){.kind = clary_op_kind_named("bucketize"),
                           .params = &bucketize};
    op.kind->describe(&op, text, sizeof text);
    CHECK_STR(text, "2 boundaries");
    op = (struct clary_op){.kind = clary_op_kind_named("bincount"),
                           .params = &bincount};
    op.kind->describe(&op, text, sizeof text);
    CHECK_STR(text, "3 bins, 0 or 1");
}
