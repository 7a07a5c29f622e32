/* http_responses.h: libmicrohttpd's responses, kept for the next answer.
 *
 * Making one and freeing it takes four allocations, seven locks and 1,900
 * instructions, a sixth of what a request of one row takes besides an empty
 * handler. A response points to its body, so one that was sent serves again
 * for other bytes in the same place: the reply of an exchange always lies in
 * the same buffer, and predictions of one row differ by few digits in length.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HTTP_RESPONSES_H
#define SERVE_HTTP_RESPONSES_H

#include "http.h"

struct MHD_Response;

enum { HTTP_RESPONSES_KEPT = 8 };

/* Of one exchange. Begins with zeros. */
struct http_responses {
    struct kept_response {
        struct MHD_Response *response; /* NULL: none is kept here */
        const char *body, *content_type, *vary;
        size_t len;
    } kept[HTTP_RESPONSES_KEPT];
};

/* A response to an answer that has no headers but Content-Type and Vary; it
 * stays the keeper's. NULL: no memory, or the answer has other headers. */
struct MHD_Response *http_responses_get(struct http_responses *responses,
                                        const struct http_answer *answer);

/* None of them may be queued any more. */
void http_responses_deinit(struct http_responses *responses);

#endif
