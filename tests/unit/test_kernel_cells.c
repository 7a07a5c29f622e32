/* test_kernel_cells.c: every table's reading of cells against the scalar
 * one, and the scalar one against the C library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "kernel/kernel.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 1 + CLARY_CELL_WINDOW, MOST_CELLS = 64 };

static uint64_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)((random_state >> 33) % n);
}

/* A text whose end and padding are at the end of the memory, so that a
 * sanitizer sees what reads behind them. */
struct text {
    char *bytes;
    size_t len;
};

static struct text make_text(const char *bytes, size_t len)
{
    struct text text = {malloc(len + CLARY_CELL_PADDING), len};
    memcpy(text.bytes, bytes, len);
    for (size_t i = 0; i < CLARY_CELL_PADDING; i++) /* not to be counted */
        text.bytes[len + i] = ",\n\r"[i % 3];
    return text;
}

static void compare_index(const char *bytes, size_t len, char separator,
                          char line_end)
{
    static struct clary_cell_index expected, index;
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct text text = make_text(bytes, len);
    tables[0]->cells->split(text.bytes, len, separator, line_end, &expected);
    for (size_t t = 1; tables[t] != NULL; t++) {
        memset(&index, 0xA5, sizeof index);
        tables[t]->cells->split(text.bytes, len, separator, line_end, &index);
        bool same =
            index.n == expected.n && index.n_lines == expected.n_lines &&
            index.has_cr == expected.has_cr &&
            memcmp(index.at, expected.at, (index.n + 1) * sizeof index.at[0]) ==
                0;
        if (!CHECK(same))
            printf("  %s: %zu bytes\n", tables[t]->name, len);
    }
    free(text.bytes);
}

TEST(index_by_hand)
{
    static struct clary_cell_index index;
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    for (size_t t = 0; tables[t] != NULL; t++) {
        struct text text = make_text("x4.25,-1,3\n", 11);
        tables[t]->cells->split(text.bytes, text.len, ',', '\n', &index);
        CHECK_INT(index.n, 3);
        CHECK_INT(index.at[0], 0);
        CHECK_INT(index.at[1], 5);
        CHECK_INT(index.at[2], 8);
        CHECK_INT(index.at[3], 10);
        CHECK_INT(index.n_lines, 1);
        CHECK(!index.has_cr);
        tables[t]->cells->split(text.bytes, text.len, '\t', '\n', &index);
        CHECK_INT(index.n, 1);
        CHECK_INT(index.n_lines, 1);
        free(text.bytes);
    }
}

/* From none to nothing but separators, each length of the last block. */
TEST(index_of_random_bytes)
{
    static const char separators[] = ",;\t ";
    static char bytes[MOST];
    for (int round = 0; round < 400; round++) {
        size_t len = round < 200 ? 1 + (size_t)round : 1 + random_below(MOST);
        uint32_t one_in = 1 + random_below(20);
        char separator = separators[random_below(4)];
        for (size_t i = 0; i < len; i++) {
            bytes[i] = (char)random_below(256);
            if (random_below(one_in) == 0)
                bytes[i] = random_below(4) == 0 ? '\n' : separator;
            if (bytes[i] == '\r' && round % 2 == 0)
                bytes[i] = '5';
        }
        bytes[0] = '0';
        compare_index(bytes, len, separator, '\n');
        compare_index(bytes, len, separator, ']');
    }
    memset(bytes, '\n', sizeof bytes);
    bytes[0] = '0';
    compare_index(bytes, MOST, ',', '\n');
    memset(bytes + 1, ',', sizeof bytes - 1);
    compare_index(bytes, MOST, ',', '\n');
    bytes[MOST - 1] = '\r';
    compare_index(bytes, MOST, ',', '\n');
}

/* Packs cells into a text, as a body has them. */
struct cells {
    char bytes[MOST];
    size_t len, n;
};

static void add_cell(struct cells *cells, const char *cell)
{
    size_t len = strlen(cell);
    memcpy(cells->bytes + cells->len, cell, len);
    cells->len += len;
    cells->bytes[cells->len++] = ++cells->n % 7 == 0 ? '\n' : ',';
}

/* Every table on cells [from, from + n). */
static void compare_run(const struct text *text,
                        const struct clary_cell_index *index, size_t from,
                        size_t n)
{
    static float expected[MOST], values[MOST + 1];
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    const uint16_t *before = index->at + from, *end = before + 1;
    size_t count =
        tables[0]->cells->read(text->bytes, before, end, n, expected);
    for (size_t t = 1; tables[t] != NULL; t++) {
        values[n] = 12345;
        size_t found =
            tables[t]->cells->read(text->bytes, before, end, n, values);
        bool same = found == count && values[n] == 12345 &&
                    memcmp(values, expected, count * sizeof *values) == 0;
        if (CHECK(same))
            continue;
        size_t i = 0;
        while (i < count && i < found &&
               memcmp(&values[i], &expected[i], sizeof *values) == 0)
            i++;
        printf("  %s: %zu of %zu, first \"%.*s\"\n", tables[t]->name, found,
               count, end[i] - before[i] - 1, text->bytes + before[i] + 1);
    }
}

static void compare_cells(const struct cells *cells)
{
    static struct clary_cell_index index;
    struct text text = make_text(cells->bytes, cells->len);
    clary_kernels_runnable()[0]->cells->split(text.bytes, text.len, ',', '\n',
                                              &index);
    CHECK_INT(index.n, cells->n);
    for (size_t i = 0; i < index.n; i++) {
        compare_run(&text, &index, i, index.n - i);
        if (i < 20)
            compare_run(&text, &index, 0, i);
    }
    free(text.bytes);
}

static void compare_list(const char *const *list, size_t n)
{
    static struct cells cells;
    for (size_t first = 0; first < n; first += MOST_CELLS) {
        cells = (struct cells){.bytes = "0", .len = 1};
        for (size_t i = first; i < n && i < first + MOST_CELLS; i++)
            add_cell(&cells, list[i]);
        compare_cells(&cells);
    }
    /* each alone among plain ones, at each place of a group */
    for (size_t i = 0; i < n; i++) {
        cells = (struct cells){.bytes = "0", .len = 1};
        for (size_t k = 0; k < 9; k++)
            add_cell(&cells, k == i % 9 ? list[i] : k % 2 == 0 ? "4.25" : "-7");
        compare_cells(&cells);
    }
}

static const char *const numbers[] = {"0",
                                      "-0",
                                      "7",
                                      "-7",
                                      "0.5",
                                      "-0.5",
                                      "12345678",
                                      "-1234567",
                                      "123456789",
                                      "1.234567",
                                      "-1.23456",
                                      "1234567.8",
                                      "12345678.9",
                                      "0.000000",
                                      "0.0000001",
                                      "-119.85",
                                      "7.006939",
                                      "3999.0",
                                      "10.05947165499158",
                                      "-118.38999999999999",
                                      "0.00012345678901234567",
                                      "123456.1234567890123456",
                                      "0.0000000000000000000001",
                                      "123456.12345678901234567",
                                      "1e5",
                                      "1E+5",
                                      "-1.5e-3",
                                      "1e39",
                                      "-1e39",
                                      "1e-46",
                                      "1e-400",
                                      "0e999",
                                      "9999999.",
                                      "16777217",
                                      "16777217.0",
                                      "16777216.99999999",
                                      "0.1000000014901161193847"};

TEST(cells_by_hand)
{
    static struct clary_cell_index index;
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    size_t n = sizeof numbers / sizeof numbers[0];
    compare_list(numbers, n);
    for (size_t t = 0; tables[t] != NULL; t++)
        for (size_t i = 0; i < n; i++) {
            static struct cells one;
            float value = 0;
            one = (struct cells){.bytes = "0", .len = 1};
            add_cell(&one, numbers[i]);
            struct text text = make_text(one.bytes, one.len);
            tables[t]->cells->split(text.bytes, text.len, ',', '\n', &index);
            size_t read = tables[t]->cells->read(text.bytes, index.at,
                                                 index.at + 1, 1, &value);
            float expected = (float)strtod(numbers[i], NULL);
            if (numbers[i][strlen(numbers[i]) - 1] == '.' || isinf(expected))
                CHECK_INT(read, 0);
            else if (CHECK_INT(read, 1))
                CHECK(memcmp(&value, &expected, sizeof value) == 0);
            free(text.bytes);
        }
}

static const char *const no_numbers[] = {
    "",    "-",    ".",    "-.",    ".5",  "-.5", "5.",  "-5.", "00",  "01",
    "-01", "00.5", "1..2", "1.2.3", ".1.", "1-2", "--1", "-1-", "+1",  " 1",
    "1 ",  "1\r",  "\r",   "nan",   "inf", "1e",  "1e+", "e5",  "0x10"};

/* Some are numbers, but not of the kind that the routines read. */
static const char *const near_numbers[] = {"1_0",
                                           "1f",
                                           "\"1\"",
                                           "1:5",
                                           "1/5",
                                           "\xFF",
                                           "1\x80",
                                           "12345678\x80",
                                           "12345678.12345678x",
                                           "12345678.123456789.1",
                                           "1.2345678.9",
                                           "1.234567-",
                                           "1.2345678-",
                                           "000000.1234567",
                                           "0000000000000000",
                                           "01234567.1",
                                           "1.23456781234567a",
                                           "123456.",
                                           "1234567.",
                                           "12345678.",
                                           "1e309",
                                           "-1e309",
                                           "1:",
                                           ":",
                                           "/",
                                           "1.:",
                                           "1;5",
                                           "1.23456789012345678901234567x",
                                           "1.\x30\xB0",
                                           "-00.1"};

TEST(cells_that_are_no_numbers)
{
    compare_list(no_numbers, sizeof no_numbers / sizeof no_numbers[0]);
    compare_list(near_numbers, sizeof near_numbers / sizeof near_numbers[0]);
}

/* A number as it may come, or something like one. */
static void make_cell(char *cell, size_t size)
{
    static const int decimals[] = {0, 1, 2, 4, 6, 8, 16, 20};
    uint64_t bits = (uint64_t)random_below(1u << 31) << 33 ^
                    (uint64_t)random_below(1u << 31) << 11 ^ random_below(2048);
    double value, unit = (double)(bits >> 11) * 0x1p-53;
    float narrow;
    memcpy(&value, &bits, sizeof value);
    uint32_t narrow_bits = (uint32_t)(bits >> 32);
    memcpy(&narrow, &narrow_bits, sizeof narrow);
    switch (random_below(8)) {
    case 0:
        snprintf(cell, size, "%.17g", isfinite(value) ? value : unit);
        break;
    case 1:
        snprintf(cell, size, "%.9g", isfinite(narrow) ? (double)narrow : unit);
        break;
    case 2: /* the middle of two floats, or next to it */
        narrow = fabsf(narrow);
        if (!(narrow > 1e-9f && narrow < 1e7f))
            narrow = (float)unit;
        snprintf(cell, size, "%.*f", (int)random_below(40),
                 ((double)narrow + (double)nextafterf(narrow, INFINITY)) / 2);
        break;
    case 3:
        snprintf(cell, size, "%.*g", 1 + (int)random_below(20),
                 (unit - 0.5) * 1000);
        break;
    default:
        snprintf(cell, size, "%.*f", decimals[random_below(8)],
                 (unit - 0.5) * pow(10, random_below(9)));
    }
    if (random_below(64) == 0)
        cell[random_below((uint32_t)strlen(cell))] =
            "0.-e:/ \x80\xB0"[random_below(9)];
}

TEST(cells_at_random)
{
    static struct cells cells;
    for (int round = 0; round < 300; round++) {
        char cell[128];
        cells = (struct cells){.bytes = "0", .len = 1};
        for (int i = 0; i < MOST_CELLS / 2; i++) {
            make_cell(cell, sizeof cell);
            add_cell(&cells, cell);
        }
        compare_cells(&cells);
    }
}

/* The longest cell that a window can hold. */
TEST(cells_of_many_digits)
{
    static struct cells cells;
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    cells = (struct cells){.bytes = "00.", .len = 3};
    memset(cells.bytes + 3, '0', MOST - 4);
    cells.bytes[MOST - 2] = '1';
    cells.bytes[MOST - 1] = '\n';
    cells.len = MOST;
    cells.n = 1;
    for (size_t t = 0; tables[t] != NULL; t++) {
        float value = 1;
        const uint16_t at[] = {0, MOST - 1};
        struct text text = make_text(cells.bytes, cells.len);
        CHECK_INT(tables[t]->cells->read(text.bytes, at, at + 1, 1, &value), 1);
        CHECK(value == 0);
        free(text.bytes);
    }
    compare_cells(&cells);
}
