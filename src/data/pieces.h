/* pieces.h: text that waits for its place, in an arena.
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_PIECES_H
#define CLARY_DATA_PIECES_H

#include "data/buffer.h"

#include <clary/arena.h>
#include <clary/status.h>

struct clary_piece {
    struct clary_piece *next;
    size_t len, capacity;
    char bytes[];
};

/* Zeros: no text. */
struct clary_pieces {
    struct clary_piece *first, *last;
};

/* Puts a copy of the bytes behind those that are there. Pieces grow from 1 to
 * 64 KiB. Errors: CLARY_NO_MEMORY. */
enum clary_status clary_pieces_append(struct clary_pieces *pieces,
                                      struct clary_arena *arena,
                                      const char *bytes, size_t len,
                                      struct clary_error *err) CLARY_MUST_USE;

/* Moves what `out` holds from `start` on behind the text that is there. */
enum clary_status clary_pieces_take(struct clary_pieces *pieces,
                                    struct clary_arena *arena,
                                    struct clary_buffer *out, size_t start,
                                    struct clary_error *err) CLARY_MUST_USE;

/* Appends all of it to `out`. */
enum clary_status clary_pieces_write(const struct clary_pieces *pieces,
                                     struct clary_buffer *out,
                                     struct clary_error *err) CLARY_MUST_USE;

#endif
