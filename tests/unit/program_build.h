/* program_build.h: programs for tests, op by op.
 *
 *     begin();
 *     x = input("x", SHAPE(2));
 *     output("y", ADD2("add", x, FLOATS(SHAPE(2), 10, 20)));
 *     finish();
 *     RUN(rows, n_rows, 11, 22, ...);
 *     end();
 *
 * One program at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_PROGRAM_BUILD_H
#define CLARY_TESTS_PROGRAM_BUILD_H

#include "program/program_impl.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <stdlib.h>

#define N(list) (sizeof(list) / sizeof *(list))

static struct clary_arena arena;
static struct clary_program *program;
static struct clary_error err;

__attribute__((unused)) static void begin(void)
{
    CHECK_STATUS(clary_init(1, &err), CLARY_OK);
    clary_arena_init(&arena, (size_t)1 << 28);
    program = clary_program_new(&arena, &err);
}

__attribute__((unused)) static void end(void)
{
    clary_arena_deinit(&arena);
}

#define SHAPE(...)                                                             \
    ((struct clary_shape){.rank = N(((const int64_t[]){__VA_ARGS__})),         \
                          .dim = {__VA_ARGS__}})
#define SCALAR ((struct clary_shape){.rank = 0})

__attribute__((unused)) static uint32_t input(const char *name,
                                              struct clary_shape shape)
{
    uint32_t value = 0;
    CHECK_STATUS(clary_program_input(program, name, CLARY_DTYPE_F32, &shape,
                                     &value, &err),
                 CLARY_OK);
    return value;
}

/* A constant; the elements are copied. */
__attribute__((unused)) static uint32_t constant(enum clary_dtype dtype,
                                                 struct clary_shape shape,
                                                 const void *elements)
{
    struct clary_tensor tensor = {.dtype = dtype, .shape = shape};
    uint32_t value = 0;
    size_t n = 0;
    CHECK(clary_shape_elements(&shape, &n));
    tensor.data = clary_arena_alloc(&arena, n * clary_dtype_bytes(dtype));
    memcpy(tensor.data, elements, n * clary_dtype_bytes(dtype));
    CHECK_STATUS(clary_program_constant(program, &tensor, &value, &err),
                 CLARY_OK);
    return value;
}

#define FLOATS(shape, ...)                                                     \
    constant(CLARY_DTYPE_F32, shape, (const float[]){__VA_ARGS__})
#define INTEGERS(shape, ...)                                                   \
    constant(CLARY_DTYPE_I32, shape, (const int32_t[]){__VA_ARGS__})

__attribute__((unused)) static enum clary_status try_add(const char *kind,
                                                         const void *params,
                                                         const uint32_t *in,
                                                         size_t n_in,
                                                         uint32_t *out)
{
    return clary_program_add(program, kind, kind, params, in, n_in, out, 1,
                             &err);
}

/* A value that must not be refused. */
__attribute__((unused)) static uint32_t add(const char *kind,
                                            const void *params, uint32_t a,
                                            uint32_t b, size_t n_in)
{
    uint32_t in[2] = {a, b}, out = 0;
    if (!CHECK_STATUS(try_add(kind, params, in, n_in, &out), CLARY_OK))
        printf("%s\n", err.message);
    return out;
}

#define ADD1(kind, params, a) add(kind, params, a, 0, 1)
#define ADD2(kind, a, b)      add(kind, NULL, a, b, 2)

__attribute__((unused)) static void output(const char *name, uint32_t value)
{
    CHECK_STATUS(clary_program_output(program, name, value, &err), CLARY_OK);
}

__attribute__((unused)) static void finish(void)
{
    if (!CHECK_STATUS(clary_program_finish(program, &err), CLARY_OK))
        printf("%s\n", err.message);
}

/* "dense 2 -> 3, relu; neg -> (3) float32": the ops of the finished program. */
__attribute__((unused)) static const char *listing(void)
{
    static char text[1000];
    size_t len = 0;
    *text = '\0';
    for (size_t i = 0; i < clary_program_n_ops(program); i++) {
        struct clary_op_info info;
        clary_program_op_info(program, i, &info);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s %s",
                                i == 0 ? "" : "; ", info.kind, info.details);
    }
    return text;
}

/* Runs `n` rows of the only input and compares the first output. */
__attribute__((unused)) static void check_run(const float *rows, size_t n,
                                              const float *expected,
                                              size_t n_expected)
{
    struct clary_arena scratch;
    struct clary_execution *execution;
    clary_arena_init(&scratch, (size_t)1 << 28);
    execution = clary_execution_new(&scratch, program);
    if (CHECK(execution != NULL)) {
        const struct clary_field *inputs, *outputs;
        size_t n_inputs, n_outputs;
        clary_program_fields(program, &inputs, &n_inputs, &outputs, &n_outputs);
        CHECK_INT(n * outputs[0].width, n_expected);
        memcpy(clary_execution_input(execution, 0), rows,
               n * inputs[0].width * sizeof *rows);
        CHECK_STATUS(clary_execution_run(execution, n, &err), CLARY_OK);
        const float *got = clary_execution_output(execution, 0);
        for (size_t i = 0; i < n_expected; i++)
            CHECK_NEAR(got[i], expected[i], 0);
    }
    clary_arena_deinit(&scratch);
}

#define RUN(rows, n, ...)                                                      \
    check_run(rows, n, (const float[]){__VA_ARGS__},                           \
              N(((const float[]){__VA_ARGS__})))

static const float weights[] = {1, 2, 3, 10, 20, 30}; /* (2, 3) */
static const float rows[] = {1, 2, -1, 0.5F};         /* two rows of two */

#endif
