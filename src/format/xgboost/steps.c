/* steps.c: adding ops to a program, one line each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/steps.h"

#include <string.h>

enum clary_status clary_steps_scalar(const struct clary_steps *steps,
                                     float value, uint32_t *out,
                                     struct clary_error *err)
{
    float *data = clary_arena_calloc(steps->arena, 1, sizeof *data);
    struct clary_tensor tensor = {.dtype = CLARY_DTYPE_F32, .data = data};

    if (!data)
        return clary_no_memory(err);
    *data = value;
    return clary_program_constant(steps->program, &tensor, out, err);
}

enum clary_status clary_steps_matrix(const struct clary_steps *steps,
                                     const float *values, size_t n, size_t m,
                                     uint32_t *out, struct clary_error *err)
{
    float *data = clary_arena_calloc(steps->arena, n, m * sizeof *data);
    struct clary_tensor tensor = {
        .dtype = CLARY_DTYPE_F32,
        .shape = {.rank = 2, .dim = {(int64_t)n, (int64_t)m}},
        .data = data};

    if (!data)
        return clary_no_memory(err);
    if (n && m)
        memcpy(data, values, n * m * sizeof *data);
    return clary_program_constant(steps->program, &tensor, out, err);
}

enum clary_status clary_steps_add(const struct clary_steps *steps,
                                  const char *kind, const void *params,
                                  size_t params_bytes, const uint32_t *in,
                                  size_t n_in, uint32_t *out, size_t n_out,
                                  struct clary_error *err)
{
    void *copy = NULL;

    if (params_bytes) {
        copy = clary_arena_alloc(steps->arena, params_bytes);
        if (!copy)
            return clary_no_memory(err);
        memcpy(copy, params, params_bytes);
    }
    return clary_program_add(steps->program, kind, steps->name, copy, in, n_in,
                             out, n_out, err);
}

enum clary_status clary_steps_unary(const struct clary_steps *steps,
                                    const char *kind, uint32_t in,
                                    uint32_t *out, struct clary_error *err)
{
    return clary_steps_add(steps, kind, NULL, 0, &in, 1, out, 1, err);
}

enum clary_status clary_steps_binary(const struct clary_steps *steps,
                                     const char *kind, uint32_t a, uint32_t b,
                                     uint32_t *out, struct clary_error *err)
{
    uint32_t in[] = {a, b};

    return clary_steps_add(steps, kind, NULL, 0, in, 2, out, 1, err);
}

enum clary_status clary_steps_cast(const struct clary_steps *steps, uint32_t in,
                                   enum clary_dtype to, uint32_t *out,
                                   struct clary_error *err)
{
    struct clary_cast_params params = {.to = to};

    return clary_steps_add(steps, "cast", &params, sizeof params, &in, 1, out,
                           1, err);
}

enum clary_status clary_steps_reduce(const struct clary_steps *steps,
                                     const char *kind, uint32_t in,
                                     bool keep_dims, uint32_t *out,
                                     struct clary_error *err)
{
    struct clary_reduce_params params = {.axes = 1u << 1,
                                         .keep_dims = keep_dims,
                                         .index_dtype = CLARY_DTYPE_I32};

    return clary_steps_add(steps, kind, &params, sizeof params, &in, 1, out, 1,
                           err);
}
