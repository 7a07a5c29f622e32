/* http.h: HTTP/1.1 in front of one application.
 *
 * http.c speaks HTTP and nothing else: sockets, framing, keep-alive, threads.
 * What a request means is the application's business (routes.c). For each
 * request the application has an object of its own, which is kept warm and
 * used again: begin, feed (0 to n times), finish, release. An aborted request
 * goes straight to release. All calls for one object come from one thread at
 * a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A request before its body. Pointers live until finish; NULL: no such
 * header. */
struct http_head {
    const char *method;
    const char *path; /* as sent, without the query */
    const char *content_type;
    const char *accept;
    const char *attributes;   /* X-Amzn-SageMaker-Custom-Attributes */
    const char *inference_id; /* X-Amzn-SageMaker-Inference-Id */
    uint64_t length;          /* of the body; 0: none; UINT64_MAX: not
                               * known, it is chunked */
    const char *malformed;    /* what makes its framing unsafe; else NULL */
};

/* An answer. What it points to must live until release. */
struct http_answer {
    unsigned status;
    const char *content_type; /* NULL: none */
    const char *body;
    size_t len;
    const char *allow;      /* NULL: none */
    const char *attributes; /* NULL: none */
};

struct http_app {
    void *context;
    void *(*request_new)(void *context); /* NULL: no memory */
    void (*request_free)(void *request);
    /* False: the answer is known and the body is not wanted. */
    bool (*begin)(void *request, const struct http_head *head);
    /* False: the rest of the body is not wanted. */
    bool (*feed)(void *request, const char *bytes, size_t len);
    /* The body is complete, or was not wanted. */
    void (*finish)(void *request, struct http_answer *answer);
    void (*release)(void *request);
};

struct http_options {
    const char *address;
    int64_t port;
    size_t n_loops; /* event loops, a thread each */
    size_t max_connections;
    unsigned idle_timeout_s;
};

struct http_server;

/* Listens and serves until http_stop. Call with the signals blocked that
 * other threads must not get.
 *
 *   app      is copied; must work until http_stop
 *   errors   CLARY_BAD_INPUT (the address), CLARY_IO, CLARY_NO_MEMORY
 */
enum clary_status http_start(const struct http_options *options,
                             const struct http_app *app,
                             struct http_server **out, struct clary_error *err)
    CLARY_MUST_USE;

int http_port(const struct http_server *server);

/* Stops listening, lets requests in flight finish, closes idle connections,
 * and ends after `grace_ms` at the latest. Returns the connections that had to
 * be cut. */
size_t http_drain(struct http_server *server, int64_t grace_ms);

/* Cuts what is left and frees all. NULL is allowed. */
void http_stop(struct http_server *server);

#endif
