/* execute.c: running a program over one block of rows.
 *
 * An execution holds, for each value that the ops use, a tensor whose data
 * points into the scratch memory (or at the constant), and for each op the
 * pointers to its tensors, so that a run only calls the ops in order. What
 * depends on the number of rows is set when it changes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/program_impl.h"

#include <string.h>

struct clary_execution {
    const struct clary_program *program;
    struct clary_tensor *tensors; /* of the values in `used`, in order */
    int64_t *row_dims;            /* dim[0] for one row; 0: not per row */
    size_t n_tensors;
    struct clary_tensor **operands; /* inputs and outputs, op after op */
    struct clary_tensor **inputs, **outputs; /* of the program */
    void **scratch; /* (n_ops): one memory for all, but what is prepared has
                     * its own */
    size_t n_rows;  /* that the shapes are set for */
};

/* The tensor of `value`, made on first use. `index` maps values to tensors,
 * 0 for none yet. */
static struct clary_tensor *tensor_of(struct clary_execution *e,
                                      uint32_t *index, char *scratch,
                                      uint32_t value)
{
    const struct program_value *v = &e->program->values[value];
    struct clary_tensor *tensor;

    if (index[value])
        return &e->tensors[index[value] - 1];
    tensor = &e->tensors[e->n_tensors];
    tensor->dtype = v->value.dtype;
    tensor->shape = v->value.shape;
    if (v->value.per_row) {
        tensor->data = scratch + v->offset;
        e->row_dims[e->n_tensors] = v->value.shape.dim[0];
    } else {
        memcpy(&tensor->data, &v->value.data, sizeof tensor->data);
    }
    index[value] = (uint32_t)++e->n_tensors;
    return tensor;
}

static size_t count_operands(const struct clary_program *program)
{
    size_t n = 0, i;

    for (i = 0; i < program->n_ops; i++)
        n += program->ops[i].n_inputs + program->ops[i].n_outputs;
    return n;
}

static void connect(struct clary_execution *e, uint32_t *index, char *scratch)
{
    const struct clary_program *program = e->program;
    struct clary_tensor **operand = e->operands;
    size_t i, j;

    for (i = 0; i < program->n_inputs; i++)
        e->inputs[i] = tensor_of(e, index, scratch, program->inputs[i].value);
    for (i = 0; i < program->n_ops; i++) {
        const struct clary_op *op = &program->ops[i];

        for (j = 0; j < op->n_inputs; j++)
            *operand++ = tensor_of(e, index, scratch, op->in[j]);
        for (j = 0; j < op->n_outputs; j++)
            *operand++ = tensor_of(e, index, scratch, op->out[j]);
    }
    for (i = 0; i < program->n_outputs; i++)
        e->outputs[i] = tensor_of(e, index, scratch, program->outputs[i].value);
}

/* False: no memory. */
static bool make_scratch(struct clary_arena *arena, struct clary_execution *e)
{
    const struct clary_program *program = e->program;
    void *shared = clary_arena_alloc(arena, program->op_scratch_bytes);
    bool ok = shared != NULL;
    size_t i;

    e->scratch = clary_arena_calloc(arena, program->n_ops, sizeof *e->scratch);
    for (i = 0; ok && e->scratch && i < program->n_ops; i++) {
        const struct clary_op_kind *kind = program->ops[i].kind;

        e->scratch[i] = kind->prepare
                            ? clary_arena_calloc(arena, 1, kind->prepared_bytes)
                            : shared;
        ok = e->scratch[i] != NULL;
    }
    return ok && e->scratch;
}

struct clary_execution *clary_execution_new(struct clary_arena *arena,
                                            const struct clary_program *program)
{
    struct clary_execution *e = clary_arena_calloc(arena, 1, sizeof *e);
    size_t n_operands = count_operands(program);
    size_t n_tensors = n_operands + program->n_inputs + program->n_outputs;
    struct clary_arena_mark mark;
    char *scratch;
    uint32_t *index;
    bool is_made;

    if (!e)
        return NULL;
    e->program = program;
    e->tensors = clary_arena_calloc(arena, n_tensors, sizeof *e->tensors);
    e->row_dims = clary_arena_calloc(arena, n_tensors, sizeof *e->row_dims);
    e->operands = clary_arena_calloc(arena, n_operands, sizeof *e->operands);
    e->inputs = clary_arena_calloc(arena, program->n_inputs, sizeof *e->inputs);
    e->outputs =
        clary_arena_calloc(arena, program->n_outputs, sizeof *e->outputs);
    is_made = make_scratch(arena, e);
    scratch = clary_arena_alloc(arena, program->values_bytes);
    mark = clary_arena_mark(arena);
    index = clary_arena_calloc(arena, program->n_values, sizeof *index);
    if (!e->tensors || !e->row_dims || !e->operands || !e->inputs ||
        !e->outputs || !is_made || !scratch || !index)
        return NULL;
    connect(e, index, scratch);
    clary_arena_rewind(arena, mark);
    return e;
}

void *clary_execution_input(struct clary_execution *execution, size_t field)
{
    return execution->inputs[field]->data;
}

void *clary_execution_output(struct clary_execution *execution, size_t field)
{
    return execution->outputs[field]->data;
}

/* Sets shapes, and prepares what depends on them. */
static void set_rows(struct clary_execution *e, size_t n_rows)
{
    const struct clary_program *program = e->program;
    struct clary_tensor **operand = e->operands;
    size_t i;

    for (i = 0; i < e->n_tensors; i++)
        if (e->row_dims[i])
            e->tensors[i].shape.dim[0] = e->row_dims[i] * (int64_t)n_rows;
    for (i = 0; i < program->n_ops; i++) {
        const struct clary_op *op = &program->ops[i];
        struct clary_tensor **out = operand + op->n_inputs;

        if (op->kind->prepare)
            op->kind->prepare(op, (const struct clary_tensor *const *)operand,
                              out, e->scratch[i]);
        operand = out + op->n_outputs;
    }
    e->n_rows = n_rows;
}

enum clary_status clary_execution_run(struct clary_execution *execution,
                                      size_t n_rows, struct clary_error *err)
{
    const struct clary_program *program = execution->program;
    const struct clary_op *op = program->ops;
    struct clary_tensor **operand = execution->operands;
    void *const *scratch = execution->scratch;

    if (n_rows != execution->n_rows)
        set_rows(execution, n_rows);
    for (size_t left = program->n_ops; left > 0; left--, op++, scratch++) {
        struct clary_tensor **out = operand + op->n_inputs;

        if (out[0]->data != operand[0]->data) /* not a reshape in place */
            CLARY_TRY(op->kind->run(op,
                                    (const struct clary_tensor *const *)operand,
                                    out, *scratch, err));
        operand = out + op->n_outputs;
    }
    return CLARY_OK;
}
