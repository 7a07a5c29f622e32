/* route.h: one request on its route, for the files that implement routes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ROUTE_H
#define SERVE_ROUTE_H

#include "error_body.h"
#include "intake.h"
#include "routes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { INFERENCE_ID_BYTES = 65 }; /* SageMaker's limit is 64 */

struct route;

struct route_request {
    struct routes *routes;
    const struct route *route;           /* NULL: refused before there is one */
    struct clary_invoke *invoke;         /* made for the first invocation */
    const struct registry_model *handle; /* kept when a request is over, so
                                          * that the next takes no lock */
    const struct registry_model *model;  /* the handle; NULL: not asked for */
    struct intake intake;
    struct http_answer answer; /* its status is 0 until it is known */
    struct clary_error err;
    char error_body[ERROR_BODY_BYTES]; /* or another short one */
    const char *method, *path;         /* as sent, for the log; until finish */
    char inference_id[INFERENCE_ID_BYTES];
    char *text; /* an answer's body, freed when it is over; else NULL */

    /* for the metrics */
    size_t reason;      /* enum metrics_reason; CLARY_OK */
    uint64_t n_rows;    /* predicted */
    bool is_explained;  /* its rows are */
    bool is_invocation; /* `invoke` has begun */
    bool is_counted;
};

struct route {
    const char *path;    /* a pattern of route_path.h */
    const char *methods; /* as the Allow header says it */
    void (*begin)(struct route_request *request, const struct http_head *head);
    void (*feed)(struct route_request *request, const char *bytes, size_t len);
    void (*finish)(struct route_request *request);
};

/* Whether the answer is known; then the rest of the body is not wanted. */
static inline bool route_is_answered(const struct route_request *request)
{
    return request->answer.status != 0;
}

/* Answers with an error; `fail` also logs it. `message` is a sentence for the
 * client. Where `status` alone does not tell the reason, request->reason is
 * set before. */
void route_refuse(struct route_request *request, unsigned status,
                  const char *message);
void route_fail(struct route_request *request, unsigned status,
                const char *message);

/* The same with request->err. */
void route_fail_with_error(struct route_request *request);

/* Takes from the attributes what is not of one protocol: the explanation.
 * Errors: CLARY_BAD_INPUT, in request->err. */
enum clary_status route_read_attributes(struct route_request *request,
                                        const struct http_head *head,
                                        struct clary_request *invocation)
    CLARY_MUST_USE;

/* Admits the request, or answers it, and begins an invocation on
 * request->model; finishes it. Errors: those of clary_invoke_begin and
 * clary_invoke_finish, in request->err. */
enum clary_status route_invoke_begin(struct route_request *request,
                                     const struct clary_request *invocation)
    CLARY_MUST_USE;
enum clary_status route_invoke_finish(struct route_request *request,
                                      struct clary_reply *reply) CLARY_MUST_USE;

/* Sets request->model; it is given back when the request is over. False: there
 * is none, and the request is answered. */
bool route_acquire_model(struct route_request *request);

#endif
