/* number_print.c: numbers to text, digit for digit what printf would write.
 *
 * CLARY_NUMBER_TFSERVING is TensorFlow Serving's WriteDecimal
 * (tensorflow_serving/util/json_tensor.cc), the same for float and double:
 * six significant digits ("%g"); if they do not read back to the same value,
 * max_digits10 of the type instead ("%.9g" for float, "%.17g" for double, so
 * a double is never shortened to 7 .. 16 digits); then ".0" where there is
 * neither a point nor an 'e'. 1/3 is 0.333333343, as double
 * 0.33333333333333331; 1000000 is 1e+06; 1234567 is 1234567.0.
 *
 * How. With x = floor(log10 v), v * 10^(n - 1 - x) is a number of n digits
 * before the point, n = 9 (float) or 17 (double). It is computed without an
 * error, and so are the two ends of the interval of what reads back as v:
 *
 *     low          floor rest                  high
 *      |             | - - ->  v                |
 *      +-------------+---------+----------------+     unit: the n-th digit
 *
 * Six digits read back if their number is in [low, high]; the shortest text
 * is the number in there with the most zeros at its end.
 *
 * Floats of 1e-19 .. 1e9 do this in 64 bits (number_print_float.c), all others
 * go through clary_scale.
 *
 * Tests: tests/unit/test_number.c, tests/fuzz/fuzz_number.c (against snprintf).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number_print.h"

#include "data/number_exact.h"

#include <math.h>
#include <string.h>

enum { FLOAT_DIGITS = 9, DOUBLE_DIGITS = 17, SHORT_DIGITS = 6 };

const char clary_digit_pairs[] = "00010203040506070809"
                                 "10111213141516171819"
                                 "20212223242526272829"
                                 "30313233343536373839"
                                 "40414243444546474849"
                                 "50515253545556575859"
                                 "60616263646566676869"
                                 "70717273747576777879"
                                 "80818283848586878889"
                                 "90919293949596979899";

/* A positive finite value m * 2^e. */
struct binary {
    uint64_t m;
    int e;
    bool is_power; /* the gap to the value below is half that to the next */
};

/* The same times 10^(n - 1 - exponent), as the file header draws it. */
struct decimal {
    uint64_t floor; /* n digits */
    enum clary_rest rest;
    int exponent; /* of the first digit */
    uint64_t low, high;
};

/* Digits to be laid out: 0 < number < 10^n_digits, the first has weight
 * 10^exponent. */
struct digits {
    uint64_t number;
    int n_digits;
    int exponent;
};

/* Writes exactly `n` digits. */
static void put_digits(char *text, uint64_t number, int n)
{
    while (n >= 2) {
        n -= 2;
        memcpy(text + n, clary_digit_pairs + number % 100 * 2, 2);
        number /= 100;
    }
    if (n == 1)
        text[0] = (char)('0' + number);
}

static void put_eight(char *text, uint32_t number)
{
    uint32_t high = number / 10000, low = number % 10000;
    memcpy(text, clary_digit_pairs + high / 100 * 2, 2);
    memcpy(text + 2, clary_digit_pairs + high % 100 * 2, 2);
    memcpy(text + 4, clary_digit_pairs + low / 100 * 2, 2);
    memcpy(text + 6, clary_digit_pairs + low % 100 * 2, 2);
}

static void put_nine(char *text, uint32_t number)
{
    text[0] = (char)('0' + number / 100000000);
    put_eight(text + 1, number % 100000000);
}

static void put_seventeen(char *text, uint64_t number)
{
    put_nine(text, (uint32_t)(number / 100000000));
    put_eight(text + 9, (uint32_t)(number % 100000000));
}

/* "e-05", "e+308". Returns the length. */
static size_t put_exponent(char *text, int exponent)
{
    unsigned magnitude = (unsigned)(exponent < 0 ? -exponent : exponent);
    int n = magnitude < 100 ? 2 : 3;
    text[0] = 'e';
    text[1] = exponent < 0 ? '-' : '+';
    put_digits(text + 2, magnitude, n);
    return 2 + (size_t)n;
}

/* Lays digits out as %g does with the precision `most`: 10^-4 .. 10^most
 * without an exponent. Copies have one length, which is what makes them cheap;
 * all they write is within CLARY_NUMBER_TEXT. */
static size_t put_number(char *text, struct digits digits, int most)
{
    enum { COPY = DOUBLE_DIGITS };
    char plain[2 * COPY + 1];
    memset(plain, '0', sizeof plain);
    if (digits.n_digits == FLOAT_DIGITS)
        put_nine(plain, (uint32_t)digits.number);
    else
        put_seventeen(plain, digits.number);
    size_t n = (size_t)digits.n_digits;
    while (n > 1 && plain[n - 1] == '0')
        n--;

    int x = digits.exponent;
    if (x < -4 || x >= most) {
        text[0] = plain[0];
        text[1] = '.';
        memcpy(text + 2, plain + 1, COPY);
        size_t len = n == 1 ? 1 : n + 1;
        return len + put_exponent(text + len, x);
    }
    if (x < 0) {
        memcpy(text, "0.000", 5);
        memcpy(text + 1 - x, plain, COPY);
        return (size_t)(1 - x) + n;
    }
    size_t whole = (size_t)x + 1;
    memcpy(text, plain, COPY);
    text[whole] = '.';
    memcpy(text + whole + 1, plain + whole, COPY);
    return whole + 1 + (n > whole ? n - whole : 1); /* 5.0 */
}

/* floor(log10(2^bits)) for |bits| < 1200: log10(2) * 2^32, rounded down. */
static int log10_of_power(int bits)
{
    return (int)((int64_t)bits * 1292913986 >> 32);
}

/* The interval of what reads back as `v`, its ends included if its last bit
 * is 0 (ties go to even), in units of 10^-k. */
static void find_interval(struct binary v, int k, struct decimal *d)
{
    bool closed = v.m % 2 == 0;
    struct clary_scaled high = clary_scale(2 * v.m + 1, v.e - 1, k);
    struct clary_scaled low = v.is_power ? clary_scale(4 * v.m - 1, v.e - 2, k)
                                         : clary_scale(2 * v.m - 1, v.e - 1, k);
    d->high = high.whole - (high.rest == CLARY_REST_NONE && !closed);
    d->low = low.whole + (low.rest != CLARY_REST_NONE || !closed);
}

/* For any value. */
static struct decimal find_decimal(struct binary v, int n)
{
    struct decimal d;
    /* v is at least half of 2^bits, so this is x or x - 1 */
    int bits = 64 - __builtin_clzll(v.m) + v.e;
    d.exponent = log10_of_power(bits - 1);
    for (;; d.exponent++) {
        int k = n - 1 - d.exponent;
        struct clary_scaled scaled = clary_scale(v.m, v.e, k);
        if (scaled.whole < clary_power_of_10[n]) {
            d.floor = scaled.whole;
            d.rest = scaled.rest;
            find_interval(v, k, &d);
            return d;
        }
    }
}

static struct digits make_digits(uint64_t number, int n, int exponent)
{
    if (number == clary_power_of_10[n]) /* rounded up to one digit more */
        return (struct digits){number / 10, n, exponent + 1};
    return (struct digits){number, n, exponent};
}

/* `d->floor` and its rest rounded to a multiple of 10^zeros, half to even. */
static uint64_t round_to(const struct decimal *d, int zeros)
{
    uint64_t unit = clary_power_of_10[zeros];
    uint64_t whole = d->floor / unit, rest = d->floor % unit;
    bool up;
    if (zeros == 0)
        up = d->rest > CLARY_REST_HALF ||
             (d->rest == CLARY_REST_HALF && whole % 2 == 1);
    else
        up =
            rest > unit / 2 || (rest == unit / 2 &&
                                (d->rest != CLARY_REST_NONE || whole % 2 == 1));
    return (whole + up) * unit;
}

static size_t put_tfserving(char *text, const struct decimal *d, int n)
{
    int zeros = n - SHORT_DIGITS;
    uint64_t number = round_to(d, zeros);
    int most = SHORT_DIGITS;
    if (number < d->low || number > d->high) {
        number = round_to(d, 0);
        most = n;
    }
    return put_number(text, make_digits(number, n, d->exponent), most);
}

/* Python's repr: without an exponent below 1e16. */
static size_t put_shortest(char *text, const struct decimal *d, int n)
{
    int zeros = 0;
    for (; zeros < n; zeros++) {
        uint64_t unit = clary_power_of_10[zeros + 1];
        if (d->high - d->high % unit < d->low)
            break;
    }
    uint64_t number = round_to(d, zeros), unit = clary_power_of_10[zeros];
    if (number < d->low) /* the closest is outside where the gap is narrow */
        number += unit;
    if (number > d->high)
        number -= unit;
    return put_number(text, make_digits(number, n, d->exponent), 16);
}

static size_t put_decimal(char *text, const struct decimal *d, int n,
                          enum clary_number_form form)
{
    return form == CLARY_NUMBER_TFSERVING ? put_tfserving(text, d, n)
                                          : put_shortest(text, d, n);
}

/* What has no digits: zero, NaN, infinity. */
static size_t put_special(char *text, double magnitude)
{
    const char *word = isnan(magnitude) ? "NaN"
                       : magnitude == 0 ? "0.0"
                                        : "Infinity";
    size_t len = strlen(word);
    memcpy(text, word, len);
    return len;
}

size_t clary_print_any_float(char *text, float value,
                             enum clary_number_form form)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint32_t exponent = bits >> 23 & 0xFF, fraction = bits & 0x7FFFFF;
    double magnitude = fabs((double)value);
    size_t sign = 0;
    if (form == CLARY_NUMBER_PYTHON)
        return clary_print_double(text, (double)value, form);
    if (signbit(value) && !isnan(value))
        text[sign++] = '-';
    if (exponent == 0xFF || magnitude == 0)
        return sign + put_special(text + sign, magnitude);

    struct binary v = {fraction, -149, false};
    if (exponent != 0) {
        v.m |= 1 << 23;
        v.e = (int)exponent - 150;
        v.is_power = fraction == 0 && exponent > 1;
    }
    struct decimal d = find_decimal(v, FLOAT_DIGITS);
    return sign + put_decimal(text + sign, &d, FLOAT_DIGITS, form);
}

size_t clary_print_double(char *text, double value, enum clary_number_form form)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    uint64_t exponent = bits >> 52 & 0x7FF;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    size_t sign = 0;
    if (signbit(value) && !isnan(value))
        text[sign++] = '-';
    if (exponent == 0x7FF || value == 0)
        return sign + put_special(text + sign, fabs(value));

    struct binary v = {fraction, -1074, false};
    if (exponent != 0) {
        v.m |= UINT64_C(1) << 52;
        v.e = (int)exponent - 1075;
        v.is_power = fraction == 0 && exponent > 1;
    }
    struct decimal d = find_decimal(v, DOUBLE_DIGITS);
    return sign + put_decimal(text + sign, &d, DOUBLE_DIGITS, form);
}

size_t clary_print_int64(char *text, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    size_t sign = 0;
    if (value < 0)
        text[sign++] = '-';
    int n = 1;
    while (n < CLARY_POWERS_OF_10 && magnitude >= clary_power_of_10[n])
        n++;
    put_digits(text + sign, magnitude, n);
    return sign + (size_t)n;
}
