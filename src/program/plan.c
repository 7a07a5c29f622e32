/* plan.c: the size of a block of rows, and where its values lie.
 *
 * A program runs over blocks of rows small enough that what one op writes is
 * still in the nearest caches when the next one reads it. Every per-row value
 * gets a place in one scratch memory; a place is used again when its value is
 * dead. Inputs and outputs are never shared, since readers and writers use
 * them between runs. A reshape moves nothing: its result shares the place of
 * its input.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/program_impl.h"

#include <string.h>

/* Blocks are a multiple of 96 rows: tiles of 6 (dense) and of 32 (gemm). */
#define BLOCK_UNIT      96
#define BLOCK_UNITS_MAX 2

/* What the inputs and outputs of the largest op may take for a block to be
 * larger than one unit: half of a 96-KiB share of a second-level cache. */
#define BLOCK_BYTES (48 * 1024)

/* Places that are looked at for a new value, the last ones: a program with more
 * at a time is nobody's model, and may lose some memory. */
#define MAX_SEARCH 1000

/* A stretch of the scratch memory. */
struct place {
    size_t offset, bytes;
    size_t free_after; /* index of the last op that reads it */
};

static bool shares_input(const struct clary_op *op)
{
    return strcmp(op->kind->name, "reshape") == 0;
}

static enum clary_status set_row_bytes(struct program_value *v,
                                       struct clary_error *err)
{
    size_t elements;

    if (!clary_shape_elements(&v->value.shape, &elements) ||
        !clary_size_mul(elements, clary_dtype_bytes(v->value.dtype),
                        &v->row_bytes))
        return clary_no_memory(err);
    return CLARY_OK;
}

/* storage and row_bytes of every per-row value, and the block size. */
static enum clary_status measure(struct clary_program *program,
                                 struct clary_error *err)
{
    size_t largest = 1, i, j, units;

    for (i = 0; i < program->n_values; i++)
        program->values[i].storage = (uint32_t)i;
    for (i = 0; i < program->n_inputs; i++)
        CLARY_TRY(
            set_row_bytes(&program->values[program->inputs[i].value], err));
    for (i = 0; i < program->n_ops; i++) {
        const struct clary_op *op = &program->ops[i];
        size_t bytes = 0;

        for (j = 0; j < op->n_outputs; j++) {
            struct program_value *out = &program->values[op->out[j]];

            CLARY_TRY(set_row_bytes(out, err));
            if (shares_input(op))
                out->storage = program->values[op->in[0]].storage;
            bytes += out->row_bytes;
        }
        for (j = 0; j < op->n_inputs; j++)
            bytes += program->values[op->in[j]].row_bytes;
        if (bytes > largest)
            largest = bytes;
        if (op->scratch_bytes > program->op_scratch_bytes)
            program->op_scratch_bytes = op->scratch_bytes;
    }
    units = BLOCK_BYTES / largest / BLOCK_UNIT;
    if (units < 1)
        units = 1;
    if (units > BLOCK_UNITS_MAX)
        units = BLOCK_UNITS_MAX;
    program->block_rows = units * BLOCK_UNIT;
    return CLARY_OK;
}

/* For each storage the last op that reads it; SIZE_MAX when it must last. */
static size_t *last_reads(const struct clary_program *program)
{
    size_t *last =
        clary_arena_calloc(program->arena, program->n_values, sizeof *last);
    size_t i, j;

    if (!last)
        return NULL;
    for (i = 0; i < program->n_ops; i++) {
        const struct clary_op *op = &program->ops[i];

        for (j = 0; j < op->n_inputs; j++)
            last[program->values[op->in[j]].storage] = i;
    }
    for (i = 0; i < program->n_inputs; i++)
        last[program->values[program->inputs[i].value].storage] = SIZE_MAX;
    for (i = 0; i < program->n_outputs; i++)
        last[program->values[program->outputs[i].value].storage] = SIZE_MAX;
    return last;
}

/* Takes the smallest free place that is large enough, or a new one. */
static enum clary_status assign(struct clary_program *program,
                                struct program_value *v, size_t now,
                                size_t last, struct place *places,
                                size_t *n_places, struct clary_error *err)
{
    struct place *best = NULL;
    size_t first = *n_places > MAX_SEARCH ? *n_places - MAX_SEARCH : 0;
    size_t bytes, i;

    if (!clary_size_mul(v->row_bytes, program->block_rows, &bytes) ||
        bytes > SIZE_MAX - CLARY_ARENA_ALIGN)
        return clary_no_memory(err);
    /* never empty: two values at one address would look like a reshape */
    bytes = (bytes / CLARY_ARENA_ALIGN + 1) * CLARY_ARENA_ALIGN;
    for (i = first; i < *n_places; i++)
        if (places[i].free_after < now && places[i].bytes >= bytes &&
            (!best || places[i].bytes < best->bytes))
            best = &places[i];
    if (!best) {
        best = &places[(*n_places)++];
        best->offset = program->values_bytes;
        best->bytes = bytes;
        if (!clary_size_add(program->values_bytes, bytes,
                            &program->values_bytes))
            return clary_no_memory(err);
    }
    best->free_after = last;
    v->offset = best->offset;
    return CLARY_OK;
}

enum clary_status clary_program_plan(struct clary_program *program,
                                     struct clary_error *err)
{
    struct place *places =
        clary_arena_calloc(program->arena, program->n_values, sizeof *places);
    size_t *last;
    size_t n_places = 0, i, j;

    if (!places)
        return clary_no_memory(err);
    CLARY_TRY(measure(program, err));
    last = last_reads(program);
    if (!last)
        return clary_no_memory(err);
    for (i = 0; i < program->n_inputs; i++) {
        uint32_t id = program->inputs[i].value;

        CLARY_TRY(assign(program, &program->values[id], 0, last[id], places,
                         &n_places, err));
    }
    for (i = 0; i < program->n_ops; i++) {
        const struct clary_op *op = &program->ops[i];

        for (j = 0; !shares_input(op) && j < op->n_outputs; j++) {
            uint32_t id = op->out[j];

            /* a result nobody reads still needs its place during this op */
            CLARY_TRY(assign(program, &program->values[id], i,
                             last[id] > i ? last[id] : i, places, &n_places,
                             err));
        }
        for (j = 0; shares_input(op) && j < op->n_outputs; j++) {
            struct program_value *v = &program->values[op->out[j]];

            v->offset = program->values[v->storage].offset;
        }
    }
    program->row_bytes = program->values_bytes / program->block_rows;
    return CLARY_OK;
}
