/* framing.c: RFC 9112 section 6.3. Where two readings of a message's length
 * are possible another server on the way may have taken the other one, and
 * what is a body to it is a request to us.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "framing.h"

#include <string.h>
#include <strings.h>

void framing_add(struct framing *framing, const char *name, size_t name_len,
                 const char *value)
{
    if (framing_is_name(name, name_len, "Host")) {
        framing->n_hosts++;
    } else if (framing_is_name(name, name_len, "Content-Length")) {
        if (framing->n_lengths++ > 0 && strcmp(framing->length, value) != 0)
            framing->lengths_differ = true;
        framing->length = value;
    } else if (framing_is_name(name, name_len, "Transfer-Encoding")) {
        framing->n_encodings++;
        framing->encoding = value;
    } else if (framing_is_name(name, name_len, "Content-Type")) {
        framing->n_types++;
    } else if (framing_is_name(name, name_len, "Content-Encoding")) {
        framing->n_codings++;
    }
}

/* False: it has something that is no digit, or nothing. */
static bool read_number(const char *digits, uint64_t *number)
{
    const char *p = digits;

    for (*number = 0; *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        *number = *number <= (UINT64_MAX - digit) / 10 ? *number * 10 + digit
                                                       : UINT64_MAX;
    }
    return p > digits && *p == '\0';
}

const char *framing_fault(const struct framing *framing, const char *version)
{
    uint64_t number;

    if (strcmp(version, "HTTP/1.1") == 0 && framing->n_hosts == 0)
        return "HTTP/1.1 needs a Host header";
    if (framing->n_hosts > 1)
        return "more than one Host header";
    if (framing->n_encodings > 0 && framing->n_lengths > 0)
        return "both Content-Length and Transfer-Encoding";
    if (framing->lengths_differ)
        return "more than one Content-Length";
    if (framing->n_lengths > 0 && !read_number(framing->length, &number))
        return "a Content-Length that is not a number";
    if (framing->n_encodings > 1 ||
        (framing->n_encodings == 1 &&
         strcasecmp(framing->encoding, "chunked") != 0))
        return "a Transfer-Encoding other than chunked";
    if (framing->n_types > 1)
        return "more than one Content-Type";
    if (framing->n_codings > 1)
        return "more than one Content-Encoding";
    return NULL;
}

uint64_t framing_length(const struct framing *framing)
{
    uint64_t number = 0;

    if (framing->n_encodings > 0)
        return UINT64_MAX;
    if (framing->n_lengths > 0)
        (void)read_number(framing->length, &number);
    return number;
}
