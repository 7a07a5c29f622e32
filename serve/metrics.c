/* metrics.c: counters, a copy for each thread.
 *
 * A copy is an array of the members of struct metrics_totals. It is made when
 * its thread first counts and lives as long as the metrics, so that what a
 * thread has counted outlives it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    CACHE_LINE = 64,
    N_VALUES = sizeof(struct metrics_totals) / sizeof(uint64_t)
};

#define INDEX(member) (offsetof(struct metrics_totals, member) / 8)

/* Of one thread, which alone writes it. */
struct stripe {
    _Alignas(CACHE_LINE) atomic_uint_least64_t values[N_VALUES];
    struct stripe *next;
    size_t number; /* how many there were before */
};

struct metrics {
    struct metrics_labels labels;
    uint64_t id; /* from 1; no two have had the same */
    _Atomic(struct stripe *) stripes;
    atomic_size_t n_stripes;
    _Atomic(struct features *) features;
};

/* The calling thread's stripe, and the id of the metrics that it is of: their
 * address may be that of others, freed before. */
static _Thread_local struct stripe *mine;
static _Thread_local uint64_t mine_id;

const char *metrics_reason_name(size_t reason)
{
    static const char *const names[] = {
        [METRICS_MALFORMED] = "malformed request",
        [METRICS_NO_ROUTE] = "no such route",
        [METRICS_BAD_METHOD] = "bad method",
        [METRICS_NOT_READY] = "not ready",
        [METRICS_OVERLOADED] = "overloaded",
        [METRICS_TIMED_OUT] = "timed out",
        [METRICS_CLIENT_GONE] = "client gone",
        [METRICS_CONNECTIONS] = "too many connections",
    };

    return reason < CLARY_STATUS_COUNT
               ? clary_status_name((enum clary_status)reason)
               : names[reason];
}

const char *metrics_stage_name(size_t stage)
{
    static const char *const names[METRICS_STAGES] = {
        [METRICS_DECODE] = "decode",
        [METRICS_RUN] = "run",
        [METRICS_ENCODE] = "encode",
        [METRICS_WAIT] = "wait",
    };

    return names[stage];
}

struct metrics *metrics_new(const struct metrics_labels *labels)
{
    static atomic_uint_least64_t n_made;
    struct metrics *metrics = calloc(1, sizeof *metrics);

    if (metrics == NULL)
        return NULL;
    metrics->id = atomic_fetch_add(&n_made, 1) + 1;
    metrics->labels = *labels;
    return metrics;
}

void metrics_free(struct metrics *metrics)
{
    if (metrics == NULL)
        return;
    struct stripe *stripe = atomic_load(&metrics->stripes);
    while (stripe != NULL) {
        struct stripe *next = stripe->next;
        free(stripe);
        stripe = next;
    }
    features_free(atomic_load(&metrics->features));
    free(metrics);
}

const struct metrics_labels *metrics_labels(const struct metrics *metrics)
{
    return &metrics->labels;
}

enum clary_status metrics_watch(struct metrics *metrics,
                                const struct clary_model *model,
                                struct clary_error *err)
{
    struct features *features;

    if (!features_fit(model))
        return CLARY_OK;
    features = features_new(model);
    if (features == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for counters");
    enum clary_status status = features_learn(features, model, err);
    atomic_store(&metrics->features, features);
    return status;
}

struct features *metrics_features(const struct metrics *metrics)
{
    return atomic_load_explicit(&metrics->features, memory_order_acquire);
}

/* --- counting ------------------------------------------------------------ */

static struct stripe *stripe_new(struct metrics *metrics)
{
    struct stripe *stripe = aligned_alloc(CACHE_LINE, sizeof *stripe);

    if (stripe == NULL)
        return NULL;
    memset(stripe, 0, sizeof *stripe);
    stripe->number = atomic_fetch_add(&metrics->n_stripes, 1);
    stripe->next = atomic_load(&metrics->stripes);
    while (
        !atomic_compare_exchange_weak(&metrics->stripes, &stripe->next, stripe))
        ;
    mine = stripe;
    mine_id = metrics->id;
    return stripe;
}

/* The calling thread's; NULL: there is no memory for it, and it does not
 * count. */
static struct stripe *stripe_of(struct metrics *metrics)
{
    return mine_id == metrics->id ? mine : stripe_new(metrics);
}

static void add(struct stripe *stripe, size_t index, uint64_t amount)
{
    atomic_uint_least64_t *value = &stripe->values[index];
    uint64_t now = atomic_load_explicit(value, memory_order_relaxed);

    atomic_store_explicit(value, now + amount, memory_order_relaxed);
}

static void add_one(struct metrics *metrics, size_t index)
{
    struct stripe *stripe = stripe_of(metrics);

    if (stripe != NULL)
        add(stripe, index, 1);
}

void metrics_connection_opened(struct metrics *metrics)
{
    add_one(metrics, INDEX(connections_opened));
}

void metrics_connection_closed(struct metrics *metrics)
{
    add_one(metrics, INDEX(connections_closed));
}

void metrics_connection_refused(struct metrics *metrics)
{
    add_one(metrics, INDEX(errors) + METRICS_CONNECTIONS);
}

void metrics_begin(struct metrics *metrics)
{
    add_one(metrics, INDEX(begun));
}

void metrics_end(struct metrics *metrics)
{
    add_one(metrics, INDEX(ended));
}

/* `stage` is the index of a histogram. */
static inline void add_time(struct stripe *stripe, size_t stage, uint64_t ns)
{
    add(stripe, stage + offsetof(struct histogram, sum_ns) / 8, ns);
    add(stripe,
        stage + offsetof(struct histogram, n) / 8 + histogram_bucket(ns), 1);
}

static void add_times(struct stripe *stripe,
                      const struct clary_invoke_times *times)
{
    add_time(stripe, INDEX(stages[METRICS_DECODE]), times->decode_ns);
    add_time(stripe, INDEX(stages[METRICS_RUN]), times->run_ns);
    add_time(stripe, INDEX(stages[METRICS_ENCODE]), times->encode_ns);
    add_time(stripe, INDEX(stages[METRICS_WAIT]), times->wait_ns);
}

void metrics_record(struct metrics *metrics,
                    const struct metrics_request *request)
{
    struct stripe *stripe = stripe_of(metrics);

    if (stripe == NULL)
        return;
    if (request->route < METRICS_ROUTES)
        add(stripe, INDEX(requests) + request->route, 1);
    if (request->reason != CLARY_OK)
        add(stripe, INDEX(errors) + request->reason, 1);
    add(stripe, INDEX(bytes_in), request->bytes_in);
    add(stripe, INDEX(bytes_out), request->bytes_out);
    add(stripe, INDEX(rows), request->rows);
    if (request->times != NULL)
        add_times(stripe, request->times);
}

void metrics_record_features(struct metrics *metrics,
                             const struct clary_column_counts *counts,
                             size_t feature)
{
    if (counts == NULL && feature == 0)
        return;
    struct features *features = metrics_features(metrics);
    struct stripe *stripe = stripe_of(metrics);
    if (features != NULL && stripe != NULL)
        features_add(features, stripe->number, counts, feature);
}

/* --- reading ------------------------------------------------------------- */

void metrics_read(const struct metrics *metrics, struct metrics_totals *totals)
{
    const struct stripe *stripe = atomic_load(&metrics->stripes);
    uint64_t values[N_VALUES] = {0};

    for (; stripe != NULL; stripe = stripe->next)
        for (size_t i = 0; i < N_VALUES; i++)
            values[i] +=
                atomic_load_explicit(&stripe->values[i], memory_order_relaxed);
    memcpy(totals, values, sizeof *totals);
}
