/* route_path.h: which paths a route has.
 *
 * A pattern is a path, or one with "{model}" in it, which stands for NAME and
 * for NAME/versions/VERSION, as the Open Inference Protocol has them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ROUTE_PATH_H
#define SERVE_ROUTE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* Pieces of a path as it was sent, with its escapes. */
struct route_model {
    const char *name;
    size_t name_len;
    const char *version; /* NULL: none is in the path */
    size_t version_len;
};

/* `model` is set if the pattern has one. */
bool route_path_matches(const char *pattern, const char *path,
                        struct route_model *model);

/* Whether a piece of a path, its %XX resolved, is `text`. */
bool route_path_is(const char *piece, size_t len, const char *text);

#endif
