/* http_loop.h: an event loop, for the files that use libmicrohttpd.
 *
 * A loop is a thread with a daemon of libmicrohttpd, which has an epoll set:
 *     mailbox       where other threads put new connections
 *     connections   all of them, so that idle ones and those of clients who
 *                   have gone can be found
 *     exchanges     the warm objects of finished requests
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HTTP_LOOP_H
#define SERVE_HTTP_LOOP_H

#include "acceptor.h"
#include "connections.h"
#include "exchange.h"
#include "mailbox.h"
#include "spin.h"

#include <pthread.h>
#include <stdatomic.h>

struct http_loop {
    struct MHD_Daemon *daemon; /* only its thread's */
    pthread_t thread;
    bool has_thread, has_mailbox;
    struct mailbox mailbox; /* sockets for the daemon, and calls to look */
    struct acceptor *acceptor;
    struct connections connections;
    struct exchange_pool exchanges;
    struct spin spin;
    unsigned idle_timeout_s;
    atomic_size_t n_connections;
    atomic_bool is_draining, is_stopped;
};

#endif
