/* number_bits.h: numbers of random bits, the same ones each time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_UNIT_NUMBER_BITS_H
#define CLARY_TESTS_UNIT_NUMBER_BITS_H

#include <stdint.h>
#include <string.h>

static uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);

static uint64_t random_bits(void) /* xorshift64 */
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
