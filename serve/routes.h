/* routes.h: SageMaker's contract, as the application behind http.h.
 *
 *   GET, HEAD, POST /ping       200 when the model is ready, else 503
 *   POST /invocations           a prediction
 *   GET /execution-parameters   what batch transform may send
 *   GET /metrics                numbers for Prometheus
 *   /v2 and below               the Open Inference Protocol (route_kserve.h)
 *
 * Anything else is 404, a wrong method 405. Every error is a short JSON object
 * {"error": "..."}; which status it has is said by one table in routes.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ROUTES_H
#define SERVE_ROUTES_H

#include "admission.h"
#include "execution_parameters.h"
#include "http.h"
#include "metrics.h"
#include "registry.h"

#include <clary/invoke.h>

#include <stdbool.h>
#include <stdint.h>

struct routes {
    struct registry *registry;
    struct clary_invoke_options invoke;
    uint64_t max_body_bytes;    /* inflated */
    uint64_t max_inflate_ratio; /* 0: any */
    uint64_t compress_bytes;    /* of a prediction, 0: never */
    int64_t timeout_ms;         /* of a prediction, 0: none */
    int64_t piece_budget_us;    /* in an event loop */
    struct batch_limits batch;
    struct admission admission;
    bool identify;           /* name the model in every response */
    struct metrics *metrics; /* NULL: nothing is counted */
};

/* What the numbers of routes->metrics stand for. */
void routes_labels(struct metrics_labels *labels);

/* The application; `routes` must live as long as it is used. */
struct http_app routes_app(struct routes *routes);

#endif
