/* test_metrics.c: what is counted, and the lines that say it.
 *
 * How Prometheus and CloudWatch read them is tested over HTTP
 * (tests/contract/test_metrics.py).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "base/log.h"
#include "invoke/model.h"
#include "serve/metrics_baseline_json.h"
#include "serve/metrics_emf.h"
#include "serve/metrics_prometheus.h"
#include "serve/routes.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define ID8 "tests/golden/savedmodel/identity8/model.tar.gz"
#define ROW "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"

static struct clary_error err;

/* --- histograms ---------------------------------------------------------- */

TEST(buckets)
{
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        uint64_t bound = histogram_bound_ns(i);
        CHECK_INT(histogram_bucket(bound), i);
        CHECK_INT(histogram_bucket(bound + 1), i + 1);
        CHECK(i == 0 || bound > histogram_bound_ns(i - 1));
    }
    CHECK_INT(histogram_bucket(0), 0);
    CHECK_INT(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    CHECK_INT(histogram_bound_ns(0), 100);
    CHECK_INT(histogram_bound_ns(HISTOGRAM_BOUNDS - 1), 1000000000000);
}

TEST(percentiles)
{
    struct histogram histogram = {0};

    CHECK_NEAR(histogram_percentile(&histogram, 0.5), 0, 0);
    for (uint64_t us = 1; us <= 10000; us++)
        histogram.n[histogram_bucket(us * 1000)]++;
    CHECK_INT(histogram_count(&histogram), 10000);
    CHECK_NEAR(histogram_percentile(&histogram, 0.5), 5e6, 5e6 * 0.02);
    CHECK_NEAR(histogram_percentile(&histogram, 0.9), 9e6, 9e6 * 0.02);
    CHECK_NEAR(histogram_percentile(&histogram, 0.99), 9.9e6, 9.9e6 * 0.02);
    CHECK_NEAR(histogram_percentile(&histogram, 1), 1e7, 1);

    struct histogram few = {0};
    few.n[HISTOGRAM_BUCKETS - 1] = 1;
    CHECK_NEAR(histogram_percentile(&few, 0.5), 1e12, 1);
    few.n[0] = 99;
    CHECK_NEAR(histogram_percentile(&few, 0.99), 100, 1e-6);
}

/* --- counters ------------------------------------------------------------ */

static struct metrics *new_metrics(void)
{
    struct metrics_labels labels;

    routes_labels(&labels);
    return metrics_new(&labels);
}

enum { THREADS = 4, TIMES = 50000 };

static void *count_up(void *argument)
{
    const struct clary_invoke_times times = {100, 2000, 30000, 400000};
    struct metrics *metrics = argument;

    for (int i = 0; i < TIMES; i++) {
        const struct metrics_request request = {
            .route = 1,
            .reason = i % 10 == 0 ? CLARY_BAD_INPUT : CLARY_OK,
            .bytes_in = 3,
            .bytes_out = 5,
            .rows = 7,
            .times = &times};
        metrics_connection_opened(metrics);
        metrics_begin(metrics);
        metrics_record(metrics, &request);
        if (i % 2 == 0)
            metrics_end(metrics);
    }
    return NULL;
}

TEST(threads_add_up)
{
    struct metrics *metrics = new_metrics();
    struct metrics_totals totals;
    pthread_t threads[THREADS];
    const uint64_t n = THREADS * TIMES;

    for (int i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, count_up, metrics), 0);
    for (int i = 0; i < 20; i++) /* reading goes on meanwhile */
        metrics_read(metrics, &totals);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    metrics_read(metrics, &totals);
    CHECK_INT(totals.begun, n);
    CHECK_INT(totals.ended, n / 2);
    CHECK_INT(totals.connections_opened, n);
    CHECK_INT(totals.connections_closed, 0);
    CHECK_INT(totals.requests[1], n);
    CHECK_INT(totals.requests[0], 0);
    CHECK_INT(totals.errors[CLARY_BAD_INPUT], n / 10);
    CHECK_INT(totals.bytes_in, n * 3);
    CHECK_INT(totals.bytes_out, n * 5);
    CHECK_INT(totals.rows, n * 7);
    for (size_t i = 0; i < METRICS_STAGES; i++)
        CHECK_INT(histogram_count(&totals.stages[i]), n);
    CHECK_INT(totals.stages[METRICS_DECODE].sum_ns, n * 100);
    CHECK_INT(totals.stages[METRICS_WAIT].sum_ns, n * 400000);
    metrics_free(metrics);
}

/* A thread goes from one to the next, which may be where the first was. */
TEST(one_after_the_other)
{
    struct metrics_totals totals;

    for (int i = 0; i < 3; i++) {
        struct metrics *first = new_metrics(), *second = new_metrics();
        metrics_begin(first);
        metrics_begin(second);
        metrics_end(second);
        metrics_begin(first);
        metrics_read(first, &totals);
        CHECK_INT(totals.begun, 2);
        CHECK_INT(totals.ended, 0);
        metrics_read(second, &totals);
        CHECK_INT(totals.begun, 1);
        CHECK_INT(totals.ended, 1);
        metrics_free(first);
        metrics_free(second);
    }
}

/* Against a search: around each octave and each bound. */
TEST(buckets_by_search)
{
    for (unsigned shift = 0; shift < 64; shift++)
        for (uint64_t ns = (UINT64_C(1) << shift) - 1, n = 0; n < 3;
             ns++, n++) {
            size_t i = 0;
            while (i < HISTOGRAM_BOUNDS && histogram_bound_ns(i) < ns)
                i++;
            CHECK_INT(histogram_bucket(ns), i);
        }
}

/* --- through the routes -------------------------------------------------- */

static struct routes make_routes(void)
{
    struct routes routes = {.registry = registry_new(),
                            .max_body_bytes = 1000,
                            .invoke = {.timed = true},
                            .metrics = new_metrics()};

    clary_log_set_level(CLARY_LOG_NONE);
    CHECK_STATUS(clary_init(1, &err), CLARY_OK);
    CHECK_STATUS(registry_load(routes.registry, ID8, NULL, &routes.invoke,
                               GOLDEN_OFF, &err),
                 CLARY_OK);
    const struct registry_model *model = registry_loaded(routes.registry);
    CHECK_STATUS(metrics_watch(routes.metrics, model->model, &err), CLARY_OK);
    registry_open(routes.registry);
    return routes;
}

static const struct http_head post = {.method = "POST",
                                      .path = "/invocations",
                                      .content_type = "text/csv",
                                      .accept = "text/csv"};

static unsigned ask(const struct http_app *app, void *request,
                    const struct http_head *head, const char *body)
{
    struct http_answer answer;

    if (app->begin(request, head))
        app->feed(request, body, strlen(body));
    app->finish(request, &answer);
    app->release(request);
    return answer.status;
}

TEST(requests_are_counted)
{
    struct routes routes = make_routes();
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    struct http_head ping = {.method = "GET", .path = "/ping"};
    struct http_head typed = post;
    struct metrics_totals totals;
    struct feature_counts counts;

    CHECK_INT(ask(&app, request, &post, ROW "\n" ROW), 200);
    CHECK_INT(ask(&app, request, &ping, ""), 200);
    metrics_read(routes.metrics, &totals);
    CHECK_INT(totals.begun, 2);
    CHECK_INT(totals.ended, 2);
    CHECK_INT(totals.rows, 2);
    CHECK_INT(totals.bytes_in, strlen(ROW "\n" ROW));
    CHECK_INT(totals.bytes_out, strlen("8.3252\n8.3252\n"));
    CHECK_INT(histogram_count(&totals.stages[METRICS_RUN]), 1);

    CHECK_INT(ask(&app, request, &post, "1,2"), 400);
    CHECK_INT(ask(&app, request, &post, "1,x,3,4,5,6,7,8"), 400);
    typed.content_type = "text/plain";
    CHECK_INT(ask(&app, request, &typed, ROW), 415);
    typed.length = 1001;
    CHECK_INT(ask(&app, request, &typed, ""), 413);
    ping.method = "PUT";
    CHECK_INT(ask(&app, request, &ping, ""), 405);
    ping.path = "/nowhere";
    CHECK_INT(ask(&app, request, &ping, ""), 404);
    ping.malformed = "bad framing";
    CHECK_INT(ask(&app, request, &ping, ""), 400);
    CHECK(app.begin(request, &post));
    CHECK(app.feed(request, "1,", 2));
    app.release(request); /* the client has gone */

    metrics_read(routes.metrics, &totals);
    CHECK_INT(totals.begun, 10);
    CHECK_INT(totals.ended, 10);
    CHECK_INT(totals.errors[CLARY_BAD_INPUT], 2);
    CHECK_INT(totals.errors[CLARY_BAD_MEDIA_TYPE], 1);
    CHECK_INT(totals.errors[CLARY_TOO_LARGE], 1);
    CHECK_INT(totals.errors[METRICS_BAD_METHOD], 1);
    CHECK_INT(totals.errors[METRICS_NO_ROUTE], 1);
    CHECK_INT(totals.errors[METRICS_MALFORMED], 1);
    CHECK_INT(totals.errors[METRICS_CLIENT_GONE], 1);
    CHECK_INT(totals.rows, 2);
    CHECK_INT(histogram_count(&totals.stages[METRICS_RUN]), 1);
    for (size_t i = 0; i < 8; i++) {
        features_read(metrics_features(routes.metrics), i, &counts);
        CHECK_INT(counts.unparsable, i == 1);
        CHECK_INT(counts.missing + counts.out_of_range, 0);
    }
    app.request_free(request);
    registry_free(routes.registry);
    metrics_free(routes.metrics);
}

/* Without metrics there is no such route, and nothing else changes. */
TEST(without_metrics)
{
    struct routes routes = make_routes();
    struct http_head scrape = {.method = "GET", .path = "/metrics"};

    metrics_free(routes.metrics);
    routes.metrics = NULL;
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    CHECK_INT(ask(&app, request, &post, ROW), 200);
    CHECK_INT(ask(&app, request, &scrape, ""), 404);
    app.request_free(request);
    registry_free(routes.registry);
}

/* --- lines for CloudWatch ------------------------------------------------ */

TEST(dimensions)
{
    static const char *const bad[] = {"Endpoint",
                                      "=x",
                                      "A=",
                                      "A= ",
                                      "A=1,A=2",
                                      "A=\"",
                                      "A=1,,B=2",
                                      "Ä=1",
                                      "A=\x7f",
                                      "A b=1",
                                      "Model=x",
                                      "Feature=x",
                                      "A=1,B=2,C=3,D=4,E=5",
                                      "A2345678901234567890123456789012X=1"};
    struct emf_dimensions all = {.n = 0};

    CHECK(emf_dimensions_add(&all, "Model", "a\"b\\c\n\xC3\xA4"));
    CHECK_STR(all.list[0].value, "a_b_c___");
    CHECK_STATUS(
        emf_dimensions_read(&all, "X", "Endpoint=housing-2,v_1=a b=c", &err),
        CLARY_OK);
    CHECK_INT(all.n, 3);
    CHECK_STR(all.list[1].name, "Endpoint");
    CHECK_STR(all.list[1].value, "housing-2");
    CHECK_STR(all.list[2].value, "a b=c");
    CHECK_STATUS(emf_dimensions_read(&all, "X", NULL, &err), CLARY_OK);
    CHECK_STATUS(emf_dimensions_read(&all, "X", "", &err), CLARY_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct emf_dimensions none = {.n = 0};
        CHECK_STATUS(emf_dimensions_read(&none, "X", bad[i], &err),
                     CLARY_BAD_INPUT);
        CHECK(strncmp(err.message, "X has ", 6) == 0);
    }
}

/* The longest line that there can be is written as a whole. */
TEST(lines_fit)
{
    static char line[EMF_LINE_BYTES];
    static struct metrics_totals before, now;
    struct feature_counts counts = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    struct emf_dimensions dimensions = {.n = 0};
    struct metrics_labels labels;
    char name[EMF_NAME_BYTES], value[EMF_VALUE_BYTES];

    routes_labels(&labels);
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    for (int i = 0; i < EMF_OWN_DIMENSIONS + 1; i++) {
        snprintf(name, sizeof name, "%032d", i);
        CHECK(emf_dimensions_add(&dimensions, name, value));
    }
    now.rows = now.bytes_in = now.bytes_out = now.begun = UINT64_MAX;
    for (size_t i = 0; i < METRICS_REASONS; i++)
        now.errors[i] = UINT64_MAX / METRICS_REASONS;
    for (size_t i = 0; i < METRICS_STAGES; i++)
        for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
            now.stages[i].n[bucket] = 3 + bucket;
    size_t len = emf_print(line, &dimensions, &labels, &before, &now, &counts,
                           INT64_MAX);
    CHECK(len > 2000 && len < sizeof line);
    CHECK(strncmp(line, "{\"_aws\":{", 9) == 0);
    CHECK_STR(line + len - 2, "}\n");
    CHECK(strstr(line, "\"ErrorsTooManyConnections\":") != NULL);
    len = emf_print_feature(line, &dimensions, value, &counts, INT64_MAX);
    CHECK(len > 500 && len < sizeof line);
    CHECK_STR(line + len - 2, "}\n");
    CHECK(!emf_dimensions_add(&dimensions, "A", "") ||
          !emf_dimensions_add(&dimensions, "B", ""));
}

/* The next line of a pipe, or "" after five seconds. */
static const char *read_line(int fd)
{
    static char line[EMF_LINE_BYTES + 1];
    size_t len = 0;

    while (len < EMF_LINE_BYTES) {
        struct pollfd in = {.fd = fd, .events = POLLIN};
        if (poll(&in, 1, 5000) != 1 || read(fd, line + len, 1) != 1)
            return "";
        if (line[len++] == '\n')
            break;
    }
    line[len] = '\0';
    return line;
}

TEST(lines_come_in_time_and_at_the_end)
{
    struct routes routes = make_routes();
    struct emf_options options = {.interval_ms = 30};
    struct clary_column_counts odd[8] = {[3] = {2, 0}};
    struct emf *emf = NULL;
    int ends[2];

    if (!CHECK_INT(pipe(ends), 0))
        return;
    options.fd = ends[1];
    emf_dimensions_add(&options.dimensions, "Model", "housing");
    CHECK_STATUS(emf_start(&options, routes.metrics, &emf, &err), CLARY_OK);
    CHECK(strstr(read_line(ends[0]), "\"Rows\":0,") != NULL);
    CHECK(strstr(read_line(ends[0]), "\"Model\":\"housing\"") != NULL);
    emf_stop(emf);

    options.interval_ms = 3600000;
    CHECK_STATUS(emf_start(&options, routes.metrics, &emf, &err), CLARY_OK);
    metrics_record(routes.metrics,
                   &(struct metrics_request){.route = 1, .rows = 12});
    metrics_record_features(routes.metrics, odd, 0);
    emf_stop(emf);
    close(ends[1]);
    const char *line = read_line(ends[0]);
    while (*line != '\0' && strstr(line, "\"Rows\":12,") == NULL)
        line = read_line(ends[0]); /* those of before */
    CHECK(strstr(line, "\"FeatureMissing\":2,") != NULL);
    line = read_line(ends[0]);
    CHECK(strstr(line, "\"Feature\":\"") != NULL);
    CHECK(strstr(line, "[3]\"") != NULL);
    CHECK_STR(read_line(ends[0]), "");
    close(ends[0]);
    registry_free(routes.registry);
    metrics_free(routes.metrics);
}

/* Nobody reads the log: nothing waits, and no half of a line is written. */
TEST(a_full_pipe)
{
    struct routes routes = make_routes();
    struct emf_options options = {.interval_ms = 1};
    const struct timespec pause = {.tv_nsec = 50000000};
    struct emf *emf = NULL;
    char byte = 'x';
    int ends[2];

    if (!CHECK_INT(pipe(ends), 0))
        return;
    options.fd = ends[1];
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    while (write(ends[1], &byte, 1) == 1)
        ;
    fcntl(ends[1], F_SETFL, 0);
    CHECK_STATUS(emf_start(&options, routes.metrics, &emf, &err), CLARY_OK);
    nanosleep(&pause, NULL);
    emf_stop(emf);
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        if (!CHECK_INT(byte, 'x'))
            break;
    close(ends[0]);
    registry_free(routes.registry);
    metrics_free(routes.metrics);
}
