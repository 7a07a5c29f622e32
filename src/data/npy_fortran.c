/* npy_fortran.c: arrays that come column by column.
 *
 *     shape (3, 2)    1 2    in C order        1 2 3 4 5 6
 *                     3 4    in Fortran order  1 3 5 2 4 6
 *                     5 6
 *
 * That is what numpy makes of a DataFrame's columns of one type. The first row
 * is not complete before nearly all of the body is there, so all of it is kept,
 * in chunks that are made as it comes: a shape costs nothing by itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/npy.h"

#include <string.h>

enum { CHUNK_BYTES = 65536 }; /* of whole elements of any type */

static enum clary_status fail_too_large(const struct clary_arena *arena,
                                        struct clary_error *err)
{
    return clary_fail(err, CLARY_TOO_LARGE,
                      "the array is in Fortran order, column by column, and "
                      "needs more than the %zu MiB that one request may take; "
                      "numpy.ascontiguousarray gives the order of rows, which "
                      "needs none",
                      arena->limit_bytes >> 20);
}

enum clary_status clary_npy_columns_begin(struct clary_npy_columns *columns,
                                          const struct clary_npy_header *header,
                                          size_t bytes,
                                          struct clary_arena *arena,
                                          struct clary_error *err)
{
    *columns = (struct clary_npy_columns){.bytes = bytes,
                                          .element_bytes = header->bytes,
                                          .n_rows = header->dim[0],
                                          .n_columns = header->dim[1]};
    if (bytes > arena->limit_bytes)
        return fail_too_large(arena, err);
    columns->chunks = clary_arena_calloc(arena, bytes / CHUNK_BYTES + 1,
                                         sizeof *columns->chunks);
    return columns->chunks != NULL ? CLARY_OK : fail_too_large(arena, err);
}

enum clary_status clary_npy_columns_take(struct clary_npy_columns *columns,
                                         const char **at, const char *end,
                                         struct clary_arena *arena,
                                         struct clary_error *err)
{
    while (*at < end && columns->len < columns->bytes) {
        char **chunk = &columns->chunks[columns->len / CHUNK_BYTES];
        size_t used = columns->len % CHUNK_BYTES;
        size_t n = CHUNK_BYTES - used, left = columns->bytes - columns->len;
        if (used == 0)
            *chunk = clary_arena_alloc(arena, n < left ? n : left);
        if (*chunk == NULL)
            return fail_too_large(arena, err);
        n = n < left ? n : left;
        n = n < (size_t)(end - *at) ? n : (size_t)(end - *at);
        memcpy(*chunk + used, *at, n);
        columns->len += n;
        *at += n;
    }
    return CLARY_OK;
}

size_t clary_npy_columns_give(struct clary_npy_columns *columns, char *to,
                              size_t room)
{
    size_t bytes = columns->element_bytes, n = 0;
    while (columns->row < columns->n_rows && n + bytes <= room) {
        size_t from =
            (columns->column * columns->n_rows + columns->row) * bytes;
        memcpy(to + n, columns->chunks[from / CHUNK_BYTES] + from % CHUNK_BYTES,
               bytes);
        n += bytes;
        if (++columns->column == columns->n_columns) {
            columns->column = 0;
            columns->row++;
        }
    }
    return n;
}
