/* test_artifact.c: directories and archives, sound and nasty.
 *
 * The archives are written here byte by byte (POSIX.1-1988 ustar), so that
 * they can say what no tar program would write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "tests/test.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static struct clary_error err;
static struct clary_artifact *artifact;

/* --- writing archives */

struct bytes {
    unsigned char *at;
    size_t len;
};

static void append(struct bytes *to, const void *bytes, size_t len)
{
    to->at = realloc(to->at, to->len + len + 1);
    if (to->at == NULL)
        abort();
    if (bytes != NULL)
        memcpy(to->at + to->len, bytes, len);
    else
        memset(to->at + to->len, 0, len);
    to->len += len;
}

static void discard(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){NULL, 0};
}

/* A ustar header; `type` is '0' file, '1' hard link, '2' symlink, '3' device,
 * '5' directory, '6' FIFO, 'L' a long name of GNU tar, 'x' of pax. */
static void append_header(struct bytes *tar, const char *path, char type,
                          unsigned long long size, const char *link)
{
    char header[513] = {0};
    snprintf(header, 101, "%s", path);
    snprintf(header + 100, 8, "0000644");
    snprintf(header + 108, 8, "0000000");
    snprintf(header + 116, 8, "0000000");
    snprintf(header + 124, 13, "%011llo", size & 077777777777);
    snprintf(header + 136, 12, "00000000000");
    memset(header + 148, ' ', 8);
    header[156] = type;
    snprintf(header + 157, 100, "%s", link);
    memcpy(header + 257, "ustar\00000", 8);
    unsigned sum = 0;
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    append(tar, header, 512);
}

static void append_data(struct bytes *tar, const void *data, size_t len)
{
    append(tar, data, len);
    append(tar, NULL, (512 - len % 512) % 512);
}

static void append_file(struct bytes *tar, const char *path, const char *text)
{
    append_header(tar, path, '0', strlen(text), "");
    append_data(tar, text, strlen(text));
}

static void append_end(struct bytes *tar)
{
    append(tar, NULL, 1024);
}

static struct bytes gzip(const struct bytes *plain)
{
    struct bytes out = {NULL, 0};
    z_stream stream = {0};
    if (deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        abort();
    append(&out, NULL, deflateBound(&stream, plain->len));
    stream.next_in = plain->at;
    stream.avail_in = (uInt)plain->len;
    stream.next_out = out.at;
    stream.avail_out = (uInt)out.len;
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    out.len -= stream.avail_out;
    deflateEnd(&stream);
    return out;
}

/* Opens a tar in memory as it is and gzipped; the status of both must be
 * `status` and the message hold `part`. */
static void check_refused(const struct bytes *tar,
                          const struct clary_artifact_limits *limits,
                          enum clary_status status, const char *part)
{
    struct bytes packed = gzip(tar);
    for (int i = 0; i < 2; i++) {
        const struct bytes *bytes = i == 0 ? tar : &packed;
        artifact = NULL;
        CHECK_STATUS(clary_artifact_open_memory(bytes->at, bytes->len, limits,
                                                &artifact, &err),
                     status);
        if (!CHECK(strstr(err.message, part) != NULL))
            printf("  the message is: %s\n", err.message);
        CHECK(artifact == NULL);
        clary_artifact_close(artifact);
    }
    discard(&packed);
}

/* --- folders */

static char folder[64];

static int remove_one(const char *path, const struct stat *status, int type,
                      struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void folder_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/test_artifact.XXXXXX");
    if (mkdtemp(folder) == NULL)
        abort();
}

static void folder_remove(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t len)
{
    FILE *file = fopen(in_folder(name), "wb");
    if (file == NULL || fwrite(bytes, 1, len, file) != len)
        abort();
    fclose(file);
}

static void make_directory(const char *name)
{
    if (mkdir(in_folder(name), 0755) != 0)
        abort();
}

/* --- sound artifacts */

static void check_sound(const char *root)
{
    const struct clary_file *file;
    CHECK_STR(artifact->root, root);
    if (!CHECK_INT(artifact->n_files, 4))
        return;
    CHECK_STR(artifact->files[0].path, "a/b.txt");
    CHECK_STR(artifact->files[1].path, "a/empty");
    CHECK_STR(artifact->files[2].path, "a0");
    CHECK_STR(artifact->files[3].path, "z\xC3\xBC.bin");
    CHECK_INT(artifact->bytes, 5 + 0 + 3 + 2);
    file = clary_artifact_find(artifact, "a/b.txt");
    if (CHECK(file != NULL) && CHECK_INT(file->len, 5))
        CHECK_INT(memcmp(file->bytes, "hello", 5), 0);
    file = clary_artifact_find_in(artifact, "a", "empty");
    if (CHECK(file != NULL))
        CHECK_INT(file->len, 0);
    CHECK(clary_artifact_find_in(artifact, "", "a0") == &artifact->files[2]);
    CHECK(clary_artifact_find(artifact, "a") == NULL);
    CHECK(clary_artifact_find(artifact, "") == NULL);
    CHECK(clary_artifact_find_in(artifact, "a", "") == NULL);
    /* sha256sum of the listing that sha256sum printed for the four files */
    CHECK_STR(
        artifact->sha256,
        "bcb34f01538382a92d0fccebf4605e4ed225128e6579a9dcd2baa559f5129c8a");
}

static struct bytes sound_tar(void)
{
    struct bytes tar = {NULL, 0};
    append_header(&tar, "./", '5', 0, "");
    append_file(&tar, "./z\xC3\xBC.bin", "zz");
    append_header(&tar, "a/", '5', 0, "");
    append_file(&tar, "a//./empty", "");
    append_file(&tar, "a/b.txt", "hello");
    append_file(&tar, "a/._b.txt", "of macOS");
    append_file(&tar, "._a", "of macOS");
    append_file(&tar, "a0", "xyz");
    append_end(&tar);
    return tar;
}

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
    struct bytes head = {tar.at, 1000};
    struct bytes tail = {tar.at + 1000, tar.len - 1000};
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
    struct bytes tar = {NULL, 0};
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
    struct bytes tar = {NULL, 0};
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
    struct bytes tar = {NULL, 0};
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
    struct bytes tar = {NULL, 0};
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

/* --- limits */

TEST(too_many_files)
{
    char path[32];
    struct bytes tar = {NULL, 0};
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
    struct bytes tar = {NULL, 0};
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
    struct bytes tar = {NULL, 0};
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
    struct bytes tar = {NULL, 0};
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
    struct bytes tar = {NULL, 0};
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
    struct bytes text = {NULL, 0};
    append(&text, "just text, but gzipped", 22);
    struct bytes packed = gzip(&text);
    CHECK_STATUS(clary_artifact_open_memory(packed.at, packed.len, NULL,
                                            &artifact, &err),
                 CLARY_BAD_MODEL);
    CHECK(strstr(err.message, "not a tar.gz") != NULL);
    discard(&text);
    discard(&packed);
}
