/* connections.c: a doubly linked list, and when to end what is in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "connections.h"

#include "base/clock.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

void connections_init(struct connections *list, int64_t idle_ms)
{
    pthread_mutex_init(&list->mutex, NULL);
    list->first = NULL;
    list->idle_ms = idle_ms;
    atomic_init(&list->now_ms, clary_clock_ms());
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
    pthread_mutex_lock(&list->mutex);
    atomic_store(&list->now_ms, clary_clock_ms()); /* after a time without */
    connections_touch(list, connection);
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

void connections_touch(const struct connections *list,
                       struct connection *connection)
{
    atomic_store_explicit(
        &connection->seen_ms,
        atomic_load_explicit(&list->now_ms, memory_order_relaxed),
        memory_order_relaxed);
}

void connections_untime(struct connection *connection)
{
    atomic_store_explicit(&connection->seen_ms, CONNECTION_UNTIMED,
                          memory_order_relaxed);
}

/* In the middle of a request its answer would not help any more. */
static void end_idle(const struct connection *connection)
{
    shutdown(connection->fd,
             atomic_load(&connection->is_busy) ? SHUT_RDWR : SHUT_RD);
}

/* A connection that was touched since the last call has its now_ms, so that
 * one is never called idle because this call was late. */
void connections_end(struct connections *list, bool also_idle)
{
    pthread_mutex_lock(&list->mutex);
    int64_t before_ms = atomic_load(&list->now_ms);
    for (struct connection *connection = list->first; connection != NULL;
         connection = connection->next) {
        if (is_at_end(connection) || (also_idle && !is_in_use(connection)))
            shutdown(connection->fd, SHUT_RD);
        else if (atomic_load(&connection->seen_ms) <= before_ms - list->idle_ms)
            end_idle(connection);
    }
    atomic_store(&list->now_ms, clary_clock_ms());
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
