/* op_forest.c: the margins of decision trees.
 *
 *   forest   (1, n_features) a row -> (1, n_groups) a row, F32 or F64; what it
 *            computes and in which order is stated in forest.h
 *
 * Added by clary_forest_add only, with struct forest_params. Tests:
 * tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

#include <math.h>
#include <stdio.h>

#include "program/ops.h"
#include "program/program_impl.h"

struct forest_params {
    struct clary_forest forest;
    struct clary_forest_facts facts;
};

enum clary_status clary_forest_add(struct clary_program *program,
                                   const char *name,
                                   const struct clary_forest *forest,
                                   uint32_t input, uint32_t *out,
                                   struct clary_error *err)
{
    struct forest_params *params =
        clary_arena_calloc(program->arena, 1, sizeof *params);

    if (!params)
        return clary_no_memory(err);
    params->forest = *forest;
    CLARY_TRY(clary_forest_check(program->arena, name, forest, &params->facts,
                                 err));
    CLARY_TRY(clary_program_add(program, "forest", name, params, &input, 1,
                                out, 1, err));
    program->ops[program->n_ops - 1].n_parameters =
        params->facts.n_nodes + params->facts.n_leaves + forest->n_groups;
    return CLARY_OK;
}

static enum clary_status forest_shape(const struct clary_op *op,
                                      const struct clary_value *const *in,
                                      struct clary_value *out,
                                      struct clary_error *err)
{
    const struct forest_params *params = op->params;
    const struct clary_forest *forest = &params->forest;
    struct clary_shape shape = in[0]->shape;
    char text[128];

    CLARY_TRY(clary_op_check_dtype(op, in[0], 0,
                                   CLARY_DTYPE_BIT((unsigned)forest->dtype),
                                   err));
    if (!in[0]->per_row || shape.rank != 2 || shape.dim[0] != 1 ||
        (uint64_t)shape.dim[1] != forest->n_features)
        return clary_op_fail(op, CLARY_BAD_MODEL, err,
                             "trees over %zu features read a tensor of shape "
                             "%s",
                             forest->n_features,
                             clary_shape_print(&shape, text, sizeof text));
    shape.dim[1] = (int64_t)forest->n_groups;
    return clary_op_output(op, out, forest->dtype, true, &shape, err);
}

static bool is_missing(const struct clary_forest_node *node, double x)
{
    if (isnan(x))
        return node->missing != CLARY_MISSING_NONE ||
               node->split == CLARY_SPLIT_CATEGORY;
    return node->missing == CLARY_MISSING_ZERO && fabs(x) <= 1e-35;
}

static bool in_set(const struct clary_forest *forest,
                   const struct clary_forest_node *node, double x)
{
    const struct clary_category_set *set = &forest->sets[node->category];
    const double lowest = forest->dtype == CLARY_DTYPE_F32 ? -0.0 : -1;
    size_t c;

    if (!(x >= lowest && (x > -1) && x < 32.0 * set->n_words))
        return false;
    c = (size_t)(x < 0 ? 0 : x);
    return set->words[c / 32] >> c % 32 & 1;
}

static bool goes_left(const struct clary_forest *forest,
                      const struct clary_forest_node *node, double x)
{
    if (is_missing(node, x))
        return node->default_left;
    if (node->split == CLARY_SPLIT_CATEGORY)
        return in_set(forest, node, x);
    if (isnan(x))
        x = 0;
    return node->split == CLARY_SPLIT_LESS ? x < node->threshold
                                           : x <= node->threshold;
}

static double feature(const struct clary_tensor *x, size_t row, size_t f)
{
    const size_t i = row * (size_t)x->shape.dim[1] + f;

    return x->dtype == CLARY_DTYPE_F32 ? (double)((const float *)x->data)[i]
                                       : ((const double *)x->data)[i];
}

static double leaf_value(const struct clary_forest *forest, size_t leaf,
                         const struct clary_tensor *x, size_t row)
{
    const struct clary_linear_leaf *linear =
        forest->linear ? &forest->linear[leaf] : NULL;
    double value;

    if (!linear)
        return forest->leaves[leaf];
    value = linear->constant;
    for (size_t i = 0; i < linear->n_features; i++) {
        const double xi = feature(x, row, linear->features[i]);

        if (isnan(xi))
            return forest->leaves[leaf];
        value += linear->coefficients[i] * xi;
        if (forest->dtype == CLARY_DTYPE_F32)
            value = (double)(float)value;
    }
    return value;
}

static double round_to(const struct clary_forest *forest, double value)
{
    return forest->dtype == CLARY_DTYPE_F32 ? (double)(float)value : value;
}

/* Sums and products of floats are exact or correctly rounded when computed in
 * double and rounded once. */
static double margin(const struct clary_forest *forest, size_t group,
                     const struct clary_tensor *x, size_t row)
{
    const double base = round_to(forest, forest->base[group]);
    double sum = forest->base_first ? base : 0;

    for (size_t t = 0; t < forest->n_trees; t++) {
        int32_t at = forest->roots[t];
        double value;

        if (forest->groups[t] != group)
            continue;
        while (at >= 0) {
            const struct clary_forest_node *node = &forest->nodes[at];

            at = goes_left(forest, node, feature(x, row, node->feature))
                     ? node->left
                     : node->right;
        }
        value = round_to(forest, leaf_value(forest, (size_t)~at, x, row));
        if (forest->weights)
            value = round_to(forest,
                             value * round_to(forest, forest->weights[t]));
        sum = round_to(forest, sum + value);
    }
    if (!forest->base_first)
        sum = round_to(forest, sum + base);
    if (forest->divisor != 0)
        sum = round_to(forest, sum / forest->divisor);
    return sum;
}

static enum clary_status forest_run(const struct clary_op *op,
                                    const struct clary_tensor *const *in,
                                    struct clary_tensor *const *out,
                                    void *scratch, struct clary_error *err)
{
    const struct forest_params *params = op->params;
    const size_t n_groups = params->forest.n_groups;
    const size_t rows = (size_t)in[0]->shape.dim[0];

    (void)scratch;
    (void)err;
    for (size_t r = 0; r < rows; r++)
        for (size_t g = 0; g < n_groups; g++) {
            const double sum = margin(&params->forest, g, in[0], r);
            const size_t i = r * n_groups + g;

            if (out[0]->dtype == CLARY_DTYPE_F32)
                ((float *)out[0]->data)[i] = (float)sum;
            else
                ((double *)out[0]->data)[i] = sum;
        }
    return CLARY_OK;
}

static void forest_describe(const struct clary_op *op, char *text,
                            size_t text_bytes)
{
    const struct forest_params *params = op->params;

    (void)snprintf(text, text_bytes, "%zu trees, depth %zu, %zu leaves -> %zu",
                   params->forest.n_trees, params->facts.depth,
                   params->facts.n_leaves, params->forest.n_groups);
}

static const struct clary_op_kind forest = {.name = "forest",
                                            .n_inputs = 1,
                                            .shape = forest_shape,
                                            .run = forest_run,
                                            .describe = forest_describe};

const struct clary_op_kind *const clary_ops_forest[] = {&forest, NULL};
