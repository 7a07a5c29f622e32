/* cell_groups.h: cells of text to float32, in terms of a group of them.
 *
 * Included by the kernel_cells_<isa>.c of each instruction set, once, after it
 * has defined the constant GROUP and, as a static inline function,
 *
 *     read_group(text, before, end, values)
 *
 * which reads GROUP cells and returns how many are numbers from the first on.
 * Specification: kernel_cells_scalar.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_CELL_GROUPS_H
#define CLARY_KERNEL_CELL_GROUPS_H

#include "kernel/tables.h"

#include <string.h>

/* Fewer than a group: the others are the first one again. */
static size_t read_rest(const char *text, const uint16_t *before,
                        const uint16_t *end, size_t n, float *values)
{
    uint16_t befores[GROUP], ends[GROUP];
    float all[GROUP];

    for (size_t i = 0; i < GROUP; i++) {
        befores[i] = before[i < n ? i : 0];
        ends[i] = end[i < n ? i : 0];
    }
    size_t done = read_group(text, befores, ends, all);
    done = done < n ? done : n;
    memcpy(values, all, done * sizeof *values);
    return done;
}

static size_t read_cells(const char *text, const uint16_t *before,
                         const uint16_t *end, size_t n, float *values)
{
    size_t i = 0;

    for (; n - i >= GROUP; i += GROUP) {
        size_t done = read_group(text, before + i, end + i, values + i);
        if (done < GROUP)
            return i + done;
    }
    return n == i ? n
                  : i + read_rest(text, before + i, end + i, n - i, values + i);
}

#endif
