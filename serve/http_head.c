/* http_head.c: one pass over libmicrohttpd's list of headers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http_head.h"

#include "framing.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

/* The headers that the application is told of, by the lengths of their
 * names. */
static const struct {
    const char *name;
    size_t member;
} told[] = {
#define TOLD(name, member)                                                     \
    [sizeof name - 1] = {name, offsetof(struct http_head, member)}
    TOLD(MHD_HTTP_HEADER_CONTENT_TYPE, content_type),
    TOLD(MHD_HTTP_HEADER_CONTENT_ENCODING, content_encoding),
    TOLD(MHD_HTTP_HEADER_ACCEPT, accept),
    TOLD(MHD_HTTP_HEADER_ACCEPT_ENCODING, accept_encoding),
    TOLD("X-Amzn-SageMaker-Custom-Attributes", attributes),
    TOLD("X-Amzn-SageMaker-Inference-Id", inference_id),
    TOLD("Inference-Header-Content-Length", json_length),
#undef TOLD
};

enum { TOLD_LENGTHS = sizeof told / sizeof told[0] };

struct head_reader {
    struct http_head *head;
    struct framing framing;
};

/* One pass over the headers; of several by one name the first counts. */
static enum MHD_Result read_header(void *argument, enum MHD_ValueKind kind,
                                   const char *name, size_t len,
                                   const char *value, size_t value_len)
{
    struct head_reader *reader = argument;

    (void)kind;
    (void)value_len;
    if (value == NULL)
        return MHD_YES;
    framing_add(&reader->framing, name, len, value);
    if (len >= TOLD_LENGTHS || told[len].name == NULL ||
        !framing_is_name(name, len, told[len].name))
        return MHD_YES;
    const char **member =
        (const char **)((char *)reader->head + told[len].member);
    if (*member == NULL)
        *member = value;
    return MHD_YES;
}

/* A target may have the form that proxies get: http://host/path. */
static const char *path_of(const char *target)
{
    static const char scheme[] = "http://";

    if (target[0] == '/' || strncasecmp(target, scheme, sizeof scheme - 1) != 0)
        return target;
    const char *path = strchr(target + sizeof scheme - 1, '/');
    return path != NULL ? path : "/";
}

void http_head_read(struct MHD_Connection *mhd, const char *method,
                    const char *target, const char *version,
                    struct http_head *head)
{
    struct head_reader reader = {.head = head};

    *head = (struct http_head){.method = method, .path = path_of(target)};
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, read_header, &reader);
    head->length = framing_length(&reader.framing);
    head->malformed = framing_fault(&reader.framing, version);
}
