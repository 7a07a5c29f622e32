/* savedmodel.c: TensorFlow SavedModels, 1.0 to 2.x, Keras 2 and 3.
 *
 *   saved_model.pb                    graph, functions, signatures
 *   variables/variables.index         a TensorBundle: names, types, shapes
 *   variables/variables.data-?-of-?   and the elements
 *
 * The signature is found, its inputs become inputs of the program, variables
 * are bound by interpreting the restore graph (restore.c), and the graph is
 * traced back from the outputs (trace.c). Everything else in the artifact
 * (keras_metadata.pb, fingerprint.pb, assets, optimizer slots) is not read.
 *
 * Not served: strings, tf.Example signatures, lookup tables, loops, branches
 * on the input, partitioned variables, half and bfloat16. They are refused by
 * name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/format.h"
#include "format/proto.h"
#include "format/tensorflow/layout.h"
#include "format/tensorflow/ops.h"
#include "format/tensorflow/signature.h"
#include "format/tensorflow/trace.h"

#include <stdio.h>
#include <string.h>

/* What one load works with. */
struct load {
    struct clary_loading *loading;
    const Clary__Tf__MetaGraph *metagraph;
    const Clary__Tf__Signature *signature;
    struct clary_graph graph;
    struct clary_bindings bindings;
    struct clary_tracer tracer;
};

static bool probe(const struct clary_artifact *artifact)
{
    struct clary_layout layout;

    return clary_layout_find(artifact, NULL, &layout);
}

/* The shape of one row of an input. Dimensions that are left open get the
 * size that tracing has learned, or stand for themselves. */
static enum clary_status row_shape(struct load *load, const char *name,
                                   const Clary__Tf__Shape *proto,
                                   struct clary_shape *shape, size_t *n_open,
                                   struct clary_error *err)
{
    struct clary_tracer *tracer = &load->tracer;
    size_t i;

    memset(shape, 0, sizeof *shape);
    if (!proto || proto->unknown_rank || proto->n_dim == 0)
        return CLARY_OK;
    if (proto->n_dim > CLARY_MAX_RANK)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "input \"%s\" has rank %zu, the most is %d", name,
                          proto->n_dim, CLARY_MAX_RANK);
    shape->rank = proto->n_dim - 1;
    for (i = 0; i < shape->rank; i++) {
        int64_t size = proto->dim[i + 1]->size;

        if (size < 0) {
            struct clary_open_dimension *open = &tracer->open[*n_open];

            if (*n_open == CLARY_MAX_OPEN)
                return clary_fail(err, CLARY_UNSUPPORTED,
                                  "the signature leaves more than %d "
                                  "dimensions open",
                                  CLARY_MAX_OPEN);
            open->input = name;
            size = open->size ? open->size : CLARY_OPEN_SIZE + (int64_t)*n_open;
            ++*n_open;
        } else if (size >= CLARY_OPEN_SIZE) {
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "input \"%s\" has a dimension of %lld, the most "
                              "is %d",
                              name, (long long)size, CLARY_OPEN_SIZE - 1);
        }
        shape->dim[i] = size;
    }
    return CLARY_OK;
}

static enum clary_status add_inputs(struct load *load, struct clary_feed *feeds,
                                    struct clary_error *err)
{
    const Clary__Tf__Signature *signature = load->signature;
    size_t n_open = 0, i;

    load->tracer.n_open = 0;
    for (i = 0; i < signature->n_inputs; i++) {
        const Clary__Tf__TensorInfoEntry *entry = signature->inputs[i];
        const Clary__Tf__TensorInfo *info = entry->value;
        enum clary_dtype dtype =
            info ? clary_datatype(info->dtype) : CLARY_DTYPE_COUNT;
        struct clary_shape shape;

        if (!info || !*info->name)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "input \"%s\" is no plain tensor (sparse or "
                              "ragged); export a dense one",
                              entry->key);
        if (dtype == CLARY_DTYPE_COUNT || dtype == CLARY_DTYPE_STRING)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "input \"%s\" is of type %s, only numbers are "
                              "supported; export a signature that takes the "
                              "feature columns as numbers",
                              entry->key, clary_datatype_name(info->dtype));
        CLARY_TRY(
            clary_ref_parse(&load->graph.main, info->name, &feeds[i].ref, err));
        CLARY_TRY(
            row_shape(load, entry->key, info->shape, &shape, &n_open, err));
        CLARY_TRY(clary_program_input(load->tracer.program, entry->key, dtype,
                                      &shape, &feeds[i].value, err));
    }
    load->tracer.n_open = n_open;
    load->tracer.rows = feeds[0].value;
    return CLARY_OK;
}

static enum clary_status add_outputs(struct load *load,
                                     const struct clary_feed *feeds,
                                     struct clary_error *err)
{
    const Clary__Tf__Signature *signature = load->signature;
    struct clary_arena *arena = load->loading->temporary;
    size_t n = signature->n_outputs, i;
    struct clary_ref *refs = clary_arena_calloc(arena, n, sizeof *refs);
    struct clary_traced *traced = clary_arena_calloc(arena, n, sizeof *traced);

    if (!refs || !traced)
        return clary_no_memory(err);
    for (i = 0; i < n; i++) {
        const Clary__Tf__TensorInfo *info = signature->outputs[i]->value;

        if (!info || !*info->name || info->dtype == 7)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "output \"%s\" is no tensor of numbers",
                              signature->outputs[i]->key);
        CLARY_TRY(
            clary_ref_parse(&load->graph.main, info->name, &refs[i], err));
    }
    CLARY_TRY(clary_trace(&load->tracer, feeds, signature->n_inputs, refs, n,
                          traced, err));
    for (i = 0; i < n; i++) {
        const char *name = signature->outputs[i]->key;

        if (traced[i].kind == CLARY_TRACED_MIXED)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "output \"%s\" is reduced over the rows of the "
                              "request by node \"%s\", and a row's prediction "
                              "must not depend on other rows",
                              name, traced[i].mixed_by);
        if (traced[i].kind == CLARY_TRACED_DEAD)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "output \"%s\" comes from a branch that is "
                              "not taken, or beside an input",
                              name);
        if (traced[i].kind != CLARY_TRACED_VALUE || traced[i].lead)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "output \"%s\" does not have its rows in the "
                              "first dimension",
                              name);
        CLARY_TRY(clary_program_output(load->tracer.program, name,
                                       traced[i].value, err));
    }
    return CLARY_OK;
}

/* One attempt: a new program with what is known of open dimensions. */
static enum clary_status build(struct load *load, struct clary_error *err)
{
    struct clary_tracer *tracer = &load->tracer;
    const struct clary_program *earlier = tracer->program;
    struct clary_feed *feeds = clary_arena_calloc(
        load->loading->temporary, load->signature->n_inputs, sizeof *feeds);

    if (!feeds)
        return clary_no_memory(err);
    tracer->learned = false;
    tracer->n_nodes = 0;
    tracer->program = clary_program_new(tracer->arena, err);
    if (!tracer->program)
        return CLARY_NO_MEMORY;
    if (earlier)
        clary_program_resume(tracer->program, earlier);
    CLARY_TRY(add_inputs(load, feeds, err));
    return add_outputs(load, feeds, err);
}

/* Traces until no dimension is open. What no op has told is one column. */
static enum clary_status build_closed(struct load *load,
                                      struct clary_error *err)
{
    struct clary_tracer *tracer = &load->tracer;
    size_t attempt, i;

    for (attempt = 0; attempt < CLARY_MAX_OPEN + 2; attempt++) {
        enum clary_status status = build(load, err);
        bool open = false;

        if (status != CLARY_OK && !tracer->learned)
            return status;
        for (i = 0; status == CLARY_OK && i < tracer->n_open; i++) {
            if (tracer->open[i].size == 0) {
                tracer->open[i].size = 1;
                open = true;
            }
        }
        if (status == CLARY_OK && !open)
            return CLARY_OK;
    }
    return clary_fail(err, CLARY_UNSUPPORTED,
                      "input \"%s\" has a dimension of no certain size; "
                      "export a signature that states it",
                      tracer->open[0].input);
}

static enum clary_status read_model(struct load *load,
                                    const struct clary_layout *layout,
                                    struct clary_error *err)
{
    struct clary_loading *loading = load->loading;
    const struct clary_file *file = clary_artifact_find_in(
        loading->artifact, layout->directory, "saved_model.pb");
    const Clary__Tf__SignatureEntry *entry;
    ProtobufCMessage *message;

    if (!file)
        return clary_fail(err, CLARY_INTERNAL, "saved_model.pb is gone");
    CLARY_TRY(clary_proto_unpack(&clary__tf__saved_model__descriptor,
                                 loading->temporary, file->bytes, file->len,
                                 "saved_model.pb", &message, err));
    CLARY_TRY(clary_metagraph_choose(
        (const Clary__Tf__SavedModel *)(const void *)message, &load->metagraph,
        err));
    CLARY_TRY(clary_signature_choose(load->metagraph, &entry, err));
    load->signature = entry->value;
    loading->signature =
        clary_arena_strndup(loading->arena, entry->key, strlen(entry->key));
    if (!loading->signature)
        return clary_no_memory(err);
    if (load->signature->n_inputs == 0 || load->signature->n_outputs == 0)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "signature \"%s\" has %zu inputs and %zu outputs",
                          entry->key, load->signature->n_inputs,
                          load->signature->n_outputs);
    clary_signature_sort(load->signature->inputs, load->signature->n_inputs);
    clary_signature_sort(load->signature->outputs, load->signature->n_outputs);
    return clary_graph_new(loading->temporary, load->metagraph->graph,
                           &load->graph, err);
}

/* What a user should know about this artifact. */
static enum clary_status remarks(struct load *load, struct clary_error *err)
{
    struct clary_loading *loading = load->loading;
    size_t i;
    bool code = false;

    for (i = 0; i < loading->artifact->n_files; i++)
        code = code || strcmp(loading->artifact->files[i].path,
                              "code/inference.py") == 0;
    loading->notes = clary_arena_printf(
        loading->arena, "%s%s",
        code ? "code/inference.py is in the artifact and is not run\n" : "",
        load->tracer.linked
            ? "variables are bound through their initial values; TensorFlow "
              "Serving cannot load this artifact (Keras 3 under "
              "tf.saved_model.save)\n"
            : "");
    return loading->notes ? CLARY_OK : clary_no_memory(err);
}

static enum clary_status load(struct clary_loading *loading,
                              struct clary_error *err)
{
    struct load *load = clary_arena_calloc(loading->temporary, 1, sizeof *load);
    struct clary_layout layout;
    struct clary_bundle *bundle = NULL;
    const Clary__Tf__Saver *saver;

    if (!load || !clary_layout_find(loading->artifact, loading->arena, &layout))
        return clary_no_memory(err);
    load->loading = loading;
    loading->name = layout.name;
    loading->version = layout.version;
    CLARY_TRY(read_model(load, &layout, err));
    loading->framework =
        clary_arena_printf(loading->arena, "TensorFlow %s",
                           load->metagraph->meta_info
                               ? load->metagraph->meta_info->tensorflow_version
                               : "");
    saver = load->metagraph->saver;
    CLARY_TRY(clary_bindings_new(loading->temporary, &load->graph,
                                 saver ? saver->restore_op_name : "",
                                 &load->bindings, err));
    CLARY_TRY(clary_bundle_open(loading->artifact, layout.directory,
                                loading->temporary, &bundle, err));
    load->tracer.arena = loading->arena;
    load->tracer.temporary = loading->temporary;
    load->tracer.graph = &load->graph;
    load->tracer.bindings = &load->bindings;
    load->tracer.bundle = bundle;
    CLARY_TRY(build_closed(load, err));
    loading->program = load->tracer.program;
    loading->n_nodes = load->tracer.n_nodes;
    return loading->framework ? remarks(load, err) : clary_no_memory(err);
}

const struct clary_format clary_format_savedmodel = {
    .name = "TensorFlow SavedModel",
    .style = "tfserving",
    .probe = probe,
    .load = load,
};
