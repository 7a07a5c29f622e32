/* op_dense.c: products with a constant matrix: dense and matmul.
 *
 *   dense   y = activation(max(x w + b, floor)); made by the optimiser out of
 *           matmul, add and an elementwise op. Runs on our own kernels, or on
 *           OpenBLAS (gemm.h) where there is no SIMD one.
 *   matmul  what loaders add; run as it is only to fold constants and for F64.
 *
 * Either way a row has the same bytes beside any other rows: the kernel has
 * one order of summing, and OpenBLAS is taken only for sizes for which it was
 * seen to have one too.
 *
 * Parameters of dense: struct clary_dense_params. Tests:
 * tests/unit/test_op_dense.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/op_dense.h"

#include "kernel/gemm.h"
#include "program/ops.h"

#include <math.h>
#include <stdio.h>

/* Weights from which on gemm beats the scalar kernel, even when one row pays
 * for a tile of 32. Beside the AVX2 kernel it is not used: OpenBLAS has no
 * row-invariant tiles on such CPUs, and would be slower up to 512 columns and
 * for few rows, a fifth faster past 1024 (bench/bench_dense.c). Nor beside that
 * of AVX-512, where it was not measured. */
#define GEMM_MIN_WEIGHTS (64 * 64)

static bool prefers_gemm(size_t k, size_t n)
{
    const struct clary_kernels *scalar = clary_kernels_runnable()[0];
    size_t weights;

    return clary_kernels() == scalar && clary_size_mul(k, n, &weights) &&
           weights >= GEMM_MIN_WEIGHTS && clary_gemm_is_row_invariant(k, n);
}

enum clary_status clary_dense_params_new(struct clary_arena *arena,
                                         const struct clary_dense_spec *spec,
                                         struct clary_dense_params **out,
                                         struct clary_error *err)
{
    struct clary_dense_params *params =
        clary_arena_calloc(arena, 1, sizeof *params);

    if (!params)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for a dense layer");
    params->spec = *spec;
    params->use_gemm = prefers_gemm(spec->k, spec->n);
    if (params->use_gemm)
        params->scratch_bytes =
            CLARY_GEMM_ROWS * (spec->k + spec->n) * sizeof(float);
    else
        CLARY_TRY(clary_dense_pack(arena, spec->w, spec->bias, spec->k, spec->n,
                                   spec->floor, &params->packed, err));
    *out = params;
    return CLARY_OK;
}

/* One of the unary family, all of which work in place, that makes floats of
 * floats. */
bool clary_dense_can_fuse(const struct clary_op_kind *kind)
{
    const struct clary_op op = {.kind = kind, .name = ""};
    const struct clary_value x = {.dtype = CLARY_DTYPE_F32};
    struct clary_value y;
    struct clary_error err;

    for (size_t i = 0; clary_ops_unary[i]; i++)
        if (clary_ops_unary[i] == kind)
            return kind->shape(&op, (const struct clary_value *[]){&x}, &y,
                               &err) == CLARY_OK &&
                   y.dtype == CLARY_DTYPE_F32;
    return false;
}

/* Shape (..., n) for x (..., k) and weights (k, n). */
static enum clary_status product_shape(const struct clary_op *op,
                                       const struct clary_value *x, size_t k,
                                       size_t n, struct clary_value *out,
                                       struct clary_error *err)
{
    struct clary_shape shape = x->shape;
    char text[128];

    if (shape.rank < 2 || (uint64_t)shape.dim[shape.rank - 1] != k)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "the product of a tensor of shape %s and weights "
                             "of shape (%zu, %zu)",
                             clary_shape_print(&shape, text, sizeof text), k,
                             n);
    shape.dim[shape.rank - 1] = (int64_t)n;
    return clary_op_output(op, out, x->dtype, x->per_row, &shape, err);
}

/* --- dense ---------------------------------------------------------------- */

static enum clary_status dense_shape(const struct clary_op *op,
                                     const struct clary_value *const *in,
                                     struct clary_value *out,
                                     struct clary_error *err)
{
    const struct clary_dense_params *params = op->params;

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0,
                                   CLARY_DTYPE_BIT(CLARY_DTYPE_F32), err));
    return product_shape(op, in[0], params->spec.k, params->spec.n, out, err);
}

/* The last step of the kernels, for gemm: max(y, floor), one NaN. */
static void apply_floor(float *y, size_t count, float floor)
{
    for (size_t e = 0; e < count; e++)
        y[e] = isnan(y[e]) ? NAN : y[e] < floor ? floor : y[e];
}

static enum clary_status dense_run(const struct clary_op *op,
                                   const struct clary_tensor *const *in,
                                   struct clary_tensor *const *out,
                                   void *scratch, struct clary_error *err)
{
    const struct clary_dense_params *params = op->params;
    const struct clary_dense_spec *spec = &params->spec;
    const struct clary_op *activation = spec->activation;
    const struct clary_shape *shape = &in[0]->shape;
    const size_t rows = clary_op_span(shape, 0, shape->rank - 1);

    if (params->use_gemm) {
        clary_gemm(in[0]->data, rows, spec->w, spec->bias, spec->k, spec->n,
                   scratch, out[0]->data);
        apply_floor(out[0]->data, rows * spec->n, spec->floor);
    } else {
        clary_kernels()->dense(&params->packed, in[0]->data, rows,
                               out[0]->data);
    }
    if (!activation)
        return CLARY_OK;
    return activation->kind->run(
        activation, (const struct clary_tensor *const *)out, out, NULL, err);
}

static void dense_describe(const struct clary_op *op, char *text,
                           size_t text_bytes)
{
    const struct clary_dense_params *params = op->params;
    const struct clary_dense_spec *spec = &params->spec;

    snprintf(text, text_bytes, "%zu -> %zu%s%s%s%s", spec->k, spec->n,
             spec->floor == 0 ? ", relu" : "", spec->activation ? ", " : "",
             spec->activation ? spec->activation->kind->name : "",
             params->use_gemm ? ", gemm" : "");
}

/* --- matmul --------------------------------------------------------------- */

static enum clary_status matmul_shape(const struct clary_op *op,
                                      const struct clary_value *const *in,
                                      struct clary_value *out,
                                      struct clary_error *err)
{
    const struct clary_shape *w = &in[1]->shape;
    char text[128];

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0, CLARY_DTYPES_FLOAT, err));
    if (in[1]->dtype != in[0]->dtype)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "inputs of type %s and %s; one type was expected",
                             clary_dtype_name(in[0]->dtype),
                             clary_dtype_name(in[1]->dtype));
    if (in[1]->per_row)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "the second matrix comes from the request; only a "
                             "constant is known here");
    if (w->rank != 2)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "weights of shape %s; 2 dimensions are known here",
                             clary_shape_print(w, text, sizeof text));
    return product_shape(op, in[0], (size_t)w->dim[0], (size_t)w->dim[1], out,
                         err);
}

/* y (n) = x (k) w (k, n): from 0, then fma for i = 0 .. k-1 in order, as the
 * kernels do. */
static void multiply_f32(const float *x, const float *w, size_t k, size_t n,
                         float *y)
{
    for (size_t j = 0; j < n; j++)
        y[j] = 0;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < n; j++)
            y[j] = fmaf(x[i], w[i * n + j], y[j]);
}

/* The same with a rounding after each product: where the baseline has no FMA,
 * fma is a call that would cost ten times as much. */
static void multiply_f64(const double *x, const double *w, size_t k, size_t n,
                         double *y)
{
    enum { WIDTH = 8 }; /* sums kept in registers */
    size_t j = 0;

    for (; j + WIDTH <= n; j += WIDTH) {
        double sum[WIDTH] = {0};

        for (size_t i = 0; i < k; i++)
            for (size_t c = 0; c < WIDTH; c++)
                sum[c] += x[i] * w[i * n + j + c];
        for (size_t c = 0; c < WIDTH; c++)
            y[j + c] = sum[c];
    }
    for (; j < n; j++) {
        y[j] = 0;
        for (size_t i = 0; i < k; i++)
            y[j] += x[i] * w[i * n + j];
    }
}

static enum clary_status matmul_run(const struct clary_op *op,
                                    const struct clary_tensor *const *in,
                                    struct clary_tensor *const *out,
                                    void *scratch, struct clary_error *err)
{
    const struct clary_shape *shape = &in[0]->shape;
    const size_t rows = clary_op_span(shape, 0, shape->rank - 1);
    const size_t k = (size_t)in[1]->shape.dim[0];
    const size_t n = (size_t)in[1]->shape.dim[1];

    (void)op;
    (void)scratch;
    (void)err;
    for (size_t r = 0; r < rows; r++) {
        if (in[0]->dtype == CLARY_DTYPE_F32)
            multiply_f32((const float *)in[0]->data + r * k, in[1]->data, k, n,
                         (float *)out[0]->data + r * n);
        else
            multiply_f64((const double *)in[0]->data + r * k, in[1]->data, k, n,
                         (double *)out[0]->data + r * n);
    }
    return CLARY_OK;
}

static const struct clary_op_kind op_dense = {"dense", 1, dense_shape,
                                              dense_run, dense_describe};
static const struct clary_op_kind op_matmul = {"matmul", 2, matmul_shape,
                                               matmul_run, NULL};

const struct clary_op_kind *const clary_ops_dense[] = {&op_dense, &op_matmul,
                                                       NULL};
