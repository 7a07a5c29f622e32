/* exchange.h: the warm objects of requests, and their way to the workers.
 *
 * Each event loop has a pool of its own; only its thread touches it, so there
 * is no lock. An exchange that is with the workers is theirs until `resume` is
 * called.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_EXCHANGE_H
#define SERVE_EXCHANGE_H

#include "deflate.h"
#include "http.h"
#include "http_responses.h"
#include "workers.h"

#include <pthread.h>

struct connection;

/* One request on its way, from the first header to the last byte sent. */
struct exchange {
    struct exchange_pool *pool;
    struct exchange *next;     /* in the free list, or of those put off */
    struct connection *client; /* what it came on */
    void *request;             /* the application's */
    bool is_unwanted;          /* the rest of the body is */
    bool is_packed;            /* the body is compressed */
    size_t unwanted;           /* bytes of it that were read */
    size_t warm_bytes;         /* that it has kept from the request before */
    struct deflater *deflater; /* of an answer with gzip; else NULL */

    void *connection; /* what `resume` is called with */
    bool is_finished; /* `answer` is complete */
    bool was_put_off; /* the answer was */
    struct http_answer answer;
    struct http_responses responses; /* kept from one request to the next */

    /* of a heavy request */
    bool is_heavy;
    bool is_last;    /* the turn that it is sent for finishes it */
    bool is_dropped; /* nobody waits for the answer any more */
    int fd;          /* its client's socket */
    struct work work;
    char *inbox; /* HTTP_PIECE_BYTES; NULL: it was never heavy */
    size_t inbox_len;
    size_t turn_bytes; /* with so much a turn begins */
};

/* Begin with zeros, `app`, `max_warm_bytes`, and `resume` with what it needs if
 * exchanges can be suspended; then exchange_pool_init. */
struct exchange_pool {
    const struct http_app *app;
    struct workers *workers; /* NULL: there are none */
    size_t max_warm_bytes;
    /* Any thread: the exchange is the loop's again. */
    void (*resume)(void *context, void *connection);
    void *context;
    pthread_mutex_t mutex;    /* over put_off */
    struct exchange *put_off; /* suspended, with their answers complete */
    struct exchange *free;
    size_t n_free;
    size_t warm_bytes; /* at most max_warm_bytes, or one exchange's, however
                        * large; of all exchanges, those in use as well: a
                        * request that is refused still has what the one before
                        * it kept */
};

void exchange_pool_init(struct exchange_pool *pool);

/* A warm exchange, or a new one. NULL: no memory. */
struct exchange *exchange_acquire(struct exchange_pool *pool);

/* Keeps it, suspended, until the next exchange_pool_resume. */
void exchange_put_off(struct exchange *exchange, void *connection);

/* Any thread. */
void exchange_pool_resume(struct exchange_pool *pool);

/* Makes it a heavy one. False: no memory. */
bool exchange_prepare(struct exchange *exchange, size_t turn_bytes, int fd,
                      void *connection);

/* Keeps bytes of the body for the next turn. Returns how many; fewer than
 * `len` when the inbox is full. */
size_t exchange_gather(struct exchange *exchange, const char *bytes,
                       size_t len);

/* Sends it to the workers, who feed what was gathered and, `is_last`, finish.
 * It must be suspended already; false: the workers have stopped, and it is
 * dropped. */
bool exchange_send(struct exchange *exchange, bool is_last);

/* `answer` is complete from here on. */
void exchange_finish(struct exchange *exchange);

/* The request is over. NULL is not allowed. */
void exchange_release(struct exchange *exchange);

/* Frees what is in the free list. Nothing may be put off. */
void exchange_pool_deinit(struct exchange_pool *pool);

#endif
