/* kernel_cells_scalar.c: the specification of reading text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "data/number_scan.h"
#include "kernel/tables.h"

#include <math.h>

#define PLACE(byte, i)                                                         \
    ((byte) >> (i)&1                                                           \
         ? UINT64_C(i) << 8 * __builtin_popcount((byte) & ((1 << (i)) - 1))    \
         : 0)
#define PLACES(byte)                                                           \
    (PLACE(byte, 0) | PLACE(byte, 1) | PLACE(byte, 2) | PLACE(byte, 3) |       \
     PLACE(byte, 4) | PLACE(byte, 5) | PLACE(byte, 6) | PLACE(byte, 7))
#define PLACES_4(byte)                                                         \
    PLACES(byte), PLACES((byte) + 1), PLACES((byte) + 2), PLACES((byte) + 3)
#define PLACES_16(byte)                                                        \
    PLACES_4(byte), PLACES_4((byte) + 4), PLACES_4((byte) + 8),                \
        PLACES_4((byte) + 12)
#define PLACES_64(byte)                                                        \
    PLACES_16(byte), PLACES_16((byte) + 16), PLACES_16((byte) + 32),           \
        PLACES_16((byte) + 48)

const uint64_t clary_cell_places[256] = {PLACES_64(0), PLACES_64(64),
                                         PLACES_64(128), PLACES_64(192)};

static void find_separators(const char *text, size_t len, char between,
                            char end, struct clary_cell_index *index)
{
    size_t n = 0, n_lines = 0;
    bool has_cr = false;

    for (size_t i = 0; i < len; i++) {
        n_lines += text[i] == end;
        if (text[i] == between || text[i] == end)
            index->at[++n] = (uint16_t)i;
        has_cr |= text[i] == '\r';
    }
    index->at[0] = 0;
    index->n = n;
    index->n_lines = n_lines;
    index->has_cr = has_cr;
}

/* The bytes behind the cell may be read, and the first of them is no part of
 * any number: what is to be read may seem longer than it is, and so is read
 * eight bytes at a time. */
bool clary_cell_number(const char *text, size_t len, float *value)
{
    enum { BEHIND = 16 };
    const char *end;
    double real;

    if (len == 0)
        return false;
    if (clary_scan_short(text, &real) != len &&
        (clary_scan_double(text, text + len + BEHIND, &end, &real) !=
             CLARY_NUMBER_OK ||
         end != text + len))
        return false;
    *value = (float)real;
    return !isinf(*value);
}

static size_t read_cells(const char *text, const uint16_t *before,
                         const uint16_t *end, size_t n, float *values)
{
    size_t i = 0;

    while (i < n &&
           clary_cell_number(text + before[i] + 1,
                             (size_t)(end[i] - before[i] - 1), &values[i]))
        i++;
    return i;
}

const struct clary_cell_kernel clary_cells_scalar = {find_separators,
                                                     read_cells};
