/* objective.h: what XGBoost does to the margins, objective by objective.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_OBJECTIVE_H
#define CLARY_FORMAT_XGBOOST_OBJECTIVE_H

#include "data/scores.h"
#include "format/xgboost/learner.h"

enum clary_transform {
    CLARY_TRANSFORM_NONE,
    CLARY_TRANSFORM_SIGMOID,
    CLARY_TRANSFORM_EXP,
    CLARY_TRANSFORM_SOFTMAX,
    CLARY_TRANSFORM_ARGMAX, /* the class, as a float */
    CLARY_TRANSFORM_HINGE,  /* margin > 0: 0 or 1 */
    CLARY_TRANSFORM_SORT    /* ascending: quantiles do not cross */
};

/* From base_score, which is in the space of predictions, to a margin. */
enum clary_link { CLARY_LINK_NONE, CLARY_LINK_LOGIT, CLARY_LINK_LOG };

struct clary_objective {
    const char *name;
    enum clary_transform transform;
    enum clary_link link;
    enum clary_answer answer;
};

/* The learner's objective, as the version that wrote the model has it. Errors:
 * CLARY_UNSUPPORTED names it. */
enum clary_status clary_objective_find(const struct clary_learner *learner,
                                       size_t n_groups,
                                       struct clary_objective *objective,
                                       struct clary_error *err) CLARY_MUST_USE;

/* base_score as a margin, in float as XGBoost computes it. */
float clary_objective_margin(const struct clary_objective *objective,
                             float base_score);

/* Whether XGBoost `major`.`minor` or a later one wrote the model. */
bool clary_learner_since(const struct clary_learner *learner, int64_t major,
                         int64_t minor);

/* Adds the transform's ops: `margins` is (1, n_groups) per row; `out` has the
 * same shape, but (1, 1) for ARGMAX. */
enum clary_status clary_objective_add(struct clary_program *program,
                                      struct clary_arena *arena,
                                      const struct clary_learner *learner,
                                      const struct clary_objective *objective,
                                      uint32_t margins, uint32_t *out,
                                      struct clary_error *err) CLARY_MUST_USE;

#endif
