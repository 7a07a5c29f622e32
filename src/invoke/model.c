/* model.c: loading an artifact into an immutable model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/model.h"

#include "base/artifact.h"
#include "format/format.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MAX_MODEL_BYTES ((size_t)4 << 30)

struct clary_model {
    struct clary_arena arena;
    const struct clary_artifact *artifact;
    struct clary_artifact *owned; /* the same; NULL: it is the caller's */
    const struct clary_format *format;
    enum clary_style style;       /* the format's */
    struct clary_loading loading; /* what the loader told */
    struct clary_signature signature;
    struct clary_explainer *explainer; /* NULL: unexplained says why */
    struct clary_error unexplained;
    struct clary_trees_info trees;
    char version[24]; /* loading.version as text */
    uint64_t serial;
};

static enum clary_status load(struct clary_model *model,
                              const struct clary_load_options *options,
                              struct clary_arena *temporary,
                              struct clary_error *err)
{
    struct clary_signature *signature = &model->signature;
    struct clary_loading *loading = &model->loading;
    size_t i;

    *loading = (struct clary_loading){.artifact = model->artifact,
                                      .trees = options->trees,
                                      .alone = options->alone,
                                      .arena = &model->arena,
                                      .temporary = temporary,
                                      .name = "model",
                                      .version = 1,
                                      .framework = "",
                                      .signature = "",
                                      .notes = ""};
    CLARY_TRY(clary_format_detect(model->artifact, &model->format, err));
    model->style = clary_style_parse(model->format->style);
    CLARY_TRY(model->format->load(loading, err));
    CLARY_TRY(clary_program_finish(loading->program, err));
    CLARY_TRY(
        clary_program_trees(loading->program, temporary, &model->trees, err));
    loading->temporary = NULL;
    snprintf(model->version, sizeof model->version, "%" PRId64,
             loading->version);
    signature->name = loading->signature;
    clary_program_fields(loading->program, &signature->inputs,
                         &signature->n_inputs, &signature->outputs,
                         &signature->n_outputs);
    for (i = 0; i < signature->n_inputs; i++)
        signature->n_columns += signature->inputs[i].width;
    if (clary_explainer_new(&model->arena, loading->program, &model->explainer,
                            &model->unexplained) == CLARY_NO_MEMORY)
        return clary_no_memory(err);
    return CLARY_OK;
}

enum clary_status clary_model_load_artifact(
    const struct clary_artifact *artifact,
    const struct clary_load_options *options, struct clary_model **out,
    struct clary_error *err)
{
    static atomic_uint_fast64_t serial;
    static const struct clary_load_options defaults;
    struct clary_model *model = calloc(1, sizeof *model);
    struct clary_arena temporary;
    enum clary_status status;
    size_t max_bytes;

    if (!model)
        return clary_no_memory(err);
    if (!options)
        options = &defaults;
    max_bytes = options->max_model_bytes ? options->max_model_bytes
                                         : DEFAULT_MAX_MODEL_BYTES;
    model->artifact = artifact;
    clary_arena_init(&model->arena, max_bytes);
    clary_arena_init(&temporary, max_bytes);
    status = load(model, options, &temporary, err);
    clary_arena_deinit(&temporary);
    if (status == CLARY_OK && options->name) {
        model->loading.name = clary_arena_strndup(&model->arena, options->name,
                                                  strlen(options->name));
        if (!model->loading.name)
            status = clary_no_memory(err);
    }
    if (status != CLARY_OK) {
        clary_model_free(model);
        return status;
    }
    model->serial = atomic_fetch_add(&serial, 1) + 1;
    *out = model;
    return CLARY_OK;
}

enum clary_status clary_model_load(const char *path,
                                   const struct clary_load_options *options,
                                   struct clary_model **out,
                                   struct clary_error *err)
{
    struct clary_artifact_limits limits = {
        .max_bytes = options ? options->max_artifact_bytes : 0};
    struct clary_artifact *artifact;
    enum clary_status status;

    CLARY_TRY(clary_artifact_open(path, &limits, &artifact, err));
    status = clary_model_load_artifact(artifact, options, out, err);
    if (status == CLARY_OK)
        (*out)->owned = artifact;
    else
        clary_artifact_close(artifact);
    return status;
}

void clary_model_free(struct clary_model *model)
{
    if (!model)
        return;
    clary_arena_deinit(&model->arena);
    clary_artifact_close(model->owned);
    free(model);
}

const struct clary_signature *clary_model_signature(
    const struct clary_model *model)
{
    return &model->signature;
}

const struct clary_program *clary_model_program(const struct clary_model *model)
{
    return model->loading.program;
}

const char *clary_model_name(const struct clary_model *model)
{
    return model->loading.name;
}

const char *clary_model_version(const struct clary_model *model)
{
    return model->version;
}

const struct clary_explainer *clary_model_explainer(
    const struct clary_model *model)
{
    return model->explainer;
}

enum clary_status clary_model_contributions(const struct clary_model *model,
                                            const struct clary_field **out,
                                            struct clary_error *err)
{
    if (!model->explainer) {
        *err = model->unexplained;
        return err->status;
    }
    *out = clary_explainer_field(model->explainer);
    return CLARY_OK;
}

double clary_model_explanation_ns(const struct clary_model *model)
{
    return model->explainer ? clary_explainer_row_ns(model->explainer) : 0;
}

uint64_t clary_model_serial(const struct clary_model *model)
{
    return model->serial;
}

bool clary_model_missing_is_nan(const struct clary_model *model)
{
    return model->format->missing_is_nan;
}

enum clary_answer clary_model_answer(const struct clary_model *model,
                                     size_t *n_classes)
{
    *n_classes = model->loading.n_classes;
    return model->loading.answer;
}

enum clary_style clary_model_style(const struct clary_model *model)
{
    return model->style;
}

void clary_model_info(const struct clary_model *model,
                      struct clary_model_info *info)
{
    const struct clary_loading *loading = &model->loading;
    struct clary_op_info op;
    size_t i;

    *info = (struct clary_model_info){
        .name = loading->name,
        .version = loading->version,
        .format = model->format->name,
        .framework = loading->framework,
        .style = model->format->style,
        .sha256 = model->artifact->sha256,
        .artifact_bytes = model->artifact->bytes,
        .n_files = model->artifact->n_files,
        .n_ops = clary_program_n_ops(loading->program),
        .n_nodes = loading->n_nodes,
        .scratch_bytes_per_row =
            clary_program_scratch_bytes_per_row(loading->program),
        .block_rows = clary_program_block_rows(loading->program),
        .notes = loading->notes};
    for (i = 0; i < info->n_ops; i++) {
        clary_program_op_info(loading->program, i, &op);
        info->n_parameters += op.n_parameters;
    }
}

const struct clary_fact *clary_model_facts(const struct clary_model *model,
                                           size_t *n)
{
    *n = model->loading.n_facts;
    return model->loading.facts;
}

bool clary_model_trees(const struct clary_model *model,
                       struct clary_trees_info *info)
{
    *info = model->trees;
    return info->n_trees > 0;
}

void clary_model_op_info(const struct clary_model *model, size_t index,
                         struct clary_op_info *info)
{
    clary_program_op_info(model->loading.program, index, info);
}

int clary_model_file(const struct clary_model *model, const char *path,
                     const char **bytes, size_t *len)
{
    const struct clary_file *file = clary_artifact_find(model->artifact, path);

    if (!file)
        return 0;
    *bytes = (const char *)file->bytes;
    *len = file->len;
    return 1;
}
