/* metrics_emf.c: lines of CloudWatch's embedded metric format.
 *
 *   {"_aws":{"Timestamp":1700000000000,"CloudWatchMetrics":[{
 *     "Namespace":"clary","Dimensions":[["Model"]],
 *     "Metrics":[{"Name":"Rows","Unit":"Count"},...]}]},
 *    "Model":"housing","Rows":12,...}
 *
 * without the line feeds. The specification's limits (100 metrics, 30
 * dimensions, 256 KB) are far away: see the fields below.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "metrics_emf.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_METRICS = 64, METRIC_NAME_BYTES = 32, PERCENTILES = 3 };

struct metric {
    char name[METRIC_NAME_BYTES];
    const char *unit;
    double value;
};

struct metric_list {
    struct metric list[MAX_METRICS];
    size_t n;
};

struct line {
    char *bytes; /* EMF_LINE_BYTES */
    size_t used; /* EMF_LINE_BYTES: it did not fit */
};

/* --- dimensions ---------------------------------------------------------- */

static bool is_plain(char c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

bool emf_dimensions_add(struct emf_dimensions *dimensions, const char *name,
                        const char *value)
{
    struct emf_dimension *dimension = &dimensions->list[dimensions->n];

    if (dimensions->n == EMF_DIMENSIONS)
        return false;
    snprintf(dimension->name, sizeof dimension->name, "%s", name);
    /* CloudWatch takes no empty value */
    snprintf(dimension->value, sizeof dimension->value, "%s",
             value[0] != '\0' ? value : "_");
    for (char *c = dimension->value; *c != '\0'; c++)
        if (!is_plain(*c))
            *c = '_';
    dimensions->n++;
    return true;
}

/* Letters, digits and '_'. */
static bool is_name(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '_')
            return false;
    return len > 0 && len < EMF_NAME_BYTES;
}

static bool is_value(const char *text, size_t len)
{
    bool is_blank = true;

    for (size_t i = 0; i < len; i++) {
        if (!is_plain(text[i]))
            return false;
        is_blank &= text[i] == ' ';
    }
    return !is_blank && len < EMF_VALUE_BYTES;
}

/* A line's members must have different names. */
static bool is_taken(const struct emf_dimensions *dimensions, const char *name)
{
    static const char *const ours[] = {"_aws",     "Model",      "Feature",
                                       "Requests", "Rows",       "BytesIn",
                                       "BytesOut", "Errors4xx",  "Errors5xx",
                                       "InFlight", "Connections"};

    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strcmp(ours[i], name) == 0)
            return true;
    for (size_t i = 0; i < dimensions->n; i++)
        if (strcmp(dimensions->list[i].name, name) == 0)
            return true;
    return false;
}

enum clary_status emf_dimensions_read(struct emf_dimensions *dimensions,
                                      const char *origin, const char *text,
                                      struct clary_error *err)
{
    size_t n = 0;

    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ","), name_len = strcspn(text, "=,");
        size_t value_len = name_len < len ? len - name_len - 1 : 0;
        char name[EMF_NAME_BYTES], value[EMF_VALUE_BYTES];

        if (!is_name(text, name_len) ||
            !is_value(text + name_len + 1, value_len))
            return clary_fail(err, CLARY_BAD_INPUT,
                              "%s has \"%.*s\", expected NAME=VALUE with a "
                              "NAME of up to %d letters, digits and _ and a "
                              "VALUE of up to %d printable characters",
                              origin, (int)(len < 100 ? len : 100), text,
                              EMF_NAME_BYTES - 1, EMF_VALUE_BYTES - 1);
        snprintf(name, sizeof name, "%.*s", (int)name_len, text);
        snprintf(value, sizeof value, "%.*s", (int)value_len,
                 text + name_len + 1);
        if (is_taken(dimensions, name))
            return clary_fail(err, CLARY_BAD_INPUT,
                              "%s has the name \"%s\", which is taken", origin,
                              name);
        if (++n > EMF_OWN_DIMENSIONS ||
            !emf_dimensions_add(dimensions, name, value))
            return clary_fail(err, CLARY_BAD_INPUT,
                              "%s has more than %d dimensions", origin,
                              EMF_OWN_DIMENSIONS);
        text += len + (text[len] == ',');
    }
    return CLARY_OK;
}

/* --- what is in a line --------------------------------------------------- */

__attribute__((format(printf, 4, 5))) static void add(
    struct metric_list *metrics, const char *unit, double value,
    const char *name, ...)
{
    struct metric *metric = &metrics->list[metrics->n];
    va_list arguments;

    if (metrics->n == MAX_METRICS)
        return;
    va_start(arguments, name);
    vsnprintf(metric->name, sizeof metric->name, name, arguments);
    va_end(arguments);
    metric->unit = unit;
    metric->value = value;
    metrics->n++;
}

/* "ErrorsBadInput" of "bad input" into `name`. */
static void name_reason(char name[METRIC_NAME_BYTES], const char *reason)
{
    size_t used = (size_t)snprintf(name, METRIC_NAME_BYTES, "Errors");
    bool begins = true;

    for (; *reason != '\0' && used < METRIC_NAME_BYTES - 1; reason++) {
        unsigned char c = (unsigned char)*reason;
        if (isalnum(c))
            name[used++] = (char)(begins ? toupper(c) : c);
        begins = !isalnum(c);
    }
    name[used] = '\0';
}

static void add_errors(struct metric_list *metrics,
                       const struct metrics_labels *labels,
                       const struct metrics_totals *before,
                       const struct metrics_totals *now)
{
    char name[METRIC_NAME_BYTES];
    uint64_t by_class[10] = {0};

    for (size_t i = CLARY_OK + 1; i < METRICS_REASONS; i++)
        by_class[labels->statuses[i] / 100 % 10] +=
            now->errors[i] - before->errors[i];
    add(metrics, "Count", (double)by_class[4], "Errors4xx");
    add(metrics, "Count", (double)by_class[5], "Errors5xx");
    for (size_t i = CLARY_OK + 1; i < METRICS_REASONS; i++) {
        if (now->errors[i] == before->errors[i])
            continue;
        name_reason(name, metrics_reason_name(i));
        add(metrics, "Count", (double)(now->errors[i] - before->errors[i]),
            "%s", name);
    }
}

static void add_stage(struct metric_list *metrics, const char *stage,
                      const struct histogram *before,
                      const struct histogram *now)
{
    static const int percentiles[PERCENTILES] = {50, 90, 99};
    struct histogram since = {0};

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        since.n[i] = now->n[i] - before->n[i];
    if (histogram_count(&since) == 0)
        return;
    for (size_t i = 0; i < PERCENTILES; i++)
        add(metrics, "Microseconds",
            histogram_percentile(&since, percentiles[i] / 100.0) / 1e3,
            "%c%sP%d", toupper((unsigned char)stage[0]), stage + 1,
            percentiles[i]);
}

static void add_features(struct metric_list *metrics,
                         const struct feature_counts *counts)
{
    add(metrics, "Count", (double)counts->missing, "FeatureMissing");
    add(metrics, "Count", (double)counts->out_of_range, "FeatureOutOfRange");
    add(metrics, "Count", (double)counts->unparsable, "FeatureUnparsable");
}

static uint64_t predictions(const struct metrics_labels *labels,
                            const struct metrics_totals *totals)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < METRICS_ROUTES; i++)
        if (labels->routes[i].predicts)
            sum += totals->requests[i];
    return sum;
}

static void add_all(struct metric_list *metrics,
                    const struct metrics_labels *labels,
                    const struct metrics_totals *before,
                    const struct metrics_totals *now)
{
    add(metrics, "Count",
        (double)(predictions(labels, now) - predictions(labels, before)),
        "Requests");
    add(metrics, "Count", (double)(now->rows - before->rows), "Rows");
    add(metrics, "Bytes", (double)(now->bytes_in - before->bytes_in),
        "BytesIn");
    add(metrics, "Bytes", (double)(now->bytes_out - before->bytes_out),
        "BytesOut");
    add(metrics, "Count", (double)(now->begun - now->ended), "InFlight");
    add(metrics, "Count",
        (double)(now->connections_opened - now->connections_closed),
        "Connections");
    add_errors(metrics, labels, before, now);
    for (size_t i = 0; i < METRICS_STAGES; i++)
        add_stage(metrics, metrics_stage_name(i), &before->stages[i],
                  &now->stages[i]);
}

/* --- a line -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static void put(struct line *line,
                                                      const char *format, ...)
{
    size_t room = EMF_LINE_BYTES - line->used;
    va_list arguments;

    va_start(arguments, format);
    int len = vsnprintf(line->bytes + line->used, room, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= room)
        line->used = EMF_LINE_BYTES;
    else
        line->used += (size_t)len;
}

static size_t print(char *bytes, const struct emf_dimensions *dimensions,
                    const struct metric_list *metrics, int64_t time_ms)
{
    struct line line = {bytes, 0};

    put(&line,
        "{\"_aws\":{\"Timestamp\":%" PRId64
        ",\"CloudWatchMetrics\":[{\"Namespace\":\"clary\",\"Dimensions\":[[",
        time_ms);
    for (size_t i = 0; i < dimensions->n; i++)
        put(&line, "%s\"%s\"", i > 0 ? "," : "", dimensions->list[i].name);
    put(&line, "]],\"Metrics\":[");
    for (size_t i = 0; i < metrics->n; i++)
        put(&line, "%s{\"Name\":\"%s\",\"Unit\":\"%s\"}", i > 0 ? "," : "",
            metrics->list[i].name, metrics->list[i].unit);
    put(&line, "]}]}");
    for (size_t i = 0; i < dimensions->n; i++)
        put(&line, ",\"%s\":\"%s\"", dimensions->list[i].name,
            dimensions->list[i].value);
    for (size_t i = 0; i < metrics->n; i++)
        put(&line, ",\"%s\":%.15g", metrics->list[i].name,
            metrics->list[i].value);
    put(&line, "}\n");
    return line.used < EMF_LINE_BYTES ? line.used : 0;
}

size_t emf_print(char line[EMF_LINE_BYTES],
                 const struct emf_dimensions *dimensions,
                 const struct metrics_labels *labels,
                 const struct metrics_totals *before,
                 const struct metrics_totals *now,
                 const struct feature_counts *features, int64_t time_ms)
{
    struct metric_list metrics = {.n = 0};

    add_all(&metrics, labels, before, now);
    add_features(&metrics, features);
    return print(line, dimensions, &metrics, time_ms);
}

size_t emf_print_feature(char line[EMF_LINE_BYTES],
                         const struct emf_dimensions *dimensions,
                         const char *feature,
                         const struct feature_counts *counts, int64_t time_ms)
{
    struct emf_dimensions all = *dimensions;
    struct metric_list metrics = {.n = 0};

    if (!emf_dimensions_add(&all, "Feature", feature))
        return 0;
    add_features(&metrics, counts);
    return print(line, &all, &metrics, time_ms);
}
