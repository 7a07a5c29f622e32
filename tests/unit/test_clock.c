/* test_clock.c: the cheap clock goes as fast as the system's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "tests/test.h"

#include <pthread.h>
#include <time.h>

static double system_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

TEST(rate)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    double before = system_ns();
    uint64_t start = clary_clock_ticks();
    double after = system_ns();

    nanosleep(&pause, NULL);
    double least = system_ns() - after;
    uint64_t ns = clary_clock_ns(clary_clock_ticks() - start);
    double most = system_ns() - before;
    CHECK((double)ns > least * 0.98 - 1000);
    CHECK((double)ns < most * 1.02 + 1000);
    CHECK(ns >= 19600000);
}

TEST(no_ticks)
{
    CHECK_INT(clary_clock_ns(0), 0);
}

static void *go_forward(void *unused)
{
    uint64_t last = clary_clock_ticks();

    (void)unused;
    for (int i = 0; i < 100000; i++) {
        uint64_t now = clary_clock_ticks();
        if (!CHECK(now >= last))
            break;
        last = now;
    }
    return NULL;
}

TEST(threads_never_go_back)
{
    pthread_t threads[3];

    for (int i = 0; i < 3; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, go_forward, NULL), 0);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
}
