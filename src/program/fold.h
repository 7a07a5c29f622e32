/* fold.h: computing at load what does not need a row of a request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_FOLD_H
#define CLARY_PROGRAM_FOLD_H

#include "program/program_impl.h"

/* Runs `op`, none of whose inputs is per row, and sets its n_outputs results:
 * constants, or probed values if an input is probed and the results differ
 * from probe to probe. */
enum clary_status clary_fold(struct clary_program *program,
                             const struct clary_op *op,
                             struct program_value *results,
                             struct clary_error *err) CLARY_MUST_USE;

/* The shape of `value` as a vector of `dtype` (I32 or I64). */
enum clary_status clary_fold_shape(struct clary_program *program,
                                   const struct program_value *value,
                                   enum clary_dtype dtype,
                                   struct program_value *result,
                                   struct clary_error *err) CLARY_MUST_USE;

#endif
