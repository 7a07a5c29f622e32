/* connections.c: a doubly linked list, and when to end what is in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connections.h"

#include "base/clock.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { LATE_MS = 500 };

void connections_init(struct connections *list, int64_t idle_ms)
{
    pthread_mutex_init(&list->mutex, NULL);
    list->first = NULL;
    list->idle_ms = idle_ms;
    list->looked_ms = clary_clock_ms();
    atomic_init(&list->now_ms, 0);
}

void connections_deinit(struct connections *list)
{
    pthread_mutex_destroy(&list->mutex);
}

struct connection *connections_add(struct connections *list, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);

    if (connection == NULL)
        return NULL;
    connection->fd = fd;
    connections_touch(list, connection);
    pthread_mutex_lock(&list->mutex);
    connection->next = list->first;
    if (list->first != NULL)
        list->first->previous = connection;
    list->first = connection;
    pthread_mutex_unlock(&list->mutex);
    return connection;
}

void connections_remove(struct connections *list, struct connection *connection)
{
    pthread_mutex_lock(&list->mutex);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        list->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    pthread_mutex_unlock(&list->mutex);
    free(connection);
}

/* Whether the client has closed its side and all it sent has been read. */
static bool is_at_end(const struct connection *connection)
{
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Whether a request may be on its way in: begun, or its bytes have come. */
static bool is_in_use(const struct connection *connection)
{
    int arrived = 0;
    return atomic_load(&connection->is_busy) ||
           ioctl(connection->fd, FIONREAD, &arrived) != 0 || arrived > 0;
}

/* In the middle of a request its answer would not help any more. Whether it is
 * busy is read first: what begins now is touched before it is busy. */
static void end_if_idle(const struct connections *list,
                        struct connection *connection)
{
    bool is_busy =
        atomic_load_explicit(&connection->is_busy, memory_order_acquire);

    if (atomic_load(&connection->seen_ms) <=
        atomic_load(&list->now_ms) - list->idle_ms)
        shutdown(connection->fd, is_busy ? SHUT_RDWR : SHUT_RD);
}

/* A call that is late, because the machine was, does not count for more than
 * LATE_MS: others may have been as late in touching theirs. */
static void advance(struct connections *list)
{
    int64_t clock_ms = clary_clock_ms(), passed = clock_ms - list->looked_ms;

    list->looked_ms = clock_ms;
    atomic_fetch_add(&list->now_ms, passed < LATE_MS ? passed : LATE_MS);
}

void connections_end(struct connections *list, bool also_idle)
{
    pthread_mutex_lock(&list->mutex);
    for (struct connection *connection = list->first; connection != NULL;
         connection = connection->next) {
        end_if_idle(list, connection);
        if (is_at_end(connection) || (also_idle && !is_in_use(connection)))
            shutdown(connection->fd, SHUT_RD);
    }
    advance(list);
    pthread_mutex_unlock(&list->mutex);
}

void connections_cut(struct connections *list)
{
    pthread_mutex_lock(&list->mutex);
    for (struct connection *connection = list->first; connection != NULL;
         connection = connection->next)
        shutdown(connection->fd, SHUT_RDWR);
    pthread_mutex_unlock(&list->mutex);
}
