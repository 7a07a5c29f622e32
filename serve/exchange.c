/* exchange.c: a free list with limits on its length and on the bytes in it, so
 * that a burst of requests does not keep its memory for ever; and what a worker
 * does with an exchange.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_EXCHANGES = 64 };

static void exchange_free(struct exchange *exchange)
{
    http_responses_deinit(&exchange->responses);
    exchange->pool->app->request_free(exchange->request);
    free(exchange->inbox);
    free(exchange);
}

static struct exchange *exchange_new(struct exchange_pool *pool)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange == NULL)
        return NULL;
    exchange->pool = pool;
    exchange->request = pool->app->request_new(pool->app->context);
    if (exchange->request == NULL) {
        free(exchange);
        return NULL;
    }
    return exchange;
}

void exchange_pool_init(struct exchange_pool *pool)
{
    pthread_mutex_init(&pool->mutex, NULL);
}

struct exchange *exchange_acquire(struct exchange_pool *pool)
{
    struct exchange *exchange = pool->free;

    if (exchange == NULL)
        return exchange_new(pool);
    pool->free = exchange->next;
    pool->n_free--;
    exchange->is_unwanted = exchange->is_packed = exchange->is_heavy = false;
    exchange->is_finished = exchange->was_put_off = false;
    exchange->unwanted = 0;
    return exchange;
}

void exchange_finish(struct exchange *exchange)
{
    if (exchange->is_finished)
        return;
    exchange->pool->app->finish(exchange->request, &exchange->answer);
    exchange->is_finished = true;
}

void exchange_put_off(struct exchange *exchange, void *connection)
{
    struct exchange_pool *pool = exchange->pool;

    exchange->was_put_off = true;
    exchange->connection = connection;
    pthread_mutex_lock(&pool->mutex);
    exchange->next = pool->put_off;
    pool->put_off = exchange;
    pthread_mutex_unlock(&pool->mutex);
}

void exchange_pool_resume(struct exchange_pool *pool)
{
    pthread_mutex_lock(&pool->mutex);
    struct exchange *exchange = pool->put_off;
    pool->put_off = NULL;
    pthread_mutex_unlock(&pool->mutex);
    while (exchange != NULL) {
        struct exchange *next = exchange->next; /* it may be gone at once */
        pool->resume(pool->context, exchange->connection);
        exchange = next;
    }
}

/* --- heavy requests ------------------------------------------------------ */

/* Its own end of file does not say that a client has gone: it may only have
 * said all. While others wait for the worker that is not believed. */
static bool is_abandoned(const struct exchange *exchange, bool others_wait)
{
    struct pollfd client = {.fd = exchange->fd, .events = POLLRDHUP};

    if (poll(&client, 1, 0) <= 0)
        return false;
    return (client.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0 ||
           (others_wait && (client.revents & POLLRDHUP) != 0);
}

static struct exchange *exchange_of(struct work *work)
{
    return (struct exchange *)((char *)work - offsetof(struct exchange, work));
}

static void run(struct work *work, bool others_wait)
{
    struct exchange *exchange = exchange_of(work);
    const struct http_app *app = exchange->pool->app;

    exchange->is_dropped = is_abandoned(exchange, others_wait);
    if (!exchange->is_dropped && exchange->inbox_len > 0)
        exchange->is_unwanted =
            !app->feed(exchange->request, exchange->inbox, exchange->inbox_len);
    exchange->inbox_len = 0;
    if (!exchange->is_dropped && exchange->is_last)
        exchange_finish(exchange);
    exchange->pool->resume(exchange->pool->context, exchange->connection);
}

static void cancel(struct work *work)
{
    struct exchange *exchange = exchange_of(work);

    exchange->is_dropped = true;
    exchange->pool->resume(exchange->pool->context, exchange->connection);
}

bool exchange_prepare(struct exchange *exchange, size_t turn_bytes, int fd,
                      void *connection)
{
    if (exchange->inbox == NULL)
        exchange->inbox = malloc(HTTP_PIECE_BYTES);
    if (exchange->inbox == NULL)
        return false;
    exchange->is_heavy = true;
    exchange->is_dropped = false;
    exchange->fd = fd;
    exchange->connection = connection;
    exchange->work = (struct work){.run = run, .cancel = cancel};
    exchange->inbox_len = 0;
    exchange->turn_bytes =
        turn_bytes < HTTP_PIECE_BYTES ? turn_bytes : HTTP_PIECE_BYTES;
    return true;
}

size_t exchange_gather(struct exchange *exchange, const char *bytes, size_t len)
{
    size_t room = exchange->turn_bytes - exchange->inbox_len;
    size_t n = len < room ? len : room;

    memcpy(exchange->inbox + exchange->inbox_len, bytes, n);
    exchange->inbox_len += n;
    return n;
}

bool exchange_send(struct exchange *exchange, bool is_last)
{
    exchange->is_last = is_last;
    return workers_submit(exchange->pool->workers, &exchange->work);
}

void exchange_release(struct exchange *exchange)
{
    struct exchange_pool *pool = exchange->pool;

    deflater_free(exchange->deflater);
    exchange->deflater = NULL;
    size_t bytes = sizeof *exchange + pool->app->release(exchange->request) +
                   (exchange->inbox != NULL ? HTTP_PIECE_BYTES : 0);
    pool->warm_bytes -= exchange->warm_bytes;
    if (pool->n_free == WARM_EXCHANGES ||
        (pool->warm_bytes > 0 &&
         pool->warm_bytes + bytes > pool->max_warm_bytes)) {
        exchange_free(exchange);
        return;
    }
    pool->warm_bytes += bytes;
    exchange->warm_bytes = bytes;
    exchange->next = pool->free;
    pool->free = exchange;
    pool->n_free++;
}

void exchange_pool_deinit(struct exchange_pool *pool)
{
    while (pool->free != NULL) {
        struct exchange *exchange = pool->free;
        pool->free = exchange->next;
        exchange_free(exchange);
    }
    pthread_mutex_destroy(&pool->mutex);
}
