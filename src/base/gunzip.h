/* gunzip.h: gzip data in memory, unpacked piece by piece.
 *
 * The bytes are untrusted; what they unpack to is limited. Checksums are
 * verified. The input must live as long as the reader.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_GUNZIP_H
#define CLARY_BASE_GUNZIP_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>

struct clary_gunzip;

/* Whether `bytes` begin as a gzip file does. */
bool clary_gunzip_probe(const void *bytes, size_t len);

/* errors  CLARY_NO_MEMORY */
enum clary_status clary_gunzip_open(const void *bytes, size_t len,
                                    size_t max_unpacked_bytes,
                                    struct clary_gunzip **out,
                                    struct clary_error *err) CLARY_MUST_USE;

void clary_gunzip_close(struct clary_gunzip *gunzip); /* NULL allowed */

/* Unpacks up to `room` bytes into `out`; `*len` is 0 only at the end, which
 * is reached when the last member's checksum was right.
 *
 *   errors  CLARY_BAD_MODEL (damaged, cut off), CLARY_TOO_LARGE (the limit),
 *           CLARY_NO_MEMORY
 */
enum clary_status clary_gunzip_read(struct clary_gunzip *gunzip, void *out,
                                    size_t room, size_t *len,
                                    struct clary_error *err) CLARY_MUST_USE;

#endif
