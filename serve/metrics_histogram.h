/* metrics_histogram.h: how long things took, in ten buckets a decade.
 *
 * A bucket's bound belongs to it. The bounds are round numbers, so that a
 * third of them can be published as they are; a percentile read from them is
 * off by 12 % at most.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_METRICS_HISTOGRAM_H
#define SERVE_METRICS_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_A_DECADE = 10,
    HISTOGRAM_DECADES = 10, /* from 100 ns to 1000 s */
    HISTOGRAM_BOUNDS = HISTOGRAM_A_DECADE * HISTOGRAM_DECADES + 1,
    HISTOGRAM_BUCKETS = HISTOGRAM_BOUNDS + 1 /* what is longer */
};

struct histogram {
    uint64_t sum_ns;
    uint64_t n[HISTOGRAM_BUCKETS]; /* not cumulative */
};

/* Upper bound of a bucket but the last; `index` < HISTOGRAM_BOUNDS. */
uint64_t histogram_bound_ns(size_t index);

/* For each octave the first bound that a time in it may not pass. */
extern const uint8_t histogram_octaves[64];

/* The bounds, and some that nothing passes. */
extern const uint64_t histogram_bounds[];

/* The bucket of a time. Ten bounds a decade are three an octave, since 1024 is
 * nearly 1000, and stay so over all of them. */
static inline size_t histogram_bucket(uint64_t ns)
{
    unsigned octave = 63U ^ (unsigned)__builtin_clzll(ns | 1);
    size_t i = histogram_octaves[octave];
    const uint64_t *bounds = &histogram_bounds[i];

    return i + (bounds[0] < ns) + (bounds[1] < ns) + (bounds[2] < ns);
}

uint64_t histogram_count(const struct histogram *histogram);

/* The time in ns that a share of them, 0 to 1, did not exceed; interpolated
 * inside its bucket. 0 when there are none. */
double histogram_percentile(const struct histogram *histogram, double share);

#endif
