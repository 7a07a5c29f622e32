/* route_kserve.c: from paths of the Open Inference Protocol to the library.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "route_kserve.h"

#include "kserve_json.h"
#include "route_path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void answer(struct route_request *request, const char *body)
{
    request->answer = (struct http_answer){
        .status = 200,
        .content_type = "application/json",
        .body = body,
        .len = strlen(body),
    };
}

/* The same of a text to be freed. */
static void answer_text(struct route_request *request, char *text)
{
    request->text = text;
    if (text != NULL) {
        answer(request, text);
        return;
    }
    (void)clary_no_memory(&request->err);
    route_fail_with_error(request);
}

void route_kserve_server(struct route_request *request,
                         const struct http_head *head)
{
    (void)head;
    answer_text(request, kserve_json_server());
}

void route_kserve_live(struct route_request *request,
                       const struct http_head *head)
{
    (void)head;
    answer(request, "{\"live\":true}");
}

/* Probes come all the time: what they find is not logged. */
static bool is_ready(struct route_request *request)
{
    struct registry *registry = request->routes->registry;
    char reason[REGISTRY_REASON_BYTES];

    if (registry_state(registry) == REGISTRY_READY)
        return true;
    registry_reason(registry, reason);
    route_refuse(request, 503, reason);
    request->reason = CLARY_OK; /* no error to count */
    return false;
}

void route_kserve_ready(struct route_request *request,
                        const struct http_head *head)
{
    (void)head;
    if (is_ready(request))
        answer(request, "{\"ready\":true}");
}

/* Borrows the model that the path names. False: the request is answered. */
static bool acquire(struct route_request *request, const struct http_head *head)
{
    struct route_model named;
    char version[24];

    if (!route_acquire_model(request))
        return false;
    const struct clary_model_info *info = &request->model->info;
    snprintf(version, sizeof version, "%" PRId64, info->version);
    if (route_path_matches(request->route->path, head->path, &named) &&
        route_path_is(named.name, named.name_len, info->name) &&
        (named.version == NULL ||
         route_path_is(named.version, named.version_len, version)))
        return true;
    (void)clary_fail(&request->err, CLARY_NOT_FOUND,
                     "no such model; this server has \"%.64s\", version %s",
                     info->name, version);
    route_fail_with_error(request);
    return false;
}

void route_kserve_model(struct route_request *request,
                        const struct http_head *head)
{
    if (acquire(request, head))
        answer_text(request, kserve_json_model(request->model));
}

void route_kserve_model_ready(struct route_request *request,
                              const struct http_head *head)
{
    if (is_ready(request) && acquire(request, head))
        answer_text(request, kserve_json_ready(request->model));
}

void route_kserve_infer(struct route_request *request,
                        const struct http_head *head)
{
    struct clary_request invocation = {.protocol = CLARY_PROTOCOL_KSERVE};

    if (!acquire(request, head))
        return;
    if (head->json_length != NULL) {
        route_fail(request, 400,
                   "Inference-Header-Content-Length announces binary data, "
                   "expected all of the request as JSON");
        return;
    }
    if (route_read_attributes(request, head, &invocation) != CLARY_OK ||
        route_invoke_begin(request, &invocation) != CLARY_OK)
        route_fail_with_error(request);
}
