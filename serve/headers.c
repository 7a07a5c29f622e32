/* headers.c: names by their lengths: no two that are read have the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "headers.h"

#include <string.h>
#include <strings.h>

/* Most clients write it as RFC 9110 does. */
static bool is_name(const char *sent, const char *name, size_t len)
{
    return memcmp(sent, name, len) == 0 || strncasecmp(sent, name, len) == 0;
}

static enum header header_of(const char *name, size_t len)
{
#define NAME(text, header)                                                     \
    case sizeof text - 1:                                                      \
        return is_name(name, text, len) ? header : HEADER_OTHER

    switch (len) {
        NAME("Host", HEADER_HOST);
        NAME("Accept", HEADER_ACCEPT);
        NAME("Content-Type", HEADER_CONTENT_TYPE);
        NAME("Content-Length", HEADER_CONTENT_LENGTH);
        NAME("Accept-Encoding", HEADER_ACCEPT_ENCODING);
        NAME("Content-Encoding", HEADER_CONTENT_ENCODING);
        NAME("Transfer-Encoding", HEADER_TRANSFER_ENCODING);
        NAME("X-Amzn-SageMaker-Inference-Id", HEADER_INFERENCE_ID);
        NAME("Inference-Header-Content-Length", HEADER_JSON_LENGTH);
        NAME("X-Amzn-SageMaker-Custom-Attributes", HEADER_ATTRIBUTES);
    default:
        return HEADER_OTHER;
    }
#undef NAME
}

void headers_add(struct headers *headers, const char *name, size_t name_len,
                 const char *value)
{
    enum header header = header_of(name, name_len);
    const char **first = &headers->values[header];

    if (*first == NULL) {
        *first = value;
        return;
    }
    headers->repeated |= headers_bit(header);
    if (header == HEADER_CONTENT_LENGTH && strcmp(*first, value) != 0)
        headers->lengths_differ = true;
}
