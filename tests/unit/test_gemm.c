/* test_gemm.c: products through OpenBLAS: right, the same in every place of a
 * tile, and right when eight threads call at once (Debian's serial OpenBLAS is
 * not; ThreadSanitizer cannot see it).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/gemm.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static uint32_t random_state = 1;

static void fill(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        random_state = random_state * 1664525u + 1013904223u;
        values[i] = (float)(int32_t)random_state * 0x1p-31f;
    }
}

/* A product with room for the largest of these tests. */
enum { MAX_K = 300, MAX_N = 260, MAX_ROWS = 101 };
static float x[MAX_ROWS * MAX_K], w[MAX_K * MAX_N], bias[MAX_N];
static float y[MAX_ROWS * MAX_N + 1], again[MAX_ROWS * MAX_N];
static _Alignas(64) float scratch[CLARY_GEMM_ROWS * (MAX_K + MAX_N)];

static void check_product(size_t rows, size_t k, size_t n, const float *b)
{
    double worst = 0;

    fill(x, rows * k);
    fill(w, k * n);
    fill(bias, n);
    y[rows * n] = 12345;
    clary_gemm(x, rows, w, b, k, n, scratch, y);
    CHECK(y[rows * n] == 12345);
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < n; j++) {
            double sum = b ? (double)b[j] : 0;
            for (size_t i = 0; i < k; i++)
                sum += (double)x[r * k + i] * (double)w[i * n + j];
            worst = fmax(worst, fabs(sum - (double)y[r * n + j]));
        }
    CHECK_NEAR(worst, 0, 1e-6 * (double)(k + 1));
}

TEST(products)
{
    static const size_t rows[] = {0, 1, 31, 32, 33, 64, 101};
    struct clary_error err;

    CHECK_STATUS(clary_gemm_init(1, &err), CLARY_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        check_product(rows[i], 300, 257, bias);
        check_product(rows[i], 64, 1, bias);
        check_product(rows[i], 1, 64, NULL);
        check_product(rows[i], 7, 5, NULL);
        check_product(rows[i], 0, 5, bias);
        check_product(rows[i], 5, 0, NULL);
    }
}

/* A row has the same bytes alone and at each place of 101 rows, wherever
 * clary_gemm_is_row_invariant says so. */
TEST(rows_do_not_depend_on_their_place)
{
    static const size_t sizes[][2] = {{256, 256}, {300, 257}, {64, 64},
                                      {13, 100},  {299, 1},   {8, 33}};

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t k = sizes[s][0], n = sizes[s][1];
        bool is_same = true;

        if (!clary_gemm_is_row_invariant(k, n))
            continue;
        fill(x, MAX_ROWS * k);
        fill(w, k * n);
        clary_gemm(x, MAX_ROWS, w, bias, k, n, scratch, y);
        for (size_t r = 0; r < MAX_ROWS; r++) {
            clary_gemm(x + r * k, 1, w, bias, k, n, scratch, again);
            is_same = is_same && memcmp(again, y + r * n, n * sizeof *y) == 0;
        }
        CHECK(is_same);
    }
}

TEST(invariance_of_impossible_sizes)
{
    CHECK(!clary_gemm_is_row_invariant(SIZE_MAX, 2));
    CHECK(!clary_gemm_is_row_invariant(2, SIZE_MAX));
    CHECK(!clary_gemm_is_row_invariant((size_t)1 << 31, 1));
    CHECK(clary_gemm_is_row_invariant(0, 0));
}

/* --- eight threads -------------------------------------------------------- */

enum { THREADS = 8, CALLS = 1500, K = 256, N = 128 };
static float expected[CLARY_GEMM_ROWS * N];

static void *compare_loop(void *wrong)
{
    float *mine = malloc(sizeof expected + sizeof scratch);
    size_t *n_wrong = wrong;

    if (!mine) {
        *n_wrong = CALLS;
        return NULL;
    }
    for (size_t c = 0; c < CALLS; c++) {
        memset(mine, 0, sizeof expected);
        clary_gemm(x, CLARY_GEMM_ROWS, w, bias, K, N,
                   mine + CLARY_GEMM_ROWS * N, mine);
        if (memcmp(mine, expected, sizeof expected) != 0)
            ++*n_wrong;
    }
    free(mine);
    return NULL;
}

TEST(eight_threads_at_once)
{
    pthread_t threads[THREADS];
    size_t n_wrong[THREADS] = {0};
    struct clary_error err;

    if (!CHECK_STATUS(clary_gemm_init(THREADS, &err), CLARY_OK))
        return;
    fill(x, CLARY_GEMM_ROWS * K);
    fill(w, K * N);
    fill(bias, N);
    clary_gemm(x, CLARY_GEMM_ROWS, w, bias, K, N, scratch, expected);
    for (size_t t = 0; t < THREADS; t++)
        CHECK_INT(pthread_create(&threads[t], NULL, compare_loop, &n_wrong[t]),
                  0);
    for (size_t t = 0; t < THREADS; t++) {
        CHECK_INT(pthread_join(threads[t], NULL), 0);
        CHECK_INT(n_wrong[t], 0);
    }
}

TEST(description_names_openblas)
{
    CHECK(strstr(clary_gemm_description(), "OpenBLAS") != NULL);
}
