/* dense_tiles.h: the dense kernel in terms of one vector type.
 *
 * Included by the kernel_<isa>.c of each instruction set, once, after it has
 * defined the types `vector` of WIDTH floats and `mask`, which has a place for
 * each of them, and, as static inline functions,
 *
 *     load(p) load_aligned(p) store(p, v)       WIDTH floats
 *     store_some(p, v, count)                   the first `count`, or all
 *     repeat(p)                                 *p in all places
 *     fma_to(a, b, c)                           a * b + c, rounded once
 *     at_least(floor, v)                        v < floor ? floor : v
 *     unordered(v, w) either(m, m) any(m)       mask: where v or w is a NaN
 *     one_nan(v)                                v with each NaN 0x7fc00000
 *
 *     load_four(p) repeat_four(p)               of the type `four`, 4 floats
 *     some_dots(x, w, count, k)                 x[d] by w[d], in 8 parts;
 *                                               count 1 to 4, then zeros
 *     finish_dots(dots, bias, floor, count, y)  stores the first `count`
 *
 * and the constant TILE_ROWS. It has no instructions of its own, so that tables
 * differ in nothing but these. Specification: kernel_scalar.c.
 *
 * A tile is `rows` rows by `vectors` times WIDTH columns. Its sums stay in
 * registers while i runs over the weights, so the order of a sum is the same
 * in every tile: TILE_ROWS rows by a panel leave room for the weights of one i
 * and one x, and are enough independent FMAs to hide the latency of each. Fewer
 * rows take more panels at once for the same reason.
 *
 * Wide layers (k over K_BLOCK) go in spans of rows of W: the part of a panel
 * stays in the L1 cache while all tiles of a block of rows pass by, which fetch
 * the next one meanwhile. What a tile has summed so far waits in y: a float
 * there is the float of the register.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_DENSE_TILES_H
#define CLARY_KERNEL_DENSE_TILES_H

#include "kernel/tables.h"

#include <stdbool.h>

enum {
    PER_PANEL = CLARY_PANEL / WIDTH,
    HALF = PER_PANEL > 1 ? PER_PANEL / 2 : 1,
    WIDEST = PER_PANEL > 1 ? 4 : 8, /* panels of one row together */
    MAX_VECTORS = WIDEST * PER_PANEL,
    MAX_SUMS = 2 * TILE_ROWS * HALF,
    LINE = 16,                  /* floats of a cache line */
    BLOCK_ROWS = 8 * TILE_ROWS, /* rows whose x stays in the L1 or L2 cache
                                 * while the panels pass by; twice as many of
                                 * wide layers, whose panels come from afar */
    K_BLOCK = 256
};

/* What does not change inside one call of dense_panels. */
struct job {
    const struct clary_dense *w;
    vector floor;
};

/* Rows `from` .. to-1 of W. */
struct span {
    size_t from, to;
    const float *fetch; /* NULL, or weights that are wanted soon: one line of
                         * them is fetched for every eight rows of the span */
};

/* NaNs become the one of the specification. They are rare: one branch for the
 * tile, and one comparison for two vectors. */
static inline __attribute__((always_inline)) void make_nans_one(vector *sum,
                                                                size_t count)
{
    mask found = unordered(sum[0], sum[count - 1]);

#pragma GCC unroll 12
    for (size_t s = 1; s + 1 < count; s += 2)
        found = either(found, unordered(sum[s], sum[s + 1]));
    if (!any(found))
        return;
#pragma GCC unroll 24
    for (size_t s = 0; s < count; s++)
        sum[s] = one_nan(sum[s]);
}

/* sum (rows, vectors) += x w for one i. */
static inline __attribute__((always_inline)) void add_products(
    size_t rows, size_t vectors, size_t k, const float *panel, size_t i,
    const float *x, vector *sum)
{
    const size_t panel_floats = k * CLARY_PANEL;
    vector weight[MAX_VECTORS];

#pragma GCC unroll 16
    for (size_t v = 0; v < vectors; v++)
        weight[v] = load_aligned(panel + v / PER_PANEL * panel_floats +
                                 i * CLARY_PANEL + v % PER_PANEL * WIDTH);
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r++) {
        const vector xi = repeat(x + r * k + i);
#pragma GCC unroll 16
        for (size_t v = 0; v < vectors; v++)
            sum[r * vectors + v] = fma_to(xi, weight[v], sum[r * vectors + v]);
    }
}

/* y (rows, vectors * WIDTH) from column `first` on: bias or what is there, plus
 * x w over the span. Always inlined with constant `rows` and `vectors`, so that
 * the array of sums becomes registers. */
static inline __attribute__((always_inline)) void tile(
    const struct job *job, size_t rows, size_t vectors, size_t first,
    struct span span, const float *x, float *y)
{
    const struct clary_dense *w = job->w;
    const size_t k = w->k, n = w->n;
    const float *panel = w->panels + first * k;
    vector sum[MAX_SUMS];

    y += first;
#pragma GCC unroll 24
    for (size_t s = 0; s < rows * vectors; s++)
        sum[s] = span.from > 0
                     ? load(y + s / vectors * n + s % vectors * WIDTH)
                     : load_aligned(w->bias + first + s % vectors * WIDTH);

    if (rows == 1) { /* so few FMAs that counting would be a third of it all */
#pragma GCC unroll 8
        for (size_t i = span.from; i < span.to; i++)
            add_products(1, vectors, k, panel, i, x, sum);
    } else {
        for (size_t i = span.from; i < span.to; i++) {
            if (span.fetch && i % 8 == 0)
                __builtin_prefetch(span.fetch + (i - span.from) / 8 * LINE);
            add_products(rows, vectors, k, panel, i, x, sum);
        }
    }

    if (span.to == k)
        make_nans_one(sum, rows * vectors);
#pragma GCC unroll 24
    for (size_t s = 0; s < rows * vectors; s++) {
        const size_t column = s % vectors * WIDTH;
        float *const place = y + s / vectors * n + column;
        const vector out = at_least(job->floor, sum[s]);

        if (span.to < k)
            store(place, sum[s]);
        else if (first + vectors * WIDTH <= n)
            store(place, out);
        else
            store_some(place, out, (ptrdiff_t)(n - first - column));
    }
}

/* Tiles side by side from column `first` on, while they end at or before
 * `end`. Returns the column after the last one. */
static inline __attribute__((always_inline)) size_t tiles_across(
    const struct job *job, size_t rows, size_t vectors, size_t first,
    size_t end, const float *x, float *y)
{
    const struct span all = {0, job->w->k, NULL};

    for (; first + vectors * WIDTH <= end; first += vectors * WIDTH)
        tile(job, rows, vectors, first, all, x, y);
    return first;
}

/* The same with tiles of so many panels, unless those are too many sums. */
static inline __attribute__((always_inline)) size_t panels_across(
    const struct job *job, size_t rows, size_t panels, size_t first, size_t end,
    const float *x, float *y)
{
    const size_t widest = WIDEST / (rows > 2 ? 4 : rows);

    return panels > widest
               ? first
               : tiles_across(job, rows, panels * PER_PANEL, first, end, x, y);
}

/* Columns of whole panels. The rest of n, if it is at most half of one, goes in
 * tiles of that width. */
static inline size_t panels_end(size_t n)
{
    return (n + CLARY_PANEL - 1 - (PER_PANEL > 1 ? CLARY_PANEL / 2 : 0)) /
           CLARY_PANEL * CLARY_PANEL;
}

/* All columns of so many rows, in tiles as wide as there are. */
static inline __attribute__((always_inline)) void rows_across(
    const struct job *job, size_t rows, const float *x, float *y)
{
    const struct span all = {0, job->w->k, NULL};
    const size_t end = panels_end(job->w->n);
    size_t first = panels_across(job, rows, 8, 0, end, x, y);

    first = panels_across(job, rows, 4, first, end, x, y);
    first = panels_across(job, rows, 2, first, end, x, y);
    first = panels_across(job, rows, 1, first, end, x, y);
    if (PER_PANEL > 1 && first < job->w->n)
        tile(job, rows, HALF, first, all, x, y);
}

/* n > 4 */
static void one_row(const struct clary_dense *w, const float *x, float *y)
{
    /* a copy, which no store to y can change */
    const struct clary_dense own = *w;
    const struct job job = {&own, repeat(&w->floor)};

    rows_across(&job, 1, x, y);
}

/* 1 to 5 rows, or 6 where a tile has more. */
static void few_rows(const struct job *job, size_t rows, const float *x,
                     float *y)
{
    switch (rows) {
    case 1:
        one_row(job->w, x, y);
        break;
    case 2:
        rows_across(job, 2, x, y);
        break;
    case 3:
        rows_across(job, 3, x, y);
        break;
    case 4:
        rows_across(job, 4, x, y);
        break;
    case 5:
        rows_across(job, 5, x, y);
        break;
    case 6:
        if (TILE_ROWS > 6)
            rows_across(job, 6, x, y);
        break;
    }
}

/* Fewer rows than a tile has. */
static void rows_left(const struct job *job, size_t rows, const float *x,
                      float *y)
{
    if (TILE_ROWS > 6 && rows > 6) {
        few_rows(job, 6, x, y);
        rows -= 6;
        x += 6 * job->w->k;
        y += 6 * job->w->n;
    }
    few_rows(job, rows, x, y);
}

/* One span of columns 0 .. end-1 of whole tiles. */
static inline __attribute__((always_inline)) void tiles_down(
    const struct job *job, size_t rows, struct span span, size_t end,
    bool fetches, const float *x, float *y)
{
    const size_t k = job->w->k, n = job->w->n;
    const size_t part = (span.to - span.from) * CLARY_PANEL;

    for (size_t column = 0; column < end; column += CLARY_PANEL) {
        const size_t next =
            (column + CLARY_PANEL) * k + span.from * CLARY_PANEL;

        for (size_t r = 0; r < rows; r += TILE_ROWS) {
            const size_t done = r / TILE_ROWS * (part / 8);

            span.fetch = fetches && column + CLARY_PANEL < end && done < part
                             ? job->w->panels + next + done
                             : NULL;
            tile(job, TILE_ROWS, PER_PANEL, column, span, x + r * k, y + r * n);
        }
    }
}

/* Columns 0 .. end-1 of whole tiles. */
static void tiled_rows(const struct job *job, size_t rows, size_t end,
                       const float *x, float *y)
{
    tiles_down(job, rows, (struct span){0, job->w->k, NULL}, end, false, x, y);
}

/* The same of a wide layer. A last panel of less than 16 columns has no place
 * for sums that wait, so it goes in one span. */
static void wide_rows(const struct job *job, size_t rows, size_t end,
                      const float *x, float *y)
{
    const size_t k = job->w->k, n = job->w->n;
    const size_t whole = end <= n ? end : end - CLARY_PANEL;
    struct span span = {0, 0, NULL};

    while (span.to < k) {
        span.from = span.to;
        span.to = k - span.from < 2 * K_BLOCK ? k : span.from + K_BLOCK;
        tiles_down(job, rows, span, whole, true, x, y);
    }
    span.from = 0;
    if (whole < end)
        for (size_t r = 0; r < rows; r += TILE_ROWS)
            tile(job, TILE_ROWS, PER_PANEL, whole, span, x + r * k, y + r * n);
}

/* The last 1 to 8 columns, from `first` on: half a panel, so twice the rows. */
static void narrow_columns(const struct job *job, size_t rows, size_t first,
                           const float *x, float *y)
{
    const size_t k = job->w->k, n = job->w->n;
    const struct span all = {0, k, NULL};
    size_t r = 0;

    for (; r + 2 * TILE_ROWS <= rows; r += 2 * TILE_ROWS)
        tile(job, 2 * TILE_ROWS, HALF, first, all, x + r * k, y + r * n);
    if (r < rows)
        tile(job, TILE_ROWS, HALF, first, all, x + r * k, y + r * n);
}

/* n > 4: blocks of whole tiles, then the rows that are left. */
static void dense_panels(const struct clary_dense *w, const float *x,
                         size_t rows, float *y)
{
    const struct job job = {w, repeat(&w->floor)};
    const size_t k = w->k, n = w->n, end = panels_end(n);
    const bool is_wide = k > K_BLOCK;
    const size_t most = is_wide ? 2 * BLOCK_ROWS : BLOCK_ROWS;

    while (rows >= TILE_ROWS) {
        const size_t block = rows < most ? rows - rows % TILE_ROWS : most;

        if (is_wide)
            wide_rows(&job, block, end, x, y);
        else
            tiled_rows(&job, block, end, x, y);
        if (PER_PANEL > 1 && end < n)
            narrow_columns(&job, block, end, x, y);
        rows -= block;
        x += block * k;
        y += block * n;
    }
    rows_left(&job, rows, x, y);
}

/* n == 1: four rows at a time, then each alone. */
static void dense_column(const struct clary_dense *w, const float *x,
                         size_t rows, float *y)
{
    const size_t k = w->k;
    const float *const c = w->panels;
    const float *const same[4] = {c, c, c, c};
    const four bias = repeat_four(w->bias);

    for (; rows >= 4; rows -= 4, x += 4 * k, y += 4) {
        const float *const lines[4] = {x, x + k, x + 2 * k, x + 3 * k};

        finish_dots(some_dots(lines, same, 4, k), bias, w->floor, 4, y);
    }
    for (; rows > 0; rows--, x += k, y++)
        finish_dots(some_dots(&x, &c, 1, k), bias, w->floor, 1, y);
}

/* n == 2 .. 4: all columns of one row at a time, the last of them in the place
 * of those that are missing. (Inlined, it would have the registers it needs
 * saved by every call of dense.) */
__attribute__((noinline)) static void dense_columns(const struct clary_dense *w,
                                                    const float *x, size_t rows,
                                                    float *y)
{
    const size_t k = w->k, n = w->n;
    const size_t height =
        (k + CLARY_DOT_PARTS - 1) / CLARY_DOT_PARTS * CLARY_DOT_PARTS;
    const float *const c = w->panels;
    const float *const columns[4] = {
        c, c + height, c + (n > 2 ? 2 : 1) * height, c + (n - 1) * height};

    for (; rows > 0; rows--, x += k, y += n) {
        const float *const lines[4] = {x, x, x, x};

        finish_dots(some_dots(lines, columns, 4, k), load_four(w->bias),
                    w->floor, n, y);
    }
}

static void dense(const struct clary_dense *w, const float *x, size_t rows,
                  float *y)
{
    if (w->n > CLARY_DOT_COLUMNS && rows == 1)
        one_row(w, x, y);
    else if (w->n > CLARY_DOT_COLUMNS)
        dense_panels(w, x, rows, y);
    else if (w->n > 1)
        dense_columns(w, x, rows, y);
    else if (w->n > 0)
        dense_column(w, x, rows, y);
}

#endif
