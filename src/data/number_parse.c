/* number_parse.c: numbers from text, correctly rounded.
 *
 * Grammar (RFC 8259 section 6), and nothing else:
 *
 *     [-] (0 | 1-9 digits) [. digits] [(e|E) [+|-] digits]
 *
 * The digits are read once into 64 bits, w * 10^e: 8 bytes at a time where
 * there is no exponent and enough bytes follow (scan_plain), else one by one.
 * Then, from cheap to dear:
 *
 *   1. w <= 2^53, |e| <= 22: both exact as double, so one rounding
 *   2. |e| <= 27: 5^|e| fits in 64 bits; one 128-bit product, or for e < 0 one
 *      by a reciprocal of 64 bits. Where the error of that one could matter,
 *      a division with its remainder says all there is to know
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
#include "data/number_scan.h"

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

const double clary_exact_power_of_10[CLARY_EXACT_POWERS] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* floor(2^(63 + bits) / 5^k) for k >= 1, where 5^k has `bits` bits. */
static const uint64_t reciprocal_of_5[CLARY_POWERS_OF_5] = {
    0, /* not used */
    UINT64_C(0xCCCCCCCCCCCCCCCC),
    UINT64_C(0xA3D70A3D70A3D70A),
    UINT64_C(0x83126E978D4FDF3B),
    UINT64_C(0xD1B71758E219652B),
    UINT64_C(0xA7C5AC471B478423),
    UINT64_C(0x8637BD05AF6C69B5),
    UINT64_C(0xD6BF94D5E57A42BC),
    UINT64_C(0xABCC77118461CEFC),
    UINT64_C(0x89705F4136B4A597),
    UINT64_C(0xDBE6FECEBDEDD5BE),
    UINT64_C(0xAFEBFF0BCB24AAFE),
    UINT64_C(0x8CBCCC096F5088CB),
    UINT64_C(0xE12E13424BB40E13),
    UINT64_C(0xB424DC35095CD80F),
    UINT64_C(0x901D7CF73AB0ACD9),
    UINT64_C(0xE69594BEC44DE15B),
    UINT64_C(0xB877AA3236A4B449),
    UINT64_C(0x9392EE8E921D5D07),
    UINT64_C(0xEC1E4A7DB69561A5),
    UINT64_C(0xBCE5086492111AEA),
    UINT64_C(0x971DA05074DA7BEE),
    UINT64_C(0xF1C90080BAF72CB1),
    UINT64_C(0xC16D9A0095928A27),
    UINT64_C(0x9ABE14CD44753B52),
    UINT64_C(0xF79687AED3EEC551),
    UINT64_C(0xC612062576589DDA),
    UINT64_C(0x9E74D1B791E07E48),
};

static inline bool is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

/* q * 2^e, rounded; the result is a normal number. */
static inline double make_double(uint64_t q, int e)
{
    uint64_t bits = (uint64_t)(1023 + e) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return (double)q * power;
}

/* w * 5^-k * 2^e exactly, by division: q has at least 62 bits, and its lowest
 * one stands for the remainder as well. */
static double divide(uint64_t w, int k, int e)
{
    uint64_t divisor = clary_power_of_5[k];
    int divisor_shift = __builtin_clzll(divisor), shift = __builtin_clzll(w);
    divisor <<= divisor_shift;
    u128 x = (u128)(w << shift) << 63;
    uint64_t q = (uint64_t)(x / divisor);
    uint64_t rest = (uint64_t)x - q * divisor != 0;
    return make_double(q | rest, divisor_shift - shift - 63 + e);
}

/* The same. The reciprocal is too small by less than 1, so the product by less
 * than w < 2^64, so its upper half by at most 1 and whatever is cut off. That
 * only matters where the bits below the 53 that stay are those of the middle
 * or one less. */
static double divide_fast(uint64_t w, int k, int e)
{
    int shift = __builtin_clzll(w);
    u128 product = (u128)(w << shift) * reciprocal_of_5[k];
    uint64_t high = (uint64_t)(product >> 64); /* 62 zeros at most above */
    int more = __builtin_clzll(high);          /* 0 or 1 */
    uint64_t middle = UINT64_C(1) << (10 - more);
    uint64_t below = high & (2 * middle - 1);
    if (below == middle || below == middle - 1)
        return divide(w, k, e);
    int bits = 64 - __builtin_clzll(clary_power_of_5[k]);
    return make_double(high, 1 - bits - shift + e);
}

/* w * 10^e for w > 0, |e| < CLARY_POWERS_OF_5; never near the ends of the
 * range of double. */
static double from_decimal(uint64_t w, int e)
{
    if (e < 0)
        return divide_fast(w, -e, e);
    u128 x = (u128)w * clary_power_of_5[e];
    uint64_t high = (uint64_t)(x >> 64), low = (uint64_t)x;
    if (high == 0)
        return make_double(low, e);
    int shift = __builtin_clzll(high);
    x <<= shift;
    uint64_t rest = (uint64_t)x != 0; /* below the lowest of 64 bits */
    return make_double((uint64_t)(x >> 64) | rest, 64 - shift + e);
}

/* w * 10^e, |e| < CLARY_POWERS_OF_5. */
static inline double convert(uint64_t w, int e)
{
    if (w > UINT64_C(1) << 53 || e < -22 || e > 22)
        return w == 0 ? 0 : from_decimal(w, e);
    double value = (double)(int64_t)w;
    return e <= 0 ? value / clary_exact_power_of_10[-e]
                  : value * clary_exact_power_of_10[e];
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

/* A number of any length that convert does not take: the digits in [text, end),
 * times 10^exponent. */
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

/* Reads the digits at `p`, which has 8 bytes: sets `*value` and returns how
 * many they are, 8 if there may be more. */
static inline int scan_eight(const char *p, uint64_t *value)
{
    uint64_t digits = clary_load_eight(p) ^ CLARY_EVERY_BYTE('0');
    uint64_t others = clary_not_digits(digits);
    int n = others == 0 ? 8 : __builtin_ctzll(others) / 8;
    *value = n == 0 ? 0 : clary_eight_digits(digits << (64 - 8 * n));
    return n;
}

/* A number as it was written: w * 10^exponent. */
struct scanned {
    uint64_t w;
    int exponent;
    const char *after;
};

/* Reads "123.456789": up to 7 digits before the point, no exponent, no more
 * than W_DIGITS digits, and enough bytes behind it. False for all others. */
static inline bool scan_plain(const char *p, const char *end,
                              struct scanned *number)
{
    if (end - p < 8)
        return false;
    int whole = scan_eight(p, &number->w);
    if (whole == 0 || whole == 8 || (*p == '0' && whole > 1))
        return false;
    p += whole;
    number->exponent = 0;
    if (*p == '.') {
        uint64_t digits;
        p++;
        for (;;) {
            if (end - p < 8)
                return false;
            int n = scan_eight(p, &digits);
            p += n;
            number->exponent -= n;
            number->w = number->w * clary_power_of_10[n] + digits;
            if (whole - number->exponent > W_DIGITS) /* and w may be wrong */
                return false;
            if (n < 8)
                break;
        }
        if (number->exponent == 0)
            return false;
    }
    number->after = p;
    return *p != 'e' && *p != 'E';
}

/* Digits before and behind the point, and the written exponent. */
static enum clary_number scan_any(const char *p, const char *end,
                                  const char **after, double *magnitude)
{
    const char *first = p;
    uint64_t w = 0; /* wraps beyond W_DIGITS, and is not used then */
    for (; p < end && is_digit(*p); p++)
        w = w * 10 + (uint64_t)(*p - '0');
    size_t count = (size_t)(p - first);
    if (count == 0 || (count > 1 && *first == '0'))
        return CLARY_NUMBER_MALFORMED;
    int64_t exponent = 0, written = 0;
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
    if (p < end && (*p == 'e' || *p == 'E')) {
        p = scan_exponent(p + 1, end, &written);
        if (p == NULL)
            return CLARY_NUMBER_MALFORMED;
        exponent += written;
    }
    *after = p;
    if (count > W_DIGITS || w == 0 || !is_small(exponent))
        return convert_long(first, last, written, magnitude);
    *magnitude = convert(w, (int)exponent);
    return CLARY_NUMBER_OK;
}

enum clary_number clary_scan_double(const char *text, const char *end,
                                    const char **after, double *value)
{
    bool negative = text < end && *text == '-';
    const char *p = text + negative;
    struct scanned number;
    double magnitude;
    if (scan_plain(p, end, &number)) {
        *after = number.after;
        magnitude = convert(number.w, number.exponent);
    } else {
        enum clary_number status = scan_any(p, end, after, &magnitude);
        if (status != CLARY_NUMBER_OK)
            return status;
    }
    *value = negative ? -magnitude : magnitude;
    return CLARY_NUMBER_OK;
}

enum clary_number clary_parse_double(const char *text, size_t len,
                                     double *value)
{
    const char *after;
    double scanned;
    const char *end = text + len;
    enum clary_number number = clary_scan_double(text, end, &after, &scanned);
    if (number == CLARY_NUMBER_MALFORMED || after != end)
        return CLARY_NUMBER_MALFORMED;
    if (number == CLARY_NUMBER_OK)
        *value = scanned;
    return number;
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
