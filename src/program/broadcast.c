/* broadcast.c: numpy broadcasting: the rule at load, the walk at run.
 *
 * Tests: tests/unit/test_op_binary.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/broadcast.h"

#include "program/ops.h"

/* A dimension of the output from those of two inputs: false if they do not
 * fit. */
static bool join(int64_t a, int64_t b, int64_t *out)
{
    *out = a == 1 ? b : a;
    return a == b || a == 1 || b == 1;
}

static enum clary_status fail_shapes(const struct clary_op *op,
                                     enum clary_status status, const char *why,
                                     const struct clary_shape *a,
                                     const struct clary_shape *b,
                                     struct clary_error *err)
{
    char a_text[64], b_text[64];

    return clary_op_fail(op, status, err, "shapes %s and %s %s",
                         clary_shape_print(a, a_text, sizeof a_text),
                         clary_shape_print(b, b_text, sizeof b_text), why);
}

/* Whether joining `value` with the per-row output so far keeps rows apart. */
static bool keeps_rows(bool per_row, const struct clary_shape *shape,
                       const struct clary_value *value)
{
    const struct clary_shape *whole = per_row ? &value->shape : shape;
    const struct clary_shape *rows = per_row ? shape : &value->shape;

    if (per_row && value->per_row)
        return shape->rank == value->shape.rank &&
               shape->dim[0] == value->shape.dim[0];
    return whole->rank < rows->rank ||
           (whole->rank == rows->rank && whole->dim[0] == 1);
}

/* Joins one more input into the output. */
static enum clary_status join_input(const struct clary_op *op,
                                    const struct clary_value *value,
                                    bool *per_row, struct clary_shape *shape,
                                    struct clary_error *err)
{
    const struct clary_shape *a = shape, *b = &value->shape;
    const size_t rank = a->rank > b->rank ? a->rank : b->rank;
    struct clary_shape joined = {.rank = rank};

    if ((*per_row || value->per_row) && !keeps_rows(*per_row, shape, value))
        return fail_shapes(op, CLARY_UNSUPPORTED,
                           "would set the rows of a request against other "
                           "elements",
                           a, b, err);
    for (size_t last = 1; last <= rank; last++) {
        int64_t a_dim = last <= a->rank ? a->dim[a->rank - last] : 1;
        int64_t b_dim = last <= b->rank ? b->dim[b->rank - last] : 1;

        if (!join(a_dim, b_dim, &joined.dim[rank - last]))
            return fail_shapes(op, CLARY_BAD_MODEL, "do not fit each other", a,
                               b, err);
    }
    *shape = joined;
    *per_row |= value->per_row;
    return CLARY_OK;
}

enum clary_status clary_broadcast_shape(const struct clary_op *op,
                                        const struct clary_value *const *in,
                                        bool *per_row,
                                        struct clary_shape *shape,
                                        struct clary_error *err)
{
    *per_row = in[0]->per_row;
    *shape = in[0]->shape;
    for (size_t i = 1; i < op->n_inputs; i++)
        CLARY_TRY(join_input(op, in[i], per_row, shape, err));
    return CLARY_OK;
}

/* Whether each input goes on in axis `outer` where the current outermost axis
 * of the plan ends, so that the two are one. */
static bool continues(const struct clary_broadcast *plan, const size_t *step)
{
    size_t axis = plan->n_axes - 1;

    for (size_t i = 0; i < CLARY_BROADCAST_INPUTS; i++)
        if (step[i] != plan->step[i][axis] * plan->count[axis])
            return false;
    return true;
}

void clary_broadcast_prepare(const struct clary_op *op,
                             const struct clary_tensor *const *in,
                             struct clary_tensor *const *out, void *prepared)
{
    const struct clary_shape *shape = &out[0]->shape;
    size_t passed[CLARY_BROADCAST_INPUTS] = {1, 1, 1}; /* elements inside the
                                                        * axes passed so far */
    struct clary_broadcast *plan = prepared;

    *plan = (struct clary_broadcast){0};
    if (clary_op_elements(out[0]) == 0)
        return;
    for (size_t last = 1; last <= shape->rank; last++) {
        size_t count = (size_t)shape->dim[shape->rank - last];
        size_t step[CLARY_BROADCAST_INPUTS] = {0};

        if (count == 1)
            continue;
        for (size_t i = 0; i < op->n_inputs; i++) {
            const struct clary_shape *from = &in[i]->shape;
            if (last > from->rank || from->dim[from->rank - last] == 1)
                continue;
            step[i] = passed[i];
            passed[i] *= count;
        }
        if (plan->n_axes > 0 && continues(plan, step)) {
            plan->count[plan->n_axes - 1] *= count;
            continue;
        }
        plan->count[plan->n_axes] = count;
        for (size_t i = 0; i < CLARY_BROADCAST_INPUTS; i++)
            plan->step[i][plan->n_axes] = step[i];
        plan->n_axes++;
    }
    if (plan->n_axes == 0) /* one element, which nobody stretches */
        for (size_t i = 0; i < op->n_inputs; i++)
            plan->step[i][0] = 1;
    for (; plan->n_axes < 2; plan->n_axes++)
        plan->count[plan->n_axes] = 1;
}

bool clary_broadcast_next(const struct clary_broadcast *plan,
                          struct clary_broadcast_place *place)
{
    for (size_t axis = 2; axis < plan->n_axes; axis++) {
        bool is_last = ++place->index[axis] == plan->count[axis];

        for (size_t i = 0; i < CLARY_BROADCAST_INPUTS; i++) {
            if (is_last)
                place->in[i] -= plan->step[i][axis] * (plan->count[axis] - 1);
            else
                place->in[i] += plan->step[i][axis];
        }
        if (!is_last)
            return true;
        place->index[axis] = 0;
    }
    return false;
}
