/* exchange.h: the warm objects of requests.
 *
 * Each event loop has a pool of its own; only its thread touches it, so there
 * is no lock.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include "http.h"

/* One request on its way, from the first header to the last byte sent. */
struct exchange {
    struct exchange_pool *pool;
    struct exchange *next; /* in the free list */
    void *request;         /* the application's */
    bool is_unwanted;      /* the rest of the body is */
    size_t unwanted;       /* bytes of it that were read */
};

/* Begin with zeros and `app`. */
struct exchange_pool {
    const struct http_app *app;
    struct exchange *free;
    size_t n_free;
};

/* A warm exchange, or a new one. NULL: no memory. */
struct exchange *exchange_acquire(struct exchange_pool *pool);

/* The request is over. NULL is not allowed. */
void exchange_release(struct exchange *exchange);

/* Frees what is in the free list. */
void exchange_pool_deinit(struct exchange_pool *pool);

#endif
