/* gemm.c: wide products, through OpenBLAS.
 *
 * A call computes tiles of exactly CLARY_GEMM_ROWS rows. y starts as the bias
 * and the product is added to it (beta = 1), so no pass over y is needed for
 * it. cblas.h brings complex.h and its macro I with it: no variable here has
 * that name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/gemm.h"

#include <clary/tensor.h>

#include <cblas.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum clary_status clary_gemm_init(size_t n_threads, struct clary_error *err)
{
    if (n_threads > 1 && openblas_get_parallel() == 0)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "%zu threads, and an OpenBLAS built without threads "
                          "(%s), which gives wrong products to threads that "
                          "call it at once: install libopenblas0-pthread, or "
                          "run with one thread",
                          n_threads, openblas_get_config());
    openblas_set_num_threads(1);
    return CLARY_OK;
}

/* y (32, n) = x (32, k) w (k, n) + bias (n) */
static void multiply_tile(const float *x, const float *w, const float *bias,
                          size_t k, size_t n, float *y)
{
    for (size_t r = 0; r < CLARY_GEMM_ROWS; r++) {
        if (bias)
            memcpy(y + r * n, bias, n * sizeof *y);
        else
            memset(y + r * n, 0, n * sizeof *y);
    }
    /* BLAS wants leading dimensions of at least 1. */
    if (k > 0 && n > 0)
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, CLARY_GEMM_ROWS,
                    (blasint)n, (blasint)k, 1.0f, x, (blasint)k, w, (blasint)n,
                    1.0f, y, (blasint)n);
}

void clary_gemm(const float *x, size_t rows, const float *w, const float *bias,
                size_t k, size_t n, float *scratch, float *y)
{
    float *x_tile = scratch, *y_tile = scratch + CLARY_GEMM_ROWS * k;
    size_t rest = rows % CLARY_GEMM_ROWS, whole = rows - rest;

    for (size_t r = 0; r < whole; r += CLARY_GEMM_ROWS)
        multiply_tile(x + r * k, w, bias, k, n, y + r * n);
    if (rest == 0 || n == 0)
        return;
    if (k > 0)
        memcpy(x_tile, x + whole * k, rest * k * sizeof *x);
    memset(x_tile + rest * k, 0, (CLARY_GEMM_ROWS - rest) * k * sizeof *x);
    multiply_tile(x_tile, w, bias, k, n, y_tile);
    memcpy(y + whole * n, y_tile, rest * n * sizeof *y);
}

/* Numbers in [-1, 1) with all bits of the mantissa in use, so that another
 * order of a sum rounds another way. */
static void fill(float *values, size_t count, uint32_t seed)
{
    for (size_t v = 0; v < count; v++) {
        seed = seed * 1664525u + 1013904223u;
        values[v] = (float)(int32_t)seed * 0x1p-31f;
    }
}

bool clary_gemm_is_row_invariant(size_t k, size_t n)
{
    size_t weights, tiles, floats;
    float *x, *y, *w;
    bool is_invariant = true;

    if (k > INT32_MAX || n > INT32_MAX || !clary_size_mul(k, n, &weights) ||
        !clary_size_mul(k + n, CLARY_GEMM_ROWS, &tiles) ||
        !clary_size_add(weights, tiles, &floats) ||
        floats > SIZE_MAX / sizeof *x)
        return false;
    x = malloc(floats * sizeof *x);
    if (!x)
        return false;
    y = x + CLARY_GEMM_ROWS * k;
    w = y + CLARY_GEMM_ROWS * n;

    fill(w, weights, 1);
    for (size_t r = 0; r < CLARY_GEMM_ROWS; r++)
        fill(x + r * k, k, 2);
    multiply_tile(x, w, NULL, k, n, y);
    for (size_t r = 1; r < CLARY_GEMM_ROWS && is_invariant; r++)
        is_invariant = memcmp(y, y + r * n, n * sizeof *y) == 0;
    free(x);
    return is_invariant;
}

const char *clary_gemm_description(void)
{
    return openblas_get_config();
}
