/* test_leveldb.c: tables with wrong headers, keys, blocks and bytes, as the
 * reader of TensorBundles meets them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/test.h"
#include "tests/unit/bundle_writer.h"

/* Opens what `w` has so far and expects a refusal. */
static void check_refused(struct writer *w, enum clary_status status,
                          const char *part)
{
    struct clary_bundle *bundle = NULL;
    clary_arena_init(&arena, 1 << 20);
    CHECK_STATUS(open_written(w, &bundle), status);
    if (!CHECK(strstr(err.message, part) != NULL))
        printf("  the message is: %s\n", err.message);
    CHECK(bundle == NULL);
    clary_arena_deinit(&arena);
    writer_free(w);
    *w = (struct writer){0};
}

TEST(headers_that_are_refused)
{
    struct writer w = {0};
    struct entry entry = floats();
    add_header(&w, 2, 1);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_UNSUPPORTED, "big-endian");
    add_header(&w, 0, 0);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "0 data files");
    add_entry(&w, "key", &entry);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "no header");
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "no header");
    writer_add(&w, "", 0, "\xFF", 1);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "not a protobuf message");
}

TEST(keys_that_are_refused)
{
    struct writer w = {0};
    char long_key[1024];
    memset(long_key, 'k', sizeof long_key);
    add_header(&w, 2, 0);
    writer_add(&w, "b", 1, "", 0);
    writer_add(&w, "a", 1, "", 0);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "out of order");
    add_header(&w, 2, 0);
    add_header(&w, 2, 0);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "out of order");
    add_header(&w, 2, 0);
    writer_add(&w, "a\0b", 3, "", 0);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "NUL");
    writer_add(&w, long_key, 1024, "", 0);
    writer_put_entry(&w.block, 1024, "x", 1, "", 0);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "1024 bytes");
    writer_put_entry(&w.block, 1, "x", 1, "", 0);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "shares more");
    writer_put_varint(&w.block, 0);
    writer_put_varint(&w.block, 1);
    writer_put_varint(&w.block, UINT64_MAX);
    writer_put_varint(&w.block, 0);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "longer than its block");
}

TEST(blocks_that_are_refused)
{
    struct writer w = {0};
    add_header(&w, 2, 0);
    writer_end_block(&w, 2);
    writer_end_table(&w);
    check_refused(&w, CLARY_UNSUPPORTED, "unknown way 2");
    /* The same block twice: a table could make us read forever. */
    add_header(&w, 2, 0);
    writer_end_block(&w, 0);
    struct writer_bytes twice = {NULL, 0};
    writer_put(&twice, w.index.bytes, w.index.len);
    writer_put(&w.index, twice.bytes, twice.len);
    writer_clear(&twice);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "blocks out of order");
    /* A handle past the file. */
    struct writer_bytes handle = {NULL, 0};
    writer_put_varint(&handle, 0);
    writer_put_varint(&handle, SIZE_MAX);
    writer_put_entry(&w.index, 0, "~", 1, handle.bytes, handle.len);
    writer_clear(&handle);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "but the file has");
    writer_put_entry(&w.index, 0, "~", 1, "\x80", 1);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "no block handle");
    /* More restart points than bytes. */
    struct writer_bytes contents = {NULL, 0};
    writer_put_u32(&contents, 1000);
    writer_put_block(&w, &contents, 0, &handle);
    writer_put_entry(&w.index, 0, "~", 1, handle.bytes, handle.len);
    writer_clear(&handle);
    writer_clear(&contents);
    writer_end_table(&w);
    check_refused(&w, CLARY_BAD_MODEL, "too many restart points");
}

/* --- damage */

TEST(every_truncation)
{
    struct writer w = {0};
    struct clary_bundle *bundle = NULL;
    clary_arena_init(&arena, 1 << 20);
    write_sound(&w, 0);
    size_t whole = w.file.len;
    for (w.file.len = 0; w.file.len < whole; w.file.len++)
        if (!CHECK_STATUS(open_written(&w, &bundle), CLARY_BAD_MODEL))
            break;
    clary_arena_deinit(&arena);
    writer_free(&w);
}

/* Checksums find all of it but the padding of the footer and the metaindex,
 * which is not read. */
TEST(every_flipped_bit)
{
    struct writer w = {0};
    size_t n_opened = 0;
    clary_arena_init(&arena, 1 << 20);
    write_sound(&w, 1);
    for (size_t bit = 0; bit < 8 * w.file.len; bit++) {
        struct clary_bundle *bundle = NULL;
        unsigned char flipped = (unsigned char)(1 << bit % 8);
        w.file.bytes[bit / 8] ^= flipped;
        if (open_written(&w, &bundle) == CLARY_OK) {
            n_opened++;
            CHECK_INT(clary_bundle_n_keys(bundle), 50);
        }
        w.file.bytes[bit / 8] ^= flipped;
    }
    CHECK(n_opened < 8 * (13 + 48));
    clary_arena_deinit(&arena);
    writer_free(&w);
}
