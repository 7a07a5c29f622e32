/* fuzz_xgboost.c: any bytes as a model file of XGBoost, in each of its
 * encodings; what loads predicts a row of zeros and one of NaN.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner.h"
#include "invoke/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Explains the row x, if that can be done. */
static void explain(const struct clary_model *model, struct clary_arena *arena,
                    const float *x)
{
    const struct clary_explainer *explainer = clary_model_explainer(model);
    const struct clary_field *field;
    void *scratch, *contributions;

    if (!explainer)
        return;
    field = clary_explainer_field(explainer);
    contributions = clary_arena_calloc(arena, field->width, sizeof *x);
    scratch =
        clary_arena_alloc(arena, clary_explainer_scratch_bytes(explainer));
    if (contributions && scratch)
        clary_explain(explainer, x, 1, scratch, contributions);
}

static void run(const struct clary_model *model)
{
    const struct clary_program *program = clary_model_program(model);
    const size_t n = clary_model_signature(model)->n_columns;
    struct clary_execution *execution;
    struct clary_arena arena;
    struct clary_error err;

    clary_arena_init(&arena, (size_t)64 << 20);
    execution = clary_execution_new(&arena, program);
    if (execution) {
        float *x = clary_execution_input(execution, 0);

        memset(x, 0, n * sizeof *x);
        if (clary_execution_run(execution, 1, &err) != CLARY_OK)
            abort();
        for (size_t i = 0; i < n; i++)
            x[i] = NAN;
        if (clary_execution_run(execution, 1, &err) != CLARY_OK)
            abort();
        explain(model, &arena, x);
    }
    clary_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct clary_load_options options = {.max_model_bytes = 64u << 20};
    const struct clary_file file = {"xgboost-model", data, size};
    const struct clary_artifact artifact = {
        .root = "model", .files = &file, .n_files = 1};
    struct clary_model *model;
    struct clary_error err;

    if (!clary_learner_probe(data, size))
        return 0;
    if (clary_model_load_artifact(&artifact, &options, &model, &err) ==
        CLARY_OK) {
        run(model);
        clary_model_free(model);
    }
    return 0;
}
