/* metrics.h: what the server counts, for whoever reads /metrics or the log.
 *
 * Each thread counts in memory of its own, which nobody else writes, so that
 * counting needs neither a lock nor an atomic read-modify-write; reading adds
 * the threads up. Numbers of one moment may therefore be a request apart.
 *
 * threads: any number at once, but new and free. One that counts for several
 * metrics in turn takes new memory each time; a server has one.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_METRICS_H
#define SERVE_METRICS_H

#include "metrics_features.h"
#include "metrics_histogram.h"

#include <clary/invoke.h>
#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Why a request was not answered with what it asked for: a status of the
 * library, or one of these. */
enum metrics_reason {
    METRICS_MALFORMED = CLARY_STATUS_COUNT,
    METRICS_NO_ROUTE,
    METRICS_BAD_METHOD,
    METRICS_NOT_READY,
    METRICS_OVERLOADED,
    METRICS_TIMED_OUT,
    METRICS_CLIENT_GONE,
    METRICS_CONNECTIONS, /* a connection too many */
    METRICS_REASONS
};

/* "bad input", "client gone". */
const char *metrics_reason_name(size_t reason);

enum metrics_stage {
    METRICS_DECODE,
    METRICS_RUN,
    METRICS_ENCODE,
    METRICS_WAIT,
    METRICS_STAGES
};

/* "decode" */
const char *metrics_stage_name(size_t stage);

enum { METRICS_ROUTES = 24 };

/* What the numbers stand for. */
struct metrics_labels {
    struct {
        const char *path; /* NULL: no such route */
        bool predicts;
    } routes[METRICS_ROUTES];
    unsigned statuses[METRICS_REASONS]; /* of HTTP; 0: none is sent */
};

/* Everything, added up. Members are uint64_t and nothing else. */
struct metrics_totals {
    uint64_t begun, ended; /* requests */
    uint64_t connections_opened, connections_closed;
    uint64_t rows;                /* predicted */
    uint64_t bytes_in, bytes_out; /* of the bodies of predictions */
    uint64_t requests[METRICS_ROUTES];
    uint64_t errors[METRICS_REASONS];
    struct histogram stages[METRICS_STAGES];
};

struct metrics;

/* NULL: no memory. `labels` are copied, their texts are not. */
struct metrics *metrics_new(const struct metrics_labels *labels);
void metrics_free(struct metrics *metrics); /* NULL is allowed */

const struct metrics_labels *metrics_labels(const struct metrics *metrics);

/* Makes room for the features of a model; once. From then on the three
 * counters of each of them are kept, if there are not too many.
 * Errors: CLARY_NO_MEMORY; those of features_learn, when what is known of the
 * features is not used. */
enum clary_status metrics_watch(struct metrics *metrics,
                                const struct clary_model *model,
                                struct clary_error *err) CLARY_MUST_USE;

/* NULL: none are watched (yet). */
struct features *metrics_features(const struct metrics *metrics);

void metrics_connection_opened(struct metrics *metrics);
void metrics_connection_closed(struct metrics *metrics);
void metrics_connection_refused(struct metrics *metrics);

/* A request has begun; and it is over, however it went. */
void metrics_begin(struct metrics *metrics);
void metrics_end(struct metrics *metrics);

/* What became of a request, once between the two. */
struct metrics_request {
    size_t route;  /* METRICS_ROUTES: none */
    size_t reason; /* enum metrics_reason or enum clary_status; CLARY_OK */
    uint64_t bytes_in, bytes_out;
    uint64_t rows;
    const struct clary_invoke_times *times; /* NULL: there was no prediction */
};
void metrics_record(struct metrics *metrics,
                    const struct metrics_request *request);

/* What an invocation found in its rows. `feature`: that of a refused cell,
 * from 1; 0: none was. */
void metrics_record_features(struct metrics *metrics,
                             const struct clary_column_counts *counts,
                             size_t feature);

void metrics_read(const struct metrics *metrics, struct metrics_totals *totals);

#endif
