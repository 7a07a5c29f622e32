/* exhaustive_activations.c: the elementwise functions of the kernels over all
 * 2^32 floats.
 *
 *   bits    every table of this machine against the scalar one
 *   error   the scalar one against the C library's double functions, whose own
 *           error, some 2^-53, is nothing beside a float's unit: the greatest,
 *           in units in the last place of the right value, and where it is
 *
 * EXHAUSTIVE_SECONDS bounds the time: blocks of 2^16 floats are taken in an
 * order that spreads over all of them, one function after the other in each,
 * and what share was seen is printed. Without it the whole takes some 25
 * minutes of two cores. Exit status: the verdict (bits equal, error <= 2).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/math_truth.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 16, BLOCKS = 1 << 16, STRIDE = 40503, MAX_THREADS = 64 };

struct worst {
    double error;
    float x;
};

struct shard {
    pthread_t thread;
    struct worst worst[CLARY_FUNCTIONS];
    size_t n_different[CLARY_FUNCTIONS];
    float first_different[CLARY_FUNCTIONS];
};

static atomic_size_t next_block, n_done;
static struct timespec start;
static double seconds; /* 0: no bound */

/* --- one block ------------------------------------------------------------ */

static void check_block(struct shard *shard, uint32_t first)
{
    static _Thread_local float x[BLOCK], own_exp[BLOCK], y[BLOCK], other[BLOCK];
    const struct clary_kernels *const *tables = clary_kernels_runnable();

    for (uint32_t i = 0; i < BLOCK; i++) {
        const uint32_t bits = first + i;

        memcpy(&x[i], &bits, sizeof bits);
    }
    tables[0]->maps[CLARY_EXP](x, BLOCK, 0, own_exp);
    for (enum clary_function f = 0; f < CLARY_FUNCTIONS; f++) {
        struct worst *worst = &shard->worst[f];

        tables[0]->maps[f](x, BLOCK, TRUTH_ALPHA, y);
        for (size_t t = 1; tables[t]; t++) {
            tables[t]->maps[f](x, BLOCK, TRUTH_ALPHA, other);
            for (size_t i = 0; i < BLOCK; i++)
                if (memcmp(&y[i], &other[i], sizeof *y) != 0 &&
                    shard->n_different[f]++ == 0)
                    shard->first_different[f] = x[i];
        }
        for (size_t i = 0; i < BLOCK; i++) {
            const double error =
                truth_error(y[i], truth(f, (double)x[i], (double)own_exp[i]));

            if (error > worst->error)
                *worst = (struct worst){error, x[i]};
        }
    }
}

static bool is_late(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return seconds > 0 && (double)(now.tv_sec - start.tv_sec) +
                                  (double)(now.tv_nsec - start.tv_nsec) * 1e-9 >
                              seconds;
}

static void *run(void *argument)
{
    struct shard *shard = argument;
    size_t block;

    while (!is_late() && (block = atomic_fetch_add(&next_block, 1)) < BLOCKS) {
        check_block(shard, (uint32_t)(block * STRIDE % BLOCKS) * BLOCK);
        atomic_fetch_add(&n_done, 1);
    }
    return NULL;
}

/* --- all ------------------------------------------------------------------ */

static bool report(enum clary_function f, const struct shard *shards, size_t n)
{
    struct worst worst = {0, 0};
    size_t n_different = 0, where = 0;

    for (size_t s = 0; s < n; s++) {
        if (shards[s].worst[f].error > worst.error)
            worst = shards[s].worst[f];
        if (shards[s].n_different[f] > 0)
            where = s;
        n_different += shards[s].n_different[f];
    }
    printf("%-10s greatest error %.3f ulp, at %a", truth_names[f], worst.error,
           (double)worst.x);
    if (n_different > 0)
        printf("; tables differ for %zu floats, %a", n_different,
               (double)shards[where].first_different[f]);
    printf("\n");
    return n_different == 0 && worst.error <= 2;
}

int main(void)
{
    static struct shard shards[MAX_THREADS];
    const char *bound = getenv("EXHAUSTIVE_SECONDS");
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t n = cores < 1             ? 1
                     : cores > MAX_THREADS ? MAX_THREADS
                                           : (size_t)cores;
    size_t n_failed = 0;

    seconds = bound ? strtod(bound, NULL) : 0;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t s = 0; s < n; s++)
        if (pthread_create(&shards[s].thread, NULL, run, &shards[s]) != 0)
            return 1;
    for (size_t s = 0; s < n; s++)
        pthread_join(shards[s].thread, NULL);
    printf("elementwise functions, %.2f %% of all floats\n",
           100.0 * (double)atomic_load(&n_done) / BLOCKS);
    for (enum clary_function f = 0; f < CLARY_FUNCTIONS; f++)
        n_failed += !report(f, shards, n);
    printf("exhaustive_activations: %zu passed, %zu failed\n",
           CLARY_FUNCTIONS - n_failed, n_failed);
    return n_failed == 0 ? 0 : 1;
}
