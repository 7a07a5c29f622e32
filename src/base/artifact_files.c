/* artifact_files.c: which entries an artifact may have.
 *
 * One set of rules for directories and archives, so that the same files give
 * the same artifact either way. Tests: tests/unit/test_artifact.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact_files.h"

#include "base/utf8.h"

#include <sha256.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum clary_status clary_files_see(struct clary_files *files,
                                  struct clary_error *err)
{
    if (files->n_seen == files->limits.max_files)
        return clary_fail(err, CLARY_TOO_LARGE,
                          "the artifact has more than %zu entries",
                          files->limits.max_files);
    files->n_seen++;
    return CLARY_OK;
}

/* Why no path may have these bytes; NULL if it may. */
static const char *bytes_refused(const char *raw, size_t len)
{
    const unsigned char *bytes = (const unsigned char *)raw;
    size_t n;
    for (size_t i = 0; i < len; i += n) {
        n = clary_utf8_char(bytes + i, len - i);
        if (n == 0)
            return "is not UTF-8";
        if (bytes[i] < 0x20 || bytes[i] == 0x7F)
            return "has a control character";
        if (bytes[i] == '\\')
            return "has a backslash";
    }
    return NULL;
}

/* Why the path is refused; NULL if it is not. */
static const char *plain_path(const char *raw,
                              char path[CLARY_FILES_PATH_BYTES],
                              bool *passed_over)
{
    size_t used = 0;
    size_t depth = 0;
    size_t part_len;
    *passed_over = false;
    for (const char *part = raw; *part != '\0'; part += part_len) {
        part_len = strcspn(part, "/");
        if (part_len == 0) { /* at a '/' */
            part_len = 1;
            continue;
        }
        if (part_len == 1 && part[0] == '.')
            continue;
        if (part_len == 2 && part[0] == '.' && part[1] == '.')
            return "has a part \"..\"";
        if (part_len >= 2 && part[0] == '.' && part[1] == '_')
            *passed_over = true;
        if (++depth > CLARY_FILES_DEPTH)
            return "is too deep";
        if (depth > 1)
            path[used++] = '/';
        memcpy(path + used, part, part_len);
        used += part_len;
    }
    path[used] = '\0';
    if (used == 0)
        *passed_over = true;
    return NULL;
}

enum clary_status clary_files_path(const char *raw,
                                   char path[CLARY_FILES_PATH_BYTES],
                                   bool *passed_over, struct clary_error *err)
{
    const char *why = NULL;
    size_t len = strlen(raw);
    if (raw[0] == '/')
        why = "is absolute";
    else if (len >= CLARY_FILES_PATH_BYTES)
        why = "is too long";
    else
        why = bytes_refused(raw, len);
    if (why == NULL) /* what is written is never longer than `raw` */
        why = plain_path(raw, path, passed_over);
    if (why != NULL)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "the artifact has an entry whose path %s: \"%.200s\"",
                          why, raw);
    return CLARY_OK;
}

enum clary_status clary_files_admit(const struct clary_files *files,
                                    const char *path, size_t len,
                                    struct clary_error *err)
{
    if (len > files->limits.max_bytes - files->bytes)
        return clary_fail(err, CLARY_TOO_LARGE,
                          "the artifact is larger than %zu bytes: \"%s\" "
                          "would add %zu to %zu",
                          files->limits.max_bytes, path, len, files->bytes);
    return CLARY_OK;
}

static void release(const struct clary_files *files, unsigned char *bytes,
                    size_t len)
{
    if (!files->mapped)
        free(bytes);
    else if (bytes != NULL)
        munmap(bytes, len);
}

static bool make_room(struct clary_files *files)
{
    if (files->count < files->capacity)
        return true;
    size_t capacity = files->capacity > 0 ? 2 * files->capacity : 64;
    struct clary_files_entry *entries =
        reallocarray(files->entries, capacity, sizeof *entries);
    if (entries == NULL)
        return false;
    files->entries = entries;
    files->capacity = capacity;
    return true;
}

enum clary_status clary_files_add(struct clary_files *files, const char *path,
                                  unsigned char *bytes, size_t len,
                                  struct clary_error *err)
{
    char *copy = strdup(path);
    if (copy == NULL || !make_room(files)) {
        free(copy);
        release(files, bytes, len);
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory for entry %zu of the artifact",
                          files->count + 1);
    }
    files->entries[files->count++] =
        (struct clary_files_entry){copy, bytes, len};
    files->bytes += len;
    return CLARY_OK;
}

static int compare_paths(const void *a, const void *b)
{
    const struct clary_files_entry *left = a;
    const struct clary_files_entry *right = b;
    return strcmp(left->path, right->path);
}

enum clary_status clary_files_sort(struct clary_files *files,
                                   struct clary_error *err)
{
    if (files->count > 0)
        qsort(files->entries, files->count, sizeof *files->entries,
              compare_paths);
    for (size_t i = 1; i < files->count; i++)
        if (compare_paths(&files->entries[i - 1], &files->entries[i]) == 0)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "the artifact has the entry \"%s\" twice",
                              files->entries[i].path);
    return CLARY_OK;
}

static void digest_end(SHA2_CTX *context, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256Final(digest, context);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
}

static void digest_text(SHA2_CTX *context, const char *text)
{
    SHA256Update(context, (const uint8_t *)text, strlen(text));
}

void clary_files_digest(const struct clary_files *files, char hex[65])
{
    SHA2_CTX listing;
    SHA256Init(&listing);
    for (size_t i = 0; i < files->count; i++) {
        SHA2_CTX file;
        SHA256Init(&file);
        if (files->entries[i].len > 0)
            SHA256Update(&file, files->entries[i].bytes, files->entries[i].len);
        digest_end(&file, hex);
        digest_text(&listing, hex);
        digest_text(&listing, "  ");
        digest_text(&listing, files->entries[i].path);
        digest_text(&listing, "\n");
    }
    digest_end(&listing, hex);
}

void clary_files_free(struct clary_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        release(files, files->entries[i].bytes, files->entries[i].len);
        free(files->entries[i].path);
    }
    free(files->entries);
}
