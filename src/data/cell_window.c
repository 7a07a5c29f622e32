/* cell_window.c: a part of a piece, split into cells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell_window.h"

#include <string.h>

void clary_cell_window_open(struct clary_cell_window *window,
                            const struct clary_cell_kernel *kernel,
                            char between, char line_end, const char *p,
                            const char *end)
{
    size_t left = (size_t)(end - p);
    size_t len = left < CLARY_CELL_WINDOW ? left : CLARY_CELL_WINDOW;
    window->text[0] = '0';
    memcpy(window->text + 1, p, len);
    memset(window->text + 1 + len, 0, CLARY_CELL_PADDING);
    window->from = p;
    window->len = len;
    window->next = 0;
    kernel->split(window->text, 1 + len, between, line_end, &window->index);
}

uint16_t clary_cell_window_move(struct clary_cell_window *window,
                                const struct clary_cell_kernel *kernel,
                                char between, char line_end, const char *p,
                                const char *end)
{
    const struct clary_cell_index *index = &window->index;
    if (!clary_cell_window_has(window, p))
        clary_cell_window_open(window, kernel, between, line_end, p, end);
    size_t before = (size_t)(p - window->from);
    while (window->next < index->n && index->at[window->next + 1] <= before)
        window->next++;
    return (uint16_t)before;
}
