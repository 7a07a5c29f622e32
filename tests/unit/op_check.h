/* op_check.h: one op kind, shaped and run without a program.
 *
 *     struct op_check c = {
 *         .kind = "sum", .params = &params, .rows = 2, .n_inputs = 1,
 *         .in = {{OP_PER_ROW(CLARY_DTYPE_F32, 1, 3), x}}};
 *     OP_OUTPUT(&c, 0, OP_SHAPE(2), float, 6, 15);
 *
 *     OP_REFUSED(&c, CLARY_UNSUPPORTED, "op \"node\" (sum): ...");
 *
 * A per-row input's dimension 0 is per request row, its data holds all rows.
 * Every run is checked twice: all rows at once, and each row alone, which must
 * give the same bytes. Inputs and outputs have exactly their bytes on the
 * heap, so that AddressSanitizer sees a step past them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_OP_CHECK_H
#define CLARY_TESTS_OP_CHECK_H

#include "program/op.h"
#include "tests/test.h"

#include <stdlib.h>

enum { OP_CHECK_MAX = 8 }; /* inputs, outputs */

struct op_check_input {
    struct clary_value value; /* data is set by the run */
    const void *data;
};

struct op_check {
    const char *kind;
    const void *params;
    size_t scratch_bytes;
    size_t rows;                /* of the request; 0 counts as 1 */
    size_t n_inputs, n_outputs; /* n_outputs 0 counts as 1 */
    struct op_check_input in[OP_CHECK_MAX];
};

/* The dimensions of a value: at least one, OP_SCALAR for none. */
#define OP_SHAPE(...)                                                          \
    ((struct clary_shape){.rank = sizeof((const int64_t[]){__VA_ARGS__}) /     \
                                  sizeof(int64_t),                             \
                          .dim = {__VA_ARGS__}})
#define OP_SCALAR ((struct clary_shape){.rank = 0})
#define OP_PER_ROW(dtype_, ...)                                                \
    .value = {                                                                 \
        .dtype = (dtype_), .per_row = true, .shape = OP_SHAPE(__VA_ARGS__)}
#define OP_WHOLE(dtype_, ...)                                                  \
    .value = {.dtype = (dtype_), .shape = OP_SHAPE(__VA_ARGS__)}
#define OP_WHOLE_SCALAR(dtype_) .value = {.dtype = (dtype_)}

/* Output `index` has this shape (with all rows) and these elements, exactly;
 * a NaN is expected by NAN. */
#define OP_OUTPUT(check, index, shape, type, ...)                              \
    op_check_output(TEST_AT, check, index, shape, (const type[]){__VA_ARGS__}, \
                    sizeof((const type[]){__VA_ARGS__}), 0)
/* The same within a tolerance; floats only. */
#define OP_NEAR(check, index, tolerance, shape, type, ...)                     \
    op_check_output(TEST_AT, check, index, shape, (const type[]){__VA_ARGS__}, \
                    sizeof((const type[]){__VA_ARGS__}), tolerance)
/* Output `index` has this shape, and no elements. */
#define OP_EMPTY(check, index, shape)                                          \
    op_check_output(TEST_AT, check, index, shape, NULL, 0, 0)
/* The shape rule, or a run on the data, refuses. */
#define OP_REFUSED(check, status, message)                                     \
    op_check_refused(TEST_AT, check, status, message)

/* Shapes and tensors of one run. */
struct op_check_run {
    struct clary_op op;
    struct clary_value in_values[OP_CHECK_MAX], out_values[OP_CHECK_MAX];
    struct clary_tensor in[OP_CHECK_MAX], out[OP_CHECK_MAX];
    struct clary_error err;
};

static size_t op_check_bytes(const struct clary_tensor *tensor)
{
    size_t elements = 0;

    CHECK(clary_shape_elements(&tensor->shape, &elements));
    return elements * clary_dtype_bytes(tensor->dtype);
}

/* A tensor of `rows` rows of a value, on the heap. */
static void op_check_tensor(struct clary_tensor *tensor,
                            const struct clary_value *value, size_t rows)
{
    tensor->dtype = value->dtype;
    tensor->shape = value->shape;
    if (value->per_row)
        tensor->shape.dim[0] *= (int64_t)rows;
    tensor->data = malloc(op_check_bytes(tensor));
}

/* Shapes the op and runs it on rows first .. first + rows - 1. */
static enum clary_status op_check_run(const struct op_check *check,
                                      size_t first, size_t rows,
                                      struct op_check_run *run)
{
    const struct clary_value *in_values[OP_CHECK_MAX];
    const struct clary_tensor *in[OP_CHECK_MAX];
    struct clary_tensor *out[OP_CHECK_MAX];
    struct clary_op *op = &run->op;
    enum clary_status status;
    void *scratch;

    memset(run, 0, sizeof *run);
    op->kind = clary_op_kind_named(check->kind);
    op->name = "node";
    op->params = check->params;
    op->n_inputs = check->n_inputs;
    op->n_outputs = check->n_outputs ? check->n_outputs : 1;
    op->scratch_bytes = check->scratch_bytes;
    if (!CHECK(op->kind != NULL))
        return CLARY_INTERNAL;

    for (size_t i = 0; i < op->n_inputs; i++) {
        run->in_values[i] = check->in[i].value;
        if (!run->in_values[i].per_row)
            run->in_values[i].data = check->in[i].data;
        in_values[i] = &run->in_values[i];
    }
    status = op->kind->shape(op, in_values, run->out_values, &run->err);
    if (status != CLARY_OK)
        return status;

    for (size_t i = 0; i < op->n_inputs; i++) {
        bool per_row = run->in_values[i].per_row;
        size_t bytes;

        op_check_tensor(&run->in[i], &run->in_values[i], rows);
        bytes = op_check_bytes(&run->in[i]);
        if (bytes)
            memcpy(run->in[i].data,
                   (const char *)check->in[i].data +
                       (per_row ? first * (bytes / rows) : 0),
                   bytes);
        in[i] = &run->in[i];
    }
    for (size_t i = 0; i < op->n_outputs; i++) {
        op_check_tensor(&run->out[i], &run->out_values[i], rows);
        memset(run->out[i].data, 0xAA, op_check_bytes(&run->out[i]));
        out[i] = &run->out[i];
    }
    scratch = malloc(op->kind->prepare ? op->kind->prepared_bytes
                                       : op->scratch_bytes);
    if (op->kind->prepare)
        op->kind->prepare(op, in, out, scratch);
    status = op->kind->run(op, in, out, scratch, &run->err);
    free(scratch);
    return status;
}

static void op_check_free(struct op_check_run *run)
{
    for (size_t i = 0; i < OP_CHECK_MAX; i++) {
        free(run->in[i].data);
        free(run->out[i].data);
    }
}

/* Whether each row alone gives the bytes that it has in `all`. */
static bool op_check_rows(const struct op_check *check, size_t rows,
                          const struct op_check_run *all)
{
    bool same = true;

    for (size_t r = 0; r < rows; r++) {
        struct op_check_run alone;

        same = op_check_run(check, r, 1, &alone) == CLARY_OK && same;
        for (size_t i = 0; same && i < all->op.n_outputs; i++) {
            size_t bytes = op_check_bytes(&alone.out[i]);
            size_t start = all->out_values[i].per_row ? r * bytes : 0;

            same = memcmp(alone.out[i].data,
                          (const char *)all->out[i].data + start, bytes) == 0;
        }
        op_check_free(&alone);
    }
    return same;
}

static double op_check_element(const struct clary_tensor *tensor,
                               const void *data, size_t i)
{
    switch (tensor->dtype) {
    case CLARY_DTYPE_F32:
        return (double)((const float *)data)[i];
    case CLARY_DTYPE_F64:
        return ((const double *)data)[i];
    case CLARY_DTYPE_I8:
        return ((const int8_t *)data)[i];
    case CLARY_DTYPE_I32:
        return ((const int32_t *)data)[i];
    case CLARY_DTYPE_I64:
        return (double)((const int64_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

/* Equal with their signs (-0 is not 0), both NaN, or within `tolerance`. */
static bool op_check_same(double a, double b, double tolerance)
{
    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b);
    if (a == b)
        return a != 0 || signbit(a) == signbit(b);
    return fabs(a - b) <= tolerance;
}

static void op_check_compare(const char *file, int line,
                             const struct clary_tensor *out, const void *data,
                             double tolerance)
{
    size_t width = clary_dtype_bytes(out->dtype);
    size_t n = op_check_bytes(out) / width;
    bool is_float =
        out->dtype == CLARY_DTYPE_F32 || out->dtype == CLARY_DTYPE_F64;

    for (size_t i = 0; i < n; i++) {
        double got = op_check_element(out, out->data, i);
        double expected = op_check_element(out, data, i);

        /* an int64 may have more digits than a double */
        if (is_float ? op_check_same(got, expected, tolerance)
                     : memcmp((const char *)out->data + i * width,
                              (const char *)data + i * width, width) == 0)
            continue;
        test_fail(file, line);
        printf("element %zu is %.17g, expected %.17g\n", i, got, expected);
    }
}

__attribute__((unused)) static void op_check_output(
    const char *file, int line, const struct op_check *check, size_t index,
    struct clary_shape shape, const void *data, size_t bytes, double tolerance)
{
    size_t rows = check->rows ? check->rows : 1;
    struct op_check_run run;
    char got[128], expected[128];

    if (op_check_run(check, 0, rows, &run) != CLARY_OK) {
        test_fail(file, line);
        printf("refused: %s\n", run.err.message);
    } else if (!clary_shape_equal(&run.out[index].shape, &shape)) {
        test_fail(file, line);
        printf("shape %s, expected %s\n",
               clary_shape_print(&run.out[index].shape, got, sizeof got),
               clary_shape_print(&shape, expected, sizeof expected));
    } else if (op_check_bytes(&run.out[index]) != bytes) {
        test_fail(file, line);
        printf("%zu bytes of %s, expected %zu\n",
               op_check_bytes(&run.out[index]),
               clary_dtype_name(run.out[index].dtype), bytes);
    } else {
        if (bytes > 0)
            op_check_compare(file, line, &run.out[index], data, tolerance);
        test_true(file, line, "each row alone gives the same bytes",
                  op_check_rows(check, rows, &run));
    }
    op_check_free(&run);
}

__attribute__((unused)) static void op_check_refused(
    const char *file, int line, const struct op_check *check,
    enum clary_status status, const char *message)
{
    struct op_check_run run;

    test_status(file, line, check->kind,
                op_check_run(check, 0, check->rows ? check->rows : 1, &run),
                status);
    test_str(file, line, "message", run.err.message, "expected", message);
    op_check_free(&run);
}

#endif
