/* optimise.c: what happens to the ops between building and running.
 *
 *   fuse   matmul by a constant [+ a constant vector] [+ relu] -> dense.
 *          The sum starts from the bias then, not from 0: a result may differ
 *          from the unfused one in the last bit, within the bound that nets
 *          have.
 *   drop   ops that no output needs
 *
 * Constants were folded when they were added (fold.c).
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/op_dense.h"
#include "program/program_impl.h"

#include <math.h>
#include <string.h>

#define NO_OP UINT32_MAX

/* Who reads each value: the one op, or NO_OP for none, several or an output. */
struct use {
    uint32_t count;
    uint32_t op;
};

static struct use *count_uses(const struct clary_program *program)
{
    struct use *uses =
        clary_arena_calloc(program->arena, program->n_values, sizeof *uses);
    size_t i, j;

    for (i = 0; uses && i < program->n_ops; i++) {
        const struct clary_op *op = &program->ops[i];

        for (j = 0; j < op->n_inputs; j++) {
            uses[op->in[j]].count++;
            uses[op->in[j]].op = (uint32_t)i;
        }
    }
    for (i = 0; uses && i < program->n_outputs; i++)
        uses[program->outputs[i].value].count += 2;
    return uses;
}

/* The only op that reads the first output of `op`, or NULL. */
static struct clary_op *only_reader(const struct clary_program *program,
                                    const struct use *uses,
                                    const struct clary_op *op)
{
    const struct use *use = &uses[op->out[0]];

    return use->count == 1 ? &program->ops[use->op] : NULL;
}

static bool is_kind(const struct clary_op *op, const char *name)
{
    return op && strcmp(op->kind->name, name) == 0;
}

/* The bias when `op` adds a constant float vector of n elements, (n) or
 * (1, .., n), to value `x`; NULL otherwise. */
static const float *added_bias(const struct clary_program *program,
                               const struct clary_op *op, uint32_t x, size_t n)
{
    const struct clary_value *v;
    size_t elements;

    if (!is_kind(op, "add"))
        return NULL;
    v = &program->values[op->in[op->in[0] == x ? 1 : 0]].value;
    if (v->per_row || !v->data || v->dtype != CLARY_DTYPE_F32 ||
        !v->shape.rank || v->shape.dim[v->shape.rank - 1] != (int64_t)n ||
        !clary_shape_elements(&v->shape, &elements) || elements != n)
        return NULL;
    return v->data;
}

/* Turns a float matmul by a constant, and what follows it, into one dense op
 * in the place of the last of them; the others become dead. */
static enum clary_status fuse_dense(struct clary_program *program,
                                    const struct use *uses,
                                    struct clary_op *matmul,
                                    struct clary_error *err)
{
    const struct clary_value *w = &program->values[matmul->in[1]].value;
    struct clary_op *last = matmul, *next;
    struct clary_dense_spec spec = {.floor = -INFINITY};
    struct clary_dense_params *params;
    uint32_t *in;

    if (w->dtype != CLARY_DTYPE_F32 || !w->data || w->shape.rank != 2)
        return CLARY_OK;
    spec.w = w->data;
    spec.k = (size_t)w->shape.dim[0];
    spec.n = (size_t)w->shape.dim[1];
    next = only_reader(program, uses, last);
    if (next)
        spec.bias = added_bias(program, next, last->out[0], spec.n);
    if (spec.bias) {
        last = next;
        next = only_reader(program, uses, last);
    }
    if (is_kind(next, "relu")) {
        spec.floor = 0.0F;
        last = next;
    } else if (next && clary_dense_can_fuse(next->kind)) {
        spec.activation = next;
        last = next;
    }
    if (spec.activation) { /* its place in the list is taken by the dense */
        struct clary_op *copy =
            clary_arena_calloc(program->arena, 1, sizeof *copy);

        if (!copy)
            return clary_no_memory(err);
        *copy = *last;
        spec.activation = copy;
    }
    CLARY_TRY(clary_dense_params_new(program->arena, &spec, &params, err));
    in = clary_arena_calloc(program->arena, 1, sizeof *in);
    if (!in)
        return clary_no_memory(err);
    in[0] = matmul->in[0];
    last->kind = clary_op_kind_named("dense");
    last->name = matmul->name;
    last->params = params;
    last->in = in;
    last->n_inputs = 1;
    last->scratch_bytes = params->scratch_bytes;
    last->n_parameters = spec.k * spec.n + (spec.bias ? spec.n : 0);
    return CLARY_OK;
}

/* Keeps the ops that outputs need, in order. */
static enum clary_status drop_dead(struct clary_program *program,
                                   struct clary_error *err)
{
    bool *needed =
        clary_arena_calloc(program->arena, program->n_values, sizeof *needed);
    bool *keep =
        clary_arena_calloc(program->arena, program->n_ops, sizeof *keep);
    size_t i, j, n = 0;

    if (!needed || !keep)
        return clary_no_memory(err);
    for (i = 0; i < program->n_outputs; i++)
        needed[program->outputs[i].value] = true;
    for (i = program->n_ops; i-- > 0;) {
        const struct clary_op *op = &program->ops[i];

        for (j = 0; j < op->n_outputs; j++)
            keep[i] = keep[i] || needed[op->out[j]];
        for (j = 0; keep[i] && j < op->n_inputs; j++)
            needed[op->in[j]] = true;
    }
    for (i = 0; i < program->n_ops; i++)
        if (keep[i])
            program->ops[n++] = program->ops[i];
    program->n_ops = n;
    return CLARY_OK;
}

enum clary_status clary_program_optimise(struct clary_program *program,
                                         struct clary_error *err)
{
    struct use *uses;
    size_t i;

    CLARY_TRY(drop_dead(program, err));
    uses = count_uses(program);
    if (!uses)
        return clary_no_memory(err);
    for (i = 0; i < program->n_ops; i++)
        if (is_kind(&program->ops[i], "matmul"))
            CLARY_TRY(fuse_dense(program, uses, &program->ops[i], err));
    return drop_dead(program, err);
}
