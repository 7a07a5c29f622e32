/* tree.c: finds the trees of a LightGBM model and makes a forest of them.
 *
 * The keys of a tree may stand in any order; unknown ones are passed over. A
 * count is never more than the bytes of the file.
 *
 * Departure: LightGBM finds trees by tree_sizes; here they are found by their
 * first lines, and a file with another number of them is refused.
 *
 * Tests: tests/unit/test_lightgbm.c, tests/unit/test_lightgbm_text.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/lightgbm/tree.h"

#include <string.h>

static const char *const keys[CLARY_TREE_N_KEYS] = {
    [CLARY_TREE_NUM_LEAVES] = "num_leaves",
    [CLARY_TREE_NUM_CAT] = "num_cat",
    [CLARY_TREE_SPLIT_FEATURE] = "split_feature",
    [CLARY_TREE_THRESHOLD] = "threshold",
    [CLARY_TREE_DECISION_TYPE] = "decision_type",
    [CLARY_TREE_LEFT_CHILD] = "left_child",
    [CLARY_TREE_RIGHT_CHILD] = "right_child",
    [CLARY_TREE_LEAF_VALUE] = "leaf_value",
    [CLARY_TREE_LEAF_COUNT] = "leaf_count",
    [CLARY_TREE_INTERNAL_COUNT] = "internal_count",
    [CLARY_TREE_CAT_BOUNDARIES] = "cat_boundaries",
    [CLARY_TREE_CAT_THRESHOLD] = "cat_threshold",
    [CLARY_TREE_IS_LINEAR] = "is_linear",
    [CLARY_TREE_LEAF_CONST] = "leaf_const",
    [CLARY_TREE_NUM_FEATURES] = "num_features",
    [CLARY_TREE_LEAF_FEATURES] = "leaf_features",
    [CLARY_TREE_LEAF_COEFF] = "leaf_coeff",
};

static bool ends_trees(const struct clary_text *line)
{
    return clary_text_is(line, "end of trees") ||
           clary_text_begins(line, "feature importances:");
}

struct clary_numbers clary_tree_numbers(const struct clary_tree *tree,
                                        enum clary_tree_key key, size_t n)
{
    struct clary_numbers numbers = {.model = tree->builder->model,
                                    .tree = tree->builder->n_trees,
                                    .key = keys[key],
                                    .text = tree->values[key],
                                    .n = n};

    return numbers;
}

/* A key with one number. */
static enum clary_status read_count(const struct clary_tree *tree,
                                    enum clary_tree_key key, int64_t least,
                                    int64_t most, size_t *value,
                                    struct clary_error *err)
{
    struct clary_numbers numbers = clary_tree_numbers(tree, key, 1);
    int64_t integer;

    CLARY_TRY(clary_numbers_integer(&numbers, least, most, &integer, err));
    *value = (size_t)integer;
    return CLARY_OK;
}

/* The keys with one number. A number of leaves or sets is at most the bytes of
 * the file, since each takes one at least. */
static enum clary_status read_counts(struct clary_tree *tree,
                                     struct clary_error *err)
{
    const struct clary_lightgbm *model = tree->builder->model;
    const int64_t most =
        model->rest.end - tree->values[CLARY_TREE_NUM_LEAVES].at < INT32_MAX
            ? model->rest.end - tree->values[CLARY_TREE_NUM_LEAVES].at
            : INT32_MAX;
    size_t is_linear = 0;

    tree->n_sets = 0;
    CLARY_TRY(
        read_count(tree, CLARY_TREE_NUM_LEAVES, 1, most, &tree->n_leaves, err));
    if (tree->values[CLARY_TREE_NUM_CAT].at)
        CLARY_TRY(
            read_count(tree, CLARY_TREE_NUM_CAT, 0, most, &tree->n_sets, err));
    if (tree->values[CLARY_TREE_IS_LINEAR].at)
        CLARY_TRY(
            read_count(tree, CLARY_TREE_IS_LINEAR, 0, 1, &is_linear, err));
    tree->is_linear = is_linear != 0;
    return CLARY_OK;
}

/* Finds the next tree; *found is false where the trees end. */
static enum clary_status find_tree(struct clary_tree_builder *builder,
                                   struct clary_tree *tree, bool *found,
                                   struct clary_error *err)
{
    struct clary_lightgbm *model = builder->model;
    struct clary_text line, before;

    *found = false;
    do {
        if (!clary_text_line(&model->rest, &line))
            return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                       "the file is cut off behind tree %zu",
                                       builder->n_trees);
        if (ends_trees(&line))
            return CLARY_OK;
    } while (!clary_text_begins(&line, "Tree="));
    *found = true;
    memset(tree, 0, sizeof *tree);
    tree->builder = builder;
    before = model->rest;
    while (clary_text_line(&model->rest, &line) && line.at < line.end) {
        if (clary_text_begins(&line, "Tree=") || ends_trees(&line)) {
            model->rest = before;
            break;
        }
        (void)clary_text_key(&line, keys, CLARY_TREE_N_KEYS, tree->values);
        before = model->rest;
    }
    if (!tree->values[CLARY_TREE_NUM_LEAVES].at)
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "tree %zu, num_leaves: is missing",
                                   builder->n_trees);
    return read_counts(tree, err);
}

/* --- counting --- */

void *clary_tree_array(struct clary_tree_builder *builder, size_t n,
                       size_t size)
{
    return clary_arena_calloc(builder->model->arena, n, size);
}

/* Takes memory for all trees and leaves the file where it was. */
static enum clary_status make_room(struct clary_tree_builder *builder,
                                   struct clary_error *err)
{
    const struct clary_text begin = builder->model->rest;
    struct clary_tree tree;
    bool found, any_linear = false;

    for (;;) {
        CLARY_TRY(find_tree(builder, &tree, &found, err));
        if (!found)
            break;
        builder->n_trees++;
        builder->n_leaves += tree.n_leaves; /* no overflow: see read_counts */
        builder->n_nodes += tree.n_leaves - 1;
        builder->n_sets += tree.n_sets;
        any_linear = any_linear || tree.is_linear;
        if (tree.values[CLARY_TREE_IS_LINEAR].at)
            builder->model->says_linear = true;
        if (builder->n_leaves > INT32_MAX || builder->n_sets > INT32_MAX)
            return clary_lightgbm_fail(builder->model, CLARY_UNSUPPORTED, err,
                                       "more than %d leaves or category sets",
                                       INT32_MAX);
    }
    builder->model->rest = begin;
    builder->nodes =
        clary_tree_array(builder, builder->n_nodes, sizeof *builder->nodes);
    builder->leaves =
        clary_tree_array(builder, builder->n_leaves, sizeof *builder->leaves);
    builder->leaf_covers = clary_tree_array(builder, builder->n_leaves,
                                            sizeof *builder->leaf_covers);
    builder->sets =
        clary_tree_array(builder, builder->n_sets, sizeof *builder->sets);
    builder->roots =
        clary_tree_array(builder, builder->n_trees, sizeof *builder->roots);
    builder->groups =
        clary_tree_array(builder, builder->n_trees, sizeof *builder->groups);
    if (any_linear)
        builder->linear = clary_tree_array(builder, builder->n_leaves,
                                           sizeof *builder->linear);
    if (!builder->nodes || !builder->leaves || !builder->leaf_covers ||
        !builder->sets || !builder->roots || !builder->groups ||
        (any_linear && !builder->linear))
        return clary_no_memory(err);
    builder->n_trees = builder->n_nodes = 0;
    builder->n_leaves = builder->n_sets = 0;
    return CLARY_OK;
}

/* --- all of them --- */

static enum clary_status add_tree(struct clary_tree *tree,
                                  struct clary_error *err)
{
    struct clary_tree_builder *builder = tree->builder;
    const bool has_nodes = tree->n_leaves > 1;

    tree->nodes = builder->nodes + builder->n_nodes;
    if (has_nodes)
        CLARY_TRY(clary_tree_read_nodes(tree, err));
    if (has_nodes && tree->n_sets > 0)
        CLARY_TRY(clary_tree_read_sets(tree, err));
    CLARY_TRY(clary_tree_read_leaves(tree, err));
    builder->roots[builder->n_trees] =
        has_nodes ? (int32_t)builder->n_nodes : ~(int32_t)builder->n_leaves;
    builder->groups[builder->n_trees] =
        (uint32_t)(builder->n_trees % builder->model->n_groups);
    builder->n_trees++;
    builder->n_nodes += tree->n_leaves - 1;
    builder->n_leaves += tree->n_leaves;
    builder->n_sets += tree->n_sets;
    return CLARY_OK;
}

/* As many trees as the header says, in whole iterations. */
static enum clary_status check_trees(const struct clary_tree_builder *builder,
                                     struct clary_error *err)
{
    const struct clary_lightgbm *model = builder->model;
    struct clary_text sizes = model->header[CLARY_LIGHTGBM_TREE_SIZES], word;
    size_t n = 0;

    while (sizes.at && clary_text_word(&sizes, &word))
        n++;
    if (sizes.at && n != builder->n_trees)
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "tree_sizes lists %zu trees, the file "
                                   "holds %zu",
                                   n, builder->n_trees);
    if (builder->n_trees == 0 || builder->n_trees % model->n_groups != 0)
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "%zu trees, which is not one or more "
                                   "iterations of %zu",
                                   builder->n_trees, model->n_groups);
    return CLARY_OK;
}

enum clary_status clary_lightgbm_read_trees(struct clary_lightgbm *model,
                                            struct clary_error *err)
{
    struct clary_tree_builder builder = {.model = model};
    struct clary_tree tree;
    size_t n_iterations;
    double *base;
    bool found;

    CLARY_TRY(make_room(&builder, err));
    for (;;) {
        CLARY_TRY(find_tree(&builder, &tree, &found, err));
        if (!found)
            break;
        CLARY_TRY(add_tree(&tree, err));
    }
    CLARY_TRY(check_trees(&builder, err));
    n_iterations = builder.n_trees / model->n_groups;
    base = clary_tree_array(&builder, model->n_groups, sizeof *base);
    if (!base)
        return clary_no_memory(err);
    model->forest = (struct clary_forest){
        .dtype = CLARY_DTYPE_F64,
        .n_features = model->n_features,
        .n_groups = model->n_groups,
        .n_trees = builder.n_trees,
        .nodes = builder.nodes,
        .n_nodes = builder.n_nodes,
        .leaves = builder.leaves,
        .leaf_covers = builder.leaf_covers,
        .linear = builder.linear,
        .n_leaves = builder.n_leaves,
        .sets = builder.sets,
        .n_sets = builder.n_sets,
        .roots = builder.roots,
        .groups = builder.groups,
        .base = base,
        .base_first = true,
        .divisor = model->header[CLARY_LIGHTGBM_AVERAGE_OUTPUT].at
                       ? (double)n_iterations
                       : 0};
    return CLARY_OK;
}
