/* framing.c: RFC 9112 section 6.3. Where two readings of a message's length
 * are possible another server on the way may have taken the other one, and
 * what is a body to it is a request to us.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "framing.h"

#include <string.h>
#include <strings.h>

/* False: it has something that is no digit, or nothing. */
static bool read_number(const char *digits, uint64_t *number)
{
    const char *p = digits;
    uint64_t n = 0;

    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) ||
            __builtin_add_overflow(n, *p - '0', &n))
            n = UINT64_MAX;
    *number = n;
    return p > digits && *p == '\0';
}

static bool is_repeated(const struct headers *headers, enum header header)
{
    return (headers->repeated & headers_bit(header)) != 0;
}

const char *framing_read(const struct headers *headers, const char *version,
                         uint64_t *length)
{
    const char *number = headers->values[HEADER_CONTENT_LENGTH];
    const char *coding = headers->values[HEADER_TRANSFER_ENCODING];

    *length = coding != NULL ? UINT64_MAX : 0;
    if (headers->values[HEADER_HOST] == NULL &&
        strcmp(version, "HTTP/1.1") == 0)
        return "HTTP/1.1 needs a Host header";
    if (is_repeated(headers, HEADER_HOST))
        return "more than one Host header";
    if (coding != NULL && number != NULL)
        return "both Content-Length and Transfer-Encoding";
    if (headers->lengths_differ)
        return "more than one Content-Length";
    if (number != NULL && !read_number(number, length))
        return "a Content-Length that is not a number";
    if (coding != NULL && (is_repeated(headers, HEADER_TRANSFER_ENCODING) ||
                           strcasecmp(coding, "chunked") != 0))
        return "a Transfer-Encoding other than chunked";
    if (is_repeated(headers, HEADER_CONTENT_TYPE))
        return "more than one Content-Type";
    if (is_repeated(headers, HEADER_CONTENT_ENCODING))
        return "more than one Content-Encoding";
    return NULL;
}
