/* fold.c: constants, and values that depend on the number of rows only.
 *
 * The second kind comes from Shape: a graph computes with the batch size to
 * build the argument of a Reshape, a Tile or a Fill. Such a value is computed
 * at three row counts with the very ops that compute constants. What reads it
 * takes it as a + b * rows, found from two of the counts and checked at the
 * third.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/fold.h"

#include <string.h>

const int64_t clary_probe_rows[CLARY_PROBES] = {1, 7, 61};

/* Multiplications that loading a model may spend on folding: some seconds. */
#define MAX_FOLD_WORK ((uint64_t)1 << 30)

void clary_program_resume(struct clary_program *program,
                          const struct clary_program *earlier)
{
    program->fold_work = earlier->fold_work;
}

/* An estimate of the work of an op from its shapes; a matrix product costs
 * its inner dimension for each element. */
static enum clary_status count_work(struct clary_program *program,
                                    const struct clary_op *op,
                                    const struct clary_value *const *in,
                                    const struct clary_value *out,
                                    struct clary_error *err)
{
    uint64_t work = 1;
    size_t elements, i;

    for (i = 0; i < op->n_outputs; i++) {
        if (!clary_shape_elements(&out[i].shape, &elements) ||
            elements > MAX_FOLD_WORK)
            return clary_no_memory(err);
        work += elements;
    }
    for (i = 0; i < op->n_inputs; i++) {
        const struct clary_shape *shape = &in[i]->shape;

        if (shape->rank && strcmp(op->kind->name, "matmul") == 0) {
            uint64_t inner = (uint64_t)shape->dim[shape->rank - 1];

            work = inner > MAX_FOLD_WORK / work ? MAX_FOLD_WORK : work * inner;
            break;
        }
        if (clary_shape_elements(shape, &elements))
            work += elements;
    }
    program->fold_work += work;
    if (program->fold_work >= MAX_FOLD_WORK)
        return clary_op_fail(op, CLARY_UNSUPPORTED, err,
                             "folding the constants of this model would take "
                             "too long");
    return CLARY_OK;
}

static enum clary_status make_tensor(struct clary_arena *arena,
                                     const struct clary_value *value,
                                     struct clary_tensor *tensor,
                                     struct clary_error *err)
{
    size_t elements, bytes;

    tensor->dtype = value->dtype;
    tensor->shape = value->shape;
    if (!clary_shape_elements(&value->shape, &elements) ||
        !clary_size_mul(elements, clary_dtype_bytes(value->dtype), &bytes))
        return clary_no_memory(err);
    tensor->data = clary_arena_alloc(arena, bytes);
    return tensor->data ? CLARY_OK : clary_no_memory(err);
}

/* Shapes and runs `op` on known inputs; results get their data. */
static enum clary_status run_once(struct clary_program *program,
                                  const struct clary_op *op,
                                  const struct clary_value *const *in,
                                  struct clary_value *results,
                                  struct clary_error *err)
{
    size_t n_in = op->n_inputs, n_out = op->n_outputs, i;
    struct clary_tensor *tensors =
        clary_arena_calloc(program->arena, n_in + n_out, sizeof *tensors);
    struct clary_tensor **pointers =
        clary_arena_calloc(program->arena, n_in + n_out, sizeof *pointers);
    void *scratch = clary_arena_alloc(
        program->arena,
        op->kind->prepare ? op->kind->prepared_bytes : op->scratch_bytes);

    if (!tensors || !pointers || !scratch)
        return clary_no_memory(err);
    memset(results, 0, n_out * sizeof *results);
    CLARY_TRY(op->kind->shape(op, in, results, err));
    CLARY_TRY(count_work(program, op, in, results, err));
    for (i = 0; i < n_in + n_out; i++)
        pointers[i] = &tensors[i];
    for (i = 0; i < n_in; i++) {
        tensors[i].dtype = in[i]->dtype;
        tensors[i].shape = in[i]->shape;
        memcpy(&tensors[i].data, &in[i]->data, sizeof(void *));
    }
    for (i = 0; i < n_out; i++)
        CLARY_TRY(
            make_tensor(program->arena, &results[i], &tensors[n_in + i], err));
    if (op->kind->prepare)
        op->kind->prepare(op, (const struct clary_tensor *const *)pointers,
                          pointers + n_in, scratch);
    if (op->kind->run(op, (const struct clary_tensor *const *)pointers,
                      pointers + n_in, scratch, err) != CLARY_OK)
        return err->status = CLARY_BAD_MODEL; /* no request was read yet */
    for (i = 0; i < n_out; i++)
        results[i].data = tensors[n_in + i].data;
    return CLARY_OK;
}

static bool same_value(const struct clary_value *a, const struct clary_value *b)
{
    size_t elements;

    return clary_shape_equal(&a->shape, &b->shape) &&
           clary_shape_elements(&a->shape, &elements) &&
           memcmp(a->data, b->data, elements * clary_dtype_bytes(a->dtype)) ==
               0;
}

/* A value from its probes: a constant when all are equal. */
static void settle(struct program_value *result)
{
    result->value = result->probe[0];
    result->probed = !same_value(&result->probe[0], &result->probe[1]) ||
                     !same_value(&result->probe[0], &result->probe[2]);
    if (!result->probed)
        result->probe = NULL;
    else
        result->value.data = NULL;
}

enum clary_status clary_fold(struct clary_program *program,
                             const struct clary_op *op,
                             struct program_value *results,
                             struct clary_error *err)
{
    struct clary_arena *arena = program->arena;
    const struct clary_value **in =
        clary_arena_calloc(arena, op->n_inputs, sizeof *in);
    struct clary_value *out =
        clary_arena_calloc(arena, op->n_outputs, sizeof *out);
    bool probed = false;
    size_t i, p;

    if (!in || !out)
        return clary_no_memory(err);
    for (i = 0; i < op->n_inputs; i++)
        probed = probed || program->values[op->in[i]].probed;
    for (i = 0; probed && i < op->n_outputs; i++) {
        results[i].probe =
            clary_arena_calloc(arena, CLARY_PROBES, sizeof *results[i].probe);
        if (!results[i].probe)
            return clary_no_memory(err);
    }
    for (p = 0; p < (probed ? CLARY_PROBES : 1); p++) {
        for (i = 0; i < op->n_inputs; i++) {
            const struct program_value *v = &program->values[op->in[i]];

            in[i] = v->probed ? &v->probe[p] : &v->value;
        }
        CLARY_TRY(run_once(program, op, in, out, err));
        for (i = 0; i < op->n_outputs; i++)
            *(probed ? &results[i].probe[p] : &results[i].value) = out[i];
    }
    for (i = 0; probed && i < op->n_outputs; i++)
        settle(&results[i]);
    return CLARY_OK;
}

/* The dimensions of `value` for `rows` rows as a vector constant. */
static enum clary_status shape_vector(struct clary_arena *arena,
                                      const struct clary_value *value,
                                      int64_t rows, enum clary_dtype dtype,
                                      struct clary_value *result,
                                      struct clary_error *err)
{
    struct clary_tensor vector;
    size_t d;

    memset(result, 0, sizeof *result);
    result->dtype = dtype;
    result->shape.rank = 1;
    result->shape.dim[0] = (int64_t)value->shape.rank;
    CLARY_TRY(make_tensor(arena, result, &vector, err));
    for (d = 0; d < value->shape.rank; d++) {
        int64_t dim = value->shape.dim[d];

        if (d == 0 && value->per_row)
            dim *= rows;
        if (dtype == CLARY_DTYPE_I64)
            ((int64_t *)vector.data)[d] = dim;
        else
            ((int32_t *)vector.data)[d] = (int32_t)dim;
    }
    result->data = vector.data;
    return CLARY_OK;
}

enum clary_status clary_fold_shape(struct clary_program *program,
                                   const struct program_value *value,
                                   enum clary_dtype dtype,
                                   struct program_value *result,
                                   struct clary_error *err)
{
    size_t p;

    if (dtype != CLARY_DTYPE_I32 && dtype != CLARY_DTYPE_I64)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "a shape is asked for as %s, expected int32 or "
                          "int64",
                          clary_dtype_name(dtype));
    result->probe =
        clary_arena_calloc(program->arena, CLARY_PROBES, sizeof *result->probe);
    if (!result->probe)
        return clary_no_memory(err);
    for (p = 0; p < CLARY_PROBES; p++)
        CLARY_TRY(shape_vector(
            program->arena, value->probed ? &value->probe[p] : &value->value,
            clary_probe_rows[p], dtype, &result->probe[p], err));
    settle(result);
    return CLARY_OK;
}

static int64_t element(const struct clary_value *value, size_t index)
{
    return value->dtype == CLARY_DTYPE_I64
               ? ((const int64_t *)value->data)[index]
               : ((const int32_t *)value->data)[index];
}

/* Dimensions and indices beyond this are nonsense, and would overflow. */
#define MAX_AFFINE ((int64_t)1 << 48)

/* Whether `value` is a vector or scalar of integers, and its length. */
static bool integers(const struct clary_value *value, size_t *n)
{
    size_t i;

    if ((value->dtype != CLARY_DTYPE_I32 && value->dtype != CLARY_DTYPE_I64) ||
        value->shape.rank > 1 || !clary_shape_elements(&value->shape, n) ||
        *n > CLARY_MAX_RANK)
        return false;
    for (i = 0; i < *n; i++)
        if (element(value, i) > MAX_AFFINE || element(value, i) < -MAX_AFFINE)
            return false;
    return true;
}

bool clary_program_affine(const struct clary_program *program, uint32_t value,
                          int64_t *constant, int64_t *per_row, size_t *n)
{
    const struct program_value *v = &program->values[value];
    size_t lengths[CLARY_PROBES], i, p;

    if (!v->probed) {
        if (!v->value.data || !integers(&v->value, n))
            return false;
        for (i = 0; i < *n; i++) {
            constant[i] = element(&v->value, i);
            per_row[i] = 0;
        }
        return true;
    }
    for (p = 0; p < CLARY_PROBES; p++)
        if (!integers(&v->probe[p], &lengths[p]) || lengths[p] != lengths[0])
            return false;
    *n = lengths[0];
    for (i = 0; i < *n; i++) {
        int64_t first = element(&v->probe[0], i);
        int64_t rise = element(&v->probe[1], i) - first;
        int64_t run = clary_probe_rows[1] - clary_probe_rows[0];

        per_row[i] = rise / run;
        constant[i] = first - per_row[i] * clary_probe_rows[0];
        for (p = 0; p < CLARY_PROBES; p++)
            if (constant[i] + per_row[i] * clary_probe_rows[p] !=
                element(&v->probe[p], i))
                return false;
    }
    return true;
}
