/* route_metrics.c: from requests to counters.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "route_metrics.h"

#include "metrics_prometheus.h"

#include <stdlib.h>

void route_metrics_begin(struct route_request *request,
                         const struct http_head *head)
{
    struct metrics *metrics = request->routes->metrics;
    size_t len = 0;

    (void)head;
    if (metrics == NULL) {
        route_fail(request, 404, "Not Found");
        return;
    }
    request->text = metrics_prometheus(metrics, &len);
    if (request->text == NULL) {
        (void)clary_no_memory(&request->err);
        route_fail_with_error(request);
        return;
    }
    request->answer = (struct http_answer){
        .status = 200,
        .content_type = PROMETHEUS_TYPE,
        .body = request->text,
        .len = len,
    };
}

void route_count_begin(struct route_request *request)
{
    request->reason = CLARY_OK;
    request->n_rows = 0;
    request->is_invocation = request->is_counted = false;
    if (request->routes->metrics != NULL)
        metrics_begin(request->routes->metrics);
}

void route_count_answer(struct route_request *request, size_t index)
{
    struct metrics *metrics = request->routes->metrics;
    const struct clary_column_counts *counts = NULL;
    bool has_body = request->route != NULL && request->route->feed != NULL;
    struct clary_invoke_times times;
    struct metrics_request what = {
        .route = request->route != NULL ? index : METRICS_ROUTES,
        .reason = request->reason,
        .bytes_in = has_body ? request->intake.body_bytes : 0,
        .bytes_out = has_body ? request->answer.len : 0,
        .rows = request->n_rows,
    };

    request->is_counted = true;
    if (metrics == NULL)
        return;
    if (request->is_invocation)
        counts = clary_invoke_counts(request->invoke);
    if (request->is_invocation && request->reason == CLARY_OK) {
        clary_invoke_times(request->invoke, &times);
        what.times = &times;
    }
    metrics_record(metrics, &what);
    metrics_record_features(metrics, counts,
                            request->reason == CLARY_BAD_INPUT ||
                                    request->reason == CLARY_UNREADABLE
                                ? request->err.feature
                                : 0);
}

void route_count_end(struct route_request *request)
{
    free(request->text);
    request->text = NULL;
    if (request->routes->metrics != NULL)
        metrics_end(request->routes->metrics);
}

void route_count_connection(void *context, enum http_connection what)
{
    const struct routes *routes = context;

    if (routes->metrics == NULL)
        return;
    if (what == HTTP_CONNECTION_OPENED)
        metrics_connection_opened(routes->metrics);
    else if (what == HTTP_CONNECTION_CLOSED)
        metrics_connection_closed(routes->metrics);
    else
        metrics_connection_refused(routes->metrics);
}
