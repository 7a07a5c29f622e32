/* xgboost.c: XGBoost models, 0.72 to 3.x, by SageMaker's rules.
 *
 *     xgboost-model     or any other name; JSON, UBJSON, binary or a Booster
 *                       pickled by Python, told apart by content
 *
 * Several models in one directory answer together, as in SageMaker's
 * container (build.h). Files that hold no model and names that begin with '.'
 * are passed over; the models nearest to the root count.
 *
 * The trees that are used are those of Booster.predict, unless the model
 * states best_ntree_limit (XGBoost up to 1.7, after early stopping): then those
 * up to it, as in the container. A missing value is NaN; whatever else stood
 * for it in training (DMatrix(missing=-999)) is not in the model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "format/format.h"
#include "format/xgboost/build.h"
#include "format/xgboost/categories.h"

#include <stdio.h>
#include <string.h>

enum { BASE_BYTES = 200 }; /* of base_score as text */

/* Models that answer together. */
#define MAX_MODELS 64

/* What one load works with. */
struct load {
    struct clary_loading *loading;
    struct clary_arena scratch;
    size_t n;
    const struct clary_file *files[MAX_MODELS];
    struct clary_learner *learners[MAX_MODELS];
    struct clary_built built[MAX_MODELS];
    bool categories_differ;
};

static bool is_hidden(const char *path)
{
    return *path == '.' || strstr(path, "/.") != NULL;
}

static size_t depth_of(const char *path)
{
    size_t depth = 0;

    while ((path = strchr(path, '/')) != NULL) {
        path++;
        depth++;
    }
    return depth;
}

/* Bytes of the directory's part of a path. */
static size_t directory_len(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) : 0;
}

typedef bool probe_bytes(const void *bytes, size_t len);

/* What `is_model` takes for a model in the directory that is nearest to the
 * root, at most `max` files; their number. */
static size_t find_with(const struct clary_artifact *artifact,
                        probe_bytes *is_model, const struct clary_file **files,
                        size_t max)
{
    const char *first = NULL;
    size_t n = 0;

    for (size_t i = 0; i < artifact->n_files; i++) {
        const struct clary_file *file = &artifact->files[i];

        if (is_hidden(file->path) || !is_model(file->bytes, file->len))
            continue;
        if (!first || depth_of(file->path) < depth_of(first)) {
            first = file->path;
            n = 0;
        } else if (directory_len(file->path) != directory_len(first) ||
                   strncmp(file->path, first, directory_len(first)) != 0) {
            continue;
        }
        if (n < max)
            files[n] = file;
        n++;
    }
    return n;
}

/* The models of the artifact. Where there is none, its pickles: to tell what
 * they hold instead. */
static size_t find(const struct clary_artifact *artifact,
                   const struct clary_file **files, size_t max)
{
    size_t n = find_with(artifact, clary_learner_probe, files, max);

    return n ? n : find_with(artifact, clary_learner_is_pickle, files, max);
}

static bool probe(const struct clary_artifact *artifact)
{
    return find(artifact, NULL, 0) > 0;
}

static const struct clary_file *first_model(
    const struct clary_artifact *artifact)
{
    const struct clary_file *file = NULL;

    (void)find_with(artifact, clary_learner_probe, &file, 1);
    return file;
}

static enum clary_status read_models(struct load *load, struct clary_error *err)
{
    struct clary_loading *loading = load->loading;

    load->n = find(loading->artifact, load->files, MAX_MODELS);
    if (loading->alone && load->n > 1)
        load->n = 1;
    if (load->n > MAX_MODELS)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "%zu models in one directory, the most is %d",
                          load->n, MAX_MODELS);
    for (size_t i = 0; i < load->n; i++) {
        const struct clary_file *file = load->files[i];

        CLARY_TRY(clary_learner_read(loading->temporary, loading->arena,
                                     &load->scratch, file->path, file->bytes,
                                     file->len, &load->learners[i], err));
        clary_arena_reset(&load->scratch);
        clary_artifact_put_aside(loading->artifact, file);
        loading->n_nodes += load->learners[i]->nodes.n;
    }
    return CLARY_OK;
}

/* Models that answer together must read the same and say the same. */
static enum clary_status check_columns(const struct load *load, size_t i,
                                       struct clary_error *err)
{
    const struct clary_learner *a = load->learners[0], *b = load->learners[i];

    if (a->n_features == b->n_features)
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_MODEL,
                      "%s has %lld features and %s has %lld; models in one "
                      "directory answer together",
                      a->name, (long long)a->n_features, b->name,
                      (long long)b->n_features);
}

static enum clary_status check_outputs(const struct load *load, size_t i,
                                       struct clary_error *err)
{
    const struct clary_built *a = &load->built[0], *b = &load->built[i];

    if (strcmp(a->objective.name, b->objective.name) == 0 &&
        a->n_groups == b->n_groups)
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_MODEL,
                      "%s is %s of %zu outputs and %s is %s of %zu; models in "
                      "one directory answer together",
                      load->learners[0]->name, a->objective.name, a->n_groups,
                      load->learners[i]->name, b->objective.name, b->n_groups);
}

/* One value a row is a number, several are a row. */
static enum clary_status add_output(struct load *load, uint32_t value,
                                    struct clary_error *err)
{
    struct clary_loading *loading = load->loading;
    struct clary_reshape_params *params =
        clary_arena_calloc(loading->arena, 1, sizeof *params);

    if (!params)
        return clary_no_memory(err);
    *params = (struct clary_reshape_params){.per_row = true,
                                            .shape = {.rank = 1, .dim = {1}}};
    if (load->built[0].n_outputs == 1)
        CLARY_TRY(clary_program_add(loading->program, "reshape", "score",
                                    params, &value, 1, &value, 1, err));
    return clary_program_output(loading->program, "score", value, err);
}

/* Names the columns after the features, if the first model that has names has
 * one for each. */
static enum clary_status name_columns(struct load *load,
                                      struct clary_error *err)
{
    struct clary_loading *loading = load->loading;
    const struct clary_learner_names *names = NULL;
    const char **copies;

    for (size_t i = 0; i < load->n && !names; i++)
        if (load->learners[i]->feature_names.n ==
            (uint64_t)load->learners[0]->n_features)
            names = &load->learners[i]->feature_names;
    if (!names) {
        clary_program_prefix_columns(loading->program, 0, "f"); /* XGBoost's */
        return CLARY_OK;
    }
    copies = clary_arena_calloc(loading->arena, names->n, sizeof *copies);
    if (!copies)
        return clary_no_memory(err);
    for (size_t f = 0; f < names->n; f++) {
        copies[f] = clary_arena_strndup(loading->arena, names->names[f],
                                        strlen(names->names[f]));
        if (!copies[f])
            return clary_no_memory(err);
    }
    clary_program_name_columns(loading->program, 0, copies);
    return CLARY_OK;
}

static enum clary_status build(struct load *load, struct clary_error *err)
{
    struct clary_loading *loading = load->loading;
    struct clary_shape shape = {.rank = 1,
                                .dim = {load->learners[0]->n_features}};
    uint32_t input, value;

    loading->program = clary_program_new(loading->arena, err);
    if (!loading->program)
        return CLARY_NO_MEMORY;
    CLARY_TRY(clary_program_input(loading->program, "features", CLARY_DTYPE_F32,
                                  &shape, &input, err));
    CLARY_TRY(name_columns(load, err));
    CLARY_TRY(clary_learner_set_categories(load->learners, load->n,
                                           loading->program, loading->arena,
                                           &load->categories_differ, err));
    for (size_t i = 0; i < load->n; i++) {
        CLARY_TRY(check_columns(load, i, err));
        CLARY_TRY(clary_learner_build(load->learners[i], loading->program,
                                      loading->arena, input, loading->trees,
                                      &load->built[i], err));
        CLARY_TRY(check_outputs(load, i, err));
    }
    loading->answer = load->built[0].objective.answer;
    loading->n_classes = load->built[0].n_groups;
    CLARY_TRY(clary_built_combine(load->built, load->n, loading->program,
                                  loading->arena, &value, err));
    return add_output(load, value, err);
}

/* What a user should know about this artifact. */
static enum clary_status remarks(struct load *load, struct clary_error *err)
{
    struct clary_loading *loading = load->loading;
    const struct clary_learner *learner = load->learners[0];
    const struct clary_built *built = &load->built[0];
    const int64_t *version = learner->version;
    const char *together = "", *used = "", *stopped = "", *categories = "";

    loading->signature = built->objective.name;
    loading->framework =
        version[0]
            ? clary_arena_printf(loading->arena, "XGBoost %lld.%lld.%lld",
                                 (long long)version[0], (long long)version[1],
                                 (long long)version[2])
            : "XGBoost before 1.0";
    if (load->n > 1)
        together = clary_arena_printf(
            loading->arena, "%zu models answer together: %s of them\n", load->n,
            built->objective.transform == CLARY_TRANSFORM_ARGMAX ||
                    built->objective.transform == CLARY_TRANSFORM_HINGE
                ? "the vote"
                : "the mean");
    if (built->n_trees < learner->roots.n)
        used = clary_arena_printf(
            loading->arena,
            "%zu of %zu trees are used: those up to the best iteration\n",
            built->n_trees, learner->roots.n);
    else if (learner->best_iteration >= 0 && learner->best_trees == 0 &&
             (uint64_t)learner->best_iteration + 1 <
                 learner->roots.n / built->n_groups /
                     (size_t)(learner->parallel_trees > 1
                                  ? learner->parallel_trees
                                  : 1))
        stopped = clary_arena_printf(
            loading->arena,
            "all %zu trees are used, as Booster.predict does; training was "
            "best after iteration %lld (CLARY_XGBOOST_TREES=best)\n",
            learner->roots.n, (long long)learner->best_iteration);
    if (load->categories_differ)
        categories = "the models have different categories: rows give codes\n";
    if (!loading->framework || !together || !used || !stopped)
        return clary_no_memory(err);
    loading->notes = clary_arena_printf(loading->arena, "%s%s%s%s", together,
                                        used, stopped, categories);
    return loading->notes ? CLARY_OK : clary_no_memory(err);
}

/* "0.5", or "0.5,0.25,..." */
static const char *print_base(const struct clary_learner *learner,
                              char text[BASE_BYTES])
{
    size_t used = 0, i = 0;

    for (; i < learner->n_base_score && used + CLARY_NUMBER_TEXT < BASE_BYTES;
         i++) {
        if (i > 0)
            text[used++] = ',';
        used += clary_print_float(text + used, learner->base_score[i],
                                  CLARY_NUMBER_SHORTEST);
    }
    snprintf(text + used, BASE_BYTES - used, "%s",
             i < learner->n_base_score ? "..." : "");
    return text;
}

static enum clary_status tell(struct load *load, struct clary_error *err)
{
    struct clary_loading *loading = load->loading;
    const struct clary_learner *learner = load->learners[0];
    char base[BASE_BYTES];

    CLARY_TRY(clary_loading_tell(loading, err, "objective", "%s",
                                 load->built[0].objective.name));
    CLARY_TRY(
        clary_loading_tell(loading, err, "booster", "%s", learner->booster));
    CLARY_TRY(clary_loading_tell(loading, err, "base_score", "%s",
                                 print_base(learner, base)));
    if (learner->parallel_trees > 1)
        CLARY_TRY(clary_loading_tell(loading, err, "parallel_trees", "%lld",
                                     (long long)learner->parallel_trees));
    if (learner->roots.n > 0)
        CLARY_TRY(clary_loading_tell(loading, err, "trees_trained", "%zu",
                                     learner->roots.n));
    if (learner->best_iteration >= 0)
        CLARY_TRY(clary_loading_tell(loading, err, "best_iteration", "%lld",
                                     (long long)learner->best_iteration));
    if (load->n > 1)
        CLARY_TRY(clary_loading_tell(loading, err, "models", "%zu", load->n));
    return CLARY_OK;
}

static enum clary_status load_all(struct load *load, struct clary_error *err)
{
    CLARY_TRY(read_models(load, err));
    CLARY_TRY(build(load, err));
    CLARY_TRY(tell(load, err));
    return remarks(load, err);
}

static enum clary_status load(struct clary_loading *loading,
                              struct clary_error *err)
{
    struct load *load = clary_arena_calloc(loading->temporary, 1, sizeof *load);
    enum clary_status status;

    if (!load)
        return clary_no_memory(err);
    load->loading = loading;
    clary_arena_init(&load->scratch, loading->temporary->limit_bytes);
    status = load_all(load, err);
    clary_arena_deinit(&load->scratch);
    return status;
}

const struct clary_format clary_format_xgboost = {
    .name = "XGBoost",
    .style = "xgboost",
    .missing_is_nan = true,
    .probe = probe,
    .model = first_model,
    .load = load,
};
