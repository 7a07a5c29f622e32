/* op_dense.h: how the optimiser makes a dense op.
 *
 * y = activation(max(x w + b, floor)) for each row x.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_OP_DENSE_H
#define CLARY_PROGRAM_OP_DENSE_H

#include "kernel/kernel.h"
#include "program/op.h"

/* What to compute. */
struct clary_dense_spec {
    const float *w;    /* (k, n), row-major; must outlive the params when the
                        * product goes to gemm */
    const float *bias; /* (n); NULL: none */
    size_t k, n;
    float floor;                       /* 0 for relu, -INFINITY for none */
    const struct clary_op *activation; /* a unary float op that runs in place
                                        * on the result; NULL: none */
};

struct clary_dense_params {
    struct clary_dense_spec spec;
    struct clary_dense packed; /* when !use_gemm */
    bool use_gemm;             /* wide: OpenBLAS in fixed row tiles */
    size_t scratch_bytes;      /* for the op */
};

/* Packs the weights into `arena`, or keeps them for gemm from a stated width
 * on. Errors: CLARY_NO_MEMORY. */
enum clary_status clary_dense_params_new(struct clary_arena *arena,
                                         const struct clary_dense_spec *spec,
                                         struct clary_dense_params **out,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* Whether `kind` may be a dense op's activation: elementwise, one float input,
 * and its run works in place. */
bool clary_dense_can_fuse(const struct clary_op_kind *kind);

#endif
