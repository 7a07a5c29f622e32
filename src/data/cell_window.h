/* cell_window.h: a part of a piece, split into cells.
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_CELL_WINDOW_H
#define CLARY_DATA_CELL_WINDOW_H

#include "data/cell_kernel.h"

/* The bytes are copied to where bytes behind them can be read. Cell i is what
 * stands between index.at[i] and index.at[i + 1]; the byte behind index.at[i]
 * is the piece's from[index.at[i]]. Holds for one piece only. */
struct clary_cell_window {
    const char *from; /* where in the piece text[1] comes from; NULL: closed */
    size_t len;       /* bytes of it */
    size_t next;      /* the first cell that was not passed */
    struct clary_cell_index index;
    char text[1 + CLARY_CELL_WINDOW + CLARY_CELL_PADDING];
};

/* Opens it at `p`, for as much as there is until `end`. */
void clary_cell_window_open(struct clary_cell_window *window,
                            const struct clary_cell_kernel *kernel,
                            char between, char line_end, const char *p,
                            const char *end);

/* Moves on to the cell that begins at `p`, which is not before the last one,
 * and opens it there if need be. Returns the place of the byte before it. */
uint16_t clary_cell_window_move(struct clary_cell_window *window,
                                const struct clary_cell_kernel *kernel,
                                char between, char line_end, const char *p,
                                const char *end);

/* Whether `p`, which is not before the last one, is in it. */
static inline bool clary_cell_window_has(const struct clary_cell_window *window,
                                         const char *p)
{
    return window->from != NULL && p <= window->from + window->len;
}

#endif
