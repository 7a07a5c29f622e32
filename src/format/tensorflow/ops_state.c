/* ops_state.c: constants, variables, control flow, and what only passes its
 * input on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/ops.h"

#include <string.h>

enum clary_status clary_tf_const(struct clary_tf_call *call, const char *kind)
{
    const Clary__Tf__Attribute *a = clary_attribute(call->node, "value");
    struct clary_tensor tensor;
    uint32_t value;

    (void)kind;
    if (!a || !a->tensor)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "it has no value");
    CLARY_TRY(clary_tensor_decode(call->tracer->arena, call->node, a->tensor,
                                  &tensor, call->err));
    CLARY_TRY(clary_program_constant(call->tracer->program, &tensor, &value,
                                     call->err));
    return clary_tf_output(call, value);
}

enum clary_status clary_tf_identity(struct clary_tf_call *call,
                                    const char *kind)
{
    (void)kind;
    CLARY_TRY(clary_tf_outputs(call, 1));
    call->out[0] = call->in[0];
    return CLARY_OK;
}

enum clary_status clary_tf_identity_n(struct clary_tf_call *call,
                                      const char *kind)
{
    size_t i;

    (void)kind;
    CLARY_TRY(clary_tf_outputs(call, call->n_in));
    for (i = 0; i < call->n_in; i++)
        call->out[i] = call->in[i];
    return CLARY_OK;
}

/* The restored value of a variable, read once a load. */
static enum clary_status read_variable(struct clary_tf_call *call,
                                       const char *variable, uint32_t *value)
{
    struct clary_tracer *tracer = call->tracer;
    struct clary_binding *binding =
        clary_bindings_find(tracer->bindings, variable);

    if (!binding || !tracer->bundle)
        return clary_tf_fail(call, CLARY_BAD_MODEL,
                             "variable \"%s\" is not restored from the "
                             "artifact's variables",
                             variable);
    if (*binding->slice)
        return clary_tf_fail(call, CLARY_UNSUPPORTED,
                             "variable \"%s\" is partitioned (slice "
                             "\"%s\"); save the model without a partitioner",
                             variable, binding->slice);
    tracer->linked = tracer->linked || binding->linked;
    if (!binding->read)
        CLARY_TRY(clary_bundle_read(tracer->bundle, binding->key, tracer->arena,
                                    &binding->tensor, call->err));
    binding->read = true;
    return clary_program_constant(tracer->program, &binding->tensor, value,
                                  call->err);
}

/* VarHandleOp gives a handle; kind "read" (VariableV2) the value itself. */
enum clary_status clary_tf_variable(struct clary_tf_call *call,
                                    const char *kind)
{
    bool is_variable;
    const char *variable =
        clary_variable_name(call->tracer->temporary, call->node, &is_variable);

    if (!variable)
        return clary_tf_no_memory(call);
    CLARY_TRY(clary_tf_outputs(call, 1));
    call->out[0].variable = variable;
    if (!kind) {
        call->out[0].kind = CLARY_TRACED_VARIABLE;
        return CLARY_OK;
    }
    return read_variable(call, variable, &call->out[0].value);
}

enum clary_status clary_tf_read_variable(struct clary_tf_call *call,
                                         const char *kind)
{
    uint32_t value;

    (void)kind;
    if (call->in[0].kind != CLARY_TRACED_VARIABLE)
        return clary_tf_fail(call, CLARY_BAD_MODEL, "its input is no variable");
    CLARY_TRY(read_variable(call, call->in[0].variable, &value));
    return clary_tf_output(call, value);
}

enum clary_status clary_tf_placeholder(struct clary_tf_call *call,
                                       const char *kind)
{
    (void)kind;
    return clary_tf_fail(call, CLARY_BAD_MODEL,
                         "the outputs need this placeholder, but it is no "
                         "input of the signature");
}

/* Output 0 is alive when the predicate is false, output 1 when it is true. */
enum clary_status clary_tf_switch(struct clary_tf_call *call, const char *kind)
{
    struct clary_tensor predicate;
    size_t taken;

    (void)kind;
    CLARY_TRY(clary_tf_constant(call, 1, &predicate));
    if (predicate.dtype != CLARY_DTYPE_BOOL || predicate.shape.rank)
        return clary_tf_fail(call, CLARY_BAD_MODEL,
                             "its predicate is no boolean scalar");
    taken = *(const unsigned char *)predicate.data ? 1 : 0;
    CLARY_TRY(clary_tf_outputs(call, 2));
    call->out[taken] = call->in[0];
    call->out[1 - taken].kind = CLARY_TRACED_DEAD;
    return CLARY_OK;
}

/* The one input that is alive, and its number. */
enum clary_status clary_tf_merge(struct clary_tf_call *call, const char *kind)
{
    size_t alive = call->n_in, i;

    (void)kind;
    for (i = call->n_in; i-- > 0;)
        if (call->in[i].kind != CLARY_TRACED_DEAD)
            alive = i;
    CLARY_TRY(clary_tf_outputs(call, 2));
    if (alive == call->n_in) {
        call->out[0].kind = call->out[1].kind = CLARY_TRACED_DEAD;
        return CLARY_OK;
    }
    call->out[0] = call->in[alive];
    return clary_tf_scalar(call, CLARY_DTYPE_I32, (double)alive,
                           &call->out[1].value);
}

/* Ops with no result. */
enum clary_status clary_tf_nothing(struct clary_tf_call *call, const char *kind)
{
    (void)kind;
    return clary_tf_outputs(call, 0);
}
