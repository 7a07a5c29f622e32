/* bench_text.c: text to numbers and back, against the C library.
 *
 * Rows are generated, the same ones each time: 8 columns like those of the
 * California housing data ("short", 7 bytes a value) and the same as Python
 * prints doubles ("long", 16 digits). All that is compared runs in turn in
 * each round, so that a noisy machine hits all of it; the ratios of medians
 * are what counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/housing_rows.h"
#include "bench/timing.h"
#include "data/codec.h"
#include "kernel/kernel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ROUNDS = 15,
    ROWS = 20000,
    VALUES = ROWS * COLUMNS,
    PIECE = 8192, /* what libmicrohttpd hands over at a time */
    BLOCK = 64,
    ROW_BYTES = 256
};

struct timing {
    const char *name;
    double (*run)(void); /* returns a digest of what was done */
    double ns[ROUNDS];   /* per value */
    double sum;
};

static char *text; /* what the parsers read */
static size_t text_len;
static float *values; /* what the printers write */

static void make_text(bool is_long)
{
    size_t used = 0;
    for (int r = 0; r < ROWS; r++) {
        double row[COLUMNS];
        make_row(row);
        for (int c = 0; c < COLUMNS; c++) {
            char number[64];
            size_t len;
            values[r * COLUMNS + c] = (float)row[c];
            if (is_long)
                len = clary_print_double(number, row[c], CLARY_NUMBER_SHORTEST);
            else
                len = (size_t)snprintf(number, sizeof number, "%.*f",
                                       decimals[c], row[c]);
            memcpy(text + used, number, len);
            used += len;
            text[used++] = c + 1 < COLUMNS ? ',' : '\n';
        }
    }
    text[used] = '\0';
    text_len = used;
}

/* Of the bits that were read, outside the timed rounds. */
static bool digesting;
static uint64_t digest;

static void digest_rows(const float *rows, size_t n)
{
    for (size_t i = 0; digesting && i < n * COLUMNS; i++) {
        uint32_t bits;
        memcpy(&bits, &rows[i], sizeof bits);
        digest = (digest ^ bits) * UINT64_C(0x100000001B3);
    }
}

static double run_strtof(void)
{
    float row[COLUMNS];
    size_t c = 0;
    for (char *p = text; *p != '\0'; p++) {
        row[c++] = strtof(p, &p);
        if (c < COLUMNS)
            continue;
        digest_rows(row, 1);
        c = 0;
    }
    return 0;
}

static enum clary_status take_rows(void *context, struct clary_rows *rows,
                                   struct clary_error *err)
{
    (void)context;
    (void)err;
    digest_rows(rows->data[0], rows->n_rows);
    rows->n_rows = 0;
    return CLARY_OK;
}

static double read_with(const struct clary_cell_kernel *kernel)
{
    static const struct clary_field x = {
        "x", CLARY_DTYPE_F32, {1, {COLUMNS}}, COLUMNS};
    static float block[BLOCK * COLUMNS];
    void *data[] = {block};
    struct clary_error err;
    struct clary_arena arena;
    clary_arena_init(&arena, 1 << 20);
    struct clary_rows rows = {.fields = &x,
                              .n_fields = 1,
                              .data = data,
                              .capacity = BLOCK,
                              .full = take_rows};
    struct clary_reader reader = {.rows = &rows,
                                  .arena = &arena,
                                  .header = CLARY_CSV_HEADER_ABSENT,
                                  .cell_kernel = kernel};
    const struct clary_codec *csv = &clary_codec_csv;
    enum clary_status status = csv->read_begin(&reader, &err);
    for (size_t at = 0; status == CLARY_OK && at < text_len; at += PIECE) {
        size_t left = text_len - at;
        status = csv->read_feed(&reader, text + at, left < PIECE ? left : PIECE,
                                &err);
    }
    if (status == CLARY_OK)
        status = csv->read_end(&reader, &err);
    if (status != CLARY_OK) {
        fprintf(stderr, "bench_text: %s\n", err.message);
        exit(1);
    }
    clary_arena_deinit(&arena);
    return 0;
}

static double run_reader(void)
{
    return read_with(clary_kernels()->cells);
}

static double run_scalar_reader(void)
{
    return read_with(clary_kernels_runnable()[0]->cells);
}

static double run_plain_reader(void)
{
    return read_with(NULL);
}

static double run_snprintf(void)
{
    char number[64];
    int sum = 0;
    for (int i = 0; i < VALUES; i++)
        sum += snprintf(number, sizeof number, "%.9g", (double)values[i]);
    return sum;
}

/* What TensorFlow Serving does. */
static double run_snprintf_twice(void)
{
    char number[64];
    int sum = 0;
    for (int i = 0; i < VALUES; i++) {
        sum += snprintf(number, sizeof number, "%g", (double)values[i]);
        if (strtof(number, NULL) != values[i])
            sum += snprintf(number, sizeof number, "%.9g", (double)values[i]);
    }
    return sum;
}

static double print_all(enum clary_number_form form)
{
    char number[CLARY_NUMBER_TEXT];
    size_t sum = 0;
    for (int i = 0; i < VALUES; i++)
        sum += clary_print_float(number, values[i], form) + (size_t)number[0];
    return (double)sum;
}

static double run_print(void)
{
    return print_all(CLARY_NUMBER_TFSERVING);
}

static double run_print_shortest(void)
{
    return print_all(CLARY_NUMBER_SHORTEST);
}

static double write_all(const struct clary_codec *codec)
{
    static struct clary_buffer out; /* stays warm */
    static const struct clary_field y = {"y", CLARY_DTYPE_F32, {1, {1}}, 1};
    struct clary_error err;
    struct clary_arena arena;
    if (out.limit_bytes == 0)
        clary_buffer_init(&out, SIZE_MAX);
    out.len = 0;
    clary_arena_init(&arena, 1 << 20);
    struct clary_writer writer = {
        .fields = &y,
        .n_fields = 1,
        .out = &out,
        .arena = &arena,
        .options = {.numbers = CLARY_NUMBER_TFSERVING, .tfserving = true}};
    enum clary_status status = codec->write_begin(&writer, &err);
    for (size_t i = 0; status == CLARY_OK && i < VALUES; i += BLOCK) {
        void *data[] = {values + i};
        struct clary_rows rows = {.fields = &y,
                                  .n_fields = 1,
                                  .data = data,
                                  .n_rows = BLOCK,
                                  .capacity = BLOCK};
        status = codec->write_rows(&writer, &rows, &err);
    }
    if (status == CLARY_OK)
        status = codec->write_end(&writer, &err);
    if (status != CLARY_OK) {
        fprintf(stderr, "bench_text: %s\n", err.message);
        exit(1);
    }
    clary_arena_deinit(&arena);
    return (double)out.len;
}

static double run_csv_writer(void)
{
    return write_all(&clary_codec_csv);
}

static double run_json_writer(void)
{
    return write_all(&clary_codec_json);
}

/* Runs all in turn, ROUNDS times, and prints medians and how many times
 * faster than the first each is. */
static void compare(const char *title, struct timing *timings, size_t n)
{
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < n; i++) {
            const double start = now_ns();
            timings[i].sum = timings[i].run();
            timings[i].ns[round] = (now_ns() - start) / VALUES;
        }
    printf("%s\n", title);
    for (size_t i = 0; i < n; i++)
        qsort(timings[i].ns, ROUNDS, sizeof(double), by_value);
    for (size_t i = 0; i < n; i++)
        printf("  %-28s %7.1f ns/value (best %.1f) %6.2fx\n", timings[i].name,
               timings[i].ns[ROUNDS / 2], timings[i].ns[0],
               timings[0].ns[ROUNDS / 2] / timings[i].ns[ROUNDS / 2]);
}

static void compare_parsers(const char *title)
{
    struct timing timings[] = {
        {"strtof", run_strtof, {0}, 0},
        {"clary_codec_csv", run_reader, {0}, 0},
        {"the same, scalar table", run_scalar_reader, {0}, 0},
        {"the same, cell by cell", run_plain_reader, {0}, 0}};
    size_t n = sizeof timings / sizeof timings[0];
    uint64_t expected = 0;
    for (size_t i = 0; i < n; i++) {
        digesting = true;
        digest = 0;
        timings[i].run();
        expected = i == 0 ? digest : expected;
        if (digest != expected)
            printf("%s: THE NUMBERS DIFFER\n", timings[i].name);
    }
    digesting = false;
    compare(title, timings, n);
    printf("  %.2f bytes/value, %.0f MB/s\n", (double)text_len / VALUES,
           (double)text_len / VALUES * 1e3 / timings[1].ns[ROUNDS / 2]);
}

int main(void)
{
    struct clary_error err;
    if (clary_kernels_init(&err) != CLARY_OK) {
        fprintf(stderr, "bench_text: %s\n", err.message);
        return 1;
    }
    text = malloc((size_t)ROWS * ROW_BYTES);
    values = malloc(VALUES * sizeof *values);
    if (text == NULL || values == NULL)
        return 1;
    make_text(true);
    compare_parsers("CSV to float32, long");
    make_text(false);
    compare_parsers("CSV to float32, short");
    struct timing timings[] = {
        {"snprintf %.9g", run_snprintf, {0}, 0},
        {"snprintf %g, strtof, %.9g", run_snprintf_twice, {0}, 0},
        {"clary_print_float tfserving", run_print, {0}, 0},
        {"clary_print_float shortest", run_print_shortest, {0}, 0},
        {"csv writer, 1 column", run_csv_writer, {0}, 0},
        {"json writer, 1 column", run_json_writer, {0}, 0}};
    compare("float32 to text", timings, sizeof timings / sizeof timings[0]);
    free(text);
    free(values);
    return 0;
}
