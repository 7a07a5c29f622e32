/* snappy.h: blocks that Snappy compressed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_SNAPPY_H
#define CLARY_FORMAT_SNAPPY_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes that the block says it unpacks to; false if it says nothing, or more
 * than a block of `len` bytes can give. */
bool clary_snappy_unpacked_len(const void *bytes, size_t len, size_t *unpacked);

/* Unpacks into `out` of exactly clary_snappy_unpacked_len bytes; false if the
 * block is damaged (`out` then holds something). */
bool clary_snappy_unpack(const void *bytes, size_t len, void *out,
                         size_t out_len);

#endif
