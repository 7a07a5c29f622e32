/* test_kernel_math.c: the elementwise functions: every table against the
 * scalar one, bit by bit, and the scalar one against the C library's double
 * functions, on a sample of all floats (bench/exhaustive_activations.c takes
 * every one).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/test.h"
#include "tests/unit/math_truth.h"

#include <stdint.h>
#include <stdlib.h>

/* Odd, so that the sample meets every exponent with ever new mantissas. */
#define STEP 16411U

enum { SAMPLE = (int)(UINT32_MAX / STEP) };

static float x[SAMPLE], y[SAMPLE], other[SAMPLE];

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static void sample(void)
{
    for (uint32_t i = 0; i < SAMPLE; i++)
        x[i] = float_of(i * STEP);
}

TEST(tables_agree)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();

    sample();
    for (enum clary_function f = 0; f < CLARY_FUNCTIONS; f++) {
        tables[0]->maps[f](x, SAMPLE, 0.3f, y);
        for (size_t t = 1; tables[t]; t++) {
            tables[t]->maps[f](x, SAMPLE, 0.3f, other);
            if (!CHECK(memcmp(y, other, sizeof y) == 0))
                printf("  %s of %s\n", truth_names[f], tables[t]->name);
        }
    }
}

TEST(errors_are_below_two_units)
{
    static float own_exp[SAMPLE];
    clary_map *const *maps = clary_kernels_runnable()[0]->maps;

    sample();
    maps[CLARY_EXP](x, SAMPLE, 0, own_exp);
    for (enum clary_function f = 0; f < CLARY_FUNCTIONS; f++) {
        double worst = 0;
        size_t where = 0;

        maps[f](x, SAMPLE, TRUTH_ALPHA, y);
        for (size_t i = 0; i < SAMPLE; i++) {
            const double error =
                truth_error(y[i], truth(f, (double)x[i], (double)own_exp[i]));

            if (error > worst) {
                worst = error;
                where = i;
            }
        }
        if (!CHECK(worst < 2))
            printf("  %s(%a) is %a\n", truth_names[f], (double)x[where],
                   (double)y[where]);
    }
}

/* elu and selu are their equation with the kernel's e^x. */
TEST(elu_and_selu)
{
    const float v[] = {-1, -0.0f, 0, 2.5f, -200, -1e-9f};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    float e[6], elu[6], selu[6];

    for (size_t t = 0; tables[t]; t++) {
        tables[t]->maps[CLARY_EXP](v, 6, 0, e);
        tables[t]->maps[CLARY_ELU](v, 6, 0.5f, elu);
        tables[t]->maps[CLARY_SELU](v, 6, 0, selu);
        for (size_t i = 0; i < 6; i++) {
            CHECK(elu[i] == (v[i] < 0 ? 0.5f * (e[i] - 1) : v[i]));
            CHECK(selu[i] == (v[i] < 0 ? 1.7580993408473768f * (e[i] - 1)
                                       : 1.0507009873554805f * v[i]));
        }
        CHECK(signbit(elu[1]) && signbit(selu[1]) && !signbit(elu[2]));
    }
}

/* What the bytes of a reply hang on: each value's bits are the same in every
 * place of an array of any length, in place too, and nothing else is touched.
 */
TEST(places)
{
    enum { MOST = 41 };
    const float odd[] = {NAN,
                         -NAN,
                         INFINITY,
                         -INFINITY,
                         0,
                         -0.0f,
                         1e-45f,
                         -0.5f,
                         0.5f,
                         88.8f,
                         -104,
                         -87.5f,
                         float_of(0x7f800001),
                         float_of(0xffc12345)};
    const struct clary_kernels *const *tables = clary_kernels_runnable();

    for (size_t t = 0; tables[t]; t++)
        for (enum clary_function f = 0; f < CLARY_FUNCTIONS; f++)
            for (size_t n = 0; n <= MOST; n++) {
                float in[MOST + 1], out[MOST + 1], one;
                bool is_same = true;

                for (size_t i = 0; i <= MOST; i++)
                    in[i] = odd[(i + n) % (sizeof odd / sizeof odd[0])];
                memcpy(out, in, sizeof in);
                tables[t]->maps[f](out, n, 0.5f, out);
                for (size_t i = 0; i < n; i++) {
                    tables[0]->maps[f](&in[i], 1, 0.5f, &one);
                    is_same = is_same && memcmp(&one, &out[i], 4) == 0;
                }
                is_same = is_same && memcmp(in + n, out + n,
                                            (MOST + 1 - n) * sizeof *in) == 0;
                if (!CHECK(is_same))
                    printf("  %s of %s, n %zu\n", truth_names[f],
                           tables[t]->name, n);
            }
}

/* The bits of a NaN are those of the kernels, whoever made it. */
TEST(one_nan)
{
    const float made[] = {float_of(0xffc00000), float_of(0x7f812345), -1, -2};
    float out[4];

    for (enum clary_function f = 0; f < CLARY_FUNCTIONS; f++) {
        const size_t n = f == CLARY_LOG ? 4 : 2;

        clary_kernels_runnable()[0]->maps[f](made, n, 1, out);
        for (size_t i = 0; i < n; i++)
            CHECK(memcmp(&out[i], "\0\0\xc0\x7f", 4) == 0);
    }
}
