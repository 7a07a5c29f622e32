/* fuzz_number.c: numbers against the C library.
 *
 * The input is read as a text, which must parse exactly when it is a number of
 * JSON's grammar and then like strtod; and its first 8 bytes as a float and a
 * double, which must print like snprintf and read back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool held, const char *what)
{
    if (held)
        return;
    fprintf(stderr, "fuzz_number: %s\n", what);
    abort();
}

/* RFC 8259 section 6, as the grammar has it. */
static bool is_json_number(const char *p)
{
    p += *p == '-';
    size_t digits = strspn(p, "0123456789");
    if (digits == 0 || (digits > 1 && *p == '0'))
        return false;
    p += digits;
    if (*p == '.') {
        digits = strspn(++p, "0123456789");
        if (digits == 0)
            return false;
        p += digits;
    }
    if (*p == 'e' || *p == 'E') {
        p++;
        p += *p == '+' || *p == '-';
        digits = strspn(p, "0123456789");
        if (digits == 0)
            return false;
        p += digits;
    }
    return *p == '\0';
}

static void check_text(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (text == NULL)
        return;
    memcpy(text, data, size);
    text[size] = '\0';
    double value = 0;
    enum clary_number number =
        clary_parse_double((const char *)data, size, &value);
    if (strlen(text) != size || !is_json_number(text)) {
        require(number == CLARY_NUMBER_MALFORMED, "this is no number");
    } else {
        double expected = strtod(text, NULL);
        require((number == CLARY_NUMBER_RANGE) == (isinf(expected) != 0),
                "the range differs");
        require(number == CLARY_NUMBER_RANGE ||
                    memcmp(&value, &expected, sizeof value) == 0,
                "the value differs");
    }
    int64_t integer = 0;
    if (clary_parse_int64((const char *)data, size, &integer) ==
        CLARY_NUMBER_OK)
        require(integer == strtoll(text, NULL, 10), "the integer differs");
    free(text);
}

static double read_back(const char *text, bool is_float)
{
    return is_float ? (double)strtof(text, NULL) : strtod(text, NULL);
}

static size_t print(char *text, double value, bool is_float,
                    enum clary_number_form form)
{
    return is_float ? clary_print_float(text, (float)value, form)
                    : clary_print_double(text, value, form);
}

static void check_value(double value, bool is_float)
{
    char text[CLARY_NUMBER_TEXT + 1], expected[64];
    if (!isfinite(value))
        return;
    snprintf(expected, sizeof expected, "%g", value);
    if (read_back(expected, is_float) != value)
        snprintf(expected, sizeof expected, is_float ? "%.9g" : "%.17g", value);
    if (strpbrk(expected, ".e") == NULL)
        strcat(expected, ".0");
    text[print(text, value, is_float, CLARY_NUMBER_TFSERVING)] = '\0';
    require(strcmp(text, expected) == 0, "the text differs");

    size_t len = print(text, value, is_float, CLARY_NUMBER_SHORTEST);
    text[len] = '\0';
    double back;
    require(clary_parse_double(text, len, &back) == CLARY_NUMBER_OK,
            "the shortest text is no number");
    require(read_back(text, is_float) == value,
            "the shortest text does not read back");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_text(data, size);
    if (size >= sizeof(double)) {
        double value;
        float narrow;
        memcpy(&value, data, sizeof value);
        memcpy(&narrow, data, sizeof narrow);
        check_value(value, false);
        check_value((double)narrow, true);
    }
    return 0;
}
