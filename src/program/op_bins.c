/* op_bins.c: bucketize bincount: numbers that fall into bins.
 *
 * A value of bincount past the last bin is dropped, a negative one refused
 * with CLARY_BAD_INPUT, as in TensorFlow on a CPU.
 *
 * Tests: tests/unit/test_op_index.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/ops.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- bucketize ------------------------------------------------------------ */

static enum clary_status bucketize_shape(const struct clary_op *op,
                                         const struct clary_value *const *in,
                                         struct clary_value *out,
                                         struct clary_error *err)
{
    const struct clary_bucketize_params *params = op->params;
    const float *boundaries = params->boundaries;

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, CLARY_DTYPES_NUMBER, err));
    for (size_t i = 0; i < params->n_boundaries; i++)
        if (isnan(boundaries[i]) ||
            (i > 0 && boundaries[i - 1] > boundaries[i]))
            return clary_op_fail(op, CLARY_BAD_MODEL, err,
                                 "boundary %zu, %g, is not in ascending order",
                                 i, (double)boundaries[i]);
    return clary_op_output(op, &out[0], CLARY_DTYPE_I32, in[0]->per_row,
                           &in[0]->shape, err);
}

/* As TensorFlow compares them: integers as float32, float64 exactly. */
static double number_at(const struct clary_tensor *tensor, size_t i)
{
    switch (tensor->dtype) {
    case CLARY_DTYPE_F32:
        return (double)((const float *)tensor->data)[i];
    case CLARY_DTYPE_F64:
        return ((const double *)tensor->data)[i];
    default:
        return (double)(float)clary_op_integer_at(tensor, i);
    }
}

/* How many of the boundaries are <= x; all of them for NaN. */
static size_t count_below(const float *boundaries, size_t n, double x)
{
    size_t low = 0, high = n; /* the count is low .. high */

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (x < (double)boundaries[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static enum clary_status bucketize_run(const struct clary_op *op,
                                       const struct clary_tensor *const *in,
                                       struct clary_tensor *const *out,
                                       void *scratch, struct clary_error *err)
{
    const struct clary_bucketize_params *params = op->params;
    size_t n = clary_op_elements(out[0]);
    int32_t *to = out[0]->data;

    (void)scratch;
    (void)err;
    for (size_t i = 0; i < n; i++)
        to[i] = (int32_t)count_below(params->boundaries, params->n_boundaries,
                                     number_at(in[0], i));
    return CLARY_OK;
}

static void bucketize_describe(const struct clary_op *op, char *text,
                               size_t text_bytes)
{
    const struct clary_bucketize_params *params = op->params;

    snprintf(text, text_bytes, "%zu boundaries", params->n_boundaries);
}

/* --- bincount ------------------------------------------------------------- */

static enum clary_status bincount_weights(const struct clary_op *op,
                                          const struct clary_value *values,
                                          const struct clary_value *weights,
                                          struct clary_error *err)
{
    const struct clary_bincount_params *params = op->params;
    char values_text[128], weights_text[128];
    size_t n;

    if (weights->dtype != params->dtype)
        return clary_op_fail(
            op, CLARY_BAD_MODEL, err, "weights are %s and the output %s",
            clary_dtype_name(weights->dtype), clary_dtype_name(params->dtype));
    if (!weights->per_row && clary_shape_elements(&weights->shape, &n) &&
        n == 0)
        return CLARY_OK;
    if (weights->per_row != values->per_row ||
        !clary_shape_equal(&weights->shape, &values->shape))
        return clary_op_fail(
            op, CLARY_BAD_MODEL, err,
            "weights of shape %s for values of shape %s%s",
            clary_shape_print(&weights->shape, weights_text,
                              sizeof weights_text),
            clary_shape_print(&values->shape, values_text, sizeof values_text),
            weights->per_row == values->per_row
                ? ""
                : ", and not for each row of a request");
    return CLARY_OK;
}

static enum clary_status bincount_shape(const struct clary_op *op,
                                        const struct clary_value *const *in,
                                        struct clary_value *out,
                                        struct clary_error *err)
{
    const struct clary_bincount_params *params = op->params;
    struct clary_shape shape = {.rank = 2, .dim = {0, params->size}};

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, CLARY_DTYPES_INTEGER, err));
    CLARY_TRY(clary_op_check_dtype(op, in[1], 1, CLARY_DTYPES_NUMBER, err));
    if (in[0]->shape.rank != 2)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "it counts in values of rank %zu; only (rows, n) "
                             "is known here",
                             in[0]->shape.rank);
    if (params->size < 0)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "it has %" PRId64 " bins", params->size);
    CLARY_TRY(bincount_weights(op, in[0], in[1], err));
    shape.dim[0] = in[0]->shape.dim[0];
    return clary_op_output(op, &out[0], params->dtype, in[0]->per_row, &shape,
                           err);
}

/* Adds weight j, or 1 where there are none, to a bin. Integers wrap around. */
static void add_to_bin(enum clary_dtype dtype, void *bins, size_t bin,
                       const void *weights, size_t j)
{
    switch (dtype) {
    case CLARY_DTYPE_F32:
        ((float *)bins)[bin] += weights ? ((const float *)weights)[j] : 1;
        break;
    case CLARY_DTYPE_F64:
        ((double *)bins)[bin] += weights ? ((const double *)weights)[j] : 1;
        break;
    case CLARY_DTYPE_I32:
        ((uint32_t *)bins)[bin] += weights ? ((const uint32_t *)weights)[j] : 1;
        break;
    default:
        ((uint64_t *)bins)[bin] += weights ? ((const uint64_t *)weights)[j] : 1;
    }
}

static enum clary_status bincount_run(const struct clary_op *op,
                                      const struct clary_tensor *const *in,
                                      struct clary_tensor *const *out,
                                      void *scratch, struct clary_error *err)
{
    const struct clary_bincount_params *params = op->params;
    const void *weights = clary_op_elements(in[1]) > 0 ? in[1]->data : NULL;
    size_t n_in = clary_op_elements(in[0]), n = (size_t)in[0]->shape.dim[1];
    size_t n_out = clary_op_elements(out[0]), size = (size_t)params->size;
    size_t bytes = clary_dtype_bytes(params->dtype);
    char *bins = out[0]->data;

    (void)scratch;
    if (n_out > 0)
        memset(bins, 0, n_out * bytes);
    for (size_t i = 0; i < n_in; i++) {
        int64_t value = clary_op_integer_at(in[0], i);
        size_t bin = i / n * size + (size_t)value;

        if (value < 0)
            return clary_op_fail(op, CLARY_BAD_INPUT, err,
                                 "value %" PRId64 " is negative", value);
        if (value >= params->size)
            continue;
        if (params->binary) /* a bin stays 1 */
            memset(bins + bin * bytes, 0, bytes);
        add_to_bin(params->dtype, bins, bin, params->binary ? NULL : weights,
                   i);
    }
    return CLARY_OK;
}

static void bincount_describe(const struct clary_op *op, char *text,
                              size_t text_bytes)
{
    const struct clary_bincount_params *params = op->params;

    snprintf(text, text_bytes, "%" PRId64 " bins%s", params->size,
             params->binary ? ", 0 or 1" : "");
}

static const struct clary_op_kind bucketize = {
    .name = "bucketize",
    .n_inputs = 1,
    .shape = bucketize_shape,
    .run = bucketize_run,
    .describe = bucketize_describe,
};

static const struct clary_op_kind bincount = {
    .name = "bincount",
    .n_inputs = 2,
    .shape = bincount_shape,
    .run = bincount_run,
    .describe = bincount_describe,
};

const struct clary_op_kind *const clary_ops_bins[] = {
    &bucketize,
    &bincount,
    NULL,
};
