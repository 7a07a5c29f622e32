/* route_path.c: patterns of paths; nothing is copied.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "route_path.h"

#include <string.h>

/* Moves `*path` over one segment, which must not be empty. */
static bool take_segment(const char **path, const char **segment, size_t *len)
{
    *segment = *path;
    *len = strcspn(*path, "/");
    *path += *len;
    return *len > 0;
}

bool route_path_matches(const char *pattern, const char *path,
                        struct route_model *model)
{
    static const char mark[] = "{model}", versions[] = "/versions/";
    const char *at = strchr(pattern, mark[0]);

    if (at == NULL)
        return strcmp(pattern, path) == 0;
    if (strncmp(pattern, path, (size_t)(at - pattern)) != 0)
        return false;
    path += at - pattern;
    *model = (struct route_model){.name = NULL};
    if (!take_segment(&path, &model->name, &model->name_len))
        return false;
    if (strncmp(path, versions, strlen(versions)) == 0) {
        path += strlen(versions);
        if (!take_segment(&path, &model->version, &model->version_len))
            return false;
    }
    return strcmp(path, at + strlen(mark)) == 0;
}

/* The value of a hexadecimal digit; -1: it is none. */
static int digit(char c)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = memchr(digits, c, sizeof digits - 1);

    return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* The next byte of a piece, and how many it takes there. */
static char next_byte(const char *piece, size_t len, size_t *taken)
{
    *taken = 1;
    if (piece[0] != '%' || len < 3)
        return piece[0];
    int high = digit(piece[1]), low = digit(piece[2]);
    if (high < 0 || low < 0)
        return piece[0];
    *taken = 3;
    return (char)(high * 16 + low);
}

bool route_path_is(const char *piece, size_t len, const char *text)
{
    size_t text_len = strlen(text), n = 0, taken;

    for (size_t i = 0; i < len; i += taken, n++)
        if (n == text_len || next_byte(piece + i, len - i, &taken) != text[n])
            return false;
    return n == text_len;
}
