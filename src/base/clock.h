/* clock.h: short times, measured for a few nanoseconds each.
 *
 * Ticks are those of the processor's counter where it runs at one rate
 * whatever the processor does (invariant TSC; the generic timer of ARM), else
 * nanoseconds of CLOCK_MONOTONIC, which costs twice to three times as much.
 * They are for statistics: what migrates a virtual machine may bend one.
 *
 * threads: any number at once. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_CLOCK_H
#define CLARY_BASE_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC in milliseconds, for deadlines. */
int64_t clary_clock_ms(void);

/* The first call takes a fifth of a millisecond, to find the rate. */
uint64_t clary_clock_ticks(void);

/* A number of such ticks, a time between two calls, in nanoseconds. */
uint64_t clary_clock_ns(uint64_t ticks);

#endif
