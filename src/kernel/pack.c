/* pack.c: lays the weights of a dense layer out in the order in which the
 * kernels read them (kernel.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/kernel.h"

#include <clary/tensor.h>

#include <stdbool.h>
#include <string.h>

/* Rows of the panel of columns first .. first + 15 of w (k, n). */
static void pack_panel(const float *w, size_t k, size_t n, size_t first,
                       float *panel)
{
    size_t width = n - first < CLARY_PANEL ? n - first : CLARY_PANEL;

    memset(panel, 0, k * CLARY_PANEL * sizeof *panel);
    for (size_t i = 0; i < k; i++)
        memcpy(panel + i * CLARY_PANEL, w + i * n + first,
               width * sizeof *panel);
}

/* w (k, n) as columns of `height` >= k. */
static void pack_columns(const float *w, size_t k, size_t n, size_t height,
                         float *columns)
{
    for (size_t j = 0; j < n; j++)
        for (size_t i = 0; i < height; i++)
            columns[j * height + i] = i < k ? w[i * n + j] : 0;
}

/* `count` rounded up to a multiple of `unit`; false if that overflows. */
static bool round_up(size_t count, size_t unit, size_t *rounded)
{
    if (!clary_size_add(count, unit - 1, rounded))
        return false;
    *rounded -= *rounded % unit;
    return true;
}

/* rows * columns floats, or NULL. */
static float *alloc_floats(struct clary_arena *arena, size_t rows,
                           size_t columns)
{
    size_t bytes;

    if (!clary_size_mul(rows, columns, &bytes) ||
        !clary_size_mul(bytes, sizeof(float), &bytes))
        return NULL;
    return clary_arena_alloc(arena, bytes);
}

enum clary_status clary_dense_pack(struct clary_arena *arena, const float *w,
                                   const float *bias, size_t k, size_t n,
                                   float floor, struct clary_dense *out,
                                   struct clary_error *err)
{
    const bool is_dot = n <= CLARY_DOT_COLUMNS;
    size_t width = 0, height = 0; /* n and k, padded */
    float *panels = NULL, *padded = NULL;

    if (round_up(n, CLARY_PANEL, &width) &&
        round_up(k, CLARY_DOT_PARTS, &height)) {
        panels = is_dot ? alloc_floats(arena, n, height)
                        : alloc_floats(arena, k, width);
        padded = alloc_floats(arena, 1, width);
    }
    if (!panels || !padded)
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory for the weights of a dense layer of "
                          "%zu by %zu",
                          k, n);

    if (is_dot)
        pack_columns(w, k, n, height, panels);
    else
        for (size_t first = 0; first < n; first += CLARY_PANEL)
            pack_panel(w, k, n, first, panels + first * k);
    memset(padded, 0, width * sizeof *padded);
    if (bias && n > 0)
        memcpy(padded, bias, n * sizeof *padded);
    *out = (struct clary_dense){k, n, panels, padded, floor};
    return CLARY_OK;
}
