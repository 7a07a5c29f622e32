/* exhaustive_parse.c: 100 million decimals, read by us and by strtod.
 *
 * glibc's strtod is correctly rounded, for any number of digits. What is read
 * must be the same double, and with each table of kernels the same double cast
 * to float. Decimals are random and of all lengths, and those that are hard:
 * the middles of two doubles and of two floats with up to 770 digits, and next
 * to them; denormals; the ends of the range; hundreds of digits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/shards.h"
#include "data/number.h"
#include "kernel/kernel.h"

#include <math.h>
#include <string.h>

enum {
    CHUNK_DECIMALS = 100000,
    CHUNKS = 1000,
    LONGEST = 1024, /* bytes of a decimal */
    WINDOW_CELLS = CLARY_CELL_WINDOW / 2
};

/* Of one thread. */
struct state {
    uint64_t random;
    char text[1 + CLARY_CELL_WINDOW + CLARY_CELL_PADDING];
    size_t len, n;
    double expected[WINDOW_CELLS]; /* infinite: out of range */
    struct clary_cell_index index;
};

static uint64_t random_bits(struct state *state)
{
    uint64_t x = state->random += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    return x ^ x >> 31;
}

static size_t random_below(struct state *state, size_t n)
{
    return (size_t)(random_bits(state) % n);
}

static size_t put_digits(struct state *state, char *text, size_t n)
{
    for (size_t i = 0; i < n;) {
        uint64_t bits = random_bits(state);
        for (int k = 0; k < 16 && i < n; k++, bits /= 10)
            text[i++] = (char)('0' + bits % 10);
    }
    return n;
}

/* `whole` digits, a point, `decimals` digits. */
static size_t put_plain(struct state *state, char *text, size_t whole,
                        size_t decimals)
{
    size_t len = put_digits(state, text, whole);
    if (whole == 1 && random_below(state, 2) == 0)
        text[0] = '0';
    else if (whole > 1 && text[0] == '0')
        text[0] = '1';
    if (decimals == 0)
        return len;
    text[len++] = '.';
    return len + put_digits(state, text + len, decimals);
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float float_of(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* All digits of the middle of two numbers, some of them, or one more. It has at
 * most `digits` behind its first. */
static size_t put_middle(struct state *state, char *text, long double middle,
                         int digits)
{
    /* a long double has at least 64 bits: the middle of doubles is exact */
    bool plain = middle > 1e-20L && middle < 1e20L && random_bits(state) % 2;
    size_t len = (size_t)snprintf(text, LONGEST, plain ? "%.*Lf" : "%.*Le",
                                  digits, middle);
    char exponent[16] = "";
    if (!plain) {
        char *e = strchr(text, 'e');
        snprintf(exponent, sizeof exponent, "%s", e);
        len = (size_t)(e - text);
    }
    while (text[len - 1] == '0' && text[len - 2] != '.')
        len--;
    switch (random_below(state, 5)) {
    case 0: /* a little more */
        memset(text + len, '0', 100);
        len += random_below(state, 100);
        text[len++] = '1';
        break;
    case 1: /* a little less, or more */
        text[len - 1] = (char)('0' + random_below(state, 10));
        break;
    case 2: /* the first digits */
        len = len > 30 ? 3 + random_below(state, 25) : len;
        break;
    default:
        break;
    }
    if (text[len - 1] == '.')
        len--;
    size_t exponent_len = strlen(exponent);
    memcpy(text + len, exponent, exponent_len);
    return len + exponent_len;
}

static size_t put_middle_of_doubles(struct state *state, char *text)
{
    uint64_t bits = random_bits(state) >> 1;
    if (random_below(state, 4) == 0)
        bits &= (UINT64_C(1) << (1 + random_below(state, 53))) - 1;
    double low = double_of(bits), high = double_of(bits + 1);
    if (!isfinite(low) || !isfinite(high))
        return put_plain(state, text, 1, 1);
    return put_middle(state, text, ((long double)low + (long double)high) / 2,
                      770);
}

static size_t put_middle_of_floats(struct state *state, char *text)
{
    uint32_t bits = (uint32_t)random_bits(state) >> 1;
    if (random_below(state, 2) == 0) /* 1e-7 .. 1e7 */
        bits =
            (103 + (uint32_t)random_below(state, 47)) << 23 | (bits & 0x7FFFFF);
    float low = float_of(bits), high = float_of(bits + 1);
    if (!isfinite(low) || !isfinite(high))
        return put_plain(state, text, 2, 2);
    return put_middle(state, text, ((long double)low + (long double)high) / 2,
                      150);
}

static size_t put_extreme(struct state *state, char *text)
{
    static const char *const extremes[] = {
        "1e309",
        "1e308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "179769313486231580793e289",
        "17976931348623158079e289",
        "4.9406564584124654e-324",
        "5e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "3e-324",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "1e-400",
        "3.4028234663852886e38",
        "3.4028235677973366e38",
        "340282356779733661637539395458142568447",
        "340282356779733661637539395458142568448",
        "1.1754943508222875e-38",
        "1.401298464324817e-45",
        "7.006492321624085e-46",
        "7.006492321624086e-46",
        "0e999999999",
        "0.0e-999999999",
        "1e-999999999999",
        "1e999999999999",
        "9007199254740993",
        "9007199254740992.999999999999",
        "16777217",
        "16777216.99999999999999",
        "33554434.0000000001",
        "0.000000000000000000000000000000000000000001"};
    const char *extreme =
        extremes[random_below(state, sizeof extremes / sizeof extremes[0])];
    size_t len = strlen(extreme);
    memcpy(text, extreme, len);
    return len;
}

static size_t put_exponent(struct state *state, char *text, size_t len)
{
    static const int ranges[] = {5, 10, 30, 60, 400};
    int range = ranges[random_below(state, 5)];
    int exponent = (int)random_below(state, 2 * (size_t)range) - range;
    return len + (size_t)snprintf(
                     text + len, 16, "%c%s%d", "eE"[random_below(state, 2)],
                     exponent >= 0 && random_below(state, 2) ? "+" : "",
                     exponent);
}

/* Of a thousand, how many are of which kind. */
static size_t put_decimal(struct state *state, char *text)
{
    size_t kind = random_below(state, 1000), len;
    if (kind < 350)
        return put_plain(state, text, 1 + random_below(state, 4),
                         random_below(state, 5));
    if (kind < 600)
        return put_plain(state, text, 1 + random_below(state, 8),
                         random_below(state, 9));
    if (kind < 910)
        return put_plain(state, text, 1 + random_below(state, 8),
                         10 + random_below(state, 12));
    if (kind < 970) {
        len = put_plain(state, text, 1 + random_below(state, 2),
                        random_below(state, 20));
        return put_exponent(state, text, len);
    }
    if (kind < 980)
        return put_plain(state, text, 1 + random_below(state, 30),
                         random_below(state, 30));
    if (kind < 990)
        return put_middle_of_floats(state, text);
    if (kind < 992)
        return put_middle_of_doubles(state, text);
    if (kind < 999)
        return put_extreme(state, text);
    len = put_plain(state, text, 1 + random_below(state, 400),
                    random_below(state, 400));
    return random_below(state, 2) ? len : put_exponent(state, text, len);
}

static uint64_t report(const char *who, const char *cell, double expected,
                       double found)
{
    printf("%s: \"%.*s\" is %.17g, not %.17g\n", who, (int)strcspn(cell, ","),
           cell, expected, found);
    return 1;
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static uint64_t check_doubles(const struct state *state)
{
    uint64_t wrong = 0;
    for (size_t i = 0; i < state->n; i++) {
        const uint16_t *at = &state->index.at[i];
        const char *cell = state->text + at[0] + 1;
        double value = NAN;
        enum clary_number number =
            clary_parse_double(cell, (size_t)(at[1] - at[0] - 1), &value);
        if (number == CLARY_NUMBER_RANGE)
            value = cell[0] == '-' ? -(double)INFINITY : (double)INFINITY;
        if (!same_double(value, state->expected[i]) ||
            number == CLARY_NUMBER_MALFORMED)
            wrong += report("double", cell, state->expected[i], value);
    }
    return wrong;
}

static uint64_t check_table(const struct state *state,
                            const struct clary_kernels *table)
{
    float values[WINDOW_CELLS];
    uint64_t wrong = 0;
    for (size_t i = 0; i < state->n; i++) {
        const uint16_t *at = &state->index.at[i];
        size_t n =
            table->cells->read(state->text, at, at + 1, state->n - i, values);
        for (size_t k = 0; k < n; k++, i++)
            if (!same_float(values[k], (float)state->expected[i]))
                wrong +=
                    report(table->name, state->text + state->index.at[i] + 1,
                           state->expected[i], (double)values[k]);
        /* what stopped it must be out of range */
        if (i < state->n && isfinite(state->expected[i]))
            wrong += report(table->name, state->text + state->index.at[i] + 1,
                            state->expected[i], (double)INFINITY);
    }
    return wrong;
}

static uint64_t check_window(struct state *state)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    uint64_t wrong;
    memset(state->text + state->len, 0, CLARY_CELL_PADDING);
    tables[0]->cells->split(state->text, state->len, ',', '\n', &state->index);
    wrong = check_doubles(state);
    for (size_t t = 0; tables[t] != NULL; t++)
        wrong += check_table(state, tables[t]);
    return wrong + (state->index.n != state->n);
}

static uint64_t check(uint64_t chunk)
{
    struct state *state = malloc(sizeof *state);
    uint64_t wrong = 0;
    if (state == NULL)
        return 1;
    state->random = chunk << 32;
    state->text[0] = '0';
    state->len = 1;
    state->n = 0;
    for (size_t i = 0; i < CHUNK_DECIMALS; i++) {
        char *cell = state->text + state->len;
        size_t sign = random_below(state, 3) == 0;
        cell[0] = '-';
        size_t len = sign + put_decimal(state, cell + sign);
        cell[len] = ',';
        state->expected[state->n++] = strtod(cell, NULL);
        state->len += len + 1;
        if (state->n == WINDOW_CELLS ||
            state->len + LONGEST > 1 + CLARY_CELL_WINDOW ||
            i + 1 == CHUNK_DECIMALS) {
            wrong += check_window(state);
            state->len = 1;
            state->n = 0;
        }
    }
    free(state);
    return wrong;
}

int main(void)
{
    struct shards shards = {.name = "exhaustive_parse",
                            .unit = "decimals",
                            .n_chunks = CHUNKS,
                            .chunk_units = CHUNK_DECIMALS,
                            .check = check};
    return run_shards(&shards);
}
