/* trace.c: the walk over the graph, with a stack of its own.
 *
 * Artifacts are untrusted, so the walk does not recurse: a chain of a million
 * nodes needs a million entries of the stack in `temporary`, not of the
 * process's stack. A node is entered twice: first its inputs are put on the
 * stack, then, all known, it is handled. A call is entered a third time, when
 * the results of its function are known.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/trace.h"

#include "format/tensorflow/ops.h"

#include <string.h>

/* Nodes in all, counting a function's at each call, calls inside calls, and
 * work: real models stay below a thousandth of the first and the last. */
#define MAX_NODES 2000000
#define MAX_DEPTH 64
#define MAX_WORK  200000000

enum state { STATE_NEW, STATE_OPEN, STATE_DONE };

/* One node's results. */
struct result {
    enum state state;
    bool dead; /* all outputs are */
    uint32_t n;
    struct clary_traced *outputs;
};

/* A body being traced: the main graph, or a function at one of its calls. */
struct frame {
    const struct clary_body *body;
    const struct clary_traced *arguments;
    size_t n_arguments, depth;
    struct result *results; /* one a node */
};

struct task {
    struct frame *frame;
    uint32_t node;
    struct frame *called; /* of a call whose function is being traced */
};

struct walk {
    struct clary_tracer *tracer;
    struct task *tasks;
    size_t n, capacity;
};

/* Counts `n` more units of work. */
static enum clary_status spend(struct clary_tracer *tracer, size_t n,
                               struct clary_error *err)
{
    tracer->work += n;
    if (tracer->work > MAX_WORK)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the graph is too large: its nodes have too many "
                          "inputs, attributes or results");
    return CLARY_OK;
}

static struct frame *frame_new(struct clary_tracer *tracer,
                               const struct clary_body *body,
                               const struct clary_traced *arguments,
                               size_t n_arguments, size_t depth)
{
    struct frame *frame =
        clary_arena_calloc(tracer->temporary, 1, sizeof *frame);

    if (!frame)
        return NULL;
    frame->body = body;
    frame->arguments = arguments;
    frame->n_arguments = n_arguments;
    frame->depth = depth;
    frame->results = clary_arena_calloc(tracer->temporary, body->n_nodes,
                                        sizeof *frame->results);
    return frame->results ? frame : NULL;
}

static enum clary_status push(struct walk *walk, struct frame *frame,
                              uint32_t node, struct clary_error *err)
{
    if (walk->n == walk->capacity) {
        size_t capacity = walk->capacity ? walk->capacity * 2 : 256;
        struct task *tasks = clary_arena_calloc(walk->tracer->temporary,
                                                capacity, sizeof *tasks);

        if (!tasks)
            return clary_no_memory(err);
        if (walk->n)
            memcpy(tasks, walk->tasks, walk->n * sizeof *tasks);
        walk->tasks = tasks;
        walk->capacity = capacity;
    }
    walk->tasks[walk->n++] = (struct task){.frame = frame, .node = node};
    return CLARY_OK;
}

/* Puts the node behind `text` on the stack unless it is done. */
static enum clary_status require(struct walk *walk, struct frame *frame,
                                 const char *text, struct clary_error *err)
{
    struct clary_ref ref;

    CLARY_TRY(clary_ref_parse(frame->body, text, &ref, err));
    if (ref.kind != CLARY_REF_NODE ||
        frame->results[ref.index].state == STATE_DONE)
        return CLARY_OK;
    if (frame->results[ref.index].state == STATE_OPEN)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "node \"%s\" (%s) is part of a loop; loops are not "
                          "supported",
                          frame->body->nodes[ref.index]->name,
                          frame->body->nodes[ref.index]->op);
    return push(walk, frame, ref.index, err);
}

/* What a reference has come to; its node is done. */
static enum clary_status look_up(const struct frame *frame,
                                 const struct clary_ref *ref,
                                 struct clary_traced *traced,
                                 struct clary_error *err)
{
    const struct result *result;

    memset(traced, 0, sizeof *traced);
    if (ref->kind == CLARY_REF_ARGUMENT) {
        if (ref->index >= frame->n_arguments)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "a call gives %zu arguments, its function has "
                              "more",
                              frame->n_arguments);
        *traced = frame->arguments[ref->index];
        return CLARY_OK;
    }
    result = &frame->results[ref->index];
    if (result->dead) {
        traced->kind = CLARY_TRACED_DEAD;
        return CLARY_OK;
    }
    if (ref->output >= result->n)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "output %u of node \"%s\" (%s) is used, it has %u",
                          ref->output, frame->body->nodes[ref->index]->name,
                          frame->body->nodes[ref->index]->op, result->n);
    *traced = result->outputs[ref->output];
    return CLARY_OK;
}

/* The data inputs of a node, all done. `in` has room for node->n_input. */
static enum clary_status gather_inputs(const struct frame *frame,
                                       const Clary__Tf__Node *node,
                                       struct clary_traced *in, size_t *n_in,
                                       bool *dead, struct clary_error *err)
{
    size_t i;

    *n_in = 0;
    *dead = false;
    for (i = 0; i < node->n_input; i++) {
        struct clary_ref ref;

        CLARY_TRY(clary_ref_parse(frame->body, node->input[i], &ref, err));
        if (ref.kind == CLARY_REF_CONTROL)
            continue;
        CLARY_TRY(look_up(frame, &ref, &in[*n_in], err));
        *dead = *dead || in[*n_in].kind == CLARY_TRACED_DEAD;
        ++*n_in;
    }
    return CLARY_OK;
}

/* The function that a node calls, NULL when it is no call. `first` gets the
 * number of the first argument among the inputs. */
static enum clary_status called_function(struct clary_tracer *tracer,
                                         const Clary__Tf__Node *node,
                                         const struct clary_traced *in,
                                         size_t n_in, size_t *first,
                                         const struct clary_body **body,
                                         struct clary_error *err)
{
    const char *which = "f";
    const Clary__Tf__Attribute *attribute;

    *body = NULL;
    *first = 0;
    if (strcmp(node->op, "If") == 0 || strcmp(node->op, "StatelessIf") == 0) {
        struct clary_tensor condition;

        if (n_in == 0 || in[0].kind != CLARY_TRACED_VALUE ||
            !clary_program_is_constant(tracer->program, in[0].value,
                                       &condition) ||
            condition.dtype != CLARY_DTYPE_BOOL || condition.shape.rank)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "node \"%s\" (%s) branches on the input; use "
                              "tf.where instead",
                              node->name, node->op);
        which = *(const unsigned char *)condition.data ? "then_branch"
                                                       : "else_branch";
        *first = 1;
    } else if (strcmp(node->op, "StatefulPartitionedCall") != 0 &&
               strcmp(node->op, "PartitionedCall") != 0) {
        return CLARY_OK;
    }
    attribute = clary_attribute(node, which);
    if (attribute && attribute->func)
        *body = clary_graph_function(tracer->graph, attribute->func->name);
    if (!*body)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "node \"%s\" (%s) calls a function that is not "
                          "there",
                          node->name, node->op);
    return CLARY_OK;
}

/* The reference that a function returns as its result `name`, or NULL. */
static const char *return_text(const struct clary_body *body, const char *name)
{
    size_t i;

    for (i = 0; i < body->function->n_ret; i++)
        if (strcmp(body->function->ret[i]->key, name) == 0)
            return body->function->ret[i]->value;
    return NULL;
}

/* Enters the function of a call; its results come next on the stack. */
static enum clary_status enter_call(struct walk *walk, size_t task,
                                    const struct clary_body *body,
                                    const struct clary_traced *arguments,
                                    size_t n_arguments, struct clary_error *err)
{
    const Clary__Tf__FunctionSignature *signature = body->function->signature;
    size_t depth = walk->tasks[task].frame->depth + 1, i;
    struct frame *frame;

    /* return_text looks for each result among all, now and in leave_call */
    CLARY_TRY(spend(walk->tracer,
                    2 * signature->n_output_arg * body->function->n_ret, err));
    if (depth > MAX_DEPTH)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "functions call each other more than %d deep",
                          MAX_DEPTH);
    frame = frame_new(walk->tracer, body, arguments, n_arguments, depth);
    if (!frame)
        return clary_no_memory(err);
    walk->tasks[task].called = frame;
    for (i = 0; i < signature->n_output_arg; i++) {
        const char *text = return_text(body, signature->output_arg[i]->name);

        if (!text)
            return clary_fail(err, CLARY_BAD_MODEL,
                              "function \"%s\" does not return \"%s\"",
                              signature->name, signature->output_arg[i]->name);
        CLARY_TRY(require(walk, frame, text, err));
    }
    return CLARY_OK;
}

/* All results of the called function are known: they are the call's. */
static enum clary_status leave_call(struct walk *walk, const struct task *task,
                                    struct clary_error *err)
{
    const struct clary_body *body = task->called->body;
    const Clary__Tf__FunctionSignature *signature = body->function->signature;
    struct result *result = &task->frame->results[task->node];
    size_t i;

    result->n = (uint32_t)signature->n_output_arg;
    result->outputs = clary_arena_calloc(walk->tracer->temporary, result->n,
                                         sizeof *result->outputs);
    if (!result->outputs)
        return clary_no_memory(err);
    for (i = 0; i < signature->n_output_arg; i++) {
        struct clary_ref ref;

        CLARY_TRY(clary_ref_parse(
            body, return_text(body, signature->output_arg[i]->name), &ref,
            err));
        CLARY_TRY(look_up(task->called, &ref, &result->outputs[i], err));
    }
    result->state = STATE_DONE;
    return CLARY_OK;
}

static enum clary_status handle(struct clary_tracer *tracer,
                                struct result *result,
                                const Clary__Tf__Node *node,
                                const struct clary_traced *in, size_t n_in,
                                struct clary_error *err)
{
    const struct clary_tf_op *op = clary_tf_op_find(node->op);
    struct clary_tf_call call = {
        .tracer = tracer, .node = node, .in = in, .n_in = n_in, .err = err};

    if (!op)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "operation %s (node \"%s\") is not supported; %s",
                          node->op, node->name, clary_tf_op_hint(node->op));
    if (n_in < op->n_inputs)
        return clary_tf_fail(&call, CLARY_BAD_MODEL,
                             "it has %zu inputs, expected %zu", n_in,
                             op->n_inputs);
    CLARY_TRY(clary_tf_is_mixed(&call, op) ? clary_tf_mixed(&call, op->kind)
                                           : op->handle(&call, op->kind));
    result->outputs = call.out;
    result->n = (uint32_t)call.n_out;
    return CLARY_OK;
}

/* The second time a node is on top: its inputs are known. */
static enum clary_status process(struct walk *walk, struct clary_error *err)
{
    struct clary_tracer *tracer = walk->tracer;
    size_t top = walk->n - 1, n_in, first;
    struct frame *frame = walk->tasks[top].frame;
    const Clary__Tf__Node *node = frame->body->nodes[walk->tasks[top].node];
    struct result *result = &frame->results[walk->tasks[top].node];
    struct clary_traced *in =
        clary_arena_calloc(tracer->temporary, node->n_input, sizeof *in);
    const struct clary_body *body = NULL;
    bool dead;

    if (!in)
        return clary_no_memory(err);
    CLARY_TRY(gather_inputs(frame, node, in, &n_in, &dead, err));
    if (dead && strcmp(node->op, "Merge") != 0) {
        result->dead = true;
    } else {
        CLARY_TRY(called_function(tracer, node, in, n_in, &first, &body, err));
        if (body)
            return enter_call(walk, top, body, in + first, n_in - first, err);
        CLARY_TRY(handle(tracer, result, node, in, n_in, err));
    }
    result->state = STATE_DONE;
    walk->n--;
    return CLARY_OK;
}

/* One step of the task on top. */
static enum clary_status step(struct walk *walk, struct clary_error *err)
{
    struct task task = walk->tasks[walk->n - 1];
    const Clary__Tf__Node *node = task.frame->body->nodes[task.node];
    struct result *result = &task.frame->results[task.node];
    size_t i;

    if (result->state == STATE_DONE) { /* two nodes asked for it */
        walk->n--;
        return CLARY_OK;
    }
    if (task.called) {
        walk->n--;
        return leave_call(walk, &task, err);
    }
    if (result->state == STATE_OPEN)
        return process(walk, err);
    if (++walk->tracer->n_nodes > MAX_NODES)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the graph has more than %d nodes, functions "
                          "counted at each call",
                          MAX_NODES);
    CLARY_TRY(spend(walk->tracer, node->n_input + node->n_attribute, err));
    result->state = STATE_OPEN;
    for (i = 0; i < node->n_input; i++)
        if (node->input[i][0] != '^')
            CLARY_TRY(require(walk, task.frame, node->input[i], err));
    return CLARY_OK;
}

/* Nodes that are fed are done before the walk starts. */
static enum clary_status set_feeds(struct clary_tracer *tracer,
                                   struct frame *frame,
                                   const struct clary_feed *feeds,
                                   size_t n_feeds, struct clary_error *err)
{
    size_t i, k;

    for (i = 0; i < n_feeds; i++) {
        struct result *result = &frame->results[feeds[i].ref.index];
        uint32_t n = feeds[i].ref.output + 1;
        struct clary_traced *outputs =
            clary_arena_calloc(tracer->temporary, n, sizeof *outputs);

        if (!outputs)
            return clary_no_memory(err);
        if (result->n)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "two inputs of the signature come from node "
                              "\"%s\"",
                              frame->body->nodes[feeds[i].ref.index]->name);
        for (k = 0; k + 1 < n; k++) /* not what the node would make */
            outputs[k].kind = CLARY_TRACED_DEAD;
        outputs[n - 1].value = feeds[i].value;
        result->outputs = outputs;
        result->n = n;
        result->state = STATE_DONE;
    }
    return CLARY_OK;
}

enum clary_status clary_trace(struct clary_tracer *tracer,
                              const struct clary_feed *feeds, size_t n_feeds,
                              const struct clary_ref *refs, size_t n_refs,
                              struct clary_traced *out, struct clary_error *err)
{
    struct walk walk = {.tracer = tracer};
    struct frame *main = frame_new(tracer, &tracer->graph->main, NULL, 0, 0);
    size_t i;

    if (!main)
        return clary_no_memory(err);
    CLARY_TRY(set_feeds(tracer, main, feeds, n_feeds, err));
    for (i = 0; i < n_refs; i++) {
        if (main->results[refs[i].index].state != STATE_DONE)
            CLARY_TRY(push(&walk, main, refs[i].index, err));
        while (walk.n)
            CLARY_TRY(step(&walk, err));
        CLARY_TRY(look_up(main, &refs[i], &out[i], err));
    }
    return CLARY_OK;
}
