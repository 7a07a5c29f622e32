/* metrics_emf.h: the numbers in the log, as CloudWatch takes metrics from it.
 *
 * Once a minute, and when it stops, a thread of its own writes what was
 * counted since the last time, or since it started: one JSON object a line,
 * each one write() of at most 4096 bytes to standard output. A line that cannot
 * be written at once is dropped: nothing ever waits for the log.
 *
 * One line has the server's numbers. Of the features of which something was
 * odd, the EMF_FEATURES with the most of it follow, a line each, with the
 * dimension Feature.
 *
 * source: the CloudWatch embedded metric format specification.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_METRICS_EMF_H
#define SERVE_METRICS_EMF_H

#include "metrics.h"

#include <clary/status.h>

#include <stddef.h>
#include <stdint.h>

enum {
    EMF_LINE_BYTES = 4096, /* PIPE_BUF: written as a whole */
    EMF_FEATURES = 20,
    EMF_OWN_DIMENSIONS = 4, /* few and short, so that lines fit */
    EMF_DIMENSIONS = EMF_OWN_DIMENSIONS + 2, /* Model and Feature */
    EMF_NAME_BYTES = 33,
    EMF_VALUE_BYTES = 65
};

/* A name and a value, of printable ASCII without quote and backslash. */
struct emf_dimension {
    char name[EMF_NAME_BYTES], value[EMF_VALUE_BYTES];
};

struct emf_dimensions {
    struct emf_dimension list[EMF_DIMENSIONS];
    size_t n;
};

/* Appends a dimension; in the value what is not printable ASCII becomes '_'.
 * False: there is no room. */
bool emf_dimensions_add(struct emf_dimensions *dimensions, const char *name,
                        const char *value);

/* Appends those of "Endpoint=housing,Variant=blue". `text` NULL or "": none.
 * `origin` is named in errors. Errors: CLARY_BAD_INPUT. */
enum clary_status emf_dimensions_read(struct emf_dimensions *dimensions,
                                      const char *origin, const char *text,
                                      struct clary_error *err) CLARY_MUST_USE;

/* Prints the line of what was counted between `before` and `now`; returns its
 * length, LF included, or 0 when it does not fit.
 *
 *   features   summed up over all features, since `before`
 *   time_ms    since 1970
 */
size_t emf_print(char line[EMF_LINE_BYTES],
                 const struct emf_dimensions *dimensions,
                 const struct metrics_labels *labels,
                 const struct metrics_totals *before,
                 const struct metrics_totals *now,
                 const struct feature_counts *features, int64_t time_ms);

/* The same for one feature. */
size_t emf_print_feature(char line[EMF_LINE_BYTES],
                         const struct emf_dimensions *dimensions,
                         const char *feature,
                         const struct feature_counts *counts, int64_t time_ms);

struct emf_options {
    struct emf_dimensions dimensions;
    int fd; /* STDOUT_FILENO */
    unsigned interval_ms;
};

struct emf;

/* Starts the thread. Call with the signals blocked that it must not get, after
 * metrics_watch.
 *
 *   options  copied
 *   metrics  must work until emf_stop
 *   errors   CLARY_NO_MEMORY, CLARY_IO
 */
enum clary_status emf_start(const struct emf_options *options,
                            const struct metrics *metrics, struct emf **out,
                            struct clary_error *err) CLARY_MUST_USE;

/* Writes for the last time and ends the thread. NULL is allowed. */
void emf_stop(struct emf *emf);

#endif
