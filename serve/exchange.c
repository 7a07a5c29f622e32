/* exchange.c: a free list with a limit, so that a burst of requests does not
 * keep its memory for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "exchange.h"

#include <stdlib.h>

enum { WARM_EXCHANGES = 64 };

static void exchange_free(struct exchange *exchange)
{
    exchange->pool->app->request_free(exchange->request);
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

struct exchange *exchange_acquire(struct exchange_pool *pool)
{
    struct exchange *exchange = pool->free;

    if (exchange == NULL)
        return exchange_new(pool);
    pool->free = exchange->next;
    pool->n_free--;
    exchange->is_unwanted = false;
    exchange->unwanted = 0;
    return exchange;
}

void exchange_release(struct exchange *exchange)
{
    struct exchange_pool *pool = exchange->pool;

    pool->app->release(exchange->request);
    if (pool->n_free == WARM_EXCHANGES) {
        exchange_free(exchange);
        return;
    }
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
}
