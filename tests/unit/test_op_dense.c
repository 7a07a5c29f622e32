/* test_op_dense.c: dense, on our kernels and on gemm, and matmul.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/gemm.h"
#include "program/op_dense.h"
#include "tests/unit/op_check.h"

#define F32 CLARY_DTYPE_F32
#define F64 CLARY_DTYPE_F64

static const float w[] = {1, 2, 3, 4, 5, 6}; /* (2, 3) */
static const float bias[] = {100, 200, 300};
static const float x[] = {1, 2, -50, -1, 0, 0, 3, 4};

static struct clary_arena arena;

/* Parameters in `arena`, which each test frees. */
static const struct clary_dense_params *params_of(
    const struct clary_dense_spec *spec)
{
    struct clary_dense_params *params = NULL;
    struct clary_error err;

    clary_arena_init(&arena, 1 << 24);
    CHECK_STATUS(clary_dense_params_new(&arena, spec, &params, &err), CLARY_OK);
    return params;
}

static struct op_check check_of(const struct clary_dense_params *params)
{
    return (struct op_check){.kind = "dense",
                             .params = params,
                             .scratch_bytes = params->scratch_bytes,
                             .rows = 2,
                             .n_inputs = 1,
                             .in = {{OP_PER_ROW(F32, 1, 2), x}}};
}

TEST(dense_by_hand)
{
    struct clary_dense_spec spec = {
        .w = w, .bias = bias, .k = 2, .n = 3, .floor = -INFINITY};
    struct op_check c = check_of(params_of(&spec));

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 109, 212, 315, 46, 95, 144);
    clary_arena_deinit(&arena);
    spec.bias = NULL;
    spec.floor = 0;
    c = check_of(params_of(&spec));
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 9, 12, 15, 0, 0, 0);
    clary_arena_deinit(&arena);
}

TEST(dense_over_leading_dimensions)
{
    struct clary_dense_spec spec = {
        .w = w, .bias = bias, .k = 2, .n = 3, .floor = 0};
    struct op_check c = check_of(params_of(&spec));

    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 2, 2), x};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 2, 3), float, 109, 212, 315, 46, 95, 144, 100,
              200, 300, 119, 226, 333);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 2, 2), x};
    OP_OUTPUT(&c, 0, OP_SHAPE(4, 3), float, 109, 212, 315, 46, 95, 144, 100,
              200, 300, 119, 226, 333);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 0, 2), x};
    OP_EMPTY(&c, 0, OP_SHAPE(2, 0, 3));
    clary_arena_deinit(&arena);
}

TEST(dense_without_inputs)
{
    const struct clary_dense_spec spec = {
        .w = w, .bias = bias, .k = 0, .n = 3, .floor = 150};
    struct op_check c = check_of(params_of(&spec));

    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 0), x};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 150, 200, 300, 150, 200, 300);
    clary_arena_deinit(&arena);
}

TEST(dense_with_activation)
{
    const struct clary_alpha_params alpha = {0.5};
    const struct clary_op leaky = {.kind = clary_op_kind_named("leaky_relu"),
                                   .name = "leaky",
                                   .params = &alpha};
    const struct clary_dense_spec spec = {
        .w = w, .k = 2, .n = 3, .floor = -INFINITY, .activation = &leaky};
    struct op_check c = check_of(params_of(&spec));

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 9, 12, 15, -27, -52.5f, -78);
    clary_arena_deinit(&arena);
}

/* Small integers: every order of summing is exact, so gemm must agree with the
 * kernel to the bit, in whole tiles and in the padded one. */
TEST(gemm_agrees_on_integers)
{
    enum { K = 70, N = 67, ROWS = 2 * CLARY_GEMM_ROWS + 5 };
    static float weights[K * N], in[ROWS * K], expected[ROWS * N];
    const struct clary_dense_spec spec = {
        .w = weights, .bias = weights, .k = K, .n = N, .floor = -3};
    struct clary_dense_params gemm = {.spec = spec, .use_gemm = true};
    struct clary_dense packed;
    struct clary_error err;
    struct op_check c;

    clary_arena_init(&arena, 1 << 20);
    gemm.scratch_bytes = CLARY_GEMM_ROWS * (K + N) * sizeof(float);
    for (size_t i = 0; i < K * N; i++)
        weights[i] = (float)((int)(i * 7 % 23) - 11);
    for (size_t i = 0; i < ROWS * K; i++)
        in[i] = (float)((int)(i * 5 % 19) - 9);
    in[3] = NAN;
    CHECK_STATUS(clary_gemm_init(1, &err), CLARY_OK);
    CHECK_STATUS(
        clary_dense_pack(&arena, weights, weights, K, N, -3, &packed, &err),
        CLARY_OK);
    clary_kernels()->dense(&packed, in, ROWS, expected);
    CHECK(isnan(expected[0]) && expected[N] >= -3);
    c = check_of(&gemm);
    c.rows = ROWS;
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, K), in};
    op_check_output(TEST_AT, &c, 0, OP_SHAPE(ROWS, N), expected,
                    sizeof expected, 0);
    clary_arena_deinit(&arena);
}

enum { WIDE_K = 130, WIDE_N = 70, WIDE_ROWS = 45 };

/* Runs a dense op on rows of WIDE_K floats. */
static void run_wide(const struct clary_dense_params *params, float *in,
                     size_t rows, float *out)
{
    const struct clary_op op = {
        .kind = clary_op_kind_named("dense"), .name = "node", .params = params};
    const struct clary_tensor from = {F32, OP_SHAPE((int64_t)rows, WIDE_K), in};
    struct clary_tensor to = {F32, OP_SHAPE((int64_t)rows, WIDE_N), out};
    void *scratch = malloc(params->scratch_bytes);
    struct clary_error err;

    CHECK_STATUS(op.kind->run(&op, (const struct clary_tensor *[]){&from},
                              (struct clary_tensor *[]){&to}, scratch, &err),
                 CLARY_OK);
    free(scratch);
}

/* Wide layers give a row the same bytes alone and beside others, whichever
 * table is chosen and whether it goes to gemm or not. */
TEST(wide_rows_do_not_depend_on_others)
{
    static float weights[WIDE_K * WIDE_N], in[WIDE_ROWS * WIDE_K];
    static float together[WIDE_ROWS * WIDE_N], alone[WIDE_N];
    const struct clary_dense_spec spec = {
        .w = weights, .k = WIDE_K, .n = WIDE_N, .floor = -INFINITY};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct clary_error err;

    for (size_t i = 0; i < WIDE_K * WIDE_N; i++)
        weights[i] = sinf((float)i);
    for (size_t i = 0; i < WIDE_ROWS * WIDE_K; i++)
        in[i] = cosf((float)i);
    for (size_t t = 0; tables[t]; t++) {
        const struct clary_dense_params *params;
        bool is_same = true;

        setenv("CLARY_CPU", tables[t]->name, 1);
        CHECK_STATUS(clary_kernels_init(&err), CLARY_OK);
        params = params_of(&spec);
        run_wide(params, in, WIDE_ROWS, together);
        for (size_t r = 0; r < WIDE_ROWS; r++) {
            run_wide(params, in + r * WIDE_K, 1, alone);
            is_same = is_same &&
                      memcmp(alone, together + r * WIDE_N, sizeof alone) == 0;
        }
        CHECK(is_same);
        clary_arena_deinit(&arena);
    }
    unsetenv("CLARY_CPU");
}

static const char *description_of(const struct clary_dense_params *params)
{
    static char text[64];
    const struct clary_op op = {
        .kind = clary_op_kind_named("dense"), .name = "node", .params = params};

    op.kind->describe(&op, text, sizeof text);
    return text;
}

TEST(descriptions)
{
    const struct clary_op tanh_op = {.kind = clary_op_kind_named("tanh")};
    struct clary_dense_params params = {
        .spec = {.k = 8, .n = 64, .floor = -INFINITY}};

    CHECK_STR(description_of(&params), "8 -> 64");
    params.spec.floor = 0;
    CHECK_STR(description_of(&params), "8 -> 64, relu");
    params.spec.floor = -INFINITY;
    params.spec.activation = &tanh_op;
    params.use_gemm = true;
    CHECK_STR(description_of(&params), "8 -> 64, tanh, gemm");
}

TEST(what_can_be_fused)
{
    static const char *const can[] = {"relu6", "tanh", "leaky_relu", "sigmoid",
                                      "identity"};
    static const char *const cannot[] = {"is_nan", "logical_not", "add",
                                         "cast",   "matmul",      "dense"};

    for (size_t i = 0; i < sizeof can / sizeof can[0]; i++)
        CHECK(clary_dense_can_fuse(clary_op_kind_named(can[i])));
    for (size_t i = 0; i < sizeof cannot / sizeof cannot[0]; i++)
        CHECK(!clary_dense_can_fuse(clary_op_kind_named(cannot[i])));
}

TEST(dense_refuses)
{
    const struct clary_dense_spec spec = {.w = w, .k = 2, .n = 3};
    struct op_check c = check_of(params_of(&spec));

    c.in[0].value.shape = OP_SHAPE(1, 3);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (dense): the product of a tensor of shape (1, 3) "
               "and weights of shape (2, 3)");
    c.in[0].value.shape = OP_SHAPE(2);
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (dense): the product of a tensor of shape (2) and "
               "weights of shape (2, 3)");
    c.in[0].value.dtype = F64;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (dense): input 0 has elements of type float64; "
               "float32 are known here");
    clary_arena_deinit(&arena);
}

TEST(dense_without_memory)
{
    const struct clary_dense_spec spec = {.w = w, .k = 2, .n = 3};
    struct clary_dense_params *params;
    struct clary_error err;
    size_t limit = 0;

    for (;; limit += 64) {
        enum clary_status status;

        clary_arena_init(&arena, limit);
        status = clary_dense_params_new(&arena, &spec, &params, &err);
        clary_arena_deinit(&arena);
        if (status == CLARY_OK)
            break;
        CHECK_STATUS(status, CLARY_NO_MEMORY);
    }
    CHECK(limit > 0);
}

/* --- matmul --------------------------------------------------------------- */

TEST(matmul_of_floats)
{
    struct op_check c = {
        .kind = "matmul",
        .rows = 2,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(F32, 1, 2), x}, {OP_WHOLE(F32, 2, 3), w}}};
    const float cancels[] = {1e8f, 1, -1e8f, 1}; /* (4, 1) */
    const float ones[] = {1, 1, 1, 1};

    OP_OUTPUT(&c, 0, OP_SHAPE(2, 3), float, 9, 12, 15, -54, -105, -156);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 1, 2), x};
    OP_OUTPUT(&c, 0, OP_SHAPE(2, 1, 3), float, 9, 12, 15, -54, -105, -156);
    c.in[0] = (struct op_check_input){OP_WHOLE(F32, 1, 2), x};
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 3), float, 9, 12, 15);
    /* in order: 1e8 + 1 is 1e8 in floats, - 1e8 is 0, + 1 is 1 */
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 4), ones};
    c.in[1] = (struct op_check_input){OP_WHOLE(F32, 4, 1), cancels};
    c.rows = 1;
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 1), float, 1);
    c.in[0] = (struct op_check_input){OP_PER_ROW(F32, 1, 0), ones};
    c.in[1] = (struct op_check_input){OP_WHOLE(F32, 0, 2), cancels};
    OP_OUTPUT(&c, 0, OP_SHAPE(1, 2), float, 0, 0);
}

/* 11 columns: one register block and 3 more. */
TEST(matmul_of_doubles)
{
    enum { K = 3, N = 11 };
    double weights[K * N], in[2 * K], expected[2 * N];
    struct op_check c = {
        .kind = "matmul",
        .rows = 2,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(F64, 1, K), in}, {OP_WHOLE(F64, K, N), weights}}};

    for (size_t i = 0; i < K * N; i++)
        weights[i] = 1.0 / (double)(i + 1);
    for (size_t i = 0; i < 2 * K; i++)
        in[i] = 1.0 / (double)(i + 3);
    for (size_t r = 0; r < 2; r++)
        for (size_t j = 0; j < N; j++)
            expected[r * N + j] = in[r * K] * weights[j] +
                                  in[r * K + 1] * weights[N + j] +
                                  in[r * K + 2] * weights[2 * N + j];
    op_check_output(TEST_AT, &c, 0, OP_SHAPE(2, N), expected, sizeof expected,
                    0);
}

TEST(matmul_refuses)
{
    struct op_check c = {
        .kind = "matmul",
        .rows = 1,
        .n_inputs = 2,
        .in = {{OP_PER_ROW(F32, 1, 3), x}, {OP_WHOLE(F32, 2, 3), w}}};

    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (matmul): the product of a tensor of shape (1, 3) "
               "and weights of shape (2, 3)");
    c.in[1].value.shape = OP_SHAPE(1, 2, 3);
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (matmul): weights of shape (1, 2, 3); 2 dimensions "
               "are known here");
    c.in[1] = (struct op_check_input){OP_PER_ROW(F32, 2, 3), w};
    OP_REFUSED(
        &c, CLARY_UNSUPPORTED,
        "op \"node\" (matmul): the second matrix comes from the request; "
        "only a constant is known here");
    c.in[1].value.dtype = F64;
    OP_REFUSED(&c, CLARY_BAD_MODEL,
               "op \"node\" (matmul): inputs of type float32 and float64; one "
               "type was expected");
    c.in[0].value.dtype = CLARY_DTYPE_I32;
    OP_REFUSED(&c, CLARY_UNSUPPORTED,
               "op \"node\" (matmul): input 0 has elements of type int32; "
               "float32, float64 are known here");
}
