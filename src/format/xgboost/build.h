/* build.h: learners to the ops of a program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_BUILD_H
#define CLARY_FORMAT_XGBOOST_BUILD_H

#include "format/xgboost/learner.h"
#include "format/xgboost/objective.h"

#include <clary/model.h>

/* What one model gives a row. */
struct clary_built {
    struct clary_objective objective;
    size_t n_groups;  /* margins a row */
    size_t n_outputs; /* predictions a row: n_groups, 1 for multi:softmax */
    size_t n_trees;   /* that are used */
    uint32_t margins; /* (1, n_groups) per row, F32 */
    uint32_t value;   /* (1, n_outputs) per row, F32 */
};

/* Adds the model's margins and its objective's transform.
 *
 *   arena     of the program
 *   input     (1, n_features) per row, F32
 *   trees     which of them are used
 *   errors    CLARY_BAD_MODEL, CLARY_UNSUPPORTED, CLARY_NO_MEMORY
 */
enum clary_status clary_learner_build(const struct clary_learner *learner,
                                      struct clary_program *program,
                                      struct clary_arena *arena, uint32_t input,
                                      enum clary_trees trees,
                                      struct clary_built *built,
                                      struct clary_error *err) CLARY_MUST_USE;

/* What SageMaker's container answers for several models: the mean of their
 * predictions, or for multi:softmax and binary:hinge the class that most
 * predict, the lowest of equals. `out` is (1, n_outputs) per row. */
enum clary_status clary_built_combine(const struct clary_built *built, size_t n,
                                      struct clary_program *program,
                                      struct clary_arena *arena, uint32_t *out,
                                      struct clary_error *err) CLARY_MUST_USE;

#endif
