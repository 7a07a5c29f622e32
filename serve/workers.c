/* workers.c: one mutex over a singly linked queue and what is shared; against
 * work of milliseconds it costs nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Work that a thread divides; on its stack. */
struct share {
    struct share *next;
    void (*task)(void *argument, size_t part);
    void *argument;
    size_t next_part, n_parts;
    size_t n_running;
};

struct workers {
    pthread_t *threads;
    size_t n_threads;      /* started */
    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t changed;
    struct work *first, *last;
    struct share *shares;  /* that have parts left, or had */
    pthread_cond_t shared; /* a part is done that was the last to run */
    bool is_stopped;
};

/* NULL: the queue is empty. The mutex is held. */
static struct work *take(struct workers *workers)
{
    struct work *work = workers->first;

    if (work != NULL)
        workers->first = work->next;
    return work;
}

/* Runs one part; the mutex is held but for that. */
static void run_part(struct workers *workers, struct share *share)
{
    size_t part = share->next_part++;

    share->n_running++;
    pthread_mutex_unlock(&workers->mutex);
    share->task(share->argument, part);
    pthread_mutex_lock(&workers->mutex);
    if (--share->n_running == 0)
        pthread_cond_broadcast(&workers->shared);
}

/* NULL: none has parts left. The mutex is held. */
static struct share *find_share(const struct workers *workers)
{
    struct share *share = workers->shares;

    while (share != NULL && share->next_part == share->n_parts)
        share = share->next;
    return share;
}

static void *serve(void *argument)
{
    struct workers *workers = argument;

    pthread_mutex_lock(&workers->mutex);
    while (!workers->is_stopped) {
        struct work *work = take(workers);
        struct share *share = work == NULL ? find_share(workers) : NULL;
        bool others_wait = workers->first != NULL;
        if (share != NULL) {
            run_part(workers, share);
            continue;
        }
        if (work == NULL) {
            pthread_cond_wait(&workers->changed, &workers->mutex);
            continue;
        }
        pthread_mutex_unlock(&workers->mutex);
        work->run(work, others_wait);
        pthread_mutex_lock(&workers->mutex);
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

enum clary_status workers_start(size_t n_threads, struct workers **out,
                                struct clary_error *err)
{
    struct workers *workers = calloc(1, sizeof *workers);
    int error = 0;

    if (workers == NULL ||
        (workers->threads = calloc(n_threads, sizeof(pthread_t))) == NULL) {
        free(workers);
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the workers");
    }
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->changed, NULL);
    pthread_cond_init(&workers->shared, NULL);
    while (workers->n_threads < n_threads && error == 0) {
        error = pthread_create(&workers->threads[workers->n_threads], NULL,
                               serve, workers);
        workers->n_threads += error == 0;
    }
    if (error != 0) {
        workers_stop(workers);
        workers_free(workers);
        return clary_fail(err, CLARY_IO, "cannot start a thread: %s",
                          strerror(error));
    }
    *out = workers;
    return CLARY_OK;
}

bool workers_submit(struct workers *workers, struct work *work)
{
    pthread_mutex_lock(&workers->mutex);
    bool is_taken = !workers->is_stopped;
    if (is_taken) {
        work->next = NULL;
        if (workers->first == NULL)
            workers->first = work;
        else
            workers->last->next = work;
        workers->last = work;
        pthread_cond_signal(&workers->changed);
    }
    pthread_mutex_unlock(&workers->mutex);
    return is_taken;
}

void workers_share(void *context, size_t n_parts,
                   void (*task)(void *argument, size_t part), void *argument)
{
    struct workers *workers = context;
    struct share share = {
        .task = task, .argument = argument, .n_parts = n_parts};
    struct share **link = &workers->shares;

    pthread_mutex_lock(&workers->mutex);
    share.next = workers->shares;
    workers->shares = &share;
    pthread_cond_broadcast(&workers->changed);
    while (share.next_part < n_parts)
        run_part(workers, &share);
    while (*link != &share)
        link = &(*link)->next;
    *link = share.next;
    while (share.n_running > 0)
        pthread_cond_wait(&workers->shared, &workers->mutex);
    pthread_mutex_unlock(&workers->mutex);
}

void workers_stop(struct workers *workers)
{
    struct work *work;

    if (workers == NULL)
        return;
    pthread_mutex_lock(&workers->mutex);
    workers->is_stopped = true;
    pthread_cond_broadcast(&workers->changed);
    while ((work = take(workers)) != NULL)
        work->cancel(work);
    pthread_mutex_unlock(&workers->mutex);
    for (size_t i = 0; i < workers->n_threads; i++)
        pthread_join(workers->threads[i], NULL);
    workers->n_threads = 0;
}

void workers_free(struct workers *workers)
{
    if (workers == NULL)
        return;
    pthread_cond_destroy(&workers->shared);
    pthread_cond_destroy(&workers->changed);
    pthread_mutex_destroy(&workers->mutex);
    free(workers->threads);
    free(workers);
}
