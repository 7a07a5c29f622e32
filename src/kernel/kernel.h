/* kernel.h: the SIMD routines, one const table an instruction set.
 *
 * kernel_scalar.c is the specification: plain loops with the equation above
 * them. Every other table gives the same bits where the comment says "exact".
 * Tables are chosen once (clary_kernels_init); CLARY_CPU=scalar|avx2
 * overrides. Only kernel_<isa>.c files are compiled with ISA flags, and they
 * hold intrinsics, static functions and their table, nothing else.
 *
 * threads: any number at once, after clary_kernels_init.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_KERNEL_H
#define CLARY_KERNEL_KERNEL_H

#include <clary/arena.h>
#include <clary/status.h>

#include <stddef.h>

#define CLARY_PANEL 16 /* columns of a packed panel */

/* Layers of at most CLARY_DOT_COLUMNS columns (a net's last one, most often)
 * are dot products in CLARY_DOT_PARTS interleaved parts: one sum of k steps
 * that wait for each other would take longer than the layer before it. */
#define CLARY_DOT_COLUMNS 4
#define CLARY_DOT_PARTS   8

/* Weights of y = activation(x W + b), packed once at load.
 *
 *   panels  n > 4: ceil(n / 16) panels of (k, 16), zero-padded: the 16 weights
 *           of panel p and row i are panels[(p * k + i) * 16 ...]
 *           n <= 4: columns, (n, ceil(k / 8) * 8), zero-padded
 *   bias    (ceil(n / 16) * 16), zero-padded
 */
struct clary_dense {
    size_t k, n; /* W is (k, n) */
    const float *panels;
    const float *bias;
    float floor; /* y = max(y, floor): 0 for relu, -INFINITY for none. NaN
                  * stays NaN */
};

struct clary_kernels {
    const char *name; /* "scalar", "avx2" */

    /* y (rows, n) = max(x (rows, k) W + b, floor), exact:
     *   n > 4   y[r][j] = b[j], then y = fma(x[r][i], W[i][j], y) for i = 0 ..
     *           k-1 in order
     *   n <= 4  s[p] = 0, then s[i % 8] = fma(x[r][i], W[i][j], s[i % 8]) for
     *           i = 0 .. ceil(k / 8) * 8 - 1 in order, x and W being 0 past
     *           k-1; y = b[j] + (((s0 + s1) + (s2 + s3)) + ((s4 + s5) +
     *           (s6 + s7)))
     * then the floor; a NaN is 0x7fc00000. One order for every number of rows.
     * x and y are row-major, contiguous, at least 4-byte aligned, and do not
     * overlap. */
    void (*dense)(const struct clary_dense *w, const float *x, size_t rows,
                  float *y);
};

/* Packs W (k, n) row-major and b (n; NULL: zeros) into `arena`. Errors:
 * CLARY_NO_MEMORY. */
enum clary_status clary_dense_pack(struct clary_arena *arena, const float *w,
                                   const float *bias, size_t k, size_t n,
                                   float floor, struct clary_dense *out,
                                   struct clary_error *err) CLARY_MUST_USE;

/* Chooses by the CPU and CLARY_CPU; CLARY_UNSUPPORTED if that names a table
 * that is unknown or that this machine cannot run. */
enum clary_status clary_kernels_init(struct clary_error *err) CLARY_MUST_USE;

/* The chosen table. scalar before clary_kernels_init. */
const struct clary_kernels *clary_kernels(void);

/* The tables that this machine can run, NULL-terminated, scalar first. */
const struct clary_kernels *const *clary_kernels_runnable(void);

#endif
