/* utf8.h: what is one character of UTF-8.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_UTF8_H
#define CLARY_BASE_UTF8_H

#include <stddef.h>

/* Bytes (1 to 4) of the well-formed character that `bytes` begins with; 0
 * when there is none: len is 0, a stray or missing continuation byte, an
 * overlong form, a surrogate, or past U+10FFFF.
 *
 *   source  Unicode 15, table 3-7 "Well-Formed UTF-8 Byte Sequences" */
size_t clary_utf8_char(const unsigned char *bytes, size_t len);

#endif
