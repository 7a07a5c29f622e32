/* kernel_scalar.c: the specification of every kernel, in portable C.
 *
 * Plain loops with the equation above them. Every other table is tested
 * against this one, bit by bit (tests/unit/test_kernel.c). Being right is its
 * purpose: fmaf is a call on machines whose baseline has no FMA.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <math.h>

/* max(y, floor), where -0.0 is not less than 0.0 and a NaN is less than
 * nothing. All NaNs become one: which of two NaNs an FMA hands on is up to
 * the machine, and the bytes of a row must not be. */
static float finish(float y, float floor)
{
    if (isnan(y))
        return NAN;
    return y < floor ? floor : y;
}

/* y[r][j] = b[j], then y[r][j] = fma(x[r][i], W[i][j], y[r][j]) for i = 0 ..
 * k-1 in order, then the floor. W[i][j] is panels[(j / 16 * k + i) * 16 +
 * j % 16]. */
static void dense(const struct clary_dense *w, const float *x, size_t rows,
                  float *y)
{
    for (size_t r = 0; r < rows; r++) {
        for (size_t j = 0; j < w->n; j++) {
            const float *column = w->panels +
                                  j / CLARY_PANEL * w->k * CLARY_PANEL +
                                  j % CLARY_PANEL;
            float sum = w->bias[j];

            for (size_t i = 0; i < w->k; i++)
                sum = fmaf(x[r * w->k + i], column[i * CLARY_PANEL], sum);
            y[r * w->n + j] = finish(sum, w->floor);
        }
    }
}

const struct clary_kernels clary_kernels_scalar = {"scalar", dense};
