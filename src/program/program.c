/* program.c: building a program; folding is in fold.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/program.h"

#include "program/fold.h"
#include "program/program_impl.h"

#include <string.h>

/* Values and ops of one program: far above any real model, and low enough
 * that functions calling functions cannot fill the machine. */
#define MAX_VALUES 1000000

/* Elements of one tensor for one row. */
#define MAX_ROW_ELEMENTS ((size_t)1 << 28)

struct clary_program *clary_program_new(struct clary_arena *arena,
                                        struct clary_error *err)
{
    struct clary_program *program =
        clary_arena_calloc(arena, 1, sizeof *program);

    if (program)
        program->arena = arena;
    else
        (void)clary_no_memory(err);
    return program;
}

/* Room for one more element of a list in the arena; the old list is left to
 * the arena. NULL when memory is short. */
static void *grow(struct clary_arena *arena, void *list, size_t count,
                  size_t *capacity, size_t element_bytes)
{
    size_t wanted;
    void *bigger;

    if (count < *capacity)
        return list;
    wanted = *capacity ? *capacity * 2 : 16;
    bigger = clary_arena_calloc(arena, wanted, element_bytes);
    if (!bigger)
        return NULL;
    if (count)
        memcpy(bigger, list, count * element_bytes);
    *capacity = wanted;
    return bigger;
}

static enum clary_status add_value(struct clary_program *program,
                                   const struct program_value *value,
                                   uint32_t *id, struct clary_error *err)
{
    struct program_value *values;

    if (program->n_values == MAX_VALUES)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the model has more than %d tensors", MAX_VALUES);
    values = grow(program->arena, program->values, program->n_values,
                  &program->values_capacity, sizeof *values);
    if (!values)
        return clary_no_memory(err);
    program->values = values;
    values[program->n_values] = *value;
    *id = (uint32_t)program->n_values++;
    return CLARY_OK;
}

static enum clary_status add_field(struct clary_program *program,
                                   struct program_field **fields,
                                   size_t *n_fields, size_t *capacity,
                                   const char *name, uint32_t value,
                                   struct clary_error *err)
{
    struct program_field *list =
        grow(program->arena, *fields, *n_fields, capacity, sizeof *list);

    if (!list)
        return clary_no_memory(err);
    *fields = list;
    list[*n_fields] = (struct program_field){
        .name = clary_arena_strndup(program->arena, name, strlen(name)),
        .value = value};
    if (!list[*n_fields].name)
        return clary_no_memory(err);
    ++*n_fields;
    return CLARY_OK;
}

enum clary_status clary_program_input(struct clary_program *program,
                                      const char *name, enum clary_dtype dtype,
                                      const struct clary_shape *row_shape,
                                      uint32_t *value, struct clary_error *err)
{
    struct program_value input = {.value = {.dtype = dtype, .per_row = true}};
    struct clary_shape *shape = &input.value.shape;
    size_t i;

    if (row_shape->rank >= CLARY_MAX_RANK)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "input \"%s\" has rank %zu, the most is %d", name,
                          row_shape->rank + 1, CLARY_MAX_RANK);
    shape->rank = row_shape->rank + 1;
    shape->dim[0] = 1;
    for (i = 0; i < row_shape->rank; i++)
        shape->dim[i + 1] = row_shape->dim[i];
    CLARY_TRY(add_value(program, &input, value, err));
    return add_field(program, &program->inputs, &program->n_inputs,
                     &program->inputs_capacity, name, *value, err);
}

void clary_program_name_columns(struct clary_program *program, size_t index,
                                const char *const *names)
{
    program->inputs[index].column_names = names;
}

void clary_program_prefix_columns(struct clary_program *program, size_t index,
                                  const char *prefix)
{
    program->inputs[index].column_prefix = prefix;
}

void clary_program_blanks_are_underscores(struct clary_program *program,
                                          size_t index)
{
    program->inputs[index].blanks_are_underscores = true;
}

void clary_program_set_categories(
    struct clary_program *program, size_t index,
    const struct clary_categories *const *categories)
{
    program->inputs[index].categories = categories;
}

enum clary_status clary_program_constant(struct clary_program *program,
                                         const struct clary_tensor *tensor,
                                         uint32_t *value,
                                         struct clary_error *err)
{
    struct program_value constant = {.value = {.dtype = tensor->dtype,
                                               .shape = tensor->shape,
                                               .data = tensor->data}};

    return add_value(program, &constant, value, err);
}

const struct clary_value *clary_program_value(
    const struct clary_program *program, uint32_t value)
{
    return &program->values[value].value;
}

bool clary_program_is_whole(const struct program_value *value)
{
    return value->probed || value->value.data != NULL;
}

bool clary_program_is_constant(const struct clary_program *program,
                               uint32_t value, struct clary_tensor *tensor)
{
    const struct program_value *v = &program->values[value];
    const void *data = v->value.data;

    if (v->probed || !data)
        return false;
    tensor->dtype = v->value.dtype;
    tensor->shape = v->value.shape;
    memcpy(&tensor->data, &data, sizeof data); /* drops const: only read */
    return true;
}

/* Appends `op`, whose inputs hold at least one per-row value. */
static enum clary_status add_op(struct clary_program *program,
                                struct clary_op *op, uint32_t *out,
                                struct clary_error *err)
{
    const struct clary_value **in =
        clary_arena_calloc(program->arena, op->n_inputs, sizeof *in);
    struct clary_value *results =
        clary_arena_calloc(program->arena, op->n_outputs, sizeof *results);
    struct clary_op *ops;
    size_t i;

    if (!in || !results)
        return clary_no_memory(err);
    for (i = 0; i < op->n_inputs; i++) {
        if (program->values[op->in[i]].probed)
            return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                                 "the result for a row would depend on how "
                                 "many rows come with it");
        in[i] = &program->values[op->in[i]].value;
    }
    CLARY_TRY(op->kind->shape(op, in, results, err));
    op->name = clary_arena_strndup(program->arena, op->name, strlen(op->name));
    if (!op->name)
        return clary_no_memory(err);
    for (i = 0; i < op->n_outputs; i++) {
        struct program_value value = {.value = results[i]};
        size_t elements;

        if (results[i].per_row && results[i].shape.dim[0] < 1)
            return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                                 "its result has no element for a row");
        if (!clary_shape_elements(&results[i].shape, &elements) ||
            elements > MAX_ROW_ELEMENTS)
            return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                                 "its result has more than %zu elements a row",
                                 MAX_ROW_ELEMENTS);
        CLARY_TRY(add_value(program, &value, &out[i], err));
    }
    ops = grow(program->arena, program->ops, program->n_ops,
               &program->ops_capacity, sizeof *ops);
    if (!ops)
        return clary_no_memory(err);
    program->ops = ops;
    ops[program->n_ops++] = *op;
    return CLARY_OK;
}

static uint32_t *copy_ids(struct clary_arena *arena, const uint32_t *ids,
                          size_t n)
{
    uint32_t *copy = clary_arena_calloc(arena, n, sizeof *copy);

    if (copy && n)
        memcpy(copy, ids, n * sizeof *copy);
    return copy;
}

enum clary_status clary_program_add(struct clary_program *program,
                                    const char *kind, const char *name,
                                    const void *params, const uint32_t *in,
                                    size_t n_in, uint32_t *out, size_t n_out,
                                    struct clary_error *err)
{
    struct clary_op op = {.kind = clary_op_kind_named(kind),
                          .name = name,
                          .params = params,
                          .n_inputs = n_in,
                          .n_outputs = n_out};
    struct program_value *folded;
    bool whole = true;
    size_t i;

    if (!op.kind || n_out > CLARY_MAX_OUTPUTS)
        return clary_fail(err, CLARY_INTERNAL,
                          "no op kind \"%s\" with %zu outputs", kind, n_out);
    op.in = copy_ids(program->arena, in, n_in);
    if (!op.in)
        return clary_no_memory(err);
    if (op.kind->n_inputs == CLARY_ANY_INPUTS ? n_in == 0
                                              : n_in != op.kind->n_inputs)
        return clary_op_fail(
            &op, CLARY_BAD_MODEL, err, "it has %zu inputs, expected %zu", n_in,
            op.kind->n_inputs == CLARY_ANY_INPUTS ? (size_t)1
                                                  : op.kind->n_inputs);
    for (i = 0; i < n_in; i++)
        whole = whole && clary_program_is_whole(&program->values[in[i]]);
    if (!whole) {
        CLARY_TRY(add_op(program, &op, out, err));
        program->ops[program->n_ops - 1].out =
            copy_ids(program->arena, out, n_out);
        return program->ops[program->n_ops - 1].out ? CLARY_OK
                                                    : clary_no_memory(err);
    }
    folded = clary_arena_calloc(program->arena, n_out, sizeof *folded);
    if (!folded)
        return clary_no_memory(err);
    CLARY_TRY(clary_fold(program, &op, folded, err));
    for (i = 0; i < n_out; i++)
        CLARY_TRY(add_value(program, &folded[i], &out[i], err));
    return CLARY_OK;
}

enum clary_status clary_program_shape_of(struct clary_program *program,
                                         uint32_t value, enum clary_dtype dtype,
                                         uint32_t *out, struct clary_error *err)
{
    struct program_value folded = {.probed = false};

    CLARY_TRY(clary_fold_shape(program, &program->values[value], dtype, &folded,
                               err));
    return add_value(program, &folded, out, err);
}

enum clary_status clary_program_output(struct clary_program *program,
                                       const char *name, uint32_t value,
                                       struct clary_error *err)
{
    const struct program_value *v = &program->values[value];

    if (clary_program_is_whole(v))
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "output \"%s\" does not depend on the input", name);
    if (!v->value.per_row || v->value.shape.dim[0] != 1)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "output \"%s\" does not have one element along its "
                          "first dimension for each row of the input",
                          name);
    return add_field(program, &program->outputs, &program->n_outputs,
                     &program->outputs_capacity, name, value, err);
}

/* Signature fields from the values' shapes, without the batch dimension. */
static struct clary_field *make_fields(const struct clary_program *program,
                                       const struct program_field *list,
                                       size_t n)
{
    struct clary_field *fields =
        clary_arena_calloc(program->arena, n, sizeof *fields);
    size_t i, d;

    for (i = 0; fields && i < n; i++) {
        const struct clary_value *v = &program->values[list[i].value].value;
        struct clary_field *field = &fields[i];

        field->name = list[i].name;
        field->column_names = list[i].column_names;
        field->categories = list[i].categories;
        field->column_prefix = list[i].column_prefix;
        field->blanks_are_underscores = list[i].blanks_are_underscores;
        field->dtype = v->dtype;
        field->shape.rank = v->shape.rank - 1;
        for (d = 1; d < v->shape.rank; d++)
            field->shape.dim[d - 1] = v->shape.dim[d];
        if (!clary_shape_elements(&field->shape, &field->width))
            return NULL;
    }
    return fields;
}

enum clary_status clary_program_finish(struct clary_program *program,
                                       struct clary_error *err)
{
    if (program->n_outputs == 0)
        return clary_fail(err, CLARY_BAD_MODEL, "the model has no output");
    CLARY_TRY(clary_program_optimise(program, err));
    CLARY_TRY(clary_program_plan(program, err));
    CLARY_TRY(clary_program_describe(program, err));
    program->input_fields =
        make_fields(program, program->inputs, program->n_inputs);
    program->output_fields =
        make_fields(program, program->outputs, program->n_outputs);
    if (!program->input_fields || !program->output_fields)
        return clary_no_memory(err);
    return CLARY_OK;
}

void clary_program_fields(const struct clary_program *program,
                          const struct clary_field **inputs, size_t *n_inputs,
                          const struct clary_field **outputs, size_t *n_outputs)
{
    *inputs = program->input_fields;
    *n_inputs = program->n_inputs;
    *outputs = program->output_fields;
    *n_outputs = program->n_outputs;
}

size_t clary_program_n_ops(const struct clary_program *program)
{
    return program->n_ops;
}

size_t clary_program_block_rows(const struct clary_program *program)
{
    return program->block_rows;
}

size_t clary_program_scratch_bytes_per_row(const struct clary_program *program)
{
    return program->row_bytes;
}
