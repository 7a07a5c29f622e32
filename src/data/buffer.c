/* buffer.c: bytes that grow, for replies.
 *
 * Capacity doubles, so that appending n bytes costs O(n) in all, and never
 * passes the limit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/buffer.h"

#include <clary/tensor.h>

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 4096, KEPT_BYTES = 128 << 10 };

void clary_buffer_init(struct clary_buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct clary_buffer){.limit_bytes = limit_bytes};
}

void clary_buffer_deinit(struct clary_buffer *buffer)
{
    free(buffer->bytes);
    clary_buffer_init(buffer, buffer->limit_bytes);
}

void clary_buffer_clear(struct clary_buffer *buffer)
{
    buffer->len = 0;
    if (buffer->capacity <= KEPT_BYTES)
        return;
    char *less = realloc(buffer->bytes, KEPT_BYTES);
    if (less == NULL)
        return;
    buffer->bytes = less;
    buffer->capacity = KEPT_BYTES;
}

enum clary_status clary_buffer_reserve(struct clary_buffer *buffer, size_t more,
                                       struct clary_error *err)
{
    if (more <= buffer->capacity - buffer->len)
        return CLARY_OK;
    size_t needed;
    if (!clary_size_add(buffer->len, more, &needed) ||
        needed > buffer->limit_bytes)
        return clary_fail(err, CLARY_TOO_LARGE,
                          "the reply is larger than the limit of %zu bytes",
                          buffer->limit_bytes);
    size_t capacity;
    if (!clary_size_mul(buffer->capacity, 2, &capacity) ||
        capacity > buffer->limit_bytes)
        capacity = buffer->limit_bytes;
    if (capacity < FIRST_BYTES && FIRST_BYTES <= buffer->limit_bytes)
        capacity = FIRST_BYTES;
    if (capacity < needed)
        capacity = needed;
    char *bytes = realloc(buffer->bytes, capacity);
    if (bytes == NULL)
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory for a reply of %zu bytes", needed);
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return CLARY_OK;
}

enum clary_status clary_buffer_append(struct clary_buffer *buffer,
                                      const char *bytes, size_t len,
                                      struct clary_error *err)
{
    if (len == 0)
        return CLARY_OK;
    CLARY_TRY(clary_buffer_reserve(buffer, len, err));
    memcpy(buffer->bytes + buffer->len, bytes, len);
    buffer->len += len;
    return CLARY_OK;
}
