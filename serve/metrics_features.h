/* metrics_features.h: three counters for each column that a model reads.
 *
 *   missing       the value was missing (NaN)
 *   out of range  it was below or above everything seen in training
 *   unparsable    the request was refused for it: no value of the column's
 *                 type, or nothing where the model takes no missing value
 *
 * What training has seen is said by the artifact: in clary/baseline.json
 * (metrics_baseline_json.h), or else by the rows of clary/golden.csv.
 *
 * A column is called as the golden file's header calls it, else as
 * columns.h does; both names are known to baseline.json.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_METRICS_FEATURES_H
#define SERVE_METRICS_FEATURES_H

#include <clary/invoke.h>
#include <clary/model.h>
#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BASELINE_PATH "clary/baseline.json"

/* Columns of a model that has more are not counted one by one: they would
 * swamp whoever collects the numbers. */
enum { FEATURES_MAX = 1000 };

struct features;

struct feature_counts {
    uint64_t missing, out_of_range, unparsable;
};

bool features_fit(const struct clary_model *model);

/* Of a model that fits, without ranges. NULL: no memory. */
struct features *features_new(const struct clary_model *model);
void features_free(struct features *features); /* NULL is allowed */

/* Takes names and ranges from the artifact. Before anybody else has
 * `features`.
 *
 *   errors  CLARY_BAD_INPUT: the baseline is none; then there are no ranges
 */
enum clary_status features_learn(struct features *features,
                                 const struct clary_model *model,
                                 struct clary_error *err) CLARY_MUST_USE;

size_t features_count(const struct features *features);
const char *features_name(const struct features *features, size_t index);
bool features_has_range(const struct features *features, size_t index);

/* For clary_invoke_watch. */
const struct clary_ranges *features_ranges(const struct features *features);

/* As metrics_record_features; `thread` tells threads apart. */
void features_add(struct features *features, size_t thread,
                  const struct clary_column_counts *counts, size_t feature);

void features_read(const struct features *features, size_t index,
                   struct feature_counts *counts);

#endif
