/* test_number.c: numbers against strtod and snprintf, digit for digit.
 *
 * The random parts run over about a million bit patterns each time, always
 * the same ones.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/test.h"

#include "data/number.h"

#include <float.h>
#include <stdlib.h>

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

static enum clary_number parse(const char *text, double *value)
{
    *value = 12345;
    return clary_parse_double(text, strlen(text), value);
}

/* Compares with strtod; prints and returns false where they differ. */
static bool parses_like_strtod(const char *text)
{
    double value, expected = strtod(text, NULL);
    enum clary_number number = parse(text, &value);
    bool same = isinf(expected)
                    ? number == CLARY_NUMBER_RANGE
                    : number == CLARY_NUMBER_OK &&
                          memcmp(&value, &expected, sizeof value) == 0;
    if (!same)
        printf("%.60s: %d, %.17g, expected %.17g\n", text, (int)number, value,
               expected);
    return same;
}

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

static bool floats_right(float value)
{
    char expected[64];
    expect_print(expected, (double)value, true);
    const char *text = print_float(value, CLARY_NUMBER_TFSERVING);
    if (strcmp(text, expected) != 0) {
        printf("%s, expected %s\n", text, expected);
        return false;
    }
    if (!isfinite(value) || value == 0)
        return true;
    text = print_float(value, CLARY_NUMBER_SHORTEST);
    if (!is_shortest(text, (double)value, true)) {
        printf("%s is not the shortest of %.9g\n", text, (double)value);
        return false;
    }
    return true;
}

static bool doubles_right(double value)
{
    char expected[64];
    expect_print(expected, value, false);
    const char *text = print_double(value, CLARY_NUMBER_TFSERVING);
    if (strcmp(text, expected) != 0) {
        printf("%s, expected %s\n", text, expected);
        return false;
    }
    if (!isfinite(value) || value == 0)
        return true;
    text = print_double(value, CLARY_NUMBER_SHORTEST);
    if (!is_shortest(text, value, false)) {
        printf("%s is not the shortest of %.17g\n", text, value);
        return false;
    }
    return true;
}

TEST(grammar_is_that_of_json)
{
    static const char *const good[] = {
        "0",    "-0",   "1",     "-1.5",  "0.5",       "10",   "1e5",
        "1E+5", "1e-5", "2E5",   "-1e-3", "0e0",       "0e99999999999999999999",
        "0.0",  "1e00", "1e-00", "0.1e1", "123456789", "5e-324"};
    static const char *const bad[] = {
        "",     "-",    "+1",   ".5",    "1.",    "01",       "-01",  "00",
        "1e",   "1e+",  "1.e5", ".e5",   "0x10",  "1_000",    "1,5",  "nan",
        "NaN",  "inf",  "Infinity",      "-inf",  " 1",       "1 ",   "1f",
        "--1",  "1-",   "1e5.5", "1e1e1", "e5",   "\xEF\xBC\x91",     "1..2",
        "1.2.3", "-.5", "0x1p3", "1e 5",  "- 1",  "\"1\""};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!CHECK(parses_like_strtod(good[i])))
            printf("good %zu: %s\n", i, good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (!CHECK_INT(parse(bad[i], &value), CLARY_NUMBER_MALFORMED) ||
            !CHECK(value == 12345.0))
            printf("bad %zu: %s\n", i, bad[i]);
    CHECK_INT(clary_parse_double("1\0", 2, &value), CLARY_NUMBER_MALFORMED);
    CHECK_INT(clary_parse_double("15", 1, &value), CLARY_NUMBER_OK);
    CHECK(value == 1.0);
}

TEST(scan_stops_behind_the_number)
{
    const char *after;
    double value;
    const char text[] = "-12.50e1,7";
    const char *end = text + sizeof text - 1;
    CHECK_INT(clary_scan_double(text, end, &after, &value), CLARY_NUMBER_OK);
    CHECK(value == -125.0);
    CHECK_INT(after - text, 8);
    CHECK_INT(clary_scan_double(after + 1, end, &after, &value),
              CLARY_NUMBER_OK);
    CHECK(value == 7.0 && after == end);
    CHECK_INT(clary_scan_double(end, end, &after, &value),
              CLARY_NUMBER_MALFORMED);
    CHECK_INT(clary_scan_double("01", end, &after, &value),
              CLARY_NUMBER_MALFORMED);
}

TEST(signs_of_zero)
{
    double value;
    CHECK_INT(parse("-0.0", &value), CLARY_NUMBER_OK);
    CHECK(value == 0 && signbit(value));
    CHECK_INT(parse("-1e-999", &value), CLARY_NUMBER_OK);
    CHECK(value == 0 && signbit(value));
    CHECK_INT(parse("0.000", &value), CLARY_NUMBER_OK);
    CHECK(value == 0 && !signbit(value));
}

TEST(ends_of_the_range)
{
    double value;
    CHECK_INT(parse("1e309", &value), CLARY_NUMBER_RANGE);
    CHECK_INT(parse("-1e309", &value), CLARY_NUMBER_RANGE);
    CHECK_INT(parse("1e999999999999999999999", &value), CLARY_NUMBER_RANGE);
    CHECK_INT(parse("1.7976931348623157e308", &value), CLARY_NUMBER_OK);
    CHECK(value == DBL_MAX);
    /* the middle between the largest double and 2^1024 rounds up */
    CHECK_INT(parse("1.7976931348623158079e308", &value), CLARY_NUMBER_OK);
    CHECK(value == DBL_MAX);
    CHECK_INT(parse("1.7976931348623158080e308", &value), CLARY_NUMBER_RANGE);
    CHECK_INT(parse("2.4703282292062327e-324", &value), CLARY_NUMBER_OK);
    CHECK(value == 0);
    CHECK_INT(parse("2.4703282292062328e-324", &value), CLARY_NUMBER_OK);
    CHECK(value == double_of(1));
}

TEST(long_texts_without_allocation)
{
    enum { LEN = 100000 };
    static char text[LEN + 16];
    double value;
    memset(text, '0', LEN);
    text[1] = '.';
    text[LEN - 1] = '1';
    strcpy(text + LEN, "e99998");
    CHECK_INT(parse(text, &value), CLARY_NUMBER_OK);
    CHECK(value == 1.0);
    memset(text, '9', LEN);
    strcpy(text + LEN, "e-99999");
    CHECK_INT(parse(text, &value), CLARY_NUMBER_OK);
    CHECK(value == 10.0);
    strcpy(text + LEN, "e-99");
    CHECK_INT(parse(text, &value), CLARY_NUMBER_RANGE);
    /* 1 + 2^-53, a middle, and one digit far behind that decides */
    memset(text, '0', LEN);
    memcpy(text, "1.00000000000000011102230246251565404236316680908203125",
           55);
    text[LEN] = '\0';
    CHECK_INT(parse(text, &value), CLARY_NUMBER_OK);
    CHECK(value == 1.0);
    text[LEN - 1] = '1';
    CHECK_INT(parse(text, &value), CLARY_NUMBER_OK);
    CHECK(value == 1.0 + DBL_EPSILON);
}

TEST(random_texts_parse_like_strtod)
{
    char text[400];
    bool same = true;
    for (int i = 0; i < 100000; i++) {
        double value = double_of(random_bits());
        float narrow = float_of((uint32_t)random_bits());
        uint64_t a = random_bits() >> random_bits() % 64;
        uint64_t b = random_bits() >> random_bits() % 64;
        snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)a,
                 (unsigned long long)b, (int)(random_bits() % 700) - 350);
        same &= parses_like_strtod(text);
        snprintf(text, sizeof text, "-%llu.%03u",
                 (unsigned long long)(a % 1000), (unsigned)(b % 1000));
        same &= parses_like_strtod(text);
        if (isfinite(narrow)) {
            snprintf(text, sizeof text, "%.9g", (double)narrow);
            same &= parses_like_strtod(text);
        }
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.17g", value);
        same &= parses_like_strtod(text);
        snprintf(text, sizeof text, "%.*e", (int)(b % 40), value);
        same &= parses_like_strtod(text);
    }
    CHECK(same);
}

/* Middles between neighbours are exact as long double. */
TEST(middles_round_to_even)
{
    static char text[1400];
    bool same = true;
    for (int i = 0; i < 20000; i++) {
        uint64_t fraction = random_bits() >> 12;
        uint64_t exponent = i % 4 == 0   ? 0
                            : i % 4 == 1 ? 1
                                         : 1023 - 150 + random_bits() % 300;
        if (i % 8 == 0)
            fraction >>= random_bits() % 50;
        double low = double_of(exponent << 52 | fraction);
        double high = double_of((exponent << 52 | fraction) + 1);
        long double middle = ((long double)low + (long double)high) / 2;
        int len = snprintf(text, sizeof text, "%.1100Lf", middle);
        same &= parses_like_strtod(text);
        text[len - 1] = '1';
        same &= parses_like_strtod(text);
    }
    CHECK(same);
}

TEST(integers)
{
    static const struct {
        const char *text;
        enum clary_number number;
        int64_t value;
    } cases[] = {
        {"0", CLARY_NUMBER_OK, 0},
        {"-0", CLARY_NUMBER_OK, 0},
        {"42", CLARY_NUMBER_OK, 42},
        {"9223372036854775807", CLARY_NUMBER_OK, INT64_MAX},
        {"-9223372036854775808", CLARY_NUMBER_OK, INT64_MIN},
        {"9223372036854775808", CLARY_NUMBER_RANGE, 0},
        {"-9223372036854775809", CLARY_NUMBER_RANGE, 0},
        {"18446744073709551616", CLARY_NUMBER_RANGE, 0},
        {"100000000000000000000000000", CLARY_NUMBER_RANGE, 0},
        {"3.0", CLARY_NUMBER_FRACTION, 0},
        {"3e2", CLARY_NUMBER_FRACTION, 0},
        {"-1.5", CLARY_NUMBER_FRACTION, 0},
        {"1e999", CLARY_NUMBER_FRACTION, 0},
        {"", CLARY_NUMBER_MALFORMED, 0},
        {"-", CLARY_NUMBER_MALFORMED, 0},
        {"+1", CLARY_NUMBER_MALFORMED, 0},
        {"01", CLARY_NUMBER_MALFORMED, 0},
        {"1 ", CLARY_NUMBER_MALFORMED, 0},
        {"0x10", CLARY_NUMBER_MALFORMED, 0},
        {"1.", CLARY_NUMBER_MALFORMED, 0},
        {"abc", CLARY_NUMBER_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t value = 0;
        const char *text = cases[i].text;
        if (!CHECK_INT(clary_parse_int64(text, strlen(text), &value),
                       cases[i].number) ||
            !CHECK_INT(value, cases[i].value))
            printf("case %s\n", text);
    }
}

TEST(integers_are_printed)
{
    static const int64_t values[] = {
        0, 1, -1, 9, 10, 99, 100, -123456789, INT64_MAX, INT64_MIN,
        1000000000000000000};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        char text[CLARY_NUMBER_TEXT + 1], expected[CLARY_NUMBER_TEXT];
        text[clary_print_int64(text, values[i])] = '\0';
        snprintf(expected, sizeof expected, "%lld", (long long)values[i]);
        CHECK_STR(text, expected);
    }
}

/* contract.md, 1.11 and case 36 */
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
    for (int i = 0; i < 100000; i++) {
        right &= floats_right(float_of((uint32_t)random_bits()));
        /* 1e-4 .. 1e9, where predictions are */
        uint32_t in_range = (uint32_t)(random_bits() % 0x15D4A372) + 0x38D1B717;
        right &= floats_right(float_of(in_range));
        right &= floats_right((float)(random_bits() % 1000000) / 1000);
    }
    CHECK(right);
}

TEST(random_doubles_print_like_snprintf)
{
    bool right = true;
    for (int i = 0; i < 20000; i++) {
        right &= doubles_right(double_of(random_bits()));
        right &= doubles_right((double)(random_bits() % 10000000) / 1000);
        right &= doubles_right(ldexp((double)(random_bits() >> 11),
                                     -(int)(random_bits() % 110)));
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

/* Powers of ten and their neighbours: where the exponent changes. */
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
