/* graph.c: names and references of a TensorFlow graph.
 *
 * Source: tensorflow/core/framework/{graph,node_def,function}.proto.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/graph.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *name, size_t len)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    size_t i;

    for (i = 0; i < len; i++)
        h = (h ^ (unsigned char)name[i]) * 1099511628211u;
    return h ^ (h >> 32);
}

static int compare_names(const void *a, const void *b)
{
    const struct clary_name *x = a, *y = b;
    int order;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    order = strcmp(x->name, y->name);
    if (order)
        return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

enum clary_status clary_names_new(struct clary_arena *arena, size_t n,
                                  struct clary_names *names,
                                  struct clary_error *err)
{
    names->n = 0;
    names->list = clary_arena_calloc(arena, n, sizeof *names->list);
    return names->list ? CLARY_OK : clary_no_memory(err);
}

void clary_names_add(struct clary_names *names, const char *name,
                     uint32_t index)
{
    names->list[names->n++] = (struct clary_name){
        .hash = hash(name, strlen(name)), .name = name, .index = index};
}

void clary_names_sort(struct clary_names *names)
{
    if (names->n)
        qsort(names->list, names->n, sizeof *names->list, compare_names);
}

/* Whether `entry` stands before the name of that hash. */
static bool is_before(const struct clary_name *entry, uint64_t key,
                      const char *name, size_t len)
{
    int order;

    if (entry->hash != key)
        return entry->hash < key;
    order = strncmp(entry->name, name, len);
    return order < 0; /* a longer name of the same start stands behind */
}

bool clary_names_find(const struct clary_names *names, const char *name,
                      size_t len, uint32_t *index)
{
    uint64_t key = hash(name, len);
    size_t low = 0, high = names->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (is_before(&names->list[middle], key, name, len))
            low = middle + 1;
        else
            high = middle;
    }
    if (low == names->n || names->list[low].hash != key ||
        strncmp(names->list[low].name, name, len) != 0 ||
        names->list[low].name[len] != '\0')
        return false;
    *index = names->list[low].index;
    return true;
}

static enum clary_status body_init(struct clary_body *body,
                                   struct clary_arena *arena,
                                   struct clary_error *err)
{
    const Clary__Tf__FunctionSignature *signature =
        body->function ? body->function->signature : NULL;
    size_t n_arguments = signature ? signature->n_input_arg : 0, i;

    CLARY_TRY(clary_names_new(arena, body->n_nodes, &body->names, err));
    for (i = 0; i < body->n_nodes; i++)
        clary_names_add(&body->names, body->nodes[i]->name, (uint32_t)i);
    clary_names_sort(&body->names);
    for (i = 1; i < body->n_nodes; i++)
        if (strcmp(body->names.list[i - 1].name, body->names.list[i].name) == 0)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "two nodes of the graph are called \"%s\"",
                              body->names.list[i].name);
    CLARY_TRY(clary_names_new(arena, n_arguments, &body->arguments, err));
    for (i = 0; i < n_arguments; i++)
        clary_names_add(&body->arguments, signature->input_arg[i]->name,
                        (uint32_t)i);
    clary_names_sort(&body->arguments);
    return CLARY_OK;
}

enum clary_status clary_graph_new(struct clary_arena *arena,
                                  const Clary__Tf__Graph *proto,
                                  struct clary_graph *graph,
                                  struct clary_error *err)
{
    const Clary__Tf__FunctionLibrary *library = proto->library;
    size_t n = library ? library->n_function : 0, i;

    memset(graph, 0, sizeof *graph);
    graph->main.nodes = proto->node;
    graph->main.n_nodes = proto->n_node;
    CLARY_TRY(body_init(&graph->main, arena, err));
    graph->functions = clary_arena_calloc(arena, n, sizeof *graph->functions);
    if (!graph->functions)
        return clary_no_memory(err);
    CLARY_TRY(clary_names_new(arena, n, &graph->names, err));
    for (i = 0; i < n; i++) {
        struct clary_body *body = &graph->functions[graph->n_functions];

        body->function = library->function[i];
        if (!body->function->signature)
            continue;
        body->nodes = body->function->node;
        body->n_nodes = body->function->n_node;
        CLARY_TRY(body_init(body, arena, err));
        clary_names_add(&graph->names, body->function->signature->name,
                        (uint32_t)graph->n_functions++);
    }
    clary_names_sort(&graph->names);
    return CLARY_OK;
}

const struct clary_body *clary_graph_function(const struct clary_graph *graph,
                                              const char *name)
{
    uint32_t index;

    return clary_names_find(&graph->names, name, strlen(name), &index)
               ? &graph->functions[index]
               : NULL;
}

/* Output arguments of ops that have several, in the order of their OpDef: the
 * number of the first output of `argument`. All other ops have one output
 * argument, or lists of them, that begin at 0. */
static const struct {
    const char *op, *argument;
    uint32_t first;
} output_arguments[] = {
    {"Switch", "output_true", 1},
    {"Merge", "value_index", 1},
    {"FusedBatchNorm", "batch_mean", 1},
    {"FusedBatchNormV2", "batch_mean", 1},
    {"FusedBatchNormV3", "batch_mean", 1},
    {"TopKV2", "indices", 1},
    {"Unique", "idx", 1},
    {"LookupTableExportV2", "values", 1},
};

static uint32_t first_output(const Clary__Tf__Node *node, const char *argument,
                             size_t len)
{
    size_t i;

    for (i = 0; i < sizeof output_arguments / sizeof *output_arguments; i++)
        if (strcmp(output_arguments[i].op, node->op) == 0 &&
            strncmp(output_arguments[i].argument, argument, len) == 0 &&
            output_arguments[i].argument[len] == '\0')
            return output_arguments[i].first;
    return 0;
}

/* The output number at the end of "node:1" or "node:arg:1". */
static bool parse_output(const char *digits, uint32_t *output)
{
    char *end;
    unsigned long value = strtoul(digits, &end, 10);

    *output = (uint32_t)value;
    return *digits >= '0' && *digits <= '9' && *end == '\0' && value <= 65535;
}

enum clary_status clary_ref_parse(const struct clary_body *body,
                                  const char *text, struct clary_ref *ref,
                                  struct clary_error *err)
{
    const char *name = text + (*text == '^');
    size_t len = strcspn(name, ":");
    const char *rest = name + len;
    uint32_t first = 0, output = 0;

    memset(ref, 0, sizeof *ref);
    if (!clary_names_find(&body->names, name, len, &ref->index)) {
        if (!clary_names_find(&body->arguments, name, len, &ref->index))
            return clary_fail(err, CLARY_BAD_MODEL,
                              "\"%s\" names no node of the graph", text);
        ref->kind = *text == '^' ? CLARY_REF_CONTROL : CLARY_REF_ARGUMENT;
        return CLARY_OK;
    }
    ref->kind = *text == '^' ? CLARY_REF_CONTROL : CLARY_REF_NODE;
    if (*rest == ':' && strchr(rest + 1, ':')) {
        size_t argument_len = strcspn(rest + 1, ":");

        first = first_output(body->nodes[ref->index], rest + 1, argument_len);
        rest += 1 + argument_len;
    }
    if (*rest == ':' && !parse_output(rest + 1, &output))
        return clary_fail(err, CLARY_BAD_MODEL,
                          "\"%s\" is no reference to a node's output", text);
    ref->output = first + output;
    return CLARY_OK;
}
