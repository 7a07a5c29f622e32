/* trace.h: from a TensorFlow graph to a program, one node at a time.
 *
 * Tracing walks back from a signature's outputs, enters functions where they
 * are called (so that everything is inlined), and hands each node to the
 * handler of its op (ops.h), which adds ops to the program. Constants fold as
 * they are added, so nothing that does not depend on the input survives.
 *
 * Control inputs are not followed: they order side effects, and serving has
 * none. An Assert therefore never fails.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_TENSORFLOW_TRACE_H
#define CLARY_FORMAT_TENSORFLOW_TRACE_H

#include "format/format.h"
#include "format/tensorbundle.h"
#include "format/tensorflow/graph.h"
#include "format/tensorflow/restore.h"

/* What flows along one edge of the graph. */
struct clary_traced {
    enum {
        CLARY_TRACED_VALUE,    /* a tensor */
        CLARY_TRACED_VARIABLE, /* a handle of a variable */
        CLARY_TRACED_DEAD,     /* the branch of a Switch that is not taken */
        CLARY_TRACED_MIXED     /* reduced over the rows of the request: no
                                * prediction may depend on it, but when it is
                                * bounded from both sides by one constant, it
                                * is that (Keras sizes a bincount so) */
    } kind;
    uint32_t value;       /* of the program */
    const char *variable; /* clary_variable_name */
    bool scalar;          /* of MIXED: one number, not a tensor of them */
    int64_t low, high;    /* of MIXED: its bounds */
    const char *mixed_by; /* of MIXED: the node that reduces */
    const double *fill;   /* every element's number, of a Fill; else NULL */
    bool lead; /* per row, and TensorFlow has one more dimension, of size 1,
                * before the rows: only Reshape and FusedBatchNorm know it */
};

/* A dimension of an input that the signature leaves open, but for the rows. */
struct clary_open_dimension {
    const char *input;
    int64_t size; /* 0 until an op tells */
};

/* Open dimensions are traced as CLARY_OPEN_SIZE + their index, a size that no
 * tensor has: where an op meets it beside a real one, that is the size, and
 * tracing starts again with it. */
#define CLARY_OPEN_SIZE 1000003
#define CLARY_MAX_OPEN  64

struct clary_tracer {
    struct clary_arena *arena;     /* of the model */
    struct clary_arena *temporary; /* of the load */
    const struct clary_graph *graph;
    const struct clary_bindings *bindings;
    const struct clary_bundle *bundle; /* NULL: no variables */
    struct clary_program *program;
    uint32_t rows; /* a per-row value of it: the first input */

    struct clary_open_dimension open[CLARY_MAX_OPEN];
    size_t n_open;
    bool learned; /* an op has told an open dimension's size */

    bool linked;    /* a variable was bound through an initial assignment */
    size_t n_nodes; /* traced, functions' nodes at each call */
    size_t work;    /* inputs, attributes and results looked at, in all
                     * attempts */
};

/* A tensor of the main graph that is given instead of computed. */
struct clary_feed {
    struct clary_ref ref;
    uint32_t value;
};

/* Traces the tensor `ref` of the main graph.
 *
 *   feeds   the signature's inputs
 *   errors  CLARY_UNSUPPORTED (op, node and what would work),
 *           CLARY_BAD_MODEL, CLARY_NO_MEMORY. When an error comes with
 *           tracer->learned, tracing again may succeed.
 */
enum clary_status clary_trace(struct clary_tracer *tracer,
                              const struct clary_feed *feeds, size_t n_feeds,
                              const struct clary_ref *refs, size_t n_refs,
                              struct clary_traced *out, struct clary_error *err)
    CLARY_MUST_USE;

#endif
