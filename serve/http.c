/* http.c: the user of libmicrohttpd, with http_head.c and http_answer.c.
 *
 * A loop is a thread with a daemon of libmicrohttpd, which has an epoll set:
 *     mailbox       where other threads put new connections
 *     connections   all of them, so that idle ones and those of clients who
 *                   have gone can be found
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
 *   - after every request it clears the whole connection pool, so that is
 *     16 KiB however large bodies are;
 *   - its own thread takes events 128 at a time and waits for more after a
 *     full turn, so that 128 clients who all wait for it would wait for ever
 *     (seen with 0.9.75, and 1.0.1 reads the same): hence `run`, where it
 *     waits only while there cannot be so many events;
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
#include "http_answer.h"
#include "http_head.h"
#include "mailbox.h"
#include "raw_answer.h"
#include "spin.h"
#include "turns.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    POOL_BYTES = 2 * HTTP_PIECE_BYTES,
    FEW_CONNECTIONS = 125, /* with two more events, fewer than a full turn */
    LONG_BYTES = 65536,    /* of an answer that may be long on its way */
    READ_ON_BYTES = 65536, /* an unwanted body up to this long is read, so
                            * that its connection can be used again */
    CUT_BYTES = 64 << 20,  /* of an unwanted rest are read before its
                            * connection is cut */
    PACKED_BYTES = 2048,   /* a piece of a compressed body: what it holds
                            * is several times as much */
};

struct http_loop {
    struct MHD_Daemon *daemon; /* only its thread's */
    pthread_t thread;
    bool has_thread, has_mailbox;
    struct mailbox mailbox; /* sockets for the daemon, and calls to look */
    struct acceptor *acceptor;
    struct connections connections;
    struct exchange_pool exchanges;
    struct spin spin;
    struct turns turns;
    unsigned idle_timeout_s;
    atomic_size_t n_connections;
    atomic_bool is_draining, is_stopped;
};

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
    exchange->client = connection;
    connections_touch(&loop->connections, connection);
    atomic_store_explicit(&connection->is_busy, true, memory_order_release);
    exchange->is_packed = head->content_encoding != NULL;
    exchange->is_unwanted = !app->begin(exchange->request, head);
    if (!exchange->is_unwanted) {
        size_t turn_bytes =
            app->turn_bytes != NULL && loop->exchanges.workers != NULL
                ? app->turn_bytes(exchange->request)
                : 0;
        return turn_bytes == 0 || exchange_prepare(exchange, turn_bytes,
                                                   connection->fd, mhd)
                   ? MHD_YES
                   : MHD_NO;
    }
    /* Before the body: whoever waits for 100 Continue need not send it, and
     * a long one is not worth reading. */
    if (head->malformed == NULL && head->length <= READ_ON_BYTES &&
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND,
                                    MHD_HTTP_HEADER_EXPECT) == NULL)
        return MHD_YES;
    connection->must_linger = true;
    return http_answer_queue(mhd, exchange, true);
}

/* In the middle of a body nothing has been written to the socket but perhaps
 * a whole 100 Continue, so the answer can go there directly. */
static enum MHD_Result answer_and_cut(struct exchange *exchange)
{
    struct connection *connection = exchange->client;

    exchange_finish(exchange);
    raw_answer_send(connection->fd, &exchange->answer,
                    MHD_get_reason_phrase_for(exchange->answer.status));
    connection->must_linger = true;
    return MHD_NO;
}

/* Any thread. Perhaps the client has to send more, and no callback tells. */
static void resume(void *argument, void *mhd)
{
    struct http_loop *loop = argument;

    connections_touch(&loop->connections, connection_of(mhd));
    MHD_resume_connection(mhd);
    mailbox_wake(&loop->mailbox);
}

/* Until `resume` it is not the client who is slow. */
static void suspend(struct MHD_Connection *mhd, const struct exchange *exchange)
{
    connections_untime(exchange->client);
    MHD_suspend_connection(mhd);
}

/* Lets the loop's other connections have a turn. */
static void yield(struct MHD_Connection *mhd, const struct exchange *exchange)
{
    suspend(mhd, exchange);
    resume(exchange->pool->context, mhd);
}

/* `*len` becomes what is left for another turn. */
static enum MHD_Result take_piece(struct http_loop *loop,
                                  struct MHD_Connection *mhd,
                                  struct exchange *exchange, const char *bytes,
                                  size_t *len)
{
    const struct http_app *app = loop->exchanges.app;
    size_t piece = *len;

    if (exchange->is_unwanted) {
        *len = 0;
        exchange->unwanted += piece;
        return exchange->unwanted <= CUT_BYTES ? MHD_YES
                                               : answer_and_cut(exchange);
    }
    if (exchange->is_packed && piece > PACKED_BYTES) {
        piece = PACKED_BYTES;
        yield(mhd, exchange);
    }
    *len -= piece;
    connections_untime(exchange->client);
    exchange->is_unwanted = !app->feed(exchange->request, bytes, piece);
    connections_touch(&loop->connections, exchange->client);
    return MHD_YES;
}

/* The same for a heavy request; `*len` 0: the body is complete. */
static enum MHD_Result take_heavy_piece(struct MHD_Connection *mhd,
                                        struct exchange *exchange,
                                        const char *bytes, size_t *len)
{
    bool is_last = *len == 0;

    if (!is_last) {
        *len -= exchange_gather(exchange, bytes, *len);
        if (exchange->inbox_len < exchange->turn_bytes)
            return MHD_YES;
    }
    suspend(mhd, exchange);
    if (!exchange_send(exchange, is_last)) {
        exchange->is_dropped = true;
        resume(exchange->pool->context, mhd);
    }
    return MHD_YES;
}

static bool is_suspended(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
    return info != NULL && info->suspended == MHD_YES;
}

/* No callback tells how far a long answer has come: its connection stays
 * without a time of ours, and libmicrohttpd, which sees each byte, has one. */
static void leave_to_libmicrohttpd(const struct http_loop *loop,
                                   struct MHD_Connection *mhd)
{
    (void)MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                                    loop->idle_timeout_s);
}

/* libmicrohttpd comes back in the next turn to a request without an answer. */
static bool waits_a_turn(const struct http_loop *loop,
                         struct exchange *exchange)
{
    if (exchange->has_waited || exchange->is_finished)
        return false;
    exchange->has_waited = true;
    return turns_are_shared(&loop->turns);
}

static enum MHD_Result answer(struct http_loop *loop,
                              struct MHD_Connection *mhd,
                              struct exchange *exchange)
{
    if (exchange->answer.len > LONG_BYTES)
        leave_to_libmicrohttpd(loop, mhd);
    else
        connections_touch(&loop->connections, exchange->client);
    return http_answer_queue(mhd, exchange, atomic_load(&loop->is_draining));
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
        spin_request(&loop->spin);
        turns_request(&loop->turns);
        http_head_read(mhd, method, path, version, &head);
        return begin(loop, mhd, &head, context);
    }
    if ((exchange->is_heavy || exchange->is_packed) && is_suspended(mhd))
        return MHD_YES; /* the next chunk: after this one */
    connections_touch(&loop->connections, exchange->client);
    if (exchange->is_heavy && exchange->is_dropped)
        return MHD_NO;
    if (exchange->is_heavy && !exchange->is_unwanted && !exchange->is_finished)
        return take_heavy_piece(mhd, exchange, bytes, len);
    if (*len > 0)
        return take_piece(loop, mhd, exchange, bytes, len);
    if (waits_a_turn(loop, exchange))
        return MHD_YES;
    connections_untime(exchange->client);
    exchange_finish(exchange);
    if (exchange->answer.is_excess && !exchange->was_put_off) {
        suspend(mhd, exchange);
        exchange_put_off(exchange, mhd);
        return MHD_YES;
    }
    return answer(loop, mhd, exchange);
}

/* After it a response is freed and not read any more. */
static void on_completed(void *argument, struct MHD_Connection *mhd,
                         void **context, enum MHD_RequestTerminationCode code)
{
    struct http_loop *loop = argument;
    struct exchange *exchange = *context;

    (void)code;
    spin_answered(&loop->spin);
    if (exchange == NULL) /* it was refused before `begin` */
        return;
    if (exchange->answer.len > LONG_BYTES)
        (void)MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    connections_touch(&loop->connections, exchange->client);
    atomic_store_explicit(&exchange->client->is_busy, false,
                          memory_order_release);
    exchange_release(exchange);
    *context = NULL;
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
        if (*context == NULL) /* nobody would ever find it */
            shutdown(info->connect_fd, SHUT_RDWR);
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

static void add_connection(struct http_loop *loop, int fd)
{
    /* it wants the client's address, which nobody asks for */
    const struct sockaddr_in nowhere = {.sin_family = AF_INET};

    if (MHD_add_connection(loop->daemon, fd, (const struct sockaddr *)&nowhere,
                           sizeof nowhere) != MHD_YES)
        atomic_fetch_sub(&loop->n_connections, 1); /* it has closed fd */
}

/* The mailbox wakes the daemon out of its own wait, so that a request needs no
 * system calls but epoll_wait, recv and send: libmicrohttpd passes over events
 * without a pointer. */
static bool listen_to_mailbox(struct http_loop *loop)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    return epoll_ctl(info->epoll_fd, EPOLL_CTL_ADD, loop->mailbox.fds[0],
                     &event) == 0;
}

/* How long the daemon can wait for an event: ms, -1 for ever. */
static int patience_ms(const struct http_loop *loop)
{
    MHD_UNSIGNED_LONG_LONG ms;

    if (MHD_get_timeout(loop->daemon, &ms) != MHD_YES)
        return -1;
    return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void *run(void *argument)
{
    struct http_loop *loop = argument;
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd events = {.fd = info->epoll_fd, .events = POLLIN};
    int fd;

    while (!atomic_load(&loop->is_stopped)) {
        turns_begin(&loop->turns);
        if (atomic_load(&loop->n_connections) <= FEW_CONNECTIONS) {
            MHD_run_wait(loop->daemon, spin_goes_on(&loop->spin) ? 0 : -1);
        } else {
            (void)poll(&events, 1, patience_ms(loop));
            MHD_run(loop->daemon);
        }
        while ((fd = mailbox_take(&loop->mailbox)) >= 0)
            add_connection(loop, fd);
    }
    return NULL;
}

static enum clary_status start(struct http_loop *loop,
                               const struct http_loop_options *options,
                               struct clary_error *err)
{
    if (!mailbox_open(&loop->mailbox))
        return clary_fail(err, CLARY_IO, "cannot start an event loop: %s",
                          strerror(errno));
    loop->has_mailbox = true;
    loop->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0,
        NULL, NULL, on_request, loop, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        loop, MHD_OPTION_NOTIFY_CONNECTION, on_connection, loop,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections,
        MHD_OPTION_END);
    int error = loop->daemon == NULL || !listen_to_mailbox(loop)
                    ? errno
                    : pthread_create(&loop->thread, NULL, run, loop);
    loop->has_thread = loop->daemon != NULL && error == 0;
    if (!loop->has_thread)
        return clary_fail(err, CLARY_IO, "cannot start an event loop: %s",
                          strerror(error));
    return CLARY_OK;
}

enum clary_status http_loop_start(const struct http_loop_options *options,
                                  struct http_loop **out,
                                  struct clary_error *err)
{
    struct http_loop *loop = calloc(1, sizeof *loop);

    if (loop == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for an event loop");
    loop->acceptor = options->acceptor;
    loop->exchanges =
        (struct exchange_pool){.app = options->app,
                               .workers = options->workers,
                               .max_warm_bytes = options->warm_bytes,
                               .resume = resume,
                               .context = loop};
    connections_init(&loop->connections,
                     (int64_t)options->idle_timeout_s * 1000);
    loop->idle_timeout_s = options->idle_timeout_s;
    loop->spin.limit_ns = options->spin_ns;
    exchange_pool_init(&loop->exchanges);
    enum clary_status status = start(loop, options, err);
    if (status != CLARY_OK) {
        http_loop_stop(loop);
        return status;
    }
    *out = loop;
    return CLARY_OK;
}

void http_loop_add(struct http_loop *loop, int fd)
{
    atomic_fetch_add(&loop->n_connections, 1);
    if (!mailbox_send(&loop->mailbox, fd)) {
        close(fd);
        atomic_fetch_sub(&loop->n_connections, 1);
    }
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
    exchange_pool_resume(&loop->exchanges);
    if (ending == HTTP_END_ALL)
        connections_cut(&loop->connections);
    else
        connections_end(&loop->connections, ending == HTTP_END_IDLE);
}

void http_loop_stop(struct http_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->has_thread) {
        atomic_store(&loop->is_stopped, true);
        mailbox_wake(&loop->mailbox);
        pthread_join(loop->thread, NULL);
    }
    if (loop->daemon != NULL)
        MHD_stop_daemon(loop->daemon);
    if (loop->has_mailbox)
        mailbox_close(&loop->mailbox);
    exchange_pool_deinit(&loop->exchanges);
    connections_deinit(&loop->connections);
    free(loop);
}
