/* http.h: HTTP/1.1 in front of one application, in one event loop; server.h
 * runs several.
 *
 * http.c speaks HTTP and nothing else: sockets, framing, keep-alive.
 * What a request means is the application's business (routes.c). For each
 * request the application has an object of its own, which is kept warm and
 * used again: begin, feed (0 to n times), finish, release. An aborted request
 * goes straight to release. All calls for one object come from one thread at
 * a time; begin and release from that of the connection's event loop, feed and
 * finish from there too unless the request is heavy.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HTTP_H
#define SERVE_HTTP_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a body is at most so long. */
enum { HTTP_PIECE_BYTES = 8192 };

/* A request before its body. Pointers live until finish; NULL: no such
 * header. */
struct http_head {
    const char *method;
    const char *path; /* as sent, without the query, scheme and host */
    const char *content_type;
    const char *content_encoding;
    const char *accept;
    const char *accept_encoding;
    const char *attributes;   /* X-Amzn-SageMaker-Custom-Attributes */
    const char *inference_id; /* X-Amzn-SageMaker-Inference-Id */
    const char *json_length;  /* Inference-Header-Content-Length: binary data
                               * follow the JSON */
    uint64_t length;          /* of the body; 0: none; UINT64_MAX: not
                               * known, it is chunked */
    const char *malformed;    /* what makes its framing unsafe; else NULL */
};

/* An answer. What it points to must live until release, and content_type and
 * vary for ever. */
struct http_answer {
    unsigned status;
    const char *content_type; /* NULL: none */
    const char *body;
    size_t len;
    bool use_gzip;          /* for the body, and say so */
    unsigned retry_after_s; /* 0: not said */
    bool is_excess;         /* the client asks for more than can be done: it is
                             * told a little later, or those who ask again at
                             * once would take the time from those who are
                             * being served */
    const char *vary;       /* NULL: none */
    const char *allow;      /* NULL: none */
    const char *attributes; /* NULL: none */
};

/* What became of a connection. */
enum http_connection {
    HTTP_CONNECTION_OPENED,
    HTTP_CONNECTION_CLOSED,
    HTTP_CONNECTION_REFUSED
};

struct http_app {
    void *context;
    /* Any thread. NULL: it does not want to know. */
    void (*connection)(void *context, enum http_connection what);
    void *(*request_new)(void *context); /* NULL: no memory */
    void (*request_free)(void *request);
    /* False: the answer is known and the body is not wanted. */
    bool (*begin)(void *request, const struct http_head *head);
    /* Where feed and finish take too long for an event loop, so that workers
     * call them: how much of the body they are fed in one turn, at most
     * HTTP_PIECE_BYTES. 0: the loop calls them. NULL: it always does. */
    size_t (*turn_bytes)(void *request);
    /* False: the rest of the body is not wanted. */
    bool (*feed)(void *request, const char *bytes, size_t len);
    /* The body is complete, or was not wanted. */
    void (*finish)(void *request, struct http_answer *answer);
    /* The request is over. Returns the bytes that it keeps for the next. */
    size_t (*release)(void *request);
};

struct acceptor;
struct workers;

struct http_loop_options {
    const struct http_app *app; /* must outlive the loop */
    struct acceptor *acceptor;  /* for what lingers */
    struct workers *workers;    /* for heavy requests; NULL: none is heavy */
    size_t max_connections;
    unsigned idle_timeout_s;
    uint64_t spin_ns;  /* see spin.h; 0: never */
    size_t warm_bytes; /* what finished requests may keep for the next ones */
};

/* Which connections to end. */
enum http_ending {
    HTTP_END_GONE, /* those whose clients have gone */
    HTTP_END_IDLE, /* and those that wait for a request */
    HTTP_END_ALL   /* at once, whatever is being sent */
};

/* An event loop in a thread of its own. Call with the signals blocked that
 * other threads must not get. Errors: CLARY_IO, CLARY_NO_MEMORY. */
struct http_loop;
enum clary_status http_loop_start(const struct http_loop_options *options,
                                  struct http_loop **out,
                                  struct clary_error *err) CLARY_MUST_USE;

/* What follows may be called from any thread. */

/* Gives it a connection; it owns the socket from then on. */
void http_loop_add(struct http_loop *loop, int fd);

size_t http_loop_connections(struct http_loop *loop);

/* From now on each answer is the last one of its connection. */
void http_loop_drain(struct http_loop *loop);

/* To be called now and then, four times a second say: also sends the answers
 * that were put off, and is what ends idle connections. */
void http_loop_end(struct http_loop *loop, enum http_ending ending);

/* Ends the thread and frees all; no request may be with the workers. NULL is
 * allowed. */
void http_loop_stop(struct http_loop *loop);

#endif
