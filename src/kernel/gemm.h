/* gemm.h: wide products, through OpenBLAS. gemm.c is the only user of cblas.
 *
 * A BLAS may sum a row in another order for another number of rows, so every
 * call works on tiles of exactly CLARY_GEMM_ROWS rows, the last one padded:
 * a row's bytes then depend only on its place in a tile, and
 * clary_gemm_is_row_invariant tells whether they depend even on that.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_GEMM_H
#define CLARY_KERNEL_GEMM_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>

#define CLARY_GEMM_ROWS 32

/* One BLAS thread a call; CLARY_UNSUPPORTED when n_threads > 1 and OpenBLAS
 * was built without threads (it then returns wrong products to concurrent
 * callers; CONTRIBUTING.md, known faults of others). */
enum clary_status clary_gemm_init(size_t n_threads, struct clary_error *err)
    CLARY_MUST_USE;

/* y (rows, n) = x (rows, k) w (k, n) + bias (n; NULL: zeros), row-major.
 *
 *   scratch  CLARY_GEMM_ROWS * (k + n) floats, 64-byte aligned; used for the
 *            padded last tile
 */
void clary_gemm(const float *x, size_t rows, const float *w, const float *bias,
                size_t k, size_t n, float *scratch, float *y);

/* Whether a row has the same bytes at each place of a tile, for this (k, n) on
 * this machine; found out by trying (about 2 * 32 * k * n flops, and
 * temporary memory from malloc). False also when memory is short. */
bool clary_gemm_is_row_invariant(size_t k, size_t n);

/* OpenBLAS's own description of its build and the kernels it chose. */
const char *clary_gemm_description(void);

#endif
