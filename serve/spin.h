/* spin.h: when an event loop looks for the next request without going to sleep.
 *
 * To wake up costs some microseconds, on virtual machines tens of them. A loop
 * whose last request came soon after the one before looks again and again for
 * as long; one that would wait in vain sleeps at once, so that an idle server
 * takes no time.
 *
 * threads: the loop's alone. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_SPIN_H
#define SERVE_SPIN_H

#include <stdbool.h>
#include <stdint.h>

struct spin {
    uint64_t limit_ns; /* 0: never */
    bool is_worth_it;  /* the last request came within the limit */
    uint64_t answered; /* when the last answer was sent: ticks */
};

/* A request has come. */
void spin_request(struct spin *spin);

/* It is over. */
void spin_answered(struct spin *spin);

/* Whether to look once more before going to sleep. */
bool spin_goes_on(const struct spin *spin);

#endif
