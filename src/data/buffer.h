/* buffer.h: bytes that grow, for replies.
 *
 * Keeps its memory when cleared, so that a warm request allocates nothing.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_BUFFER_H
#define CLARY_DATA_BUFFER_H

#include <clary/status.h>

struct clary_buffer {
    char *bytes;
    size_t len;
    size_t capacity;
    size_t limit_bytes;
};

void clary_buffer_init(struct clary_buffer *buffer, size_t limit_bytes);
void clary_buffer_deinit(struct clary_buffer *buffer);

/* Empties it. Memory beyond 128 KiB is given back. */
void clary_buffer_clear(struct clary_buffer *buffer);

/* Room for `more` bytes after `len`. Errors: CLARY_TOO_LARGE over the limit,
 * CLARY_NO_MEMORY. */
enum clary_status clary_buffer_reserve(struct clary_buffer *buffer, size_t more,
                                       struct clary_error *err) CLARY_MUST_USE;

enum clary_status clary_buffer_append(struct clary_buffer *buffer,
                                      const char *bytes, size_t len,
                                      struct clary_error *err) CLARY_MUST_USE;

#endif
