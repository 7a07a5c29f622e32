/* routes.h: SageMaker's contract, as the application behind http.h.
 *
 *   GET, HEAD, POST /ping   200 when the model is ready, else 503
 *   POST /invocations       a prediction
 *
 * Anything else is 404, a wrong method 405. Every error is a short JSON object
 * {"error": "..."}; which status it has is said by one table in routes.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ROUTES_H
#define SERVE_ROUTES_H

#include "http.h"
#include "registry.h"

#include <clary/invoke.h>

#include <stdbool.h>
#include <stdint.h>

struct routes {
    struct registry *registry;
    struct clary_invoke_options invoke;
    uint64_t max_body_bytes;
    const char *default_accept; /* NULL: the style's */
    bool identify;              /* name the model in every response */
};

/* The application; `routes` must live as long as it is used. */
struct http_app routes_app(struct routes *routes);

#endif
