/* explain.c: which explanation a program has, and rows through it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/explain.h"

#include "program/forest_impl.h"
#include "program/ops.h"
#include "program/program_impl.h"

#include <math.h>

struct clary_explainer {
    struct clary_field field;
    size_t input;
    size_t n_features, n_groups;
    const struct clary_shap *shap;     /* NULL: linear */
    const struct clary_linear *linear; /* NULL: trees */
};

void clary_program_tell_linear(struct clary_program *program,
                               const struct clary_linear *linear)
{
    program->linear = linear;
    program->n_linear++;
}

/* The op of the program's only forest; NULL: there is none. */
static enum clary_status find_forest(const struct clary_program *program,
                                     const struct clary_op **forest,
                                     struct clary_error *err)
{
    size_t n = 0;

    *forest = NULL;
    for (size_t i = 0; i < program->n_ops; i++)
        if (program->ops[i].kind == clary_ops_forest[0]) {
            *forest = &program->ops[i];
            n++;
        }
    if (n + program->n_linear == 1)
        return CLARY_OK;
    if (n + program->n_linear == 0)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "contributions are those of trees, and the model has "
                          "none");
    return clary_fail(err, CLARY_UNSUPPORTED,
                      "contributions are those of one model; here %zu answer "
                      "together",
                      n + program->n_linear);
}

static enum clary_status find_input(const struct clary_program *program,
                                    uint32_t value,
                                    struct clary_explainer *explainer,
                                    struct clary_error *err)
{
    for (size_t i = 0; i < program->n_inputs; i++)
        if (program->inputs[i].value == value) {
            explainer->input = i;
            return CLARY_OK;
        }
    return clary_fail(err, CLARY_UNSUPPORTED,
                      "contributions are those of the columns that the trees "
                      "read, and the model computes these itself");
}

static void set_field(struct clary_explainer *explainer, enum clary_dtype dtype)
{
    struct clary_field *field = &explainer->field;
    const int64_t width = (int64_t)explainer->n_features + 1;

    *field = (struct clary_field){.name = "contributions",
                                  .dtype = dtype,
                                  .shape = {.rank = 1, .dim = {width}},
                                  .width = explainer->n_groups *
                                           (explainer->n_features + 1)};
    if (explainer->n_groups > 1)
        field->shape = (struct clary_shape){
            .rank = 2, .dim = {(int64_t)explainer->n_groups, width}};
}

static enum clary_status use_forest(const struct clary_op *op,
                                    struct clary_arena *arena,
                                    struct clary_explainer *explainer,
                                    struct clary_error *err)
{
    const struct forest_params *params = op->params;
    struct clary_shap *shap;

    CLARY_TRY(clary_shap_new(arena, params, &shap, err));
    explainer->shap = shap;
    explainer->n_features = params->forest.n_features;
    explainer->n_groups = params->forest.n_groups;
    set_field(explainer, params->forest.dtype);
    return CLARY_OK;
}

enum clary_status clary_explainer_new(struct clary_arena *arena,
                                      const struct clary_program *program,
                                      struct clary_explainer **out,
                                      struct clary_error *err)
{
    struct clary_explainer *explainer =
        clary_arena_calloc(arena, 1, sizeof *explainer);
    const struct clary_op *forest;

    if (!explainer)
        return clary_no_memory(err);
    CLARY_TRY(find_forest(program, &forest, err));
    CLARY_TRY(find_input(program,
                         forest ? forest->in[0] : program->linear->input,
                         explainer, err));
    if (forest) {
        CLARY_TRY(use_forest(forest, arena, explainer, err));
    } else {
        explainer->linear = program->linear;
        explainer->n_features = program->linear->n_features;
        explainer->n_groups = program->linear->n_groups;
        set_field(explainer, CLARY_DTYPE_F32);
    }
    *out = explainer;
    return CLARY_OK;
}

const struct clary_field *clary_explainer_field(
    const struct clary_explainer *explainer)
{
    return &explainer->field;
}

size_t clary_explainer_input(const struct clary_explainer *explainer)
{
    return explainer->input;
}

double clary_explainer_row_ns(const struct clary_explainer *explainer)
{
    return explainer->shap ? clary_shap_row_ns(explainer->shap)
                           : (double)explainer->field.width;
}

/* Doubles of CLARY_SHAP_ROWS rows, which come first. */
static size_t doubles_bytes(const struct clary_explainer *explainer)
{
    const size_t line = CLARY_ARENA_ALIGN;
    const size_t n = CLARY_SHAP_ROWS * explainer->field.width;

    return (n * sizeof(double) + line - 1) / line * line;
}

size_t clary_explainer_scratch_bytes(const struct clary_explainer *explainer)
{
    return doubles_bytes(explainer) +
           (explainer->shap ? clary_shap_scratch_bytes(explainer->shap) : 0);
}

static void linear_row(const struct clary_linear *linear, const float *x,
                       double *contributions)
{
    const float *weights = linear->weights;

    for (size_t g = 0; g < linear->n_groups; g++) {
        for (size_t f = 0; f < linear->n_features; f++)
            *contributions++ =
                isnan(x[f]) ? 0 : (double)x[f] * (double)weights[f];
        *contributions++ = (double)linear->biases[g];
        weights += linear->n_features;
    }
}

static void store(enum clary_dtype dtype, const double *from, size_t n,
                  void *to)
{
    float *narrow = to;

    if (dtype != CLARY_DTYPE_F32)
        memcpy(to, from, n * sizeof *from);
    else
        for (size_t i = 0; i < n; i++)
            narrow[i] = (float)from[i];
}

void clary_explain(const struct clary_explainer *explainer, const void *x,
                   size_t rows, void *scratch, void *contributions)
{
    const struct clary_field *field = &explainer->field;
    const size_t element = clary_dtype_bytes(field->dtype);
    const size_t most = explainer->shap ? CLARY_SHAP_ROWS : 1;
    void *rest = (char *)scratch + doubles_bytes(explainer);
    const char *from = x;
    char *to = contributions;

    while (rows > 0) {
        const size_t n = rows < most ? rows : most;

        if (explainer->shap)
            clary_shap_rows(explainer->shap, from, n, rest, scratch);
        else
            linear_row(explainer->linear, (const void *)from, scratch);
        store(field->dtype, scratch, n * field->width, to);
        from += n * explainer->n_features * element;
        to += n * field->width * element;
        rows -= n;
    }
}
