/* bundle_writer.h: TensorBundles, also wrong ones, for the tests of their
 * reader.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_BUNDLE_WRITER_H
#define CLARY_TESTS_BUNDLE_WRITER_H

#include "base/artifact.h"
#include "format/tensorbundle.h"
#include "tests/leveldb_writer.h"
#include "tests/test.h"

#include <clary/arena.h>

static struct clary_error err;
static struct clary_arena arena;

/* Fields of a clary.bundle.Entry as they are written; 0 and NULL are left
 * out, as proto3 does. */
struct entry {
    uint64_t dtype;
    const int64_t *dims;
    size_t rank;
    uint64_t shard;
    uint64_t offset;
    uint64_t size;
    uint32_t crc; /* not yet masked */
    bool sliced;
    bool unknown_rank;
};

__attribute__((unused)) static void put_tag_varint(struct writer_bytes *to,
                                                   unsigned field,
                                                   uint64_t value)
{
    if (value == 0)
        return;
    writer_put_varint(to, field << 3);
    writer_put_varint(to, value);
}

__attribute__((unused)) static void put_tag_bytes(
    struct writer_bytes *to, unsigned field, const struct writer_bytes *bytes)
{
    writer_put_varint(to, field << 3 | 2);
    writer_put_varint(to, bytes->len);
    writer_put(to, bytes->bytes, bytes->len);
}

__attribute__((unused)) static struct writer_bytes entry_bytes(
    const struct entry *entry)
{
    struct writer_bytes out = {NULL, 0};
    struct writer_bytes shape = {NULL, 0};
    struct writer_bytes nothing = {NULL, 0};
    for (size_t i = 0; i < entry->rank; i++) {
        struct writer_bytes dim = {NULL, 0};
        put_tag_varint(&dim, 1, (uint64_t)entry->dims[i]);
        put_tag_bytes(&shape, 2, &dim);
        writer_clear(&dim);
    }
    put_tag_varint(&shape, 3, entry->unknown_rank);
    put_tag_varint(&out, 1, entry->dtype);
    put_tag_bytes(&out, 2, &shape);
    put_tag_varint(&out, 3, entry->shard);
    put_tag_varint(&out, 4, entry->offset);
    put_tag_varint(&out, 5, entry->size);
    writer_put_varint(&out, 6 << 3 | 5);
    writer_put_u32(&out, writer_mask(entry->crc));
    if (entry->sliced)
        put_tag_bytes(&out, 7, &nothing);
    writer_clear(&shape);
    return out;
}

__attribute__((unused)) static void add_header(struct writer *w,
                                               uint64_t n_shards,
                                               uint64_t endianness)
{
    struct writer_bytes header = {NULL, 0};
    put_tag_varint(&header, 1, n_shards);
    put_tag_varint(&header, 2, endianness);
    writer_add(w, "", 0, header.bytes, header.len);
    writer_clear(&header);
}

__attribute__((unused)) static void add_entry(struct writer *w, const char *key,
                                              const struct entry *entry)
{
    struct writer_bytes value = entry_bytes(entry);
    writer_add(w, key, strlen(key), value.bytes, value.len);
    writer_clear(&value);
}

/* An artifact of an index and two data files, in the folder "1". */
static const unsigned char shard0[] =
    "\x00\x00\x80\x3F\x00\x00\x00\x40\x00\x00\x40\x40" /* 1, 2, 3 */
    "\x01\x00\x01\x02";                                /* bools; 2 is none */
static const unsigned char shard1[] = "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF";
static struct clary_file files[3];

static struct clary_artifact artifact_of(const struct writer *w)
{
    files[0] = (struct clary_file){"1/variables/variables.data-00000-of-00002",
                                   shard0, sizeof shard0 - 1};
    files[1] = (struct clary_file){"1/variables/variables.data-00001-of-00002",
                                   shard1, sizeof shard1 - 1};
    files[2] = (struct clary_file){"1/variables/variables.index", w->file.bytes,
                                   w->file.len};
    return (struct clary_artifact){
        .root = "model", .files = files, .n_files = 3};
}

__attribute__((unused)) static enum clary_status open_written(
    const struct writer *w, struct clary_bundle **bundle)
{
    static struct clary_artifact artifact;
    artifact = artifact_of(w);
    clary_arena_reset(&arena);
    return clary_bundle_open(&artifact, "1", &arena, bundle, &err);
}

static const int64_t dims_3_1[] = {3, 1};

__attribute__((unused)) static struct entry floats(void)
{
    return (struct entry){.dtype = 1,
                          .dims = dims_3_1,
                          .rank = 2,
                          .size = 12,
                          .crc = clary_crc32c(0, shard0, 12)};
}

__attribute__((unused)) static struct entry one_int64(void)
{
    return (struct entry){
        .dtype = 9, .shard = 1, .size = 8, .crc = clary_crc32c(0, shard1, 8)};
}

/* Two data blocks of 25 keys, of the type given. */
__attribute__((unused)) static void write_sound(struct writer *w,
                                                unsigned char type)
{
    char key[64];
    struct entry entry = floats();
    struct entry scalar = one_int64();
    add_header(w, 2, 0);
    for (int i = 0; i < 50; i++) {
        snprintf(key, sizeof key, "layer/%02d/kernel", i);
        add_entry(w, key, i == 33 ? &scalar : &entry);
        if (i % 25 == 24)
            writer_end_block(w, type);
    }
    writer_end_table(w);
}

#endif
