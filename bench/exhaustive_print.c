/* exhaustive_print.c: all 2^32 floats, printed in both forms and read back.
 *
 * They come in an order that has all exponents in each chunk. Of every
 * thousandth the text is compared as well: TF Serving's form with what it does
 * itself ("%g" if it reads back, else "%.9g"); the shortest with "%.*e" of one
 * digit less, whose neighbours must not read back either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/shards.h"
#include "data/number.h"
#include "kernel/kernel.h"

#include <math.h>
#include <string.h>

enum { CHUNK_FLOATS = 1 << 16, CHUNKS = 1 << 16, SAMPLE = 1009 };

/* Floats in text, a window of a CSV body. */
struct window {
    char text[1 + CLARY_CELL_WINDOW + CLARY_CELL_PADDING];
    size_t len, n;
    uint32_t bits[CLARY_CELL_WINDOW / 4]; /* "0.0," */
    struct clary_cell_index index;
};

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Reads all that were printed. */
static uint64_t check_window(struct window *window)
{
    const struct clary_kernels *table = clary_kernels();
    float values[CLARY_CELL_WINDOW / 4];
    uint64_t wrong = 0;
    size_t n;
    memset(window->text + window->len, 0, CLARY_CELL_PADDING);
    table->cells->split(window->text, window->len, ',', '\n', &window->index);
    const uint16_t *at = window->index.at;
    n = table->cells->read(window->text, at, at + 1, window->n, values);
    for (size_t i = 0; i < n; i++)
        if (bits_of(values[i]) != window->bits[i]) {
            printf("%.9g is printed as %.*s\n",
                   (double)float_of(window->bits[i]), at[i + 1] - at[i] - 1,
                   window->text + at[i] + 1);
            wrong++;
        }
    if (n < window->n)
        printf("%.9g is printed as no number\n",
               (double)float_of(window->bits[n]));
    wrong += window->n - n;
    window->len = 1;
    window->n = 0;
    return wrong;
}

static void print(struct window *window, uint32_t bits,
                  enum clary_number_form form)
{
    char *text = window->text + window->len;
    size_t len = clary_print_float(text, float_of(bits), form);
    text[len] = ',';
    window->len += len + 1;
    window->bits[window->n++] = bits;
}

static bool is_tfserving(float value)
{
    char expected[64], text[CLARY_NUMBER_TEXT + 1];
    text[clary_print_float(text, value, CLARY_NUMBER_TFSERVING)] = '\0';
    snprintf(expected, sizeof expected, "%g", (double)value);
    if (strtof(expected, NULL) != value)
        snprintf(expected, sizeof expected, "%.9g", (double)value);
    if (strpbrk(expected, ".e") == NULL)
        strcat(expected, ".0");
    if (!isfinite(value))
        strcpy(expected, isnan(value) ? "NaN"
                         : value < 0  ? "-Infinity"
                                      : "Infinity");
    return strcmp(text, expected) == 0;
}

static size_t count_digits(const char *text)
{
    size_t n = 0, zeros = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text == '.' || *text == '-' || (n == 0 && *text == '0'))
            continue;
        n++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return n - zeros;
}

/* With one digit less, neither the nearest decimal nor those beside it read
 * back. */
static bool is_shortest(float value)
{
    char text[CLARY_NUMBER_TEXT + 1], other[64];
    text[clary_print_float(text, value, CLARY_NUMBER_SHORTEST)] = '\0';
    size_t digits = count_digits(text);
    if (digits < 2)
        return true;
    int less = (int)digits - 2;
    snprintf(other, sizeof other, "%.*e", less, (double)value);
    double unit = pow(10, floor(log10(fabs(strtod(other, NULL)))) - less);
    for (int i = -1; i <= 1; i++) {
        char near[64];
        snprintf(near, sizeof near, "%.*e", less,
                 strtod(other, NULL) + i * unit);
        if (strtof(near, NULL) == value)
            return false;
    }
    return true;
}

static uint64_t check(uint64_t chunk)
{
    struct window *window = malloc(sizeof *window);
    uint64_t wrong = 0;
    if (window == NULL)
        return 1;
    window->text[0] = '0';
    window->len = 1;
    window->n = 0;
    for (uint64_t i = 0; i < CHUNK_FLOATS; i++) {
        uint64_t number = chunk * CHUNK_FLOATS + i;
        uint32_t bits = (uint32_t)number * 0x9E3779B1; /* odd: each once */
        float value = float_of(bits);
        bool sample = number % SAMPLE == 0;
        if (sample || !isfinite(value))
            wrong += !is_tfserving(value);
        if (!isfinite(value))
            continue;
        if (sample && value != 0)
            wrong += !is_shortest(value);
        print(window, bits, CLARY_NUMBER_TFSERVING);
        print(window, bits, CLARY_NUMBER_SHORTEST);
        if (window->len + 2 * CLARY_NUMBER_TEXT > 1 + CLARY_CELL_WINDOW)
            wrong += check_window(window);
    }
    wrong += check_window(window);
    free(window);
    return wrong;
}

int main(void)
{
    struct shards shards = {.name = "exhaustive_print",
                            .unit = "floats",
                            .n_chunks = CHUNKS,
                            .chunk_units = CHUNK_FLOATS,
                            .check = check};
    struct clary_error err;
    if (clary_kernels_init(&err) != CLARY_OK)
        return 1;
    return run_shards(&shards);
}
