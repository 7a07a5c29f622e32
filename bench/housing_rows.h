/* housing_rows.h: rows like those of the California housing data, the same ones
 * each time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BENCH_HOUSING_ROWS_H
#define CLARY_BENCH_HOUSING_ROWS_H

#include <stdint.h>

enum { COLUMNS = 8 };

/* Digits behind the point, as the data has them on the whole. */
static const int decimals[COLUMNS] = {4, 1, 6, 6, 1, 6, 2, 2};

static uint64_t seed = UINT64_C(88172645463325252);

static double uniform(void) /* [0, 1) */
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (double)(seed >> 11) * 0x1p-53;
}

static void make_row(double row[COLUMNS])
{
    row[0] = 0.5 + 9 * uniform();
    row[1] = 1 + (double)(int)(51 * uniform());
    row[2] = 3 + 5 * uniform();
    row[3] = 0.9 + 0.3 * uniform();
    row[4] = 3 + (double)(int)(3000 * uniform());
    row[5] = 1.5 + 3 * uniform();
    row[6] = 32.5 + (double)(int)(900 * uniform()) / 100;
    row[7] = -124.3 + (double)(int)(1000 * uniform()) / 100;
}

#endif
