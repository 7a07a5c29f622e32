/* tree.h: one tree of a LightGBM model, while it is read.
 *
 *     tree.c   finds the trees; counts them first, so that memory is that of
 *              the result
 *     node.c   nodes and their sets of categories
 *     leaf.c   leaves, and linear models in them
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_LIGHTGBM_TREE_H
#define CLARY_FORMAT_LIGHTGBM_TREE_H

#include "format/lightgbm/lightgbm.h"

enum clary_tree_key {
    CLARY_TREE_NUM_LEAVES,
    CLARY_TREE_NUM_CAT,
    CLARY_TREE_SPLIT_FEATURE,
    CLARY_TREE_THRESHOLD,
    CLARY_TREE_DECISION_TYPE,
    CLARY_TREE_LEFT_CHILD,
    CLARY_TREE_RIGHT_CHILD,
    CLARY_TREE_LEAF_VALUE,
    CLARY_TREE_LEAF_COUNT,
    CLARY_TREE_INTERNAL_COUNT,
    CLARY_TREE_CAT_BOUNDARIES,
    CLARY_TREE_CAT_THRESHOLD,
    CLARY_TREE_IS_LINEAR,
    CLARY_TREE_LEAF_CONST,
    CLARY_TREE_NUM_FEATURES,
    CLARY_TREE_LEAF_FEATURES,
    CLARY_TREE_LEAF_COEFF,
    CLARY_TREE_N_KEYS
};

struct clary_tree_builder {
    struct clary_lightgbm *model;
    struct clary_forest_node *nodes;
    double *leaves;
    float *leaf_covers;
    struct clary_linear_leaf *linear; /* NULL: no tree is linear */
    struct clary_category_set *sets;
    int32_t *roots;
    uint32_t *groups;
    size_t n_trees, n_nodes, n_leaves, n_sets; /* built; while counting: seen */
};

/* One tree. Its nodes are n_nodes .. n_nodes + n_leaves - 2 of the builder's,
 * and so on. */
struct clary_tree {
    struct clary_tree_builder *builder;
    struct clary_text values[CLARY_TREE_N_KEYS];
    size_t n_leaves, n_sets;
    bool is_linear;
    struct clary_forest_node *nodes;
};

/* The numbers of a key, to be read. */
struct clary_numbers clary_tree_numbers(const struct clary_tree *tree,
                                        enum clary_tree_key key, size_t n);

/* `n` elements, cleared, in the model's arena, as clary_forest_add asks; NULL:
 * no memory. */
void *clary_tree_array(struct clary_tree_builder *builder, size_t n,
                       size_t size);

/* Read a tree's nodes, category sets and leaves into the builder's arrays. */
enum clary_status clary_tree_read_nodes(const struct clary_tree *tree,
                                        struct clary_error *err) CLARY_MUST_USE;
enum clary_status clary_tree_read_sets(const struct clary_tree *tree,
                                       struct clary_error *err) CLARY_MUST_USE;
enum clary_status clary_tree_read_leaves(const struct clary_tree *tree,
                                         struct clary_error *err)
    CLARY_MUST_USE;

#endif
