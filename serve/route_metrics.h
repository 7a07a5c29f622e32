/* route_metrics.h: what becomes of requests, told to routes->metrics; and the
 * route that tells it on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ROUTE_METRICS_H
#define SERVE_ROUTE_METRICS_H

#include "route.h"

/* GET /metrics, as struct route.begin. */
void route_metrics_begin(struct route_request *request,
                         const struct http_head *head);

/* A request begins; and is over. Does nothing without routes->metrics, as what
 * follows. */
void route_count_begin(struct route_request *request);
void route_count_end(struct route_request *request);

/* What the answer is, before it is sent, so that whoever has read it finds it
 * counted. `index` is that of request->route. */
void route_count_answer(struct route_request *request, size_t index);

/* As struct http_app.connection; `routes` is a struct routes. */
void route_count_connection(void *routes, enum http_connection what);

#endif
