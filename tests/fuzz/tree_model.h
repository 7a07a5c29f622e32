/* tree_model.h: a file that may be a model of trees, loaded; what loads
 * predicts and explains a row of zeros and one of NaN.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_FUZZ_TREE_MODEL_H
#define CLARY_TESTS_FUZZ_TREE_MODEL_H

#include "invoke/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Explains the row x, if that can be done. */
static void explain(const struct clary_model *model, struct clary_arena *arena,
                    const void *x)
{
    const struct clary_explainer *explainer = clary_model_explainer(model);
    const struct clary_field *field;
    void *scratch, *contributions;

    if (!explainer)
        return;
    field = clary_explainer_field(explainer);
    contributions = clary_arena_calloc(arena, field->width,
                                       clary_dtype_bytes(field->dtype));
    scratch =
        clary_arena_alloc(arena, clary_explainer_scratch_bytes(explainer));
    if (contributions && scratch)
        clary_explain(explainer, x, 1, scratch, contributions);
}

static void run(const struct clary_model *model)
{
    const struct clary_signature *signature = clary_model_signature(model);
    const enum clary_dtype dtype = signature->inputs[0].dtype;
    const size_t n = signature->n_columns;
    struct clary_execution *execution;
    struct clary_arena arena;
    struct clary_error err;

    clary_arena_init(&arena, (size_t)64 << 20);
    execution = clary_execution_new(&arena, clary_model_program(model));
    if (execution) {
        void *x = clary_execution_input(execution, 0);

        memset(x, 0, n * clary_dtype_bytes(dtype));
        if (clary_execution_run(execution, 1, &err) != CLARY_OK)
            abort();
        for (size_t i = 0; i < n; i++)
            if (dtype == CLARY_DTYPE_F32)
                ((float *)x)[i] = NAN;
            else
                ((double *)x)[i] = (double)NAN;
        if (clary_execution_run(execution, 1, &err) != CLARY_OK)
            abort();
        explain(model, &arena, x);
    }
    clary_arena_deinit(&arena);
}

static void load_and_run(const char *name, const uint8_t *data, size_t size)
{
    const struct clary_load_options options = {.max_model_bytes = 64u << 20};
    const struct clary_file file = {name, data, size};
    const struct clary_artifact artifact = {
        .root = "model", .files = &file, .n_files = 1};
    struct clary_model *model;
    struct clary_error err;

    if (clary_model_load_artifact(&artifact, &options, &model, &err) ==
        CLARY_OK) {
        run(model);
        clary_model_free(model);
    }
}

#endif
