/* crc32c.h: the checksum of TensorFlow's files.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_CRC32C_H
#define CLARY_FORMAT_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* crc32c (Castagnoli) of `len` bytes, continued from `crc` (0 at first). */
uint32_t clary_crc32c(uint32_t crc, const void *bytes, size_t len);

/* The checksum behind a masked one: LevelDB stores checksums rotated and with
 * a constant added, since a checksum of bytes that hold one is a poor one. */
uint32_t clary_crc32c_unmask(uint32_t masked);

#endif
