/* fuzz_lightgbm.c: any bytes as a LightGBM text model; what loads predicts a
 * row of zeros and one of NaN.
 *
 * The two lines that every model begins with are put in front, since the
 * format is not asked for anything else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Explains the row x, if that can be done. */
static void explain(const struct clary_model *model, struct clary_arena *arena,
                    const double *x)
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
        double *x = clary_execution_input(execution, 0);

        memset(x, 0, n * sizeof *x);
        if (clary_execution_run(execution, 1, &err) != CLARY_OK)
            abort();
        for (size_t i = 0; i < n; i++)
            x[i] = (double)NAN;
        if (clary_execution_run(execution, 1, &err) != CLARY_OK)
            abort();
        explain(model, &arena, x);
    }
    clary_arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "tree\nversion=v";
    const struct clary_load_options options = {.max_model_bytes = 64u << 20};
    const size_t len = sizeof head - 1 + size;
    unsigned char *bytes = malloc(len); /* of its size, for AddressSanitizer */
    const struct clary_file file = {"model.txt", bytes, len};
    const struct clary_artifact artifact = {
        .root = "model", .files = &file, .n_files = 1};
    struct clary_model *model;
    struct clary_error err;

    if (!bytes)
        return 0;
    memcpy(bytes, head, sizeof head - 1);
    if (size > 0)
        memcpy(bytes + sizeof head - 1, data, size);
    if (clary_model_load_artifact(&artifact, &options, &model, &err) ==
        CLARY_OK) {
        run(model);
        clary_model_free(model);
    }
    free(bytes);
    return 0;
}
