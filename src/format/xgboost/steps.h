/* steps.h: adding ops to a program, one line each.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_STEPS_H
#define CLARY_FORMAT_XGBOOST_STEPS_H

#include "program/program.h"

struct clary_steps {
    struct clary_program *program;
    struct clary_arena *arena; /* of the program */
    const char *name;          /* of the ops */
};

/* A constant F32 scalar. */
enum clary_status clary_steps_scalar(const struct clary_steps *steps,
                                     float value, uint32_t *out,
                                     struct clary_error *err) CLARY_MUST_USE;

/* A constant of (n, m) floats, copied. */
enum clary_status clary_steps_matrix(const struct clary_steps *steps,
                                     const float *values, size_t n, size_t m,
                                     uint32_t *out, struct clary_error *err)
    CLARY_MUST_USE;

/* An op of one or two inputs without parameters. */
enum clary_status clary_steps_unary(const struct clary_steps *steps,
                                    const char *kind, uint32_t in,
                                    uint32_t *out, struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_steps_binary(const struct clary_steps *steps,
                                     const char *kind, uint32_t a, uint32_t b,
                                     uint32_t *out, struct clary_error *err)
    CLARY_MUST_USE;

/* An op whose parameters are copied into the arena. */
enum clary_status clary_steps_add(const struct clary_steps *steps,
                                  const char *kind, const void *params,
                                  size_t params_bytes, const uint32_t *in,
                                  size_t n_in, uint32_t *out, size_t n_out,
                                  struct clary_error *err) CLARY_MUST_USE;

enum clary_status clary_steps_cast(const struct clary_steps *steps, uint32_t in,
                                   enum clary_dtype to, uint32_t *out,
                                   struct clary_error *err) CLARY_MUST_USE;

/* sum, max, argmax over axis 1 (argmax: I32). */
enum clary_status clary_steps_reduce(const struct clary_steps *steps,
                                     const char *kind, uint32_t in,
                                     bool keep_dims, uint32_t *out,
                                     struct clary_error *err) CLARY_MUST_USE;

#endif
