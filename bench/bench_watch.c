/* bench_watch.c: what looking at the values of each row costs (data-quality
 * counters), beside the same requests without it.
 *
 * Both run in turn in each round, so that a noisy machine hits both; the
 * ratio of the medians is what counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/timing.h"

#include <clary/clary.h>

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 41, ROWS_A_ROUND = 40000, COLUMNS = 8, ROW_BYTES = 128 };

#define MODEL "tests/golden/savedmodel/california-housing/model.tar.gz"

static const float inside_min[COLUMNS] = {0, 0, 0, 0, 0, 0, 30, -130};
static const float inside_max[COLUMNS] = {20, 60, 200, 50, 1e5F, 2e3F, 45, 0};
static const float outside_max[COLUMNS] = {0, 0, 0, 0, 0, 0, 31, -129};

static const struct {
    const char *name;
    struct clary_ranges ranges;
} ways[] = {
    {"not looked at", {NULL, NULL}},
    {"all inside", {inside_min, inside_max}},
    {"all outside", {inside_min, outside_max}},
};
enum { WAYS = sizeof ways / sizeof ways[0] };

/* Nanoseconds per row of requests of `body`. */
static double run(struct clary_invoke *invoke, const struct clary_model *model,
                  size_t way, const char *body, size_t n_rows)
{
    const struct clary_ranges *ranges = &ways[way].ranges;
    const struct clary_request request = {"text/csv", NULL};
    struct clary_reply reply;
    struct clary_error err;
    double start = now_ns();
    size_t len = strlen(body);

    clary_invoke_watch(invoke, ranges->min != NULL ? ranges : NULL);
    for (size_t done = 0; done < ROWS_A_ROUND; done += n_rows)
        if (clary_invoke(invoke, model, &request, body, len, &reply, &err) !=
            CLARY_OK) {
            fprintf(stderr, "%s\n", err.message);
            exit(1);
        }
    return (now_ns() - start) / ROWS_A_ROUND;
}

static void compare(struct clary_invoke *invoke,
                    const struct clary_model *model, const char *body,
                    size_t n_rows)
{
    double ns[WAYS][ROUNDS];

    for (size_t round = 0; round < ROUNDS; round++)
        for (size_t way = 0; way < WAYS; way++)
            ns[way][round] = run(invoke, model, way, body, n_rows);
    for (size_t way = 0; way < WAYS; way++) {
        const double middle = median(ns[way], ROUNDS);
        printf("%6zu rows a request  %-14s %8.1f ns/row  %.3f\n", n_rows,
               ways[way].name, middle, middle / ns[0][ROUNDS / 2]);
    }
}

/* `n_rows` lines of CSV; free with free. */
static char *make_body(size_t n_rows)
{
    char *body = malloc(n_rows * ROW_BYTES);
    size_t len = 0;

    if (body == NULL)
        exit(1);
    for (size_t row = 0; row < n_rows; row++)
        len += (size_t)snprintf(
            body + len, ROW_BYTES, "%.4f,%zu,%.6f,%.6f,%zu,%.6f,%.2f,%.2f\n",
            1 + (double)(row % 97) / 10, row % 50 + 1,
            4 + (double)(row % 71) / 53, 1 + (double)(row % 13) / 100,
            row % 3000 + 3, 2 + (double)(row % 31) / 30,
            33 + (double)(row % 900) / 100, -124 + (double)(row % 1000) / 100);
    return body;
}

int main(void)
{
    struct clary_model *model;
    struct clary_error err;

    if (clary_init(1, &err) != CLARY_OK ||
        clary_model_load(MODEL, NULL, &model, &err) != CLARY_OK) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    char *one = make_body(1), *many = make_body(2000);

    printf("watching values: median of %d rounds, ratio to not looking\n",
           (int)ROUNDS);
    compare(invoke, model, one, 1);
    compare(invoke, model, many, 2000);
    free(many);
    free(one);
    clary_invoke_free(invoke);
    clary_model_free(model);
    return 0;
}
