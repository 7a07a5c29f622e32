/* test_spin.c: which gaps make a loop look again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/spin.h"
#include "tests/test.h"

#include <time.h>

#define LONG  UINT64_C(3600000000000) /* an hour */
#define SHORT 1

/* Two requests, the second of which comes some time after the first is over. */
static void ask_twice(struct spin *spin)
{
    static const struct timespec some_time = {.tv_nsec = 1000000};

    spin_request(spin);
    spin_answered(spin);
    nanosleep(&some_time, NULL);
    spin_request(spin);
    spin_answered(spin);
}

TEST(never)
{
    struct spin spin = {0};

    CHECK(!spin_goes_on(&spin));
    ask_twice(&spin);
    CHECK(!spin_goes_on(&spin));
}

TEST(a_gap_within_the_limit)
{
    struct spin spin = {.limit_ns = LONG};

    ask_twice(&spin);
    CHECK(spin_goes_on(&spin));
    /* until the time is up */
    spin.limit_ns = SHORT;
    CHECK(!spin_goes_on(&spin));
}

TEST(a_longer_gap)
{
    struct spin spin = {.limit_ns = SHORT};

    ask_twice(&spin);
    spin.limit_ns = LONG;
    CHECK(!spin_goes_on(&spin)); /* the last one was not worth waiting for */
    ask_twice(&spin);
    CHECK(spin_goes_on(&spin));
}
