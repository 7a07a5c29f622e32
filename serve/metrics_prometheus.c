/* metrics_prometheus.c: the numbers as Prometheus reads them.
 *
 * Of the ten buckets a decade that are kept, three are shown.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_prometheus.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void head(FILE *out, const char *name, const char *type,
                 const char *help)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void single(FILE *out, const char *name, const char *type,
                   const char *help, uint64_t value)
{
    head(out, name, type, help);
    fprintf(out, "%s %" PRIu64 "\n", name, value);
}

/* A label's value: backslash, quote and line feed are escaped; what is not
 * UTF-8 becomes U+FFFD. */
static void print_label(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strlen(text);

    while (left > 0) {
        size_t len = clary_utf8_char(at, left);
        if (len == 0)
            fputs("\xEF\xBF\xBD", out);
        else if (at[0] == '\n')
            fputs("\\n", out);
        else if (at[0] == '"' || at[0] == '\\')
            fprintf(out, "\\%c", at[0]);
        else
            fwrite(at, 1, len, out);
        len = len > 0 ? len : 1;
        at += len;
        left -= len;
    }
}

static void print_requests(FILE *out, const struct metrics_totals *totals,
                           const struct metrics_labels *labels)
{
    head(out, "clary_requests_total", "counter",
         "Requests that were answered, by route.");
    for (size_t i = 0; i < METRICS_ROUTES; i++)
        if (labels->routes[i].path != NULL)
            fprintf(out, "clary_requests_total{route=\"%s\"} %" PRIu64 "\n",
                    labels->routes[i].path, totals->requests[i]);
    single(out, "clary_requests_in_flight", "gauge",
           "Requests between their headers and the last byte of the answer.",
           totals->begun - totals->ended);
    single(out, "clary_connections", "gauge", "Open connections.",
           totals->connections_opened - totals->connections_closed);
    single(out, "clary_rows_total", "counter", "Rows predicted.", totals->rows);
    single(out, "clary_request_bytes_total", "counter",
           "Bytes of request bodies, inflated.", totals->bytes_in);
    single(out, "clary_response_bytes_total", "counter",
           "Bytes of response bodies of predictions, before gzip.",
           totals->bytes_out);
}

static void print_errors(FILE *out, const struct metrics_totals *totals,
                         const struct metrics_labels *labels)
{
    head(out, "clary_errors_total", "counter",
         "Requests and connections that were refused or lost, by HTTP status "
         "(empty: none was sent) and reason.");
    for (size_t i = CLARY_OK + 1; i < METRICS_REASONS; i++) {
        char status[16] = "";
        if (labels->statuses[i] != 0)
            snprintf(status, sizeof status, "%u", labels->statuses[i]);
        fprintf(out,
                "clary_errors_total{status=\"%s\",reason=\"%s\"} %" PRIu64 "\n",
                status, metrics_reason_name(i), totals->errors[i]);
    }
}

/* Whether a bound is 1, 2.5 or 5 of its decade. */
static bool is_shown(size_t bound)
{
    size_t step = bound % HISTOGRAM_A_DECADE;

    return step == 0 || step == 4 || step == 7;
}

static void print_stage(FILE *out, const char *stage,
                        const struct histogram *histogram)
{
    uint64_t count = 0;

    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        count += histogram->n[i];
        if (is_shown(i))
            fprintf(
                out,
                "clary_stage_seconds_bucket{stage=\"%s\",le=\"%g\"} %" PRIu64
                "\n",
                stage, (double)histogram_bound_ns(i) / 1e9, count);
    }
    count += histogram->n[HISTOGRAM_BOUNDS];
    fprintf(out,
            "clary_stage_seconds_bucket{stage=\"%s\",le=\"+Inf\"} %" PRIu64
            "\nclary_stage_seconds_sum{stage=\"%s\"} %.9f"
            "\nclary_stage_seconds_count{stage=\"%s\"} %" PRIu64 "\n",
            stage, count, stage, (double)histogram->sum_ns / 1e9, stage, count);
}

static void print_stages(FILE *out, const struct metrics_totals *totals)
{
    head(out, "clary_stage_seconds", "histogram",
         "Time that a prediction spent decoding its body, running the model, "
         "encoding the reply, and waiting in between.");
    for (size_t i = 0; i < METRICS_STAGES; i++)
        print_stage(out, metrics_stage_name(i), &totals->stages[i]);
}

/* A counter of each feature. */
struct family {
    const char *name, *help;
    size_t member; /* offset in struct feature_counts */
    bool needs_range;
};

static const struct family families[] = {
    {"clary_feature_missing_total", "Values that were missing (NaN).",
     offsetof(struct feature_counts, missing), false},
    {"clary_feature_out_of_range_total",
     "Values below or above all those seen in training, for features whose "
     "range is known.",
     offsetof(struct feature_counts, out_of_range), true},
    {"clary_feature_unparsable_total",
     "Requests refused because of a value: not one of the feature's type, or "
     "empty where none may be missing.",
     offsetof(struct feature_counts, unparsable), false},
};

enum { N_FAMILIES = sizeof families / sizeof families[0] };

static void print_features(FILE *out, const struct features *features,
                           const struct family *family)
{
    struct feature_counts counts;
    bool is_first = true;
    uint64_t value;

    for (size_t i = 0; i < features_count(features); i++) {
        if (family->needs_range && !features_has_range(features, i))
            continue;
        if (is_first)
            head(out, family->name, "counter", family->help);
        is_first = false;
        features_read(features, i, &counts);
        memcpy(&value, (const char *)&counts + family->member, sizeof value);
        fprintf(out, "%s{column=\"%zu\",feature=\"", family->name, i + 1);
        print_label(out, features_name(features, i));
        fprintf(out, "\"} %" PRIu64 "\n", value);
    }
}

char *metrics_prometheus(const struct metrics *metrics, size_t *len)
{
    const struct metrics_labels *labels = metrics_labels(metrics);
    const struct features *features = metrics_features(metrics);
    struct metrics_totals totals;
    char *text = NULL;
    FILE *out = open_memstream(&text, len);

    if (out == NULL)
        return NULL;
    metrics_read(metrics, &totals);
    print_requests(out, &totals, labels);
    print_errors(out, &totals, labels);
    print_stages(out, &totals);
    for (size_t i = 0; features != NULL && i < N_FAMILIES; i++)
        print_features(out, features, &families[i]);
    bool is_whole = ferror(out) == 0;
    is_whole &= fclose(out) == 0;
    if (is_whole)
        return text;
    free(text);
    return NULL;
}
