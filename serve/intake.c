/* intake.c: from the bytes of a request to the bytes that its route is fed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "intake.h"

#include "base/clock.h"
#include "deflate.h"
#include "inflate.h"
#include "route.h"

#include <inttypes.h>

enum { NUMBER_BYTES = 16 }; /* a number of a reply, and what separates it */

/* So long may a worker be at a request that is explained, or one row. */
#define TURN_NS 5e6

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

/* Nobody needs what is not computed by now. */
static bool is_late(const struct route_request *request)
{
    return request->intake.deadline_ms != 0 &&
           clary_clock_ms() >= request->intake.deadline_ms;
}

static void refuse(struct route_request *request, const char *reason)
{
    route_refuse(request, 503, reason);
    admission_refused(&request->routes->admission, reason);
}

static void refuse_late(struct route_request *request)
{
    refuse(request, "overloaded: not computed within CLARY_TIMEOUT_MS");
}

static void refuse_excess(struct route_request *request, const char *reason)
{
    refuse(request, reason);
    request->answer.is_excess = true;
    admission_leave(&request->routes->admission, &request->intake.ticket);
}

static bool is_heavy(const struct route_request *request)
{
    const struct registry_model *model = request->model;

    if (request->is_explained) /* some tenths of a millisecond a row */
        return true;
    /* a pace that is not known is 0: infinitely slow */
    return HTTP_PIECE_BYTES * 1e6 / model->pace.body_bytes_per_s >
           (double)request->routes->piece_budget_us;
}

/* What the plan for it is once it explains: how much of the body may pass
 * between two looks at the clock, and at the other requests; and that its reply
 * has the contributions, too. */
static void plan_explanation(struct route_request *request)
{
    const struct registry_model *model = request->model;
    const struct model_pace *pace = &model->pace;
    struct intake *intake = &request->intake;
    const struct clary_field *contributions;
    struct clary_error unused;
    double row_bytes = 64, bytes;

    if (pace->rows_per_s > 0)
        row_bytes = pace->body_bytes_per_s / pace->rows_per_s;
    bytes = row_bytes * TURN_NS / clary_model_explanation_ns(model->model);
    if (bytes <= HTTP_PIECE_BYTES)
        intake->turn_bytes =
            bytes < row_bytes ? (size_t)row_bytes + 1 : (size_t)bytes;
    if (pace->rows_per_s > 0 &&
        clary_model_contributions(model->model, &contributions, &unused) ==
            CLARY_OK)
        intake->reply_bytes_per_byte += (double)contributions->width *
                                        NUMBER_BYTES * pace->rows_per_s /
                                        pace->body_bytes_per_s;
}

static uint64_t expected_reply(const struct route_request *request,
                               uint64_t body_bytes)
{
    return (uint64_t)((double)body_bytes *
                      request->intake.reply_bytes_per_byte);
}

static enum clary_status read_coding(struct route_request *request,
                                     const char *header)
{
    enum content_coding coding = content_coding_parse(header);

    request->intake.is_packed = coding != CODING_IDENTITY;
    if (coding == CODING_IDENTITY)
        return CLARY_OK;
    if (coding == CODING_UNKNOWN)
        return clary_fail(&request->err, CLARY_BAD_MEDIA_TYPE,
                          "Content-Encoding is \"%s\", expected gzip, deflate "
                          "or identity",
                          header);
    if (request->intake.inflater == NULL)
        request->intake.inflater = inflater_new();
    if (request->intake.inflater == NULL)
        return clary_no_memory(&request->err);
    inflater_begin(request->intake.inflater, coding,
                   request->routes->max_inflate_ratio);
    return CLARY_OK;
}

bool intake_admit(struct route_request *request)
{
    struct intake *intake = &request->intake;

    intake->turn_bytes = HTTP_PIECE_BYTES;
    /* as much to a byte of the body as to the rows it was measured with */
    intake->reply_bytes_per_byte = request->model->pace.reply_bytes_per_byte;
    if (request->is_explained)
        plan_explanation(request);
    const char *excess =
        admission_enter(&request->routes->admission, &intake->ticket,
                        is_heavy(request), intake->length,
                        request->model->pace.working_bytes +
                            expected_reply(request, intake->length));
    if (excess != NULL)
        refuse_excess(request, excess);
    return excess == NULL;
}

void intake_begin(struct route_request *request, const struct http_head *head)
{
    const struct routes *routes = request->routes;
    uint64_t length = head->length != UINT64_MAX ? head->length : 0;

    request->intake =
        (struct intake){.inflater = request->intake.inflater,
                        .length = length,
                        .takes_gzip = routes->compress_bytes > 0 &&
                                      accepts_gzip(head->accept_encoding)};
    if (routes->timeout_ms > 0)
        request->intake.deadline_ms = clary_clock_ms() + routes->timeout_ms;
    if (check_length(request, length) != CLARY_OK) {
        route_fail_with_error(request);
        return;
    }
    request->route->begin(request, head);
    if (!route_is_answered(request) && head->content_encoding != NULL &&
        read_coding(request, head->content_encoding) != CLARY_OK)
        route_fail_with_error(request);
}

/* An inflated piece may be longer than a turn. */
static void feed_route(struct route_request *request, const char *bytes,
                       size_t len)
{
    size_t turn = request->intake.turn_bytes;

    while (request->is_explained && len > turn && !route_is_answered(request)) {
        request->route->feed(request, bytes, turn);
        bytes += turn;
        len -= turn;
        if (!route_is_answered(request) && is_late(request))
            refuse_late(request);
    }
    if (len > 0 && !route_is_answered(request))
        request->route->feed(request, bytes, len);
}

/* False: it has become too much, and is refused. */
static bool hold(struct route_request *request)
{
    uint64_t bytes = clary_invoke_bytes(request->invoke) +
                     expected_reply(request, request->intake.body_bytes);
    const char *excess = NULL;

    if (bytes > request->intake.ticket.held_bytes)
        excess = admission_hold(&request->routes->admission,
                                &request->intake.ticket, bytes);
    if (excess == NULL)
        return true;
    /* the rest of the body may take long to come */
    clary_invoke_free(request->invoke);
    request->invoke = NULL;
    request->is_invocation = false;
    refuse_excess(request, excess);
    return false;
}

/* A piece of the body as the route reads it. */
static bool feed_plain(void *argument, const char *bytes, size_t len)
{
    struct route_request *request = argument;

    request->intake.body_bytes += len;
    if (check_length(request, request->intake.body_bytes) != CLARY_OK) {
        route_fail_with_error(request);
        return false;
    }
    if (hold(request))
        feed_route(request, bytes, len);
    return !route_is_answered(request);
}

/* No text begins with the two bytes of gzip's magic number. */
static bool is_unannounced_gzip(struct route_request *request,
                                const char *bytes, size_t len)
{
    if (request->intake.body_bytes > 1 || len == 0)
        return false;
    if (request->intake.body_bytes == 1)
        return request->intake.first_byte == '\x1F' && bytes[0] == '\x8B';
    request->intake.first_byte = bytes[0];
    return len > 1 && bytes[0] == '\x1F' && bytes[1] == '\x8B';
}

void intake_feed(struct route_request *request, const char *bytes, size_t len)
{
    if (is_late(request)) {
        refuse_late(request);
    } else if (request->intake.is_packed) {
        if (inflater_feed(request->intake.inflater, bytes, len, feed_plain,
                          request, &request->err) != CLARY_OK)
            route_fail_with_error(request);
    } else if (is_unannounced_gzip(request, bytes, len)) {
        route_fail(request, 415,
                   "the request body is compressed with gzip, expected "
                   "Content-Encoding: gzip to say so");
    } else {
        (void)feed_plain(request, bytes, len);
    }
}

/* The answer is a prediction. */
static void count_reply(struct route_request *request)
{
    const struct routes *routes = request->routes;
    struct http_answer *answer = &request->answer;

    (void)admission_hold(&request->routes->admission, &request->intake.ticket,
                         clary_invoke_bytes(request->invoke) + answer->len);
    if (routes->compress_bytes == 0)
        return;
    answer->vary = "Accept-Encoding";
    answer->use_gzip =
        request->intake.takes_gzip && answer->len >= routes->compress_bytes;
}

void intake_finish(struct route_request *request)
{
    if (is_late(request))
        refuse_late(request);
    else if (request->intake.is_packed &&
             inflater_finish(request->intake.inflater, &request->err) !=
                 CLARY_OK)
        route_fail_with_error(request);
    else
        request->route->finish(request);
    if (request->answer.status == 200)
        count_reply(request);
}

size_t intake_kept_bytes(const struct intake *intake)
{
    return intake->inflater != NULL ? INFLATER_BYTES : 0;
}

void intake_free(struct intake *intake)
{
    inflater_free(intake->inflater);
}
