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

static bool names_init(struct clary_names *names, struct clary_arena *arena,
                       size_t n)
{
    size_t n_slots = 8;

    while (n_slots < n * 2)
        n_slots *= 2;
    names->slots = clary_arena_calloc(arena, n_slots, sizeof *names->slots);
    names->n_slots = n_slots;
    return names->slots != NULL;
}

/* The slot of the name, or the free one where it would go. `name_of` gives the
 * name of an index. */
static uint32_t *names_slot(const struct clary_names *names, const char *name,
                            size_t len,
                            const char *(*name_of)(const void *list, size_t i),
                            const void *list)
{
    size_t slot = hash(name, len) & (names->n_slots - 1);

    while (names->slots[slot]) {
        const char *other = name_of(list, names->slots[slot] - 1);

        if (strncmp(other, name, len) == 0 && other[len] == '\0')
            break;
        slot = (slot + 1) & (names->n_slots - 1);
    }
    return &names->slots[slot];
}

static const char *node_name(const void *list, size_t i)
{
    return ((const struct clary_body *)list)->nodes[i]->name;
}

static const char *function_name(const void *list, size_t i)
{
    const struct clary_graph *graph = list;

    return graph->functions[i].function->signature->name;
}

static enum clary_status body_init(struct clary_body *body,
                                   struct clary_arena *arena,
                                   struct clary_error *err)
{
    size_t i;

    if (!names_init(&body->names, arena, body->n_nodes))
        return clary_no_memory(err);
    for (i = 0; i < body->n_nodes; i++) {
        const char *name = body->nodes[i]->name;
        uint32_t *slot =
            names_slot(&body->names, name, strlen(name), node_name, body);

        if (*slot)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "two nodes of the graph are called \"%s\"",
                              name);
        *slot = (uint32_t)i + 1;
    }
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
    if (!graph->functions || !names_init(&graph->names, arena, n))
        return clary_no_memory(err);
    for (i = 0; i < n; i++) {
        struct clary_body *body = &graph->functions[graph->n_functions];
        uint32_t *slot;

        body->function = library->function[i];
        if (!body->function->signature)
            continue;
        body->nodes = body->function->node;
        body->n_nodes = body->function->n_node;
        CLARY_TRY(body_init(body, arena, err));
        slot = names_slot(&graph->names, body->function->signature->name,
                          strlen(body->function->signature->name),
                          function_name, graph);
        *slot = (uint32_t)++graph->n_functions;
    }
    return CLARY_OK;
}

const struct clary_body *clary_graph_function(const struct clary_graph *graph,
                                              const char *name)
{
    uint32_t slot = *names_slot(&graph->names, name, strlen(name),
                                function_name, graph);

    return slot ? &graph->functions[slot - 1] : NULL;
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

static bool find_argument(const struct clary_body *body, const char *text,
                          size_t len, uint32_t *index)
{
    const Clary__Tf__FunctionSignature *signature;
    size_t i;

    if (!body->function)
        return false;
    signature = body->function->signature;
    for (i = 0; i < signature->n_input_arg; i++) {
        const char *name = signature->input_arg[i]->name;

        if (strncmp(name, text, len) == 0 && name[len] == '\0') {
            *index = (uint32_t)i;
            return true;
        }
    }
    return false;
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
    uint32_t slot = *names_slot(&body->names, name, len, node_name, body);
    uint32_t first = 0, output = 0;

    memset(ref, 0, sizeof *ref);
    if (!slot) {
        if (!find_argument(body, name, len, &ref->index))
            return clary_fail(err, CLARY_BAD_MODEL,
                              "\"%s\" names no node of the graph", text);
        ref->kind = CLARY_REF_ARGUMENT;
        return CLARY_OK;
    }
    ref->kind = *text == '^' ? CLARY_REF_CONTROL : CLARY_REF_NODE;
    ref->index = slot - 1;
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
