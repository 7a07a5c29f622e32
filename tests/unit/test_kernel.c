/* test_kernel.c: every table that this machine runs against the scalar one,
 * bit by bit, and the scalar one against numbers worked out by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/cpu.h"
#include "kernel/kernel.h"
#include "tests/test.h"

#include <float.h>
#include <stdint.h>
#include <stdlib.h>

enum { MAX_K = 67, MAX_N = 67, MAX_ROWS = 101, GUARD = 16 };

static uint32_t random_state = 1;

static uint32_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* In [-1, 1), and one of `one_in` values an odd one; 0: none. */
static void fill(float *values, size_t count, uint32_t one_in)
{
    const float odd[] = {
        NAN,
        -NAN,
        float_of(0x7fc12345),
        float_of(0xffc54321),
        INFINITY,
        -INFINITY,
        0.0f,
        -0.0f,
        FLT_MAX,
        -FLT_MAX,
        FLT_MIN,
        float_of(1),
        float_of(0x80000001),
        1e-40f,
        -1e-40f,
        0x1p-149f,
    };

    for (size_t i = 0; i < count; i++) {
        values[i] = (float)(int32_t)random_bits() * 0x1p-31f;
        if (one_in > 0 && random_bits() % one_in == 0)
            values[i] = odd[random_bits() % (sizeof odd / sizeof odd[0])];
    }
}

/* Runs `table` on the first `rows` rows with x and y off by `offset` floats
 * and compares with `expected`; what lies behind y must stay. */
static bool agrees(const struct clary_kernels *table,
                   const struct clary_dense *dense, const float *x, size_t rows,
                   const float *expected, size_t offset)
{
    static float x_moved[GUARD + MAX_ROWS * MAX_K];
    static float y[GUARD + MAX_ROWS * MAX_N + GUARD];
    const size_t size = rows * dense->n;
    bool is_intact = true;

    memcpy(x_moved + offset, x, rows * dense->k * sizeof *x);
    for (size_t i = 0; i < sizeof y / sizeof *y; i++)
        y[i] = 12345.0f;
    table->dense(dense, x_moved + offset, rows, y + offset);
    for (size_t i = 0; i < GUARD; i++)
        is_intact = is_intact && y[offset + size + i] == 12345.0f &&
                    (i >= offset || y[i] == 12345.0f);
    return is_intact && memcmp(y + offset, expected, size * sizeof *y) == 0;
}

static void compare(size_t k, size_t n, uint32_t one_in, float floor)
{
    static float w[MAX_K * MAX_N], bias[MAX_N];
    static float x[MAX_ROWS * MAX_K], expected[MAX_ROWS * MAX_N];
    static const size_t counts[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,
                                    10, 11, 12, 13, 17, 23, 47, 48, 49,
                                    50, 53, 59, 67, 95, 96, 97, 101};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct clary_dense dense;
    struct clary_arena arena;
    struct clary_error err;

    clary_arena_init(&arena, 1 << 20);
    fill(w, k * n, one_in);
    fill(bias, n, one_in);
    fill(x, MAX_ROWS * k, one_in);
    CHECK_STATUS(clary_dense_pack(&arena, w, bias, k, n, floor, &dense, &err),
                 CLARY_OK);
    tables[0]->dense(&dense, x, MAX_ROWS, expected);
    for (size_t t = 1; tables[t]; t++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
            if (!CHECK(
                    agrees(tables[t], &dense, x, counts[c], expected, c % 9)))
                printf("  %s: k %zu, n %zu, rows %zu\n", tables[t]->name, k, n,
                       counts[c]);
    clary_arena_deinit(&arena);
}

static const size_t some_k[] = {0, 1, 2, 3, 5, 8, 16, 17, 31, 64, 67};

TEST(tables_agree_on_plain_numbers)
{
    for (size_t i = 0; i < sizeof some_k / sizeof some_k[0]; i++)
        for (size_t n = 0; n <= MAX_N; n++)
            compare(some_k[i], n, 0, -INFINITY);
}

TEST(tables_agree_on_odd_numbers)
{
    for (size_t i = 0; i < sizeof some_k / sizeof some_k[0]; i++)
        for (size_t n = 1; n <= MAX_N; n += 3) {
            compare(some_k[i], n, 4, 0.0f);
            compare(some_k[i], n, 100, -INFINITY);
            compare(some_k[i], n, 2, -0.5f);
        }
}

TEST(every_k)
{
    for (size_t k = 0; k <= MAX_K; k++) {
        compare(k, 1, 50, 0.0f);
        compare(k, 3, 50, 0.0f);
        compare(k, 25, 50, 0.0f);
    }
}

/* Wide layers: each order of summing would round another way. The kernels sum
 * them span by span, and n is the end of whole, half and other panels. */
static void compare_wide(size_t k, size_t n)
{
    enum { ROWS = 205 }; /* more than a block of any table */
    static const size_t counts[] = {1, 2, 3, 5, 6, 7, 11, 48, 97, 103, ROWS};
    float *w = malloc(k * n * sizeof *w), *x = malloc(ROWS * k * sizeof *x);
    float *y[2] = {malloc(ROWS * n * sizeof *x), malloc(ROWS * n * sizeof *x)};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct clary_dense dense;
    struct clary_arena arena;
    struct clary_error err;

    clary_arena_init(&arena, 1 << 24);
    if (!CHECK(w && x && y[0] && y[1]))
        return;
    fill(w, k * n, 0);
    fill(x, ROWS * k, 0);
    CHECK_STATUS(clary_dense_pack(&arena, w, w, k, n, -1, &dense, &err),
                 CLARY_OK);
    tables[0]->dense(&dense, x, ROWS, y[0]);
    for (size_t t = 0; tables[t]; t++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
            memset(y[1], 0xaa, ROWS * n * sizeof *x);
            tables[t]->dense(&dense, x, counts[c], y[1]);
            CHECK(memcmp(y[0], y[1], counts[c] * n * sizeof *x) == 0);
        }
    clary_arena_deinit(&arena);
    free(w);
    free(x);
    free(y[0]);
    free(y[1]);
}

TEST(wide_layers)
{
    compare_wide(257, 16);
    compare_wide(512, 43);
    compare_wide(513, 31);
    compare_wide(1024, 48);
    compare_wide(1300, 53);
}

/* Of few rows several panels go together, up to eight of them. */
TEST(many_columns)
{
    for (size_t n = 79; n < 300; n += 17)
        compare_wide(33, n);
    compare_wide(8, 128);
    compare_wide(300, 256);
}

/* y = (1 2) w + (100 200 300), w = (1 2 3; 4 5 6) */
TEST(by_hand)
{
    const float w[] = {1, 2, 3, 4, 5, 6}, bias[] = {100, 200, 300};
    const float x[] = {1, 2, -50, -1};
    const float expected[] = {109, 212, 315, 46, 95, 144};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct clary_dense dense;
    struct clary_arena arena;
    struct clary_error err;
    float y[6];

    clary_arena_init(&arena, 1 << 16);
    CHECK_STATUS(
        clary_dense_pack(&arena, w, bias, 2, 3, -INFINITY, &dense, &err),
        CLARY_OK);
    for (size_t t = 0; tables[t]; t++) {
        tables[t]->dense(&dense, x, 2, y);
        CHECK(memcmp(y, expected, sizeof y) == 0);
    }
    clary_arena_deinit(&arena);
}

/* In floats 1e8 + 1 is 1e8, so the order of a sum shows. */
static void check_order(size_t k, size_t n, const float *w, float bias,
                        float expected)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct clary_dense dense;
    struct clary_arena arena;
    struct clary_error err;
    float x[16], y[8], columns[16 * 8], biases[8];

    clary_arena_init(&arena, 1 << 16);
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            columns[i * n + j] = w[i];
    for (size_t j = 0; j < n; j++)
        biases[j] = bias;
    for (size_t i = 0; i < k; i++)
        x[i] = 1;
    CHECK_STATUS(clary_dense_pack(&arena, columns, biases, k, n, -INFINITY,
                                  &dense, &err),
                 CLARY_OK);
    for (size_t t = 0; tables[t]; t++) {
        tables[t]->dense(&dense, x, 1, y);
        for (size_t j = 0; j < n; j++)
            CHECK(y[j] == expected);
    }
    clary_arena_deinit(&arena);
}

TEST(more_than_four_columns_sum_in_order)
{
    check_order(2, 5, (const float[]){1, -1e8f}, 1e8f, 0);
    check_order(9, 8, (const float[]){1e8f, 1, 0, 0, 0, 0, 0, 0, -1e8f}, 0, 0);
}

TEST(four_columns_or_fewer_sum_in_eight_parts)
{
    const float parts[] = {1e8f, 1, 0, 0, 0, 0, 0, 0, -1e8f};
    const float tree[] = {1e8f, -1e8f, 1, 0, 1, 0, 0, 0};

    for (size_t n = 1; n <= 4; n++) {
        check_order(9, n, parts, 0, 1);
        check_order(8, n, tree, 0, 2);
        check_order(2, n, (const float[]){1, -1e8f}, 1e8f, 0);
    }
}

/* k = 0: y is max(bias, floor). */
TEST(floor_is_relu_of_tensorflow)
{
    const float bias[] = {-1,
                          -0.0f,
                          0.0f,
                          1,
                          NAN,
                          -INFINITY,
                          INFINITY,
                          float_of(0xffc00001),
                          float_of(0x80000001)};
    const uint32_t expected[] = {
        0, 0x80000000, 0, 0x3f800000, 0x7fc00000, 0, 0x7f800000, 0x7fc00000, 0};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct clary_dense dense;
    struct clary_arena arena;
    struct clary_error err;
    float y[9];

    clary_arena_init(&arena, 1 << 16);
    CHECK_STATUS(clary_dense_pack(&arena, bias, bias, 0, 9, 0, &dense, &err),
                 CLARY_OK);
    for (size_t t = 0; tables[t]; t++) {
        tables[t]->dense(&dense, bias, 1, y);
        for (size_t j = 0; j < 9; j++)
            CHECK_INT(bits_of(y[j]), expected[j]);
    }
    clary_arena_deinit(&arena);
}

TEST(pack_pads_with_zeros)
{
    const float w[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    struct clary_dense panels, columns;
    struct clary_arena arena;
    struct clary_error err;

    clary_arena_init(&arena, 1 << 16);
    CHECK_STATUS(clary_dense_pack(&arena, w, w, 2, 5, 0, &panels, &err),
                 CLARY_OK);
    CHECK_STATUS(clary_dense_pack(&arena, w, w, 5, 2, 0, &columns, &err),
                 CLARY_OK);
    for (size_t j = 0; j < CLARY_PANEL; j++) {
        CHECK(panels.panels[j] == (j < 5 ? w[j] : 0));
        CHECK(panels.panels[CLARY_PANEL + j] == (j < 5 ? w[5 + j] : 0));
        CHECK(panels.bias[j] == (j < 5 ? w[j] : 0));
        CHECK(columns.bias[j] == (j < 2 ? w[j] : 0));
    }
    for (size_t i = 0; i < CLARY_DOT_PARTS; i++) {
        CHECK(columns.panels[i] == (i < 5 ? w[2 * i] : 0));
        CHECK(columns.panels[CLARY_DOT_PARTS + i] ==
              (i < 5 ? w[2 * i + 1] : 0));
    }
    CHECK_INT((uintptr_t)panels.panels % 64, 0);
    CHECK_INT((uintptr_t)panels.bias % 64, 0);
    clary_arena_deinit(&arena);
}

TEST(pack_without_memory)
{
    const float w[64 * 64] = {0};
    struct clary_dense dense;
    struct clary_arena arena;
    struct clary_error err;

    for (size_t limit = 0; limit < 16384; limit += 1024) {
        clary_arena_init(&arena, limit);
        CHECK_STATUS(clary_dense_pack(&arena, w, w, 64, 64, 0, &dense, &err),
                     CLARY_NO_MEMORY);
        clary_arena_deinit(&arena);
    }
    clary_arena_init(&arena, SIZE_MAX);
    CHECK_STATUS(
        clary_dense_pack(&arena, w, w, SIZE_MAX / 8, 16, 0, &dense, &err),
        CLARY_NO_MEMORY);
    CHECK_STATUS(
        clary_dense_pack(&arena, w, w, 1, SIZE_MAX - 3, 0, &dense, &err),
        CLARY_NO_MEMORY);
    clary_arena_deinit(&arena);
}

TEST(choice)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct clary_error err;
    size_t last = 0;

    while (tables[last + 1])
        last++;
    /* a machine that is there for one table names it (tests/avx512/init.c) */
    CHECK_STATUS(clary_kernels_init(&err), CLARY_OK);
    CHECK_STR(tables[0]->name, "scalar");
    if (clary_cpu_has_avx2())
        CHECK_STR(tables[last]->name,
                  clary_cpu_has_avx512() && clary_cpu_keeps_its_clock()
                      ? "avx512"
                      : "avx2");
    CHECK_INT(last, clary_cpu_has_avx512() ? 2 : last > 0);
    unsetenv("CLARY_CPU");
    CHECK_STATUS(clary_kernels_init(&err), CLARY_OK);
    CHECK(clary_kernels() == tables[last]);
    setenv("CLARY_CPU", "scalar", 1);
    CHECK_STATUS(clary_kernels_init(&err), CLARY_OK);
    CHECK(clary_kernels() == tables[0]);
    setenv("CLARY_CPU", "", 1);
    CHECK_STATUS(clary_kernels_init(&err), CLARY_OK);
    CHECK(clary_kernels() == tables[last]);
    setenv("CLARY_CPU", "avx9", 1);
    CHECK_STATUS(clary_kernels_init(&err), CLARY_UNSUPPORTED);
    CHECK(strstr(err.message, "\"avx9\"; this machine runs: scalar") != NULL);
    CHECK(clary_kernels() == tables[last]);
}
