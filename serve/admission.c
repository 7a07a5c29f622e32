/* admission.c: counters that are raised first and looked at then, so that two
 * requests at once cannot both take the last place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "admission.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

enum { LOG_MS = 1000 };

/* Adds `n`; whether that is more than `limit` while there is something else. */
static bool is_over(atomic_uint_least64_t *counter, uint64_t n, uint64_t limit)
{
    uint64_t before = atomic_fetch_add(counter, n);
    return limit > 0 && before > 0 && (before >= limit || n > limit - before);
}

static const char *enter_queue(struct admission *admission,
                               struct ticket *ticket, uint64_t body_bytes)
{
    const struct admission_limits *limits = &admission->limits;

    ticket->is_queued = true;
    ticket->queued_bytes = body_bytes;
    bool is_crowded =
        is_over(&admission->n_queued, 1, limits->max_queue_requests);
    bool is_long =
        is_over(&admission->queued_bytes, body_bytes, limits->max_queue_bytes);
    if (is_crowded)
        return "overloaded: too many requests wait for the model";
    return is_long ? "overloaded: too many bytes wait for the model" : NULL;
}

const char *admission_enter(struct admission *admission, struct ticket *ticket,
                            bool is_queued, uint64_t body_bytes,
                            uint64_t held_bytes)
{
    const char *reason = NULL;

    *ticket = (struct ticket){.is_admitted = true};
    if (is_over(&admission->n_requests, 1, admission->limits.max_requests))
        reason = "overloaded: too many requests at once";
    if (reason == NULL)
        reason = admission_hold(admission, ticket, held_bytes);
    if (reason == NULL && is_queued)
        reason = enter_queue(admission, ticket, body_bytes);
    if (reason != NULL)
        admission_leave(admission, ticket);
    return reason;
}

const char *admission_hold(struct admission *admission, struct ticket *ticket,
                           uint64_t held_bytes)
{
    uint64_t had = ticket->held_bytes;

    ticket->held_bytes = held_bytes;
    if (held_bytes <= had) {
        atomic_fetch_sub(&admission->held_bytes, had - held_bytes);
        return NULL;
    }
    uint64_t before =
        atomic_fetch_add(&admission->held_bytes, held_bytes - had);
    uint64_t limit = admission->limits.max_held_bytes;
    if (limit > 0 && before > had && before + (held_bytes - had) > limit)
        return "overloaded: too many bytes are held by requests";
    return NULL;
}

void admission_refused(struct admission *admission, const char *reason)
{
    int64_t now_ms = clary_clock_ms();
    char count[24];
    int64_t logged_ms = atomic_load(&admission->logged_ms);
    atomic_fetch_add(&admission->n_refused, 1);
    if (now_ms - logged_ms < LOG_MS ||
        !atomic_compare_exchange_strong(&admission->logged_ms, &logged_ms,
                                        now_ms))
        return;
    snprintf(count, sizeof count, "%" PRIu64,
             (uint64_t)atomic_exchange(&admission->n_refused, 0));
    clary_log(CLARY_LOG_WARNING, "overloaded",
              (struct clary_log_field[]){
                  {"requests", count}, {"message", reason}, {NULL, NULL}});
}

void admission_leave(struct admission *admission, struct ticket *ticket)
{
    if (!ticket->is_admitted)
        return;
    atomic_fetch_sub(&admission->n_requests, 1);
    atomic_fetch_sub(&admission->held_bytes, ticket->held_bytes);
    if (ticket->is_queued) {
        atomic_fetch_sub(&admission->n_queued, 1);
        atomic_fetch_sub(&admission->queued_bytes, ticket->queued_bytes);
    }
    *ticket = (struct ticket){0};
}
