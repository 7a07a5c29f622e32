/* test_program.c: building, folding and running programs. What single ops
 * compute is in their own tests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/program_build.h"

/* --- folding */

TEST(constants_are_folded)
{
    struct clary_tensor tensor;
    uint32_t sum, product;
    begin();
    sum = ADD2("add", FLOATS(SHAPE(2), 1, 2), FLOATS(SHAPE(2, 1), 10, 20));
    product = ADD2("mul", sum, FLOATS(SCALAR, -1));
    if (CHECK(clary_program_is_constant(program, product, &tensor))) {
        CHECK_INT(tensor.dtype, CLARY_DTYPE_F32);
        CHECK(clary_shape_equal(&tensor.shape, &SHAPE(2, 2)));
        CHECK(memcmp(tensor.data, (const float[]){-11, -12, -21, -22}, 16) ==
              0);
    }
    CHECK_INT(clary_program_n_ops(program), 0);
    /* what an op refuses is refused when it is folded too */
    CHECK_STATUS(try_add("add", NULL,
                         (const uint32_t[]){sum, FLOATS(SHAPE(3), 1, 2, 3)}, 2,
                         &sum),
                 CLARY_BAD_MODEL);
    CHECK_STATUS(try_add("floor_div", NULL,
                         (const uint32_t[]){INTEGERS(SHAPE(2), 1, 2),
                                            INTEGERS(SHAPE(1), 0)},
                         2, &sum),
                 CLARY_BAD_MODEL);
    CHECK_INT(err.status, CLARY_BAD_MODEL);
    CHECK(strstr(err.message, "op \"floor_div\" (floor_div): ") != NULL);
    CHECK_STATUS(try_add("no such op", NULL, &product, 1, &sum),
                 CLARY_INTERNAL);
    CHECK_STATUS(try_add("add", NULL, &product, 1, &sum), CLARY_BAD_MODEL);
    end();
}

/* The affine form of a value as "1+0r,0+2r", "-" when it has none. */
static const char *affine(uint32_t value)
{
    static char text[200];
    int64_t constants[CLARY_MAX_RANK], per_row[CLARY_MAX_RANK];
    size_t n, len = 0;
    if (!clary_program_affine(program, value, constants, per_row, &n))
        return "-";
    *text = '\0';
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%lld%+lldr",
                                i == 0 ? "" : ",", (long long)constants[i],
                                (long long)per_row[i]);
    return text;
}

static uint32_t shape_of(uint32_t value, enum clary_dtype dtype)
{
    uint32_t shape = 0;
    CHECK_STATUS(clary_program_shape_of(program, value, dtype, &shape, &err),
                 CLARY_OK);
    return shape;
}

TEST(values_of_the_number_of_rows)
{
    struct clary_slice_params first = {{0}, {1}, {1}}, last = {{1}, {1}, {1}};
    struct clary_tensor tensor;
    uint32_t x, shape, n_rows, out;
    begin();
    x = input("x", SHAPE(4));
    shape = shape_of(x, CLARY_DTYPE_I32);
    n_rows = ADD1("slice", &first, shape);
    CHECK_STR(affine(x), "-");
    CHECK_STR(affine(shape), "0+1r,4+0r");
    CHECK_STR(affine(shape_of(x, CLARY_DTYPE_I64)), "0+1r,4+0r");
    CHECK_STR(affine(ADD2("mul", shape, INTEGERS(SCALAR, 3))), "0+3r,12+0r");
    CHECK_STR(affine(ADD2("sub", INTEGERS(SCALAR, 7), n_rows)), "7-1r");
    CHECK_STR(affine(ADD2("sub", n_rows, n_rows)), "0+0r");
    CHECK_STR(affine(ADD2("mul", n_rows, n_rows)), "-"); /* squared */
    CHECK_STR(affine(ADD2("floor_div", n_rows, INTEGERS(SCALAR, 2))), "-");
    CHECK_STR(affine(FLOATS(SHAPE(1), 1)), "-");      /* not an integer */
    CHECK_STR(affine(INTEGERS(SHAPE(1, 1), 1)), "-"); /* nor a vector */
    CHECK_STR(affine(INTEGERS(SHAPE(9), 1, 2, 3, 4, 5, 6, 7, 8, 9)), "-");
    CHECK_STR(
        affine(constant(CLARY_DTYPE_I64, SCALAR, &(const int64_t){INT64_MAX})),
        "-");
    /* the same at every number of rows: a constant */
    CHECK(!clary_program_is_constant(program, n_rows, &tensor));
    CHECK(clary_program_is_constant(program, ADD1("slice", &last, shape),
                                    &tensor));
    CHECK(clary_program_is_constant(program, ADD2("sub", n_rows, n_rows),
                                    &tensor));
    CHECK(!clary_program_is_constant(program, x, &tensor));

    CHECK_STATUS(
        clary_program_shape_of(program, x, CLARY_DTYPE_F32, &out, &err),
        CLARY_BAD_MODEL);
    /* a row must not see how many there are */
    n_rows = ADD1("cast", &(struct clary_cast_params){CLARY_DTYPE_F32}, n_rows);
    CHECK_STATUS(try_add("mul", NULL, (const uint32_t[]){x, n_rows}, 2, &out),
                 CLARY_UNSUPPORTED);
    CHECK(strstr(err.message, "would depend on how many rows") != NULL);
    CHECK_STATUS(clary_program_output(program, "y", n_rows, &err),
                 CLARY_UNSUPPORTED);
    end();
}

TEST(folding_has_a_limit)
{
    struct clary_program *first;
    uint32_t big, out;
    begin();
    first = program;
    big = constant(CLARY_DTYPE_F32, SHAPE(1100, 1100),
                   clary_arena_calloc(&arena, 1100 * 1100, sizeof(float)));
    CHECK_STATUS(try_add("matmul", NULL, (const uint32_t[]){big, big}, 2, &out),
                 CLARY_UNSUPPORTED);
    CHECK(strstr(err.message, "would take too long") != NULL);
    /* a second attempt at the same model does not begin anew */
    program = clary_program_new(&arena, &err);
    ADD2("add", FLOATS(SCALAR, 1), FLOATS(SCALAR, 2));
    clary_program_resume(program, first);
    CHECK_STATUS(
        try_add("add", NULL,
                (const uint32_t[]){FLOATS(SCALAR, 1), FLOATS(SCALAR, 2)}, 2,
                &out),
        CLARY_UNSUPPORTED);
    end();
}

/* --- outputs */

TEST(outputs_that_are_refused)
{
    struct clary_reshape_params flat = {true, SHAPE(2)};
    uint32_t x;
    begin();
    CHECK_STATUS(clary_program_finish(program, &err), CLARY_BAD_MODEL);
    CHECK_STR(err.message, "the model has no output");
    x = input("x", SHAPE(2));
    CHECK_STATUS(clary_program_output(program, "c", FLOATS(SHAPE(1), 1), &err),
                 CLARY_UNSUPPORTED);
    CHECK_STR(err.message, "output \"c\" does not depend on the input");
    CHECK_STATUS(
        clary_program_output(program, "s", shape_of(x, CLARY_DTYPE_I32), &err),
        CLARY_UNSUPPORTED);
    CHECK_STATUS(
        clary_program_output(program, "flat", ADD1("reshape", &flat, x), &err),
        CLARY_UNSUPPORTED);
    CHECK_STR(err.message, "output \"flat\" does not have one element along "
                           "its first dimension for each row of the input");
    CHECK_STATUS(clary_program_input(program, "wide", CLARY_DTYPE_F32,
                                     &SHAPE(1, 1, 1, 1, 1, 1, 1, 1), &x, &err),
                 CLARY_UNSUPPORTED);
    end();
}

TEST(outputs_of_every_kind)
{
    const struct clary_field *inputs, *outputs;
    struct clary_reshape_params matrix = {true, SHAPE(1, 2, 1)};
    struct clary_reshape_params number = {true, SHAPE(1)};
    size_t n_inputs, n_outputs;
    uint32_t x, z;
    begin();
    x = input("x", SHAPE(2));
    z = input("z", SCALAR);
    output("twice", x); /* an input, and one value as two outputs */
    output("again", x);
    output("matrix", ADD1("reshape", &matrix, x));
    output("number", ADD1("reshape", &number, z));
    finish();
    clary_program_fields(program, &inputs, &n_inputs, &outputs, &n_outputs);
    CHECK_INT(n_inputs, 2);
    CHECK_INT(n_outputs, 4);
    CHECK_INT(inputs[1].shape.rank, 0);
    CHECK_INT(inputs[1].width, 1);
    CHECK_STR(outputs[2].name, "matrix");
    CHECK(clary_shape_equal(&outputs[2].shape, &SHAPE(2, 1)));
    CHECK_INT(outputs[2].width, 2);
    CHECK_INT(outputs[3].shape.rank, 0);
    RUN(rows, 2, 1, 2, -1, 0.5F);
    end();
}

/* --- errors on data */

TEST(an_op_that_refuses_data_is_named)
{
    struct clary_axis_params params = {.axis = 0};
    struct clary_arena scratch;
    struct clary_execution *e;
    uint32_t x, out;
    begin();
    x = ADD1("cast", &(struct clary_cast_params){CLARY_DTYPE_I32},
             input("x", SCALAR));
    CHECK_STATUS(try_add("gather", &params,
                         (const uint32_t[]){FLOATS(SHAPE(2), 10, 20), x}, 2,
                         &out),
                 CLARY_OK);
    output("y", out);
    finish();
    clary_arena_init(&scratch, (size_t)1 << 24);
    e = clary_execution_new(&scratch, program);
    if (CHECK(e != NULL)) {
        float *to = clary_execution_input(e, 0);
        memcpy(to, (const float[]){1, 0, 2}, 12);
        CHECK_STATUS(clary_execution_run(e, 2, &err), CLARY_OK);
        CHECK_NEAR(*(const float *)clary_execution_output(e, 0), 20, 0);
        CHECK_STATUS(clary_execution_run(e, 3, &err), CLARY_BAD_INPUT);
        CHECK_STR(err.message,
                  "op \"gather\" (gather): index 2 is outside 0 .. 1");
        CHECK_STATUS(clary_execution_run(e, 1, &err), CLARY_OK);
    }
    clary_arena_deinit(&scratch);
    end();
}

/* --- one execution, one number of rows after another */

/* What row r's column c of input `x` is, and the only column of input `by`. */
static float x_at(size_t r, size_t c)
{
    return (float)(10 * r + c);
}

static float by_at(size_t r)
{
    return (float)(r + 1);
}

/* less (rows, 3) = x - (100, 200, 300), times (rows, 3) = less * by,
 * stretched (rows, 3, 2) = times - (1, 2). */
static void check_rows(struct clary_execution *e, size_t n_rows)
{
    float *x = clary_execution_input(e, 0), *by = clary_execution_input(e, 1);

    for (size_t r = 0; r < n_rows; r++) {
        by[r] = by_at(r);
        for (size_t c = 0; c < 3; c++)
            x[r * 3 + c] = x_at(r, c);
    }
    CHECK_STATUS(clary_execution_run(e, n_rows, &err), CLARY_OK);
    for (size_t i = 0; i < n_rows * 6; i++) {
        const size_t place = i / 2, r = place / 3, c = place % 3;
        const float less = x_at(r, c) - 100 * (float)(c + 1);
        const float times = less * by_at(r);

        CHECK_NEAR(((const float *)clary_execution_output(e, 0))[place], less,
                   0);
        CHECK_NEAR(((const float *)clary_execution_output(e, 1))[place], times,
                   0);
        CHECK_NEAR(((const float *)clary_execution_output(e, 2))[i],
                   times - (float)(i % 2 + 1), 0);
    }
}

TEST(shapes_follow_the_number_of_rows)
{
    static const size_t counts[] = {1, 7, 1, 96, 2, 1, 7};
    struct clary_reshape_params params = {true, SHAPE(1, 3, 1)};
    struct clary_arena scratch;
    struct clary_execution *e;
    uint32_t x, by, less, times;

    begin();
    x = input("x", SHAPE(3));
    by = input("by", SHAPE(1));
    less = ADD2("sub", x, FLOATS(SHAPE(3), 100, 200, 300));
    times = ADD2("mul", less, by);
    output("less", less);
    output("times", times);
    output("stretched", ADD2("sub", ADD1("reshape", &params, times),
                             FLOATS(SHAPE(2), 1, 2)));
    finish();
    clary_arena_init(&scratch, (size_t)1 << 24);
    e = clary_execution_new(&scratch, program);
    for (size_t i = 0; CHECK(e != NULL) && i < N(counts); i++)
        check_rows(e, counts[i]);
    clary_arena_deinit(&scratch);
    end();
}
