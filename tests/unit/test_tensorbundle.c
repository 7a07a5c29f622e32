/* test_tensorbundle.c: TensorFlow's checkpoints: entries, data files, and the
 * models of tests/golden/savedmodel. Wrong tables are test_leveldb.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/test.h"
#include "tests/unit/bundle_writer.h"

#include <glob.h>
#include <stdlib.h>

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

TEST(golden_models)
{
    glob_t found;
    if (!CHECK_INT(
            glob("tests/golden/savedmodel/*/model.tar.gz", 0, NULL, &found), 0))
        return;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct clary_artifact *artifact = NULL;
        const char *name = found.gl_pathv[i];
        clary_arena_init(&arena, (size_t)1 << 28);
        if (CHECK_STATUS(clary_artifact_open(name, NULL, &artifact, &err),
                         CLARY_OK))
            check_all_bundles(artifact, name);
        clary_artifact_close(artifact);
        clary_arena_deinit(&arena);
    }
    globfree(&found);
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
