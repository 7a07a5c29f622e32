/* test_watch.c: odd values are counted in their columns, whatever the types
 * and widths, against a loop that does it one by one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/watch.h"
#include "tests/test.h"
#include "tests/unit/golden.h"

#include <stdlib.h>
#include <time.h>

enum { ROWS = 7, WIDEST = 21 };

static struct clary_error err;

/* A value that each type can hold but BOOL, which has 0 and 1. */
static int value_at(size_t row, size_t column)
{
    return (int)((row * 31 + column * 17) % 23);
}

static void store(enum clary_dtype dtype, void *data, size_t at, int value)
{
    switch (dtype) {
    case CLARY_DTYPE_F64:
        ((double *)data)[at] = value;
        break;
    case CLARY_DTYPE_I64:
        ((int64_t *)data)[at] = value;
        break;
    case CLARY_DTYPE_I32:
        ((int32_t *)data)[at] = value;
        break;
    case CLARY_DTYPE_F32:
        ((float *)data)[at] = (float)value;
        break;
    default:
        ((uint8_t *)data)[at] = (uint8_t)value;
    }
}

/* Rows of one field, of which [5, 15] is the range of every third column,
 * [10, inf] of the next, and the others have none. */
static void check_field(enum clary_dtype dtype, size_t width)
{
    const struct clary_field field = {
        .name = "x", .dtype = dtype, .width = width};
    float min[WIDEST], max[WIDEST];
    const struct clary_ranges ranges = {min, max};
    size_t outside[WIDEST] = {0};
    struct clary_watch watch;
    struct clary_arena arena;
    union {
        double alignment;
        char bytes[ROWS * WIDEST * sizeof(double)];
    } data;
    void *const fields_data[] = {data.bytes};
    const struct clary_rows rows = {
        .fields = &field, .n_fields = 1, .data = fields_data, .n_rows = ROWS};
    bool found = false;

    for (size_t c = 0; c < width; c++) {
        min[c] = c % 3 == 0 ? 5 : c % 3 == 1 ? 10 : -INFINITY;
        max[c] = c % 3 == 0 ? 15 : INFINITY;
        for (size_t row = 0; row < ROWS; row++) {
            int value = value_at(row, c);
            store(dtype, data.bytes, row * width + c, value);
            outside[c] += (float)value < min[c] || (float)value > max[c];
        }
        found |= outside[c] > 0;
    }
    clary_arena_init(&arena, 1 << 20);
    CHECK_STATUS(clary_watch_begin(&watch, &ranges, width, &arena, &err),
                 CLARY_OK);
    clary_watch_rows(&watch, &rows);
    CHECK_INT(watch.found, found);
    for (size_t c = 0; c < width; c++) {
        CHECK_INT(watch.counts[c].n_outside, outside[c]);
        CHECK_INT(watch.counts[c].n_missing, 0);
    }
    clary_arena_deinit(&arena);
}

TEST(types_and_widths)
{
    static const enum clary_dtype dtypes[] = {CLARY_DTYPE_F32, CLARY_DTYPE_F64,
                                              CLARY_DTYPE_I8,  CLARY_DTYPE_U8,
                                              CLARY_DTYPE_I32, CLARY_DTYPE_I64};

    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        for (size_t width = 1; width <= WIDEST; width++)
            check_field(dtypes[i], width);
}

/* Each place of a row of two vectors and a bit, on its own. */
TEST(one_odd_value)
{
    static const float odd[] = {NAN, -NAN, INFINITY, -INFINITY, 2, -2};
    float values[19], min[19], max[19];
    const struct clary_field field = {
        .name = "x", .dtype = CLARY_DTYPE_F32, .width = 19};
    void *const data[] = {values};
    const struct clary_rows rows = {
        .fields = &field, .n_fields = 1, .data = data, .n_rows = 1};
    const struct clary_ranges ranges = {min, max};
    struct clary_watch watch;
    struct clary_arena arena;

    clary_arena_init(&arena, 1 << 20);
    for (size_t place = 0; place < 19 * 6; place++) {
        for (size_t i = 0; i < 19; i++) {
            values[i] = (float)i / 19;
            min[i] = -1;
            max[i] = 1;
        }
        values[place / 6] = odd[place % 6];
        clary_arena_reset(&arena);
        CHECK_STATUS(clary_watch_begin(&watch, &ranges, 19, &arena, &err),
                     CLARY_OK);
        clary_watch_rows(&watch, &rows);
        CHECK(watch.found);
        for (size_t i = 0; i < 19; i++) {
            bool is_here = i == place / 6, is_nan = place % 6 < 2;
            CHECK_INT(watch.counts[i].n_missing, is_here && is_nan);
            CHECK_INT(watch.counts[i].n_outside, is_here && !is_nan);
        }
    }
    clary_arena_deinit(&arena);
}

/* The edges themselves are inside. */
TEST(edges)
{
    static const float min[] = {1}, max[] = {2};
    static float values[] = {1, 2, 0x1.fffffep-1F, 0x1.000002p1F};
    const struct clary_field field = {
        .name = "x", .dtype = CLARY_DTYPE_F32, .width = 1};
    void *const data[] = {values};
    const struct clary_rows rows = {
        .fields = &field, .n_fields = 1, .data = data, .n_rows = 4};
    const struct clary_ranges ranges = {min, max};
    struct clary_watch watch;
    struct clary_arena arena;

    clary_arena_init(&arena, 1 << 20);
    CHECK_STATUS(clary_watch_begin(&watch, &ranges, 1, &arena, &err), CLARY_OK);
    clary_watch_rows(&watch, &rows);
    CHECK_INT(watch.counts[0].n_outside, 2);
    clary_arena_deinit(&arena);
}

/* --- through an invocation */

static const char three_rows[] = "1,2,5\n1,20,5\n-1,2,50\n";

static const float low[] = {0, 0, 0}, high[] = {10, 10, 10};
static const struct clary_ranges ten = {low, high};

TEST(counts_of_an_invocation)
{
    const struct golden *golden = golden_case("half-plus-three");
    const struct clary_request request = {"text/csv", "text/csv"};
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_invoke_times times;
    struct clary_reply reply;

    CHECK_STATUS(clary_invoke(invoke, golden->model, &request, three_rows,
                              strlen(three_rows), &reply, &err),
                 CLARY_OK);
    CHECK(clary_invoke_counts(invoke) == NULL);
    clary_invoke_times(invoke, &times);
    CHECK_INT(times.decode_ns + times.run_ns, 0);

    clary_invoke_watch(invoke, &ten);
    CHECK_STATUS(clary_invoke(invoke, golden->model, &request, three_rows,
                              strlen(three_rows), &reply, &err),
                 CLARY_OK);
    const struct clary_column_counts *counts = clary_invoke_counts(invoke);
    if (CHECK(counts != NULL)) {
        CHECK_INT(counts[0].n_outside, 1);
        CHECK_INT(counts[1].n_outside, 1);
        CHECK_INT(counts[2].n_outside, 1);
    }
    CHECK_STATUS(
        clary_invoke(invoke, golden->model, &request, "1,2,5", 5, &reply, &err),
        CLARY_OK);
    CHECK(clary_invoke_counts(invoke) == NULL);
    clary_invoke_free(invoke);
}

/* Which column of the model a refused cell was for. */
TEST(feature_of_an_error)
{
    static const struct {
        const char *body;
        size_t column, feature;
    } cases[] = {
        {"1,x,5", 2, 2},
        {"1,,5", 2, 2},
        {"1,2", 0, 0},
        {"x[2],x[0],x[1]\n1,2,no", 3, 2},
        {"x[2],x[0],x[1]\nno,2,1", 1, 3},
        {"x[2],x[0],x[0]\n1,2,1", 3, 0},
    };
    const struct clary_invoke_options options = {.csv_header =
                                                     CLARY_CSV_HEADER_AUTO};
    const struct golden *golden = golden_case("half-plus-three");
    const struct clary_request request = {"text/csv", "text/csv"};
    struct clary_invoke *invoke = clary_invoke_new(&options);
    struct clary_reply reply;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_STATUS(clary_invoke(invoke, golden->model, &request,
                                  cases[i].body, strlen(cases[i].body), &reply,
                                  &err),
                     CLARY_BAD_INPUT);
        CHECK_INT(err.column, cases[i].column);
        CHECK_INT(err.feature, cases[i].feature);
    }
    clary_invoke_free(invoke);
}

static void pause_ms(int ms)
{
    const struct timespec pause = {.tv_nsec = ms * 1000000L};
    nanosleep(&pause, NULL);
}

/* Waiting is what happens between the calls, and nothing is counted twice. */
TEST(times)
{
    const struct clary_invoke_options options = {.timed = true};
    const struct golden *golden = golden_case("half-plus-three");
    const struct clary_request request = {"text/csv", "text/csv"};
    struct clary_invoke *invoke = clary_invoke_new(&options);
    struct clary_invoke_times times;
    struct timespec start, end;
    struct clary_reply reply;

    for (int i = 0; i < 3; i++) {
        clock_gettime(CLOCK_MONOTONIC, &start);
        CHECK_STATUS(clary_invoke_begin(invoke, golden->model, &request, &err),
                     CLARY_OK);
        pause_ms(10);
        CHECK_STATUS(clary_invoke_feed(invoke, three_rows, 8, &err), CLARY_OK);
        pause_ms(10);
        CHECK_STATUS(clary_invoke_feed(invoke, three_rows + 8,
                                       strlen(three_rows) - 8, &err),
                     CLARY_OK);
        pause_ms(10);
        CHECK_STATUS(clary_invoke_finish(invoke, &reply, &err), CLARY_OK);
        clock_gettime(CLOCK_MONOTONIC, &end);
        uint64_t all_ns = (uint64_t)(end.tv_sec - start.tv_sec) * 1000000000 +
                          (uint64_t)end.tv_nsec - (uint64_t)start.tv_nsec;
        clary_invoke_times(invoke, &times);
        CHECK(times.wait_ns >= 29000000);
        CHECK(times.decode_ns > 0 && times.run_ns > 0);
        CHECK(times.encode_ns > 0);
        CHECK(times.decode_ns + times.run_ns + times.encode_ns +
                  times.wait_ns <=
              all_ns + all_ns / 50);
    }
    clary_invoke_free(invoke);
}
