/* warm_up.h: the first predictions of a model, made by nobody's request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_WARM_UP_H
#define SERVE_WARM_UP_H

#include <clary/invoke.h>
#include <clary/model.h>
#include <clary/status.h>

/* What a model costs here, decoding and encoding included. */
struct model_pace {
    double body_bytes_per_s;     /* of CSV, on one core */
    double rows_per_s;           /* the same rows */
    double reply_bytes_per_byte; /* of the body */
    size_t working_bytes;        /* of a request, without its reply */
};

/* Scores one row of zeros as CSV, so that the first request meets warm code
 * and memory and a model that cannot run is found out; then as many rows as
 * some milliseconds allow, to measure.
 *
 * A model that refuses zeros as data (CLARY_BAD_INPUT) is as good as one that
 * takes them: that is logged, and its pace is 0, unknown.
 *
 *   pace      written on CLARY_OK; NULL: nothing is measured
 *   errors    those of an invocation but CLARY_BAD_INPUT
 */
enum clary_status warm_up(const struct clary_model *model,
                          const struct clary_invoke_options *options,
                          struct model_pace *pace, struct clary_error *err)
    CLARY_MUST_USE;

#endif
