/* leveldb.c: a LevelDB table, read from its first entry to its last.
 *
 *     file    data block ... | metaindex block | index block | footer
 *     footer  handle of metaindex, handle of index, zeros up to 40 bytes,
 *             magic (8 bytes)
 *     handle  varint offset, varint size (without the trailer)
 *     block   contents | type (1 byte: 0 plain, 1 snappy) | crc32c (4, masked,
 *             of contents and type)
 *     contents  entry ... | restart offset (4 each) ... | restarts (4)
 *     entry   varint shared, varint unshared, varint value bytes,
 *             `unshared` bytes of key, value; the first `shared` bytes of the
 *             key are those of the entry before
 *
 * Integers are little-endian, varints as in protobuf. The index block's values
 * are the handles of the data blocks; its keys only separate them. The order
 * of the blocks and of the keys is checked, so that no byte is read twice
 * however the table is made. Restart points speed up seeking and are not used;
 * the metaindex (filters) is not read.
 * Source: LevelDB, doc/table_format.md. Tests: tests/unit/test_leveldb.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/leveldb.h"

#include "format/crc32c.h"
#include "format/snappy.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FOOTER_BYTES  48
#define FOOTER_MAGIC  UINT64_C(0xDB4775248B80FB57)
#define TRAILER_BYTES 5

struct span {
    const unsigned char *bytes;
    size_t len;
};

struct block {
    struct span entries;
    size_t at; /* in the file, for messages */
};

struct key {
    unsigned char bytes[CLARY_LEVELDB_KEY_BYTES];
    size_t len;
};

struct table {
    struct span file;
    const char *name;
    struct clary_arena *arena;
    clary_leveldb_visit *visit;
    void *context;
    size_t next_block; /* the first byte that no data block has used */
    struct key last;   /* of the entry that was visited last */
    bool has_last;
    struct clary_error *err;
};

/* What is done with each entry of the block `at`. */
typedef enum clary_status entry_fn(struct table *table, size_t at,
                                   const struct key *key, struct span value);

static uint32_t load_u32(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 |
           (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint64_t load_u64(const unsigned char *bytes)
{
    return load_u32(bytes) | (uint64_t)load_u32(bytes + 4) << 32;
}

/* Takes a varint from the front of `from`; false if there is none, or one
 * that no size_t holds. */
static bool take_varint(struct span *from, size_t *value)
{
    uint64_t result = 0;
    for (size_t i = 0; i < from->len && i < 10; i++) {
        uint64_t bits = from->bytes[i] & 0x7F;
        if (i == 9 && bits > 1) /* the tenth byte has bit 63 only */
            return false;
        result |= bits << (7 * i);
        if (from->bytes[i] < 0x80) {
            if (result > SIZE_MAX)
                return false;
            from->bytes += i + 1;
            from->len -= i + 1;
            *value = (size_t)result;
            return true;
        }
    }
    return false;
}

/* `offset` is into the file. */
static enum clary_status damaged(const struct table *table, const char *what,
                                 size_t offset)
{
    return clary_fail(table->err, CLARY_BAD_MODEL, "%s: %s at byte %zu of %zu",
                      table->name, what, offset, table->file.len);
}

/* The contents of a block of `type`, `packed` as they are in the file. */
static enum clary_status unpack(const struct table *table, struct span packed,
                                unsigned char type, size_t offset,
                                struct span *contents)
{
    size_t len;
    *contents = packed;
    if (type == 0)
        return CLARY_OK;
    if (type != 1)
        return clary_fail(table->err, CLARY_UNSUPPORTED,
                          "%s: the block at byte %zu is compressed in the "
                          "unknown way %u",
                          table->name, offset, type);
    if (!clary_snappy_unpacked_len(packed.bytes, packed.len, &len))
        return damaged(table, "wrong Snappy length", offset);
    unsigned char *bytes = clary_arena_alloc(table->arena, len);
    if (bytes == NULL)
        return clary_fail(table->err, CLARY_NO_MEMORY,
                          "%s: no memory to unpack the block at byte %zu",
                          table->name, offset);
    if (!clary_snappy_unpack(packed.bytes, packed.len, bytes, len))
        return damaged(table, "damaged Snappy data", offset);
    *contents = (struct span){bytes, len};
    return CLARY_OK;
}

/* The block of a handle: checked, unpacked, without the restarts. */
static enum clary_status open_block(const struct table *table, size_t offset,
                                    size_t size, struct block *out)
{
    struct span contents;
    if (offset > table->file.len || size > table->file.len - offset ||
        TRAILER_BYTES > table->file.len - offset - size)
        return clary_fail(table->err, CLARY_BAD_MODEL,
                          "%s: a block of %zu bytes at byte %zu, but the file "
                          "has %zu bytes",
                          table->name, size, offset, table->file.len);
    const unsigned char *block = table->file.bytes + offset;
    uint32_t crc = clary_crc32c(0, block, size + 1);
    if (clary_crc32c_unmask(load_u32(block + size + 1)) != crc)
        return damaged(table, "wrong checksum of the block", offset);
    CLARY_TRY(unpack(table, (struct span){block, size}, block[size], offset,
                     &contents));
    if (contents.len < 4)
        return damaged(table, "no restart points in the block", offset);
    contents.len -= 4;
    size_t n_restarts = load_u32(contents.bytes + contents.len);
    if (n_restarts > contents.len / 4)
        return damaged(table, "too many restart points in the block", offset);
    contents.len -= 4 * n_restarts;
    *out = (struct block){contents, offset};
    return CLARY_OK;
}

/* Calls `read` for every entry. */
static enum clary_status read_block(struct table *table,
                                    const struct block *block, entry_fn *read)
{
    struct span rest = block->entries;
    struct key key;
    key.len = 0;
    while (rest.len > 0) {
        size_t shared, unshared, value_len;
        if (!take_varint(&rest, &shared) || !take_varint(&rest, &unshared) ||
            !take_varint(&rest, &value_len) || unshared > rest.len ||
            value_len > rest.len - unshared)
            return damaged(table, "an entry longer than its block,", block->at);
        if (shared > key.len)
            return damaged(table,
                           "a key that shares more than there is, in "
                           "the block",
                           block->at);
        if (unshared > sizeof key.bytes - shared)
            return damaged(table, "a key of more than 1024 bytes in the block",
                           block->at);
        memcpy(key.bytes + shared, rest.bytes, unshared);
        key.len = shared + unshared;
        rest.bytes += unshared;
        rest.len -= unshared;
        CLARY_TRY(
            read(table, block->at, &key, (struct span){rest.bytes, value_len}));
        rest.bytes += value_len;
        rest.len -= value_len;
    }
    return CLARY_OK;
}

static bool is_before(const struct key *a, const struct key *b)
{
    size_t common = a->len < b->len ? a->len : b->len;
    int order = memcmp(a->bytes, b->bytes, common);
    return order < 0 || (order == 0 && a->len < b->len);
}

static enum clary_status read_data(struct table *table, size_t at,
                                   const struct key *key, struct span value)
{
    if (table->has_last && !is_before(&table->last, key))
        return damaged(table, "keys out of order in the block", at);
    table->has_last = true;
    memcpy(table->last.bytes, key->bytes, key->len);
    table->last.len = key->len;
    struct clary_leveldb_entry entry = {key->bytes, key->len, value.bytes,
                                        value.len};
    return table->visit(table->context, &entry, table->err);
}

/* An entry of the index block: the handle of a data block. */
static enum clary_status read_index(struct table *table, size_t at,
                                    const struct key *key, struct span value)
{
    size_t offset, size;
    struct span handle = value;
    struct block block;
    (void)key; /* a separator: no key of the last block is behind it */
    if (!take_varint(&handle, &offset) || !take_varint(&handle, &size))
        return damaged(table, "no block handle in the index block", at);
    if (offset < table->next_block)
        return damaged(table, "blocks out of order in the index block", at);
    CLARY_TRY(open_block(table, offset, size, &block));
    table->next_block = offset + size + TRAILER_BYTES;
    return read_block(table, &block, read_data);
}

static enum clary_status read_table(struct table *table)
{
    size_t offset, size;
    struct block index;
    if (table->file.len < FOOTER_BYTES)
        return clary_fail(table->err, CLARY_BAD_MODEL,
                          "%s has %zu bytes: too few for a table", table->name,
                          table->file.len);
    struct span footer = {table->file.bytes + table->file.len - FOOTER_BYTES,
                          FOOTER_BYTES};
    if (load_u64(footer.bytes + FOOTER_BYTES - 8) != FOOTER_MAGIC)
        return clary_fail(table->err, CLARY_BAD_MODEL,
                          "%s does not end as a LevelDB table does: cut off, "
                          "or another file",
                          table->name);
    if (!take_varint(&footer, &offset) || !take_varint(&footer, &size) ||
        !take_varint(&footer, &offset) || !take_varint(&footer, &size))
        return damaged(table, "no block handles in the footer,",
                       table->file.len - FOOTER_BYTES);
    CLARY_TRY(open_block(table, offset, size, &index));
    return read_block(table, &index, read_index);
}

enum clary_status clary_leveldb_read(const void *bytes, size_t len,
                                     const char *name,
                                     struct clary_arena *arena,
                                     clary_leveldb_visit *visit, void *context,
                                     struct clary_error *err)
{
    struct table table = {.file = {bytes, len},
                          .name = name,
                          .arena = arena,
                          .visit = visit,
                          .context = context,
                          .err = err};
    return read_table(&table);
}
