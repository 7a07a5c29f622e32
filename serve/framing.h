/* framing.h: whether all servers on the way read the same message.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_FRAMING_H
#define SERVE_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The headers that delimit a body, and those that say how to read it. Begin
 * with zeros; the values are the caller's and must live as long. */
struct framing {
    size_t n_hosts, n_lengths, n_encodings;
    size_t n_types, n_codings;     /* Content-Type, Content-Encoding */
    const char *length, *encoding; /* the last ones */
    bool lengths_differ;
};

/* Whether a header of `len` bytes has that name, in any case. Most clients
 * write it as RFC 9110 does. */
static inline bool framing_is_name(const char *header, size_t len,
                                   const char *name)
{
    return len == strlen(name) && (memcmp(header, name, len) == 0 ||
                                   strncasecmp(header, name, len) == 0);
}

/* Notes one header of the request; others than these are ignored. */
void framing_add(struct framing *framing, const char *name, size_t name_len,
                 const char *value);

/* A sentence on what is wrong, NULL: nothing. `version` is "HTTP/1.1". */
const char *framing_fault(const struct framing *framing, const char *version);

/* Bytes of the body; UINT64_MAX for a chunked one. */
uint64_t framing_length(const struct framing *framing);

#endif
