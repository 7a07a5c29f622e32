/* number_exact.c: m * 2^e * 10^k with its remainder, in integers.
 *
 * 10^k is 5^k * 2^k, so k >= 0 needs one product and a shift, and k < 0 one
 * division by 5^-k. 128 bits hold both for doubles of 1e-11 .. 1e37 at 17
 * digits and floats of 1e-36 .. at 9. What does not fit goes through
 * little-endian limbs of 64 bits: 18 of them, because no number here has more
 * than 1024 + 2 bits (the largest double and the middle to its neighbour)
 * plus the 63 that normalising a divisor shifts in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number_exact.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef unsigned __int128 u128;

const uint64_t clary_power_of_5[CLARY_POWERS_OF_5] = {
    UINT64_C(1),
    UINT64_C(5),
    UINT64_C(25),
    UINT64_C(125),
    UINT64_C(625),
    UINT64_C(3125),
    UINT64_C(15625),
    UINT64_C(78125),
    UINT64_C(390625),
    UINT64_C(1953125),
    UINT64_C(9765625),
    UINT64_C(48828125),
    UINT64_C(244140625),
    UINT64_C(1220703125),
    UINT64_C(6103515625),
    UINT64_C(30517578125),
    UINT64_C(152587890625),
    UINT64_C(762939453125),
    UINT64_C(3814697265625),
    UINT64_C(19073486328125),
    UINT64_C(95367431640625),
    UINT64_C(476837158203125),
    UINT64_C(2384185791015625),
    UINT64_C(11920928955078125),
    UINT64_C(59604644775390625),
    UINT64_C(298023223876953125),
    UINT64_C(1490116119384765625),
    UINT64_C(7450580596923828125),
};

const uint64_t clary_power_of_10[CLARY_POWERS_OF_10] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000),
};

/* Bits of 5^k for 0 <= k <= 340: 152170 / 2^16 is just over log2(5). */
static int bits_of_power(int k)
{
    return ((k * 152170) >> 16) + 1;
}

static int bits_of(uint64_t m)
{
    return 64 - __builtin_clzll(m);
}

/* How `rest` out of `all` compares with one half. rest < all <= 2^127. */
static enum clary_rest rest_of(u128 rest, u128 all)
{
    if (rest == 0)
        return CLARY_REST_NONE;
    u128 twice = rest << 1;
    return twice < all    ? CLARY_REST_BELOW_HALF
           : twice == all ? CLARY_REST_HALF
                          : CLARY_REST_ABOVE_HALF;
}

/* k >= 0 where m * 5^k fits in 128 bits. */
static struct clary_scaled scale_up(uint64_t m, int e, int k)
{
    const int last = CLARY_POWERS_OF_5 - 1;
    u128 x = (u128)m * clary_power_of_5[k < last ? k : last];
    if (k > last)
        x *= clary_power_of_5[k - last];
    int shift = -(e + k);
    if (shift <= 0)
        return (struct clary_scaled){(uint64_t)(x << -shift), CLARY_REST_NONE};
    assert(shift < 128);
    u128 one = (u128)1 << shift;
    return (struct clary_scaled){(uint64_t)(x >> shift),
                                 rest_of(x & (one - 1), one)};
}

/* k < 0 where m * 2^e fits in 128 bits and 10^-k in 127. */
static struct clary_scaled scale_down(uint64_t m, int e, int k)
{
    const int last = CLARY_POWERS_OF_10 - 1;
    u128 x = (u128)m << e;
    u128 divisor = clary_power_of_10[-k < last ? -k : last];
    if (-k > last)
        divisor *= clary_power_of_10[-k - last];
    u128 whole = x / divisor;
    return (struct clary_scaled){(uint64_t)whole,
                                 rest_of(x - whole * divisor, divisor)};
}

enum { LIMBS = 18 };

struct big {
    size_t n; /* limbs in use; those above are 0 */
    uint64_t limb[LIMBS];
};

static void big_multiply(struct big *x, uint64_t factor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < x->n; i++) {
        u128 product = (u128)x->limb[i] * factor + carry;
        x->limb[i] = (uint64_t)product;
        carry = (uint64_t)(product >> 64);
    }
    if (carry != 0) {
        assert(x->n < LIMBS);
        x->limb[x->n++] = carry;
    }
}

static struct big big_power(uint64_t factor, int k)
{
    struct big x = {.n = 1, .limb = {factor}};
    for (; k >= CLARY_POWERS_OF_5; k -= CLARY_POWERS_OF_5 - 1)
        big_multiply(&x, clary_power_of_5[CLARY_POWERS_OF_5 - 1]);
    big_multiply(&x, clary_power_of_5[k]);
    return x;
}

static void big_shift_left(struct big *x, unsigned bits)
{
    size_t limbs = bits / 64;
    unsigned low = bits % 64;
    assert(x->n + limbs < LIMBS);
    memmove(x->limb + limbs, x->limb, x->n * sizeof x->limb[0]);
    memset(x->limb, 0, limbs * sizeof x->limb[0]);
    x->n += limbs;
    if (low != 0) {
        for (size_t i = x->n; i > limbs; i--)
            x->limb[i] |= x->limb[i - 1] >> (64 - low), x->limb[i - 1] <<= low;
        x->n += x->limb[x->n] != 0;
    }
}

/* x >> bits, which fits in 64 bits, and what was shifted out. */
static struct clary_scaled big_shift_right(const struct big *x, unsigned bits)
{
    size_t limbs = bits / 64;
    unsigned low = bits % 64;
    uint64_t whole = limbs < LIMBS ? x->limb[limbs] >> low : 0;
    if (low != 0 && limbs + 1 < LIMBS)
        whole |= x->limb[limbs + 1] << (64 - low);

    size_t half_limb = (bits - 1) / 64;
    uint64_t half_bit = UINT64_C(1) << ((bits - 1) % 64);
    bool half = (x->limb[half_limb] & half_bit) != 0;
    bool more = (x->limb[half_limb] & (half_bit - 1)) != 0;
    for (size_t i = 0; i < half_limb; i++)
        more |= x->limb[i] != 0;
    enum clary_rest rest =
        half ? (more ? CLARY_REST_ABOVE_HALF : CLARY_REST_HALF)
             : (more ? CLARY_REST_BELOW_HALF : CLARY_REST_NONE);
    return (struct clary_scaled){whole, rest};
}

static int big_compare(const struct big *x, const struct big *y)
{
    for (size_t i = LIMBS; i-- > 0;)
        if (x->limb[i] != y->limb[i])
            return x->limb[i] < y->limb[i] ? -1 : 1;
    return 0;
}

/* x -= y * factor; the limbs are those of y and one more. Returns what had to
 * be borrowed from above them. */
static uint64_t big_subtract(struct big *x, const struct big *y,
                             uint64_t factor)
{
    uint64_t carry = 0;
    for (size_t i = 0; i <= y->n; i++) {
        u128 product = (u128)(i < y->n ? y->limb[i] : 0) * factor + carry;
        carry = (uint64_t)(product >> 64);
        carry += x->limb[i] < (uint64_t)product;
        x->limb[i] -= (uint64_t)product;
    }
    return carry;
}

static void big_add(struct big *x, const struct big *y, uint64_t *borrowed)
{
    uint64_t carry = 0;
    for (size_t i = 0; i <= y->n; i++) {
        u128 sum = (u128)x->limb[i] + (i < y->n ? y->limb[i] : 0) + carry;
        x->limb[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
    *borrowed -= carry;
}

/* x / y where the quotient fits in 64 bits: one step of Knuth's algorithm D
 * (The Art of Computer Programming 4.3.1). With y's highest bit set the first
 * estimate is at most 2 too large. */
static struct clary_scaled big_divide(struct big *x, struct big *y)
{
    unsigned shift = (unsigned)__builtin_clzll(y->limb[y->n - 1]);
    big_shift_left(x, shift);
    big_shift_left(y, shift);
    uint64_t high = x->limb[y->n], top = y->limb[y->n - 1];
    u128 two = (u128)high << 64 | x->limb[y->n - 1];
    uint64_t whole = high >= top ? UINT64_MAX : (uint64_t)(two / top);
    uint64_t borrowed = big_subtract(x, y, whole);
    while (borrowed != 0) {
        big_add(x, y, &borrowed);
        whole--;
    }

    bool none = true;
    for (size_t i = 0; i < LIMBS; i++)
        none &= x->limb[i] == 0;
    if (none)
        return (struct clary_scaled){whole, CLARY_REST_NONE};
    x->n = y->n;
    big_shift_left(x, 1);
    int order = big_compare(x, y);
    return (struct clary_scaled){whole, order < 0    ? CLARY_REST_BELOW_HALF
                                        : order == 0 ? CLARY_REST_HALF
                                                     : CLARY_REST_ABOVE_HALF};
}

struct clary_scaled clary_scale(uint64_t m, int e, int k)
{
    if (k >= 0 && bits_of(m) + bits_of_power(k) <= 128)
        return scale_up(m, e, k);
    if (k < 0 && e >= 0 && bits_of(m) + e <= 128 && -k <= 38)
        return scale_down(m, e, k);
    if (k >= 0) {
        struct big x = big_power(m, k);
        return big_shift_right(&x, (unsigned)-(e + k));
    }
    struct big x = {.n = 1, .limb = {m}}, y = big_power(1, -k);
    int shift = e + k; /* of x against y */
    big_shift_left(shift >= 0 ? &x : &y,
                   (unsigned)(shift >= 0 ? shift : -shift));
    return big_divide(&x, &y);
}
