/* report_json.h: what the subcommands print with --json.
 *
 * Each function prints one document and a line feed on stdout. False: no
 * memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_REPORT_JSON_H
#define SERVE_REPORT_JSON_H

#include "golden.h"

#include <clary/model.h>
#include <clary/status.h>

#include <stdbool.h>

/* {"error": {"status": ..., "message": ...}} */
bool report_json_error(const struct clary_error *err);

/* All that clary_model_info, the ops and the signature tell. */
bool report_json_model(const struct clary_model *model);

/* What `clary check` found; `result` NULL: there were no golden rows. */
bool report_json_check(const struct clary_model *model,
                       const struct golden_result *result);

#endif
