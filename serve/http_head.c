/* http_head.c: one pass over libmicrohttpd's list of headers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http_head.h"

#include "framing.h"

#include <string.h>
#include <strings.h>

/* One pass over the headers. */
static enum MHD_Result read_header(void *headers, enum MHD_ValueKind kind,
                                   const char *name, size_t len,
                                   const char *value, size_t value_len)
{
    (void)kind;
    (void)value_len;
    if (value != NULL)
        headers_add(headers, name, len, value);
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
    struct headers headers = {0};
    const char *const *values = headers.values;

    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, read_header, &headers);
    head->malformed = framing_read(&headers, version, &head->length);
    head->method = method;
    head->path = path_of(target);
    head->content_type = values[HEADER_CONTENT_TYPE];
    head->content_encoding = values[HEADER_CONTENT_ENCODING];
    head->accept = values[HEADER_ACCEPT];
    head->accept_encoding = values[HEADER_ACCEPT_ENCODING];
    head->attributes = values[HEADER_ATTRIBUTES];
    head->inference_id = values[HEADER_INFERENCE_ID];
    head->json_length = values[HEADER_JSON_LENGTH];
}
