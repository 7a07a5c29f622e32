/* artifact_directory.c: an artifact that is unpacked already.
 *
 * SageMaker mounts /opt/ml/model, where files may be root's and read-only, so
 * they are mapped, never copied. Everything is opened relative to its parent
 * with O_NOFOLLOW: a link inside the artifact is refused, not followed, also
 * one that is put there while we look. A file must not be made shorter while
 * the artifact is open (as with every mapped file, reading past the new end
 * is a SIGBUS). Tests: tests/unit/test_artifact.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum clary_status clary_files_map(struct clary_files *files, int fd,
                                  const char *path, struct clary_error *err)
{
    struct stat status;
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return clary_fail(err, CLARY_IO, "\"%s\" is no longer a file", path);
    size_t len = (size_t)status.st_size;
    CLARY_TRY(clary_files_admit(files, path, len, err));
    if (len == 0)
        return clary_files_add(files, path, NULL, 0, err);
    void *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        return clary_fail(err, CLARY_IO, "\"%s\" cannot be mapped: %m", path);
    return clary_files_add(files, path, bytes, len, err);
}

static enum clary_status walk(struct clary_files *files, int fd,
                              const char *prefix, struct clary_error *err);

/* `name` in the directory `parent`, `path` in the artifact. */
static enum clary_status add_entry(struct clary_files *files, int parent,
                                   const char *name, const char *path,
                                   struct clary_error *err)
{
    struct stat status;
    if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return clary_fail(err, CLARY_IO, "\"%s\" cannot be read: %m", path);
    bool is_directory = S_ISDIR(status.st_mode);
    if (!is_directory && !S_ISREG(status.st_mode))
        return clary_fail(err, CLARY_BAD_MODEL,
                          "the artifact has an entry that is %s: \"%s\"",
                          S_ISLNK(status.st_mode)
                              ? "a symbolic link"
                              : "neither a file nor a directory",
                          path);
    /* O_NONBLOCK: should it have become a FIFO, do not wait for a writer. */
    int fd = openat(parent, name,
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
                        (is_directory ? O_DIRECTORY : 0));
    if (fd < 0)
        return clary_fail(err, CLARY_IO, "\"%s\" cannot be opened: %m", path);
    if (is_directory)
        return walk(files, fd, path, err);
    enum clary_status result = clary_files_map(files, fd, path, err);
    close(fd);
    return result;
}

static bool is_dot(const char *name)
{
    return name[0] == '.' &&
           (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static enum clary_status add_named(struct clary_files *files, int parent,
                                   const char *name, const char *prefix,
                                   struct clary_error *err)
{
    /* NAME_MAX is 255 bytes; a longer one is cut here and refused below. */
    char raw[CLARY_FILES_PATH_BYTES + 256];
    char path[CLARY_FILES_PATH_BYTES];
    bool passed_over;
    CLARY_TRY(clary_files_see(files, err));
    snprintf(raw, sizeof raw, "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "",
             name);
    CLARY_TRY(clary_files_path(raw, path, &passed_over, err));
    if (passed_over)
        return CLARY_OK;
    return add_entry(files, parent, name, path, err);
}

/* Recursion and open directories are bounded by CLARY_FILES_DEPTH, which
 * clary_files_path enforces. Closes `fd`. */
static enum clary_status walk(struct clary_files *files, int fd,
                              const char *prefix, struct clary_error *err)
{
    enum clary_status result = CLARY_OK;
    DIR *directory = fdopendir(fd);
    if (directory == NULL) {
        result = clary_fail(err, CLARY_IO,
                            "the directory \"%s\" cannot be read: %m", prefix);
        close(fd);
        return result;
    }
    while (result == CLARY_OK) {
        errno = 0; /* readdir says NULL for the end and for an error */
        const struct dirent *entry = readdir(directory);
        if (entry == NULL && errno != 0)
            result =
                clary_fail(err, CLARY_IO,
                           "the directory \"%s\" cannot be read: %m", prefix);
        if (entry == NULL)
            break;
        if (!is_dot(entry->d_name))
            result = add_named(files, fd, entry->d_name, prefix, err);
    }
    closedir(directory);
    return result;
}

enum clary_status clary_files_walk(struct clary_files *files, int fd,
                                   struct clary_error *err)
{
    return walk(files, fd, "", err);
}
