/* route_kserve.h: the Open Inference Protocol, KServe's and Seldon's "v2".
 *
 *   GET  /v2                          what this server is
 *   GET  /v2/health/live              200: the process answers
 *   GET  /v2/health/ready             as /ping
 *   GET  /v2/models/NAME              inputs and outputs of the model
 *   GET  /v2/models/NAME/ready        the same for the model
 *   POST /v2/models/NAME/infer        a prediction, in the protocol's JSON
 *
 * NAME is the model's, and may be followed by /versions/VERSION; any other
 * name or version is 404.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ROUTE_KSERVE_H
#define SERVE_ROUTE_KSERVE_H

#include "route.h"

/* As struct route.begin. */
void route_kserve_server(struct route_request *request,
                         const struct http_head *head);
void route_kserve_live(struct route_request *request,
                       const struct http_head *head);
void route_kserve_ready(struct route_request *request,
                        const struct http_head *head);
void route_kserve_model(struct route_request *request,
                        const struct http_head *head);
void route_kserve_model_ready(struct route_request *request,
                              const struct http_head *head);
/* What it begins goes on as /invocations. */
void route_kserve_infer(struct route_request *request,
                        const struct http_head *head);

#endif
