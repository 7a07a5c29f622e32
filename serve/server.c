/* server.c: from a socket that was accepted to the loop that serves it, and the
 * order in which all of it stops.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "server.h"

#include "acceptor.h"
#include "raw_answer.h"
#include "workers.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
    POLL_MS = 5,         /* while draining */
    IDLE_GRACE_MS = 200, /* draining: an idle connection may still bring a
                          * request that was on its way */
    CUT_GRACE_MS = 2000  /* stopping: for the loops to see that their
                          * connections have been cut */
};

struct server {
    struct http_app app;
    struct server_options options;
    struct acceptor *acceptor;
    struct workers *workers;
    struct clary_team team; /* the workers */
    struct http_loop **loops;
    size_t n_loops; /* started */
    size_t turn;    /* of the acceptor's thread */
};

static void pause_ms(int64_t ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

static size_t n_connections(const struct server *server)
{
    size_t n = 0;

    for (size_t i = 0; i < server->n_loops; i++)
        n += http_loop_connections(server->loops[i]);
    return n;
}

static void end_connections(struct server *server, enum http_ending ending)
{
    for (size_t i = 0; i < server->n_loops; i++)
        http_loop_end(server->loops[i], ending);
}

/* --- for the acceptor's thread ------------------------------------------- */

static void refuse_connection(struct server *server, int fd)
{
    static const char body[] = "{\"error\": \"too many connections\"}";
    const struct http_answer answer = {.status = 503,
                                       .content_type = "application/json",
                                       .body = body,
                                       .len = sizeof body - 1,
                                       .retry_after_s = 1};

    if (server->app.connection != NULL)
        server->app.connection(server->app.context, HTTP_CONNECTION_REFUSED);
    raw_answer_send(fd, &answer, "Service Unavailable");
    shutdown(fd, SHUT_WR);
    acceptor_linger(server->acceptor, fd);
}

/* In turn: libmicrohttpd's own pool of threads, which share a listening
 * socket, leaves some of them without work. */
static void take_connection(void *context, int fd)
{
    struct server *server = context;

    if (n_connections(server) >= server->options.max_connections)
        refuse_connection(server, fd);
    else
        http_loop_add(server->loops[server->turn++ % server->n_loops], fd);
}

/* Now and then: connections whose end of file has no edge (http.c). */
static bool watch_connections(void *context)
{
    end_connections(context, HTTP_END_GONE);
    return n_connections(context) > 0;
}

/* --- start and stop ------------------------------------------------------ */

static enum clary_status start_loops(struct server *server,
                                     struct clary_error *err)
{
    const struct http_loop_options options = {
        .app = &server->app,
        .acceptor = server->acceptor,
        .workers = server->workers,
        .max_connections = server->options.max_connections,
        .idle_timeout_s = server->options.idle_timeout_s,
        .spin_ns = server->options.spin_ns,
        .warm_bytes = server->options.warm_bytes,
    };

    server->loops = calloc(server->options.n_loops, sizeof *server->loops);
    if (server->loops == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the server");
    while (server->n_loops < server->options.n_loops) {
        CLARY_TRY(
            http_loop_start(&options, &server->loops[server->n_loops], err));
        server->n_loops++;
    }
    return CLARY_OK;
}

static enum clary_status start_all(struct server *server,
                                   struct clary_error *err)
{
    const struct server_options *options = &server->options;
    const struct acceptor_client client = {server, take_connection,
                                           watch_connections};

    CLARY_TRY(
        acceptor_open(options->address, options->port, &server->acceptor, err));
    CLARY_TRY(workers_start(options->n_loops, &server->workers, err));
    server->team =
        (struct clary_team){options->n_loops, workers_share, server->workers};
    CLARY_TRY(start_loops(server, err));
    return acceptor_start(server->acceptor, &client, err);
}

enum clary_status server_start(const struct server_options *options,
                               const struct http_app *app, struct server **out,
                               struct clary_error *err)
{
    struct server *server = calloc(1, sizeof *server);

    if (server == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the server");
    server->app = *app;
    server->options = *options;
    enum clary_status status = start_all(server, err);
    if (status != CLARY_OK) {
        server_stop(server);
        return status;
    }
    *out = server;
    return CLARY_OK;
}

const struct clary_team *server_team(const struct server *server)
{
    return &server->team;
}

int server_port(const struct server *server)
{
    return acceptor_port(server->acceptor);
}

size_t server_drain(struct server *server, int64_t grace_ms)
{
    int64_t waited_ms = 0;

    /* in this order: whoever is told to close and connects again is refused,
     * not accepted by a socket that is about to go */
    acceptor_refuse(server->acceptor);
    for (size_t i = 0; i < server->n_loops; i++)
        http_loop_drain(server->loops[i]);
    while (n_connections(server) > 0 && waited_ms < grace_ms) {
        end_connections(server, waited_ms >= IDLE_GRACE_MS ? HTTP_END_IDLE
                                                           : HTTP_END_GONE);
        pause_ms(POLL_MS);
        waited_ms += POLL_MS;
    }
    return n_connections(server);
}

void server_stop(struct server *server)
{
    if (server == NULL)
        return;
    if (server->acceptor != NULL)
        acceptor_refuse(server->acceptor);
    /* A loop must not stop while a connection of its is suspended. None is
     * once the workers have stopped and each loop has closed what it had. */
    workers_stop(server->workers);
    for (int64_t ms = 0; n_connections(server) > 0 && ms < CUT_GRACE_MS; ms++) {
        end_connections(server, HTTP_END_ALL);
        pause_ms(1);
    }
    if (server->acceptor != NULL)
        acceptor_stop(server->acceptor);
    for (size_t i = 0; i < server->n_loops; i++)
        http_loop_stop(server->loops[i]);
    acceptor_close(server->acceptor);
    workers_free(server->workers);
    free(server->loops);
    free(server);
}
