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

/* n > 4: b + x w, from b on in order. W[i][j] is
 * panels[(j / 16 * k + i) * 16 + j % 16]. */
static float chain(const struct clary_dense *w, const float *x, size_t j)
{
    const float *column =
        w->panels + j / CLARY_PANEL * w->k * CLARY_PANEL + j % CLARY_PANEL;
    float sum = w->bias[j];

    for (size_t i = 0; i < w->k; i++)
        sum = fmaf(x[i], column[i * CLARY_PANEL], sum);
    return sum;
}

/* n <= 4: b + x w, in 8 parts. W[i][j] is panels[j * ceil(k / 8) * 8 + i]. */
static float dot(const struct clary_dense *w, const float *x, size_t j)
{
    const size_t groups = (w->k + CLARY_DOT_PARTS - 1) / CLARY_DOT_PARTS;
    const float *column = w->panels + j * groups * CLARY_DOT_PARTS;
    float s[CLARY_DOT_PARTS] = {0};

    for (size_t i = 0; i < groups * CLARY_DOT_PARTS; i++)
        s[i % CLARY_DOT_PARTS] =
            fmaf(i < w->k ? x[i] : 0, column[i], s[i % CLARY_DOT_PARTS]);
    return w->bias[j] +
           (((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));
}

static void dense(const struct clary_dense *w, const float *x, size_t rows,
                  float *y)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = 0; j < w->n; j++) {
            const float *row = x + r * w->k;

            y[r * w->n + j] = finish(w->n > CLARY_DOT_COLUMNS ? chain(w, row, j)
                                                              : dot(w, row, j),
                                     w->floor);
        }
}

const struct clary_kernels clary_kernels_scalar = {
    "scalar", dense, clary_blend_scalar, clary_maps_scalar,
    &clary_cells_scalar};
