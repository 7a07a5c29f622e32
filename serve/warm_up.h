/* warm_up.h: the first prediction of a model, made by nobody's request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_WARM_UP_H
#define SERVE_WARM_UP_H

#include <clary/invoke.h>
#include <clary/model.h>
#include <clary/status.h>

/* Scores one row of zeros as CSV, so that the first request meets warm code
 * and memory and a model that cannot run is found out. A model that refuses
 * zeros as data (CLARY_BAD_INPUT) is as good as one that takes them: that is
 * logged. Errors: those of an invocation but CLARY_BAD_INPUT. */
enum clary_status warm_up(const struct clary_model *model,
                          const struct clary_invoke_options *options,
                          struct clary_error *err) CLARY_MUST_USE;

#endif
