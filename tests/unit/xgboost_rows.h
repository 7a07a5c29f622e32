/* xgboost_rows.h: rows through a model of XGBoost without the wire, so that
 * every float can be in them, and its margins beside its predictions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_XGBOOST_ROWS_H
#define CLARY_TESTS_XGBOOST_ROWS_H

#include "format/xgboost/build.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <stdarg.h>
#include <stdlib.h>

static struct clary_error why;

struct loaded {
    struct clary_arena arena, temporary, scratch;
    struct clary_learner *learner;
    struct clary_program *program;
    struct clary_built built;
    enum clary_status status;
};

static enum clary_status build_loaded(struct loaded *loaded,
                                      enum clary_trees trees)
{
    struct clary_shape shape = {.rank = 1,
                                .dim = {loaded->learner->n_features}};
    uint32_t input;

    loaded->program = clary_program_new(&loaded->arena, &why);
    CLARY_TRY(clary_program_input(loaded->program, "x", CLARY_DTYPE_F32, &shape,
                                  &input, &why));
    CLARY_TRY(clary_learner_build(loaded->learner, loaded->program,
                                  &loaded->arena, input, trees, &loaded->built,
                                  &why));
    CLARY_TRY(clary_program_output(loaded->program, "margin",
                                   loaded->built.margins, &why));
    CLARY_TRY(clary_program_output(loaded->program, "score",
                                   loaded->built.value, &why));
    return clary_program_finish(loaded->program, &why);
}

/* loaded->status tells; unload it in any case. */
__attribute__((unused)) static void load_bytes(struct loaded *loaded,
                                               const void *bytes, size_t len,
                                               enum clary_trees trees)
{
    memset(loaded, 0, sizeof *loaded);
    clary_arena_init(&loaded->arena, (size_t)256 << 20);
    clary_arena_init(&loaded->temporary, (size_t)256 << 20);
    clary_arena_init(&loaded->scratch, (size_t)256 << 20);
    loaded->status =
        clary_learner_read(&loaded->temporary, &loaded->arena, &loaded->scratch,
                           "model", bytes, len, &loaded->learner, &why);
    if (loaded->status == CLARY_OK)
        loaded->status = build_loaded(loaded, trees);
    clary_arena_deinit(&loaded->scratch);
}

__attribute__((unused)) static void unload(struct loaded *loaded)
{
    clary_arena_deinit(&loaded->temporary);
    clary_arena_deinit(&loaded->arena);
}

/* Margins (rows, n_groups) and scores (rows, n_outputs), either may be NULL. */
__attribute__((unused)) static bool run_rows(struct loaded *loaded,
                                             const float *x, size_t n_rows,
                                             float *margins, float *scores)
{
    size_t block = clary_program_block_rows(loaded->program);
    size_t columns = (size_t)loaded->learner->n_features;
    size_t groups = loaded->built.n_groups, outputs = loaded->built.n_outputs;
    struct clary_execution *execution =
        clary_execution_new(&loaded->arena, loaded->program);

    if (!CHECK(execution != NULL))
        return false;
    for (size_t r = 0; r < n_rows; r += block) {
        size_t n = n_rows - r < block ? n_rows - r : block;

        memcpy(clary_execution_input(execution, 0), x + r * columns,
               n * columns * sizeof *x);
        if (!CHECK_STATUS(clary_execution_run(execution, n, &why), CLARY_OK))
            return false;
        if (margins)
            memcpy(margins + r * groups, clary_execution_output(execution, 0),
                   n * groups * sizeof *margins);
        if (scores)
            memcpy(scores + r * outputs, clary_execution_output(execution, 1),
                   n * outputs * sizeof *scores);
    }
    return true;
}

/* Floats between two: 0 for the same, and for -0.0 and 0.0. */
__attribute__((unused)) static int64_t ulps(float a, float b)
{
    int32_t x, y;
    int64_t from, to;

    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    from = x < 0 ? (int64_t)INT32_MIN - x : x;
    to = y < 0 ? (int64_t)INT32_MIN - y : y;
    return from > to ? from - to : to - from;
}

/* --- a model in JSON, with parts that a test chooses --- */

/* Formats into a buffer that the next call reuses. */
__attribute__((unused, format(printf, 1, 2))) static const char *model_json(
    const char *format, ...)
{
    static char text[16384];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return text;
}

#define LEAF_TREE                                                              \
    "{\"left_children\":[-1],\"right_children\":[-1],\"split_indices\":[0],"   \
    "\"split_conditions\":[2.5E-1],\"default_left\":[0]}"
#define STUMP                                                                  \
    "{\"left_children\":[1,-1,-1],\"right_children\":[2,-1,-1],"               \
    "\"split_indices\":[1,0,0],\"split_conditions\":[5E-1,-1E0,2E0],"          \
    "\"default_left\":[1,0,0],\"sum_hessian\":[3E0,1E0,2E0],"                  \
    "\"tree_param\":{\"size_leaf_vector\":\"1\"}}"
#define BOOSTER(trees, info)                                                   \
    "{\"name\":\"gbtree\",\"model\":{\"tree_info\":[" info                     \
    "],\"trees\":[" trees "]}}"
#define PARAM(base)                                                            \
    "{\"base_score\":\"" base "\",\"num_class\":\"0\",\"num_feature\":\"2\","  \
    "\"num_target\":\"1\"}"
#define MODEL(objective, param, booster)                                       \
    "{\"learner\":{\"gradient_booster\":" booster                              \
    ",\"learner_model_param\":" param ",\"objective\":{\"name\":\"" objective  \
    "\"}},\"version\":[3,0,0]}"

#endif
