/* test_csv_window.c: bodies of many windows, each table against the codec's
 * own loops.
 *
 * Bodies are random rows, plain for the most part, with now and then what a
 * window cannot read: blanks, quotes, missing cells, empty lines, errors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/window_reading.h"

enum { MOST_WIDTH = 3000 };

/* Numbers that a window reads, and one in `odd` cells that it does not. */
static void add_cell(uint32_t odd)
{
    static const char *const odds[] = {"",     " 1",  "2 ",  "\"3\"", "\"\"",
                                       "1e-5", "\t4", "1e3", "5\t",   "\"-6\""};
    if (odd > 0 && random_below(odd) == 0)
        add(odds[random_below(10)]);
    else
        add_decimal();
}

static void make_body(size_t width, size_t len, uint32_t odd, bool with_cr)
{
    body.len = 0;
    while (body.len < len) {
        for (size_t c = 0; c < width && body.len < MOST_BYTES; c++) {
            if (c > 0)
                add(",");
            add_cell(odd);
        }
        add(with_cr ? "\r\n" : "\n");
        if (odd > 0 && random_below(odd) == 0)
            add(random_below(2) == 0 ? "\n" : " \r\n");
        if (odd > 0 && random_below(odd * 400) == 0)
            add(random_below(2) == 0 ? "x," : "1\n2,3\n");
    }
    if (random_below(2) == 0)
        body.len--;
}

/* One input of `width` columns, and no header. */
static void model(size_t width, size_t capacity)
{
    body.fields[0] = (struct clary_field){
        "x", CLARY_DTYPE_F32, {1, {(int64_t)width}}, width, NULL};
    body.n_fields = 1;
    body.capacity = capacity;
    body.header = CLARY_CSV_HEADER_ABSENT;
    body.missing_is_nan = false;
}

static const size_t widths[] = {1, 2, 3, 7, 8, 9, 13, 64, 500, MOST_WIDTH};

static void compare_widths(uint32_t odd, bool with_cr)
{
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        for (int round = 0; round < 4; round++) {
            model(widths[i], 1 + random_below(MOST_CAPACITY));
            body.missing_is_nan = round % 2 == 0;
            make_body(widths[i], 1 + random_below(MOST_BYTES), odd, with_cr);
            compare(&clary_codec_csv);
        }
}

TEST(plain_rows)
{
    compare_widths(0, false);
}

TEST(rows_that_end_in_cr_lf)
{
    compare_widths(0, true);
    compare_widths(100, true);
}

TEST(rows_with_odd_cells)
{
    compare_widths(1000, false);
    compare_widths(100, false);
    compare_widths(5, false);
}

/* The columns lie apart, and in another order. */
TEST(several_inputs_and_a_header)
{
    static const char *const names[] = {"a", "b", "c"};
    static const struct clary_field fields[] = {
        {"p", CLARY_DTYPE_F32, {1, {1}}, 1, NULL},
        {"q", CLARY_DTYPE_F32, {1, {3}}, 3, names},
        {"r", CLARY_DTYPE_F32, {0, {0}}, 1, NULL}};
    memcpy(body.fields, fields, sizeof fields);
    body.n_fields = 3;
    body.header = CLARY_CSV_HEADER_AUTO;
    body.missing_is_nan = true;
    for (int round = 0; round < 20; round++) {
        static struct body rows;
        body.capacity = 1 + random_below(MOST_CAPACITY);
        make_body(5, 1 + random_below(MOST_BYTES), round % 2 == 0 ? 0 : 100,
                  round % 4 == 0);
        compare(&clary_codec_csv);
        rows = body;
        body.len = 0;
        add("r, b,\"a\",p,c\n");
        memcpy(body.bytes + body.len, rows.bytes, rows.len);
        body.len += rows.len;
        compare(&clary_codec_csv);
    }
}

TEST(lines_of_nothing)
{
    model(2, 3);
    body.len = 0;
    for (int i = 0; i < 3000; i++)
        add(i % 1000 == 999 ? "1,2\n" : "\n");
    compare(&clary_codec_csv);
    body.len = 0;
    while (body.len < 9000)
        add("1,2\n\n");
    add("3,");
    compare(&clary_codec_csv);
}

TEST(cells_longer_than_a_window)
{
    model(2, 3);
    for (size_t zeros = 4080; zeros < 4100; zeros++) {
        body.len = 0;
        add("1,2\n3,0.");
        memset(body.bytes + body.len, '0', zeros);
        body.len += zeros;
        add("1\n5,6\n");
        compare(&clary_codec_csv);
    }
}
