/* spin.c: the gap between two requests, against the limit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "spin.h"

#include "base/clock.h"

static bool is_within(const struct spin *spin)
{
    return clary_clock_ns(clary_clock_ticks() - spin->answered) <=
           spin->limit_ns;
}

void spin_request(struct spin *spin)
{
    if (spin->limit_ns > 0)
        spin->is_worth_it = is_within(spin);
}

void spin_answered(struct spin *spin)
{
    if (spin->limit_ns > 0)
        spin->answered = clary_clock_ticks();
}

bool spin_goes_on(const struct spin *spin)
{
    return spin->limit_ns > 0 && spin->is_worth_it && is_within(spin);
}
