/* learner_tree.c: one tree as XGBoost numbers it, to nodes of a forest.
 *
 * Nodes are taken breadth first from the root, so that those which are read
 * together lie together, pruned ones are left behind, and a cycle or a node
 * with two parents is seen.
 *
 * A split by category sends the codes of its set to the right and all others,
 * negative and unseen ones too, to the left; a forest's set goes to the left.
 * So its children change sides, and its default direction with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct conversion {
    struct clary_learner *learner;
    const struct clary_learner_tree *tree;
    size_t index;     /* of the tree */
    size_t n_queued;  /* nodes reached so far */
    int32_t *queue;   /* (n) XGBoost's numbers, breadth first */
    bool *is_reached; /* (n) by XGBoost's numbers */
    size_t n_inner, n_leaves;
};

static enum clary_status fail_node(const struct conversion *conversion,
                                   int32_t node, const char *what,
                                   struct clary_error *err)
{
    return clary_learner_fail(conversion->learner, CLARY_BAD_MODEL, err,
                              "tree %zu, node %d: %s", conversion->index,
                              (int)node, what);
}

static bool is_leaf(const struct clary_learner_tree *tree, int32_t node)
{
    return tree->left[node] == -1;
}

static enum clary_status queue_child(struct conversion *conversion,
                                     int32_t parent, int32_t child,
                                     struct clary_error *err)
{
    if (child < 0 || (size_t)child >= conversion->tree->n)
        return fail_node(conversion, parent, "its child is no node", err);
    if (conversion->is_reached[child])
        return fail_node(conversion, child, "two nodes lead to it", err);
    conversion->is_reached[child] = true;
    conversion->queue[conversion->n_queued++] = child;
    return CLARY_OK;
}

/* Fills the queue. */
static enum clary_status reach(struct conversion *conversion,
                               struct clary_error *err)
{
    const struct clary_learner_tree *tree = conversion->tree;
    struct clary_learner *learner = conversion->learner;

    conversion->queue[conversion->n_queued++] = 0;
    conversion->is_reached[0] = true;
    for (size_t i = 0; i < conversion->n_queued; i++) {
        int32_t node = conversion->queue[i];

        if (is_leaf(tree, node)) {
            conversion->n_leaves++;
            continue;
        }
        conversion->n_inner++;
        if (tree->features[node] < 0)
            return fail_node(conversion, node, "it reads no feature", err);
        if (tree->features[node] >= learner->n_features_read)
            learner->n_features_read = (int64_t)tree->features[node] + 1;
        CLARY_TRY(queue_child(conversion, node, tree->left[node], err));
        CLARY_TRY(queue_child(conversion, node, tree->right[node], err));
    }
    return CLARY_OK;
}

static int compare_nodes(const void *key, const void *element)
{
    int32_t a = *(const int32_t *)key, b = *(const int32_t *)element;

    return (a > b) - (a < b);
}

/* Makes the set of a node. */
static enum clary_status add_set(struct conversion *conversion, int32_t node,
                                 uint32_t *index, struct clary_error *err)
{
    struct clary_learner *learner = conversion->learner;
    const struct clary_learner_tree *tree = conversion->tree;
    const int32_t *found, *codes;
    struct clary_category_set *set;
    int64_t begin, count, largest = -1;
    uint32_t *words;

    found = tree->n_category_nodes == 0
                ? NULL
                : bsearch(&node, tree->category_nodes, tree->n_category_nodes,
                          sizeof node, compare_nodes);
    if (!found)
        return fail_node(conversion, node,
                         "it splits by category and has no categories", err);
    begin = tree->category_begins[found - tree->category_nodes];
    count = tree->category_counts[found - tree->category_nodes];
    if (begin < 0 || count < 0 || (uint64_t)begin > tree->n_categories ||
        (uint64_t)count > tree->n_categories - (uint64_t)begin)
        return fail_node(conversion, node, "its categories are out of range",
                         err);
    codes = tree->categories + begin;
    for (int64_t i = 0; i < count; i++) {
        if (codes[i] < 0 || codes[i] >= (int32_t)CLARY_LEARNER_CATEGORIES)
            return fail_node(conversion, node,
                             "a category is not in 0 .. 2^24 - 1", err);
        largest = codes[i] > largest ? codes[i] : largest;
    }
    set = clary_learner_room(learner, &learner->sets, 1, sizeof *set);
    words = clary_arena_calloc(learner->kept, (size_t)(largest + 32) / 32,
                               sizeof *words);
    if (!set || !words)
        return clary_no_memory(err);
    for (int64_t i = 0; i < count; i++)
        words[codes[i] / 32] |= UINT32_C(1) << codes[i] % 32;
    set->words = words;
    set->n_words = (uint32_t)((largest + 32) / 32);
    *index = (uint32_t)learner->sets.n++;
    return CLARY_OK;
}

static enum clary_status convert_node(struct conversion *conversion,
                                      int32_t from, int32_t left, int32_t right,
                                      struct clary_forest_node *node,
                                      struct clary_error *err)
{
    const struct clary_learner_tree *tree = conversion->tree;

    *node = (struct clary_forest_node){
        .threshold = (double)tree->thresholds[from],
        .left = left,
        .right = right,
        .feature = (uint32_t)tree->features[from],
        .split = CLARY_SPLIT_LESS,
        .missing = CLARY_MISSING_NAN,
        .default_left = tree->default_left[from] != 0,
        .cover = tree->covers ? tree->covers[from] : 0};
    if (tree->is_category && tree->is_category[from]) {
        node->split = CLARY_SPLIT_CATEGORY;
        node->threshold = 0;
        node->left = right;
        node->right = left;
        node->default_left = !node->default_left;
        return add_set(conversion, from, &node->category, err);
    }
    if (isnan(node->threshold))
        return fail_node(conversion, from, "its threshold is no number", err);
    return CLARY_OK;
}

/* The queue's nodes and leaves behind those of earlier trees. Children stand
 * in the queue in the order of their parents, so a running count numbers
 * them. */
static enum clary_status convert(struct conversion *conversion,
                                 struct clary_error *err)
{
    struct clary_learner *learner = conversion->learner;
    const struct clary_learner_tree *tree = conversion->tree;
    struct clary_forest_node *nodes = clary_learner_room(
        learner, &learner->nodes, conversion->n_inner, sizeof *nodes);
    double *leaves = clary_learner_room(learner, &learner->leaves,
                                        conversion->n_leaves, sizeof *leaves);
    float *covers = clary_learner_room(learner, &learner->covers,
                                       conversion->n_leaves, sizeof *covers);
    int32_t *root =
        clary_learner_room(learner, &learner->roots, 1, sizeof *root);
    int32_t next_node = (int32_t)learner->nodes.n;
    int32_t next_leaf = (int32_t)learner->leaves.n;
    size_t child = 1;

    if (!nodes || !leaves || !covers || !root)
        return clary_no_memory(err);
    *root = is_leaf(tree, 0) ? ~next_leaf++ : next_node++;
    for (size_t i = 0; i < conversion->n_queued; i++) {
        int32_t from = conversion->queue[i], to[2];

        if (is_leaf(tree, from)) {
            *leaves++ = (double)tree->thresholds[from];
            *covers++ = tree->covers ? tree->covers[from] : 0;
            continue;
        }
        for (int side = 0; side < 2; side++)
            to[side] = is_leaf(tree, conversion->queue[child++]) ? ~next_leaf++
                                                                 : next_node++;
        CLARY_TRY(convert_node(conversion, from, to[0], to[1], nodes++, err));
    }
    learner->nodes.n += conversion->n_inner;
    learner->leaves.n += conversion->n_leaves;
    learner->covers.n += conversion->n_leaves;
    learner->roots.n++;
    return CLARY_OK;
}

enum clary_status clary_learner_add_tree(struct clary_learner *learner,
                                         const struct clary_learner_tree *tree,
                                         struct clary_error *err)
{
    struct conversion conversion = {
        .learner = learner, .tree = tree, .index = learner->roots.n};

    if (tree->n == 0)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "tree %zu has no nodes", conversion.index);
    if (tree->n > (size_t)INT32_MAX - learner->nodes.n ||
        tree->n > (size_t)INT32_MAX - learner->leaves.n)
        return clary_learner_fail(learner, CLARY_UNSUPPORTED, err,
                                  "more than %d nodes", INT32_MAX);
    conversion.queue =
        clary_arena_calloc(learner->scratch, tree->n, sizeof *conversion.queue);
    conversion.is_reached =
        clary_arena_calloc(learner->scratch, tree->n, sizeof(bool));
    if (!conversion.queue || !conversion.is_reached)
        return clary_no_memory(err);
    CLARY_TRY(reach(&conversion, err));
    return convert(&conversion, err);
}
