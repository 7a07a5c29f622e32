/* cell_kernel.h: the two inner loops of reading text as float32.
 *
 * A reader splits a window of text into cells and reads many of them at once;
 * what a cell means in its row is the reader's business. The routines are in
 * kernel/, one pair an instruction set; a reader gets a pair from its caller.
 *
 *     text     x 4 . 2 5 , - 1 , 3 \n     x: any byte that is no separator, so
 *              0 1 2 3 4 5 6 7 8 9 10     that one is before every cell
 *     at       0 5 8 10                   at[0] is that byte, always 0
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_CELL_KERNEL_H
#define CLARY_DATA_CELL_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CLARY_CELL_WINDOW = 4096, /* most bytes of text behind its first one */
    CLARY_CELL_PADDING = 64,  /* bytes behind the text that may be read */
    CLARY_CELL_SLACK = 16     /* elements of at that may be written behind the
                               * last one */
};

/* Where the separators of a text are. */
struct clary_cell_index {
    size_t n;       /* cells that are complete: separators */
    size_t n_lines; /* of them those that end a line */
    bool has_cr;    /* there is a '\r' somewhere */
    uint16_t at[1 + CLARY_CELL_WINDOW + CLARY_CELL_SLACK];
};

struct clary_cell_kernel {
    /* Finds the separators of text[0 .. len), 0 < len <= 1 + WINDOW: the bytes
     * `between` cells of a line and those at its `end`. text[0] is none. */
    void (*split)(const char *text, size_t len, char between, char end,
                  struct clary_cell_index *index);

    /* Reads cells while they are numbers: cell i is the bytes between
     * text[before[i]] and text[end[i]], without these two. Returns how many
     * cells from the first on are JSON numbers that are finite as float32, and
     * writes for each of them the double that is nearest to it, rounded to
     * float32, exact. Values behind them, up to n, are undefined. */
    size_t (*read)(const char *text, const uint16_t *before,
                   const uint16_t *end, size_t n, float *values);
};

#endif
