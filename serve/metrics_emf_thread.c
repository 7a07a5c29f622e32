/* metrics_emf_thread.c: when lines are written, and how.
 *
 * The thread sleeps on a condition until the next interval is over or it is to
 * stop. The machine may have been frozen meanwhile (serverless): a line then
 * covers a longer time, and says so by coming late.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_emf.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What was odd about a feature since the last time. */
struct oddity {
    size_t feature;
    uint64_t n;
    struct feature_counts counts;
};

struct emf {
    struct emf_options options;
    const struct metrics *metrics;
    struct metrics_totals before;
    struct feature_counts *features_before; /* of each feature */
    struct oddity *oddities;                /* room for each feature */

    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ending;
    bool is_ending;
};

/* A pipe that is ready takes a whole line; nothing else can be as slow. */
static void write_line(const struct emf *emf, const char *line, size_t len)
{
    struct pollfd out = {.fd = emf->options.fd, .events = POLLOUT};

    if (len == 0 || poll(&out, 1, 0) != 1 || (out.revents & POLLOUT) == 0)
        return;
    while (write(emf->options.fd, line, len) < 0 && errno == EINTR)
        ;
}

static int by_number(const void *a, const void *b)
{
    const struct oddity *x = a, *y = b;
    return (x->n < y->n) - (x->n > y->n);
}

/* Fills emf->oddities; returns how many, and all of them added up. */
static size_t find_oddities(struct emf *emf, const struct features *features,
                            struct feature_counts *sum)
{
    size_t n = features != NULL ? features_count(features) : 0, n_odd = 0;

    for (size_t i = 0; i < n; i++) {
        struct feature_counts *before = &emf->features_before[i], now;
        struct oddity *odd = &emf->oddities[n_odd];
        features_read(features, i, &now);
        odd->feature = i;
        odd->counts.missing = now.missing - before->missing;
        odd->counts.out_of_range = now.out_of_range - before->out_of_range;
        odd->counts.unparsable = now.unparsable - before->unparsable;
        odd->n = odd->counts.missing + odd->counts.out_of_range +
                 odd->counts.unparsable;
        n_odd += odd->n > 0;
        sum->missing += odd->counts.missing;
        sum->out_of_range += odd->counts.out_of_range;
        sum->unparsable += odd->counts.unparsable;
        *before = now;
    }
    qsort(emf->oddities, n_odd, sizeof *emf->oddities, by_number);
    return n_odd;
}

static void write_lines(struct emf *emf)
{
    const struct features *features = metrics_features(emf->metrics);
    const struct emf_dimensions *dimensions = &emf->options.dimensions;
    struct feature_counts sum = {0};
    struct metrics_totals now;
    struct timespec clock;
    char line[EMF_LINE_BYTES];

    clock_gettime(CLOCK_REALTIME, &clock);
    int64_t ms = (int64_t)clock.tv_sec * 1000 + clock.tv_nsec / 1000000;
    size_t n_odd = find_oddities(emf, features, &sum);
    metrics_read(emf->metrics, &now);
    write_line(emf, line,
               emf_print(line, dimensions, metrics_labels(emf->metrics),
                         &emf->before, &now, &sum, ms));
    emf->before = now;
    for (size_t i = 0; i < n_odd && i < EMF_FEATURES; i++) {
        const struct oddity *odd = &emf->oddities[i];
        write_line(emf, line,
                   emf_print_feature(line, dimensions,
                                     features_name(features, odd->feature),
                                     &odd->counts, ms));
    }
}

static struct timespec later(unsigned ms)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    time.tv_sec += ms / 1000;
    time.tv_nsec += (long)(ms % 1000) * 1000000;
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

static void *run(void *argument)
{
    struct emf *emf = argument;
    bool is_last = false;

    while (!is_last) {
        const struct timespec next = later(emf->options.interval_ms);
        int woken = 0;
        pthread_mutex_lock(&emf->mutex);
        while (!emf->is_ending && woken != ETIMEDOUT)
            woken = pthread_cond_timedwait(&emf->ending, &emf->mutex, &next);
        is_last = emf->is_ending;
        pthread_mutex_unlock(&emf->mutex);
        write_lines(emf);
    }
    return NULL;
}

static void emf_free(struct emf *emf)
{
    free(emf->features_before);
    free(emf->oddities);
    free(emf);
}

static void init_locks(struct emf *emf)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&emf->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&emf->ending, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum clary_status emf_start(const struct emf_options *options,
                            const struct metrics *metrics, struct emf **out,
                            struct clary_error *err)
{
    const struct features *features = metrics_features(metrics);
    size_t n = features != NULL ? features_count(features) : 0;
    struct emf *emf = calloc(1, sizeof *emf);

    if (emf == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for metrics");
    emf->options = *options;
    emf->metrics = metrics;
    metrics_read(metrics, &emf->before);
    emf->features_before = calloc(n + 1, sizeof *emf->features_before);
    emf->oddities = calloc(n + 1, sizeof *emf->oddities);
    if (emf->features_before == NULL || emf->oddities == NULL) {
        emf_free(emf);
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for metrics");
    }
    init_locks(emf);
    int error = pthread_create(&emf->thread, NULL, run, emf);
    if (error != 0) {
        emf_free(emf);
        return clary_fail(err, CLARY_IO, "cannot start a thread: %s",
                          strerror(error));
    }
    *out = emf;
    return CLARY_OK;
}

void emf_stop(struct emf *emf)
{
    if (emf == NULL)
        return;
    pthread_mutex_lock(&emf->mutex);
    emf->is_ending = true;
    pthread_cond_signal(&emf->ending);
    pthread_mutex_unlock(&emf->mutex);
    pthread_join(emf->thread, NULL);
    pthread_cond_destroy(&emf->ending);
    pthread_mutex_destroy(&emf->mutex);
    emf_free(emf);
}
