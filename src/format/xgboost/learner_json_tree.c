/* learner_json_tree.c: trees and category dictionaries of a JSON-shaped model.
 *
 *     "trees": [{"left_children": [1, -1, -1], "right_children": [2, -1, -1],
 *                "split_indices": [3, 0, 0], "split_conditions": [...],
 *                "default_left": [1, 0, 0], "sum_hessian": [...],
 *                "split_type": [1, 0, 0], "categories_nodes": [0],
 *                "categories_segments": [0], "categories_sizes": [2],
 *                "categories": [5, 9],
 *                "tree_param": {"size_leaf_vector": "1", ...}}, ...]
 *
 * One tree is held at a time, in the scratch arena. "base_weights",
 * "loss_changes" and "parents" are not needed and skipped.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner_json.h"

/* A tree while it is read. */
struct tree_arrays {
    void *left, *right, *features, *thresholds, *default_left, *types, *covers;
    size_t n_left, n_right, n_features, n_thresholds, n_default_left, n_types,
        n_covers;
    void *categories, *nodes, *segments, *sizes;
    size_t n_categories, n_nodes, n_segments, n_sizes;
    int64_t leaf_vector;
};

#define ARRAY(member_name, key, dtype)                                         \
    static enum clary_status read_##member_name(                               \
        struct clary_learner_reader *reader, struct clary_error *err)          \
    {                                                                          \
        struct tree_arrays *tree = reader->object;                             \
                                                                               \
        return clary_events_array(                                             \
            &reader->events, dtype, key, reader->learner->scratch,             \
            &tree->member_name, &tree->n_##member_name, err);                  \
    }

ARRAY(left, "left_children", CLARY_DTYPE_I32)
ARRAY(right, "right_children", CLARY_DTYPE_I32)
ARRAY(features, "split_indices", CLARY_DTYPE_I32)
ARRAY(thresholds, "split_conditions", CLARY_DTYPE_F32)
ARRAY(default_left, "default_left", CLARY_DTYPE_U8)
ARRAY(types, "split_type", CLARY_DTYPE_U8)
ARRAY(covers, "sum_hessian", CLARY_DTYPE_F32)
ARRAY(categories, "categories", CLARY_DTYPE_I32)
ARRAY(nodes, "categories_nodes", CLARY_DTYPE_I32)
ARRAY(segments, "categories_segments", CLARY_DTYPE_I64)
ARRAY(sizes, "categories_sizes", CLARY_DTYPE_I64)

static enum clary_status size_leaf_vector(struct clary_learner_reader *reader,
                                          struct clary_error *err)
{
    struct tree_arrays *tree = reader->object;

    return clary_member_count(reader, "size_leaf_vector", &tree->leaf_vector,
                              err);
}

static const struct clary_member tree_param_members[] = {
    {"size_leaf_vector", size_leaf_vector}, {NULL, NULL}};

static enum clary_status tree_param(struct clary_learner_reader *reader,
                                    struct clary_error *err)
{
    return clary_members_read(reader, "tree_param", tree_param_members, err);
}

static const struct clary_member tree_members[] = {
    {"categories", read_categories},
    {"categories_nodes", read_nodes},
    {"categories_segments", read_segments},
    {"categories_sizes", read_sizes},
    {"default_left", read_default_left},
    {"left_children", read_left},
    {"right_children", read_right},
    {"split_conditions", read_thresholds},
    {"split_indices", read_features},
    {"split_type", read_types},
    {"sum_hessian", read_covers},
    {"tree_param", tree_param},
    {NULL, NULL}};

static enum clary_status add_tree(struct clary_learner *learner,
                                  const struct tree_arrays *arrays,
                                  struct clary_error *err)
{
    size_t n = arrays->n_left;
    struct clary_learner_tree tree = {.n = n,
                                      .left = arrays->left,
                                      .right = arrays->right,
                                      .features = arrays->features,
                                      .thresholds = arrays->thresholds,
                                      .default_left = arrays->default_left,
                                      .is_category = arrays->types,
                                      .covers = arrays->covers,
                                      .categories = arrays->categories,
                                      .n_categories = arrays->n_categories,
                                      .category_nodes = arrays->nodes,
                                      .category_begins = arrays->segments,
                                      .category_counts = arrays->sizes,
                                      .n_category_nodes = arrays->n_nodes};

    if (arrays->leaf_vector > 1)
        return clary_learner_fail(
            learner, CLARY_UNSUPPORTED, err,
            "its leaves hold %lld values (multi_strategy=multi_output_tree); "
            "train with multi_strategy=one_output_per_tree",
            (long long)arrays->leaf_vector);
    if (arrays->n_right != n || arrays->n_features != n ||
        arrays->n_thresholds != n || arrays->n_default_left != n ||
        (arrays->n_types != n && arrays->n_types != 0) ||
        (arrays->n_covers != n && arrays->n_covers != 0) ||
        arrays->n_segments != arrays->n_nodes ||
        arrays->n_sizes != arrays->n_nodes)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "tree %zu: its arrays differ in length",
                                  learner->roots.n);
    return clary_learner_add_tree(learner, &tree, err);
}

enum clary_status clary_member_trees(struct clary_learner_reader *reader,
                                     struct clary_error *err)
{
    struct clary_learner *learner = reader->learner;
    struct tree_arrays *arrays;
    struct clary_event event;

    if (reader->has_trees)
        return clary_events_fail(&reader->events, err, "a second \"trees\"");
    reader->has_trees = true;
    CLARY_TRY(clary_events_expect(&reader->events, CLARY_EVENT_ARRAY, "trees",
                                  &event, err));
    for (;;) {
        CLARY_TRY(clary_events_next(&reader->events, &event, err));
        if (event.kind == CLARY_EVENT_ARRAY_END)
            return CLARY_OK;
        if (event.kind != CLARY_EVENT_OBJECT)
            return clary_events_fail(&reader->events, err,
                                     "expected objects in \"trees\"");
        arrays = clary_arena_calloc(learner->scratch, 1, sizeof *arrays);
        if (!arrays)
            return clary_no_memory(err);
        reader->object = arrays;
        CLARY_TRY(clary_members_read_on(reader, tree_members, err));
        CLARY_TRY(add_tree(learner, arrays, err));
        clary_arena_reset(learner->scratch);
    }
}
