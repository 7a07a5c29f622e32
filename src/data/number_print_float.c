/* number_print_float.c: floats of 1e-19 .. 1e9 to text, without a loop.
 *
 * With x = floor(log10 v), v * 10^(8 - x) has nine digits before the point. As
 * an integer with 28 bits below the point (`fixed`) it is m * 5^(8 - x),
 * shifted. Up to 5^12 that is exact, and so are half the gaps to the floats
 * above and below. Above, where v < 1e-4, bits are cut off, of v and of its
 * gap; but then no decimal of nine digits is in the middle of two floats, nor
 * is v in the middle of two such decimals, and none is so near that the bits
 * would matter: exhaustive_print prints all floats.
 *
 *     floor to 1000      fixed           up to 1000
 *       |<---- down ------>|<---- up ----->|
 *                       |<-gap->|            3 .. 60 units of the ninth digit
 *
 * A number of nine digits reads back if it is within the gap. Six digits do if
 * the nearest multiple of 1000 is; the shortest text has as many zeros as the
 * nearest multiple of 1000, 100 or 10 that is within the gap. Below a power of
 * two the gap is half as large. It is taken for both sides, because no multiple
 * of 1000 above one of them is where that would matter; of 100 and 10 there
 * are, and then the number is printed as all others are.
 *
 * The digits are made eight at a time in a 64-bit integer, the first in its
 * lowest byte, and laid out by shifts of it.
 *
 * Tests: tests/unit/test_number_print.c, bench/exhaustive_print.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number_print.h"
#include "data/number_scan.h"

#include <string.h>

enum {
    DIGITS = 9,
    POINT = 28,  /* bits below the point */
    LEAST = -19, /* powers of ten */
    MOST = 9
};

/* The bits of the smallest float that is not below 10^i, for LEAST .. MOST. */
static const uint32_t first_bits[] = {
    0x1FEC1E4B, 0x219392EF, 0x233877AB, 0x24E69595, 0x26901D7D, 0x283424DD,
    0x29E12E14, 0x2B8CBCCD, 0x2D2FEC00, 0x2EDBE6FF, 0x30897060, 0x322BCC78,
    0x33D6BF95, 0x358637BE, 0x3727C5AD, 0x38D1B718, 0x3A83126F, 0x3C23D70B,
    0x3DCCCCCD, 0x3F800000, 0x41200000, 0x42C80000, 0x447A0000, 0x461C4000,
    0x47C35000, 0x49742400, 0x4B189680, 0x4CBEBC20, 0x4E6E6B28};

/* 5^i, its first bit the highest of 64. */
static const uint64_t powers[] = {
    UINT64_C(0x8000000000000000), UINT64_C(0xA000000000000000),
    UINT64_C(0xC800000000000000), UINT64_C(0xFA00000000000000),
    UINT64_C(0x9C40000000000000), UINT64_C(0xC350000000000000),
    UINT64_C(0xF424000000000000), UINT64_C(0x9896800000000000),
    UINT64_C(0xBEBC200000000000), UINT64_C(0xEE6B280000000000),
    UINT64_C(0x9502F90000000000), UINT64_C(0xBA43B74000000000),
    UINT64_C(0xE8D4A51000000000), UINT64_C(0x9184E72A00000000),
    UINT64_C(0xB5E620F480000000), UINT64_C(0xE35FA931A0000000),
    UINT64_C(0x8E1BC9BF04000000), UINT64_C(0xB1A2BC2EC5000000),
    UINT64_C(0xDE0B6B3A76400000), UINT64_C(0x8AC7230489E80000),
    UINT64_C(0xAD78EBC5AC620000), UINT64_C(0xD8D726B7177A8000),
    UINT64_C(0x878678326EAC9000), UINT64_C(0xA968163F0A57B400),
    UINT64_C(0xD3C21BCECCEDA100), UINT64_C(0x84595161401484A0),
    UINT64_C(0xA56FA5B99019A5C8), UINT64_C(0xCECB8F27F4200F3A)};

/* How many zeros 5^i has above it in 64 bits, less i. */
static const int8_t shifts[] = {63, 60, 57,  54,  50,  47,  44,  40, 37, 34,
                                30, 27, 24,  20,  17,  14,  10,  7,  4,  0,
                                -3, -6, -10, -13, -16, -20, -23, -26};

/* A positive float, as the file header draws it. */
struct scaled {
    uint64_t fixed;
    uint64_t gap; /* what is less away than this is read as this float */
    int exponent; /* x */
};

static inline bool is_power_of_2(uint32_t bits)
{
    return (bits & 0x7FFFFF) == 0;
}

static inline struct scaled scale(uint32_t bits)
{
    struct scaled v;
    uint64_t m = (uint64_t)(bits & 0x7FFFFF) | 1 << 23;
    int e = (int)(bits >> 23) - 127;
    /* floor(log10(2^e)): log10(2) * 2^32, rounded down */
    v.exponent = (int)((int64_t)e * 1292913986 >> 32);
    v.exponent += bits >= first_bits[v.exponent + 1 - LEAST];

    int k = DIGITS - 1 - v.exponent;
    int shift = shifts[k] - e - (64 - 23 - 12);
    unsigned __int128 product = (unsigned __int128)(m << 40) * powers[k];
    v.fixed = (uint64_t)(product >> 64) >> shift;
    /* the middle between two floats is read as the even one */
    v.gap = (powers[k] >> (25 + shift) >> is_power_of_2(bits)) + (~bits & 1);
    return v;
}

/* `condition ? a : b` without a jump, which would be a guess at a digit. */
static inline uint64_t choose(bool condition, uint64_t a, uint64_t b)
{
    return b ^ ((a ^ b) & (0 - (uint64_t)condition));
}

/* The multiple of `unit` that is nearest to v. */
struct nearest {
    uint32_t number;
    bool reads_back;
};

static inline struct nearest find_nearest(const struct scaled *v, uint32_t unit)
{
    uint32_t whole = (uint32_t)(v->fixed >> POINT),
             floor = whole - whole % unit;
    uint64_t down = v->fixed - ((uint64_t)floor << POINT);
    uint64_t up = ((uint64_t)unit << POINT) - down;
    /* ties go to even; half of 1000 never reads back */
    bool is_odd = unit < 1000 && floor / unit % 2 == 1;
    bool is_up = up < down + is_odd;
    return (struct nearest){.number = floor + (unit & (0 - (uint32_t)is_up)),
                            .reads_back = choose(is_up, up, down) < v->gap};
}

/* Rounded half to even. */
static inline uint32_t round_to_nine(const struct scaled *v)
{
    uint64_t odd = v->fixed >> POINT & 1;
    return (uint32_t)((v->fixed + (UINT64_C(1) << (POINT - 1)) - 1 + odd) >>
                      POINT);
}

/* Nine digits as text: the first, and the others, the second one lowest. */
struct digits {
    char first;
    uint64_t others;
};

/* With number / 10^8 as a fraction of 32 bits, two digits are what 100 times
 * that brings above the point. */
static inline struct digits make_digits(uint32_t number)
{
    uint64_t x = ((uint64_t)number * 1441151882 >> 25) + 1;
    struct digits digits = {.first = (char)('0' + (x >> 32))};
#pragma GCC unroll 4 /* so that the shifts are constants */
    for (int i = 0; i < 4; i++) {
        uint16_t pair;
        x = (x & UINT32_MAX) * 100;
        memcpy(&pair, clary_digit_pairs + (x >> 32) * 2, sizeof pair);
        digits.others |= (uint64_t)pair << 16 * i;
    }
    return digits;
}

static inline void store_eight(char *text, uint64_t bytes)
{
    memcpy(text, &bytes, sizeof bytes);
}

static __attribute__((noinline)) size_t put_with_exponent(char *text,
                                                          struct digits digits,
                                                          size_t n,
                                                          int exponent)
{
    size_t len = n == 1 ? 1 : n + 1;
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    text[0] = digits.first;
    text[1] = '.';
    store_eight(text + 2, digits.others);
    text[len] = 'e';
    text[len + 1] = exponent < 0 ? '-' : '+';
    memcpy(text + len + 2, clary_digit_pairs + magnitude * 2, 2);
    return len + 4;
}

/* Lays nine digits out as %g does with the precision `most`, without zeros at
 * the end but for "5.0". */
static inline size_t put_nine(char *text, uint32_t number, int exponent,
                              int most)
{
    struct digits digits = make_digits(number);
    uint64_t values = __builtin_bswap64(digits.others ^ CLARY_EVERY_BYTE('0'));
    size_t zeros = (size_t)__builtin_ctzll(values | UINT64_C(1) << 63) / 8;
    size_t n = DIGITS - zeros - (values == 0);
    if (exponent < -4 || exponent >= most)
        return put_with_exponent(text, digits, n, exponent);
    if (exponent < 0) {
        size_t at = (size_t)(1 - exponent);
        memcpy(text, "0.000000", 8);
        text[at] = digits.first;
        store_eight(text + at + 1, digits.others);
        return at + n;
    }
    size_t whole = (size_t)exponent + 1;
    uint64_t rest = digits.others >> 4 * exponent >> 4 * exponent;
    text[0] = digits.first;
    store_eight(text + 1, digits.others);
    text[whole] = '.';
    store_eight(text + whole + 1, rest | '0');
    return whole + 1 + (n > whole ? n - whole : 1);
}

size_t clary_print_float(char *text, float value, enum clary_number_form form)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t magnitude = bits & INT32_MAX;
    if (magnitude < first_bits[0] || magnitude >= first_bits[MOST - LEAST] ||
        form == CLARY_NUMBER_PYTHON)
        return clary_print_any_float(text, value, form);
    struct scaled v = scale(magnitude);
    struct nearest six = find_nearest(&v, 1000);
    uint64_t number = round_to_nine(&v);
    int most = (int)choose(six.reads_back, 6, DIGITS);
    if (form == CLARY_NUMBER_SHORTEST) {
        if (is_power_of_2(magnitude) && !six.reads_back)
            return clary_print_any_float(text, value, form);
        struct nearest seven = find_nearest(&v, 100);
        struct nearest eight = find_nearest(&v, 10);
        number = choose(eight.reads_back, eight.number, number);
        number = choose(seven.reads_back, seven.number, number);
        most = 16;
    }
    number = choose(six.reads_back, six.number, number);
    if (number == 1000000000) {
        number = 100000000;
        v.exponent++;
    }
    text[0] = '-';
    size_t sign = bits >> 31;
    return sign + put_nine(text + sign, (uint32_t)number, v.exponent, most);
}
