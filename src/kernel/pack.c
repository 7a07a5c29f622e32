/* pack.c: lays the weights of a dense layer out in the order in which the
 * kernels read them (panels of 16 columns; kernel.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/kernel.h"

#include <string.h>

#include <clary/tensor.h>

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

enum clary_status clary_dense_pack(struct clary_arena *arena, const float *w,
                                   const float *bias, size_t k, size_t n,
                                   float floor, struct clary_dense *out,
                                   struct clary_error *err)
{
    size_t columns, bytes;
    float *panels = NULL, *padded = NULL;

    /* columns: n rounded up to whole panels */
    if (clary_size_add(n, CLARY_PANEL - 1, &columns)) {
        columns -= columns % CLARY_PANEL;
        if (clary_size_mul(columns, sizeof *panels, &bytes)) {
            padded = clary_arena_alloc(arena, bytes);
            if (clary_size_mul(bytes, k, &bytes))
                panels = clary_arena_alloc(arena, bytes);
        }
    }
    if (!panels || !padded)
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory for the weights of a dense layer of "
                          "%zu by %zu", k, n);

    for (size_t first = 0; first < n; first += CLARY_PANEL)
        pack_panel(w, k, n, first, panels + first * k);
    memset(padded, 0, columns * sizeof *padded);
    if (bias && n > 0)
        memcpy(padded, bias, n * sizeof *padded);
    *out = (struct clary_dense){k, n, panels, padded, floor};
    return CLARY_OK;
}
