/* deflate.h: replies that are compressed on the way, with gzip.
 *
 * Compressed while it is sent, a buffer at a time, so that a large reply
 * neither is kept twice nor holds an event loop up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_DEFLATE_H
#define SERVE_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Whether an Accept-Encoding header (NULL: none) takes gzip. */
bool accepts_gzip(const char *header);

struct deflater;

/* `body` must outlive it. NULL: no memory. */
struct deflater *deflater_new(const char *body, size_t len);
void deflater_free(struct deflater *deflater); /* NULL is allowed */

/* The next bytes of the gzip stream, `max` at most, into `to`. 0: that was
 * all; -1: zlib has failed. */
ssize_t deflater_read(struct deflater *deflater, char *to, size_t max);

#endif
