/* node.c: nodes of a LightGBM tree.
 *
 *     left_child=1 -1     node 0 leads to node 1, node 1 to leaf 0: a child
 *     right_child=-3 -2   c >= 0 is a node, c < 0 is leaf ~c
 *     decision_type=2 9   bit 0: a set of categories, else x <= threshold
 *                         bit 1: what is missing goes left
 *                         bits 2 to 3: missing is 0 nothing, 1 zero, 2 NaN
 *     threshold=1.5 0     of a category node: the number of its set
 *     cat_boundaries=0 2  set c is words boundaries[c] .. boundaries[c + 1] of
 *     cat_threshold=5 1   these; its members go left
 *
 * LightGBM takes every |x| <= 1e-35f of a row for 0 before any tree sees it.
 * Here the thresholds below that size are moved instead, which comes to the
 * same for each split. A linear leaf does see such an x: its value may then
 * differ by coefficient * 1e-35, which no sum that is not as small itself
 * shows.
 *
 * Tests: tests/unit/test_lightgbm.c, tests/unit/test_lightgbm_text.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/lightgbm/tree.h"

#include <math.h>

enum { IS_CATEGORY = 1, DEFAULT_LEFT = 2, MISSING_SHIFT = 2, MISSING_MASK = 3 };

static enum clary_status read_decisions(const struct clary_tree *tree,
                                        struct clary_error *err)
{
    static const uint8_t missing[] = {CLARY_MISSING_NONE, CLARY_MISSING_ZERO,
                                      CLARY_MISSING_NAN, CLARY_MISSING_NONE};
    struct clary_numbers numbers =
        clary_tree_numbers(tree, CLARY_TREE_DECISION_TYPE, tree->n_leaves - 1);
    int64_t type = 0;

    for (size_t i = 0; i < tree->n_leaves - 1; i++) {
        struct clary_forest_node *node = &tree->nodes[i];

        /* absent in files of LightGBM 1.x, which knew no missing values */
        if (tree->values[CLARY_TREE_DECISION_TYPE].at)
            CLARY_TRY(clary_numbers_integer(&numbers, 0, 15, &type, err));
        node->missing = missing[type >> MISSING_SHIFT & MISSING_MASK];
        node->default_left = (type & DEFAULT_LEFT) != 0;
        node->split = CLARY_SPLIT_LESS_EQUAL;
        if (type & IS_CATEGORY) {
            /* NaN goes right whatever the type says */
            node->split = CLARY_SPLIT_CATEGORY;
            node->missing = CLARY_MISSING_NAN;
            node->default_left = false;
        }
    }
    return CLARY_OK;
}

/* The threshold that does with x what `threshold` does with x, or with 0 where
 * |x| <= 1e-35f. */
static double threshold_for_zero(double threshold)
{
    const double zero = (double)1e-35f; /* LightGBM's kZeroThreshold */

    if (threshold >= 0 && threshold < zero)
        return zero;
    if (threshold < 0 && threshold >= -zero)
        return nextafter(-zero, -1);
    return threshold;
}

static enum clary_status read_thresholds(const struct clary_tree *tree,
                                         struct clary_error *err)
{
    const struct clary_tree_builder *builder = tree->builder;
    struct clary_numbers numbers =
        clary_tree_numbers(tree, CLARY_TREE_THRESHOLD, tree->n_leaves - 1);

    for (size_t i = 0; i < tree->n_leaves - 1; i++) {
        struct clary_forest_node *node = &tree->nodes[i];
        double value;

        CLARY_TRY(clary_numbers_double(&numbers, &value, err));
        if (node->split != CLARY_SPLIT_CATEGORY) {
            node->threshold = threshold_for_zero(value);
            continue;
        }
        if (!(value >= 0 && value < (double)tree->n_sets))
            return clary_lightgbm_fail(builder->model, CLARY_BAD_MODEL, err,
                                       "tree %zu, node %zu reads category set "
                                       "%g of %zu",
                                       builder->n_trees, i, value,
                                       tree->n_sets);
        node->category = (uint32_t)(builder->n_sets + (size_t)value);
    }
    return CLARY_OK;
}

/* A child as the file counts within its tree, as the forest counts. */
static enum clary_status read_children(const struct clary_tree *tree,
                                       enum clary_tree_key key,
                                       struct clary_error *err)
{
    const struct clary_tree_builder *builder = tree->builder;
    const int64_t n_leaves = (int64_t)tree->n_leaves;
    struct clary_numbers numbers =
        clary_tree_numbers(tree, key, tree->n_leaves - 1);

    for (size_t i = 0; i < tree->n_leaves - 1; i++) {
        int64_t child;

        CLARY_TRY(clary_numbers_integer(&numbers, -n_leaves, n_leaves - 2,
                                        &child, err));
        child = child >= 0 ? child + (int64_t)builder->n_nodes
                           : child - (int64_t)builder->n_leaves;
        *(key == CLARY_TREE_LEFT_CHILD ? &tree->nodes[i].left
                                       : &tree->nodes[i].right) =
            (int32_t)child;
    }
    return CLARY_OK;
}

enum clary_status clary_tree_read_nodes(const struct clary_tree *tree,
                                        struct clary_error *err)
{
    const int64_t n_features = (int64_t)tree->builder->model->n_features;
    struct clary_numbers features =
        clary_tree_numbers(tree, CLARY_TREE_SPLIT_FEATURE, tree->n_leaves - 1);
    struct clary_numbers counts =
        clary_tree_numbers(tree, CLARY_TREE_INTERNAL_COUNT, tree->n_leaves - 1);

    CLARY_TRY(read_decisions(tree, err));
    CLARY_TRY(read_thresholds(tree, err));
    CLARY_TRY(read_children(tree, CLARY_TREE_LEFT_CHILD, err));
    CLARY_TRY(read_children(tree, CLARY_TREE_RIGHT_CHILD, err));
    for (size_t i = 0; i < tree->n_leaves - 1; i++) {
        int64_t value;
        double cover;

        CLARY_TRY(
            clary_numbers_integer(&features, 0, n_features - 1, &value, err));
        tree->nodes[i].feature = (uint32_t)value;
        if (!tree->values[CLARY_TREE_INTERNAL_COUNT].at)
            continue;
        CLARY_TRY(clary_numbers_double(&counts, &cover, err));
        tree->nodes[i].cover = (float)cover;
    }
    return CLARY_OK;
}

/* --- category sets --- */

enum clary_status clary_tree_read_sets(const struct clary_tree *tree,
                                       struct clary_error *err)
{
    const struct clary_tree_builder *builder = tree->builder;
    const struct clary_text *text = &tree->values[CLARY_TREE_CAT_THRESHOLD];
    struct clary_category_set *sets = builder->sets + builder->n_sets;
    struct clary_numbers bounds =
        clary_tree_numbers(tree, CLARY_TREE_CAT_BOUNDARIES, tree->n_sets + 1);
    const int64_t most = text->end - text->at;
    struct clary_numbers words;
    int64_t begin, end;
    uint32_t *data;

    CLARY_TRY(clary_numbers_integer(&bounds, 0, 0, &begin, err));
    for (size_t s = 0; s < tree->n_sets; s++) {
        CLARY_TRY(clary_numbers_integer(&bounds, begin, most, &end, err));
        sets[s].n_words = (uint32_t)(end - begin);
        begin = end;
    }
    words = clary_tree_numbers(tree, CLARY_TREE_CAT_THRESHOLD, (size_t)begin);
    data = clary_tree_array(tree->builder, (size_t)begin, sizeof *data);
    if (!data)
        return clary_no_memory(err);
    for (int64_t w = 0; w < begin; w++) {
        int64_t word;

        CLARY_TRY(clary_numbers_integer(&words, 0, UINT32_MAX, &word, err));
        data[w] = (uint32_t)word;
    }
    for (size_t s = 0; s < tree->n_sets; s++) {
        sets[s].words = data;
        data += sets[s].n_words;
    }
    return CLARY_OK;
}
