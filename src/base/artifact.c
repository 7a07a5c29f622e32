/* artifact.c: a directory, a tar.gz or one file, as one view of files.
 *
 *     directory            artifact_directory.c maps its files
 *     1f 8b ...            gunzip.c, then libarchive reads the tar
 *     "ustar" at 257       libarchive reads the tar
 *     anything else        one file
 *
 * libarchive is used as a reader of tar headers only: the list of formats and
 * filters is one line, so that a static program carries no others. Nothing is
 * written to the disk. An archive that names one path twice is refused, since
 * tar programs differ in which of the two they would keep.
 * Tests: tests/unit/test_artifact*.c, tests/fuzz/fuzz_artifact.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"

#include "base/artifact_files.h"
#include "base/gunzip.h"

#include <clary/tensor.h>

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEFAULT_MAX_FILES ((size_t)10000)
#define DEFAULT_MAX_BYTES ((size_t)2 << 30)

/* What a tar may have beside the files' bytes: headers and padding. */
#define TAR_BYTES_PER_ENTRY ((size_t)4 << 10)
#define TAR_BYTES_AT_END    ((size_t)1 << 20)

#define PIECE_BYTES    ((size_t)64 << 10)
#define FIRST_CAPACITY ((size_t)1 << 20)

struct opened {
    struct clary_artifact artifact; /* the public part; .memory is this */
    struct clary_files files;
    struct clary_file *view; /* artifact.files */
    char *root;              /* artifact.root */
};

/* --- reading an archive */

/* Where libarchive gets its bytes from. */
struct source {
    struct clary_gunzip *gunzip; /* NULL: a plain tar */
    const void *plain;
    size_t plain_bytes; /* 0 once it was given */
    enum clary_status status;
    struct clary_error *err;
    unsigned char piece[PIECE_BYTES];
};

/* libarchive's read callback: -1 is an error, 0 the end. */
static la_ssize_t give(struct archive *reader, void *data, const void **bytes)
{
    struct source *source = data;
    size_t len = source->plain_bytes;
    if (source->gunzip == NULL) {
        *bytes = source->plain;
        source->plain_bytes = 0;
        return (la_ssize_t)len;
    }
    source->status = clary_gunzip_read(source->gunzip, source->piece,
                                       PIECE_BYTES, &len, source->err);
    if (source->status != CLARY_OK) {
        archive_set_error(reader, EIO, "%s", source->err->message);
        return -1;
    }
    *bytes = source->piece;
    return (la_ssize_t)len;
}

/* Why libarchive gave up: our own reason if the bytes could not be had. */
static enum clary_status reader_failed(struct archive *reader,
                                       const struct source *source)
{
    if (source->status != CLARY_OK)
        return source->status;
    if (archive_errno(reader) == ENOMEM)
        return clary_fail(source->err, CLARY_NO_MEMORY,
                          "no memory to read the archive");
    const char *reason = archive_error_string(reader);
    return clary_fail(source->err, CLARY_BAD_MODEL,
                      "the archive is damaged or not a tar%s: %s",
                      source->gunzip != NULL ? ".gz" : "",
                      reason != NULL ? reason : "no reason given");
}

/* A larger buffer for a file that declares `len` bytes: memory follows the
 * bytes that came, since a header may declare anything. */
static unsigned char *grow(unsigned char *bytes, size_t *capacity, size_t len)
{
    size_t wanted = *capacity > 0 ? *capacity : FIRST_CAPACITY / 2;
    wanted = wanted < len / 2 ? 2 * wanted : len;
    unsigned char *grown = realloc(bytes, wanted);
    if (grown != NULL)
        *capacity = wanted;
    return grown;
}

/* Reads the `len` bytes that the header declares. */
static enum clary_status read_bytes(struct archive *reader,
                                    const struct source *source,
                                    const char *path, size_t len,
                                    unsigned char **out)
{
    enum clary_status status = CLARY_OK;
    unsigned char *bytes = NULL;
    size_t capacity = 0;
    size_t used = 0;
    while (used < len && status == CLARY_OK) {
        if (used == capacity) {
            unsigned char *grown = grow(bytes, &capacity, len);
            if (grown == NULL) {
                status =
                    clary_fail(source->err, CLARY_NO_MEMORY,
                               "no memory for \"%s\" (%zu bytes)", path, len);
                break;
            }
            bytes = grown;
        }
        la_ssize_t n = archive_read_data(reader, bytes + used, capacity - used);
        if (n < 0)
            status = reader_failed(reader, source);
        else if (n == 0)
            status = clary_fail(source->err, CLARY_BAD_MODEL,
                                "\"%s\" has %zu bytes, its header says %zu",
                                path, used, len);
        else
            used += (size_t)n;
    }
    if (status != CLARY_OK)
        free(bytes);
    else
        *out = bytes;
    return status;
}

/* What no artifact may hold; NULL for files and directories. */
static const char *kind_refused(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry) != NULL)
        return "a hard link";
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
    case AE_IFDIR:
        return NULL;
    case AE_IFLNK:
        return "a symbolic link";
    default:
        return "neither a file nor a directory";
    }
}

static enum clary_status read_entry(struct archive *reader,
                                    struct archive_entry *entry,
                                    const struct source *source,
                                    struct clary_files *files)
{
    char path[CLARY_FILES_PATH_BYTES];
    bool passed_over;
    CLARY_TRY(clary_files_see(files, source->err));
    /* The bytes of the header as they are; only if libarchive has none, the
     * form it converted. */
    const char *raw = archive_entry_pathname(entry);
    if (raw == NULL)
        raw = archive_entry_pathname_utf8(entry);
    if (raw == NULL)
        return clary_fail(source->err, CLARY_BAD_MODEL,
                          "entry %zu of the archive has no readable path",
                          files->n_seen);
    CLARY_TRY(clary_files_path(raw, path, &passed_over, source->err));
    const char *refused = kind_refused(entry);
    if (refused != NULL && !passed_over)
        return clary_fail(source->err, CLARY_BAD_MODEL,
                          "the artifact has an entry that is %s: \"%s\"",
                          refused, path);
    if (passed_over || archive_entry_filetype(entry) == AE_IFDIR)
        return CLARY_OK;
    la_int64_t size = archive_entry_size(entry);
    if (size < 0)
        return clary_fail(source->err, CLARY_BAD_MODEL,
                          "\"%s\" declares a negative size", path);
    unsigned char *bytes = NULL;
    CLARY_TRY(clary_files_admit(files, path, (size_t)size, source->err));
    CLARY_TRY(read_bytes(reader, source, path, (size_t)size, &bytes));
    return clary_files_add(files, path, bytes, (size_t)size, source->err);
}

/* ARCHIVE_WARN is a name that the C locale cannot express, and fine. */
static bool is_fine(int result)
{
    return result == ARCHIVE_OK || result == ARCHIVE_WARN;
}

static enum clary_status read_entries(struct archive *reader,
                                      struct source *source,
                                      struct clary_files *files)
{
    if (archive_read_support_format_tar(reader) != ARCHIVE_OK ||
        !is_fine(archive_read_open(reader, source, NULL, give, NULL)))
        return reader_failed(reader, source);
    for (;;) {
        struct archive_entry *entry;
        int result = archive_read_next_header(reader, &entry);
        if (result == ARCHIVE_EOF)
            return CLARY_OK;
        if (!is_fine(result))
            return reader_failed(reader, source);
        CLARY_TRY(read_entry(reader, entry, source, files));
    }
}

/* The checksum stands behind the last byte, the tar ends before it. */
static enum clary_status read_to_end(struct source *source)
{
    size_t len = 1;
    while (source->gunzip != NULL && len > 0)
        CLARY_TRY(clary_gunzip_read(source->gunzip, source->piece, PIECE_BYTES,
                                    &len, source->err));
    return CLARY_OK;
}

static size_t max_tar_bytes(const struct clary_artifact_limits *limits)
{
    size_t bytes;
    if (!clary_size_mul(limits->max_files, TAR_BYTES_PER_ENTRY, &bytes) ||
        !clary_size_add(bytes, TAR_BYTES_AT_END, &bytes) ||
        !clary_size_add(bytes, limits->max_bytes, &bytes))
        return SIZE_MAX;
    return bytes;
}

static enum clary_status read_archive(struct clary_files *files,
                                      const void *bytes, size_t len,
                                      struct clary_error *err)
{
    enum clary_status status = CLARY_OK;
    struct archive *reader = archive_read_new();
    struct source *source = malloc(sizeof *source);
    if (source != NULL)
        source->gunzip = NULL;
    if (reader == NULL || source == NULL) {
        status = clary_fail(err, CLARY_NO_MEMORY, "no memory for the archive");
        goto done;
    }
    source->plain = bytes;
    source->plain_bytes = len;
    source->status = CLARY_OK;
    source->err = err;
    if (clary_gunzip_probe(bytes, len))
        status = clary_gunzip_open(bytes, len, max_tar_bytes(&files->limits),
                                   &source->gunzip, err);
    if (status == CLARY_OK)
        status = read_entries(reader, source, files);
    if (status == CLARY_OK)
        status = read_to_end(source);
done:
    archive_read_free(reader); /* NULL allowed */
    if (source != NULL)
        clary_gunzip_close(source->gunzip);
    free(source);
    return status;
}

/* --- opening and closing */

/* The base name of `path`: "/opt/ml/model/" as "model". */
static char *base_name(const char *path)
{
    size_t end = strlen(path);
    while (end > 0 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    const char *name = path + begin;
    size_t len = end - begin;
    if (len == 0 || (len == 1 && name[0] == '.') ||
        (len == 2 && name[0] == '.' && name[1] == '.'))
        return strdup("model");
    return strndup(name, len);
}

/* "churn.tar.gz" as "churn". */
static void cut_suffix(char *name)
{
    static const char *const suffixes[] = {".tar.gz", ".tgz", ".tar"};
    size_t len = strlen(name);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t suffix = strlen(suffixes[i]);
        if (len > suffix && strcmp(name + len - suffix, suffixes[i]) == 0) {
            name[len - suffix] = '\0';
            return;
        }
    }
}

static struct opened *opened_new(const char *path,
                                 const struct clary_artifact_limits *limits,
                                 struct clary_error *err)
{
    struct opened *opened = calloc(1, sizeof *opened);
    char *name = base_name(path);
    if (opened == NULL || name == NULL) {
        free(opened);
        free(name);
        clary_fail(err, CLARY_NO_MEMORY, "no memory to open an artifact");
        return NULL;
    }
    opened->root = name;
    opened->files.limits =
        (struct clary_artifact_limits){DEFAULT_MAX_FILES, DEFAULT_MAX_BYTES};
    if (limits != NULL && limits->max_files > 0)
        opened->files.limits.max_files = limits->max_files;
    if (limits != NULL && limits->max_bytes > 0)
        opened->files.limits.max_bytes = limits->max_bytes;
    return opened;
}

static void opened_free(struct opened *opened)
{
    clary_files_free(&opened->files);
    free(opened->view);
    free(opened->root);
    free(opened);
}

/* Sorts, takes the digest and fills in the public part. */
static enum clary_status finish(struct opened *opened, struct clary_error *err)
{
    struct clary_files *files = &opened->files;
    CLARY_TRY(clary_files_sort(files, err));
    /* One more than needed: calloc(0) may say NULL. */
    opened->view = calloc(files->count + 1, sizeof *opened->view);
    if (opened->view == NULL)
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory for the artifact's list of files");
    for (size_t i = 0; i < files->count; i++)
        opened->view[i] =
            (struct clary_file){files->entries[i].path, files->entries[i].bytes,
                                files->entries[i].len};
    opened->artifact.root = opened->root;
    opened->artifact.files = opened->view;
    opened->artifact.n_files = files->count;
    opened->artifact.bytes = files->bytes;
    opened->artifact.memory = opened;
    clary_files_digest(files, opened->artifact.sha256);
    return CLARY_OK;
}

/* Ends every way to open: what was read becomes the artifact, or goes. */
static enum clary_status deliver(struct opened *opened,
                                 enum clary_status status,
                                 struct clary_artifact **out,
                                 struct clary_error *err)
{
    if (status == CLARY_OK)
        status = finish(opened, err);
    if (status != CLARY_OK) {
        opened_free(opened);
        return status;
    }
    *out = &opened->artifact;
    return CLARY_OK;
}

static bool is_archive(const unsigned char *bytes, size_t len)
{
    static const char magic[] = "ustar"; /* POSIX.1-1988 pax, ustar header */
    const size_t at = 257;
    return clary_gunzip_probe(bytes, len) ||
           (len >= at + sizeof magic &&
            memcmp(bytes + at, magic, sizeof magic - 1) == 0);
}

/* A regular file: an archive, or a model by itself. */
static enum clary_status open_file(struct opened *opened, int fd, size_t len,
                                   struct clary_error *err)
{
    void *bytes = NULL;
    if (len > 0)
        bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return clary_fail(err, CLARY_IO, "the artifact cannot be mapped: %m");
    enum clary_status status;
    if (is_archive(bytes, len)) {
        cut_suffix(opened->root);
        status = read_archive(&opened->files, bytes, len, err);
    } else {
        opened->files.mapped = true;
        status = clary_files_map(&opened->files, fd, opened->root, err);
    }
    if (len > 0)
        munmap(bytes, len);
    return status;
}

enum clary_status clary_artifact_open(
    const char *path, const struct clary_artifact_limits *limits,
    struct clary_artifact **out, struct clary_error *err)
{
    struct stat status;
    /* O_NONBLOCK: a FIFO is refused, not waited for. */
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return clary_fail(err, CLARY_IO, "%s cannot be opened: %m", path);
    struct opened *opened = opened_new(path, limits, err);
    if (opened == NULL) {
        close(fd);
        return CLARY_NO_MEMORY;
    }
    enum clary_status result;
    if (fstat(fd, &status) != 0) {
        result = clary_fail(err, CLARY_IO, "%s cannot be read: %m", path);
    } else if (S_ISDIR(status.st_mode)) {
        opened->files.mapped = true;
        result = clary_files_walk(&opened->files, fd, err);
        fd = -1;
    } else if (S_ISREG(status.st_mode)) {
        result = open_file(opened, fd, (size_t)status.st_size, err);
    } else {
        result = clary_fail(err, CLARY_IO,
                            "%s is neither a file nor a directory", path);
    }
    if (fd >= 0)
        close(fd);
    return deliver(opened, result, out, err);
}

enum clary_status clary_artifact_open_memory(
    const void *bytes, size_t len, const struct clary_artifact_limits *limits,
    struct clary_artifact **out, struct clary_error *err)
{
    struct opened *opened = opened_new("model", limits, err);
    if (opened == NULL)
        return CLARY_NO_MEMORY;
    return deliver(opened, read_archive(&opened->files, bytes, len, err), out,
                   err);
}

void clary_artifact_put_aside(const struct clary_artifact *artifact,
                              const struct clary_file *file)
{
    const struct opened *opened = artifact->memory;
    union {
        const unsigned char *in;
        void *out;
    } bytes = {.in = file->bytes};

    if (opened != NULL && opened->files.mapped && file->len > 0)
        (void)madvise(bytes.out, file->len, MADV_DONTNEED);
}

void clary_artifact_close(struct clary_artifact *artifact)
{
    if (artifact != NULL)
        opened_free(artifact->memory);
}

/* --- finding */

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct clary_file *)file)->path);
}

const struct clary_file *clary_artifact_find(
    const struct clary_artifact *artifact, const char *path)
{
    return bsearch(path, artifact->files, artifact->n_files,
                   sizeof *artifact->files, compare_path);
}

const struct clary_file *clary_artifact_find_in(
    const struct clary_artifact *artifact, const char *directory,
    const char *name)
{
    char path[CLARY_FILES_PATH_BYTES];
    int len = snprintf(path, sizeof path, "%s%s%s", directory,
                       directory[0] != '\0' ? "/" : "", name);
    if (len < 0 || (size_t)len >= sizeof path) /* longer than any there is */
        return NULL;
    return clary_artifact_find(artifact, path);
}
