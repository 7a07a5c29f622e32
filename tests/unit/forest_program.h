/* forest_program.h: a program of one forest, which is its only output.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_UNIT_FOREST_PROGRAM_H
#define CLARY_TESTS_UNIT_FOREST_PROGRAM_H

#include "program/forest.h"
#include "program/program.h"
#include "tests/test.h"

#define F32 CLARY_DTYPE_F32
#define F64 CLARY_DTYPE_F64

struct subject {
    struct clary_arena arena;
    struct clary_program *program;
    struct clary_error err;
};

static enum clary_status subject_open(struct subject *subject,
                                      const struct clary_forest *forest)
{
    const struct clary_shape row = {1, {(int64_t)forest->n_features}};
    uint32_t in, out;

    clary_arena_init(&subject->arena, (size_t)1 << 30);
    subject->program = clary_program_new(&subject->arena, &subject->err);
    if (!CHECK(subject->program != NULL))
        return CLARY_NO_MEMORY;
    CLARY_TRY(clary_program_input(subject->program, "x", forest->dtype, &row,
                                  &in, &subject->err));
    CLARY_TRY(clary_forest_add(subject->program, "model", forest, in, &out,
                               &subject->err));
    CLARY_TRY(clary_program_output(subject->program, "y", out, &subject->err));
    return clary_program_finish(subject->program, &subject->err);
}

#endif
