/* ops.h: how a TensorFlow op becomes ops of a program.
 *
 * One handler turns one kind of node into ops; ops.c holds THE table. Adding
 * an op is one line there when a handler fits, or a handler beside it.
 * Semantics: the op's page in TensorFlow's raw_ops reference.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_TENSORFLOW_OPS_H
#define CLARY_FORMAT_TENSORFLOW_OPS_H

#include "format/tensorflow/trace.h"

/* One node on its way into the program. */
struct clary_tf_call {
    struct clary_tracer *tracer;
    const Clary__Tf__Node *node;
    const struct clary_traced *in; /* data inputs */
    size_t n_in;
    struct clary_traced *out; /* made by clary_tf_outputs */
    size_t n_out;
    struct clary_error *err;
};

struct clary_tf_op {
    const char *name; /* "AddV2" */
    enum clary_status (*handle)(struct clary_tf_call *call, const char *kind);
    const char *kind; /* the program's op, for handlers of several */
    size_t n_inputs;  /* data inputs at least */
};

/* The op's entry, or NULL. */
const struct clary_tf_op *clary_tf_op_find(const char *name);

/* What a user can do about an op that has no entry. Never NULL. */
const char *clary_tf_op_hint(const char *name);

/* --- for handlers -------------------------------------------------------- */

/* Fails with `node "NAME" (OP): ` in front of the message. */
enum clary_status clary_tf_fail(struct clary_tf_call *call,
                                enum clary_status status, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

/* Makes room for the node's outputs. */
enum clary_status clary_tf_outputs(struct clary_tf_call *call, size_t n);

/* The node has one output: `value`. */
enum clary_status clary_tf_output(struct clary_tf_call *call, uint32_t value);

/* Input i as a tensor of the program. */
enum clary_status clary_tf_input(struct clary_tf_call *call, size_t i,
                                 uint32_t *value);

/* Input i as a constant. */
enum clary_status clary_tf_constant(struct clary_tf_call *call, size_t i,
                                    struct clary_tensor *tensor);

/* Input i as constant integers, at most CLARY_MAX_RANK. */
enum clary_status clary_tf_integers(struct clary_tf_call *call, size_t i,
                                    int64_t *values, size_t *n);

/* Input i as one constant integer. */
enum clary_status clary_tf_integer(struct clary_tf_call *call, size_t i,
                                   int64_t *value);

/* Input i as one constant axis of a tensor of `rank`, negative ones counted
 * from the end. */
enum clary_status clary_tf_axis(struct clary_tf_call *call, size_t i,
                                size_t rank, size_t *axis);

/* What the program knows of a value. */
const struct clary_value *clary_tf_value(const struct clary_tf_call *call,
                                         uint32_t value);

/* Memory of the model, cleared: for parameters. NULL: none left. */
void *clary_tf_alloc(struct clary_tf_call *call, size_t count, size_t size);
enum clary_status clary_tf_no_memory(struct clary_tf_call *call);

/* Adds an op of the program. */
enum clary_status clary_tf_emit(struct clary_tf_call *call, const char *kind,
                                const void *params, const uint32_t *in,
                                size_t n_in, uint32_t *out, size_t n_out);

/* The same with one output. */
enum clary_status clary_tf_emit1(struct clary_tf_call *call, const char *kind,
                                 const void *params, const uint32_t *in,
                                 size_t n_in, uint32_t *out);

/* A scalar constant of `dtype`. */
enum clary_status clary_tf_scalar(struct clary_tf_call *call,
                                  enum clary_dtype dtype, double number,
                                  uint32_t *value);

/* Reshapes to `shape`, per row or not as `value` is. */
enum clary_status clary_tf_reshape(struct clary_tf_call *call, uint32_t value,
                                   const struct clary_shape *shape,
                                   uint32_t *out);

/* --- handlers, by file --------------------------------------------------- */

/* Whether `op` is elementwise and an input of it is CLARY_TRACED_MIXED: its
 * output then is too, and clary_tf_mixed handles it. */
bool clary_tf_is_mixed(const struct clary_tf_call *call,
                       const struct clary_tf_op *op);

typedef enum clary_status clary_tf_handler(struct clary_tf_call *call,
                                           const char *kind);

/* ops_mixed.c */
clary_tf_handler clary_tf_mixed;
/* ops_math.c */
clary_tf_handler clary_tf_simple, clary_tf_alpha, clary_tf_cast,
    clary_tf_matmul, clary_tf_bias_add, clary_tf_add_n, clary_tf_clip,
    clary_tf_select, clary_tf_reduce, clary_tf_arg_reduce, clary_tf_softmax,
    clary_tf_batch_norm;
/* ops_shape.c */
clary_tf_handler clary_tf_shape, clary_tf_rank, clary_tf_size,
    clary_tf_to_shape, clary_tf_squeeze, clary_tf_expand_dims,
    clary_tf_transpose, clary_tf_fill, clary_tf_fill_like,
    clary_tf_broadcast_to, clary_tf_tile, clary_tf_range;
/* ops_part.c */
clary_tf_handler clary_tf_concat, clary_tf_pack, clary_tf_unpack,
    clary_tf_split, clary_tf_split_sizes, clary_tf_slice,
    clary_tf_strided_slice, clary_tf_gather, clary_tf_one_hot,
    clary_tf_bucketize, clary_tf_bincount;
/* ops_state.c */
clary_tf_handler clary_tf_const, clary_tf_identity, clary_tf_identity_n,
    clary_tf_variable, clary_tf_read_variable, clary_tf_switch, clary_tf_merge,
    clary_tf_placeholder, clary_tf_nothing;

#endif
