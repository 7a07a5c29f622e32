/* graph.h: the nodes of a TensorFlow graph and of its functions, by name.
 *
 * A body is the main graph or one function. Its nodes name their inputs as
 * text: "node", "node:1" and "^node" (control) in the main graph,
 * "node:out_arg:0" or an argument's name in a function.
 *
 * memory: everything lives in the arena given to clary_graph_new; the decoded
 * messages must outlive it.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_TENSORFLOW_GRAPH_H
#define CLARY_FORMAT_TENSORFLOW_GRAPH_H

#include "format/proto/savedmodel.pb-c.h"

#include <clary/arena.h>
#include <clary/status.h>
#include <clary/tensor.h>

/* Names to indices. Sorted by a hash and then by name: an artifact that makes
 * all its names collide gains nothing. */
struct clary_names {
    struct clary_name {
        uint64_t hash;
        const char *name;
        uint32_t index;
    } * list;
    size_t n;
};

struct clary_body {
    const Clary__Tf__Function *function; /* NULL: the main graph */
    Clary__Tf__Node **nodes;
    size_t n_nodes;
    struct clary_names names;
    struct clary_names arguments; /* of the function */
};

struct clary_graph {
    struct clary_body main;
    struct clary_body *functions;
    size_t n_functions;
    struct clary_names names; /* of the functions */
};

/* What an input's text refers to. */
struct clary_ref {
    enum { CLARY_REF_NODE, CLARY_REF_ARGUMENT, CLARY_REF_CONTROL } kind;
    uint32_t index;  /* of the node in its body, or of the argument */
    uint32_t output; /* of the node */
};

/* Building: _new with room for `n`, _add that often, then _sort. The names must
 * outlive the table. */
enum clary_status clary_names_new(struct clary_arena *arena, size_t n,
                                  struct clary_names *names,
                                  struct clary_error *err) CLARY_MUST_USE;
void clary_names_add(struct clary_names *names, const char *name,
                     uint32_t index);
void clary_names_sort(struct clary_names *names);

/* Whether there is such a name; its index, the lowest of several. */
bool clary_names_find(const struct clary_names *names, const char *name,
                      size_t len, uint32_t *index);

/* Errors: CLARY_BAD_MODEL (two nodes of one name), CLARY_NO_MEMORY. */
enum clary_status clary_graph_new(struct clary_arena *arena,
                                  const Clary__Tf__Graph *proto,
                                  struct clary_graph *graph,
                                  struct clary_error *err) CLARY_MUST_USE;

/* The function, or NULL. */
const struct clary_body *clary_graph_function(const struct clary_graph *graph,
                                              const char *name);

/* Reads `text` as a node of `body` writes it. Errors: CLARY_BAD_MODEL when it
 * names nothing in the body. */
enum clary_status clary_ref_parse(const struct clary_body *body,
                                  const char *text, struct clary_ref *ref,
                                  struct clary_error *err) CLARY_MUST_USE;

/* The attribute, or NULL. */
const Clary__Tf__Attribute *clary_attribute(const Clary__Tf__Node *node,
                                            const char *name);

/* Attributes with TensorFlow's defaults for those left out. */
int64_t clary_attribute_int(const Clary__Tf__Node *node, const char *name,
                            int64_t otherwise);
bool clary_attribute_bool(const Clary__Tf__Node *node, const char *name,
                          bool otherwise);
float clary_attribute_float(const Clary__Tf__Node *node, const char *name,
                            float otherwise);
/* Whether a string attribute is `text`; a missing one counts as `otherwise`. */
bool clary_attribute_is(const Clary__Tf__Node *node, const char *name,
                        const char *text, const char *otherwise);

/* A DataType as ours: CLARY_DTYPE_COUNT for one that clary has not, such as
 * DT_RESOURCE. `clary_datatype_name` names every DataType for messages. */
enum clary_dtype clary_datatype(int32_t type);
const char *clary_datatype_name(int32_t type);

/* The dtype in attribute `name` (or `otherwise` when it is missing). Errors:
 * CLARY_UNSUPPORTED names the node and the type. */
enum clary_status clary_attribute_dtype(const Clary__Tf__Node *node,
                                        const char *name,
                                        enum clary_dtype otherwise,
                                        enum clary_dtype *dtype,
                                        struct clary_error *err) CLARY_MUST_USE;

/* A TensorProto's elements, copied into `arena`. `node` is for messages.
 * Errors: CLARY_UNSUPPORTED (dtype), CLARY_BAD_MODEL (size and shape
 * disagree), CLARY_NO_MEMORY. */
enum clary_status clary_tensor_decode(struct clary_arena *arena,
                                      const Clary__Tf__Node *node,
                                      const Clary__Tf__Tensor *proto,
                                      struct clary_tensor *tensor,
                                      struct clary_error *err) CLARY_MUST_USE;

#endif
