/* bench_dense.c: dense layers: our kernel, OpenBLAS and the machine's peak.
 *
 *   own    the chosen table (CLARY_CPU=scalar for the other one) in blocks of
 *          48 rows, bias and relu fused
 *   gemm   OpenBLAS sgemm in blocks of 128 rows, its best form: bias preloaded
 *          (beta = 1), relu in a pass of its own
 *   gemv   OpenBLAS sgemv a row, the same
 *   peak   what 12 independent chains of FMAs reach here, on x86-64
 *
 * Nanoseconds a row of CPU time: medians of rounds, each of which runs all of
 * them one after the other, so that the ratios hold on a machine whose clock
 * wanders. That they agree is checked before anything is timed. The BLAS is
 * called through its Fortran names: cblas.h has its one place (gemm.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/timing.h"
#include "kernel/gemm.h"
#include "kernel/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    MAX_LAYERS = 3,
    MAX_WIDTH = 1024,
    MAX_ROWS = 10000,
    OWN_BLOCK = 48,
    GEMM_BLOCK = 128,
    ROUNDS = 15
};

/* Column-major, all by reference: C = alpha A B + beta C, y = alpha A x + beta
 * y. A row-major matrix is its own transpose there. */
void sgemm_(const char *trans_a, const char *trans_b, const int *m,
            const int *n, const int *k, const float *alpha, const float *a,
            const int *lda, const float *b, const int *ldb, const float *beta,
            float *c, const int *ldc);
void sgemv_(const char *trans, const int *m, const int *n, const float *alpha,
            const float *a, const int *lda, const float *x, const int *incx,
            const float *beta, float *y, const int *incy);

struct net {
    const char *name;
    size_t n_layers, width[MAX_LAYERS + 1];
    const float *w[MAX_LAYERS], *bias[MAX_LAYERS];
    struct clary_dense dense[MAX_LAYERS];
};

static struct net nets[] = {
    {.name = "8-64-64-1", .n_layers = 3, .width = {8, 64, 64, 1}},
    {.name = "8-256-256-1", .n_layers = 3, .width = {8, 256, 256, 1}},
    {.name = "512-512", .n_layers = 1, .width = {512, 512}},
    {.name = "1024-1024", .n_layers = 1, .width = {1024, 1024}},
};
static const size_t row_counts[] = {1, 16, 256, MAX_ROWS};

/* Between layers: two blocks that take turns. */
static _Alignas(64) float between[2][GEMM_BLOCK * MAX_WIDTH];

/* --- the three ways: y (rows, n) of one block ----------------------------- */

typedef void layer_run(const struct net *net, size_t l, const float *x,
                       size_t rows, float *y);

static void own(const struct net *net, size_t l, const float *x, size_t rows,
                float *y)
{
    clary_kernels()->dense(&net->dense[l], x, rows, y);
}

static void preload(const struct net *net, size_t l, size_t rows, float *y)
{
    size_t n = net->width[l + 1];

    for (size_t r = 0; r < rows; r++)
        memcpy(y + r * n, net->bias[l], n * sizeof *y);
}

static void apply_floor(const struct net *net, size_t l, size_t rows, float *y)
{
    const float floor = net->dense[l].floor;

    for (size_t e = 0; e < rows * net->width[l + 1]; e++)
        y[e] = y[e] < floor ? floor : y[e];
}

static void gemm(const struct net *net, size_t l, const float *x, size_t rows,
                 float *y)
{
    const int k = (int)net->width[l], n = (int)net->width[l + 1];
    const int m = (int)rows;
    const float one = 1;

    preload(net, l, rows, y);
    sgemm_("N", "N", &n, &m, &k, &one, net->w[l], &n, x, &k, &one, y, &n);
    apply_floor(net, l, rows, y);
}

static void gemv(const struct net *net, size_t l, const float *x, size_t rows,
                 float *y)
{
    const int k = (int)net->width[l], n = (int)net->width[l + 1], step = 1;
    const float one = 1;

    preload(net, l, rows, y);
    for (size_t r = 0; r < rows; r++)
        sgemv_("N", &n, &k, &one, net->w[l], &n, x + r * net->width[l], &step,
               &one, y + r * net->width[l + 1], &step);
    apply_floor(net, l, rows, y);
}

static void run_net(const struct net *net, layer_run *layer, size_t block,
                    const float *x, size_t rows, float *y)
{
    const size_t last = net->n_layers - 1;

    for (size_t r = 0; r < rows; r += block) {
        const size_t count = rows - r < block ? rows - r : block;
        const float *in = x + r * net->width[0];

        for (size_t l = 0; l < last; l++) {
            layer(net, l, in, count, between[l % 2]);
            in = between[l % 2];
        }
        layer(net, last, in, count, y + r * net->width[last + 1]);
    }
}

/* --- the peak ------------------------------------------------------------- */

#if defined(__x86_64__)
/* Floating-point operations a nanosecond, 8 floats at a time: those of AVX-512
 * may pass it. */
__attribute__((target("avx2,fma"))) static double peak(void)
{
    typedef float vector __attribute__((vector_size(32)));
    enum { CHAINS = 12, STEPS = 20000 };
    vector sum[CHAINS] = {{0}}, factor = {0};
    double start = now_ns();

    for (size_t s = 0; s < STEPS; s++)
#pragma GCC unroll 12
        for (size_t c = 0; c < CHAINS; c++)
            __asm__ volatile("vfmadd231ps %1, %1, %0"
                             : "+x"(sum[c])
                             : "x"(factor));
    start = now_ns() - start;
#pragma GCC unroll 12
    for (size_t c = 0; c < CHAINS; c++) /* the sums are wanted */
        __asm__ volatile("" : : "x"(sum[c]));
    return 2.0 * 8 * CHAINS * STEPS / start;
}
#else
static double peak(void)
{
    return NAN;
}
#endif

/* --- setting up ----------------------------------------------------------- */

static float *numbers(struct clary_arena *arena, size_t count, float scale)
{
    static unsigned seed = 1;
    float *values = clary_arena_alloc(arena, count * sizeof *values);

    for (size_t i = 0; values && i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(int)seed * 0x1p-31f * scale;
    }
    return values;
}

static void make(struct net *net, struct clary_arena *arena)
{
    struct clary_error err;

    for (size_t l = 0; l < net->n_layers; l++) {
        size_t k = net->width[l], n = net->width[l + 1];

        net->w[l] = numbers(arena, k * n, 2 / sqrtf((float)k));
        net->bias[l] = numbers(arena, n, 0.1f);
        if (!net->w[l] || !net->bias[l] ||
            clary_dense_pack(arena, net->w[l], net->bias[l], k, n,
                             l + 1 < net->n_layers ? 0 : -INFINITY,
                             &net->dense[l], &err) != CLARY_OK) {
            fprintf(stderr, "bench_dense: no memory\n");
            exit(1);
        }
    }
}

/* --- measuring ------------------------------------------------------------ */

enum { OWN, GEMM, GEMV, WAYS };
static const struct {
    layer_run *layer;
    size_t block;
} ways[WAYS] = {{own, OWN_BLOCK}, {gemm, GEMM_BLOCK}, {gemv, GEMM_BLOCK}};

static void check(const struct net *net, const float *x, float *y)
{
    const size_t rows = 200, count = rows * net->width[net->n_layers];
    float *expected = y + count;

    run_net(net, own, OWN_BLOCK, x, rows, expected);
    for (size_t w = 1; w < WAYS; w++) {
        run_net(net, ways[w].layer, ways[w].block, x, rows, y);
        for (size_t e = 0; e < count; e++)
            if (!(fabsf(y[e] - expected[e]) < 1e-3f)) {
                fprintf(stderr, "bench_dense: %s: the ways do not agree\n",
                        net->name);
                exit(1);
            }
    }
}

static void measure(const struct net *net, size_t rows, const float *x,
                    float *y)
{
    static double ns[WAYS][ROUNDS], share[ROUNDS];
    double flops = 0;
    size_t repeats;

    for (size_t l = 0; l < net->n_layers; l++)
        flops += 2.0 * (double)(net->width[l] * net->width[l + 1]);
    repeats = 1 + (size_t)(1e7 / (flops * (double)rows));
    for (size_t round = 0; round < ROUNDS; round++) {
        for (size_t w = 0; w < WAYS; w++) {
            double start = now_ns();

            for (size_t i = 0; i < repeats; i++)
                run_net(net, ways[w].layer, ways[w].block, x, rows, y);
            ns[w][round] = (now_ns() - start) / (double)(repeats * rows);
        }
        share[round] = 100 * flops / ns[OWN][round] / peak();
    }
    double own_ns = median(ns[OWN], ROUNDS), gemm_ns = median(ns[GEMM], ROUNDS);
    double gemv_ns = median(ns[GEMV], ROUNDS);
    printf("%-12s %6zu %9.0f %9.0f %9.0f %9.2f %9.2f %6.0f %%\n", net->name,
           rows, own_ns, gemm_ns, gemv_ns, gemm_ns / own_ns, gemv_ns / own_ns,
           median(share, ROUNDS));
}

int main(void)
{
    struct clary_arena arena;
    struct clary_error err;
    float *x, *y;

    if (clary_kernels_init(&err) != CLARY_OK ||
        clary_gemm_init(1, &err) != CLARY_OK) {
        fprintf(stderr, "bench_dense: %s\n", err.message);
        return 1;
    }
    clary_arena_init(&arena, (size_t)1 << 30);
    x = numbers(&arena, (size_t)MAX_ROWS * MAX_WIDTH, 1);
    y = numbers(&arena, (size_t)MAX_ROWS * MAX_WIDTH, 1);
    if (!x || !y)
        return 1;
    printf("dense layers, %s; %s; peak %.0f GFLOP/s\n", clary_kernels()->name,
           clary_gemm_description(), peak());
    printf("%-12s %6s %9s %9s %9s %9s %9s %8s\n", "net", "rows", "own ns/r",
           "gemm", "gemv", "gemm/own", "gemv/own", "of peak");
    for (size_t i = 0; i < sizeof nets / sizeof nets[0]; i++) {
        make(&nets[i], &arena);
        check(&nets[i], x, y);
        for (size_t c = 0; c < sizeof row_counts / sizeof row_counts[0]; c++)
            if (row_counts[c] < MAX_ROWS || nets[i].n_layers > 1)
                measure(&nets[i], row_counts[c], x, y);
    }
    clary_arena_deinit(&arena);
    return 0;
}
