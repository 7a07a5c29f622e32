/* leveldb_writer.h: writes LevelDB tables, also wrong ones, for the tests and
 * the fuzz target of the TensorBundle reader. leveldb.c draws the bytes.
 *
 *     struct writer w = {0};
 *     writer_add(&w, "", 0, header, header_len);
 *     writer_add(&w, "key", 3, value, value_len);
 *     writer_end_block(&w, 0);
 *     writer_end_table(&w);
 *     ... w.file.bytes, w.file.len ...
 *     writer_free(&w);
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_LEVELDB_WRITER_H
#define CLARY_TESTS_LEVELDB_WRITER_H

#include "format/crc32c.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct writer_bytes {
    unsigned char *bytes;
    size_t len;
};

struct writer {
    struct writer_bytes file;
    struct writer_bytes block;    /* the data block in the making */
    struct writer_bytes restarts; /* its restart points */
    struct writer_bytes index;    /* entries of the index block */
    char last_key[1024];
    size_t last_len;
    size_t n_entries; /* of the block */
};

__attribute__((unused)) static void writer_put(struct writer_bytes *to,
                                               const void *bytes, size_t len)
{
    if (len == 0)
        return;
    to->bytes = realloc(to->bytes, to->len + len);
    if (to->bytes == NULL)
        abort();
    memcpy(to->bytes + to->len, bytes, len);
    to->len += len;
}

__attribute__((unused)) static void writer_put_u32(struct writer_bytes *to,
                                                   uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        unsigned char byte = (unsigned char)(value >> (8 * i));
        writer_put(to, &byte, 1);
    }
}

__attribute__((unused)) static void writer_put_varint(struct writer_bytes *to,
                                                      uint64_t value)
{
    unsigned char byte;
    for (; value >= 0x80; value >>= 7) {
        byte = (unsigned char)(value | 0x80);
        writer_put(to, &byte, 1);
    }
    byte = (unsigned char)value;
    writer_put(to, &byte, 1);
}

__attribute__((unused)) static void writer_clear(struct writer_bytes *bytes)
{
    free(bytes->bytes);
    *bytes = (struct writer_bytes){NULL, 0};
}

__attribute__((unused)) static uint32_t writer_mask(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + UINT32_C(0xA282EAD8);
}

__attribute__((unused)) static void writer_put_entry(
    struct writer_bytes *to, size_t shared, const char *suffix,
    size_t suffix_len, const void *value, size_t value_len)
{
    writer_put_varint(to, shared);
    writer_put_varint(to, suffix_len);
    writer_put_varint(to, value_len);
    writer_put(to, suffix, suffix_len);
    writer_put(to, value, value_len);
}

/* Adds to the block; every 16th entry has its whole key, as LevelDB's. */
__attribute__((unused)) static void writer_add(struct writer *w,
                                               const char *key, size_t key_len,
                                               const void *value,
                                               size_t value_len)
{
    size_t shared = 0;
    if (w->n_entries++ % 16 == 0)
        writer_put_u32(&w->restarts, (uint32_t)w->block.len);
    else
        while (shared < key_len && shared < w->last_len &&
               key[shared] == w->last_key[shared])
            shared++;
    writer_put_entry(&w->block, shared, key + shared, key_len - shared, value,
                     value_len);
    if (key_len > sizeof w->last_key)
        abort();
    memcpy(w->last_key, key, key_len);
    w->last_len = key_len;
}

/* Appends a block to the file and its handle to `handle`. */
__attribute__((unused)) static void writer_put_block(
    struct writer *w, const struct writer_bytes *contents, unsigned char type,
    struct writer_bytes *handle)
{
    size_t offset = w->file.len;
    writer_put_varint(handle, offset);
    writer_put_varint(handle, contents->len);
    writer_put(&w->file, contents->bytes, contents->len);
    writer_put(&w->file, &type, 1);
    writer_put_u32(&w->file, writer_mask(clary_crc32c(0, w->file.bytes + offset,
                                                      contents->len + 1)));
}

/* Snappy data of literals only. */
__attribute__((unused)) static struct writer_bytes writer_snappy(
    const struct writer_bytes *plain)
{
    struct writer_bytes packed = {NULL, 0};
    writer_put_varint(&packed, plain->len);
    for (size_t at = 0; at < plain->len; at += 60) {
        size_t n = plain->len - at < 60 ? plain->len - at : 60;
        unsigned char tag = (unsigned char)((n - 1) << 2);
        writer_put(&packed, &tag, 1);
        writer_put(&packed, plain->bytes + at, n);
    }
    return packed;
}

/* Ends the data block: type 1 is written with Snappy, others as they are. */
__attribute__((unused)) static void writer_end_block(struct writer *w,
                                                     unsigned char type)
{
    struct writer_bytes handle = {NULL, 0};
    struct writer_bytes contents = w->block;
    size_t n_restarts = w->restarts.len / 4;
    writer_put(&contents, w->restarts.bytes, w->restarts.len);
    writer_put_u32(&contents, (uint32_t)n_restarts);
    if (type == 1) {
        struct writer_bytes packed = writer_snappy(&contents);
        writer_clear(&contents);
        contents = packed;
    }
    writer_put_block(w, &contents, type, &handle);
    writer_put_entry(&w->index, 0, "~", 1, handle.bytes, handle.len);
    writer_clear(&handle);
    writer_clear(&contents);
    writer_clear(&w->restarts);
    w->block = (struct writer_bytes){NULL, 0};
    w->n_entries = 0;
    w->last_len = 0;
}

/* Metaindex, index and footer. */
__attribute__((unused)) static void writer_end_table(struct writer *w)
{
    static const unsigned char padding[40] = {0};
    struct writer_bytes handles = {NULL, 0};
    struct writer_bytes metaindex = {NULL, 0};
    writer_put_u32(&metaindex, 0); /* one restart point, at 0 */
    writer_put_u32(&metaindex, 1);
    writer_put_block(w, &metaindex, 0, &handles);
    writer_put_u32(&w->index, 0);
    writer_put_u32(&w->index, 1);
    writer_put_block(w, &w->index, 0, &handles);
    writer_put(&handles, padding, sizeof padding - handles.len);
    writer_put(&w->file, handles.bytes, handles.len);
    writer_put_u32(&w->file, UINT32_C(0x8B80FB57));
    writer_put_u32(&w->file, UINT32_C(0xDB477524));
    writer_clear(&handles);
    writer_clear(&metaindex);
}

__attribute__((unused)) static void writer_free(struct writer *w)
{
    writer_clear(&w->file);
    writer_clear(&w->block);
    writer_clear(&w->restarts);
    writer_clear(&w->index);
}

#endif
