/* model.h: what an invocation needs of a model, beyond <clary/model.h>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_INVOKE_MODEL_H
#define CLARY_INVOKE_MODEL_H

#include "base/artifact.h"
#include "data/scores.h"
#include "program/explain.h"
#include "program/program.h"

#include <clary/invoke.h>
#include <clary/model.h>

/* clary_model_load of what is in `artifact`, which stays the caller's and must
 * outlive the model (tests, fuzzing). */
enum clary_status clary_model_load_artifact(
    const struct clary_artifact *artifact,
    const struct clary_load_options *options, struct clary_model **out,
    struct clary_error *err) CLARY_MUST_USE __attribute__((nonnull(1, 3, 4)));

const struct clary_program *clary_model_program(
    const struct clary_model *model);

/* NULL: clary_model_contributions says why. */
const struct clary_explainer *clary_model_explainer(
    const struct clary_model *model);

/* The style that CLARY_STYLE_AUTO means for this model. */
enum clary_style clary_model_style(const struct clary_model *model);

/* Whether an empty cell is a missing value, NaN, or an error. */
bool clary_model_missing_is_nan(const struct clary_model *model);

/* What the first output is, and of how many classes (0 where there are none).
 */
enum clary_answer clary_model_answer(const struct clary_model *model,
                                     size_t *n_classes);

const char *clary_model_name(const struct clary_model *model);
const char *clary_model_version(const struct clary_model *model);

/* Unlike the address, never that of an earlier model that was freed. */
uint64_t clary_model_serial(const struct clary_model *model);

#endif
