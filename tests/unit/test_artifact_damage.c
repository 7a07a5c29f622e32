/* test_artifact_damage.c: artifacts that are too large, lie about it, or are
 * damaged.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "tests/test.h"
#include "tests/unit/archive_writer.h"

#include <stdlib.h>

/* --- limits */

TEST(too_many_files)
{
    char path[32];
    struct bytes tar = {0};
    struct clary_artifact_limits few = {.max_files = 2};
    for (int i = 0; i < 10000; i++) {
        snprintf(path, sizeof path, "f%05d", i);
        append_file(&tar, path, "");
    }
    if (CHECK_STATUS(
            clary_artifact_open_memory(tar.at, tar.len, NULL, &artifact, &err),
            CLARY_OK)) {
        CHECK_INT(artifact->n_files, 10000);
        CHECK(clary_artifact_find(artifact, "f07777") != NULL);
        clary_artifact_close(artifact);
    }
    append_file(&tar, "f10000", "");
    append_end(&tar);
    check_refused(&tar, NULL, CLARY_TOO_LARGE, "more than 10000 entries");
    check_refused(&tar, &few, CLARY_TOO_LARGE, "more than 2 entries");
    discard(&tar);
}

TEST(too_many_bytes)
{
    struct clary_artifact_limits limits = {.max_bytes = 10};
    struct bytes tar = {0};
    append_file(&tar, "a", "12345");
    append_file(&tar, "b", "12345");
    if (CHECK_STATUS(clary_artifact_open_memory(tar.at, tar.len, &limits,
                                                &artifact, &err),
                     CLARY_OK)) {
        CHECK_INT(artifact->bytes, 10);
        clary_artifact_close(artifact);
    }
    append_file(&tar, "c", "1");
    append_end(&tar);
    check_refused(&tar, &limits, CLARY_TOO_LARGE, "larger than 10 bytes");
    discard(&tar);

    folder_make();
    make_directory("d");
    write_file("d/a", "12345", 5);
    write_file("d/b", "123456", 6);
    CHECK_STATUS(clary_artifact_open(in_folder("d"), &limits, &artifact, &err),
                 CLARY_TOO_LARGE);
    CHECK_STATUS(
        clary_artifact_open(in_folder("d/a"), &limits, &artifact, &err),
        CLARY_OK);
    clary_artifact_close(artifact);
    limits.max_files = 1;
    limits.max_bytes = 0;
    CHECK_STATUS(clary_artifact_open(in_folder("d"), &limits, &artifact, &err),
                 CLARY_TOO_LARGE);
    folder_remove();
}

/* A header may declare what it likes: memory follows the bytes. */
TEST(declared_sizes_that_lie)
{
    struct bytes tar = {0};
    append_header(&tar, "big", '0', (unsigned long long)1 << 32, "");
    append_data(&tar, "few", 3);
    check_refused(&tar, NULL, CLARY_TOO_LARGE, "\"big\" would add 4294967296");
    discard(&tar);
    append_header(&tar, "big", '0', (unsigned long long)1 << 30, "");
    append_data(&tar, "few", 3);
    append_end(&tar);
    check_refused(&tar, NULL, CLARY_BAD_MODEL, "damaged");
    discard(&tar);
}

/* 64 MiB of zeros in 64 KB; and gzip data that yields nothing but goes on. */
TEST(bombs)
{
    struct clary_artifact_limits limits = {.max_files = 10,
                                           .max_bytes = 1 << 20};
    struct bytes tar = {0};
    append_file(&tar, "a", "1");
    append(&tar, NULL, (size_t)64 << 20);
    struct bytes packed = gzip(&tar);
    CHECK_STATUS(clary_artifact_open_memory(packed.at, packed.len, &limits,
                                            &artifact, &err),
                 CLARY_TOO_LARGE);
    discard(&packed);
    discard(&tar);

    struct bytes inner = sound_tar();
    struct bytes once = gzip(&inner);
    struct bytes twice = gzip(&once);
    CHECK_STATUS(
        clary_artifact_open_memory(twice.at, twice.len, NULL, &artifact, &err),
        CLARY_BAD_MODEL);
    discard(&inner);
    discard(&once);
    discard(&twice);
}

/* Headers that describe the next header, which describes the next, ... */
TEST(a_long_chain_of_long_names)
{
    struct bytes tar = {0};
    for (int i = 0; i < 20000; i++) {
        append_header(&tar, "././@LongLink", 'L', 5, "");
        append_data(&tar, "name", 5);
    }
    append_file(&tar, "short", "text");
    append_end(&tar);
    check_refused(&tar, NULL, CLARY_BAD_MODEL, "");
    discard(&tar);
}

/* --- damage */

TEST(every_truncation)
{
    struct bytes tar = sound_tar();
    struct bytes packed = gzip(&tar);
    for (size_t len = 0; len < packed.len; len++) {
        artifact = NULL;
        if (!CHECK_STATUS(clary_artifact_open_memory(packed.at, len, NULL,
                                                     &artifact, &err),
                          CLARY_BAD_MODEL))
            break;
    }
    CHECK(strstr(err.message, "cut off") != NULL);
    for (size_t len = 0; len < tar.len; len += 100) {
        artifact = NULL;
        if (clary_artifact_open_memory(tar.at, len, NULL, &artifact, &err) ==
            CLARY_OK)
            clary_artifact_close(artifact);
    }
    discard(&tar);
    discard(&packed);
}

/* The checksum of gzip finds what nothing else would: weights that differ.
 * Some bits do not matter: parts of the header, the way to repeat a zero. */
TEST(every_flipped_bit)
{
    struct bytes tar = sound_tar();
    struct bytes packed = gzip(&tar);
    for (size_t bit = 0; bit < 8 * packed.len; bit++) {
        unsigned char flipped = (unsigned char)(1 << bit % 8);
        packed.at[bit / 8] ^= flipped;
        if (clary_artifact_open_memory(packed.at, packed.len, NULL, &artifact,
                                       &err) == CLARY_OK) {
            check_sound("model");
            CHECK(bit >= 24 && bit < 8 * (packed.len - 8));
            clary_artifact_close(artifact);
        }
        packed.at[bit / 8] ^= flipped;
    }
    discard(&tar);
    discard(&packed);
}

TEST(not_an_archive)
{
    CHECK_STATUS(clary_artifact_open_memory("hello", 5, NULL, &artifact, &err),
                 CLARY_BAD_MODEL);
    CHECK_STATUS(clary_artifact_open_memory("", 0, NULL, &artifact, &err),
                 CLARY_BAD_MODEL);
    struct bytes text = {0};
    append(&text, "just text, but gzipped", 22);
    struct bytes packed = gzip(&text);
    CHECK_STATUS(clary_artifact_open_memory(packed.at, packed.len, NULL,
                                            &artifact, &err),
                 CLARY_BAD_MODEL);
    CHECK(strstr(err.message, "not a tar.gz") != NULL);
    discard(&text);
    discard(&packed);
}
