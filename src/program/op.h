/* op.h: one step of a program.
 *
 * An op kind is a const struct: its shape rule, which checks everything at
 * load, and its run function, which trusts the check. Kinds live in families
 * (op_unary.c, op_binary.c, ...); the table of all is ops.c. All parameters
 * are known at load and live in the program's arena; run sees tensors only.
 *
 * Rows. A value is either whole (a constant) or per row: its dimension 0 then
 * counts the elements along it FOR ONE ROW of a request, so for r rows it is
 * r * dim[0] (a plain batch has dim[0] = 1). An op must give each row the
 * same bytes alone and beside others: whatever would mix rows (a reduction
 * over axis 0, a transpose that moves it) is refused by its shape rule with
 * CLARY_UNSUPPORTED. An op with only whole inputs is folded by running it.
 *
 * threads: run may be called by any number of threads at once.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_OP_H
#define CLARY_PROGRAM_OP_H

#include <clary/arena.h>
#include <clary/status.h>
#include <clary/tensor.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clary_op;

/* What a shape rule knows of a tensor. */
struct clary_value {
    enum clary_dtype dtype;
    bool per_row;             /* see above */
    struct clary_shape shape; /* per_row: rank >= 1, dim[0] per request row */
    const void *data;         /* a constant's elements; NULL: not known yet */
};

struct clary_op_kind {
    const char *name; /* "add"; unique */
    size_t n_inputs;  /* CLARY_ANY_INPUTS: one or more */

    /* Sets dtype, per_row and shape of each of op->n_outputs outputs (data
     * stays NULL). Checks dtypes, ranks, dimensions and parameters so that run
     * cannot fail but on data. Errors: CLARY_BAD_MODEL (contradictory),
     * CLARY_UNSUPPORTED (sound, but mixes rows or a form not known here); the
     * message begins with clary_op_fail's prefix. */
    enum clary_status (*shape)(const struct clary_op *op,
                               const struct clary_value *const *in,
                               struct clary_value *out,
                               struct clary_error *err);

    /* Computes the outputs, whose shapes are set and whose data points at
     * memory that does not overlap the inputs'. `scratch` holds
     * op->scratch_bytes, or what prepare made of the same shapes. Errors: only
     * CLARY_BAD_INPUT on data (an index out of range, a division by zero of
     * integers). */
    enum clary_status (*run)(const struct clary_op *op,
                             const struct clary_tensor *const *in,
                             struct clary_tensor *const *out, void *scratch,
                             struct clary_error *err);

    /* "8 -> 64, relu" for people; NULL: only the shapes are shown. */
    void (*describe)(const struct clary_op *op, char *text, size_t text_bytes);

    /* Works out what run needs of the shapes, once for all runs with them:
     * reads no data; `prepared` holds prepared_bytes. NULL and 0: nothing. */
    void (*prepare)(const struct clary_op *op,
                    const struct clary_tensor *const *in,
                    struct clary_tensor *const *out, void *prepared);
    size_t prepared_bytes;
};

#define CLARY_ANY_INPUTS  SIZE_MAX
#define CLARY_MAX_OUTPUTS 256

struct clary_op {
    const struct clary_op_kind *kind;
    const char *name;   /* of the node it came from, for messages */
    const void *params; /* the struct that the kind's comment names */
    const uint32_t *in; /* values of the program */
    const uint32_t *out;
    size_t n_inputs, n_outputs;
    size_t scratch_bytes; /* set by whoever makes params; usually 0 */
    size_t n_parameters;  /* numbers of the model held in params; usually 0 */
};

/* Fails with `op "NODE" (KIND): ` in front of the message. */
enum clary_status clary_op_fail(const struct clary_op *op,
                                enum clary_status status,
                                struct clary_error *err, const char *format,
                                ...) __attribute__((format(printf, 4, 5)));

/* The kind called `name`, or NULL. */
const struct clary_op_kind *clary_op_kind_named(const char *name);

/* --- parameters, by kind; NULL where a kind is not listed ---------------- */

/* leaky_relu, elu: alpha */
struct clary_alpha_params {
    double alpha;
};

/* cast: elements are converted as C does, float to integer truncating (out of
 * range saturates, NaN is 0), anything to bool by != 0. */
struct clary_cast_params {
    enum clary_dtype to;
};

/* sum mean prod max min all any argmax argmin (the last two: one axis, output
 * dtype `index_dtype` I32 or I64; the first extreme wins, a NaN is passed over
 * as in TensorFlow on a CPU). Accumulation order: along the axis, ascending,
 * in the element's type. */
struct clary_reduce_params {
    uint32_t axes; /* bit a: axis a is reduced */
    bool keep_dims;
    enum clary_dtype index_dtype;
};

/* reshape: one dimension may be -1. For a per-row input dim[0] is per request
 * row too (`per_row` must then be true). */
struct clary_reshape_params {
    bool per_row;
    struct clary_shape shape;
};

/* transpose: output axis a is input axis perm[a]; axis 0 of a per-row value
 * stays. */
struct clary_transpose_params {
    size_t perm[CLARY_MAX_RANK];
};

/* concat (any number of inputs), softmax and log_softmax (over `axis`), gather
 * (in[0] data, in[1] integer indices: output shape is data[:axis] +
 * indices[batch_dims:] + data[axis+1:]; batch_dims 0 or, where both are per
 * row, 1; an index outside [0, n) is CLARY_BAD_INPUT that names it), split
 * (n_outputs equal parts, or `sizes`): axis >= 0. */
struct clary_axis_params {
    size_t axis;
    size_t batch_dims;    /* gather */
    const int64_t *sizes; /* split: n_outputs sizes; NULL: equal */
};

/* slice: out[i] = in[begin + i * stride] along each axis; size elements each
 * (already clipped and resolved; stride may be negative). Axis 0 of a per-row
 * value must be taken whole. */
struct clary_slice_params {
    int64_t begin[CLARY_MAX_RANK];
    int64_t size[CLARY_MAX_RANK];
    int64_t stride[CLARY_MAX_RANK];
};

/* tile: multiples[a] copies along axis a (1 for axis 0 of a per-row value).
 * broadcast: to `shape`, numpy rules, right-aligned; `per_row` as in reshape:
 * a whole value may be broadcast to per-row (dim[0] is then per row). With two
 * inputs the second is only there for its number of rows. */
struct clary_broadcast_params {
    bool per_row;
    struct clary_shape shape; /* tile: the multiples */
};

/* one_hot: in[0] integer indices; adds an axis of `depth` at `axis`; other
 * indices give all off. Values in `dtype`. */
struct clary_one_hot_params {
    size_t axis;
    int64_t depth;
    double on, off;
    enum clary_dtype dtype;
};

/* bucketize: output int32 = count of boundaries <= x (NaN: all of them). */
struct clary_bucketize_params {
    const float *boundaries; /* ascending */
    size_t n_boundaries;
};

/* bincount: in[0] integers (rows, n), in[1] weights of the same shape or an
 * empty constant; output (rows, size): counts, weighted counts, or 0/1 when
 * `binary`. Values >= size are dropped, negative ones are CLARY_BAD_INPUT
 * (TensorFlow's DenseBincount). */
struct clary_bincount_params {
    int64_t size;
    bool binary;
    enum clary_dtype dtype; /* of the output */
};

/* dense: see op_dense.c. matmul: in[0] (..., m, k) by in[1] (k, n), F32 or
 * F64, the second a constant; y sums in[0][i] * in[1][i] for i = 0 .. k-1 in
 * order with fma from 0. */

#endif
