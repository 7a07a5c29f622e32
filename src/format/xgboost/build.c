/* build.c: learners to the ops of a program.
 *
 *   gbtree, dart   forest, then the objective's transform
 *   gblinear       margin = base_score + bias, then + x[f] * weight[f] for
 *                  f = 0, 1, ... in float; a missing x is passed over. Of
 *                  several values of base_score XGBoost takes the first, for
 *                  every class
 *
 * Up to 1.2 (dart: 1.3) XGBoost added base_score behind the sum of the trees,
 * since then it begins with it. The model's own version decides.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/build.h"

#include "format/xgboost/steps.h"
#include "program/explain.h"

#include <string.h>

/* Margins a row: above any that is trained. */
#define MAX_GROUPS 65536

static enum clary_status check(const struct clary_learner *learner,
                               struct clary_built *built,
                               struct clary_error *err)
{
    int64_t n_groups =
        learner->n_classes > 1 ? learner->n_classes : learner->n_targets;

    if (!learner->objective || !learner->booster)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "it names no %s",
                                  learner->objective ? "booster" : "objective");
    if (learner->n_classes > 1 && learner->n_targets > 1)
        return clary_learner_fail(learner, CLARY_UNSUPPORTED, err,
                                  "%lld classes of %lld targets; train one "
                                  "model for each target",
                                  (long long)learner->n_classes,
                                  (long long)learner->n_targets);
    if (n_groups > MAX_GROUPS)
        return clary_learner_fail(learner, CLARY_UNSUPPORTED, err,
                                  "%lld predictions a row, the most is %d",
                                  (long long)n_groups, MAX_GROUPS);
    built->n_groups = n_groups > 1 ? (size_t)n_groups : 1;
    if (learner->n_features < 1 || learner->n_features > CLARY_LEARNER_FEATURES)
        return clary_learner_fail(
            learner, CLARY_UNSUPPORTED, err, "%lld features, expected 1 to %u",
            (long long)learner->n_features, CLARY_LEARNER_FEATURES);
    if (learner->n_features_read > learner->n_features)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "a tree reads feature %lld, and the model "
                                  "has %lld",
                                  (long long)learner->n_features_read - 1,
                                  (long long)learner->n_features);
    if (learner->n_base_score != 1 && learner->n_base_score != built->n_groups)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "%zu values of base_score for %zu outputs",
                                  learner->n_base_score, built->n_groups);
    return CLARY_OK;
}

/* base_score of a group as a margin. */
static float base_of(const struct clary_learner *learner,
                     const struct clary_built *built, size_t group)
{
    float base = learner->base_score[learner->n_base_score == 1 ? 0 : group];

    return learner->is_margin ? base
                              : clary_objective_margin(&built->objective, base);
}

/* --- trees -----------------------------------------------------------------
 */

/* Rounds times parallel trees up to the best round; 0: it is not stated, or
 * does not matter. */
static uint64_t best_of(const struct clary_learner *learner,
                        enum clary_trees trees)
{
    int64_t parallel =
        learner->parallel_trees > 1 ? learner->parallel_trees : 1;

    if (trees == CLARY_TREES_ALL)
        return 0;
    if (trees == CLARY_TREES_BEST && learner->best_trees == 0 &&
        learner->best_iteration >= 0 &&
        learner->best_iteration < INT32_MAX / parallel)
        return (uint64_t)((learner->best_iteration + 1) * parallel);
    return (uint64_t)learner->best_trees;
}

static size_t used_trees(const struct clary_learner *learner,
                         const struct clary_built *built,
                         enum clary_trees trees)
{
    size_t n = learner->roots.n;
    uint64_t best = best_of(learner, trees);

    return best == 0 || best >= n / built->n_groups
               ? n
               : (size_t)best * built->n_groups;
}

static enum clary_status check_trees(const struct clary_learner *learner,
                                     const struct clary_built *built,
                                     struct clary_error *err)
{
    size_t n = learner->roots.n;

    if (learner->n_groups != n)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "%zu trees, and tree_info has %zu", n,
                                  learner->n_groups);
    for (size_t t = 0; t < n; t++)
        if (learner->groups[t] < 0 ||
            (size_t)learner->groups[t] >= built->n_groups)
            return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                      "tree %zu belongs to output %d of %zu", t,
                                      (int)learner->groups[t], built->n_groups);
    if (learner->n_weights != n && learner->n_weights != 0)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "%zu trees, and weight_drop has %zu", n,
                                  learner->n_weights);
    return CLARY_OK;
}

static enum clary_status add_trees(const struct clary_learner *learner,
                                   struct clary_program *program,
                                   struct clary_arena *arena, uint32_t input,
                                   struct clary_built *built,
                                   struct clary_error *err)
{
    bool is_dart = learner->n_weights > 0;
    size_t n = built->n_trees;
    uint32_t *groups = clary_arena_calloc(arena, n, sizeof *groups);
    double *base = clary_arena_calloc(arena, built->n_groups, sizeof *base);
    double *weights = clary_arena_calloc(arena, is_dart ? n : 0, sizeof *base);
    struct clary_forest forest = {
        .dtype = CLARY_DTYPE_F32,
        .n_features = (size_t)learner->n_features,
        .n_groups = built->n_groups,
        .n_trees = n,
        .nodes = learner->nodes.data,
        .n_nodes = learner->nodes.n,
        .leaves = learner->leaves.data,
        .leaf_covers = learner->covers.data,
        .n_leaves = learner->leaves.n,
        .sets = learner->sets.data,
        .n_sets = learner->sets.n,
        .roots = learner->roots.data,
        .groups = groups,
        .weights = is_dart ? weights : NULL,
        .base = base,
        .base_first = clary_learner_since(learner, 1, is_dart ? 4 : 3)};

    if (!groups || !base || !weights)
        return clary_no_memory(err);
    for (size_t t = 0; t < n; t++) {
        groups[t] = (uint32_t)learner->groups[t];
        if (is_dart)
            weights[t] = (double)learner->weights[t];
    }
    for (size_t g = 0; g < built->n_groups; g++)
        base[g] = (double)base_of(learner, built, g);
    return clary_forest_add(program, learner->name, &forest, input,
                            &built->margins, err);
}

/* --- a linear model --------------------------------------------------------
 */

/* One group's margin, (1, 1). */
static enum clary_status add_linear_group(const struct clary_steps *steps,
                                          const struct clary_learner *learner,
                                          const float *weights, float base,
                                          uint32_t input, uint32_t *out,
                                          struct clary_error *err)
{
    struct clary_broadcast_params row = {.per_row = true,
                                         .shape = {.rank = 2, .dim = {1, 1}}};
    struct clary_axis_params axis = {.axis = 1};
    uint32_t missing, zero, terms, summands[2];

    CLARY_TRY(clary_steps_matrix(steps, weights, 1, (size_t)learner->n_features,
                                 &terms, err));
    CLARY_TRY(clary_steps_binary(steps, "mul", input, terms, &terms, err));
    CLARY_TRY(clary_steps_unary(steps, "is_nan", input, &missing, err));
    CLARY_TRY(clary_steps_scalar(steps, 0.0f, &zero, err));
    CLARY_TRY(clary_steps_add(steps, "select", NULL, 0,
                              (uint32_t[]){missing, zero, terms}, 3,
                              &summands[1], 1, err));
    CLARY_TRY(clary_steps_matrix(steps, &base, 1, 1, &summands[0], err));
    CLARY_TRY(clary_steps_add(steps, "broadcast", &row, sizeof row,
                              (uint32_t[]){summands[0], input}, 2, &summands[0],
                              1, err));
    CLARY_TRY(clary_steps_add(steps, "concat", &axis, sizeof axis, summands, 2,
                              &terms, 1, err));
    return clary_steps_reduce(steps, "sum", terms, true, out, err);
}

static enum clary_status add_linear(const struct clary_learner *learner,
                                    struct clary_program *program,
                                    struct clary_arena *arena, uint32_t input,
                                    struct clary_built *built,
                                    struct clary_error *err)
{
    struct clary_steps steps = {program, arena, learner->name};
    struct clary_axis_params axis = {.axis = 1};
    struct clary_linear *linear = clary_arena_calloc(arena, 1, sizeof *linear);
    size_t n = (size_t)learner->n_features, n_groups = built->n_groups;
    uint32_t *margins = clary_arena_calloc(arena, n_groups, sizeof *margins);

    if (learner->n_linear / n_groups != n + 1 ||
        learner->n_linear % n_groups != 0)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "%zu weights, expected %zu x %zu",
                                  learner->n_linear, n + 1, n_groups);
    float *weights =
        clary_arena_calloc(arena, learner->n_linear, sizeof *weights);
    if (!linear || !weights || !margins)
        return clary_no_memory(err);
    float *biases = weights + n * n_groups;
    *linear = (struct clary_linear){input, n, n_groups, weights, biases};
    for (size_t g = 0; g < n_groups; g++, weights += n) {
        biases[g] =
            learner->linear[n * n_groups + g] + base_of(learner, built, 0);
        for (size_t f = 0; f < n; f++)
            weights[f] = learner->linear[f * n_groups + g];
        CLARY_TRY(add_linear_group(&steps, learner, weights, biases[g], input,
                                   &margins[g], err));
    }
    clary_program_tell_linear(program, linear);
    built->margins = margins[0];
    if (n_groups == 1)
        return CLARY_OK;
    return clary_steps_add(&steps, "concat", &axis, sizeof axis, margins,
                           n_groups, &built->margins, 1, err);
}

enum clary_status clary_learner_build(const struct clary_learner *learner,
                                      struct clary_program *program,
                                      struct clary_arena *arena, uint32_t input,
                                      enum clary_trees trees,
                                      struct clary_built *built,
                                      struct clary_error *err)
{
    CLARY_TRY(check(learner, built, err));
    CLARY_TRY(
        clary_objective_find(learner, built->n_groups, &built->objective, err));
    built->n_trees = 0;
    if (strcmp(learner->booster, "gblinear") == 0) {
        CLARY_TRY(add_linear(learner, program, arena, input, built, err));
    } else if (strcmp(learner->booster, "gbtree") == 0 ||
               strcmp(learner->booster, "dart") == 0) {
        CLARY_TRY(check_trees(learner, built, err));
        built->n_trees = used_trees(learner, built, trees);
        CLARY_TRY(add_trees(learner, program, arena, input, built, err));
    } else {
        return clary_learner_fail(learner, CLARY_UNSUPPORTED, err,
                                  "booster \"%s\"; gbtree, dart and gblinear "
                                  "are served",
                                  learner->booster);
    }
    built->n_outputs = built->objective.transform == CLARY_TRANSFORM_ARGMAX
                           ? 1
                           : built->n_groups;
    return clary_objective_add(program, arena, learner, &built->objective,
                               built->margins, &built->value, err);
}

/* --- several models --------------------------------------------------------
 */

static bool is_vote(const struct clary_built *built)
{
    return built->objective.transform == CLARY_TRANSFORM_ARGMAX ||
           built->objective.transform == CLARY_TRANSFORM_HINGE;
}

/* The class that most models predict, the lowest of equals: classes as one-hot
 * rows, their sum, the first of its highest. */
static enum clary_status combine_votes(const struct clary_steps *steps,
                                       const struct clary_built *built,
                                       size_t n, uint32_t *out,
                                       struct clary_error *err)
{
    struct clary_one_hot_params params = {
        .axis = 1,
        .depth = built->objective.transform == CLARY_TRANSFORM_HINGE
                     ? 2
                     : (int64_t)built->n_groups,
        .on = 1,
        .dtype = CLARY_DTYPE_F32};
    struct clary_reshape_params flat = {.per_row = true,
                                        .shape = {.rank = 1, .dim = {1}}};
    struct clary_reshape_params column = {.per_row = true,
                                          .shape = {.rank = 2, .dim = {1, 1}}};
    uint32_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        uint32_t votes;

        CLARY_TRY(clary_steps_cast(steps, built[i].value, CLARY_DTYPE_I32,
                                   &votes, err));
        CLARY_TRY(clary_steps_add(steps, "reshape", &flat, sizeof flat, &votes,
                                  1, &votes, 1, err));
        CLARY_TRY(clary_steps_add(steps, "one_hot", &params, sizeof params,
                                  &votes, 1, &votes, 1, err));
        if (i == 0)
            sum = votes;
        else
            CLARY_TRY(clary_steps_binary(steps, "add", sum, votes, &sum, err));
    }
    CLARY_TRY(clary_steps_reduce(steps, "argmax", sum, false, &sum, err));
    CLARY_TRY(clary_steps_add(steps, "reshape", &column, sizeof column, &sum, 1,
                              &sum, 1, err));
    return clary_steps_cast(steps, sum, CLARY_DTYPE_F32, out, err);
}

enum clary_status clary_built_combine(const struct clary_built *built, size_t n,
                                      struct clary_program *program,
                                      struct clary_arena *arena, uint32_t *out,
                                      struct clary_error *err)
{
    struct clary_steps steps = {program, arena, "ensemble"};
    uint32_t sum = built[0].value, count;

    if (n == 1) {
        *out = sum;
        return CLARY_OK;
    }
    if (is_vote(built) && built->n_outputs > 1)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "%zu models of %s with %zu targets cannot be put to "
                          "the vote; keep one in the artifact",
                          n, built->objective.name, built->n_outputs);
    if (is_vote(built))
        return combine_votes(&steps, built, n, out, err);
    for (size_t i = 1; i < n; i++)
        CLARY_TRY(
            clary_steps_binary(&steps, "add", sum, built[i].value, &sum, err));
    CLARY_TRY(clary_steps_scalar(&steps, (float)n, &count, err));
    return clary_steps_binary(&steps, "div", sum, count, out, err);
}
