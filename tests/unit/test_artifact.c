/* test_artifact.c: directories and archives, sound ones and such with entries
 * that are refused. Limits and damage are test_artifact_damage.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "tests/test.h"
#include "tests/unit/archive_writer.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- sound artifacts */

TEST(archives)
{
    struct bytes tar = sound_tar();
    struct bytes packed = gzip(&tar);
    const struct bytes *both[] = {&tar, &packed};
    for (size_t i = 0; i < 2; i++) {
        if (!CHECK_STATUS(clary_artifact_open_memory(both[i]->at, both[i]->len,
                                                     NULL, &artifact, &err),
                          CLARY_OK))
            continue;
        check_sound("model");
        clary_artifact_close(artifact);
    }
    discard(&tar);
    discard(&packed);
}

TEST(archive_and_directory_are_the_same)
{
    struct bytes tar = sound_tar();
    struct bytes packed = gzip(&tar);
    folder_make();
    write_file("churn.v2.tar.gz", packed.at, packed.len);
    write_file("churn.tar", tar.at, tar.len);
    write_file("churn", packed.at, packed.len);
    make_directory("d");
    make_directory("d/a");
    make_directory("d/._dir");
    write_file("d/z\xC3\xBC.bin", "zz", 2);
    write_file("d/a0", "xyz", 3);
    write_file("d/a/b.txt", "hello", 5);
    write_file("d/a/empty", "", 0);
    write_file("d/a/._b.txt", "of macOS", 8);
    write_file("d/._dir/x", "of macOS", 8);
    CHECK_INT(symlink("d", in_folder("link")), 0);
    static const char *const opened[][2] = {
        {"churn.v2.tar.gz", "churn.v2"},
        {"churn.tar", "churn"},
        {"churn", "churn"},
        {"d", "d"},
        {"d///", "d"},
        {"link", "link"},
        {"d/.", "model"},
    };
    for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
        if (!CHECK_STATUS(clary_artifact_open(in_folder(opened[i][0]), NULL,
                                              &artifact, &err),
                          CLARY_OK)) {
            printf("  %s\n", err.message);
            continue;
        }
        check_sound(opened[i][1]);
        clary_artifact_close(artifact);
    }
    folder_remove();
    discard(&tar);
    discard(&packed);
}

TEST(one_file)
{
    folder_make();
    write_file("xgboost-model", "binf", 4);
    if (CHECK_STATUS(clary_artifact_open(in_folder("xgboost-model"), NULL,
                                         &artifact, &err),
                     CLARY_OK)) {
        CHECK_STR(artifact->root, "xgboost-model");
        CHECK_INT(artifact->n_files, 1);
        CHECK_STR(artifact->files[0].path, "xgboost-model");
        CHECK_INT(artifact->files[0].len, 4);
        clary_artifact_close(artifact);
    }
    write_file("model.tar", "", 0);
    if (CHECK_STATUS(
            clary_artifact_open(in_folder("model.tar"), NULL, &artifact, &err),
            CLARY_OK)) {
        CHECK_STR(artifact->files[0].path, "model.tar");
        CHECK_INT(artifact->bytes, 0);
        clary_artifact_close(artifact);
    }
    folder_remove();
}

TEST(empty_directory)
{
    folder_make();
    make_directory("d");
    if (CHECK_STATUS(clary_artifact_open(in_folder("d"), NULL, &artifact, &err),
                     CLARY_OK)) {
        CHECK_INT(artifact->n_files, 0);
        CHECK(clary_artifact_find(artifact, "x") == NULL);
        /* of no bytes */
        CHECK_STR(artifact->sha256, "e3b0c44298fc1c149afbf4c8996fb924"
                                    "27ae41e4649b934ca495991b7852b855");
        clary_artifact_close(artifact);
    }
    folder_remove();
}

TEST(several_gzip_members_and_bytes_behind)
{
    struct bytes tar = sound_tar();
    struct bytes head = {.at = tar.at, .len = 1000};
    struct bytes tail = {.at = tar.at + 1000, .len = tar.len - 1000};
    struct bytes packed = gzip(&head);
    struct bytes second = gzip(&tail);
    append(&packed, second.at, second.len);
    append(&packed, NULL, 700);
    if (CHECK_STATUS(clary_artifact_open_memory(packed.at, packed.len, NULL,
                                                &artifact, &err),
                     CLARY_OK)) {
        check_sound("model");
        clary_artifact_close(artifact);
    }
    discard(&tar);
    discard(&packed);
    discard(&second);
}

/* A pax header gives the path in UTF-8, GNU's 'L' in the entry before. */
TEST(long_names)
{
    char path[201];
    char record[400];
    struct bytes tar = {0};
    memset(path, 'p', 200);
    memcpy(path, "d\xC3\xBC/", 4);
    path[200] = '\0';
    int len = snprintf(record, sizeof record, "210 path=%s\n", path);
    CHECK_INT(len, 210);
    append_header(&tar, "pax", 'x', strlen(record), "");
    append_data(&tar, record, strlen(record));
    append_file(&tar, "short", "one");
    path[199] = 'q';
    append_header(&tar, "././@LongLink", 'L', 201, "");
    append_data(&tar, path, 201);
    append_file(&tar, "short", "three");
    append_end(&tar);
    if (CHECK_STATUS(
            clary_artifact_open_memory(tar.at, tar.len, NULL, &artifact, &err),
            CLARY_OK)) {
        const struct clary_file *file = clary_artifact_find(artifact, path);
        CHECK_INT(artifact->n_files, 2);
        if (CHECK(file != NULL))
            CHECK_INT(file->len, 5);
        path[199] = 'p';
        file = clary_artifact_find(artifact, path);
        if (CHECK(file != NULL))
            CHECK_INT(file->len, 3);
        clary_artifact_close(artifact);
    } else {
        printf("  %s\n", err.message);
    }
    discard(&tar);
}

/* --- entries that are refused */

static void check_path_refused(const char *path, const char *part)
{
    struct bytes tar = {0};
    append_file(&tar, "fine", "fine");
    append_file(&tar, path, "evil");
    append_end(&tar);
    check_refused(&tar, NULL, CLARY_BAD_MODEL, part);
    discard(&tar);
}

TEST(paths_that_are_refused)
{
    check_path_refused("/etc/passwd", "is absolute: \"/etc/passwd\"");
    check_path_refused("../evil", "\"..\": \"../evil\"");
    check_path_refused("a/../../evil", "\"..\"");
    check_path_refused("a/..", "\"..\"");
    check_path_refused("a\nb", "control character: \"a?b\"");
    check_path_refused("a\\b", "backslash");
    check_path_refused("a\xFF", "not UTF-8");
    check_path_refused("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/"
                       "7/8/9/0/1/2/3",
                       "too deep");
    check_path_refused("fine", "\"fine\" twice");
    check_path_refused("./fine", "\"fine\" twice");
}

TEST(paths_that_look_like_those)
{
    struct bytes tar = {0};
    append_file(&tar, "..a", "1");
    append_file(&tar, "a..", "2");
    append_file(&tar, ".../b", "3");
    append_file(&tar, ".hidden", "4");
    append_file(&tar, "-rf", "5");
    append_end(&tar);
    if (CHECK_STATUS(
            clary_artifact_open_memory(tar.at, tar.len, NULL, &artifact, &err),
            CLARY_OK)) {
        CHECK_INT(artifact->n_files, 5);
        clary_artifact_close(artifact);
    }
    discard(&tar);
}

static void check_type_refused(char type, const char *part)
{
    struct bytes tar = {0};
    append_file(&tar, "fine", "fine");
    append_header(&tar, "evil", type, 0, "fine");
    append_end(&tar);
    check_refused(&tar, NULL, CLARY_BAD_MODEL, part);
    discard(&tar);
}

TEST(kinds_that_are_refused)
{
    check_type_refused('1', "a hard link: \"evil\"");
    check_type_refused('2', "a symbolic link: \"evil\"");
    check_type_refused('3', "neither a file nor a directory: \"evil\"");
    check_type_refused('4', "neither a file nor a directory: \"evil\"");
    check_type_refused('6', "neither a file nor a directory: \"evil\"");
}

static void check_directory_refused(enum clary_status status, const char *part)
{
    artifact = NULL;
    CHECK_STATUS(clary_artifact_open(in_folder("d"), NULL, &artifact, &err),
                 status);
    if (!CHECK(strstr(err.message, part) != NULL))
        printf("  the message is: %s\n", err.message);
    CHECK(artifact == NULL);
}

TEST(directories_that_are_refused)
{
    folder_make();
    make_directory("d");
    make_directory("d/sub");
    write_file("secret", "secret", 6);
    CHECK_INT(symlink("../../secret", in_folder("d/sub/link")), 0);
    check_directory_refused(CLARY_BAD_MODEL, "symbolic link: \"sub/link\"");
    CHECK_INT(unlink(in_folder("d/sub/link")), 0);
    CHECK_INT(symlink(".", in_folder("d/sub/loop")), 0);
    check_directory_refused(CLARY_BAD_MODEL, "symbolic link: \"sub/loop\"");
    CHECK_INT(unlink(in_folder("d/sub/loop")), 0);
    CHECK_INT(mkfifo(in_folder("d/sub/fifo"), 0644), 0);
    check_directory_refused(CLARY_BAD_MODEL, "neither a file nor a directory");
    CHECK_INT(unlink(in_folder("d/sub/fifo")), 0);
    write_file("d/new\nline", "", 0);
    check_directory_refused(CLARY_BAD_MODEL, "control character");
    CHECK_INT(unlink(in_folder("d/new\nline")), 0);
    char deep[256] = "d";
    for (int i = 0; i < 33; i++) {
        strcat(deep, "/x");
        make_directory(deep);
    }
    check_directory_refused(CLARY_BAD_MODEL, "too deep");
    folder_remove();
}

TEST(what_cannot_be_opened)
{
    folder_make();
    CHECK_STATUS(
        clary_artifact_open(in_folder("nothing"), NULL, &artifact, &err),
        CLARY_IO);
    CHECK(strstr(err.message, "No such file") != NULL);
    CHECK_INT(mkfifo(in_folder("fifo"), 0644), 0);
    CHECK_STATUS(clary_artifact_open(in_folder("fifo"), NULL, &artifact, &err),
                 CLARY_IO);
    clary_artifact_close(NULL);
    folder_remove();
}
