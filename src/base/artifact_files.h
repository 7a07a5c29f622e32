/* artifact_files.h: the files of an artifact while it is being opened.
 *
 * Private to artifact.c and artifact_directory.c: the rules that hold for an
 * entry whether it comes from a directory or from an archive.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_ARTIFACT_FILES_H
#define CLARY_BASE_ARTIFACT_FILES_H

#include "base/artifact.h"

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>

#define CLARY_FILES_PATH_BYTES 1024 /* of one path, with its NUL */
#define CLARY_FILES_DEPTH      32   /* parts of one path */

struct clary_files_entry {
    char *path;
    unsigned char *bytes; /* NULL when len is 0 */
    size_t len;
};

struct clary_files {
    struct clary_artifact_limits limits; /* both > 0 */
    struct clary_files_entry *entries;   /* owned, with all they point to */
    size_t count;
    size_t capacity;
    size_t bytes;  /* sum of len */
    size_t n_seen; /* entries of every kind, also those passed over */
    bool mapped;   /* bytes come from mmap, not from malloc */
};

/* Counts an entry of any kind. errors  CLARY_TOO_LARGE */
enum clary_status clary_files_see(struct clary_files *files,
                                  struct clary_error *err) CLARY_MUST_USE;

/* Writes the plain form of `raw` into `path`: no "." parts, no doubled or
 * trailing '/'. `*passed_over` for names that are not the model's: "._x" of
 * macOS, the root itself.
 *
 *   errors  CLARY_BAD_MODEL: absolute, "..", too long, too deep, not UTF-8, a
 *           control character or a backslash (sha256sum would escape those,
 *           and the listing of artifact.h would not be its output)
 */
enum clary_status clary_files_path(const char *raw,
                                   char path[CLARY_FILES_PATH_BYTES],
                                   bool *passed_over, struct clary_error *err)
    CLARY_MUST_USE;

/* Whether `len` more bytes are allowed. errors  CLARY_TOO_LARGE */
enum clary_status clary_files_admit(const struct clary_files *files,
                                    const char *path, size_t len,
                                    struct clary_error *err) CLARY_MUST_USE;

/* Appends; `bytes` is owned by `files` from here on, also on failure.
 * errors  CLARY_NO_MEMORY */
enum clary_status clary_files_add(struct clary_files *files, const char *path,
                                  unsigned char *bytes, size_t len,
                                  struct clary_error *err) CLARY_MUST_USE;

/* Sorts by path, bytewise. errors  CLARY_BAD_MODEL (a path occurs twice) */
enum clary_status clary_files_sort(struct clary_files *files,
                                   struct clary_error *err) CLARY_MUST_USE;

/* Hex digest of the listing that artifact.h describes, of sorted files. */
void clary_files_digest(const struct clary_files *files, char hex[65]);

void clary_files_free(struct clary_files *files);

/* Adds the file behind `fd`, mapped. `path` is its path in the artifact.
 * errors  CLARY_IO, CLARY_TOO_LARGE, CLARY_NO_MEMORY */
enum clary_status clary_files_map(struct clary_files *files, int fd,
                                  const char *path, struct clary_error *err)
    CLARY_MUST_USE;

/* Adds every file below the directory `fd`, which is closed.
 * errors  as above, CLARY_BAD_MODEL for an entry that is refused */
enum clary_status clary_files_walk(struct clary_files *files, int fd,
                                   struct clary_error *err) CLARY_MUST_USE;

#endif
