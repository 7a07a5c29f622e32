/* lightgbm.c: LightGBM's text models, v2 (2017) to v4, as a program.
 *
 *     features (n) float64 -> forest -> the objective's ops -> score
 *
 * The file may have any name; it is known by its first lines, "tree" and
 * "version=v...". Splits, sums and transforms are LightGBM's own, in double
 * and in its order, so that raw scores have the same bits.
 *
 * Not served: models of JSON (dump_model) and pickles around a model; models
 * in several files.
 *
 * Tests: tests/unit/test_lightgbm.c, tests/golden/lightgbm.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/lightgbm/lightgbm.h"

#include "format/format.h"

#include <string.h>

static struct clary_text text_of(const struct clary_file *file)
{
    const char *bytes = (const char *)file->bytes;

    return (struct clary_text){bytes, bytes ? bytes + file->len : bytes};
}

static bool is_model(const struct clary_file *file)
{
    struct clary_text text = text_of(file), line;

    return text.at && clary_text_line(&text, &line) &&
           clary_text_is(&line, "tree") && clary_text_line(&text, &line) &&
           clary_text_begins(&line, "version=v");
}

/* The first model at or behind file `i`; NULL: there is none. */
static const struct clary_file *find(const struct clary_artifact *artifact,
                                     size_t i)
{
    for (; i < artifact->n_files; i++)
        if (is_model(&artifact->files[i]))
            return &artifact->files[i];
    return NULL;
}

static bool probe(const struct clary_artifact *artifact)
{
    return find(artifact, 0) != NULL;
}

static const struct clary_file *first_model(
    const struct clary_artifact *artifact)
{
    return find(artifact, 0);
}

static enum clary_status choose(const struct clary_artifact *artifact,
                                const struct clary_file **file,
                                struct clary_error *err)
{
    const struct clary_file *second;

    *file = find(artifact, 0);
    if (!*file)
        return clary_fail(err, CLARY_INTERNAL, "the LightGBM model is gone");
    second = find(artifact, (size_t)(*file - artifact->files) + 1);
    if (second)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the artifact holds several LightGBM models, \"%s\" "
                          "and \"%s\"; one is served",
                          (*file)->path, second->path);
    return CLARY_OK;
}

static enum clary_status build(const struct clary_lightgbm *model,
                               struct clary_program *program,
                               bool *averages_predictions,
                               const char **objective, struct clary_error *err)
{
    const struct clary_shape row = {1, {(int64_t)model->n_features}};
    struct clary_reshape_params *scalar =
        clary_arena_calloc(model->arena, 1, sizeof *scalar);
    uint32_t value;

    if (!scalar)
        return clary_no_memory(err);
    CLARY_TRY(clary_program_input(program, "features", CLARY_DTYPE_F64, &row,
                                  &value, err));
    clary_program_name_columns(program, 0, model->names);
    clary_program_blanks_are_underscores(program, 0); /* as LightGBM does */
    CLARY_TRY(clary_lightgbm_set_categories(model, program, err));
    CLARY_TRY(clary_forest_add(program, model->name, &model->forest, value,
                               &value, err));
    CLARY_TRY(clary_lightgbm_add_objective(
        model, program, value, &value, averages_predictions, objective, err));
    if (model->n_groups == 1) {
        *scalar = (struct clary_reshape_params){true, {1, {1}}};
        CLARY_TRY(clary_program_add(program, "reshape", model->name, scalar,
                                    &value, 1, &value, 1, err));
    }
    return clary_program_output(program, "score", value, err);
}

/* --- remarks --- */

static enum clary_status remarks(const struct clary_lightgbm *model,
                                 struct clary_loading *loading,
                                 bool averages_predictions,
                                 struct clary_error *err)
{
    const bool code =
        clary_artifact_find(loading->artifact, "code/inference.py") != NULL;

    loading->notes = clary_arena_printf(
        model->arena, "%s%s%s",
        code ? "code/inference.py is in the artifact and is not run\n" : "",
        averages_predictions
            ? "the leaves hold predictions (a random forest of LightGBM 2): "
              "their average is not transformed\n"
            : "",
        model->n_categories > 0 && model->categories_lack_columns
            ? "pandas_categorical does not say which columns it is for: rows "
              "give codes\n"
            : "");
    return loading->notes ? CLARY_OK : clary_no_memory(err);
}

static enum clary_status load(struct clary_loading *loading,
                              struct clary_error *err)
{
    struct clary_lightgbm *model =
        clary_arena_calloc(loading->temporary, 1, sizeof *model);
    const struct clary_file *file;
    bool averages_predictions = false;

    if (!model)
        return clary_no_memory(err);
    CLARY_TRY(choose(loading->artifact, &file, err));
    model->name =
        clary_arena_strndup(loading->arena, file->path, strlen(file->path));
    model->rest = text_of(file);
    model->arena = loading->arena;
    model->temporary = loading->temporary;
    loading->program = clary_program_new(loading->arena, err);
    if (!model->name || !loading->program)
        return clary_no_memory(err);
    CLARY_TRY(clary_lightgbm_read_header(model, err));
    CLARY_TRY(clary_lightgbm_read_trees(model, err));
    CLARY_TRY(clary_lightgbm_read_categories(model, err));
    CLARY_TRY(build(model, loading->program, &averages_predictions,
                    &loading->signature, err));
    loading->framework =
        clary_arena_printf(loading->arena, "LightGBM v%u", model->version);
    loading->n_nodes = model->forest.n_nodes;
    if (!loading->framework)
        return clary_no_memory(err);
    CLARY_TRY(clary_loading_tell(loading, err, "objective", "%s",
                                 loading->signature));
    CLARY_TRY(clary_loading_tell(loading, err, "trees_per_iteration", "%zu",
                                 model->n_groups));
    if (model->forest.divisor != 0)
        CLARY_TRY(clary_loading_tell(loading, err, "sum", "averaged"));
    return remarks(model, loading, averages_predictions, err);
}

const struct clary_format clary_format_lightgbm = {
    .name = "LightGBM",
    .style = "plain",
    .missing_is_nan = true,
    .probe = probe,
    .model = first_model,
    .load = load,
};
