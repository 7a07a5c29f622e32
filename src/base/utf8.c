/* utf8.c: the well-formed byte sequences, written as ranges.
 *
 * Reads one character; what to do with a malformed one is the caller's
 * choice. Tests: test_log.c, test_status.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"

#include <stdbool.h>

static bool in_range(unsigned char byte, unsigned char low, unsigned char high)
{
    return byte >= low && byte <= high;
}

/* The second byte's range depends on the first: it is there that overlong
 * forms (E0, F0), surrogates (ED) and values past U+10FFFF (F4) show. */
static bool second_is_valid(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return in_range(second, 0xA0, 0xBF);
    case 0xED:
        return in_range(second, 0x80, 0x9F);
    case 0xF0:
        return in_range(second, 0x90, 0xBF);
    case 0xF4:
        return in_range(second, 0x80, 0x8F);
    default:
        return in_range(second, 0x80, 0xBF);
    }
}

size_t clary_utf8_char(const unsigned char *bytes, size_t len)
{
    size_t need;
    if (len == 0)
        return 0;
    if (bytes[0] < 0x80)
        return 1;
    if (in_range(bytes[0], 0xC2, 0xDF))
        need = 2;
    else if (in_range(bytes[0], 0xE0, 0xEF))
        need = 3;
    else if (in_range(bytes[0], 0xF0, 0xF4))
        need = 4;
    else
        return 0;
    if (len < need || !second_is_valid(bytes[0], bytes[1]))
        return 0;
    for (size_t i = 2; i < need; i++)
        if (!in_range(bytes[i], 0x80, 0xBF))
            return 0;
    return need;
}
