/* program_impl.h: the inside of a program, for the files of src/program only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_PROGRAM_IMPL_H
#define CLARY_PROGRAM_PROGRAM_IMPL_H

#include "program/program.h"

/* Row counts at which values that depend on the number of rows only are
 * folded. 1 is among them because it is the count at which shapes behave
 * differently (Squeeze, broadcasting). */
extern const int64_t clary_probe_rows[CLARY_PROBES];

struct program_value {
    struct clary_value value;
    bool probed; /* depends on the number of rows only; `probe` holds it at
                  * each of clary_probe_rows, and `value` is meaningless but
                  * for its dtype */
    struct clary_value *probe; /* (CLARY_PROBES) */

    /* set by plan.c, of per-row values that ops or outputs use */
    uint32_t storage; /* the value whose memory this one shares */
    size_t row_bytes; /* bytes for one row of a request */
    size_t offset;    /* bytes from the start of the scratch memory */
};

struct program_field {
    const char *name;
    uint32_t value;
    const char *const *column_names;                  /* NULL: none */
    const struct clary_categories *const *categories; /* NULL: none */
    const char *column_prefix;                        /* NULL: none */
    bool blanks_are_underscores;
};

struct clary_linear;

struct clary_program {
    struct clary_arena *arena;
    struct program_value *values;
    size_t n_values, values_capacity;
    struct clary_op *ops;
    size_t n_ops, ops_capacity;
    struct program_field *inputs, *outputs;
    size_t n_inputs, n_outputs, inputs_capacity, outputs_capacity;
    uint64_t fold_work; /* multiplications that folding has done so far */
    const struct clary_linear *linear; /* the last that was told of */
    size_t n_linear;                   /* that were */

    /* after finish */
    struct clary_field *input_fields, *output_fields;
    struct clary_op_info *op_infos; /* (n_ops) */
    size_t block_rows;
    size_t row_bytes;        /* scratch for one row */
    size_t values_bytes;     /* scratch for the values of a block */
    size_t op_scratch_bytes; /* the largest op's own scratch */
};

/* Whether no row of a request is needed to know the value. */
bool clary_program_is_whole(const struct program_value *value);

/* optimise.c: drops ops that no output needs; fuses matmul + add + relu into
 * dense. */
enum clary_status clary_program_optimise(struct clary_program *program,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* plan.c: block size and the place of every per-row value in the scratch
 * memory. */
enum clary_status clary_program_plan(struct clary_program *program,
                                     struct clary_error *err) CLARY_MUST_USE;

/* describe.c: what clary_program_op_info tells. */
enum clary_status clary_program_describe(struct clary_program *program,
                                         struct clary_error *err)
    CLARY_MUST_USE;

#endif
