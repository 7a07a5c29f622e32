/* test_routes.c: the application behind the server, driven without a socket.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"
#include "serve/routes.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define ID8 "tests/golden/savedmodel/identity8/model.tar.gz"
#define ROW "8.3252,41,6.98412698,1.02380952,322,2.55555556,37.88,-122.23"

static const struct http_head post = {.method = "POST",
                                      .path = "/invocations",
                                      .content_type = "text/csv",
                                      .accept = "text/csv"};

/* Routes with a model, or without one when `path` is NULL. */
static struct routes make_routes(const char *path)
{
    struct routes routes = {.registry = registry_new(), .max_body_bytes = 1000};
    struct clary_error err;

    clary_log_set_level(CLARY_LOG_NONE);
    CHECK_STATUS(clary_init(1, &err), CLARY_OK);
    if (path != NULL &&
        registry_load(routes.registry, path, NULL, &routes.invoke, GOLDEN_OFF,
                      &err) != CLARY_OK)
        CHECK_STR(err.message, "");
    if (path != NULL)
        registry_open(routes.registry);
    return routes;
}

/* begin, feed in two pieces, finish; the answer's body is a text until the
 * next call. Released at once. */
static struct http_answer ask(struct http_app *app, void *request,
                              const struct http_head *head, const char *body)
{
    static char text[8192];
    struct http_answer answer;
    size_t len = strlen(body), half = len / 2;

    if (app->begin(request, head) && app->feed(request, body, half))
        app->feed(request, body + half, len - half);
    app->finish(request, &answer);
    snprintf(text, sizeof text, "%.*s", (int)answer.len,
             answer.len > 0 ? answer.body : "");
    answer.body = text;
    app->release(request);
    return answer;
}

TEST(predictions)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);

    for (int i = 0; i < 3; i++) {
        struct http_answer answer = ask(&app, request, &post, ROW "\n" ROW);
        CHECK_INT(answer.status, 200);
        CHECK_STR(answer.content_type, "text/csv");
        CHECK_STR(answer.body, "8.3252\n8.3252\n");
        CHECK(answer.attributes == NULL && answer.allow == NULL);
        CHECK_INT(ask(&app, request, &post, "1,2").status, 400);
    }
    app.request_free(request);
    registry_free(routes.registry);
}

TEST(routes_and_methods)
{
    static const struct {
        const char *method, *path;
        unsigned status;
        const char *allow;
    } cases[] = {
        {"GET", "/ping", 200, NULL},
        {"HEAD", "/ping", 200, NULL},
        {"POST", "/ping", 200, NULL},
        {"PUT", "/ping", 405, "GET, HEAD, POST"},
        {"GE", "/ping", 405, "GET, HEAD, POST"},
        {"GET", "/invocations", 405, "POST"},
        {"GET", "/ping/", 404, NULL},
        {"GET", "", 404, NULL},
        {"POST", "/invocationsX", 404, NULL},
        {"PUT", "/nope", 404, NULL},
    };
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct http_head head = {.method = cases[i].method,
                                 .path = cases[i].path};
        struct http_answer answer = ask(&app, request, &head, "");
        CHECK_INT(answer.status, cases[i].status);
        CHECK_STR(answer.allow, cases[i].allow);
        CHECK(answer.status == 200
                  ? answer.len == 0
                  : strstr(answer.body, "{\"error\": \"") == answer.body);
    }
    app.request_free(request);
    registry_free(routes.registry);
}

TEST(no_model_yet)
{
    struct routes routes = make_routes(NULL);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    const struct http_head ping = {.method = "GET", .path = "/ping"};

    struct http_answer answer = ask(&app, request, &ping, "");
    CHECK_INT(answer.status, 503);
    CHECK(strstr(answer.body, "loading") != NULL);
    CHECK_INT(ask(&app, request, &post, ROW).status, 503);
    app.request_free(request);
    registry_free(routes.registry);
}

TEST(failed_and_draining)
{
    struct routes routes = make_routes(NULL);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    const struct http_head ping = {.method = "GET", .path = "/ping"};
    struct clary_error err;

    CHECK_STATUS(registry_load(routes.registry, "/nowhere", NULL,
                               &routes.invoke, GOLDEN_OFF, &err),
                 CLARY_IO);
    CHECK(strstr(ask(&app, request, &ping, "").body, "failed") != NULL);
    registry_free(routes.registry);

    routes.registry = registry_new();
    CHECK_STATUS(registry_load(routes.registry, ID8, NULL, &routes.invoke,
                               GOLDEN_OFF, &err),
                 CLARY_OK);
    /* loaded, and not yet behind its fences */
    CHECK(strstr(ask(&app, request, &ping, "").body, "loading") != NULL);
    CHECK_INT(ask(&app, request, &post, ROW).status, 503);
    registry_open(routes.registry);
    CHECK_INT(ask(&app, request, &ping, "").status, 200);
    registry_drain(routes.registry);
    CHECK_INT(ask(&app, request, &ping, "").status, 503);
    CHECK_INT(ask(&app, request, &post, ROW).status, 200);
    app.request_free(request);
    registry_free(routes.registry);
}

TEST(the_body_limit)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    struct http_head head = post;
    char body[1002];

    memset(body, '\n', sizeof body);
    memcpy(body, ROW, strlen(ROW));
    for (size_t len = 1000; len <= 1001; len++) {
        body[len] = '\0';
        for (int is_known = 0; is_known < 2; is_known++) {
            head.length = is_known ? len : UINT64_MAX;
            struct http_answer answer = ask(&app, request, &head, body);
            CHECK_INT(answer.status, len <= 1000 ? 200 : 413);
            CHECK(len <= 1000 || strstr(answer.body, "1000 bytes") != NULL);
        }
        body[len] = '\n';
    }
    head.length = 1001;
    CHECK(!app.begin(request, &head)); /* before a byte of it */
    app.release(request);
    app.request_free(request);
    registry_free(routes.registry);
}

TEST(identity_in_every_answer)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    const struct http_head nowhere = {.method = "GET", .path = "/nope"};

    routes.identify = true;
    for (int i = 0; i < 2; i++) {
        struct http_answer answer =
            ask(&app, request, i == 0 ? &nowhere : &post, ROW);
        if (!CHECK(answer.attributes != NULL))
            continue;
        CHECK_INT(strlen(answer.attributes), strlen("clary-model=") + 12);
        CHECK_INT(strncmp(answer.attributes, "clary-model=", 12), 0);
    }
    app.request_free(request);
    registry_free(routes.registry);
}

/* --- a model is kept for as long as a request has a handle -------------- */

static void *free_registry(void *registry)
{
    registry_free(registry);
    return NULL;
}

TEST(unloading_waits_for_requests)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    const struct timespec pause = {.tv_nsec = 50000000};
    struct http_answer answer;
    pthread_t thread;

    CHECK(app.begin(request, &post));
    if (!CHECK_INT(
            pthread_create(&thread, NULL, free_registry, routes.registry), 0))
        return;
    nanosleep(&pause, NULL);
    CHECK(app.feed(request, ROW, strlen(ROW))); /* ASan would see it freed */
    app.finish(request, &answer);
    CHECK_INT(answer.status, 200);
    CHECK_INT(pthread_tryjoin_np(thread, NULL), EBUSY);
    app.release(request);
    app.request_free(request);
    CHECK_INT(pthread_join(thread, NULL), 0);
}

/* A client that goes away: release without finish. */
TEST(aborted_requests)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);

    for (int i = 0; i < 4; i++) {
        CHECK(app.begin(request, &post));
        if (i % 2 == 1)
            CHECK(app.feed(request, ROW "\n1,", strlen(ROW) + 3));
        app.release(request);
        CHECK_INT(ask(&app, request, &post, ROW).status, 200);
    }
    app.request_free(request);
    registry_free(routes.registry); /* would wait for ever for a lost handle */
}

TEST(execution_parameters)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    const struct http_head get = {.method = "GET",
                                  .path = "/execution-parameters"};

    routes.batch = (struct batch_limits){.max_concurrent_transforms = 3,
                                         .max_payload_mb = 4,
                                         .strategy = BATCH_MULTI_RECORD};
    struct http_answer answer = ask(&app, request, &get, "");
    CHECK_INT(answer.status, 200);
    CHECK_STR(answer.content_type, "application/json");
    CHECK_STR(answer.body, "{\"MaxConcurrentTransforms\": 3, "
                           "\"BatchStrategy\": \"MULTI_RECORD\", "
                           "\"MaxPayloadInMB\": 4}");
    app.request_free(request);
    registry_free(routes.registry);
}

TEST(one_too_many)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *first = app.request_new(app.context);
    void *second = app.request_new(app.context);
    struct http_answer answer;

    routes.admission.limits.max_requests = 1;
    CHECK(app.begin(first, &post));
    answer = ask(&app, second, &post, ROW);
    CHECK_INT(answer.status, 503);
    CHECK_INT(answer.retry_after_s, 1);
    CHECK(strstr(answer.body, "overloaded") != NULL);
    app.release(first);
    answer = ask(&app, second, &post, ROW);
    CHECK_INT(answer.status, 200);
    CHECK_INT(answer.retry_after_s, 0);
    app.request_free(first);
    app.request_free(second);
    CHECK_INT(atomic_load(&routes.admission.n_requests), 0);
    CHECK_INT(atomic_load(&routes.admission.held_bytes), 0);
    registry_free(routes.registry);
}

TEST(heavy_by_budget)
{
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    const struct http_head ping = {.method = "GET", .path = "/ping"};

    routes.piece_budget_us = 0;
    CHECK(app.begin(request, &post));
    CHECK_INT(app.turn_bytes(request), HTTP_PIECE_BYTES);
    app.release(request);
    CHECK(!app.begin(request, &ping));
    CHECK_INT(app.turn_bytes(request), 0);
    app.release(request);
    routes.piece_budget_us = INT64_MAX;
    CHECK(app.begin(request, &post));
    CHECK_INT(app.turn_bytes(request), 0);
    app.release(request);
    app.request_free(request);
    registry_free(routes.registry);
}

/* Explanations are the workers', whatever the budget. */
TEST(explained)
{
    struct routes routes =
        make_routes("tests/golden/xgboost/multi-softprob/model.tar.gz");
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    struct http_head head = post;
    struct http_answer answer;

    routes.piece_budget_us = INT64_MAX;
    CHECK(app.begin(request, &head));
    CHECK_INT(app.turn_bytes(request), 0);
    app.release(request);
    head.attributes = "clary-explain=shap";
    CHECK(app.begin(request, &head));
    CHECK(app.turn_bytes(request) > 0);
    CHECK(app.turn_bytes(request) <= HTTP_PIECE_BYTES);
    CHECK(app.feed(request, "1,2,3,4,5\n", 10));
    app.finish(request, &answer);
    CHECK_INT(answer.status, 200);
    app.release(request);
    head.attributes = "clary-explain=all";
    CHECK(!app.begin(request, &head));
    CHECK_INT(app.turn_bytes(request), 0);
    app.finish(request, &answer);
    CHECK_INT(answer.status, 400);
    app.release(request);
    app.request_free(request);
    registry_free(routes.registry);
}

TEST(a_deadline)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    struct routes routes = make_routes(ID8);
    struct http_app app = routes_app(&routes);
    void *request = app.request_new(app.context);
    struct http_answer answer;

    routes.timeout_ms = 10;
    CHECK(app.begin(request, &post));
    nanosleep(&pause, NULL);
    CHECK(!app.feed(request, ROW, strlen(ROW)));
    app.finish(request, &answer);
    CHECK_INT(answer.status, 503);
    CHECK_INT(answer.retry_after_s, 1);
    app.release(request);
    /* and in time again */
    routes.timeout_ms = 60000;
    CHECK_INT(ask(&app, request, &post, ROW).status, 200);
    app.request_free(request);
    registry_free(routes.registry);
}
