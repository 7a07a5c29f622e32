/* intake.h: what all routes with a body have in common.
 *
 * In this order: the length is checked; the route begins, and once the model is
 * known the request is admitted (admission.h) or told 503, before it takes any
 * memory; each piece is inflated and counted before the route is fed; a request
 * that is late is not computed any further.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_INTAKE_H
#define SERVE_INTAKE_H

#include "admission.h"
#include "http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inflater;
struct route_request;

/* A request's part of it. Begin with zeros. */
struct intake {
    struct ticket ticket;
    struct inflater *inflater;   /* made for the first compressed body */
    bool is_packed;              /* the body is compressed */
    bool takes_gzip;             /* the client does, for the answer */
    char first_byte;             /* of the body */
    uint64_t length;             /* of the body, as announced; 0: not known */
    int64_t deadline_ms;         /* on the monotonic clock; 0: none */
    double reply_bytes_per_byte; /* of the body, expected; 0: not known */
    size_t turn_bytes;   /* of the body, fed at once where that takes long */
    uint64_t body_bytes; /* inflated, fed so far */
};

/* For the route, when the model and whether it is to explain are known, and
 * before the invocation. False: there is too much, and the request is answered.
 */
bool intake_admit(struct route_request *request) CLARY_MUST_USE;

/* Each of them may answer the request. */
void intake_begin(struct route_request *request, const struct http_head *head);
void intake_feed(struct route_request *request, const char *bytes, size_t len);
void intake_finish(struct route_request *request);

/* What it keeps for the next request. */
size_t intake_kept_bytes(const struct intake *intake);

void intake_free(struct intake *intake);

#endif
