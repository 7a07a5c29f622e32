/* metrics_baseline_json.h: the ranges of columns in training.
 *
 *     {"MedInc": {"min": 0.4999, "max": 15.0001}, "HouseAge": {"min": 1, ...
 *
 * `min` or `max` may be null or left out: there is no such bound. Other
 * members of a column are passed over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_METRICS_BASELINE_JSON_H
#define SERVE_METRICS_BASELINE_JSON_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>

/* Gets the range of a column, an infinity where it has no bound; false: the
 * model has no such column. */
typedef bool baseline_visitor(void *context, const char *name, double min,
                              double max);

/* Reads all or, on an error, nothing.
 *
 *   errors  CLARY_BAD_INPUT: what is wrong with which column; or the model has
 *           none of them
 */
enum clary_status baseline_json_read(const char *text, size_t len,
                                     baseline_visitor *visit, void *context,
                                     struct clary_error *err) CLARY_MUST_USE;

#endif
