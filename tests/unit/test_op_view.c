/* test_op_view.c: transpose, slice, tile and broadcast against numpy.
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

/* --- transpose ------------------------------------------------------------ */

TEST(transpose_per_row)
{
    struct clary_transpose_params p = {{0, 2, 1}};
    struct op_check c = {.kind = "transpose",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3, 4), floats}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4, 3), float, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7,
              11, 12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23);
    p = (struct clary_transpose_params){{0, 2, 1, 3}}; /* runs of two */
    c.in[0].value.shape = OP_SHAPE(1, 2, 3, 2);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2, 2), float, 0, 1, 6, 7, 2, 3, 8, 9, 4, 5,
              10, 11, 12, 13, 18, 19, 14, 15, 20, 21, 16, 17, 22, 23);
    p = (struct clary_transpose_params){{0, 3, 1, 2}};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 2, 3), float, 0, 2, 4, 6, 8, 10, 1, 3, 5, 7,
              9, 11, 12, 14, 16, 18, 20, 22, 13, 15, 17, 19, 21, 23);
    p = (struct clary_transpose_params){{0, 1, 2, 3}};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 3, 2), float, COUNT_24);
    c.in[0].value.shape = OP_SHAPE(2, 2, 3, 1); /* (rows * 2, 2, 3, 1) */
    p = (struct clary_transpose_params){{0, 2, 3, 1}};
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 3, 1, 2), float, 0, 3, 1, 4, 2, 5, 6, 9, 7, 10,
              8, 11, 12, 15, 13, 16, 14, 17, 18, 21, 19, 22, 20, 23);
}

TEST(transpose_whole)
{
    struct clary_transpose_params p = {{3, 2, 1, 0}};
    struct op_check c = {
        .kind = "transpose",
        .params = &p,
        .n_inputs = 1,
        .in = {{OP_WHOLE(CLARY_DTYPE_I64, 2, 2, 3, 2), longs}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2, 2), int64_t, 0, 12, 6, 18, 2, 14, 8, 20,
              4, 16, 10, 22, 1, 13, 7, 19, 3, 15, 9, 21, 5, 17, 11, 23);
    p = (struct clary_transpose_params){{1, 2, 3, 0}};
    c.in[0] =
        (struct op_check_input){OP_WHOLE(CLARY_DTYPE_U8, 2, 2, 3, 2), bytes};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2, 2), uint8_t, 0, 12, 1, 13, 2, 14, 3, 15,
              4, 16, 5, 17, 6, 18, 7, 19, 8, 20, 9, 21, 10, 22, 11, 23);
    p = (struct clary_transpose_params){{0, 2, 1}}; /* in steps of 4 bytes */
    c.in[0].value.shape = OP_SHAPE(2, 3, 4);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 4, 3), uint8_t, 0, 4, 8, 1, 5, 9, 2, 6, 10, 3,
              7, 11, 12, 16, 20, 13, 17, 21, 14, 18, 22, 15, 19, 23);
    p = (struct clary_transpose_params){{1, 2, 3, 0}};
    c.in[0].value.shape = OP_SHAPE(2, 0, 3, 2);
    OP_EMPTY(&c, 0, OP_SHAPE(0, 3, 2, 2));
    c.in[0].value.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SCALAR, uint8_t, 0);
}

TEST(transpose_refuses)
{
    struct clary_transpose_params p = {{1, 0}};
    struct op_check c = {.kind = "transpose",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), floats}}};

    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (transpose): it moves axis 0, which counts the rows "
        "of a request, and so would mix rows");
    p = (struct clary_transpose_params){{0, 0}};
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (transpose): its axes are no permutation of 0 .. 1");
    p = (struct clary_transpose_params){{0, SIZE_MAX}};
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (transpose): its axes are no permutation of 0 .. 1");
}

/* --- slice ---------------------------------------------------------------- */

TEST(slice_per_row)
{
    /* [:, ::2, 1:3]; the size along axis 0 is of no account */
    struct clary_slice_params p = {{0, 0, 1}, {77, 2, 2}, {1, 2, 1}};
    struct op_check c = {.kind = "slice",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3, 4), floats}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 2), float, 1, 2, 9, 10, 13, 14, 21, 22);
    /* [:, ::-1, 3:0:-2] */
    p = (struct clary_slice_params){{0, 2, 3}, {1, 3, 2}, {1, -1, -2}};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2), float, 11, 9, 7, 5, 3, 1, 23, 21, 19,
              17, 15, 13);
    /* [:, 1:2, :]: one element, so that its stride may be anything */
    p = (struct clary_slice_params){{0, 1, 0}, {1, 1, 4}, {1, INT64_MIN, 1}};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 4), float, 4, 5, 6, 7, 16, 17, 18, 19);
    p = (struct clary_slice_params){{0, 0, 0}, {1, 3, 4}, {1, 1, 1}};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 4), float, COUNT_24);
    p = (struct clary_slice_params){{0, 9, 0}, {1, 0, 4}, {1, 1, 1}};
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0, 4));
    p = (struct clary_slice_params){{0, 1}, {1, 1}, {1, 1}};
    c.in[0].value.shape = OP_SHAPE(2, 3); /* (rows * 2, 3) */
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 1), float, 1, 4, 7, 10);
}

TEST(slice_whole)
{
    /* [1:, ::-1] */
    struct clary_slice_params p = {{1, 2, 0}, {1, 3, 4}, {1, -1, 1}};
    struct op_check c = {.kind = "slice",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(CLARY_DTYPE_U8, 2, 3, 4), bytes}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(1, 3, 4), uint8_t, 20, 21, 22, 23, 16, 17, 18, 19,
              12, 13, 14, 15);
    /* [::-1] */
    p = (struct clary_slice_params){{1, 0, 0}, {2, 3, 4}, {-1, 1, 1}};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 4), uint8_t, 12, 13, 14, 15, 16, 17, 18, 19,
              20, 21, 22, 23, COUNT_12);
    c.in[0] = (struct op_check_input){OP_WHOLE(CLARY_DTYPE_I64, 24), longs};
    p = (struct clary_slice_params){{22}, {3}, {-11}};
    OP_OUTPUT(&c, 0, OP_SHAPE(3), int64_t, 22, 11, 0);
    c.in[0].value.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SCALAR, int64_t, 0);
}

TEST(slice_refuses)
{
    struct clary_slice_params p = {{1, 0}, {1, 4}, {1, 1}};
    struct op_check c = {.kind = "slice",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 2, 4), floats}}};

    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (slice): it takes some rows of a request and leaves "
        "others; axis 0 must be taken whole");
    p = (struct clary_slice_params){{0, 0}, {1, 4}, {2, 1}};
    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (slice): it takes some rows of a request and leaves "
        "others; axis 0 must be taken whole");
    p = (struct clary_slice_params){{0, 1}, {1, 4}, {1, 1}};
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (slice): 4 elements from 1 on in steps of 1 are not "
        "inside axis 1 of 4 elements");
    p = (struct clary_slice_params){{0, 1}, {1, 3}, {1, -1}};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (slice): 3 elements from 1 on in steps of -1 are "
               "not inside axis 1 of 4 elements");
    p = (struct clary_slice_params){{0, -1}, {1, 1}, {1, 1}};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (slice): 1 elements from -1 on in steps of 1 are "
               "not inside axis 1 of 4 elements");
    p = (struct clary_slice_params){{0, 4}, {1, 1}, {1, 1}};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (slice): 1 elements from 4 on in steps of 1 are "
               "not inside axis 1 of 4 elements");
    p = (struct clary_slice_params){{0, 0}, {1, -2}, {1, 1}};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (slice): -2 elements from 0 on in steps of 1 are "
               "not inside axis 1 of 4 elements");
    p = (struct clary_slice_params){{0, 3}, {1, 3}, {1, INT64_MAX}};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (slice): 3 elements from 3 on in steps of "
               "9223372036854775807 are not inside axis 1 of 4 elements");
    p = (struct clary_slice_params){{0, 3}, {1, 2}, {1, INT64_MAX}};
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (slice): 2 elements from 3 on in steps of "
               "9223372036854775807 are not inside axis 1 of 4 elements");
}

/* --- tile ----------------------------------------------------------------- */

TEST(tile_per_row)
{
    struct clary_broadcast_params p = {.shape = OP_SHAPE(1, 2)};
    struct op_check c = {.kind = "tile",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), floats}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 6), float, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5);
    p.shape = OP_SHAPE(1, 2, 2);
    c.in[0].value.shape = OP_SHAPE(1, 3, 2);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 6, 4), float, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4,
              5, 0, 1, 0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7, 6, 7, 8, 9, 8, 9, 10,
              11, 10, 11, 6, 7, 6, 7, 8, 9, 8, 9, 10, 11, 10, 11);
    p.shape = OP_SHAPE(1, 1, 1);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2), float, COUNT_12);
    p.shape = OP_SHAPE(1, 0, 2);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0, 4));
}

TEST(tile_whole)
{
    struct clary_broadcast_params p = {.shape = OP_SHAPE(2, 2)};
    struct op_check c = {.kind = "tile",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(CLARY_DTYPE_BOOL, 2, 3), bytes}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(4, 6), uint8_t, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4,
              5, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5);
    p.shape = OP_SCALAR;
    c.in[0].value.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SCALAR, uint8_t, 0);
    /* every axis in two: the longest walk there is */
    p.shape = OP_SHAPE(1, 1, 1, 1, 1, 2, 2, 2);
    c.in[0] = (struct op_check_input){
        OP_WHOLE(CLARY_DTYPE_I64, 1, 1, 1, 1, 1, 1, 2, 2), longs};
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 1, 1, 1, 1, 2, 4, 4), int64_t, 0, 1, 0, 1, 2,
              3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0, 1, 2, 3, 2, 3, 0, 1, 0,
              1, 2, 3, 2, 3);
}

TEST(tile_of_eight_axes)
{
    struct clary_broadcast_params p = {.shape =
                                           OP_SHAPE(2, 2, 2, 2, 2, 2, 2, 2)};
    const struct clary_op op = {.kind = clary_op_kind_named("tile"),
                                .params = &p};
    static uint8_t in_data[256], out_data[65536];
    struct clary_tensor in = {CLARY_DTYPE_U8, p.shape, in_data};
    struct clary_tensor out = {CLARY_DTYPE_U8, OP_SHAPE(4, 4, 4, 4, 4, 4, 4, 4),
                               out_data};
    const struct clary_tensor *ins[] = {&in};
    struct clary_tensor *outs[] = {&out};
    struct clary_error err;
    size_t n_wrong = 0;

    for (size_t i = 0; i < 256; i++)
        in_data[i] = (uint8_t)i;
    CHECK_STATUS(op.kind->run(&op, ins, outs, NULL, &err), CLARY_OK);
    for (size_t i = 0; i < 65536; i++) {
        size_t expected = 0; /* bit 0 of each of the eight pairs */

        for (size_t a = 0; a < 8; a++)
            expected |= (i >> 2 * a & 1) << a;
        n_wrong += out_data[i] != expected;
    }
    CHECK_INT(n_wrong, 0);
}

TEST(tile_refuses)
{
    struct clary_broadcast_params p = {.shape = OP_SHAPE(2, 1)};
    struct op_check c = {.kind = "tile",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), floats}}};

    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (tile): 2 copies of the rows of a request would mix "
        "rows; axis 0 must stay");
    p.shape = OP_SHAPE(1, -1);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (tile): -1 copies along axis 1");
    p.shape = OP_SHAPE(1);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (tile): 1 multiples for the 2 axes of its input");
    p.shape = OP_SHAPE(1, INT64_MAX);
    OP_REFUSED(&c, CLARY_TOO_LARGE,
               "op \"node\" (tile): axis 1 has too many elements");
    p.shape = OP_SHAPE(1, INT64_MAX / 4);
    OP_REFUSED(&c, CLARY_TOO_LARGE,
               "op \"node\" (tile): an output of shape (1, "
               "6917529027641081853) has more elements than memory can hold");
}

/* --- broadcast ------------------------------------------------------------ */

TEST(broadcast_per_row)
{
    struct clary_broadcast_params p = {true, OP_SHAPE(1, 2, 3)};
    struct op_check c = {.kind = "broadcast",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 1, 3), floats}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 3), float, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4,
              5);
    c.in[0].value.shape = OP_SHAPE(1, 2, 1);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 3), float, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3,
              3);
    c.in[0].value.shape = OP_SHAPE(1, 2, 3);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 3), float, COUNT_12);
    p.shape = OP_SHAPE(1, 0, 3);
    c.in[0].value.shape = OP_SHAPE(1, 1, 3);
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0, 3));
    p.shape = OP_SHAPE(2, 2); /* (rows * 2, 2) */
    c.in[0].value.shape = OP_SHAPE(2, 1);
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 2), float, 0, 0, 1, 1, 2, 2, 3, 3);
}

TEST(broadcast_whole_to_whole)
{
    struct clary_broadcast_params p = {false, OP_SHAPE(2, 3, 2)};
    struct op_check c = {.kind = "broadcast",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_WHOLE(CLARY_DTYPE_I64, 3, 1), longs}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2), int64_t, 0, 0, 1, 1, 2, 2, 0, 0, 1, 1,
              2, 2);
    c.in[0].value.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3, 2), int64_t, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
              0, 0);
    p.shape = OP_SCALAR;
    OP_OUTPUT(&c, 0, OP_SCALAR, int64_t, 0);
    p.shape = OP_SHAPE(4, 3);
    c.in[0] = (struct op_check_input){OP_WHOLE(CLARY_DTYPE_U8, 4, 1), bytes};
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 3), uint8_t, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3,
              3);
}

TEST(broadcast_whole_to_per_row)
{
    struct clary_broadcast_params p = {true, OP_SHAPE(1, 3)};
    struct op_check c = {.kind = "broadcast",
                         .params = &p,
                         .rows = 2,
                         .n_inputs = 2,
                         .in = {{OP_WHOLE(F32, 3), floats},
                                {OP_PER_ROW(CLARY_DTYPE_I64, 1, 2), longs}}};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 0, 1, 2, 0, 1, 2);
    c.in[0].value.shape = OP_SHAPE(1, 1);
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 0, 0, 0, 0, 0, 0);
    c.in[0].value.shape = OP_SCALAR;
    p.shape = OP_SHAPE(2, 1);
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 1), float, 0, 0, 0, 0);
}

TEST(broadcast_refuses_to_mix_rows)
{
    struct clary_broadcast_params p = {false, OP_SHAPE(5, 3)};
    struct op_check c = {.kind = "broadcast",
                         .params = &p,
                         .n_inputs = 2,
                         .in = {{OP_PER_ROW(F32, 1, 3), floats},
                                {OP_PER_ROW(F32, 1, 2), floats}}};

    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (broadcast): the fixed shape (5, 3) would mix the "
               "rows of a request");
    p = (struct clary_broadcast_params){true, OP_SHAPE(4, 3)};
    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (broadcast): from (1, 3) to (4, 3) (for each row of "
        "a request) it would mix rows");
    p.shape = OP_SHAPE(1, 1, 3); /* rows along axis 1 */
    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (broadcast): from (1, 3) to (1, 1, 3) (for each row "
        "of a request) it would mix rows");
    c.in[0] = (struct op_check_input){OP_WHOLE(F32, 4, 3), floats};
    p.shape = OP_SHAPE(4, 3); /* fits one row, but not two */
    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (broadcast): from (4, 3) to (4, 3) (for each row of "
        "a request) it would mix rows");
}

TEST(broadcast_refuses)
{
    struct clary_broadcast_params p = {true, OP_SHAPE(1, 4)};
    struct op_check c = {.kind = "broadcast",
                         .params = &p,
                         .n_inputs = 1,
                         .in = {{OP_PER_ROW(F32, 1, 3), floats}}};

    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (broadcast): shape (1, 3) cannot be broadcast to "
               "(1, 4)");
    p.shape = OP_SHAPE(3);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (broadcast): shape (1, 3) cannot be broadcast to "
               "(3)");
    p.shape = OP_SHAPE(1, -3);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (broadcast): shape (1, 3) cannot be broadcast to "
               "(1, -3)");
    p.shape = OP_SCALAR;
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (broadcast): a scalar has no axis for the rows of a "
        "request");
    p.shape = OP_SHAPE(1, 3);
    c.in[0] = (struct op_check_input){OP_WHOLE(F32, 1, 3), floats};
    OP_REFUSED(
        &c, CLARY_BAD_MODEL,
        "op \"node\" (broadcast): none of its inputs has the rows of the "
        "request");
    c.n_inputs = 3;
    c.in[1] = c.in[2] = c.in[0];
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (broadcast): it has 3 inputs, and not 1 or 2");
}
