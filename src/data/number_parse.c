/* number_parse.c: numbers from text, correctly rounded.
 *
 * Grammar (RFC 8259 section 6), and nothing else:
 *
 *     [-] (0 | 1-9 digits) [. digits] [(e|E) [+|-] digits]
 *
 * The digits are read once into 64 bits, w * 10^e. Then, from cheap to dear:
 *
 *   1. w <= 2^53, |e| <= 22: both exact as double, so one rounding
 *   2. |e| <= 27: 5^|e| fits in 64 bits; one 128-bit product or division with
 *      its remainder says all there is to know
 *   3. more than 19 digits: where w and w + 1 round to the same double, the
 *      digits behind do not matter
 *   4. the rest: strtod of a copy with at most MAX_DIGITS digits. No locale is
 *      ever set in this program.
 *
 * Tests: tests/unit/test_number.c, tests/fuzz/fuzz_number.c (against strtod).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "data/number_exact.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned __int128 u128;

enum {
    W_DIGITS = 19, /* every number of so many digits fits in 64 bits */
    /* The middle of two doubles has at most 767 significant digits, so behind
     * 768 it only matters whether there is anything but zeros. */
    MAX_DIGITS = 768
};

/* 10^0 .. 10^22: all that a double holds exactly. */
static const double exact_power_of_10[] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* q * 2^e of a q that may have its lowest bit set instead of a remainder:
 * q >= 2^55, so that this bit lies below the one that decides. */
static double from_bits(uint64_t q, int e)
{
    uint64_t bits = (uint64_t)(1023 + e) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return (double)q * power;
}

/* w * 10^e for w > 0, |e| < CLARY_POWERS_OF_5; never near the ends of the
 * range of double. */
static double from_decimal(uint64_t w, int e)
{
    int shift = __builtin_clzll(w);
    if (e >= 0) {
        u128 x = (u128)w * clary_power_of_5[e];
        uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;
        if (high == 0) { /* so low is exact and rounds once */
            uint64_t bits = (uint64_t)(1023 + e) << 52;
            double power;
            memcpy(&power, &bits, sizeof power);
            return (double)low * power;
        }
        shift = __builtin_clzll(high);
        x <<= shift;
        uint64_t rest = (uint64_t)x != 0;
        return from_bits((uint64_t)(x >> 64) | rest, 64 - shift + e);
    }
    uint64_t divisor = clary_power_of_5[-e];
    int divisor_shift = __builtin_clzll(divisor);
    divisor <<= divisor_shift;
    u128 x = (u128)(w << shift) << 63;
    uint64_t q = (uint64_t)(x / divisor); /* 2^62 .. 2^64 - 1 */
    uint64_t rest = (uint64_t)x - q * divisor != 0;
    return from_bits(q | rest, divisor_shift - shift - 63 + e);
}

/* The significant digits of a number and where its point is. */
struct digits {
    const char *text, *end; /* digits with at most one point among them */
    uint64_t w;             /* the first W_DIGITS */
    int64_t exponent;       /* of w: the number is in [w, w + 1) * 10^e */
    size_t count;           /* digits from the first that is not 0 */
};

/* Skips leading zeros and reads the first W_DIGITS digits. */
static void read_digits(struct digits *digits, int64_t exponent)
{
    bool behind_point = false;
    digits->w = 0;
    digits->count = 0;
    const char *first = NULL;
    for (const char *p = digits->text; p < digits->end; p++) {
        if (*p == '.') {
            behind_point = true;
            continue;
        }
        if (digits->count > 0 || *p != '0') {
            first = first == NULL ? p : first;
            if (digits->count++ < W_DIGITS)
                digits->w = digits->w * 10 + (uint64_t)(*p - '0');
        }
        exponent -= behind_point;
    }
    if (first != NULL)
        digits->text = first;
    if (digits->count > W_DIGITS)
        exponent += (int64_t)(digits->count - W_DIGITS);
    digits->exponent = exponent;
}

/* As the file header's 4. `digits->w` is not 0. */
static double from_text(const struct digits *digits)
{
    char text[MAX_DIGITS + 32];
    size_t n = 0;
    bool more = false;
    for (const char *p = digits->text; p < digits->end; p++) {
        if (*p == '.')
            continue;
        if (n < MAX_DIGITS)
            text[n++] = *p;
        else
            more |= *p != '0';
    }
    int64_t exponent = digits->exponent;
    size_t w_digits = digits->count < W_DIGITS ? digits->count : W_DIGITS;
    exponent -= (int64_t)(n - w_digits);
    if (more) {
        text[n++] = '1';
        exponent--;
    }
    snprintf(text + n, sizeof text - n, "e%lld", (long long)exponent);
    return strtod(text, NULL);
}

static bool is_small(int64_t exponent)
{
    return exponent > -CLARY_POWERS_OF_5 && exponent < CLARY_POWERS_OF_5;
}

/* A number of any length that is not one for the fast path in
 * clary_scan_double: the digits in [text, end), times 10^exponent. */
static __attribute__((noinline)) enum clary_number convert_long(
    const char *text, const char *end, int64_t exponent, double *magnitude)
{
    struct digits digits = {.text = text, .end = end};
    read_digits(&digits, exponent);
    if (digits.w == 0) {
        *magnitude = 0;
        return CLARY_NUMBER_OK;
    }
    if (is_small(digits.exponent)) {
        int e = (int)digits.exponent;
        double low = from_decimal(digits.w, e);
        if (digits.count <= W_DIGITS || low == from_decimal(digits.w + 1, e)) {
            *magnitude = low;
            return CLARY_NUMBER_OK;
        }
    }
    if (digits.exponent > 400)
        return CLARY_NUMBER_RANGE;
    if (digits.exponent < -400) {
        *magnitude = 0; /* below 10^-380 */
        return CLARY_NUMBER_OK;
    }
    double value = from_text(&digits);
    if (isinf(value))
        return CLARY_NUMBER_RANGE;
    *magnitude = value;
    return CLARY_NUMBER_OK;
}

/* Reads what follows an 'e'; NULL if that is no exponent. Stops counting far
 * above what any body's number of digits could make up for. */
static const char *scan_exponent(const char *p, const char *end,
                                 int64_t *exponent)
{
    bool negative = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    const char *first = p;
    int64_t value = 0;
    for (; p < end && is_digit(*p); p++)
        if (value < INT64_C(1) << 58)
            value = value * 10 + (*p - '0');
    if (p == first)
        return NULL;
    *exponent += negative ? -value : value;
    return p;
}

enum clary_number clary_scan_double(const char *text, const char *end,
                                    const char **after, double *value)
{
    const char *p = text;
    bool negative = p < end && *p == '-';
    p += negative;

    const char *first = p;
    uint64_t w = 0; /* wraps beyond W_DIGITS, and is not used then */
    for (; p < end && is_digit(*p); p++)
        w = w * 10 + (uint64_t)(*p - '0');
    size_t count = (size_t)(p - first);
    if (count == 0 || (count > 1 && *first == '0'))
        return CLARY_NUMBER_MALFORMED;
    int64_t exponent = 0;
    const char *last = p;
    if (p < end && *p == '.') {
        const char *point = ++p;
        for (; p < end && is_digit(*p); p++)
            w = w * 10 + (uint64_t)(*p - '0');
        if (p == point)
            return CLARY_NUMBER_MALFORMED;
        last = p;
        exponent = point - p;
        count += (size_t)(p - point);
    }
    int64_t written = 0;
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = scan_exponent(p + 1, end, &written);
        if (p == NULL)
            return CLARY_NUMBER_MALFORMED;
        exponent += written;
    }

    double magnitude;
    if (count <= W_DIGITS && w <= UINT64_C(1) << 53 && exponent <= 22 &&
        exponent >= -22) {
        magnitude = (double)(int64_t)w;
        if (exponent <= 0)
            magnitude /= exact_power_of_10[-exponent];
        else
            magnitude *= exact_power_of_10[exponent];
    } else if (count <= W_DIGITS && w != 0 && is_small(exponent)) {
        magnitude = from_decimal(w, (int)exponent);
    } else {
        enum clary_number number =
            convert_long(first, last, written, &magnitude);
        if (number != CLARY_NUMBER_OK)
            return number;
    }
    *value = negative ? -magnitude : magnitude;
    *after = p;
    return CLARY_NUMBER_OK;
}

enum clary_number clary_parse_double(const char *text, size_t len,
                                     double *value)
{
    const char *after;
    double scanned;
    const char *end = text + len;
    enum clary_number number = clary_scan_double(text, end, &after, &scanned);
    if (number != CLARY_NUMBER_OK)
        return number;
    if (after != end)
        return CLARY_NUMBER_MALFORMED;
    *value = scanned;
    return CLARY_NUMBER_OK;
}

enum clary_number clary_parse_int64(const char *text, size_t len,
                                    int64_t *value)
{
    const char *p = text, *end = text + len;
    bool negative = p < end && *p == '-';
    p += negative;
    const char *first = p;
    uint64_t magnitude = 0;
    const uint64_t most = (uint64_t)INT64_MAX + negative;
    bool fits = true;
    for (; p < end && is_digit(*p); p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        fits = fits && magnitude <= (most - digit) / 10;
        magnitude = magnitude * 10 + digit;
    }
    if (p == first || p < end || (p - first > 1 && *first == '0')) {
        double unused;
        return clary_parse_double(text, len, &unused) == CLARY_NUMBER_MALFORMED
                   ? CLARY_NUMBER_MALFORMED
                   : CLARY_NUMBER_FRACTION;
    }
    if (!fits)
        return CLARY_NUMBER_RANGE;
    *value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
    return CLARY_NUMBER_OK;
}
