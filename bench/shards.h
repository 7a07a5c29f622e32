/* shards.h: a job of many chunks over all cores, for as long as it may take.
 *
 * EXHAUSTIVE_SECONDS bounds the time; without it all chunks are done. Chunks
 * are taken in their order, so that a job that is cut short has done the first
 * ones; each begins from its number alone, so that it can be done again. The
 * last line says how much was done; the exit status is the verdict.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BENCH_SHARDS_H
#define CLARY_BENCH_SHARDS_H

#include "base/cpu.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { MOST_THREADS = 256 };

struct shards {
    const char *name; /* of the program */
    const char *unit; /* "floats" */
    uint64_t n_chunks, chunk_units;
    /* Returns how many of the chunk's units were wrong, and says so. */
    uint64_t (*check)(uint64_t chunk);

    atomic_uint_fast64_t next, done, wrong;
    double end; /* seconds; 0: none */
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void *work(void *context)
{
    struct shards *shards = context;
    while (shards->end <= 0 || seconds_now() < shards->end) {
        uint64_t chunk = atomic_fetch_add(&shards->next, 1);
        if (chunk >= shards->n_chunks)
            break;
        atomic_fetch_add(&shards->wrong, shards->check(chunk));
        atomic_fetch_add(&shards->done, 1);
    }
    return NULL;
}

/* main() of a job. */
static int run_shards(struct shards *shards)
{
    const char *limit = getenv("EXHAUSTIVE_SECONDS");
    pthread_t threads[MOST_THREADS];
    size_t n = clary_cpu_count();
    double seconds = limit != NULL ? strtod(limit, NULL) : 0;
    double start = seconds_now();
    n = n < MOST_THREADS ? n : MOST_THREADS;
    shards->end = seconds > 0 ? start + seconds : 0;
    for (size_t i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, work, shards) != 0)
            exit(1);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    uint64_t done = atomic_load(&shards->done);
    uint64_t wrong = atomic_load(&shards->wrong);
    printf("%s: %llu of %llu %s, %llu wrong, in %.0f s on %zu cores\n",
           shards->name, (unsigned long long)(done * shards->chunk_units),
           (unsigned long long)(shards->n_chunks * shards->chunk_units),
           shards->unit, (unsigned long long)wrong, seconds_now() - start, n);
    return wrong != 0 || done == 0;
}

#endif
