/* artifact.h: what was in model.tar.gz, as one view of files.
 *
 * A directory (files are mapped), a tar or tar.gz (unpacked into memory by
 * libarchive) or a single file. Bytes are untrusted: the number of entries,
 * their sizes, the sum of them and the length of a path are limited; links,
 * absolute paths, paths with ".." and special files are refused by name.
 * Names that begin with "._" (macOS) and "." and ".." entries are passed over.
 *
 * The artifact owns its files; every pointer lives until clary_artifact_close.
 * threads: immutable after open.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_ARTIFACT_H
#define CLARY_BASE_ARTIFACT_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clary_file {
    const char *path;           /* relative, '/' between parts, no "./" */
    const unsigned char *bytes; /* not NUL-terminated; may be NULL if len 0 */
    size_t len;
};

struct clary_artifact {
    const char *root;               /* base name of what was opened, without
                                     * ".tar.gz": a default model name */
    const struct clary_file *files; /* sorted by path, bytewise */
    size_t n_files;
    size_t bytes;    /* sum of len */
    char sha256[65]; /* hex, see below; NUL-terminated */
    void *memory;    /* private */
};

struct clary_artifact_limits {
    size_t max_files; /* 0: 10,000 */
    size_t max_bytes; /* unpacked; 0: 2 GiB */
};

/* Opens `path`.
 *
 * sha256 is the SHA-256 of a listing with one line a file, in bytewise order
 * of the paths: the hex SHA-256 of the file, two blanks, the path, LF (what
 * `sha256sum` prints). So a directory and its tar.gz have the same digest.
 *
 *   errors  CLARY_IO (cannot be read), CLARY_BAD_MODEL (damaged archive,
 *           refused entry; named), CLARY_TOO_LARGE (limit named),
 *           CLARY_NO_MEMORY
 */
enum clary_status clary_artifact_open(
    const char *path, const struct clary_artifact_limits *limits,
    struct clary_artifact **out, struct clary_error *err) CLARY_MUST_USE;

/* The same from bytes of a tar or tar.gz in memory (tests, fuzzing). */
enum clary_status clary_artifact_open_memory(
    const void *bytes, size_t len, const struct clary_artifact_limits *limits,
    struct clary_artifact **out, struct clary_error *err) CLARY_MUST_USE;

/* Says that the bytes of a file have been read: those of a mapped one need not
 * stay in memory. They may be read again. */
void clary_artifact_put_aside(const struct clary_artifact *artifact,
                              const struct clary_file *file);

void clary_artifact_close(struct clary_artifact *artifact); /* NULL allowed */

/* The file at `path`, or NULL. Binary search. */
const struct clary_file *clary_artifact_find(
    const struct clary_artifact *artifact, const char *path);

/* The file at `directory`/`name` ("" is the root), or NULL. */
const struct clary_file *clary_artifact_find_in(
    const struct clary_artifact *artifact, const char *directory,
    const char *name);

#endif
