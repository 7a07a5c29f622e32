/* describe.c: the ops of a finished program, for people.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/program_impl.h"

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 160

/* Numbers that an op holds in its params and reads from constant inputs. */
static size_t count_parameters(const struct clary_program *program,
                               const struct clary_op *op)
{
    size_t total = op->n_parameters, elements, i;

    for (i = 0; i < op->n_inputs; i++) {
        const struct clary_value *v = &program->values[op->in[i]].value;

        if (!v->per_row && clary_shape_elements(&v->shape, &elements))
            total += elements;
    }
    return total;
}

/* "-> (3) float32": the first result for one row. */
static void describe_result(const struct clary_value *out, char *text)
{
    struct clary_shape row = out->shape;
    char shape[TEXT_BYTES / 2];

    if (out->per_row && row.dim[0] == 1 && row.rank) {
        row.rank--;
        memmove(row.dim, row.dim + 1, row.rank * sizeof row.dim[0]);
    }
    (void)snprintf(text, TEXT_BYTES, "-> %s %s",
                   clary_shape_print(&row, shape, sizeof shape),
                   clary_dtype_name(out->dtype));
}

enum clary_status clary_program_describe(struct clary_program *program,
                                         struct clary_error *err)
{
    struct clary_op_info *infos =
        clary_arena_calloc(program->arena, program->n_ops, sizeof *infos);
    size_t i;

    if (!infos)
        return clary_no_memory(err);
    for (i = 0; i < program->n_ops; i++) {
        const struct clary_op *op = &program->ops[i];
        char text[TEXT_BYTES];

        if (op->kind->describe)
            op->kind->describe(op, text, sizeof text);
        else
            describe_result(&program->values[op->out[0]].value, text);
        infos[i].kind = op->kind->name;
        infos[i].name = op->name;
        infos[i].n_parameters = count_parameters(program, op);
        infos[i].details =
            clary_arena_strndup(program->arena, text, strlen(text));
        if (!infos[i].details)
            return clary_no_memory(err);
    }
    program->op_infos = infos;
    return CLARY_OK;
}

void clary_program_op_info(const struct clary_program *program, size_t index,
                           struct clary_op_info *info)
{
    *info = program->op_infos[index];
}
