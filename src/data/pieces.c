/* pieces.c: a list of blocks of an arena, each filled before the next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/pieces.h"

#include <string.h>

enum { FIRST_BYTES = 1024, LARGEST_BYTES = 65536 };

static enum clary_status add_piece(struct clary_pieces *pieces,
                                   struct clary_arena *arena,
                                   struct clary_error *err)
{
    struct clary_piece *last = pieces->last;
    size_t capacity = FIRST_BYTES;
    if (last != NULL)
        capacity = 2 * last->capacity;
    if (capacity > LARGEST_BYTES)
        capacity = LARGEST_BYTES;
    struct clary_piece *piece =
        clary_arena_alloc(arena, sizeof *piece + capacity);
    if (piece == NULL)
        return clary_no_memory(err);
    *piece = (struct clary_piece){.capacity = capacity};
    if (last != NULL)
        last->next = piece;
    else
        pieces->first = piece;
    pieces->last = piece;
    return CLARY_OK;
}

enum clary_status clary_pieces_append(struct clary_pieces *pieces,
                                      struct clary_arena *arena,
                                      const char *bytes, size_t len,
                                      struct clary_error *err)
{
    while (len > 0) {
        struct clary_piece *last = pieces->last;
        if (last == NULL || last->len == last->capacity) {
            CLARY_TRY(add_piece(pieces, arena, err));
            last = pieces->last;
        }
        size_t n = last->capacity - last->len;
        if (n > len)
            n = len;
        memcpy(last->bytes + last->len, bytes, n);
        last->len += n;
        bytes += n;
        len -= n;
    }
    return CLARY_OK;
}

enum clary_status clary_pieces_take(struct clary_pieces *pieces,
                                    struct clary_arena *arena,
                                    struct clary_buffer *out, size_t start,
                                    struct clary_error *err)
{
    CLARY_TRY(clary_pieces_append(pieces, arena, out->bytes + start,
                                  out->len - start, err));
    out->len = start;
    return CLARY_OK;
}

enum clary_status clary_pieces_write(const struct clary_pieces *pieces,
                                     struct clary_buffer *out,
                                     struct clary_error *err)
{
    for (const struct clary_piece *piece = pieces->first; piece != NULL;
         piece = piece->next)
        CLARY_TRY(clary_buffer_append(out, piece->bytes, piece->len, err));
    return CLARY_OK;
}
