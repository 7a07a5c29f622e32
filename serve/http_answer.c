/* http_answer.c: status, headers and body; plain from the application's memory,
 * or compressed while it is sent.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http_answer.h"

#include "deflate.h"

#include <stdio.h>

enum { GZIP_BLOCK_BYTES = 16384 }; /* of a body, compressed at a time */

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

/* Without headers; `it` says what became of its use_gzip. NULL: no memory. */
static struct MHD_Response *body_of(struct exchange *exchange,
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
        return MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, GZIP_BLOCK_BYTES, read_gzip, exchange, NULL);
    return MHD_create_response_from_buffer(it->len, body.out,
                                           MHD_RESPMEM_PERSISTENT);
}

/* NULL: no memory. */
static struct MHD_Response *response_to(struct exchange *exchange,
                                        bool must_close)
{
    struct http_answer it = exchange->answer;
    struct MHD_Response *response = body_of(exchange, &it);
    char retry_after[24];

    if (response == NULL)
        return NULL;
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
    return response;
}

enum MHD_Result http_answer_queue(struct MHD_Connection *mhd,
                                  struct exchange *exchange, bool must_close)
{
    struct MHD_Response *response =
        must_close
            ? NULL
            : http_responses_get(&exchange->responses, &exchange->answer);
    if (response != NULL)
        return MHD_queue_response(mhd, exchange->answer.status, response);
    response = response_to(exchange, must_close);
    if (response == NULL)
        return MHD_NO;
    enum MHD_Result result =
        MHD_queue_response(mhd, exchange->answer.status, response);
    MHD_destroy_response(response);
    return result;
}
