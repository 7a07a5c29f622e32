/* headers.h: the headers of a request that anybody here reads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HEADERS_H
#define SERVE_HEADERS_H

#include <stdbool.h>
#include <stddef.h>

enum header {
    HEADER_HOST,
    HEADER_ACCEPT,
    HEADER_ACCEPT_ENCODING,
    HEADER_CONTENT_TYPE,
    HEADER_CONTENT_LENGTH,
    HEADER_CONTENT_ENCODING,
    HEADER_TRANSFER_ENCODING,
    HEADER_INFERENCE_ID,
    HEADER_JSON_LENGTH, /* Inference-Header-Content-Length */
    HEADER_ATTRIBUTES,
    HEADER_OTHER, /* all that nobody reads */
    HEADERS
};

/* Begin with zeros; the values are the caller's and must live as long. */
struct headers {
    const char *values[HEADERS]; /* the first of each; NULL: none */
    unsigned repeated;           /* a bit of headers_bit for each */
    bool lengths_differ;         /* the values of HEADER_CONTENT_LENGTH */
};

static inline unsigned headers_bit(enum header header)
{
    return 1U << header;
}

/* Notes one header of the request. Names are compared in any case. */
void headers_add(struct headers *headers, const char *name, size_t name_len,
                 const char *value);

#endif
