/* restore.h: which checkpoint key each variable of a graph is restored from.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_TENSORFLOW_RESTORE_H
#define CLARY_FORMAT_TENSORFLOW_RESTORE_H

#include "format/tensorflow/graph.h"

struct clary_binding {
    const char *variable; /* clary_variable_name */
    const char *key;      /* in the TensorBundle */
    const char *slice;    /* of a partitioned variable; else "" */
    bool linked;          /* through an initial assignment (restore.c) */
    bool read;            /* `tensor` is the variable's value */
    struct clary_tensor tensor;
};

struct clary_bindings {
    struct clary_binding *list;
    size_t n, capacity;
    struct clary_names names; /* of the variables */
};

/* Interprets the graph's restore op (saver_def.restore_op_name). An empty name
 * gives no bindings: a model without variables.
 *
 *   memory  the list lives in `arena`, the names in the decoded messages
 *   errors  CLARY_BAD_MODEL (the op or what it refers to is missing),
 *           CLARY_UNSUPPORTED (a limit), CLARY_NO_MEMORY
 */
enum clary_status clary_bindings_new(struct clary_arena *arena,
                                     const struct clary_graph *graph,
                                     const char *restore_op_name,
                                     struct clary_bindings *out,
                                     struct clary_error *err) CLARY_MUST_USE;

/* How a variable is bound, or NULL. */
struct clary_binding *clary_bindings_find(const struct clary_bindings *bindings,
                                          const char *variable);

/* Whether `node` makes a variable, and the name that identifies it: its
 * shared_name, or else its own name. NULL for other nodes. The name lives in
 * `arena` (NULL also when memory is short: *is_variable tells). */
const char *clary_variable_name(struct clary_arena *arena,
                                const Clary__Tf__Node *node, bool *is_variable);

#endif
