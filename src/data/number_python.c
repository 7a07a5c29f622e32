/* number_python.c: numbers as Python's float() spells them.
 *
 *     sign? (digits ('.' digits?)? | '.' digits) ([eE] sign? digits)?
 *     sign? "nan"                                in any case
 *     digits: 0-9, with single '_' between two of them
 *
 * Brought into JSON's grammar and read as that, so that a value does not
 * depend on how it is spelt. Infinities are left out: the caller's models take
 * none.
 *
 *   source  Python's documentation of float(), "floatvalue"
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"

#include <math.h>
#include <strings.h>

enum { LONGEST = 4096 }; /* of a text, as of a cell */

/* The text that is left, and what was made of it. */
struct scan {
    const char *at, *end;
    char *out;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take(struct scan *scan, char c)
{
    bool found = scan->at < scan->end && *scan->at == c;

    scan->at += found;
    return found;
}

/* Returns how many digits there are; `leading` zeros are not copied. */
static size_t take_digits(struct scan *scan, bool skips_zeros)
{
    size_t n = 0;

    while (scan->at < scan->end) {
        const char *p = scan->at;

        if (n > 0 && *p == '_' && p + 1 < scan->end)
            p++;
        if (!is_digit(*p))
            break;
        n++;
        scan->at = p + 1;
        if (*p == '0' && skips_zeros)
            continue;
        skips_zeros = false;
        *scan->out++ = *p;
    }
    return n;
}

/* The digits on both sides of the point. */
static bool take_mantissa(struct scan *scan)
{
    char *whole = scan->out;
    size_t n = take_digits(scan, true);
    bool has_point;

    if (scan->out == whole)
        *scan->out++ = '0';
    has_point = take(scan, '.');
    if (has_point && scan->at < scan->end && is_digit(*scan->at)) {
        *scan->out++ = '.';
        n += take_digits(scan, false);
    }
    return n > 0;
}

static bool take_exponent(struct scan *scan)
{
    if (!take(scan, 'e') && !take(scan, 'E'))
        return true;
    *scan->out++ = 'e';
    if (take(scan, '-'))
        *scan->out++ = '-';
    else
        (void)take(scan, '+');
    return take_digits(scan, false) > 0;
}

enum clary_number clary_parse_python(const char *text, size_t len,
                                     double *value)
{
    char json[LONGEST + 2]; /* ".5" becomes longer, by its zero */
    struct scan scan = {text, text + len, json};

    if (len > LONGEST)
        return CLARY_NUMBER_MALFORMED;
    if (take(&scan, '-'))
        *scan.out++ = '-';
    else
        (void)take(&scan, '+');
    if (scan.end - scan.at == 3 && strncasecmp(scan.at, "nan", 3) == 0) {
        *value = (double)NAN;
        return CLARY_NUMBER_OK;
    }
    if (!take_mantissa(&scan) || !take_exponent(&scan) || scan.at != scan.end)
        return CLARY_NUMBER_MALFORMED;
    return clary_parse_double(json, (size_t)(scan.out - json), value);
}
