/* broadcast.h: numpy broadcasting, for the elementwise ops of several inputs.
 *
 * Shapes are aligned at their last axis; a dimension of 1 is stretched.
 *
 * Rows. Two per-row inputs must have the same rank and the same dim[0]; a
 * whole input must not reach axis 0 of a per-row one with more than one
 * element. Anything else would set rows against columns or against each
 * other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_BROADCAST_H
#define CLARY_PROGRAM_BROADCAST_H

#include "program/op.h"

enum { CLARY_BROADCAST_INPUTS = 3 };

/* The shape rule: sets *per_row and *shape to those of the output of
 * op->n_inputs <= CLARY_BROADCAST_INPUTS inputs. Errors: CLARY_BAD_MODEL
 * (dimensions that do not fit), CLARY_UNSUPPORTED (mixes rows). */
enum clary_status clary_broadcast_shape(const struct clary_op *op,
                                        const struct clary_value *const *in,
                                        bool *per_row,
                                        struct clary_shape *shape,
                                        struct clary_error *err) CLARY_MUST_USE;

/* The walk over an output: axes that all inputs walk alike are one axis, so
 * that equal shapes are one long line, and a vector against a matrix is two
 * axes. Axis 0 is the innermost. */
struct clary_broadcast {
    size_t n_axes; /* at least 2; the outer ones may have count 1. 0: no
                    * elements */
    size_t count[CLARY_MAX_RANK];
    /* elements from one index to the next; 0 where the input is stretched */
    size_t step[CLARY_BROADCAST_INPUTS][CLARY_MAX_RANK];
};

/* Makes the plan of an op whose inputs passed clary_broadcast_shape: for kinds
 * to prepare. An output without elements has no lines. */
void clary_broadcast_prepare(const struct clary_op *op,
                             const struct clary_tensor *const *in,
                             struct clary_tensor *const *out, void *plan);

/* Where a walk is: the planes of the two innermost axes, one after another.
 *
 *     struct clary_broadcast_place place = {0};
 *     do {
 *         ... place.in[0], place.in[1]: elements from the start of an input
 *     } while (clary_broadcast_next(&plan, &place));
 */
struct clary_broadcast_place {
    size_t index[CLARY_MAX_RANK];
    size_t in[CLARY_BROADCAST_INPUTS];
};

/* Moves to the next plane; false after the last. */
bool clary_broadcast_next(const struct clary_broadcast *plan,
                          struct clary_broadcast_place *place);

#endif
