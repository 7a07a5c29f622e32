/* connections.h: the open connections of one event loop.
 *
 * libmicrohttpd has its own list, but does not show it; this one lets other
 * threads find connections to end. Those are ended by shutting their reading
 * side, which makes their own loop read the end of file.
 *
 * threads: any; each list has a lock.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_CONNECTIONS_H
#define SERVE_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct connection {
    struct connection *previous, *next;
    int fd;              /* open for as long as it is in a list */
    atomic_bool is_busy; /* a request has begun and is not completed */
    bool must_linger;    /* answered before its body was read */
};

struct connections {
    pthread_mutex_t mutex;
    struct connection *first;
};

void connections_init(struct connections *list);
void connections_deinit(struct connections *list);

/* A new connection in the list. NULL: no memory. */
struct connection *connections_add(struct connections *list, int fd);

/* Takes it out of the list and frees it. */
void connections_remove(struct connections *list,
                        struct connection *connection);

/* Ends the connections whose clients have gone and, with `also_idle`, those
 * that wait for a request. What is being answered is still sent. */
void connections_end(struct connections *list, bool also_idle);

/* Ends all of them, in both directions and at once. */
void connections_cut(struct connections *list);

#endif
