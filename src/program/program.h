/* program.h: a list of typed ops over tensors, and its executor.
 *
 * A loader builds a program op by op and finishes it; after that it is
 * immutable and checked, and the executor trusts it.
 *
 *   build      clary_program_new, _input, _constant, _add ..., _output
 *   finish     clary_program_finish: drops what no output needs, fuses
 *              (optimise.c), plans memory (plan.c)
 *   execute    clary_execution_new once a request or thread, then
 *              clary_execution_run for each block of rows (execute.c)
 *
 * Folding. An op whose inputs are all constants is run when it is added and
 * becomes a constant. A value that depends on how many rows there are but not
 * on what they hold (a Shape and what is computed from it) is folded at three
 * probe row counts; whoever needs its elements reads them as a + b * rows
 * (clary_program_affine), and a value equal at all three is a constant.
 *
 * memory: everything lives in the arena given to clary_program_new.
 * threads: building belongs to one thread; a finished program to all.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_PROGRAM_H
#define CLARY_PROGRAM_PROGRAM_H

#include "program/op.h"

#include <clary/model.h>

struct clary_program;

enum { CLARY_PROBES = 3 };

struct clary_program *clary_program_new(struct clary_arena *arena,
                                        struct clary_error *err);

/* What folding has cost a program that was given up counts against the limit
 * of this one. */
void clary_program_resume(struct clary_program *program,
                          const struct clary_program *earlier);

/* An input of `row_shape` (without the batch dimension); its value has shape
 * (1, row_shape...) per row. Inputs are fields of the signature in the order
 * of their adding. */
enum clary_status clary_program_input(struct clary_program *program,
                                      const char *name, enum clary_dtype dtype,
                                      const struct clary_shape *row_shape,
                                      uint32_t *value, struct clary_error *err)
    CLARY_MUST_USE;

/* Names for the elements of input number `index`, one each; they must live as
 * long as the program's arena. */
void clary_program_name_columns(struct clary_program *program, size_t index,
                                const char *const *names);

/* What elements of input number `index` that have no names are called, before
 * their number; it must live as long. */
void clary_program_prefix_columns(struct clary_program *program, size_t index,
                                  const char *prefix);

/* The names of input number `index` have '_' where others have a blank. */
void clary_program_blanks_are_underscores(struct clary_program *program,
                                          size_t index);

/* The same for the categories of the elements, each NULL where there are
 * none. */
void clary_program_set_categories(
    struct clary_program *program, size_t index,
    const struct clary_categories *const *categories);

/* A constant; `tensor`'s data must live as long as the program's arena. */
enum clary_status clary_program_constant(struct clary_program *program,
                                         const struct clary_tensor *tensor,
                                         uint32_t *value,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* Adds (or folds) an op. `params` must live as long as the arena. Sets out[0 ..
 * n_out - 1]. */
enum clary_status clary_program_add(struct clary_program *program,
                                    const char *kind, const char *name,
                                    const void *params, const uint32_t *in,
                                    size_t n_in, uint32_t *out, size_t n_out,
                                    struct clary_error *err) CLARY_MUST_USE;

/* The shape of a value as an int32 or int64 vector, folded as above. */
enum clary_status clary_program_shape_of(struct clary_program *program,
                                         uint32_t value, enum clary_dtype dtype,
                                         uint32_t *out, struct clary_error *err)
    CLARY_MUST_USE;

/* What is known of a value. Valid until the next value is added. */
const struct clary_value *clary_program_value(
    const struct clary_program *program, uint32_t value);

/* The value as a constant tensor; false if it is none. */
bool clary_program_is_constant(const struct clary_program *program,
                               uint32_t value, struct clary_tensor *tensor);

/* An integer vector or scalar whose elements are constant + per_row * rows.
 * `n` gets its length (at most CLARY_MAX_RANK). False if the value depends on
 * the rows' content, is too long or is not of that form. */
bool clary_program_affine(const struct clary_program *program, uint32_t value,
                          int64_t *constant, int64_t *per_row, size_t *n);

/* An output: its value must be per row with dim[0] == 1. Errors:
 * CLARY_UNSUPPORTED when it is not (named). */
enum clary_status clary_program_output(struct clary_program *program,
                                       const char *name, uint32_t value,
                                       struct clary_error *err) CLARY_MUST_USE;

enum clary_status clary_program_finish(struct clary_program *program,
                                       struct clary_error *err) CLARY_MUST_USE;

/* Fields of the signature, in order; after finish. */
void clary_program_fields(const struct clary_program *program,
                          const struct clary_field **inputs, size_t *n_inputs,
                          const struct clary_field **outputs,
                          size_t *n_outputs);

size_t clary_program_n_ops(const struct clary_program *program);
void clary_program_op_info(const struct clary_program *program, size_t index,
                           struct clary_op_info *info);

/* What the trees of all forests are like. Errors: CLARY_NO_MEMORY (`temporary`
 * gets a list of columns). */
enum clary_status clary_program_trees(const struct clary_program *program,
                                      struct clary_arena *temporary,
                                      struct clary_trees_info *info,
                                      struct clary_error *err) CLARY_MUST_USE;

/* Rows of one block; scratch bytes one of them takes. After finish. */
size_t clary_program_block_rows(const struct clary_program *program);
size_t clary_program_scratch_bytes_per_row(const struct clary_program *program);

/* One thread's working memory for a program. */
struct clary_execution;

/* In `arena`, for blocks of clary_program_block_rows rows. NULL: no memory. */
struct clary_execution *clary_execution_new(
    struct clary_arena *arena, const struct clary_program *program);

/* Where the block's rows of input `field` go: (block_rows, width). */
void *clary_execution_input(struct clary_execution *execution, size_t field);

/* Where output `field` is after a run: (rows, width). */
void *clary_execution_output(struct clary_execution *execution, size_t field);

/* Runs rows 0 .. n_rows - 1 of the inputs, n_rows <= block_rows. Errors:
 * CLARY_BAD_INPUT from an op (the row is not known; the op is named). */
enum clary_status clary_execution_run(struct clary_execution *execution,
                                      size_t n_rows, struct clary_error *err)
    CLARY_MUST_USE;

#endif
