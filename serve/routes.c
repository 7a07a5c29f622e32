/* routes.c: from a request to the library and back.
 *
 * One struct route_request a request, kept warm by http.c. It holds what the
 * answer points to: the reply is the memory of its own clary_invoke.
 *
 * What it does not do: compute (the library does), read a socket (http.c), or
 * look after bodies (intake.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "routes.h"

#include "attributes.h"
#include "base/log.h"
#include "route.h"
#include "route_kserve.h"
#include "route_metrics.h"
#include "route_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* THE table from statuses of the library, and the server's own reasons, to
 * those of HTTP. */
static const unsigned http_statuses[METRICS_REASONS] = {
    [CLARY_OK] = 200,
    [CLARY_BAD_INPUT] = 400,
    [CLARY_UNREADABLE] = 415,
    [CLARY_BAD_MEDIA_TYPE] = 415,
    [CLARY_NOT_ACCEPTABLE] = 406,
    [CLARY_TOO_LARGE] = 413,
    [CLARY_NOT_FOUND] = 404,
    [CLARY_BAD_MODEL] = 500,
    [CLARY_UNSUPPORTED] = 500,
    [CLARY_NO_MEMORY] = 503,
    [CLARY_IO] = 500,
    [CLARY_INTERNAL] = 500,
    [METRICS_MALFORMED] = 400,
    [METRICS_NO_ROUTE] = 404,
    [METRICS_BAD_METHOD] = 405,
    [METRICS_NOT_READY] = 503,
    [METRICS_OVERLOADED] = 503,
    [METRICS_TIMED_OUT] = 503,
    [METRICS_CONNECTIONS] = 503,
};

enum { RETRY_AFTER_S = 1 /* what every 503 says */ };

/* --- answers ------------------------------------------------------------- */

/* The reason that a status has when nobody has said another. */
static size_t usual_reason(unsigned status)
{
    static const size_t usual[] = {METRICS_MALFORMED,  METRICS_NO_ROUTE,
                                   METRICS_BAD_METHOD, METRICS_NOT_READY,
                                   CLARY_TOO_LARGE,    CLARY_BAD_MEDIA_TYPE};

    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        if (http_statuses[usual[i]] == status)
            return usual[i];
    return CLARY_INTERNAL;
}

void route_refuse(struct route_request *request, unsigned status,
                  const char *message)
{
    if (request->reason == CLARY_OK)
        request->reason = usual_reason(status);
    request->answer = (struct http_answer){
        .status = status,
        .content_type = "application/json",
        .body = request->error_body,
        .len = error_body_print(request->error_body, message),
        .retry_after_s = status == 503 ? RETRY_AFTER_S : 0,
    };
}

void route_fail(struct route_request *request, unsigned status,
                const char *message)
{
    char number[16];
    const char *id = request->inference_id;

    route_refuse(request, status, message);
    snprintf(number, sizeof number, "%u", status);
    clary_log(
        status < 500 ? CLARY_LOG_WARNING : CLARY_LOG_ERROR, "refused",
        (struct clary_log_field[]){{"method", request->method},
                                   {"path", request->path},
                                   {"status", number},
                                   {"message", message},
                                   {"inference_id", id[0] != '\0' ? id : NULL},
                                   {NULL, NULL}});
}

void route_fail_with_error(struct route_request *request)
{
    request->reason = request->err.status;
    route_fail(request, http_statuses[request->reason], request->err.message);
}

static bool has_model(struct route_request *request)
{
    if (request->handle == NULL)
        request->handle = registry_acquire(request->routes->registry);
    request->model = request->handle;
    return request->model != NULL;
}

bool route_acquire_model(struct route_request *request)
{
    char reason[REGISTRY_REASON_BYTES];

    if (has_model(request))
        return true;
    registry_reason(request->routes->registry, reason);
    route_fail(request, 503, reason);
    return false;
}

enum clary_status route_invoke_begin(struct route_request *request,
                                     const struct clary_request *invocation)
{
    const struct routes *routes = request->routes;
    const struct features *features =
        routes->metrics != NULL ? metrics_features(routes->metrics) : NULL;

    if (!intake_admit(request))
        return CLARY_OK;
    if (request->invoke == NULL)
        request->invoke = clary_invoke_new(&routes->invoke);
    if (request->invoke == NULL)
        return clary_fail(&request->err, CLARY_NO_MEMORY,
                          "no memory for a request");
    clary_invoke_watch(request->invoke,
                       features != NULL ? features_ranges(features) : NULL);
    CLARY_TRY(clary_invoke_begin(request->invoke, request->model->model,
                                 invocation, &request->err));
    request->is_invocation = true;
    return CLARY_OK;
}

enum clary_status route_invoke_finish(struct route_request *request,
                                      struct clary_reply *reply)
{
    CLARY_TRY(clary_invoke_finish(request->invoke, reply, &request->err));
    request->n_rows = reply->n_rows;
    return CLARY_OK;
}

enum clary_status route_read_attributes(struct route_request *request,
                                        const struct http_head *head,
                                        struct clary_request *invocation)
{
    if (head->attributes == NULL)
        return CLARY_OK;
    CLARY_TRY(attributes_explain(head->attributes, &invocation->explain,
                                 &request->err));
    request->is_explained = invocation->explain != CLARY_EXPLAIN_NONE;
    return CLARY_OK;
}

/* --- /ping --------------------------------------------------------------- */

static void ping_begin(struct route_request *request,
                       const struct http_head *head)
{
    struct registry *registry = request->routes->registry;
    char reason[REGISTRY_REASON_BYTES];

    (void)head;
    if (registry_state(registry) == REGISTRY_READY) {
        request->answer.status = 200;
        return;
    }
    registry_reason(registry, reason);
    route_refuse(request, 503, reason);
    request->reason = CLARY_OK; /* not ready yet is no error to count */
}

/* --- /execution-parameters ----------------------------------------------- */

static void parameters_begin(struct route_request *request,
                             const struct http_head *head)
{
    (void)head;
    if (!route_acquire_model(request))
        return;
    const struct execution_parameters parameters =
        execution_parameters(&request->routes->batch, &request->model->pace);
    request->answer = (struct http_answer){
        .status = 200,
        .content_type = "application/json",
        .body = request->error_body,
        .len = execution_parameters_print(&parameters, request->error_body),
    };
}

/* --- /invocations -------------------------------------------------------- */

static bool is_tfserving(const struct route_request *request)
{
    switch (request->routes->invoke.style) {
    case CLARY_STYLE_TFSERVING:
    case CLARY_STYLE_TFSERVING_STRICT:
        return true;
    case CLARY_STYLE_AUTO:
        return strcmp(request->model->info.style, "tfserving") == 0;
    default:
        return false;
    }
}

static enum clary_status start(struct route_request *request,
                               const struct http_head *head)
{
    const struct registry_model *model = request->model;
    struct clary_error *err = &request->err;
    struct clary_request invocation = {.content_type = head->content_type,
                                       .accept = head->accept};

    if (head->attributes != NULL && is_tfserving(request))
        CLARY_TRY(attributes_check(head->attributes, model->info.name,
                                   model->info.version, err));
    CLARY_TRY(route_read_attributes(request, head, &invocation));
    return route_invoke_begin(request, &invocation);
}

static void invocations_begin(struct route_request *request,
                              const struct http_head *head)
{
    if (route_acquire_model(request) && start(request, head) != CLARY_OK)
        route_fail_with_error(request);
}

static void invocations_feed(struct route_request *request, const char *bytes,
                             size_t len)
{
    if (clary_invoke_feed(request->invoke, bytes, len, &request->err) !=
        CLARY_OK)
        route_fail_with_error(request);
}

static void invocations_finish(struct route_request *request)
{
    struct clary_reply reply;

    if (route_invoke_finish(request, &reply) != CLARY_OK) {
        route_fail_with_error(request);
        return;
    }
    request->answer = (struct http_answer){
        .status = reply.n_rows > 0 ? 200 : 204,
        .content_type = reply.content_type,
        .body = reply.body,
        .len = reply.len,
    };
}

/* --- the table ----------------------------------------------------------- */

/* A route whose begin always answers has no feed and no finish. */
static const struct route routes_table[] = {
    {"/invocations", "POST", invocations_begin, invocations_feed,
     invocations_finish},
    {"/ping", "GET, HEAD, POST", ping_begin, NULL, NULL},
    {"/execution-parameters", "GET", parameters_begin, NULL, NULL},
    {"/metrics", "GET", route_metrics_begin, NULL, NULL},
    {"/v2", "GET", route_kserve_server, NULL, NULL},
    {"/v2/", "GET", route_kserve_server, NULL, NULL},
    {"/v2/health/live", "GET", route_kserve_live, NULL, NULL},
    {"/v2/health/ready", "GET", route_kserve_ready, NULL, NULL},
    {"/v2/models/{model}", "GET", route_kserve_model, NULL, NULL},
    {"/v2/models/{model}/ready", "GET", route_kserve_model_ready, NULL, NULL},
    {"/v2/models/{model}/infer", "POST", route_kserve_infer, invocations_feed,
     invocations_finish},
};

enum { N_ROUTES = sizeof routes_table / sizeof routes_table[0] };
_Static_assert((int)N_ROUTES <= (int)METRICS_ROUTES,
               "each route has a counter");

static const struct route *route_at(const char *path)
{
    struct route_model model;

    /* the patterns of most routes are the paths themselves */
    for (size_t i = 0; i < N_ROUTES; i++)
        if (strcmp(routes_table[i].path, path) == 0 ||
            route_path_matches(routes_table[i].path, path, &model))
            return &routes_table[i];
    return NULL;
}

/* Whether `method` is in the list "GET, POST". */
static bool allows(const char *methods, const char *method)
{
    if (strcmp(methods, method) == 0)
        return true;
    while (*methods != '\0') {
        size_t len = strcspn(methods, ",");
        if (strlen(method) == len && memcmp(methods, method, len) == 0)
            return true;
        methods += len;
        methods += strspn(methods, ", ");
    }
    return false;
}

/* --- counting ------------------------------------------------------------ */

void routes_labels(struct metrics_labels *labels)
{
    *labels = (struct metrics_labels){0};
    for (size_t i = 0; i < N_ROUTES; i++) {
        labels->routes[i].path = routes_table[i].path;
        labels->routes[i].predicts = routes_table[i].feed != NULL;
    }
    memcpy(labels->statuses, http_statuses, sizeof http_statuses);
}

static void count_answer(struct route_request *request)
{
    size_t index =
        request->route != NULL ? (size_t)(request->route - routes_table) : 0;

    route_count_answer(request, index);
}

/* --- the application ----------------------------------------------------- */

static void *request_new(void *context)
{
    struct route_request *request = calloc(1, sizeof *request);

    if (request != NULL)
        request->routes = context;
    return request;
}

static void request_free(void *argument)
{
    struct route_request *request = argument;

    if (request->handle != NULL)
        registry_release(request->routes->registry, request->handle);
    clary_invoke_free(request->invoke);
    intake_free(&request->intake);
    free(request);
}

/* For the log; NULL: it has none. */
static void remember_id(struct route_request *request, const char *id)
{
    size_t len = id != NULL ? strnlen(id, sizeof request->inference_id - 1) : 0;

    if (len > 0)
        memcpy(request->inference_id, id, len);
    request->inference_id[len] = '\0';
}

static bool request_begin(void *argument, const struct http_head *head)
{
    struct route_request *request = argument;

    route_count_begin(request);
    request->answer = (struct http_answer){0};
    request->is_explained = false;
    request->intake.body_bytes = 0;
    request->method = head->method;
    request->path = head->path;
    remember_id(request, head->inference_id);
    request->route = route_at(head->path);
    if (head->malformed != NULL) {
        route_fail(request, 400, head->malformed);
    } else if (request->route == NULL) {
        route_fail(request, 404, "Not Found");
    } else if (!allows(request->route->methods, head->method)) {
        route_fail(request, 405, "Method Not Allowed");
        request->answer.allow = request->route->methods;
    } else if (request->route->feed == NULL) {
        request->route->begin(request, head);
    } else {
        intake_begin(request, head);
    }
    return !route_is_answered(request);
}

static size_t request_turn_bytes(void *argument)
{
    const struct route_request *request = argument;
    return request->intake.ticket.is_queued ? request->intake.turn_bytes : 0;
}

static bool request_feed(void *argument, const char *bytes, size_t len)
{
    struct route_request *request = argument;

    intake_feed(request, bytes, len);
    return !route_is_answered(request);
}

static void request_finish(void *argument, struct http_answer *answer)
{
    struct route_request *request = argument;
    const struct routes *routes = request->routes;

    if (!route_is_answered(request))
        intake_finish(request);
    count_answer(request);
    *answer = request->answer;
    if (routes->identify && has_model(request))
        answer->attributes = request->model->identity;
}

static size_t request_release(void *argument)
{
    struct route_request *request = argument;

    if (!request->is_counted) {
        request->reason = METRICS_CLIENT_GONE;
        count_answer(request);
    }
    route_count_end(request);
    request->model = NULL;
    admission_leave(&request->routes->admission, &request->intake.ticket);
    return sizeof *request + intake_kept_bytes(&request->intake) +
           (request->invoke != NULL ? clary_invoke_end(request->invoke) : 0);
}

struct http_app routes_app(struct routes *routes)
{
    return (struct http_app){
        .context = routes,
        .connection = route_count_connection,
        .request_new = request_new,
        .request_free = request_free,
        .begin = request_begin,
        .turn_bytes = request_turn_bytes,
        .feed = request_feed,
        .finish = request_finish,
        .release = request_release,
    };
}
