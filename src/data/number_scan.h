/* number_scan.h: short numbers from text, eight bytes at a time.
 *
 * Inside data/ only; inline, because these few instructions are what a CSV
 * body costs. Bytes are read as a little-endian integer, so that the first
 * character is the lowest byte.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_NUMBER_SCAN_H
#define CLARY_DATA_NUMBER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the first character is the lowest byte");

#define CLARY_EVERY_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* 10^0 .. 10^22: all that a double holds exactly. */
enum { CLARY_EXACT_POWERS = 23 };
extern const double clary_exact_power_of_10[CLARY_EXACT_POWERS];

static inline uint64_t clary_load_eight(const char *p)
{
    uint64_t bytes;
    memcpy(&bytes, p, sizeof bytes);
    return bytes;
}

/* The number of eight digits, each a byte of 0 .. 9. */
static inline uint64_t clary_eight_digits(uint64_t digits)
{
    const uint64_t even = UINT64_C(0x000000FF000000FF);
    digits = digits * 10 + (digits >> 8); /* pairs in bytes 0, 2, 4, 6 */
    return ((digits & even) * UINT64_C(0x000F424000000064) +
            (digits >> 16 & even) * UINT64_C(0x0000271000000001)) >>
           32;
}

/* The top bit of each byte that is more than 9. Bytes behind the first such
 * one may be wrong, because it carries. */
static inline uint64_t clary_not_digits(uint64_t bytes)
{
    return ((bytes + CLARY_EVERY_BYTE(0x76)) | bytes) & CLARY_EVERY_BYTE(0x80);
}

/* Reads a number of at most 8 characters without an exponent ("-119.85") at
 * `p`, which has 9 bytes, up to a byte below '-': a comma, a line's end, a
 * blank. Returns its length; 0 if what is there is anything else, so that
 * clary_scan_double has to look. */
static inline size_t clary_scan_short(const char *p, double *value)
{
    uint64_t bytes = clary_load_eight(p);
    /* the lowest byte below '-' is found exactly: borrows go upwards */
    uint64_t ends =
        (bytes - CLARY_EVERY_BYTE('-')) & ~bytes & CLARY_EVERY_BYTE(0x80);
    size_t len = 8;
    if (ends != 0)
        len = (size_t)__builtin_ctzll(ends) / 8;
    else if ((unsigned char)p[8] >= '-')
        return 0;
    bool negative = (bytes & 0xFF) == '-';
    size_t n = len - negative; /* characters but for the sign */
    if (n - 1 > 7)             /* none, or len is 0 */
        return 0;
    bytes >>= 8 * negative;

    uint64_t first = bytes & 0xFF, second = bytes >> 8 & 0xFF;
    bool bad = (first == '0') & (n > 1) & (second != '.');
    /* to the top, zeros below: "4.25" is 0 0 0 0 4 . 2 5 */
    uint64_t digits = (bytes ^ CLARY_EVERY_BYTE('0')) << (64 - 8 * n);
    uint64_t other = digits ^ CLARY_EVERY_BYTE('.' ^ '0');
    uint64_t point =
        (other - CLARY_EVERY_BYTE(1)) & ~other & CLARY_EVERY_BYTE(0x80);
    size_t decimals = 0;
    if (point != 0) {
        uint64_t unit = (point & (0 - point)) >> 7; /* 1 at the point */
        uint64_t before = digits & (unit - 1);
        decimals = (size_t)__builtin_clzll(unit) / 8;
        bad |= (first == '.') | (decimals == 0);
        /* what is before the point moves over it */
        digits += before * 255 - unit * ('.' ^ '0');
    }
    if (bad | (clary_not_digits(digits) != 0))
        return 0;
    double magnitude = (double)(int64_t)clary_eight_digits(digits) /
                       clary_exact_power_of_10[decimals];
    *value = negative ? -magnitude : magnitude;
    return len;
}

#endif
