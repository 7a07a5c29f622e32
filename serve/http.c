/* http.c: event loops, which use libmicrohttpd with http_request.c.
 *
 * libmicrohttpd 0.9.75 is the API floor. Four of its habits shape this file:
 *   - after every request it clears the whole connection pool, so that is
 *     16 KiB however large bodies are;
 *   - its own thread takes events 128 at a time and waits for more after a
 *     full turn, so that 128 clients who all wait for it would wait for ever
 *     (seen with 0.9.75, and 1.0.1 reads the same): hence `run`, where it
 *     waits only while there cannot be so many events;
 *   - its epoll is edge triggered, and after a short read it waits for the
 *     next edge; when the client's end of file came with the data there is
 *     none: server.c looks for it;
 *   - it believes either Content-Length or Transfer-Encoding and does not mind
 *     both: framing.c does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http.h"

#include "http_loop.h"
#include "http_request.h"

#include <errno.h>
#include <limits.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    POOL_BYTES = 2 * HTTP_PIECE_BYTES,
    FEW_CONNECTIONS = 125 /* with two more events, fewer than a full turn */
};

/* --- connections --------------------------------------------------------- */

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
        NULL, NULL, http_request, loop, MHD_OPTION_NOTIFY_COMPLETED,
        http_request_completed, loop, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, loop, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
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
                               .resume = http_request_resume,
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
