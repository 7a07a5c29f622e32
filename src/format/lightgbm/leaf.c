/* leaf.c: leaves of a LightGBM tree.
 *
 *     leaf_value=0.5 1        what a tree adds, shrinkage applied
 *     leaf_count=10 20        rows of the training set
 *     is_linear=1             then also, leaf by leaf: leaf_const + the sum of
 *     num_features=1 0        num_features of leaf_coeff * x[leaf_features]
 *
 * Tests: tests/unit/test_lightgbm.c, tests/unit/test_lightgbm_text.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/lightgbm/tree.h"

static enum clary_status read_values(const struct clary_tree *tree,
                                     struct clary_error *err)
{
    const struct clary_tree_builder *builder = tree->builder;
    struct clary_numbers values =
        clary_tree_numbers(tree, CLARY_TREE_LEAF_VALUE, tree->n_leaves);
    struct clary_numbers counts =
        clary_tree_numbers(tree, CLARY_TREE_LEAF_COUNT, tree->n_leaves);

    for (size_t i = 0; i < tree->n_leaves; i++) {
        const size_t leaf = builder->n_leaves + i;
        double cover;

        CLARY_TRY(clary_numbers_double(&values, &builder->leaves[leaf], err));
        if (builder->linear)
            builder->linear[leaf].constant = builder->leaves[leaf];
        /* a tree of one leaf may have the key without a number */
        if (!tree->values[CLARY_TREE_LEAF_COUNT].at || tree->n_leaves == 1)
            continue;
        CLARY_TRY(clary_numbers_double(&counts, &cover, err));
        builder->leaf_covers[leaf] = (float)cover;
    }
    return CLARY_OK;
}

/* Constants, and how many features each leaf reads; *sum gets their sum. */
static enum clary_status read_linear_counts(const struct clary_tree *tree,
                                            size_t *sum,
                                            struct clary_error *err)
{
    const struct clary_text *text = &tree->values[CLARY_TREE_LEAF_FEATURES];
    struct clary_linear_leaf *linear =
        tree->builder->linear + tree->builder->n_leaves;
    struct clary_numbers constants =
        clary_tree_numbers(tree, CLARY_TREE_LEAF_CONST, tree->n_leaves);
    struct clary_numbers counts =
        clary_tree_numbers(tree, CLARY_TREE_NUM_FEATURES, tree->n_leaves);
    int64_t left = text->end - text->at, n;

    *sum = 0;
    for (size_t i = 0; i < tree->n_leaves; i++) {
        CLARY_TRY(clary_numbers_double(&constants, &linear[i].constant, err));
        CLARY_TRY(clary_numbers_integer(&counts, 0, left, &n, err));
        left -= n;
        linear[i].n_features = (uint32_t)n;
        *sum += (size_t)n;
    }
    return CLARY_OK;
}

static enum clary_status read_linear(const struct clary_tree *tree,
                                     struct clary_error *err)
{
    struct clary_tree_builder *builder = tree->builder;
    struct clary_linear_leaf *linear = builder->linear + builder->n_leaves;
    const int64_t n_features = (int64_t)builder->model->n_features;
    struct clary_numbers features, coefficients;
    uint32_t *read;
    double *factor;
    size_t sum;

    CLARY_TRY(read_linear_counts(tree, &sum, err));
    features = clary_tree_numbers(tree, CLARY_TREE_LEAF_FEATURES, sum);
    coefficients = clary_tree_numbers(tree, CLARY_TREE_LEAF_COEFF, sum);
    read = clary_tree_array(builder, sum, sizeof *read);
    factor = clary_tree_array(builder, sum, sizeof *factor);
    if (!read || !factor)
        return clary_no_memory(err);
    for (size_t i = 0; i < sum; i++) {
        int64_t f;

        CLARY_TRY(clary_numbers_integer(&features, 0, n_features - 1, &f, err));
        CLARY_TRY(clary_numbers_double(&coefficients, &factor[i], err));
        read[i] = (uint32_t)f;
    }
    for (size_t i = 0; i < tree->n_leaves; i++) {
        linear[i].features = read;
        linear[i].coefficients = factor;
        read += linear[i].n_features;
        factor += linear[i].n_features;
    }
    return CLARY_OK;
}

enum clary_status clary_tree_read_leaves(const struct clary_tree *tree,
                                         struct clary_error *err)
{
    CLARY_TRY(read_values(tree, err));
    return tree->is_linear ? read_linear(tree, err) : CLARY_OK;
}
