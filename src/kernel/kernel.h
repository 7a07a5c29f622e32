/* kernel.h: the SIMD routines, one const table an instruction set.
 *
 * kernel_scalar.c is the specification: plain loops with the equation above
 * them. Every other table gives the same bits where the comment says "exact".
 * Tables are chosen once (clary_kernels_init); CLARY_CPU=scalar|avx2|avx512|
 * neon overrides. Only kernel_<isa>.c files are compiled with ISA flags,
 * and they hold intrinsics, static functions and their table, nothing else.
 *
 * threads: any number at once, after clary_kernels_init.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_KERNEL_H
#define CLARY_KERNEL_KERNEL_H

#include "data/cell_kernel.h"

#include <clary/arena.h>
#include <clary/status.h>

#include <stddef.h>
#include <stdint.h>

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
 *
 * Both are 64-byte aligned.
 */
struct clary_dense {
    size_t k, n; /* W is (k, n) */
    const float *panels;
    const float *bias;
    float floor; /* y = max(y, floor): 0 for relu, -INFINITY for none. NaN
                  * stays NaN */
};

/* A tree of up to 256 leaves, all of whose nodes are evaluated for many rows at
 * once, bottom up, in bytes. The result of a node is 0 minus the label of the
 * leaf that a row reaches below it; labels count from 0 for its rightmost leaf
 * to the left. Rank r of a row goes left at a node when threshold > r:
 *
 *     pair (both children are leaves)  out = threshold > r ? -1 : 0
 *     others         out = threshold > r ? slot[left] + add : slot[right]
 *
 * where -add is the number of leaves on the right, slot[0] is 0 (a leaf), the
 * out of pair p is slot[p + 1] and that of another node slot[node.out]. */
struct clary_blend_node {
    uint16_t column; /* of the ranks */
    int8_t threshold;
    int8_t add;
    uint8_t left, right, out;
};

struct clary_blend_tree {
    const struct clary_blend_node *nodes; /* pairs, then the others, each after
                                           * its children */
    uint8_t n_pairs, n_others;
    uint8_t root; /* slot of the result */
};

#define CLARY_BLEND_LEAVES 256
#define CLARY_BLEND_ROWS   192 /* at most, of one call */
#define CLARY_BLEND_UNIT   32  /* rows are rounded up to a multiple of it */
/* Working memory: the slots (128 pairs and the leaf) of all rows. */
#define CLARY_BLEND_BYTES (129 * CLARY_BLEND_ROWS)

/* Elementwise functions of one float. CLARY_ELU alone has an alpha. */
enum clary_function {
    CLARY_EXP,
    CLARY_EXPM1,
    CLARY_LOG,
    CLARY_LOG1P,
    CLARY_SIGMOID, /* 1 / (1 + e^-x) */
    CLARY_TANH,
    CLARY_ERF,
    CLARY_SOFTPLUS, /* log(1 + e^x) */
    CLARY_ELU,      /* x < 0: alpha (e^x - 1), else x */
    CLARY_SELU,
    CLARY_FUNCTIONS
};

/* y[i] = f(x[i]), i < n; y may be x. */
typedef void clary_map(const float *x, size_t n, float alpha, float *y);

struct clary_kernels {
    const char *name; /* "scalar", "avx2", "avx512", "neon" */

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

    /* labels[r] of the leaf that each row reaches, exact. ranks (columns, 192):
     * rank r of column c is ranks[c * 192 + r]; they are read, and labels
     * written, up to a multiple of 32 rows. All are 64-byte aligned. */
    void (*blend)(const struct clary_blend_tree *tree, const int8_t *ranks,
                  size_t rows, uint8_t *slots, uint8_t *labels);

    /* (CLARY_FUNCTIONS), exact; within 2 units in the last place of the right
     * value (elu and selu: of their equation), see activations.h. */
    clary_map *const *maps;

    /* Reads numbers of text/csv and JSON, exact. */
    const struct clary_cell_kernel *cells;
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

/* The tables that this machine can run, NULL-terminated: scalar first, the best
 * one last. */
const struct clary_kernels *const *clary_kernels_runnable(void);

#endif
