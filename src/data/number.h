/* number.h: numbers from text and to text, exactly, without a locale.
 *
 * No function here allocates. threads: any number at once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_NUMBER_H
#define CLARY_DATA_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum clary_number {
    CLARY_NUMBER_OK,
    CLARY_NUMBER_MALFORMED, /* not a number of JSON's grammar (RFC 8259 6) */
    CLARY_NUMBER_RANGE,     /* overflows: 1e309, or an int64 too large */
    CLARY_NUMBER_FRACTION   /* an integer was asked for and this is none */
};

/* Reads all of `text` as a JSON number (RFC 8259 section 6: no leading '+', no
 * leading zeros, digits on both sides of a point, no NaN, no infinity, no
 * hexadecimal, no blanks) and rounds it correctly (half to even) to double.
 * TF Serving reads a double and casts it to float; so do all readers here. */
enum clary_number clary_parse_double(const char *text, size_t len,
                                     double *value);

/* Reads the longest number that `text` begins with ("1.5,2" is 1.5) and sets
 * `*after` to the byte behind it, unless it is CLARY_NUMBER_MALFORMED; the
 * caller looks at that byte. "01" and "1.x" are malformed. */
enum clary_number clary_scan_double(const char *text, const char *end,
                                    const char **after, double *value);

/* The same for an integer: exact over all of int64. "3.0" and "3e2" are
 * CLARY_NUMBER_FRACTION, as TF Serving refuses them for integer inputs. */
enum clary_number clary_parse_int64(const char *text, size_t len,
                                    int64_t *value);

/* Reads all of `text` as Python's float() does, but for infinities, which are
 * malformed: beside JSON's numbers "+1", ".5", "1.", "01", "1_000" and "nan" in
 * any case. No blanks. */
enum clary_number clary_parse_python(const char *text, size_t len,
                                     double *value);

/* Bytes that a printer may write; the longest number has 24. */
#define CLARY_NUMBER_TEXT 40

/* How numbers are written. */
enum clary_number_form {
    CLARY_NUMBER_TFSERVING, /* "%g" if it reads back, else "%.9g" ("%.17g" for
                             * double); ".0" is appended where there is no '.'
                             * and no 'e'; NaN, Infinity, -Infinity */
    CLARY_NUMBER_SHORTEST,  /* fewest digits that read back to the same value,
                             * and of those the closest, laid out as Python's
                             * repr does: 0.0001, 5.0, 1e-05, 1e+16;
                             * non-finite values are the caller's business */
    CLARY_NUMBER_PYTHON     /* SHORTEST of the value as a double, as Python
                             * prints a float32: 0.43861907720565796 */
};

/* Writes `value` at `text` (CLARY_NUMBER_TEXT bytes); returns the length. No
 * NUL is written. `value` may be anything for TFSERVING and must be finite for
 * the others. */
size_t clary_print_float(char *text, float value, enum clary_number_form form);
size_t clary_print_double(char *text, double value,
                          enum clary_number_form form);
size_t clary_print_int64(char *text, int64_t value);

#endif
