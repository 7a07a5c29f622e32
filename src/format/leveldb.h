/* leveldb.h: the entries of a LevelDB table, in order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_LEVELDB_H
#define CLARY_FORMAT_LEVELDB_H

#include <clary/arena.h>
#include <clary/status.h>

#include <stddef.h>

/* Longest key; prefix compression makes long keys of few bytes. */
#define CLARY_LEVELDB_KEY_BYTES 1024

struct clary_leveldb_entry {
    const unsigned char *key; /* only valid during the visit */
    size_t key_len;
    const unsigned char
        *value; /* in the table's bytes or the arena; not NULL */
    size_t value_len;
};

typedef enum clary_status clary_leveldb_visit(
    void *context, const struct clary_leveldb_entry *entry,
    struct clary_error *err);

/* Calls `visit` for every entry; keys come in strictly increasing bytewise
 * order. Ends early with the status of a visit that is not CLARY_OK.
 *
 *   bytes, len  the whole file; untrusted
 *   name        of the file, for messages
 *   memory      blocks that are compressed are unpacked into `arena`
 *   errors      CLARY_BAD_MODEL (damaged: what, at which byte; a key of more
 *               than CLARY_LEVELDB_KEY_BYTES), CLARY_UNSUPPORTED (a block
 *               compressed otherwise than with Snappy), CLARY_NO_MEMORY, and
 *               what `visit` returns
 */
enum clary_status clary_leveldb_read(const void *bytes, size_t len,
                                     const char *name,
                                     struct clary_arena *arena,
                                     clary_leveldb_visit *visit, void *context,
                                     struct clary_error *err) CLARY_MUST_USE;

#endif
