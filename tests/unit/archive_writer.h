/* archive_writer.h: archives and folders for the tests of artifacts.
 *
 * The archives are written byte by byte (POSIX.1-1988 ustar), so that they can
 * say what no tar program would write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_ARCHIVE_WRITER_H
#define CLARY_TESTS_ARCHIVE_WRITER_H

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
    size_t capacity;
};

__attribute__((unused)) static void append(struct bytes *to, const void *bytes,
                                           size_t len)
{
    if (len > to->capacity - to->len) {
        to->capacity = 2 * (to->len + len);
        to->at = realloc(to->at, to->capacity);
    }
    if (to->at == NULL)
        abort();
    if (bytes != NULL)
        memcpy(to->at + to->len, bytes, len);
    else
        memset(to->at + to->len, 0, len);
    to->len += len;
}

__attribute__((unused)) static void discard(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){0};
}

/* A ustar header; `type` is '0' file, '1' hard link, '2' symlink, '3' device,
 * '5' directory, '6' FIFO, 'L' a long name of GNU tar, 'x' of pax. */
__attribute__((unused)) static void append_header(struct bytes *tar,
                                                  const char *path, char type,
                                                  unsigned long long size,
                                                  const char *link)
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

__attribute__((unused)) static void append_data(struct bytes *tar,
                                                const void *data, size_t len)
{
    append(tar, data, len);
    append(tar, NULL, (512 - len % 512) % 512);
}

__attribute__((unused)) static void append_file(struct bytes *tar,
                                                const char *path,
                                                const char *text)
{
    append_header(tar, path, '0', strlen(text), "");
    append_data(tar, text, strlen(text));
}

__attribute__((unused)) static void append_end(struct bytes *tar)
{
    append(tar, NULL, 1024);
}

__attribute__((unused)) static struct bytes gzip(const struct bytes *plain)
{
    struct bytes out = {0};
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

/* What any form of the same four files must be. */
__attribute__((unused)) static void check_sound(const char *root)
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

__attribute__((unused)) static struct bytes sound_tar(void)
{
    struct bytes tar = {0};
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

/* Opens a tar in memory as it is and gzipped; the status of both must be
 * `status` and the message hold `part`. */
__attribute__((unused)) static void check_refused(
    const struct bytes *tar, const struct clary_artifact_limits *limits,
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

__attribute__((unused)) static int remove_one(const char *path,
                                              const struct stat *status,
                                              int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

__attribute__((unused)) static void folder_make(void)
{
    snprintf(folder, sizeof folder, P_tmpdir "/test_artifact.XXXXXX");
    if (mkdtemp(folder) == NULL)
        abort();
}

__attribute__((unused)) static void folder_remove(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *name)
{
    static char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

__attribute__((unused)) static void write_file(const char *name,
                                               const void *bytes, size_t len)
{
    FILE *file = fopen(in_folder(name), "wb");
    if (file == NULL || fwrite(bytes, 1, len, file) != len)
        abort();
    fclose(file);
}

__attribute__((unused)) static void make_directory(const char *name)
{
    if (mkdir(in_folder(name), 0755) != 0)
        abort();
}

#endif
