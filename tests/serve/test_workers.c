/* test_workers.c: each piece of work is run or cancelled exactly once, in
 * order, and nothing is left when the workers stop.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/workers.h"
#include "tests/test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { WORKS = 1000 };

struct job {
    struct work work;
    int number, n_runs, n_cancels;
    bool others_waited;
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static atomic_int n_done, n_out_of_order, last_number;

static void run(struct work *work, bool others_wait)
{
    struct job *job = (struct job *)work;

    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    if (job->number < atomic_load(&last_number))
        atomic_fetch_add(&n_out_of_order, 1);
    atomic_store(&last_number, job->number);
    job->n_runs++;
    job->others_waited = others_wait;
    atomic_fetch_add(&n_done, 1);
}

static void cancel(struct work *work)
{
    ((struct job *)work)->n_cancels++;
}

static void wait_for(int n)
{
    const struct timespec pause = {.tv_nsec = 1000000};

    for (int ms = 0; ms < 10000 && atomic_load(&n_done) < n; ms++)
        nanosleep(&pause, NULL);
    CHECK_INT(atomic_load(&n_done), n);
}

static struct job jobs[WORKS];

static struct workers *start(size_t n_threads)
{
    struct workers *workers = NULL;
    struct clary_error err;

    atomic_store(&n_done, 0);
    atomic_store(&last_number, 0);
    for (int i = 0; i < WORKS; i++)
        jobs[i] =
            (struct job){.work = {.run = run, .cancel = cancel}, .number = i};
    CHECK_STATUS(workers_start(n_threads, &workers, &err), CLARY_OK);
    return workers;
}

TEST(one_thread_keeps_the_order)
{
    struct workers *workers = start(1);

    pthread_mutex_lock(&gate);
    for (int i = 0; i < WORKS; i++)
        CHECK(workers_submit(workers, &jobs[i].work));
    pthread_mutex_unlock(&gate);
    wait_for(WORKS);
    workers_stop(workers);
    CHECK_INT(atomic_load(&n_out_of_order), 0);
    for (int i = 0; i < WORKS; i++)
        CHECK(jobs[i].n_runs == 1 && jobs[i].n_cancels == 0);
    CHECK(jobs[WORKS / 2].others_waited && !jobs[WORKS - 1].others_waited);
    workers_free(workers);
}

TEST(many_threads)
{
    struct workers *workers = start(4);

    for (int i = 0; i < WORKS; i++)
        CHECK(workers_submit(workers, &jobs[i].work));
    wait_for(WORKS);
    workers_stop(workers);
    for (int i = 0; i < WORKS; i++)
        CHECK(jobs[i].n_runs == 1 && jobs[i].n_cancels == 0);
    workers_free(workers);
}

static void *stop(void *workers)
{
    workers_stop(workers);
    return NULL;
}

TEST(what_waits_is_cancelled)
{
    const struct timespec pause = {.tv_nsec = 50000000};
    struct workers *workers = start(1);
    pthread_t stopping;
    int n_runs = 0;

    pthread_mutex_lock(&gate);
    for (int i = 0; i < 10; i++)
        CHECK(workers_submit(workers, &jobs[i].work));
    nanosleep(&pause, NULL); /* the first one has been taken */
    pthread_create(&stopping, NULL, stop, workers);
    nanosleep(&pause, NULL);
    pthread_mutex_unlock(&gate);
    pthread_join(stopping, NULL);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(jobs[i].n_runs + jobs[i].n_cancels, 1);
        n_runs += jobs[i].n_runs;
    }
    CHECK(n_runs <= 1);
    CHECK(!workers_submit(workers, &jobs[10].work));
    CHECK_INT(jobs[10].n_runs + jobs[10].n_cancels, 0);
    workers_free(workers);
}

/* --- divided work */

enum { PARTS = 64 };

static atomic_int n_calls[PARTS], n_at_once, most_at_once;

/* Takes a moment, and counts those that run at once. */
static void count_part(void *argument, size_t part)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int now = atomic_fetch_add(&n_at_once, 1) + 1, most;

    CHECK(argument == n_calls);
    atomic_fetch_add(&n_calls[part], 1);
    for (most = atomic_load(&most_at_once); most < now;)
        atomic_compare_exchange_weak(&most_at_once, &most, now);
    nanosleep(&pause, NULL);
    atomic_fetch_sub(&n_at_once, 1);
}

static void *share(void *workers)
{
    workers_share(workers, PARTS, count_part, n_calls);
    return NULL;
}

static void check_parts(int n)
{
    for (size_t i = 0; i < PARTS; i++)
        CHECK_INT(atomic_exchange(&n_calls[i], 0), n);
    CHECK_INT(atomic_load(&n_at_once), 0);
}

TEST(idle_workers_share)
{
    struct workers *workers = start(3);
    pthread_t other;

    share(workers);
    check_parts(1);
    CHECK(atomic_load(&most_at_once) > 1);
    CHECK(atomic_load(&most_at_once) <= 4);
    /* two that divide at once */
    CHECK_INT(pthread_create(&other, NULL, share, workers), 0);
    share(workers);
    pthread_join(other, NULL);
    check_parts(2);
    workers_stop(workers);
    /* nobody is left to help */
    atomic_store(&most_at_once, 0);
    share(workers);
    check_parts(1);
    CHECK_INT(atomic_load(&most_at_once), 1);
    workers_free(workers);
}

/* Busy workers do not: their own work comes first. */
TEST(busy_workers_do_not)
{
    struct workers *workers = start(1);

    pthread_mutex_lock(&gate);
    CHECK(workers_submit(workers, &jobs[0].work));
    CHECK(workers_submit(workers, &jobs[1].work));
    atomic_store(&most_at_once, 0);
    share(workers);
    check_parts(1);
    CHECK_INT(jobs[0].n_runs + jobs[1].n_runs, 0);
    pthread_mutex_unlock(&gate);
    wait_for(2);
    workers_stop(workers);
    workers_free(workers);
}
