/* http.c: the only user of libmicrohttpd.
 *
 *   acceptor thread --- MHD_add_connection, in turn ---> one loop per core
 *
 *   loop (an MHD daemon with epoll and its own thread)
 *     connections   all of them, so that draining can find the idle ones
 *     exchanges     the warm objects of finished requests
 *
 * A body goes to the application piece by piece inside the upload callback;
 * nothing is accumulated. libmicrohttpd takes a response only before the
 * first byte of the body or after the last, so an answer that is known in
 * between waits until the client has sent everything; a client that goes on
 * for too long gets it past libmicrohttpd (answer_and_cut).
 *
 * libmicrohttpd 0.9.75 is the API floor. Four of its habits shape this file:
 *   - it calls NOTIFY_COMPLETED before a response's free callback, while the
 *     response still reads the body: see response_freed;
 *   - after every request it clears the whole connection pool, so that is
 *     16 KiB however large bodies are;
 *   - its epoll is edge triggered, and after a short read it waits for the
 *     next edge; when the client's end of file came with the data there is
 *     none: see watch_connections;
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

#include <errno.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    POOL_BYTES = 16 * 1024, /* a piece of a body is at most half of it */
    READ_ON_BYTES = 65536,  /* an unwanted body up to this long is read, so
                             * that its connection can be used again */
    CUT_BYTES = 64 << 20,   /* of an unwanted rest are read before its
                             * connection is cut */
    CUT_ANSWER_BYTES = 2048,
    POLL_MS = 5,        /* while draining */
    IDLE_GRACE_MS = 200 /* draining: an idle connection may still bring a
                         * request that was on its way */
};

struct loop {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    struct connections connections;
    struct exchange_pool exchanges;
};

struct http_server {
    struct http_app app;
    struct http_options options;
    struct acceptor *acceptor;
    struct loop *loops;
    size_t n_loops; /* started */
    size_t turn;    /* of the acceptor's thread */
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

/* Queues the application's answer; the response then owns the exchange. */
static enum MHD_Result answer(struct MHD_Connection *mhd,
                              struct exchange *exchange, void **context,
                              bool must_close)
{
    const struct http_app *app = exchange->pool->app;
    struct http_answer it = {0};

    app->finish(exchange->request, &it);
    /* NULL for an empty body would be refused */
    union {
        const char *in;
        void *out;
    } body = {.in = it.len > 0 ? it.body : ""};
    struct MHD_Response *response =
        MHD_create_response_from_buffer_with_free_callback_cls(
            it.len, body.out, response_freed, exchange);
    if (response == NULL)
        return MHD_NO;
    *context = NULL;
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, it.content_type);
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
        .accept = header(mhd, MHD_HTTP_HEADER_ACCEPT),
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

static enum MHD_Result begin(struct loop *loop, struct MHD_Connection *mhd,
                             const struct http_head *head, void **context)
{
    struct connection *connection = connection_of(mhd);
    struct exchange *exchange =
        connection != NULL ? exchange_acquire(&loop->exchanges) : NULL;

    if (exchange == NULL)
        return MHD_NO;
    *context = exchange;
    atomic_store(&connection->is_busy, true);
    exchange->is_unwanted =
        !exchange->pool->app->begin(exchange->request, head);
    if (!exchange->is_unwanted)
        return MHD_YES;
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
                                      const struct exchange *exchange)
{
    struct connection *connection = connection_of(mhd);
    struct http_answer it = {0};
    char text[CUT_ANSWER_BYTES];

    exchange->pool->app->finish(exchange->request, &it);
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %u %s\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\nConnection: close\r\n\r\n%.*s",
                       it.status, MHD_get_reason_phrase_for(it.status),
                       it.content_type, it.len, (int)it.len, it.body);
    if (len > 0 && (size_t)len < sizeof text)
        (void)!send(connection->fd, text, (size_t)len,
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    connection->must_linger = true;
    return MHD_NO;
}

static enum MHD_Result take_piece(struct MHD_Connection *mhd,
                                  struct exchange *exchange, const char *bytes,
                                  size_t len)
{
    const struct http_app *app = exchange->pool->app;

    if (!exchange->is_unwanted) {
        exchange->is_unwanted = !app->feed(exchange->request, bytes, len);
        return MHD_YES;
    }
    exchange->unwanted += len;
    return exchange->unwanted <= CUT_BYTES ? MHD_YES
                                           : answer_and_cut(mhd, exchange);
}

static enum MHD_Result on_request(void *argument, struct MHD_Connection *mhd,
                                  const char *path, const char *method,
                                  const char *version, const char *bytes,
                                  size_t *len, void **context)
{
    struct loop *loop = argument;

    if (*context == NULL) {
        struct http_head head;
        read_head(mhd, method, path, version, &head);
        return begin(loop, mhd, &head, context);
    }
    if (*len > 0) {
        size_t piece = *len;
        *len = 0;
        return take_piece(mhd, *context, bytes, piece);
    }
    return answer(mhd, *context, context,
                  atomic_load(&loop->server->is_draining));
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
static void connection_closed(struct loop *loop, struct connection *connection)
{
    if (connection->must_linger) {
        int fd = dup(connection->fd);
        if (fd >= 0)
            acceptor_linger(loop->server->acceptor, fd);
    }
    connections_remove(&loop->connections, connection);
}

static void on_connection(void *argument, struct MHD_Connection *mhd,
                          void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct loop *loop = argument;

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        /* NULL, without memory: begin will refuse its requests */
        *context = connections_add(&loop->connections, info->connect_fd);
        return;
    }
    if (*context != NULL)
        connection_closed(loop, *context);
    atomic_fetch_sub(&loop->server->n_connections, 1);
}

/* Paths are compared as they were sent. */
static size_t keep_escapes(void *context, struct MHD_Connection *mhd,
                           char *text)
{
    (void)context;
    (void)mhd;
    return strlen(text);
}

/* --- the server ---------------------------------------------------------- */

/* What a connection over the limit is told. */
static const char full_response[] = "HTTP/1.1 503 Service Unavailable\r\n"
                                    "Content-Type: application/json\r\n"
                                    "Content-Length: 33\r\n"
                                    "Retry-After: 1\r\n"
                                    "Connection: close\r\n\r\n"
                                    "{\"error\": \"too many connections\"}";

static void refuse_connection(struct http_server *server, int fd)
{
    (void)!send(fd, full_response, sizeof full_response - 1,
                MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(fd, SHUT_WR);
    acceptor_linger(server->acceptor, fd);
}

static void take_connection(void *context, int fd,
                            const struct sockaddr *address, socklen_t len)
{
    struct http_server *server = context;
    struct loop *loop = &server->loops[server->turn++ % server->n_loops];

    if (atomic_fetch_add(&server->n_connections, 1) >=
        server->options.max_connections) {
        atomic_fetch_sub(&server->n_connections, 1);
        refuse_connection(server, fd);
    } else if (MHD_add_connection(loop->daemon, fd, address, len) != MHD_YES) {
        atomic_fetch_sub(&server->n_connections, 1); /* it has closed fd */
    }
}

/* Now and then: those whose end of file has no edge. */
static bool watch_connections(void *context)
{
    struct http_server *server = context;

    for (size_t i = 0; i < server->n_loops; i++)
        connections_end(&server->loops[i].connections, false);
    return atomic_load(&server->n_connections) > 0;
}

static enum clary_status loop_start(struct http_server *server,
                                    struct loop *loop, struct clary_error *err)
{
    const struct http_options *options = &server->options;

    loop->server = server;
    loop->exchanges.app = &server->app;
    connections_init(&loop->connections);
    loop->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ITC,
        0, NULL, NULL, on_request, loop, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, loop, MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s, MHD_OPTION_END);
    if (loop->daemon == NULL) {
        connections_deinit(&loop->connections);
        return clary_fail(err, CLARY_IO, "cannot start an event loop: %s",
                          strerror(errno));
    }
    server->n_loops++;
    return CLARY_OK;
}

enum clary_status http_start(const struct http_options *options,
                             const struct http_app *app,
                             struct http_server **out, struct clary_error *err)
{
    struct http_server *server = calloc(1, sizeof *server);
    enum clary_status status;

    if (server == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the server");
    server->app = *app;
    server->options = *options;
    server->loops = calloc(options->n_loops, sizeof *server->loops);
    if (server->loops == NULL)
        status = clary_fail(err, CLARY_NO_MEMORY, "no memory for the server");
    else
        status = acceptor_open(options->address, options->port,
                               &server->acceptor, err);
    for (size_t i = 0; status == CLARY_OK && i < options->n_loops; i++)
        status = loop_start(server, &server->loops[i], err);
    if (status == CLARY_OK)
        status = acceptor_start(server->acceptor,
                                &(struct acceptor_client){
                                    server, take_connection, watch_connections},
                                err);
    if (status != CLARY_OK) {
        http_stop(server);
        return status;
    }
    *out = server;
    return CLARY_OK;
}

int http_port(const struct http_server *server)
{
    return acceptor_port(server->acceptor);
}

size_t http_drain(struct http_server *server, int64_t grace_ms)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    int64_t waited_ms = 0;

    /* in this order: whoever is told to close and connects again is refused,
     * not accepted by a socket that is about to go */
    acceptor_refuse(server->acceptor);
    atomic_store(&server->is_draining, true);
    while (atomic_load(&server->n_connections) > 0 && waited_ms < grace_ms) {
        for (size_t i = 0; i < server->n_loops; i++)
            connections_end(&server->loops[i].connections,
                            waited_ms >= IDLE_GRACE_MS);
        nanosleep(&pause, NULL);
        waited_ms += POLL_MS;
    }
    return atomic_load(&server->n_connections);
}

void http_stop(struct http_server *server)
{
    if (server == NULL)
        return;
    if (server->acceptor != NULL)
        acceptor_refuse(server->acceptor);
    for (size_t i = 0; i < server->n_loops; i++) {
        struct loop *loop = &server->loops[i];
        MHD_stop_daemon(loop->daemon);
        exchange_pool_deinit(&loop->exchanges);
        connections_deinit(&loop->connections);
    }
    acceptor_close(server->acceptor);
    free(server->loops);
    free(server);
}
