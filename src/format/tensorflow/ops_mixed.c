/* ops_mixed.c: integers that are reduced over the rows of a request.
 *
 * A prediction must not depend on other rows, so such a number is of no use,
 * with one exception: Keras makes the size of a bincount from the largest
 * category in the batch and then clips it to the size that the layer states,
 *
 *     size = Minimum(states, Maximum(states, Max(x) + 1))
 *
 * which is a constant whatever the rows hold. So of a mixed number (not of a
 * tensor of them) the bounds are kept; where they meet, it is a constant again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/tensorflow/ops.h"

#include <string.h>

bool clary_tf_is_mixed(const struct clary_tf_call *call,
                       const struct clary_tf_op *op)
{
    size_t i;

    if (op->handle != clary_tf_simple && op->handle != clary_tf_cast)
        return false;
    for (i = 0; i < call->n_in; i++)
        if (call->in[i].kind == CLARY_TRACED_MIXED)
            return true;
    return false;
}

/* Minimum or Maximum with a constant moves the bounds; everything else loses
 * them. */
static void narrow(struct clary_traced *mixed, const char *kind,
                   int64_t constant)
{
    bool minimum = strcmp(kind, "minimum") == 0;

    if (minimum ? constant < mixed->low : constant > mixed->low)
        mixed->low = constant;
    if (minimum ? constant < mixed->high : constant > mixed->high)
        mixed->high = constant;
}

/* Whether all inputs are single numbers, and so the result is one. */
static bool all_scalar(const struct clary_tf_call *call)
{
    size_t i;

    for (i = 0; i < call->n_in; i++) {
        const struct clary_traced *in = &call->in[i];
        bool scalar = in->kind == CLARY_TRACED_VALUE
                          ? clary_tf_value(call, in->value)->shape.rank == 0
                          : in->kind == CLARY_TRACED_MIXED && in->scalar;

        if (!scalar)
            return false;
    }
    return true;
}

enum clary_status clary_tf_mixed(struct clary_tf_call *call, const char *kind)
{
    bool bound = kind && call->n_in == 2 &&
                 (strcmp(kind, "minimum") == 0 || strcmp(kind, "maximum") == 0);
    size_t which = call->in[0].kind == CLARY_TRACED_MIXED ? 0 : 1;
    size_t other = 1 - which;
    struct clary_traced mixed = call->in[which];
    uint32_t value = 0;
    int64_t constant = 0;

    mixed.scalar = all_scalar(call);
    if (bound && mixed.scalar && call->in[other].kind == CLARY_TRACED_VALUE) {
        CLARY_TRY(clary_tf_integer(call, other, &constant));
        narrow(&mixed, kind, constant);
    } else {
        mixed.low = INT64_MIN;
        mixed.high = INT64_MAX;
    }
    if (mixed.low == mixed.high) {
        CLARY_TRY(clary_tf_scalar(
            call, clary_tf_value(call, call->in[other].value)->dtype,
            (double)constant, &value));
        return clary_tf_output(call, value);
    }
    CLARY_TRY(clary_tf_outputs(call, 1));
    call->out[0] = mixed;
    return CLARY_OK;
}
