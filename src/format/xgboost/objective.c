/* objective.c: what XGBoost does to the margins, objective by objective.
 *
 * Each transform is made of the ops that give XGBoost's very bits, so that it
 * is not the ops sigmoid and softmax:
 *
 *     sigmoid   1 / (exp(min(-x, 88.7)) + 1); the min came with 1.6
 *     softmax   e = exp(x - max x), e / (float)(sum of e in double)
 *
 * exp is the C library's expf, there as here. Departures from XGBoost: none
 * known.
 *
 *   source  XGBoost's documentation "XGBoost Parameters", Learning Task
 *           Parameters; the orders of arithmetic are proved against the
 *           library in tests/golden/xgboost
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/objective.h"

#include "format/xgboost/steps.h"

#include <math.h>
#include <string.h>

/* More quantiles than this are not sorted: pairs grow with the square. */
#define MAX_SORTED 32

#define NONE    CLARY_TRANSFORM_NONE, CLARY_LINK_NONE
#define SIGMOID CLARY_TRANSFORM_SIGMOID, CLARY_LINK_LOGIT
#define EXP     CLARY_TRANSFORM_EXP, CLARY_LINK_LOG

static const struct clary_objective objectives[] = {
    {"reg:squarederror", NONE, CLARY_ANSWER_SCORE},
    {"reg:linear", NONE, CLARY_ANSWER_SCORE},
    {"reg:squaredlogerror", NONE, CLARY_ANSWER_OTHER},
    {"reg:pseudohubererror", NONE, CLARY_ANSWER_OTHER},
    {"reg:absoluteerror", NONE, CLARY_ANSWER_SCORE},
    {"reg:quantileerror", NONE, CLARY_ANSWER_OTHER},
    {"reg:expectileerror", NONE, CLARY_ANSWER_OTHER},
    {"reg:logistic", SIGMOID, CLARY_ANSWER_SCORE},
    {"reg:gamma", EXP, CLARY_ANSWER_SCORE},
    {"reg:tweedie", EXP, CLARY_ANSWER_SCORE},
    {"binary:logistic", SIGMOID, CLARY_ANSWER_LOGISTIC},
    {"binary:logitraw", NONE, CLARY_ANSWER_LOGITRAW},
    {"binary:hinge", CLARY_TRANSFORM_HINGE, CLARY_LINK_NONE,
     CLARY_ANSWER_HINGE},
    {"count:poisson", EXP, CLARY_ANSWER_OTHER},
    {"multi:softprob", CLARY_TRANSFORM_SOFTMAX, CLARY_LINK_NONE,
     CLARY_ANSWER_SOFTPROB},
    {"multi:softmax", CLARY_TRANSFORM_ARGMAX, CLARY_LINK_NONE,
     CLARY_ANSWER_SOFTMAX},
    {"rank:pairwise", NONE, CLARY_ANSWER_OTHER},
    {"rank:ndcg", NONE, CLARY_ANSWER_OTHER},
    {"rank:map", NONE, CLARY_ANSWER_OTHER},
    {"survival:aft", EXP, CLARY_ANSWER_OTHER},
    {"survival:cox", EXP, CLARY_ANSWER_OTHER},
};

bool clary_learner_since(const struct clary_learner *learner, int64_t major,
                         int64_t minor)
{
    return learner->version[0] > major ||
           (learner->version[0] == major && learner->version[1] >= minor);
}

enum clary_status clary_objective_find(const struct clary_learner *learner,
                                       size_t n_groups,
                                       struct clary_objective *objective,
                                       struct clary_error *err)
{
    const char *name = learner->objective;
    size_t i, n = sizeof objectives / sizeof *objectives;

    /* 0.7x has the same objectives for GPUs */
    if (strncmp(name, "gpu:", 4) == 0)
        name += 4;
    for (i = 0; i < n && strcmp(objectives[i].name, name) != 0; i++)
        ;
    if (i == n)
        return clary_learner_fail(
            learner, CLARY_UNSUPPORTED, err,
            "the objective \"%s\" is not known; save a model that was trained "
            "with one of XGBoost's own",
            learner->objective);
    *objective = objectives[i];
    if (strcmp(name, "reg:expectileerror") == 0 && n_groups > 1)
        return clary_learner_fail(
            learner, CLARY_UNSUPPORTED, err,
            "reg:expectileerror with %zu expectiles; train one model for each",
            n_groups);
    if (strcmp(name, "reg:quantileerror") == 0 && n_groups > 1 &&
        clary_learner_since(learner, 3, 4)) {
        objective->transform = CLARY_TRANSFORM_SORT;
        if (n_groups > MAX_SORTED)
            return clary_learner_fail(
                learner, CLARY_UNSUPPORTED, err,
                "reg:quantileerror with %zu quantiles, the most is %d",
                n_groups, MAX_SORTED);
    }
    /* until 1.2 its base_score was a probability as that of binary:logistic */
    if (strcmp(name, "binary:logitraw") == 0 &&
        !clary_learner_since(learner, 1, 3))
        objective->link = CLARY_LINK_LOGIT;
    return CLARY_OK;
}

float clary_objective_margin(const struct clary_objective *objective,
                             float base_score)
{
    switch (objective->link) {
    case CLARY_LINK_LOGIT:
        return -logf(1.0f / base_score - 1.0f);
    case CLARY_LINK_LOG:
        return logf(base_score);
    default:
        return base_score;
    }
}

static enum clary_status add_sigmoid(const struct clary_steps *steps,
                                     bool is_clamped, uint32_t x, uint32_t *out,
                                     struct clary_error *err)
{
    uint32_t one, most;

    CLARY_TRY(clary_steps_scalar(steps, 1.0f, &one, err));
    CLARY_TRY(clary_steps_unary(steps, "neg", x, &x, err));
    if (is_clamped) {
        CLARY_TRY(clary_steps_scalar(steps, 88.7f, &most, err));
        CLARY_TRY(clary_steps_binary(steps, "minimum", x, most, &x, err));
    }
    CLARY_TRY(clary_steps_unary(steps, "libm_exp", x, &x, err));
    CLARY_TRY(clary_steps_binary(steps, "add", x, one, &x, err));
    return clary_steps_unary(steps, "reciprocal", x, out, err);
}

static enum clary_status add_softmax(const struct clary_steps *steps,
                                     uint32_t x, uint32_t *out,
                                     struct clary_error *err)
{
    uint32_t max, sum;

    CLARY_TRY(clary_steps_reduce(steps, "max", x, true, &max, err));
    CLARY_TRY(clary_steps_binary(steps, "sub", x, max, &x, err));
    CLARY_TRY(clary_steps_unary(steps, "libm_exp", x, &x, err));
    CLARY_TRY(clary_steps_cast(steps, x, CLARY_DTYPE_F64, &sum, err));
    CLARY_TRY(clary_steps_reduce(steps, "sum", sum, true, &sum, err));
    CLARY_TRY(clary_steps_cast(steps, sum, CLARY_DTYPE_F32, &sum, err));
    return clary_steps_binary(steps, "div", x, sum, out, err);
}

static enum clary_status add_argmax(const struct clary_steps *steps, uint32_t x,
                                    uint32_t *out, struct clary_error *err)
{
    struct clary_reshape_params params = {.per_row = true,
                                          .shape = {.rank = 2, .dim = {1, 1}}};

    CLARY_TRY(clary_steps_reduce(steps, "argmax", x, false, &x, err));
    CLARY_TRY(clary_steps_add(steps, "reshape", &params, sizeof params, &x, 1,
                              &x, 1, err));
    return clary_steps_cast(steps, x, CLARY_DTYPE_F32, out, err);
}

static enum clary_status add_hinge(const struct clary_steps *steps, uint32_t x,
                                   uint32_t *out, struct clary_error *err)
{
    uint32_t zero;

    CLARY_TRY(clary_steps_scalar(steps, 0.0f, &zero, err));
    CLARY_TRY(clary_steps_binary(steps, "greater", x, zero, &x, err));
    return clary_steps_cast(steps, x, CLARY_DTYPE_F32, out, err);
}

/* Bubble sort over the columns: every pair in turn, the smaller to the left. */
static enum clary_status add_sort(const struct clary_steps *steps, size_t n,
                                  uint32_t x, uint32_t *out,
                                  struct clary_error *err)
{
    struct clary_axis_params axis = {.axis = 1};
    uint32_t columns[MAX_SORTED], low;

    CLARY_TRY(clary_steps_add(steps, "split", &axis, sizeof axis, &x, 1,
                              columns, n, err));
    for (size_t end = n; end > 1; end--)
        for (size_t i = 0; i + 1 < end; i++) {
            CLARY_TRY(clary_steps_binary(steps, "minimum", columns[i],
                                         columns[i + 1], &low, err));
            CLARY_TRY(clary_steps_binary(steps, "maximum", columns[i],
                                         columns[i + 1], &columns[i + 1], err));
            columns[i] = low;
        }
    return clary_steps_add(steps, "concat", &axis, sizeof axis, columns, n, out,
                           1, err);
}

enum clary_status clary_objective_add(struct clary_program *program,
                                      struct clary_arena *arena,
                                      const struct clary_learner *learner,
                                      const struct clary_objective *objective,
                                      uint32_t margins, uint32_t *out,
                                      struct clary_error *err)
{
    struct clary_steps steps = {program, arena, objective->name};

    switch (objective->transform) {
    case CLARY_TRANSFORM_SIGMOID:
        return add_sigmoid(&steps, clary_learner_since(learner, 1, 6), margins,
                           out, err);
    case CLARY_TRANSFORM_EXP:
        return clary_steps_unary(&steps, "libm_exp", margins, out, err);
    case CLARY_TRANSFORM_SOFTMAX:
        return add_softmax(&steps, margins, out, err);
    case CLARY_TRANSFORM_ARGMAX:
        return add_argmax(&steps, margins, out, err);
    case CLARY_TRANSFORM_HINGE:
        return add_hinge(&steps, margins, out, err);
    case CLARY_TRANSFORM_SORT:
        return add_sort(
            &steps, (size_t)clary_program_value(program, margins)->shape.dim[1],
            margins, out, err);
    default:
        *out = margins;
        return CLARY_OK;
    }
}
