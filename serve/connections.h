/* connections.h: the open connections of one event loop.
 *
 * libmicrohttpd has its own list, but does not show it; this one lets other
 * threads find connections to end. Those are ended by shutting their reading
 * side, which makes their own loop read the end of file.
 *
 * They are also what finds idle connections: libmicrohttpd would take 600
 * instructions of locks and clocks for it in each request, a tenth of all that
 * the request takes. Here a request notes when the last look at the list was.
 *
 * threads: any; each list has a lock.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_CONNECTIONS_H
#define SERVE_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct connection {
    struct connection *previous, *next;
    int fd;                       /* open for as long as it is in a list */
    atomic_bool is_busy;          /* a request has begun and is not completed */
    bool must_linger;             /* answered before its body was read */
    atomic_int_least64_t seen_ms; /* the list's now_ms when something happened
                                   * on it; CONNECTION_UNTIMED */
};

#define CONNECTION_UNTIMED INT64_MAX

struct connections {
    pthread_mutex_t mutex;
    struct connection *first;
    int64_t idle_ms;             /* so long may nothing happen on one */
    int64_t looked_ms;           /* when connections_end was last called */
    atomic_int_least64_t now_ms; /* the time for which it has been called */
};

void connections_init(struct connections *list, int64_t idle_ms);
void connections_deinit(struct connections *list);

/* A new connection in the list. NULL: no memory. */
struct connection *connections_add(struct connections *list, int fd);

/* Takes it out of the list and frees it. */
void connections_remove(struct connections *list,
                        struct connection *connection);

/* Something happened on it: its time to be idle begins anew. */
static inline void connections_touch(const struct connections *list,
                                     struct connection *connection)
{
    atomic_store_explicit(
        &connection->seen_ms,
        atomic_load_explicit(&list->now_ms, memory_order_relaxed),
        memory_order_relaxed);
}

/* It may be idle for as long as it likes, until it is touched. */
static inline void connections_untime(struct connection *connection)
{
    atomic_store_explicit(&connection->seen_ms, CONNECTION_UNTIMED,
                          memory_order_relaxed);
}

/* Ends the connections whose clients have gone, those that were idle for too
 * long and, with `also_idle`, those that wait for a request. What is being
 * answered is still sent, but for what was too slow. To be called now and then
 * while there are any: without it none is ever idle. */
void connections_end(struct connections *list, bool also_idle);

/* Ends all of them, in both directions and at once. */
void connections_cut(struct connections *list);

#endif
