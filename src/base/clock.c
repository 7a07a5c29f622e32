/* clock.c: the processor's counter, held against the system's clock once.
 *
 * Tests: tests/unit/test_clock.c. SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#ifdef __x86_64__
#include <cpuid.h>
#endif

enum { CALIBRATION_NS = 200000 };

/* Found once; the globals of this module. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool is_calibrated; /* what follows is valid */
static atomic_bool has_counter;   /* so it is, and the counter is used */
static _Atomic double ns_per_tick = 1;

static uint64_t system_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int64_t clary_clock_ms(void)
{
    return (int64_t)(system_ns() / 1000000);
}

#if defined(__x86_64__)
static uint64_t counter(void)
{
    return __builtin_ia32_rdtsc();
}

/* AMD and Intel: CPUID 8000_0007h, EDX bit 8, "invariant TSC". */
static bool counter_is_steady(void)
{
    unsigned a, b, c, d;

    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1U << 8) != 0;
}
#elif defined(__aarch64__)
static uint64_t counter(void)
{
    uint64_t ticks;

    __asm__ volatile("mrs %0, cntvct_el0" : "=r"(ticks));
    return ticks;
}

static bool counter_is_steady(void)
{
    return true; /* the architecture wants it so */
}
#else
static uint64_t counter(void)
{
    return system_ns();
}

static bool counter_is_steady(void)
{
    return false;
}
#endif

static void hold_against_the_system(void)
{
    uint64_t start_ns, start, now_ns, now;

    if (!counter_is_steady())
        return;
    start_ns = system_ns();
    start = counter();
    do {
        now_ns = system_ns();
        now = counter();
    } while (now_ns - start_ns < CALIBRATION_NS);
    ns_per_tick = (double)(now_ns - start_ns) / (double)(now - start);
    atomic_store_explicit(&has_counter, true, memory_order_release);
}

static void calibrate_now(void)
{
    hold_against_the_system();
    atomic_store_explicit(&is_calibrated, true, memory_order_release);
}

/* The first calls, and all where there is no counter. pthread_once alone costs
 * more than the counter. */
static __attribute__((noinline)) uint64_t other_ticks(void)
{
    if (!atomic_load_explicit(&is_calibrated, memory_order_acquire))
        pthread_once(&once, calibrate_now);
    return has_counter ? counter() : system_ns();
}

uint64_t clary_clock_ticks(void)
{
    if (atomic_load_explicit(&has_counter, memory_order_acquire))
        return counter();
    return other_ticks();
}

/* As signed numbers, because that is one instruction each way. */
uint64_t clary_clock_ns(uint64_t ticks)
{
    double rate = atomic_load_explicit(&ns_per_tick, memory_order_relaxed);

    return (uint64_t)(int64_t)((double)(int64_t)ticks * rate);
}
