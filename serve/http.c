/* http.c: the only user of libmicrohttpd.
 *
 * A loop is a daemon of libmicrohttpd with epoll and its own thread:
 *     connections   all of them, so that draining can find the idle ones
 *     exchanges     the warm objects of finished requests
 *
 * A body goes to the application piece by piece inside the upload callback;
 * nothing is accumulated. libmicrohttpd takes a response only before the
 * first byte of the body or after the last, so an answer that is known in
 * between waits until the client has sent everything; a client that goes on
 * for too long gets it past libmicrohttpd (answer_and_cut).
 *
 * A heavy request is gathered into its exchange's inbox; a full inbox, or the
 * end of the body, goes to the workers, and meanwhile the connection is
 * suspended. That costs 20 us, more than all of a small request.
 *
 * libmicrohttpd 0.9.75 is the API floor. Five of its habits shape this file:
 *   - it calls NOTIFY_COMPLETED before a response's free callback, while the
 *     response still reads the body: see response_freed;
 *   - after every request it clears the whole connection pool, so that is
 *     16 KiB however large bodies are;
 *   - its epoll is edge triggered, and after a short read it waits for the
 *     next edge; when the client's end of file came with the data there is
 *     none: server.c looks for it;
 *   - it goes on with the chunks of a body that it has already read although
 *     the connection was suspended for the one before: see on_request;
 *   - it believes either Content-Length or Transfer-Encoding and does not mind
 *     both: framing.c does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http.h"

#include "acceptor.h"
#include "connections.h"
#include "exchange.h"
#include "framing.h"
#include "raw_answer.h"
#include "workers.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    POOL_BYTES = 2 * HTTP_PIECE_BYTES,
    READ_ON_BYTES = 65536,    /* an unwanted body up to this long is read, so
                               * that its connection can be used again */
    CUT_BYTES = 64 << 20,     /* of an unwanted rest are read before its
                               * connection is cut */
    PACKED_BYTES = 2048,      /* a piece of a compressed body: what it holds
                               * is several times as much */
    GZIP_BLOCK_BYTES = 16384, /* of an answer, compressed at a time */
};

struct http_loop {
    struct MHD_Daemon *daemon;
    struct acceptor *acceptor;
    struct connections connections;
    struct exchange_pool exchanges;
    pthread_mutex_t mutex;    /* over what follows */
    struct exchange *put_off; /* suspended, with their answers complete */
    atomic_size_t n_connections;
    atomic_bool is_draining;
};

/* --- answering ----------------------------------------------------------- */

/* An exchange is released in exactly two places, of which each request meets
 * one:
 *   - here, once libmicrohttpd no longer reads the answer. That is after
 *     on_completed, which therefore must leave the exchange alone;
 *   - in on_completed, when no response was queued.
 * The request's context pointer tells whose turn it is: `answer` sets it to
 * NULL when the response takes the exchange over. */
static void response_freed(void *exchange)
{
    exchange_release(exchange);
}

static void add_header(struct MHD_Response *response, const char *name,
                       const char *value)
{
    if (value != NULL)
        (void)MHD_add_response_header(response, name, value);
}

static ssize_t read_gzip(void *exchange, uint64_t position, char *to,
                         size_t max)
{
    ssize_t n = deflater_read(((struct exchange *)exchange)->deflater, to, max);

    (void)position;
    if (n > 0)
        return n;
    return n == 0 ? MHD_CONTENT_READER_END_OF_STREAM
                  : MHD_CONTENT_READER_END_WITH_ERROR;
}

/* NULL: no memory. */
static struct MHD_Response *response_to(struct exchange *exchange,
                                        struct http_answer *it)
{
    /* NULL for an empty body would be refused */
    union {
        const char *in;
        void *out;
    } body = {.in = it->len > 0 ? it->body : ""};

    if (it->use_gzip)
        exchange->deflater = deflater_new(it->body, it->len);
    it->use_gzip = exchange->deflater != NULL;
    if (it->use_gzip)
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN,
                                                 GZIP_BLOCK_BYTES, read_gzip,
                                                 exchange, response_freed);
    return MHD_create_response_from_buffer_with_free_callback_cls(
        it->len, body.out, response_freed, exchange);
}

/* Queues the application's answer; the response then owns the exchange. */
static enum MHD_Result answer(struct MHD_Connection *mhd,
                              struct exchange *exchange, void **context,
                              bool must_close)
{
    char retry_after[24];

    exchange_finish(exchange);
    struct http_answer it = exchange->answer;
    struct MHD_Response *response = response_to(exchange, &it);
    if (response == NULL)
        return MHD_NO;
    *context = NULL;
    snprintf(retry_after, sizeof retry_after, "%u", it.retry_after_s);
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, it.content_type);
    add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING,
               it.use_gzip ? "gzip" : NULL);
    add_header(response, MHD_HTTP_HEADER_VARY, it.vary);
    add_header(response, MHD_HTTP_HEADER_RETRY_AFTER,
               it.retry_after_s > 0 ? retry_after : NULL);
    add_header(response, MHD_HTTP_HEADER_ALLOW, it.allow);
    add_header(response, "X-Amzn-SageMaker-Custom-Attributes", it.attributes);
    if (must_close)
        add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(mhd, it.status, response);
    MHD_destroy_response(response);
    return result;
}

/* --- the head of a request ----------------------------------------------- */

static enum MHD_Result read_framing(void *framing, enum MHD_ValueKind kind,
                                    const char *name, const char *value)
{
    (void)kind;
    if (value != NULL)
        framing_add(framing, name, value);
    return MHD_YES;
}

static const char *header(struct MHD_Connection *mhd, const char *name)
{
    return MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, name);
}

static void read_head(struct MHD_Connection *mhd, const char *method,
                      const char *path, const char *version,
                      struct http_head *head)
{
    struct framing framing = {0};

    MHD_get_connection_values(mhd, MHD_HEADER_KIND, read_framing, &framing);
    *head = (struct http_head){
        .method = method,
        .path = path,
        .content_type = header(mhd, MHD_HTTP_HEADER_CONTENT_TYPE),
        .content_encoding = header(mhd, MHD_HTTP_HEADER_CONTENT_ENCODING),
        .accept = header(mhd, MHD_HTTP_HEADER_ACCEPT),
        .accept_encoding = header(mhd, MHD_HTTP_HEADER_ACCEPT_ENCODING),
        .attributes = header(mhd, "X-Amzn-SageMaker-Custom-Attributes"),
        .inference_id = header(mhd, "X-Amzn-SageMaker-Inference-Id"),
        .length = framing_length(&framing),
        .malformed = framing_fault(&framing, version),
    };
}

/* --- libmicrohttpd's callbacks ------------------------------------------- */

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static enum MHD_Result begin(struct http_loop *loop, struct MHD_Connection *mhd,
                             const struct http_head *head, void **context)
{
    const struct http_app *app = loop->exchanges.app;
    struct connection *connection = connection_of(mhd);
    struct exchange *exchange =
        connection != NULL ? exchange_acquire(&loop->exchanges) : NULL;

    if (exchange == NULL)
        return MHD_NO;
    *context = exchange;
    atomic_store(&connection->is_busy, true);
    exchange->is_packed = head->content_encoding != NULL;
    exchange->is_unwanted = !app->begin(exchange->request, head);
    if (!exchange->is_unwanted) {
        bool is_heavy = app->is_heavy != NULL &&
                        loop->exchanges.workers != NULL &&
                        app->is_heavy(exchange->request);
        return !is_heavy || exchange_prepare(exchange, connection->fd, mhd)
                   ? MHD_YES
                   : MHD_NO;
    }
    /* Before the body: whoever waits for 100 Continue need not send it, and
     * a long one is not worth reading. */
    if (head->malformed == NULL && head->length <= READ_ON_BYTES &&
        header(mhd, MHD_HTTP_HEADER_EXPECT) == NULL)
        return MHD_YES;
    connection->must_linger = true;
    return answer(mhd, exchange, context, true);
}

/* In the middle of a body nothing has been written to the socket but perhaps
 * a whole 100 Continue, so the answer can go there directly. */
static enum MHD_Result answer_and_cut(struct MHD_Connection *mhd,
                                      struct exchange *exchange)
{
    struct connection *connection = connection_of(mhd);

    exchange_finish(exchange);
    raw_answer_send(connection->fd, &exchange->answer,
                    MHD_get_reason_phrase_for(exchange->answer.status));
    connection->must_linger = true;
    return MHD_NO;
}

/* Lets the loop's other connections have a turn. */
static void yield(struct MHD_Connection *mhd)
{
    MHD_suspend_connection(mhd);
    MHD_resume_connection(mhd);
}

/* `*len` becomes what is left for another turn. */
static enum MHD_Result take_piece(struct MHD_Connection *mhd,
                                  struct exchange *exchange, const char *bytes,
                                  size_t *len)
{
    const struct http_app *app = exchange->pool->app;
    size_t piece = *len;

    if (exchange->is_unwanted) {
        *len = 0;
        exchange->unwanted += piece;
        return exchange->unwanted <= CUT_BYTES ? MHD_YES
                                               : answer_and_cut(mhd, exchange);
    }
    if (exchange->is_packed && piece > PACKED_BYTES) {
        piece = PACKED_BYTES;
        yield(mhd);
    }
    *len -= piece;
    exchange->is_unwanted = !app->feed(exchange->request, bytes, piece);
    return MHD_YES;
}

static void resume(void *mhd)
{
    MHD_resume_connection(mhd);
}

/* The same for a heavy request; `*len` 0: the body is complete. */
static enum MHD_Result take_heavy_piece(struct MHD_Connection *mhd,
                                        struct exchange *exchange,
                                        const char *bytes, size_t *len)
{
    bool is_last = *len == 0;

    *len -= exchange_gather(exchange, bytes, *len);
    if (!is_last && exchange->inbox_len < HTTP_PIECE_BYTES)
        return MHD_YES;
    MHD_suspend_connection(mhd);
    if (!exchange_send(exchange, is_last)) {
        exchange->is_dropped = true;
        MHD_resume_connection(mhd);
    }
    return MHD_YES;
}

/* The answer is sent after the next http_loop_end. */
static enum MHD_Result put_off(struct http_loop *loop,
                               struct MHD_Connection *mhd,
                               struct exchange *exchange)
{
    exchange->was_put_off = true;
    exchange->connection = mhd;
    MHD_suspend_connection(mhd);
    pthread_mutex_lock(&loop->mutex);
    exchange->next = loop->put_off;
    loop->put_off = exchange;
    pthread_mutex_unlock(&loop->mutex);
    return MHD_YES;
}

static void resume_put_off(struct http_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct exchange *exchange = loop->put_off;
    loop->put_off = NULL;
    pthread_mutex_unlock(&loop->mutex);
    while (exchange != NULL) {
        struct exchange *next = exchange->next; /* it may be gone at once */
        MHD_resume_connection(exchange->connection);
        exchange = next;
    }
}

static bool is_suspended(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
    return info != NULL && info->suspended == MHD_YES;
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *mhd,
                                  const char *path, const char *method,
                                  const char *version, const char *bytes,
                                  size_t *len, void **context)
{
    struct http_loop *loop = argument;
    struct exchange *exchange = *context;

    if (exchange == NULL) {
        struct http_head head;
        read_head(mhd, method, path, version, &head);
        return begin(loop, mhd, &head, context);
    }
    if ((exchange->is_heavy || exchange->is_packed) && is_suspended(mhd))
        return MHD_YES; /* the next chunk: after this one */
    if (exchange->is_heavy && exchange->is_dropped)
        return MHD_NO;
    if (exchange->is_heavy && !exchange->is_unwanted && !exchange->is_finished)
        return take_heavy_piece(mhd, exchange, bytes, len);
    if (*len > 0)
        return take_piece(mhd, exchange, bytes, len);
    exchange_finish(exchange);
    if (exchange->answer.is_excess && !exchange->was_put_off)
        return put_off(loop, mhd, exchange);
    return answer(mhd, exchange, context, atomic_load(&loop->is_draining));
}

static void on_completed(void *loop, struct MHD_Connection *mhd, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct connection *connection = connection_of(mhd);

    (void)loop;
    (void)code;
    if (*context != NULL)
        exchange_release(*context);
    *context = NULL;
    if (connection != NULL)
        atomic_store(&connection->is_busy, false);
}

/* libmicrohttpd closes the socket right after this. */
static void connection_closed(struct http_loop *loop,
                              struct connection *connection)
{
    if (connection->must_linger) {
        int fd = dup(connection->fd);
        if (fd >= 0)
            acceptor_linger(loop->acceptor, fd);
    }
    connections_remove(&loop->connections, connection);
}

static void tell(const struct http_app *app, enum http_connection what)
{
    if (app->connection != NULL)
        app->connection(app->context, what);
}

static void on_connection(void *argument, struct MHD_Connection *mhd,
                          void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct http_loop *loop = argument;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        tell(loop->exchanges.app, HTTP_CONNECTION_OPENED);
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        /* NULL, without memory: begin will refuse its requests */
        *context = connections_add(&loop->connections, info->connect_fd);
        return;
    }
    if (*context != NULL)
        connection_closed(loop, *context);
    tell(loop->exchanges.app, HTTP_CONNECTION_CLOSED);
    atomic_fetch_sub(&loop->n_connections, 1);
}

/* Paths are compared as they were sent. */
static size_t keep_escapes(void *context, struct MHD_Connection *mhd,
                           char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

/* --- the loop ------------------------------------------------------------ */

static void loop_free(struct http_loop *loop)
{
    exchange_pool_deinit(&loop->exchanges);
    connections_deinit(&loop->connections);
    pthread_mutex_destroy(&loop->mutex);
    free(loop);
}

enum clary_status http_loop_start(const struct http_loop_options *options,
                                  struct http_loop **out,
                                  struct clary_error *err)
{
    struct http_loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for an event loop");
    loop->acceptor = options->acceptor;
    loop->exchanges = (struct exchange_pool){
        .app = options->app, .workers = options->workers, .resume = resume};
    connections_init(&loop->connections);
    pthread_mutex_init(&loop->mutex, NULL);
    loop->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
            MHD_ALLOW_SUSPEND_RESUME,
        0, NULL, NULL, on_request, loop, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, loop, MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s, MHD_OPTION_END);
    if (loop->daemon == NULL) {
        loop_free(loop);
        return clary_fail(err, CLARY_IO, "cannot start an event loop: %s",
                          strerror(errno));
    }
    *out = loop;
    return CLARY_OK;
}

void http_loop_add(struct http_loop *loop, int fd,
                   const struct sockaddr *address, socklen_t len)
{
    atomic_fetch_add(&loop->n_connections, 1);
    if (MHD_add_connection(loop->daemon, fd, address, len) != MHD_YES)
        atomic_fetch_sub(&loop->n_connections, 1); /* it has closed fd */
}

size_t http_loop_connections(struct http_loop *loop)
{
    return atomic_load(&loop->n_connections);
}

void http_loop_drain(struct http_loop *loop)
{
    atomic_store(&loop->is_draining, true);
}

void http_loop_end(struct http_loop *loop, enum http_ending ending)
{
    resume_put_off(loop);
    if (ending == HTTP_END_ALL)
        connections_cut(&loop->connections);
    else
        connections_end(&loop->connections, ending == HTTP_END_IDLE);
}

void http_loop_stop(struct http_loop *loop)
{
    if (loop == NULL)
        return;
    MHD_stop_daemon(loop->daemon);
    loop_free(loop);
}
