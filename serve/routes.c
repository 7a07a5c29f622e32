/* routes.c: from a request to the library and back.
 *
 * One struct route_request a request, kept warm by http.c. It holds what the
 * answer points to: the reply is the memory of its own clary_invoke.
 *
 * What it does not do: compute (the library does), or read a socket (http.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "routes.h"

#include "attributes.h"
#include "base/log.h"
#include "error_body.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* THE table from statuses of the library to those of HTTP. */
static const unsigned http_statuses[CLARY_STATUS_COUNT] = {
    [CLARY_OK] = 200,
    [CLARY_BAD_INPUT] = 400,
    [CLARY_BAD_MEDIA_TYPE] = 415,
    [CLARY_NOT_ACCEPTABLE] = 406,
    [CLARY_TOO_LARGE] = 413,
    [CLARY_NOT_FOUND] = 404,
    [CLARY_BAD_MODEL] = 500,
    [CLARY_UNSUPPORTED] = 500,
    [CLARY_NO_MEMORY] = 503,
    [CLARY_IO] = 500,
    [CLARY_INTERNAL] = 500,
};

enum {
    WARM_BYTES = 4 << 20,   /* after a larger body or reply the memory that it
                             * took is given back */
    INFERENCE_ID_BYTES = 65 /* SageMaker's limit is 64 */
};

struct route;

struct route_request {
    const struct routes *routes;
    const struct route *route;          /* NULL: refused before there is one */
    struct clary_invoke *invoke;        /* made for the first invocation */
    const struct registry_model *model; /* NULL: not borrowed */
    uint64_t body_bytes;
    struct http_answer answer; /* its status is 0 until it is known */
    struct clary_error err;
    char error_body[ERROR_BODY_BYTES];
    char inference_id[INFERENCE_ID_BYTES];
};

struct route {
    const char *path;
    const char *methods; /* as the Allow header says it */
    void (*begin)(struct route_request *request, const struct http_head *head);
    void (*feed)(struct route_request *request, const char *bytes, size_t len);
    void (*finish)(struct route_request *request);
};

/* --- answers ------------------------------------------------------------- */

static bool is_answered(const struct route_request *request)
{
    return request->answer.status != 0;
}

static void refuse(struct route_request *request, unsigned status,
                   const char *message)
{
    request->answer = (struct http_answer){
        .status = status,
        .content_type = "application/json",
        .body = request->error_body,
        .len = error_body_print(request->error_body, message),
    };
}

/* The same with a line in the log. */
static void fail(struct route_request *request, unsigned status,
                 const char *message)
{
    char number[16];
    const char *id = request->inference_id;

    refuse(request, status, message);
    snprintf(number, sizeof number, "%u", status);
    clary_log(
        status < 500 ? CLARY_LOG_WARNING : CLARY_LOG_ERROR, "refused",
        (struct clary_log_field[]){{"status", number},
                                   {"message", message},
                                   {"inference_id", id[0] != '\0' ? id : NULL},
                                   {NULL, NULL}});
}

static void fail_with_error(struct route_request *request)
{
    fail(request, http_statuses[request->err.status], request->err.message);
}

/* --- /ping --------------------------------------------------------------- */

static void ping_begin(struct route_request *request,
                       const struct http_head *head)
{
    enum registry_state state = registry_state(request->routes->registry);

    (void)head;
    if (state == REGISTRY_READY)
        request->answer.status = 200;
    else
        refuse(request, 503, registry_state_text(state));
}

/* --- /invocations -------------------------------------------------------- */

static bool takes_any(const char *accept)
{
    if (accept == NULL)
        return true;
    accept += strspn(accept, " \t");
    return accept[0] == '\0' || strcmp(accept, "*/*") == 0;
}

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

static enum clary_status check_length(struct route_request *request,
                                      uint64_t length)
{
    uint64_t limit = request->routes->max_body_bytes;

    if (length <= limit)
        return CLARY_OK;
    return clary_fail(&request->err, CLARY_TOO_LARGE,
                      "the request body is larger than the limit of %" PRIu64
                      " bytes",
                      limit);
}

static enum clary_status start(struct route_request *request,
                               const struct http_head *head)
{
    const struct routes *routes = request->routes;
    const struct registry_model *model = request->model;
    struct clary_error *err = &request->err;
    struct clary_request invocation = {head->content_type, head->accept};

    if (takes_any(head->accept) && routes->default_accept != NULL)
        invocation.accept = routes->default_accept;
    if (head->length != UINT64_MAX)
        CLARY_TRY(check_length(request, head->length));
    if (is_tfserving(request))
        CLARY_TRY(attributes_check(head->attributes, model->info.name,
                                   model->info.version, err));
    if (request->invoke == NULL)
        request->invoke = clary_invoke_new(&routes->invoke);
    if (request->invoke == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for a request");
    return clary_invoke_begin(request->invoke, model->model, &invocation, err);
}

static void invocations_begin(struct route_request *request,
                              const struct http_head *head)
{
    struct registry *registry = request->routes->registry;

    request->model = registry_acquire(registry);
    if (request->model == NULL)
        fail(request, 503, registry_state_text(registry_state(registry)));
    else if (start(request, head) != CLARY_OK)
        fail_with_error(request);
}

static void invocations_feed(struct route_request *request, const char *bytes,
                             size_t len)
{
    request->body_bytes += len;
    if (check_length(request, request->body_bytes) != CLARY_OK ||
        clary_invoke_feed(request->invoke, bytes, len, &request->err) !=
            CLARY_OK)
        fail_with_error(request);
}

static void invocations_finish(struct route_request *request)
{
    struct clary_reply reply;

    if (clary_invoke_finish(request->invoke, &reply, &request->err) !=
        CLARY_OK) {
        fail_with_error(request);
        return;
    }
    request->answer = (struct http_answer){
        .status = 200,
        .content_type = reply.content_type,
        .body = reply.body,
        .len = reply.len,
    };
}

/* --- the table ----------------------------------------------------------- */

/* A route whose begin always answers needs no feed and finish. */
static const struct route routes_table[] = {
    {"/ping", "GET, HEAD, POST", ping_begin, NULL, NULL},
    {"/invocations", "POST", invocations_begin, invocations_feed,
     invocations_finish},
};

static const struct route *route_at(const char *path)
{
    for (size_t i = 0; i < sizeof routes_table / sizeof routes_table[0]; i++)
        if (strcmp(routes_table[i].path, path) == 0)
            return &routes_table[i];
    return NULL;
}

/* Whether `method` is in the list "GET, POST". */
static bool allows(const char *methods, const char *method)
{
    while (*methods != '\0') {
        size_t len = strcspn(methods, ",");
        if (strlen(method) == len && memcmp(methods, method, len) == 0)
            return true;
        methods += len;
        methods += strspn(methods, ", ");
    }
    return false;
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

    clary_invoke_free(request->invoke);
    free(request);
}

static bool request_begin(void *argument, const struct http_head *head)
{
    struct route_request *request = argument;
    const char *id = head->inference_id != NULL ? head->inference_id : "";

    request->answer = (struct http_answer){0};
    request->body_bytes = 0;
    snprintf(request->inference_id, sizeof request->inference_id, "%s", id);
    request->route = route_at(head->path);
    if (head->malformed != NULL) {
        fail(request, 400, head->malformed);
    } else if (request->route == NULL) {
        fail(request, 404, "Not Found");
    } else if (!allows(request->route->methods, head->method)) {
        fail(request, 405, "Method Not Allowed");
        request->answer.allow = request->route->methods;
    } else {
        request->route->begin(request, head);
    }
    return !is_answered(request);
}

static bool request_feed(void *argument, const char *bytes, size_t len)
{
    struct route_request *request = argument;

    request->route->feed(request, bytes, len);
    return !is_answered(request);
}

static void request_finish(void *argument, struct http_answer *answer)
{
    struct route_request *request = argument;
    const struct routes *routes = request->routes;

    if (!is_answered(request))
        request->route->finish(request);
    *answer = request->answer;
    if (routes->identify) {
        if (request->model == NULL)
            request->model = registry_acquire(routes->registry);
        if (request->model != NULL)
            answer->attributes = request->model->identity;
    }
}

static void request_release(void *argument)
{
    struct route_request *request = argument;

    if (request->model != NULL)
        registry_release(request->routes->registry, request->model);
    request->model = NULL;
    if (request->answer.len > WARM_BYTES || request->body_bytes > WARM_BYTES) {
        clary_invoke_free(request->invoke);
        request->invoke = NULL;
    }
}

struct http_app routes_app(struct routes *routes)
{
    return (struct http_app){
        .context = routes,
        .request_new = request_new,
        .request_free = request_free,
        .begin = request_begin,
        .feed = request_feed,
        .finish = request_finish,
        .release = request_release,
    };
}
