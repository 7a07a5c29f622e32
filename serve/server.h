/* server.h: a listening socket, event loops, workers, and their end.
 *
 *   acceptor thread --- in turn ---> one event loop per core
 *                                        |  heavy requests  ^
 *                                        +---> workers -----+
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_SERVER_H
#define SERVE_SERVER_H

#include "http.h"

#include <clary/invoke.h>
#include <clary/status.h>

#include <stddef.h>
#include <stdint.h>

struct server_options {
    const char *address;
    int64_t port;
    size_t n_loops; /* event loops; and as many workers */
    size_t max_connections;
    unsigned idle_timeout_s;
    uint64_t spin_ns;  /* see spin.h; 0: never */
    size_t warm_bytes; /* what finished requests may keep, in each loop */
};

struct server;

/* Listens and serves until server_stop. Call with the signals blocked that
 * other threads must not get.
 *
 *   app      is copied; must work until server_stop
 *   errors   CLARY_BAD_INPUT (the address), CLARY_IO, CLARY_NO_MEMORY
 */
enum clary_status server_start(const struct server_options *options,
                               const struct http_app *app, struct server **out,
                               struct clary_error *err) CLARY_MUST_USE;

/* The workers, for work on one request that can be divided. Lives until
 * server_stop. */
const struct clary_team *server_team(const struct server *server);

int server_port(const struct server *server);

/* Stops listening, lets requests in flight finish, closes idle connections,
 * and ends after `grace_ms` at the latest. Returns the connections that had to
 * be cut. */
size_t server_drain(struct server *server, int64_t grace_ms);

/* Cuts what is left and frees all. NULL is allowed. */
void server_stop(struct server *server);

#endif
