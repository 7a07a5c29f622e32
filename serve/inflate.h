/* inflate.h: request bodies that were compressed on the way.
 *
 * A body is inflated a buffer at a time as its pieces arrive; nothing of it is
 * kept.
 *
 * threads: an inflater belongs to one thread at a time.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_INFLATE_H
#define SERVE_INFLATE_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum content_coding {
    CODING_IDENTITY, /* as it is */
    CODING_GZIP,
    CODING_DEFLATE,
    CODING_UNKNOWN
};

/* What a Content-Encoding header says; NULL: there was none. */
enum content_coding content_coding_parse(const char *header);

struct inflater;

/* What one takes: its own bytes, and zlib's window and state. */
enum { INFLATER_BYTES = 50 << 10 };

/* NULL: no memory. */
struct inflater *inflater_new(void);
void inflater_free(struct inflater *inflater); /* NULL is allowed */

/* For a new body. What an earlier one left is dropped.
 *
 *   coding      CODING_GZIP or CODING_DEFLATE
 *   max_ratio   inflated bytes to compressed ones, once more than 1 MiB was
 *               inflated; 0: any
 */
void inflater_begin(struct inflater *inflater, enum content_coding coding,
                    uint64_t max_ratio);

/* Where inflated bytes go. False: no more are wanted. */
typedef bool inflated(void *context, const char *bytes, size_t len);

/* Inflates a piece, cut anywhere, and hands it to `take`.
 *
 *   errors    CLARY_BAD_INPUT (damaged, or bytes behind the end),
 *             CLARY_TOO_LARGE (the ratio). After an error, or once `take` has
 *             returned false, only begin and free may follow.
 */
enum clary_status inflater_feed(struct inflater *inflater, const char *bytes,
                                size_t len, inflated *take, void *context,
                                struct clary_error *err) CLARY_MUST_USE;

/* The body is complete. Errors: CLARY_BAD_INPUT, it is cut short. An empty body
 * is fine here. */
enum clary_status inflater_finish(const struct inflater *inflater,
                                  struct clary_error *err) CLARY_MUST_USE;

#endif
