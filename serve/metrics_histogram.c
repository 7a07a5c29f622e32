/* metrics_histogram.c: buckets of times.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_histogram.h"

/* From 128 ns, which two bounds are below, to 1100 s, which all are, it is
 * 3 * octave - 19. */
const uint8_t histogram_octaves[64] = {
    0,   0,   0,   0,   0,   0,   0,   2,   5,   8,   11,  14,  17,
    20,  23,  26,  29,  32,  35,  38,  41,  44,  47,  50,  53,  56,
    59,  62,  65,  68,  71,  74,  77,  80,  83,  86,  89,  92,  95,
    98,  101, 101, 101, 101, 101, 101, 101, 101, 101, 101, 101, 101,
    101, 101, 101, 101, 101, 101, 101, 101, 101, 101, 101, 101};

/* A decade from ten times `unit` on. */
#define DECADE(unit)                                                           \
    10 * (unit), 12 * (unit), 15 * (unit), 20 * (unit), 25 * (unit),           \
        30 * (unit), 40 * (unit), 50 * (unit), 60 * (unit), 80 * (unit)

const uint64_t histogram_bounds[] = {
    DECADE(UINT64_C(10)),
    DECADE(UINT64_C(100)),
    DECADE(UINT64_C(1000)),
    DECADE(UINT64_C(10000)),
    DECADE(UINT64_C(100000)),
    DECADE(UINT64_C(1000000)),
    DECADE(UINT64_C(10000000)),
    DECADE(UINT64_C(100000000)),
    DECADE(UINT64_C(1000000000)),
    DECADE(UINT64_C(10000000000)),
    UINT64_C(1000000000000), /* the last bound */
    UINT64_MAX,
    UINT64_MAX,
    UINT64_MAX};

uint64_t histogram_bound_ns(size_t index)
{
    return histogram_bounds[index];
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        count += histogram->n[i];
    return count;
}

double histogram_percentile(const struct histogram *histogram, double share)
{
    double rank = share * (double)histogram_count(histogram);
    double below = 0;
    size_t i = 0;

    if (histogram_count(histogram) == 0)
        return 0;
    while (i < HISTOGRAM_BUCKETS - 1 &&
           (histogram->n[i] == 0 || below + (double)histogram->n[i] < rank))
        below += (double)histogram->n[i++];
    if (i == HISTOGRAM_BUCKETS - 1) /* it has no upper end */
        return (double)histogram_bound_ns(HISTOGRAM_BOUNDS - 1);
    double low = i > 0 ? (double)histogram_bound_ns(i - 1) : 0;
    double high = (double)histogram_bound_ns(i);
    return low + (high - low) * (rank - below) / (double)histogram->n[i];
}
