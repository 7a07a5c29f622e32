/* admission.h: how much is taken on at once; what is too much is refused
 * before anything is computed for it.
 *
 * Three things are counted over all requests: the requests themselves, the
 * bytes that they hold (their working memory, and their replies, which are kept
 * until they are sent), and, for models that are too slow for an event loop,
 * how much waits for the workers. A
 * request that is alone is never too much: limits on one request are others.
 *
 * threads: any number at once; a ticket belongs to one at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ADMISSION_H
#define SERVE_ADMISSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0: no limit. */
struct admission_limits {
    uint64_t max_requests;
    uint64_t max_held_bytes;
    uint64_t max_queue_requests;
    uint64_t max_queue_bytes; /* of bodies */
};

/* Begin with zeros and the limits. */
struct admission {
    struct admission_limits limits;
    atomic_uint_least64_t n_requests, held_bytes;
    atomic_uint_least64_t n_queued, queued_bytes;
    atomic_uint_least64_t n_refused; /* since the last line about it */
    atomic_int_least64_t logged_ms;  /* when that was */
};

/* What one request counts for. Begin with zeros. */
struct ticket {
    bool is_admitted, is_queued;
    uint64_t held_bytes, queued_bytes;
};

/* Takes a request on.
 *
 *   is_queued     it goes to the workers
 *   body_bytes    as far as it is known
 *   held_bytes    what it will take, as far as that can be said
 *   returns       NULL, or a sentence on what there is too much of
 */
const char *admission_enter(struct admission *admission, struct ticket *ticket,
                            bool is_queued, uint64_t body_bytes,
                            uint64_t held_bytes);

/* It now takes `held_bytes`. As admission_enter; what it returns when that is
 * less than before is NULL. */
const char *admission_hold(struct admission *admission, struct ticket *ticket,
                           uint64_t held_bytes);

/* Logs that a request was refused, once a second at most: a line for each of
 * them would be load on top of the overload. */
void admission_refused(struct admission *admission, const char *reason);

/* The request is over, or was not admitted. */
void admission_leave(struct admission *admission, struct ticket *ticket);

#endif
