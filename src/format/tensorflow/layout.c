/* layout.c: the directory layouts of SageMaker's TensorFlow container.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/layout.h"

#include <string.h>

#define FILE_NAME "saved_model.pb"

/* Length of the directory of a saved_model.pb, without the slash; -1 for other
 * files. */
static ptrdiff_t directory_length(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (strcmp(slash ? slash + 1 : path, FILE_NAME) != 0)
        return -1;
    return slash ? slash - path : 0;
}

/* The start of the last part of path[0 .. len - 1]. */
static size_t last_part(const char *path, size_t len)
{
    while (len && path[len - 1] != '/')
        len--;
    return len;
}

/* The version that a directory's last part states; -1 if it is no number. */
static int64_t version_of(const char *path, size_t len)
{
    size_t i = last_part(path, len);
    int64_t version = 0;

    if (i == len || len - i > 30)
        return -1;
    for (; i < len; i++) {
        if (path[i] < '0' || path[i] > '9' || version > INT64_MAX / 10 - 1)
            return -1;
        version = version * 10 + (path[i] - '0');
    }
    return version;
}

/* The model's name: the part before the version directory. */
static bool fill(struct clary_arena *arena, const char *path, size_t len,
                 struct clary_layout *layout)
{
    size_t end = len, start;

    if (layout->version >= 0)
        end = last_part(path, len);
    else
        layout->version = 1;
    if (end && path[end - 1] == '/')
        end--;
    start = last_part(path, end);
    layout->directory = clary_arena_strndup(arena, path, len);
    layout->name = end > start
                       ? clary_arena_strndup(arena, path + start, end - start)
                       : "model";
    return layout->directory && layout->name;
}

bool clary_layout_find(const struct clary_artifact *artifact,
                       struct clary_arena *arena, struct clary_layout *layout)
{
    const char *best = NULL;
    int64_t best_version = -2;
    size_t best_len = 0, i;

    for (i = 0; i < artifact->n_files; i++) {
        const char *path = artifact->files[i].path;
        ptrdiff_t len = directory_length(path);
        int64_t version;

        if (len < 0)
            continue;
        version = version_of(path, (size_t)len);
        if (version > best_version) {
            best = path;
            best_version = version;
            best_len = (size_t)len;
        }
    }
    if (!best || !arena)
        return best != NULL;
    layout->version = best_version;
    return fill(arena, best, best_len, layout);
}
