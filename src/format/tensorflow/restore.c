/* restore.c: binding variables by interpreting the restore graph.
 *
 * Names in a graph and keys in a checkpoint follow no rule that holds over the
 * versions of TensorFlow; the op that restores the one from the other does:
 *
 *   TF 1  save/restore_all -^-> Assign (VariableV2, RestoreV2:k)
 *   TF 2  StatefulPartitionedCall -> function body with
 *         AssignVariableOp (argument, Identity (RestoreV2:tensors:k)), whose
 *         arguments are VarHandleOp nodes of the main graph
 *
 * RestoreV2's output k is the checkpoint's tensor_names[k].
 *
 * Keras 3's models saved by tf.saved_model.save() restore variables called
 * Variable_N, while the serving function reads others, which were the initial
 * values of the first: Variable_N/Assign = AssignVariableOp (Variable_N,
 * ReadVariableOp (sequential/dense/kernel)). TensorFlow Serving cannot load
 * them; here the second gets the first's key (link_initial_values).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/restore.h"

#include <string.h>

/* Calls inside calls, references through references, and all work. */
#define MAX_DEPTH 32
#define MAX_STEPS 1000
#define MAX_WORK  20000000

/* A body as it is entered: the main graph, or a function at one of its calls.
 */
struct scope {
    const struct clary_body *body;
    const struct scope *caller; /* NULL: the main graph */
    const Clary__Tf__Node *call;
    size_t depth;
};

struct restorer {
    struct clary_arena *arena;
    const struct clary_graph *graph;
    struct clary_bindings *bindings;
    size_t work; /* nodes, their attributes, and steps from node to node */
};

/* One output of a node, in the scope where the node stands. */
struct origin {
    const struct scope *scope;
    const Clary__Tf__Node *node;
    uint32_t output;
};

const char *clary_variable_name(struct clary_arena *arena,
                                const Clary__Tf__Node *node, bool *is_variable)
{
    const Clary__Tf__Attribute *shared = clary_attribute(node, "shared_name");

    *is_variable = strcmp(node->op, "VarHandleOp") == 0 ||
                   strcmp(node->op, "VariableV2") == 0 ||
                   strcmp(node->op, "Variable") == 0;
    if (!*is_variable)
        return NULL;
    if (!shared || shared->s.len == 0)
        return node->name;
    return clary_arena_strndup(arena, (const char *)shared->s.data,
                               shared->s.len);
}

struct clary_binding *clary_bindings_find(const struct clary_bindings *bindings,
                                          const char *variable)
{
    uint32_t index;

    return clary_names_find(&bindings->names, variable, strlen(variable),
                            &index)
               ? &bindings->list[index]
               : NULL;
}

/* Makes what is bound so far known to clary_bindings_find. */
static enum clary_status publish(struct restorer *r, struct clary_error *err)
{
    struct clary_bindings *b = r->bindings;
    size_t i;

    CLARY_TRY(clary_names_new(r->arena, b->n, &b->names, err));
    for (i = 0; i < b->n; i++)
        clary_names_add(&b->names, b->list[i].variable, (uint32_t)i);
    clary_names_sort(&b->names);
    return CLARY_OK;
}

static enum clary_status bind(struct restorer *r, const char *variable,
                              const char *key, const char *slice, bool linked,
                              struct clary_error *err)
{
    struct clary_bindings *b = r->bindings;

    if (b->n == b->capacity) {
        size_t capacity = b->capacity ? b->capacity * 2 : 32;
        struct clary_binding *list =
            clary_arena_calloc(r->arena, capacity, sizeof *list);

        if (!list)
            return clary_no_memory(err);
        if (b->n)
            memcpy(list, b->list, b->n * sizeof *list);
        b->list = list;
        b->capacity = capacity;
    }
    b->list[b->n++] = (struct clary_binding){
        .variable = variable, .key = key, .slice = slice, .linked = linked};
    return CLARY_OK;
}

/* Counts `n` more units of work. */
static enum clary_status spend(struct restorer *r, size_t n,
                               struct clary_error *err)
{
    r->work += n;
    if (r->work > MAX_WORK)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the restore graph is too large");
    return CLARY_OK;
}

/* Follows `text`, an input of a node of `scope`, through Identity nodes and
 * function arguments to the node that makes the value; node NULL when it
 * leads out of what is known. */
static enum clary_status find_origin(struct restorer *r,
                                     const struct scope *scope,
                                     const char *text, struct origin *origin,
                                     struct clary_error *err)
{
    struct clary_ref ref;
    size_t steps;

    memset(origin, 0, sizeof *origin);
    for (steps = 0; steps < MAX_STEPS; steps++) {
        const Clary__Tf__Node *node;

        CLARY_TRY(clary_ref_parse(scope->body, text, &ref, err));
        CLARY_TRY(spend(r, 1, err));
        if (ref.kind == CLARY_REF_CONTROL)
            return CLARY_OK;
        if (ref.kind == CLARY_REF_ARGUMENT) {
            if (!scope->caller || ref.index >= scope->call->n_input)
                return CLARY_OK;
            text = scope->call->input[ref.index];
            scope = scope->caller;
            continue;
        }
        node = scope->body->nodes[ref.index];
        if (strcmp(node->op, "Identity") == 0 && node->n_input) {
            text = node->input[0];
            continue;
        }
        origin->scope = scope;
        origin->node = node;
        origin->output = ref.output;
        return spend(r, node->n_attribute, err);
    }
    return clary_fail(err, CLARY_BAD_MODEL,
                      "the reference \"%s\" leads nowhere after %d steps", text,
                      MAX_STEPS);
}

/* Element `k` of the string constant that `text` refers to, in `arena`. */
static enum clary_status string_element(struct restorer *r,
                                        const struct scope *scope,
                                        const char *text, size_t k,
                                        const char **string,
                                        struct clary_error *err)
{
    const Clary__Tf__Attribute *value;
    const Clary__Tf__Tensor *tensor;
    const ProtobufCBinaryData *element;
    struct origin origin;
    size_t n;

    CLARY_TRY(find_origin(r, scope, text, &origin, err));
    value = origin.node ? clary_attribute(origin.node, "value") : NULL;
    tensor = value ? value->tensor : NULL;
    n = tensor ? tensor->n_string_val : 0;
    if (n == 0)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "the restore op's \"%s\" is no list of strings",
                          text);
    if (k >= n)
        k = n - 1; /* the last value stands for all that are left out */
    element = &tensor->string_val[k];
    *string = clary_arena_strndup(
        r->arena, element->len ? (const char *)element->data : "",
        element->len);
    return *string ? CLARY_OK : clary_no_memory(err);
}

/* AssignVariableOp or Assign: binds input 0 if input 1 is restored. */
static enum clary_status visit_assign(struct restorer *r,
                                      const struct scope *scope,
                                      const Clary__Tf__Node *node,
                                      struct clary_error *err)
{
    struct origin to, from;
    const char *variable, *key, *slice;
    bool is_variable;

    if (node->n_input < 2)
        return CLARY_OK;
    CLARY_TRY(find_origin(r, scope, node->input[0], &to, err));
    CLARY_TRY(find_origin(r, scope, node->input[1], &from, err));
    if (!to.node || !from.node || strcmp(from.node->op, "RestoreV2") != 0 ||
        from.node->n_input < 3)
        return CLARY_OK;
    variable = clary_variable_name(r->arena, to.node, &is_variable);
    if (!is_variable)
        return CLARY_OK;
    if (!variable)
        return clary_no_memory(err);
    CLARY_TRY(string_element(r, from.scope, from.node->input[1], from.output,
                             &key, err));
    CLARY_TRY(string_element(r, from.scope, from.node->input[2], from.output,
                             &slice, err));
    return bind(r, variable, key, slice, false, err);
}

static enum clary_status visit_function(struct restorer *r,
                                        const struct scope *scope,
                                        const Clary__Tf__Node *call,
                                        struct clary_error *err);

static enum clary_status visit_node(struct restorer *r,
                                    const struct scope *scope,
                                    const Clary__Tf__Node *node,
                                    struct clary_error *err)
{
    CLARY_TRY(spend(r, 1 + node->n_attribute, err));
    if (strcmp(node->op, "AssignVariableOp") == 0 ||
        strcmp(node->op, "Assign") == 0)
        return visit_assign(r, scope, node, err);
    if (strcmp(node->op, "StatefulPartitionedCall") == 0 ||
        strcmp(node->op, "PartitionedCall") == 0)
        return visit_function(r, scope, node, err);
    return CLARY_OK;
}

static enum clary_status visit_function(struct restorer *r,
                                        const struct scope *scope,
                                        const Clary__Tf__Node *call,
                                        struct clary_error *err)
{
    const Clary__Tf__Attribute *f = clary_attribute(call, "f");
    struct scope inside = {
        .caller = scope, .call = call, .depth = scope->depth + 1};
    size_t i;

    if (f && f->func)
        inside.body = clary_graph_function(r->graph, f->func->name);
    if (!inside.body)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "node \"%s\" calls a function that is not there",
                          call->name);
    if (inside.depth > MAX_DEPTH)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "functions of the restore graph call each other "
                          "without end");
    for (i = 0; i < inside.body->n_nodes; i++)
        CLARY_TRY(visit_node(r, &inside, inside.body->nodes[i], err));
    return CLARY_OK;
}

/* Visits `start` and all that it needs, control inputs too, in main. */
static enum clary_status visit_main(struct restorer *r,
                                    const struct scope *scope, uint32_t start,
                                    struct clary_error *err)
{
    const struct clary_body *body = scope->body;
    uint32_t *stack =
        clary_arena_calloc(r->arena, body->n_nodes, sizeof *stack);
    bool *seen = clary_arena_calloc(r->arena, body->n_nodes, sizeof *seen);
    size_t n = 0, i;

    if (!stack || !seen)
        return clary_no_memory(err);
    stack[n++] = start;
    seen[start] = true;
    while (n) {
        const Clary__Tf__Node *node = body->nodes[stack[--n]];

        CLARY_TRY(visit_node(r, scope, node, err));
        for (i = 0; i < node->n_input; i++) {
            struct clary_ref ref;

            CLARY_TRY(clary_ref_parse(body, node->input[i], &ref, err));
            if (!seen[ref.index])
                stack[n++] = ref.index;
            seen[ref.index] = true;
        }
    }
    return CLARY_OK;
}

/* The variable that `text` reads through ReadVariableOp, or NULL. */
static enum clary_status read_variable(struct restorer *r,
                                       const struct scope *scope,
                                       const char *text, const char **variable,
                                       struct clary_error *err)
{
    struct origin origin;
    bool is_variable;

    *variable = NULL;
    CLARY_TRY(find_origin(r, scope, text, &origin, err));
    if (!origin.node || strcmp(origin.node->op, "ReadVariableOp") != 0 ||
        !origin.node->n_input)
        return CLARY_OK;
    CLARY_TRY(
        find_origin(r, origin.scope, origin.node->input[0], &origin, err));
    if (origin.node)
        *variable = clary_variable_name(r->arena, origin.node, &is_variable);
    return CLARY_OK;
}

/* Keras 3 under tf.saved_model.save: see the top of the file. */
static enum clary_status link_initial_values(struct restorer *r,
                                             const struct scope *scope,
                                             struct clary_error *err)
{
    const struct clary_body *body = scope->body;
    size_t i;

    for (i = 0; i < body->n_nodes; i++) {
        const Clary__Tf__Node *node = body->nodes[i];
        const struct clary_binding *binding;
        const char *source, *variable;
        struct origin to;
        bool is_variable;

        if (strcmp(node->op, "AssignVariableOp") != 0 || node->n_input < 2)
            continue;
        CLARY_TRY(read_variable(r, scope, node->input[1], &source, err));
        if (!source || clary_bindings_find(r->bindings, source))
            continue;
        CLARY_TRY(find_origin(r, scope, node->input[0], &to, err));
        if (!to.node)
            continue;
        variable = clary_variable_name(r->arena, to.node, &is_variable);
        binding = variable ? clary_bindings_find(r->bindings, variable) : NULL;
        if (binding)
            CLARY_TRY(bind(r, source, binding->key, binding->slice, true, err));
    }
    return CLARY_OK;
}

enum clary_status clary_bindings_new(struct clary_arena *arena,
                                     const struct clary_graph *graph,
                                     const char *restore_op_name,
                                     struct clary_bindings *out,
                                     struct clary_error *err)
{
    struct restorer r = {.arena = arena, .graph = graph, .bindings = out};
    struct scope main = {.body = &graph->main};
    struct clary_ref ref;

    memset(out, 0, sizeof *out);
    if (!restore_op_name || !*restore_op_name)
        return CLARY_OK;
    CLARY_TRY(clary_ref_parse(&graph->main, restore_op_name, &ref, err));
    CLARY_TRY(visit_main(&r, &main, ref.index, err));
    CLARY_TRY(publish(&r, err));
    CLARY_TRY(link_initial_values(&r, &main, err));
    return publish(&r, err);
}
