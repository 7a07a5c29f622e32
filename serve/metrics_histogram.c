/* metrics_histogram.c: buckets of times.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_histogram.h"

/* The bounds inside a decade, in tenths of where it begins. */
static const uint64_t tenths[HISTOGRAM_A_DECADE] = {10, 12, 15, 20, 25,
                                                    30, 40, 50, 60, 80};

/* Tenths of where each decade begins, in ns; and the end. */
static const uint64_t units[HISTOGRAM_DECADES + 1] = {
    10,       100,       1000,       10000,       100000,      1000000,
    10000000, 100000000, 1000000000, 10000000000, 100000000000};

uint64_t histogram_bound_ns(size_t index)
{
    return units[index / HISTOGRAM_A_DECADE] *
           tenths[index % HISTOGRAM_A_DECADE];
}

size_t histogram_bucket(uint64_t ns)
{
    uint64_t before = ns - 1; /* a bound belongs to the bucket below it */
    size_t decade = 0, step = 0;

    if (ns <= histogram_bound_ns(0))
        return 0;
    if (ns > histogram_bound_ns(HISTOGRAM_BOUNDS - 1))
        return HISTOGRAM_BUCKETS - 1;
    while (before >= units[decade + 1] * 10)
        decade++;
    before /= units[decade];
    for (size_t i = 0; i < HISTOGRAM_A_DECADE; i++)
        step += before >= tenths[i];
    return decade * HISTOGRAM_A_DECADE + step;
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
