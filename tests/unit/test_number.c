/* test_number.c: numbers from text, against strtod.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "tests/test.h"
#include "tests/unit/number_bits.h"

#include <float.h>
#include <stdlib.h>

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

TEST(grammar_is_that_of_json)
{
    static const char *const good[] = {"0",
                                       "-0",
                                       "1",
                                       "-1.5",
                                       "0.5",
                                       "10",
                                       "1e5",
                                       "1E+5",
                                       "1e-5",
                                       "2E5",
                                       "-1e-3",
                                       "0e0",
                                       "0e99999999999999999999",
                                       "0.0",
                                       "1e00",
                                       "1e-00",
                                       "0.1e1",
                                       "123456789",
                                       "5e-324"};
    static const char *const bad[] = {
        "",         "-",     "+1",    ".5",   "1.",           "01",
        "-01",      "00",    "1e",    "1e+",  "1.e5",         ".e5",
        "0x10",     "1_000", "1,5",   "nan",  "NaN",          "inf",
        "Infinity", "-inf",  " 1",    "1 ",   "1f",           "--1",
        "1-",       "1e5.5", "1e1e1", "e5",   "\xEF\xBC\x91", "1..2",
        "1.2.3",    "-.5",   "0x1p3", "1e 5", "- 1",          "\"1\"",
        "1e999x",   "1e309,"};
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
    const char zero[] = "01";
    CHECK_INT(clary_scan_double(zero, zero + 2, &after, &value),
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
    memcpy(text, "1.00000000000000011102230246251565404236316680908203125", 55);
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
    for (int i = 0; i < 30000; i++) {
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
    for (int i = 0; i < 5000; i++) {
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

/* Powers of ten and their neighbours: where the exponent changes. */
