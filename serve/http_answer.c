/* http_answer.c: status, headers and body; plain from the application's memory,
 * or compressed while it is sent.
 *
 * libmicrohttpd calls NOTIFY_COMPLETED before a response's free callback, while
 * the response still reads the body: see response_freed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http_answer.h"

#include "deflate.h"

#include <stdio.h>

enum { GZIP_BLOCK_BYTES = 16384 }; /* of a body, compressed at a time */

/* An exchange is released in exactly two places, of which each request meets
 * one:
 *   - here, once libmicrohttpd no longer reads the answer. That is after
 *     on_completed (http.c), which therefore must leave the exchange alone;
 *   - in on_completed, when no response was queued.
 * The request's context pointer tells whose turn it is: it becomes NULL when
 * the response takes the exchange over. */
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

enum MHD_Result http_answer_queue(struct MHD_Connection *mhd,
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
    add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, it.content_type);
    add_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING,
               it.use_gzip ? "gzip" : NULL);
    add_header(response, MHD_HTTP_HEADER_VARY, it.vary);
    if (it.retry_after_s > 0) {
        snprintf(retry_after, sizeof retry_after, "%u", it.retry_after_s);
        add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, retry_after);
    }
    add_header(response, MHD_HTTP_HEADER_ALLOW, it.allow);
    add_header(response, "X-Amzn-SageMaker-Custom-Attributes", it.attributes);
    if (must_close)
        add_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    enum MHD_Result result = MHD_queue_response(mhd, it.status, response);
    MHD_destroy_response(response);
    return result;
}
