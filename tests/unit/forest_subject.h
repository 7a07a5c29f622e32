/* forest_subject.h: a program of one forest, run beside its specification.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_UNIT_FOREST_SUBJECT_H
#define CLARY_TESTS_UNIT_FOREST_SUBJECT_H

#include "kernel/kernel.h"
#include "program/program_impl.h"
#include "tests/unit/forest_program.h"
#include "tests/unit/forest_sample.h"

/* Margins of rows first .. first + rows - 1 of x, all in one run of the op. */
static void *subject_run(struct subject *subject,
                         const struct clary_forest *forest, const char *x,
                         size_t first, size_t rows)
{
    const struct clary_op *op = &subject->program->ops[0];
    const size_t element = clary_dtype_bytes(forest->dtype);
    const size_t bytes = rows * forest->n_features * element;
    struct clary_tensor in = {forest->dtype, {2, {0}}, malloc(bytes + 1)};
    struct clary_tensor out = {forest->dtype, {2, {0}}, NULL};
    void *scratch = NULL;

    in.shape.dim[0] = out.shape.dim[0] = (int64_t)rows;
    in.shape.dim[1] = (int64_t)forest->n_features;
    out.shape.dim[1] = (int64_t)forest->n_groups;
    memcpy(in.data, x + first * forest->n_features * element, bytes);
    out.data = malloc(rows * forest->n_groups * element + 1);
    CHECK(posix_memalign(&scratch, CLARY_ARENA_ALIGN, op->scratch_bytes) == 0);
    memset(scratch, 0xAA, op->scratch_bytes);
    CHECK_STATUS(op->kind->run(op, (const struct clary_tensor *[]){&in},
                               (struct clary_tensor *[]){&out}, scratch,
                               &subject->err),
                 CLARY_OK);
    free(scratch);
    free(in.data);
    return out.data;
}

/* Whether the op gives rows first .. of x what `expected` (all rows) says. */
static bool agrees(struct subject *subject, const struct clary_forest *forest,
                   const char *x, const char *expected, size_t first,
                   size_t rows)
{
    const size_t row_bytes =
        forest->n_groups * clary_dtype_bytes(forest->dtype);
    char *y = subject_run(subject, forest, x, first, rows);
    bool is_same = true;

    for (size_t r = 0; r < rows && is_same; r++)
        if (memcmp(y + r * row_bytes, expected + (first + r) * row_bytes,
                   row_bytes) != 0) {
            test_fail(__FILE__, __LINE__);
            printf("row %zu of %zu from %zu, %s: %.17g, expected %.17g\n", r,
                   rows, first, clary_kernels()->name,
                   sample_at(forest->dtype, y, r * forest->n_groups),
                   sample_at(forest->dtype, expected,
                             (first + r) * forest->n_groups));
            is_same = false;
        }
    free(y);
    return is_same;
}

/* (rows, n_groups) by the specification. A NaN that comes out of a sum has no
 * stated bits, and no leaf is one. */
static void *expect(const struct clary_forest *forest, const void *x,
                    size_t rows)
{
    const size_t n = forest->n_groups;
    void *y = sample_alloc(rows * n, clary_dtype_bytes(forest->dtype));

    for (size_t i = 0; i < rows * n; i++)
        sample_store(forest->dtype, y, i,
                     sample_margin(forest, i % n, x, i / n));
    return y;
}

/* x[0] < 2.5 ? 1 : (x[1] in {1, 33} ? 2 : 4), and a tree that is a leaf. */
static const uint32_t hand_words[] = {1U << 1, 1U << 1};
static const struct clary_category_set hand_sets[] = {{hand_words, 2}};
static const struct clary_forest_node hand_nodes[] = {
    {.threshold = 2.5, .left = ~0, .right = 1, .default_left = true},
    {.left = ~1, .right = ~2, .feature = 1, .split = CLARY_SPLIT_CATEGORY}};
static const double hand_leaves[] = {1, 2, 4, 100};
static const int32_t hand_roots[] = {0, ~3};
static const uint32_t hand_groups[] = {0, 0};
static const double hand_base[] = {0.5};
static const struct clary_forest hand = {.dtype = CLARY_DTYPE_F32,
                                         .n_features = 2,
                                         .n_groups = 1,
                                         .n_trees = 2,
                                         .nodes = hand_nodes,
                                         .n_nodes = 2,
                                         .leaves = hand_leaves,
                                         .n_leaves = 4,
                                         .sets = hand_sets,
                                         .n_sets = 1,
                                         .roots = hand_roots,
                                         .groups = hand_groups,
                                         .base = hand_base};

#endif
