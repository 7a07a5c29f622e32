/* op_select.c: out = condition ? a : b, with broadcasting of all three.
 *
 * in[0] is BOOL, in[1] and in[2] are of one type, any but STRING. Elements are
 * moved by their size and not looked at, so a NaN keeps its bits.
 *
 * Tests: tests/unit/test_op_binary.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/broadcast.h"
#include "program/ops.h"

typedef void select_loop(const struct clary_broadcast *plan,
                         const uint8_t *condition, const void *a, const void *b,
                         void *out);

#define LOOP(loop_name, type)                                                  \
    static void loop_name(const struct clary_broadcast *plan,                  \
                          const uint8_t *condition, const void *a_data,        \
                          const void *b_data, void *out)                       \
    {                                                                          \
        const type *a = a_data, *b = b_data;                                   \
        type *y = out;                                                         \
                                                                               \
        for (size_t line = 0; line < plan->count[1]; line++) {                 \
            for (size_t e = 0; e < plan->count[0]; e++)                        \
                *y++ = condition[e * plan->step[0][0]]                         \
                           ? a[e * plan->step[1][0]]                           \
                           : b[e * plan->step[2][0]];                          \
            condition += plan->step[0][1];                                     \
            a += plan->step[1][1];                                             \
            b += plan->step[2][1];                                             \
        }                                                                      \
    }

LOOP(select_1, uint8_t)
LOOP(select_4, uint32_t)
LOOP(select_8, uint64_t)

static select_loop *loop_for(size_t element_bytes)
{
    return element_bytes == 1   ? select_1
           : element_bytes == 4 ? select_4
                                : select_8;
}

static enum clary_status shape(const struct clary_op *op,
                               const struct clary_value *const *in,
                               struct clary_value *out, struct clary_error *err)
{
    const unsigned known = CLARY_DTYPES_NUMBER | CLARY_DTYPES_BOOL |
                           CLARY_DTYPE_BIT(CLARY_DTYPE_I8) |
                           CLARY_DTYPE_BIT(CLARY_DTYPE_U8);
    struct clary_shape joined;
    bool per_row;

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, CLARY_DTYPES_BOOL, err));
    CLARY_TRY(clary_op_check_dtype(op, in[1], 1, known, err));
    if (in[1]->dtype != in[2]->dtype)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "inputs of type %s and %s; one type was expected",
                             clary_dtype_name(in[1]->dtype),
                             clary_dtype_name(in[2]->dtype));
    CLARY_TRY(clary_broadcast_shape(op, in, &per_row, &joined, err));
    return clary_op_output(op, out, in[1]->dtype, per_row, &joined, err);
}

/* `scratch`: the plan. */
static enum clary_status run(const struct clary_op *op,
                             const struct clary_tensor *const *in,
                             struct clary_tensor *const *out, void *scratch,
                             struct clary_error *err)
{
    const size_t bytes = clary_dtype_bytes(in[1]->dtype);
    select_loop *const loop = loop_for(bytes);
    const uint8_t *const condition = in[0]->data;
    const char *const a = in[1]->data, *const b = in[2]->data;
    char *y = out[0]->data;
    const struct clary_broadcast *const plan = scratch;
    struct clary_broadcast_place place = {0};

    (void)op;
    (void)err;
    do {
        loop(plan, condition + place.in[0], a + place.in[1] * bytes,
             b + place.in[2] * bytes, y);
        y += plan->count[0] * plan->count[1] * bytes;
    } while (clary_broadcast_next(plan, &place));
    return CLARY_OK;
}

static const struct clary_op_kind op_select = {
    .name = "select",
    .n_inputs = 3,
    .shape = shape,
    .run = run,
    .prepare = clary_broadcast_prepare,
    .prepared_bytes = sizeof(struct clary_broadcast)};

const struct clary_op_kind *const clary_ops_select[] = {&op_select, NULL};
