/* metrics_histogram.c: buckets of times.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_histogram.h"

enum {
    PADDING = 3,       /* bounds that nothing passes */
    FIRST_OCTAVE = 7,  /* 128 ns: two bounds are below it */
    LAST_OCTAVE = 40,  /* 1100 s: all of them are */
    BOUNDS_BELOW = -19 /* 3 * octave and this are below 1 << octave */
};

/* A decade from ten times `unit` on. */
#define DECADE(unit)                                                           \
    10 * (unit), 12 * (unit), 15 * (unit), 20 * (unit), 25 * (unit),           \
        30 * (unit), 40 * (unit), 50 * (unit), 60 * (unit), 80 * (unit)

static const uint64_t bounds[HISTOGRAM_BOUNDS + PADDING] = {
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
    UINT64_C(1000000000000),
    UINT64_MAX,
    UINT64_MAX,
    UINT64_MAX};

uint64_t histogram_bound_ns(size_t index)
{
    return bounds[index];
}

/* Ten bounds a decade are three an octave, since 1024 is nearly 1000, and stay
 * so over all of them. */
size_t histogram_bucket(uint64_t ns)
{
    int octave = ns > 0 ? 63 - __builtin_clzll(ns) : 0;
    int below = 0;

    if (octave > LAST_OCTAVE)
        octave = LAST_OCTAVE;
    if (octave >= FIRST_OCTAVE)
        below = 3 * octave + BOUNDS_BELOW;
    size_t i = (size_t)below;
    return i + (bounds[i] < ns) + (bounds[i + 1] < ns) + (bounds[i + 2] < ns);
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
