/* test_csv_window.c: bodies of many windows, each table against the codec's
 * own loops.
 *
 * Bodies are random rows, plain for the most part, with now and then what a
 * window cannot read: blanks, quotes, missing cells, empty lines, errors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/codec.h"
#include "kernel/kernel.h"
#include "tests/test.h"

#include <stdlib.h>

enum { MOST_BYTES = 20000, MOST_WIDTH = 3000, MOST_CAPACITY = 70 };

static uint64_t random_state = 7;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1;
    return (uint32_t)((random_state >> 33) % n);
}

struct outcome {
    enum clary_status status;
    struct clary_error err;
    size_t n_rows, n_blocks;
    uint64_t digest; /* of all values in their order */
};

static enum clary_status take_rows(void *context, struct clary_rows *rows,
                                   struct clary_error *err)
{
    struct outcome *outcome = context;
    for (size_t r = 0; r < rows->n_rows; r++)
        for (size_t f = 0; f < rows->n_fields; f++) {
            size_t bytes = rows->fields[f].width * sizeof(float);
            const uint8_t *row = (const uint8_t *)rows->data[f] + r * bytes;
            for (size_t i = 0; i < bytes; i++)
                outcome->digest =
                    (outcome->digest ^ row[i]) * UINT64_C(0x100000001B3);
        }
    outcome->n_rows += rows->n_rows;
    outcome->n_blocks++;
    rows->n_rows = 0;
    if (outcome->n_blocks == 900)
        return clary_fail(err, CLARY_INTERNAL, "enough");
    return CLARY_OK;
}

struct setting {
    struct clary_field fields[3];
    size_t n_fields, capacity;
    enum clary_csv_header header;
    bool missing_is_nan;
};

static struct outcome read_body(const struct setting *setting, const char *body,
                                size_t len, size_t piece,
                                const struct clary_cell_kernel *kernel)
{
    struct outcome outcome = {.n_rows = 0};
    struct clary_arena arena;
    void *data[3];
    clary_arena_init(&arena, 1 << 24);
    for (size_t f = 0; f < setting->n_fields; f++)
        data[f] = clary_arena_alloc(&arena, setting->capacity *
                                                setting->fields[f].width *
                                                sizeof(float));
    struct clary_rows rows = {.fields = setting->fields,
                              .n_fields = setting->n_fields,
                              .data = data,
                              .capacity = setting->capacity,
                              .full = take_rows,
                              .context = &outcome};
    struct clary_reader reader = {.rows = &rows,
                                  .arena = &arena,
                                  .header = setting->header,
                                  .missing_is_nan = setting->missing_is_nan,
                                  .cell_kernel = kernel};
    outcome.status = clary_codec_csv.read_begin(&reader, &outcome.err);
    for (size_t at = 0; at < len && outcome.status == CLARY_OK; at += piece)
        outcome.status = clary_codec_csv.read_feed(
            &reader, body + at, len - at < piece ? len - at : piece,
            &outcome.err);
    if (outcome.status == CLARY_OK)
        outcome.status = clary_codec_csv.read_end(&reader, &outcome.err);
    if (outcome.status == CLARY_OK)
        CHECK_INT(reader.n_rows, outcome.n_rows);
    clary_arena_deinit(&arena);
    return outcome;
}

static void compare(const struct setting *setting, const char *body, size_t len)
{
    const size_t pieces[] = {len + 1, 8192, 4096, 1000, 61, 8};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct outcome expected = read_body(setting, body, len, len + 1, NULL);
    for (size_t t = 0; tables[t] != NULL; t++)
        for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
            struct outcome outcome =
                read_body(setting, body, len, pieces[i], tables[t]->cells);
            bool same = CHECK_STATUS(outcome.status, expected.status) &&
                        CHECK_INT(outcome.n_rows, expected.n_rows) &&
                        CHECK_INT(outcome.n_blocks, expected.n_blocks) &&
                        CHECK(outcome.digest == expected.digest);
            if (expected.status != CLARY_OK)
                same = CHECK_STR(outcome.err.message, expected.err.message) &&
                       CHECK_INT(outcome.err.row, expected.err.row) && same;
            if (!same)
                printf("  %s, pieces of %zu\n", tables[t]->name, pieces[i]);
        }
}

struct body {
    char bytes[MOST_BYTES + 8192];
    size_t len;
};

static struct body body; /* large */

static void add(const char *text)
{
    size_t len = strlen(text);
    memcpy(body.bytes + body.len, text, len);
    body.len += len;
}

/* Numbers that a window reads, and one in `odd` cells that it does not. */
static void add_cell(uint32_t odd)
{
    static const char *const odds[] = {"",     " 1",  "2 ",  "\"3\"", "\"\"",
                                       "1e-5", "\t4", "1e3", "5\t",   "\"-6\""};
    static const int decimals[] = {0, 1, 2, 6, 6, 14, 17};
    char cell[64];
    double value = (double)(int)random_below(2000000) * 1e-3 - 1000;
    snprintf(cell, sizeof cell, "%.*f", decimals[random_below(7)],
             value * 1.0001234567);
    add(odd > 0 && random_below(odd) == 0 ? odds[random_below(10)] : cell);
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

static const size_t widths[] = {1, 2, 3, 7, 8, 9, 13, 64, 500, MOST_WIDTH};

static void compare_widths(uint32_t odd, bool with_cr)
{
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++)
        for (int round = 0; round < 4; round++) {
            struct setting setting = {.fields = {{"x",
                                                  CLARY_DTYPE_F32,
                                                  {1, {(int64_t)widths[i]}},
                                                  widths[i],
                                                  NULL}},
                                      .n_fields = 1,
                                      .capacity =
                                          1 + random_below(MOST_CAPACITY),
                                      .header = CLARY_CSV_HEADER_ABSENT,
                                      .missing_is_nan = round % 2 == 0};
            make_body(widths[i], 1 + random_below(MOST_BYTES), odd, with_cr);
            compare(&setting, body.bytes, body.len);
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
    struct setting setting = {
        .fields = {{"p", CLARY_DTYPE_F32, {1, {1}}, 1, NULL},
                   {"q", CLARY_DTYPE_F32, {1, {3}}, 3, names},
                   {"r", CLARY_DTYPE_F32, {0, {0}}, 1, NULL}},
        .n_fields = 3,
        .header = CLARY_CSV_HEADER_AUTO,
        .missing_is_nan = true};
    for (int round = 0; round < 20; round++) {
        static struct body rows;
        setting.capacity = 1 + random_below(MOST_CAPACITY);
        make_body(5, 1 + random_below(MOST_BYTES), round % 2 == 0 ? 0 : 100,
                  round % 4 == 0);
        compare(&setting, body.bytes, body.len);
        rows = body;
        body.len = 0;
        add("r, b,\"a\",p,c\n");
        memcpy(body.bytes + body.len, rows.bytes, rows.len);
        body.len += rows.len;
        compare(&setting, body.bytes, body.len);
    }
}

TEST(lines_of_nothing)
{
    struct setting setting = {
        .fields = {{"x", CLARY_DTYPE_F32, {1, {2}}, 2, NULL}},
        .n_fields = 1,
        .capacity = 3,
        .header = CLARY_CSV_HEADER_ABSENT};
    body.len = 0;
    for (int i = 0; i < 3000; i++)
        add(i % 1000 == 999 ? "1,2\n" : "\n");
    compare(&setting, body.bytes, body.len);
    body.len = 0;
    while (body.len < 9000)
        add("1,2\n\n");
    add("3,");
    compare(&setting, body.bytes, body.len);
}

TEST(cells_longer_than_a_window)
{
    struct setting setting = {
        .fields = {{"x", CLARY_DTYPE_F32, {1, {2}}, 2, NULL}},
        .n_fields = 1,
        .capacity = 3,
        .header = CLARY_CSV_HEADER_ABSENT};
    for (size_t zeros = 4080; zeros < 4100; zeros++) {
        body.len = 0;
        add("1,2\n3,0.");
        memset(body.bytes + body.len, '0', zeros);
        body.len += zeros;
        add("1\n5,6\n");
        compare(&setting, body.bytes, body.len);
    }
}
