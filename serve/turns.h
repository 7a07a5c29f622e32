/* turns.h: which requests of an event loop are answered a turn later.
 *
 * A turn takes the events that one epoll_wait has found. libmicrohttpd reads,
 * answers and sends request after request, and the kernel's network code
 * between two predictions drives the code and the weights of one out of the
 * first-level caches. So where several requests come in a turn all of them are
 * read first, and answered in the next, one right after the other:
 * bench/http/limits.py. A request by itself is answered at once, because two
 * more turns are two more system calls.
 *
 * threads: the loop's alone. SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_TURNS_H
#define SERVE_TURNS_H

#include <stdbool.h>

struct turns {
    unsigned n_begun;  /* requests in this turn */
    unsigned n_before; /* in the last one in which there were any */
};

static inline void turns_begin(struct turns *turns)
{
    if (turns->n_begun > 0)
        turns->n_before = turns->n_begun;
    turns->n_begun = 0;
}

static inline void turns_request(struct turns *turns)
{
    turns->n_begun++;
}

/* Whether requests come several at a time. */
static inline bool turns_are_shared(const struct turns *turns)
{
    return turns->n_begun > 1 || turns->n_before > 1;
}

#endif
