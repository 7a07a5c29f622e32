/* number_exact.h: binary to decimal scaling without rounding.
 *
 * Inside data/ only. threads: any number at once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_NUMBER_EXACT_H
#define CLARY_DATA_NUMBER_EXACT_H

#include <stdint.h>

/* 5^0 .. 5^27: all that fit in 64 bits. */
enum { CLARY_POWERS_OF_5 = 28 };
extern const uint64_t clary_power_of_5[CLARY_POWERS_OF_5];

/* 10^0 .. 10^19: all that fit in 64 bits. */
enum { CLARY_POWERS_OF_10 = 20 };
extern const uint64_t clary_power_of_10[CLARY_POWERS_OF_10];

/* What is left of a number below its whole part. Ordered. */
enum clary_rest {
    CLARY_REST_NONE,
    CLARY_REST_BELOW_HALF,
    CLARY_REST_HALF,
    CLARY_REST_ABOVE_HALF
};

struct clary_scaled {
    uint64_t whole;
    enum clary_rest rest;
};

/* m * 2^e * 10^k, exactly. 0 < m < 2^56, e as in a double (-1076 .. 971), the
 * result in [1, 2^63). Cost: a few ns while 128 bits hold it, else < 1 us. */
struct clary_scaled clary_scale(uint64_t m, int e, int k);

#endif
