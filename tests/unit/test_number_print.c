/* test_number_print.c: numbers to text, digit for digit what snprintf writes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "tests/test.h"
#include "tests/unit/number_bits.h"

#include <float.h>
#include <stdlib.h>

static void expect_print(char text[64], double value, bool is_float)
{
    if (isnan(value) || isinf(value)) {
        strcpy(text, isnan(value) ? "NaN"
                     : value < 0  ? "-Infinity"
                                  : "Infinity");
        return;
    }
    snprintf(text, 64, "%g", value);
    if (is_float ? (double)strtof(text, NULL) != value
                 : strtod(text, NULL) != value)
        snprintf(text, 64, is_float ? "%.9g" : "%.17g", value);
    if (strpbrk(text, ".e") == NULL)
        strcat(text, ".0");
}

static const char *print_float(float value, enum clary_number_form form)
{
    static char text[CLARY_NUMBER_TEXT + 1];
    text[clary_print_float(text, value, form)] = '\0';
    return text;
}

static const char *print_double(double value, enum clary_number_form form)
{
    static char text[CLARY_NUMBER_TEXT + 1];
    text[clary_print_double(text, value, form)] = '\0';
    return text;
}

/* How many digits `text` has between its leading and trailing zeros. */
static int significant_digits(const char *text)
{
    int n = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9' || (n == 0 && *text == '0'))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

/* Whether `text` reads back, and is as short and as close as printf's text
 * with the fewest digits that read back. */
static bool is_shortest(const char *text, double value, bool is_float)
{
    if (is_float ? (double)strtof(text, NULL) != value
                 : strtod(text, NULL) != value)
        return false;
    char other[64] = "";
    int precision = 0;
    do
        snprintf(other, sizeof other, "%.*e", precision++, value);
    while (is_float ? (double)strtof(other, NULL) != value
                    : strtod(other, NULL) != value);
    int digits = significant_digits(text), theirs = significant_digits(other);
    return digits < theirs ||
           (digits == theirs && strtod(text, NULL) == strtod(other, NULL));
}

static bool float_right(float value)
{
    char expected[64];
    expect_print(expected, (double)value, true);
    const char *text = print_float(value, CLARY_NUMBER_TFSERVING);
    if (strcmp(text, expected) == 0)
        return true;
    printf("%s, expected %s\n", text, expected);
    return false;
}

static bool double_right(double value)
{
    char expected[64];
    expect_print(expected, value, false);
    const char *text = print_double(value, CLARY_NUMBER_TFSERVING);
    if (strcmp(text, expected) == 0)
        return true;
    printf("%s, expected %s\n", text, expected);
    return false;
}

static bool shortest_right(double value, bool is_float)
{
    if (!isfinite(value) || value == 0)
        return true;
    const char *text = is_float
                           ? print_float((float)value, CLARY_NUMBER_SHORTEST)
                           : print_double(value, CLARY_NUMBER_SHORTEST);
    if (is_shortest(text, value, is_float))
        return true;
    printf("%s is not the shortest of %.17g\n", text, value);
    return false;
}

static bool floats_right(float value)
{
    return float_right(value) & shortest_right((double)value, true);
}

static bool doubles_right(double value)
{
    return double_right(value) & shortest_right(value, false);
}

TEST(floats_as_python_prints_them)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        {0.438619077F, "0.43861907720565796"},
        {0.1F, "0.10000000149011612"},
        {1, "1.0"},
        {-0.0F, "-0.0"},
        {1e-5F, "9.999999747378752e-06"},
        {1e16F, "1.0000000272564224e+16"},
        {16777216, "16777216.0"},
        {1e-4F, "9.999999747378752e-05"},
        {FLT_MAX, "3.4028234663852886e+38"},
        {1e-45F, "1.401298464324817e-45"},
        {FLT_MIN, "1.1754943508222875e-38"},
        {1e15F, "999999986991104.0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_STR(print_float(cases[i].value, CLARY_NUMBER_PYTHON),
                  cases[i].text);
    CHECK_STR(print_double(1.0 / 3, CLARY_NUMBER_PYTHON), "0.3333333333333333");
}

TEST(integers_are_printed)
{
    static const int64_t values[] = {0,
                                     1,
                                     -1,
                                     9,
                                     10,
                                     99,
                                     100,
                                     -123456789,
                                     INT64_MAX,
                                     INT64_MIN,
                                     1000000000000000000};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[CLARY_NUMBER_TEXT + 1], expected[CLARY_NUMBER_TEXT];
        text[clary_print_int64(text, values[i])] = '\0';
        snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        CHECK_STR(text, expected);
    }
}

TEST(floats_as_tensorflow_serving_prints_them)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {
        {8.3252F, "8.3252"},
        {2.4567891F, "2.45678902"},
        {1.0F / 3, "0.333333343"},
        {0.33333334F, "0.333333343"},
        {1e6F, "1e+06"},
        {1234567.0F, "1234567.0"},
        {3e-5F, "3e-05"},
        {100000.0F, "100000.0"},
        {123456.7F, "123456.703"},
        {-0.0F, "-0.0"},
        {0.0F, "0.0"},
        {5.0F, "5.0"},
        {3.0F, "3.0"},
        {4.526F, "4.526"},
        {16777216.0F, "16777216.0"},
        {1e9F, "1e+09"},
        {999999.0F, "999999.0"},
        {9999999.0F, "9999999.0"},
        {0.0001F, "0.0001"},
        {0.00001234F, "1.234e-05"},
        {FLT_MAX, "3.40282347e+38"},
        {FLT_MIN, "1.17549435e-38"},
        {1e-45F, "1.4013e-45"},
        {NAN, "NaN"},
        {-NAN, "NaN"},
        {INFINITY, "Infinity"},
        {-INFINITY, "-Infinity"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_STR(print_float(cases[i].value, CLARY_NUMBER_TFSERVING),
                  cases[i].text);
    CHECK_STR(print_double(1.0 / 3, CLARY_NUMBER_TFSERVING),
              "0.33333333333333331");
    CHECK_STR(print_double(0.1, CLARY_NUMBER_TFSERVING), "0.1");
    CHECK_STR(print_double(1e6, CLARY_NUMBER_TFSERVING), "1e+06");
    CHECK_STR(print_double(1234567, CLARY_NUMBER_TFSERVING), "1234567.0");
    CHECK_STR(print_double(6.8287812074025469, CLARY_NUMBER_TFSERVING),
              "6.8287812074025469");
    CHECK_STR(print_double(-DBL_MAX, CLARY_NUMBER_TFSERVING),
              "-1.7976931348623157e+308");
}

TEST(shortest_is_laid_out_like_repr)
{
    CHECK_STR(print_double(0.1, CLARY_NUMBER_SHORTEST), "0.1");
    CHECK_STR(print_double(1.0 / 3, CLARY_NUMBER_SHORTEST),
              "0.3333333333333333");
    CHECK_STR(print_double(1e16, CLARY_NUMBER_SHORTEST), "1e+16");
    CHECK_STR(print_double(9999999999999998.0, CLARY_NUMBER_SHORTEST),
              "9999999999999998.0");
    CHECK_STR(print_double(0.0001, CLARY_NUMBER_SHORTEST), "0.0001");
    CHECK_STR(print_double(0.00001, CLARY_NUMBER_SHORTEST), "1e-05");
    CHECK_STR(print_double(-0.0, CLARY_NUMBER_SHORTEST), "-0.0");
    CHECK_STR(print_double(123.0, CLARY_NUMBER_SHORTEST), "123.0");
    CHECK_STR(print_double(5e-324, CLARY_NUMBER_SHORTEST), "5e-324");
    CHECK_STR(print_double(0x1p-44, CLARY_NUMBER_SHORTEST),
              "5.684341886080802e-14");
    CHECK_STR(print_double(9007199254740993.0, CLARY_NUMBER_SHORTEST),
              "9007199254740992.0");
    CHECK_STR(print_double((double)0.43861908F, CLARY_NUMBER_SHORTEST),
              "0.43861907720565796");
    CHECK_STR(print_float(1.0F / 3, CLARY_NUMBER_SHORTEST), "0.33333334");
    CHECK_STR(print_float(2.4567891F, CLARY_NUMBER_SHORTEST), "2.456789");
    CHECK_STR(print_float(16777216.0F, CLARY_NUMBER_SHORTEST), "16777216.0");
    CHECK_STR(print_float(FLT_MAX, CLARY_NUMBER_SHORTEST), "3.4028235e+38");
}

TEST(random_floats_print_like_snprintf)
{
    bool right = true;
    for (int i = 0; i < 1000000; i++) {
        /* 0x38D1B717 .. : 1e-4 .. 1e9, where predictions are */
        uint32_t bits = (uint32_t)random_bits();
        if (i % 2 == 0)
            bits = bits % 0x15D4A372 + 0x38D1B717;
        float value = float_of(bits);
        if (i % 4 == 0)
            value = (float)(bits % 1000000) / 1000;
        right &= i % 50 == 0 ? floats_right(value) : float_right(value);
    }
    CHECK(right);
}

TEST(random_doubles_print_like_snprintf)
{
    bool right = true;
    for (int i = 0; i < 10000; i++) {
        right &= doubles_right(double_of(random_bits()));
        right &= doubles_right((double)(random_bits() % 10000000) / 1000);
        right &= doubles_right(
            ldexp((double)(random_bits() >> 11), -(int)(random_bits() % 110)));
    }
    CHECK(right);
}

TEST(every_exponent_prints_like_snprintf)
{
    bool right = true;
    for (uint32_t exponent = 0; exponent < 256; exponent++)
        for (uint32_t i = 0; i < 41; i++) {
            uint32_t bits = (exponent << 23) + i - 20;
            right &= floats_right(float_of(bits & 0x7FFFFFFF));
            right &= floats_right(float_of(bits | 0x80000000));
        }
    for (uint64_t exponent = 0; exponent < 2048; exponent++)
        for (uint64_t i = 0; i < 5; i++)
            right &= doubles_right(double_of((exponent << 52) + i - 2));
    CHECK(right);
}

TEST(powers_of_ten_print_like_snprintf)
{
    bool right = true;
    for (int e = -330; e <= 308; e++) {
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        double value = strtod(text, NULL);
        float narrow = (float)value;
        for (int i = 0; i < 9; i++) {
            right &= doubles_right(value * (i + 1));
            right &= floats_right(narrow * (float)(i + 1));
        }
        right &= doubles_right(nextafter(value, 0));
        right &= doubles_right(nextafter(value, INFINITY));
        right &= floats_right(nextafterf(narrow, 0));
        right &= floats_right(nextafterf(narrow, INFINITY));
    }
    CHECK(right);
}
