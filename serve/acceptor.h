/* acceptor.h: the listening socket and the thread that serves it.
 *
 * Accepts connections and hands them on; it never waits for anything else, so
 * a connection is accepted at once however busy the machine is. It also ends
 * connections politely: a socket that is closed while its client still sends
 * is reset by the kernel, and the client loses the answer that it should have
 * read. Such a socket lingers here, where its input is dropped until the
 * client has read and closed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ACCEPTOR_H
#define SERVE_ACCEPTOR_H

#include <clary/status.h>

#include <stdbool.h>
#include <stdint.h>

struct acceptor;

/* Whom the acceptor works for. Both are called in its thread. */
struct acceptor_client {
    void *context;
    /* Gets each accepted socket: non-blocking, close-on-exec, TCP_NODELAY. It
     * owns it, also when it fails. */
    void (*take)(void *context, int fd);
    /* Called four times a second after a socket was taken, for as long as it
     * returns true. */
    bool (*tick)(void *context);
};

/* Binds and listens; from here on the kernel takes connections.
 *
 *   address  numeric
 *   port     0: a free one (acceptor_port tells)
 *   errors   CLARY_BAD_INPUT (the address), CLARY_IO
 */
enum clary_status acceptor_open(const char *address, int64_t port,
                                struct acceptor **out, struct clary_error *err)
    CLARY_MUST_USE;

int acceptor_port(const struct acceptor *acceptor);

/* Starts the thread. `client` is copied. Errors: CLARY_IO. */
enum clary_status acceptor_start(struct acceptor *acceptor,
                                 const struct acceptor_client *client,
                                 struct clary_error *err) CLARY_MUST_USE;

/* Takes over a socket whose answer has been sent and whose writing side is
 * shut: drops what arrives until the client closes, or for some seconds. Any
 * thread. */
void acceptor_linger(struct acceptor *acceptor, int fd);

/* Hands on what the kernel has already accepted, then stops listening. Returns
 * when that has happened; lingering sockets go on. */
void acceptor_refuse(struct acceptor *acceptor);

/* Ends the thread: its client is called no more. Sockets may still be given to
 * linger. */
void acceptor_stop(struct acceptor *acceptor);

/* Stops it, closes what lingers and frees all. NULL is allowed. */
void acceptor_close(struct acceptor *acceptor);

#endif
