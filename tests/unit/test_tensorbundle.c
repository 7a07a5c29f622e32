/* test_tensorbundle.c: TensorFlow's checkpoints, and the LevelDB tables,
 * Snappy blocks and checksums that they are made of.
 *
 * Tables are written here (tests/leveldb_writer.h); real ones are those of
 * tests/golden/savedmodel.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "format/crc32c.h"
#include "format/snappy.h"
#include "format/tensorbundle.h"
#include "tests/leveldb_writer.h"
#include "tests/test.h"

#include <clary/arena.h>

#include <glob.h>
#include <stdlib.h>

static struct clary_error err;
static struct clary_arena arena;

/* --- checksums */

static uint32_t slow_crc32c(const unsigned char *bytes, size_t len)
{
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0x82F63B78) : 0);
    }
    return ~crc;
}

TEST(crc32c)
{
    unsigned char bytes[256];
    for (size_t i = 0; i < 256; i++)
        bytes[i] = (unsigned char)(255 - i);
    CHECK_INT(clary_crc32c(0, "123456789", 9), 0xE3069283); /* RFC 3720 */
    CHECK_INT(clary_crc32c(0, NULL, 0), 0);
    for (size_t len = 0; len <= 256; len++)
        CHECK_INT(clary_crc32c(0, bytes, len), slow_crc32c(bytes, len));
    CHECK_INT(clary_crc32c(clary_crc32c(0, bytes, 100), bytes + 100, 156),
              slow_crc32c(bytes, 256));
    CHECK_INT(clary_crc32c_unmask(writer_mask(0x12345678)), 0x12345678);
    CHECK_INT(clary_crc32c_unmask(writer_mask(0xFFFFFFFF)), 0xFFFFFFFF);
}

/* --- Snappy */

static bool unpacks_to(const char *packed, size_t len, const char *plain)
{
    char out[4096];
    size_t out_len;
    return clary_snappy_unpacked_len(packed, len, &out_len) &&
           out_len == strlen(plain) &&
           clary_snappy_unpack(packed, len, out, out_len) &&
           memcmp(out, plain, out_len) == 0;
}

#define UNPACKS(packed, plain) unpacks_to((packed), sizeof(packed) - 1, (plain))

TEST(snappy_elements)
{
    CHECK(UNPACKS("\x00", ""));
    CHECK(UNPACKS("\x03\x08"
                  "abc",
                  "abc"));
    /* literal, then the copies of 1, 2 and 4 bytes of offset */
    CHECK(UNPACKS("\x0A\x08"
                  "abc"
                  "\x0D\x03",
                  "abcabcabca"));
    CHECK(UNPACKS("\x06\x04"
                  "ab"
                  "\x0E\x01\x00",
                  "abbbbb"));
    CHECK(UNPACKS("\x06\x04"
                  "ab"
                  "\x0F\x02\x00\x00\x00",
                  "ababab"));
    /* a literal whose length takes 1 byte, and 4 */
    CHECK(UNPACKS("\x03\xF0\x02"
                  "abc",
                  "abc"));
    CHECK(UNPACKS("\x03\xFC\x02\x00\x00\x00"
                  "abc",
                  "abc"));
}

TEST(snappy_damage)
{
    char out[64];
    CHECK(!UNPACKS("", ""));                     /* no length */
    CHECK(!UNPACKS("\x80\x80\x80\x80\x80", "")); /* an endless one */
    CHECK(!UNPACKS("\x04\x08"
                   "abc",
                   "abcd")); /* fewer than it says */
    CHECK(!UNPACKS("\x02\x08"
                   "abc",
                   "ab")); /* more than it says */
    CHECK(!UNPACKS("\x03\x08"
                   "ab",
                   "abc"));             /* literal cut off */
    CHECK(!UNPACKS("\x03\xF0", "abc")); /* its length cut off */
    CHECK(!UNPACKS("\x06\x04"
                   "ab"
                   "\x0E\x03\x00",
                   "ababab")); /* back past the start */
    CHECK(!UNPACKS("\x06\x04"
                   "ab"
                   "\x0E\x00\x00",
                   "ababab")); /* back by nothing */
    CHECK(!UNPACKS("\x06\x04"
                   "ab"
                   "\x0E\x02",
                   "ababab")); /* offset cut off */
    CHECK(!UNPACKS("\x03\xFC\xFF\xFF\xFF\xFF"
                   "abc",
                   "abc"));
    /* says 2 GB, has 1 byte */
    size_t len;
    CHECK(!clary_snappy_unpacked_len("\xFF\xFF\xFF\xFF\x07\x00", 6, &len));
    CHECK(!clary_snappy_unpack("\x03\x08"
                               "abc",
                               5, out, 4));
}

/* --- bundles */

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

static void put_tag_varint(struct writer_bytes *to, unsigned field,
                           uint64_t value)
{
    if (value == 0)
        return;
    writer_put_varint(to, field << 3);
    writer_put_varint(to, value);
}

static void put_tag_bytes(struct writer_bytes *to, unsigned field,
                          const struct writer_bytes *bytes)
{
    writer_put_varint(to, field << 3 | 2);
    writer_put_varint(to, bytes->len);
    writer_put(to, bytes->bytes, bytes->len);
}

static struct writer_bytes entry_bytes(const struct entry *entry)
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

static void add_header(struct writer *w, uint64_t n_shards, uint64_t endianness)
{
    struct writer_bytes header = {NULL, 0};
    put_tag_varint(&header, 1, n_shards);
    put_tag_varint(&header, 2, endianness);
    writer_add(w, "", 0, header.bytes, header.len);
    writer_clear(&header);
}

static void add_entry(struct writer *w, const char *key,
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

static enum clary_status open_written(const struct writer *w,
                                      struct clary_bundle **bundle)
{
    static struct clary_artifact artifact;
    artifact = artifact_of(w);
    clary_arena_reset(&arena);
    return clary_bundle_open(&artifact, "1", &arena, bundle, &err);
}

static const int64_t dims_3_1[] = {3, 1};

static struct entry floats(void)
{
    return (struct entry){.dtype = 1,
                          .dims = dims_3_1,
                          .rank = 2,
                          .size = 12,
                          .crc = clary_crc32c(0, shard0, 12)};
}

static struct entry one_int64(void)
{
    return (struct entry){
        .dtype = 9, .shard = 1, .size = 8, .crc = clary_crc32c(0, shard1, 8)};
}

/* Two data blocks of 25 keys, of the type given. */
static void write_sound(struct writer *w, unsigned char type)
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

static void check_sound(unsigned char type)
{
    struct writer w = {0};
    struct clary_bundle *bundle = NULL;
    struct clary_tensor tensor;
    static const float expected[] = {1, 2, 3};
    clary_arena_init(&arena, 1 << 20);
    write_sound(&w, type);
    if (CHECK_STATUS(open_written(&w, &bundle), CLARY_OK)) {
        CHECK_INT(clary_bundle_n_keys(bundle), 50);
        CHECK_STR(clary_bundle_key(bundle, 0), "layer/00/kernel");
        CHECK_STR(clary_bundle_key(bundle, 49), "layer/49/kernel");
        for (size_t i = 0; i < 50; i++) {
            if (!CHECK_STATUS(clary_bundle_read(bundle,
                                                clary_bundle_key(bundle, i),
                                                &arena, &tensor, &err),
                              CLARY_OK))
                break;
            if (i == 33) {
                CHECK_INT(tensor.dtype, CLARY_DTYPE_I64);
                CHECK_INT(tensor.shape.rank, 0);
                CHECK_INT(*(const int64_t *)tensor.data, -2);
                continue;
            }
            CHECK_INT(tensor.dtype, CLARY_DTYPE_F32);
            CHECK_INT(tensor.shape.rank, 2);
            CHECK_INT(tensor.shape.dim[0], 3);
            CHECK_INT((uintptr_t)tensor.data % 64, 0);
            CHECK_INT(memcmp(tensor.data, expected, 12), 0);
        }
        CHECK_STATUS(
            clary_bundle_read(bundle, "layer/5", &arena, &tensor, &err),
            CLARY_BAD_MODEL);
        CHECK(strstr(err.message, "no variable \"layer/5\"") != NULL);
    } else {
        printf("  %s\n", err.message);
    }
    writer_free(&w);
    clary_arena_deinit(&arena);
}

TEST(a_sound_bundle)
{
    check_sound(0);
}

TEST(a_sound_bundle_with_snappy)
{
    check_sound(1);
}

TEST(no_variables)
{
    struct clary_bundle *bundle = (struct clary_bundle *)&err;
    struct clary_artifact artifact = {.root = "model", .files = files};
    clary_arena_init(&arena, 1 << 20);
    CHECK_STATUS(clary_bundle_open(&artifact, "1", &arena, &bundle, &err),
                 CLARY_OK);
    CHECK(bundle == NULL);
    clary_arena_deinit(&arena);
}

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
    /* The same block twice: a table could make us read for ever. */
    add_header(&w, 2, 0);
    writer_end_block(&w, 0);
    writer_put(&w.index, w.index.bytes, w.index.len);
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

/* --- entries */

static void check_entry(const struct entry *entry, enum clary_status status,
                        const char *part)
{
    struct writer w = {0};
    struct clary_bundle *bundle = NULL;
    struct clary_tensor tensor;
    add_header(&w, 2, 0);
    add_entry(&w, "key", entry);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    clary_arena_init(&arena, 1 << 20);
    if (CHECK_STATUS(open_written(&w, &bundle), CLARY_OK)) {
        CHECK_STATUS(clary_bundle_read(bundle, "key", &arena, &tensor, &err),
                     status);
        if (!CHECK(status == CLARY_OK || strstr(err.message, part) != NULL))
            printf("  the message is: %s\n", err.message);
    }
    clary_arena_deinit(&arena);
    writer_free(&w);
}

TEST(dtypes)
{
    static const struct {
        uint64_t dtype;
        uint64_t bytes;
    } ours[] = {{1, 4}, {2, 8}, {3, 4}, {4, 1}, {6, 1}, {9, 8}};
    struct entry entry = {.offset = 0};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        entry.dtype = ours[i].dtype;
        entry.size = ours[i].bytes;
        entry.crc = clary_crc32c(0, shard0, entry.size);
        check_entry(&entry, CLARY_OK, "");
    }
    entry.dtype = 7;
    check_entry(&entry, CLARY_UNSUPPORTED, "\"key\" is of dtype string");
    entry.dtype = 19;
    check_entry(&entry, CLARY_UNSUPPORTED, "dtype float16");
    entry.dtype = 14;
    check_entry(&entry, CLARY_UNSUPPORTED, "dtype bfloat16");
    entry.dtype = 0;
    check_entry(&entry, CLARY_UNSUPPORTED, "unknown dtype 0");
    entry.dtype = 101;
    check_entry(&entry, CLARY_UNSUPPORTED, "unknown dtype 101");
    entry.dtype = UINT64_MAX; /* -1 */
    check_entry(&entry, CLARY_UNSUPPORTED, "unknown dtype -1");
}

TEST(bools)
{
    static const int64_t three[] = {3}, four[] = {4};
    struct entry entry = {
        .dtype = 10, .rank = 1, .dims = three, .offset = 12, .size = 3};
    entry.crc = clary_crc32c(0, shard0 + 12, 3);
    check_entry(&entry, CLARY_OK, "");
    entry.dims = four;
    entry.size = 4;
    entry.crc = clary_crc32c(0, shard0 + 12, 4);
    check_entry(&entry, CLARY_BAD_MODEL, "element 3 is 2");
}

TEST(an_empty_tensor)
{
    static const int64_t dims[] = {0, 5};
    struct entry entry = {
        .dtype = 1, .rank = 2, .dims = dims, .offset = sizeof shard0 - 1};
    check_entry(&entry, CLARY_OK, "");
}

TEST(entries_that_are_refused)
{
    static const int64_t huge[] = {INT64_MAX, 4};
    static const int64_t negative[] = {-1, -3};
    static const int64_t ninth[9] = {1, 1, 1, 1, 1, 1, 1, 1, 3};
    struct entry entry = floats();
    entry.crc++;
    check_entry(&entry, CLARY_BAD_MODEL, "wrong checksum");
    entry = floats();
    entry.offset = 8;
    check_entry(&entry, CLARY_BAD_MODEL, "has 16 bytes");
    entry.offset = UINT64_MAX;
    check_entry(&entry, CLARY_BAD_MODEL, "at byte -1");
    entry = floats();
    entry.size = INT64_MAX;
    check_entry(&entry, CLARY_BAD_MODEL, "has 16 bytes");
    entry.size = 8;
    check_entry(&entry, CLARY_BAD_MODEL, "its shape is (3, 1) of float32");
    entry = floats();
    entry.dims = huge;
    check_entry(&entry, CLARY_BAD_MODEL, "its shape is (9223372036854775807");
    entry.dims = negative;
    check_entry(&entry, CLARY_BAD_MODEL, "its shape is (-1, -3)");
    entry.dims = ninth;
    entry.rank = 9;
    check_entry(&entry, CLARY_UNSUPPORTED, "9 dimensions");
    entry = floats();
    entry.unknown_rank = true;
    check_entry(&entry, CLARY_BAD_MODEL, "no known shape");
    entry = floats();
    entry.shard = 2;
    check_entry(&entry, CLARY_BAD_MODEL, "data file 2 of 2");
    entry.shard = UINT64_MAX;
    check_entry(&entry, CLARY_BAD_MODEL, "data file -1 of 2");
    entry = floats();
    entry.sliced = true;
    check_entry(&entry, CLARY_UNSUPPORTED, "partitioned");
}

TEST(a_missing_data_file)
{
    struct writer w = {0};
    struct clary_bundle *bundle = NULL;
    struct clary_tensor tensor;
    struct entry entry = one_int64();
    add_header(&w, 3, 0); /* the files are of two */
    add_entry(&w, "key", &entry);
    writer_end_block(&w, 0);
    writer_end_table(&w);
    clary_arena_init(&arena, 1 << 20);
    if (CHECK_STATUS(open_written(&w, &bundle), CLARY_OK))
        CHECK_STATUS(clary_bundle_read(bundle, "key", &arena, &tensor, &err),
                     CLARY_BAD_MODEL);
    CHECK(strstr(err.message, "variables.data-00001-of-00003") != NULL);
    clary_arena_deinit(&arena);
    writer_free(&w);
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

TEST(every_memory_limit)
{
    struct writer w = {0};
    enum clary_status status = CLARY_NO_MEMORY;
    write_sound(&w, 1);
    for (size_t limit = 0; status == CLARY_NO_MEMORY; limit += 64) {
        struct clary_bundle *bundle = NULL;
        struct clary_tensor tensor;
        clary_arena_init(&arena, limit);
        status = open_written(&w, &bundle);
        if (status == CLARY_OK)
            status = clary_bundle_read(bundle, "layer/33/kernel", &arena,
                                       &tensor, &err);
        clary_arena_deinit(&arena);
    }
    CHECK_STATUS(status, CLARY_OK);
    writer_free(&w);
}

/* --- what TensorFlow wrote */

static void check_all_keys(const struct clary_artifact *artifact,
                           const char *directory, const char *name)
{
    struct clary_bundle *bundle = NULL;
    if (!CHECK_STATUS(
            clary_bundle_open(artifact, directory, &arena, &bundle, &err),
            CLARY_OK)) {
        printf("  %s: %s\n", name, err.message);
        return;
    }
    size_t n = bundle != NULL ? clary_bundle_n_keys(bundle) : 0;
    for (size_t i = 0; i < n; i++) {
        struct clary_tensor tensor;
        const char *key = clary_bundle_key(bundle, i);
        enum clary_status status =
            clary_bundle_read(bundle, key, &arena, &tensor, &err);
        if (status == CLARY_UNSUPPORTED &&
            strcmp(key, "_CHECKPOINTABLE_OBJECT_GRAPH") == 0)
            continue; /* a string */
        if (!CHECK_STATUS(status, CLARY_OK))
            printf("  %s: %s\n", name, err.message);
    }
}

/* Every variables.index below `artifact`. */
static void check_all_bundles(const struct clary_artifact *artifact,
                              const char *name)
{
    static const char tail[] = "/variables/variables.index";
    for (size_t i = 0; i < artifact->n_files; i++) {
        char directory[256];
        const char *path = artifact->files[i].path;
        size_t len = strlen(path);
        if (len <= strlen(tail) || strcmp(path + len - strlen(tail), tail) != 0)
            continue;
        snprintf(directory, sizeof directory, "%.*s", (int)(len - strlen(tail)),
                 path);
        check_all_keys(artifact, directory, name);
    }
}

static size_t check_artifacts(const char *pattern)
{
    glob_t found;
    size_t n = 0;
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (; n < found.gl_pathc; n++) {
        struct clary_artifact *artifact = NULL;
        const char *name = found.gl_pathv[n];
        clary_arena_init(&arena, (size_t)1 << 28);
        if (CHECK_STATUS(clary_artifact_open(name, NULL, &artifact, &err),
                         CLARY_OK))
            check_all_bundles(artifact, name);
        clary_artifact_close(artifact);
        clary_arena_deinit(&arena);
    }
    globfree(&found);
    return n;
}

TEST(golden_models)
{
    CHECK(check_artifacts("tests/golden/savedmodel/*/model.tar.gz") > 0);
}

/* Models from elsewhere, where there are any: two of them use Snappy. */
TEST(collected_models)
{
    check_artifacts("../shared/models/tf_savedmodel/*/model");
}

static float scalar_of(const struct clary_bundle *bundle, const char *key)
{
    struct clary_tensor tensor;
    if (!CHECK_STATUS(clary_bundle_read(bundle, key, &arena, &tensor, &err),
                      CLARY_OK) ||
        !CHECK_INT(tensor.dtype, CLARY_DTYPE_F32) ||
        !CHECK_INT(tensor.shape.rank, 0))
        return NAN;
    return *(const float *)tensor.data;
}

TEST(half_plus_three)
{
    struct clary_artifact *artifact = NULL;
    struct clary_bundle *bundle = NULL;
    clary_arena_init(&arena, 1 << 20);
    if (CHECK_STATUS(clary_artifact_open(
                         "tests/golden/savedmodel/half-plus-three/model.tar.gz",
                         NULL, &artifact, &err),
                     CLARY_OK) &&
        CHECK_STATUS(clary_bundle_open(artifact, "1", &arena, &bundle, &err),
                     CLARY_OK) &&
        CHECK(bundle != NULL)) {
        CHECK_NEAR(scalar_of(bundle, "slope/.ATTRIBUTES/VARIABLE_VALUE"), 0.5,
                   0);
        CHECK_NEAR(scalar_of(bundle, "offset/.ATTRIBUTES/VARIABLE_VALUE"), 3,
                   0);
    }
    clary_artifact_close(artifact);
    clary_arena_deinit(&arena);
}
