/* forest_check.c: whether a loader's forest is one that can be walked.
 *
 * A walk from each root marks the nodes and leaves that it reaches. One that
 * is reached twice is a cycle or shared, so the whole check takes as long as
 * there are nodes. Nodes and leaves that no root leads to are allowed: files
 * hold nodes that pruning has cut off.
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Nodes, leaves, ...: so that the layout can count three places a node in
 * 32 bits. */
enum { MOST = INT32_MAX / 4 };

/* Words of the sets of all nodes, a set counted as often as nodes read it: what
 * laying them out costs. A thousand times what trained forests have. */
enum { MOST_SET_WORDS = 1 << 26 };

/* A child that is still to be visited. */
struct pending {
    int32_t child;
    uint32_t depth; /* nodes above it */
};

struct check {
    const char *name;
    const struct clary_forest *forest;
    bool *node_seen, *leaf_seen;
    struct pending *stack; /* (CLARY_FOREST_MAX_DEPTH + 1) */
    size_t n_set_words;
    struct forest_facts facts;
};

/* Counts, and what stands once for the forest. */
static enum clary_status check_header(const char *name,
                                      const struct clary_forest *forest,
                                      struct clary_error *err)
{
    if (forest->dtype != CLARY_DTYPE_F32 && forest->dtype != CLARY_DTYPE_F64)
        return clary_fail(err, CLARY_INTERNAL,
                          "\"%s\": a forest over elements of type %s", name,
                          clary_dtype_name(forest->dtype));
    if (forest->n_groups == 0)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "\"%s\": a forest without outputs", name);
    if (forest->n_nodes > MOST || forest->n_leaves > MOST ||
        forest->n_trees > MOST || forest->n_features > MOST ||
        forest->n_groups > MOST)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "\"%s\": a forest of %zu trees, %zu nodes, %zu "
                          "leaves, %zu features and %zu outputs; at most %d of "
                          "each are known here",
                          name, forest->n_trees, forest->n_nodes,
                          forest->n_leaves, forest->n_features,
                          forest->n_groups, MOST);
    return CLARY_OK;
}

static enum clary_status check_set(struct check *c, size_t t, size_t n,
                                   struct clary_error *err)
{
    const struct clary_forest *forest = c->forest;
    const uint32_t set = forest->nodes[n].category;

    if (set >= forest->n_sets)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "\"%s\": tree %zu, node %zu reads category set %u of "
                          "%zu",
                          c->name, t, n, set, forest->n_sets);
    if (forest->sets[set].n_words > MOST_SET_WORDS - c->n_set_words)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "\"%s\": tree %zu, node %zu: the category sets of "
                          "the nodes up to here have more than %d words",
                          c->name, t, n, MOST_SET_WORDS);
    c->n_set_words += forest->sets[set].n_words;
    return CLARY_OK;
}

/* What is wrong with node n of tree t; CLARY_OK if nothing is. */
static enum clary_status check_node(struct check *c, size_t t, size_t n,
                                    struct clary_error *err)
{
    const struct clary_forest *forest = c->forest;
    const struct clary_forest_node *node = &forest->nodes[n];
    const double t64 = node->threshold;

    if (node->feature >= forest->n_features)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "\"%s\": tree %zu, node %zu reads feature %u of %zu",
                          c->name, t, n, node->feature, forest->n_features);
    if (node->split > CLARY_SPLIT_CATEGORY ||
        node->missing > CLARY_MISSING_NONE)
        return clary_fail(err, CLARY_INTERNAL,
                          "\"%s\": tree %zu, node %zu has split %d, missing %d",
                          c->name, t, n, node->split, node->missing);
    if (node->split == CLARY_SPLIT_CATEGORY)
        return check_set(c, t, n, err);
    if (forest->dtype == CLARY_DTYPE_F32 && !isnan(t64) &&
        !((double)(float)t64 == t64))
        return clary_fail(err, CLARY_BAD_MODEL,
                          "\"%s\": tree %zu, node %zu has the threshold %.17g, "
                          "which is not a float32",
                          c->name, t, n, t64);
    return CLARY_OK;
}

/* Marks as reached what node `parent` of tree t, or its root (parent < 0),
 * points to. */
static enum clary_status reach(struct check *c, size_t t, int64_t parent,
                               int32_t child, struct clary_error *err)
{
    const bool is_leaf = child < 0;
    const size_t index = (size_t)(is_leaf ? ~child : child);
    const size_t count = is_leaf ? c->forest->n_leaves : c->forest->n_nodes;
    bool *seen = is_leaf ? c->leaf_seen : c->node_seen;
    char place[32] = "its root";

    if (index < count && !seen[index]) {
        seen[index] = true;
        *(is_leaf ? &c->facts.n_leaves : &c->facts.n_nodes) += 1;
        return CLARY_OK;
    }
    if (parent >= 0)
        (void)snprintf(place, sizeof place, "node %" PRId64, parent);
    return clary_fail(
        err, CLARY_BAD_MODEL,
        "\"%s\": tree %zu, %s points to %s %zu of %zu, %s", c->name, t, place,
        is_leaf ? "leaf" : "node", index, count,
        index < count ? "which has a parent already" : "which is not there");
}

/* Walks tree t depth-first: the stack holds at most one sibling a level. */
static enum clary_status check_tree(struct check *c, size_t t,
                                    struct clary_error *err)
{
    const struct clary_forest *forest = c->forest;
    const size_t before = c->facts.n_nodes + c->facts.n_leaves;
    size_t height = 0, size;

    if (forest->groups[t] >= forest->n_groups)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "\"%s\": tree %zu adds to output %u of %zu", c->name,
                          t, forest->groups[t], forest->n_groups);
    CLARY_TRY(reach(c, t, -1, forest->roots[t], err));
    c->stack[height++] = (struct pending){forest->roots[t], 0};
    while (height > 0) {
        const struct pending at = c->stack[--height];
        const struct clary_forest_node *node;

        if (at.depth > c->facts.depth)
            c->facts.depth = at.depth;
        if (at.child < 0)
            continue;
        if (at.depth == CLARY_FOREST_MAX_DEPTH)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "\"%s\": tree %zu is deeper than %d nodes",
                              c->name, t, CLARY_FOREST_MAX_DEPTH);
        node = &forest->nodes[at.child];
        CLARY_TRY(check_node(c, t, (size_t)at.child, err));
        CLARY_TRY(reach(c, t, at.child, node->left, err));
        CLARY_TRY(reach(c, t, at.child, node->right, err));
        c->stack[height++] = (struct pending){node->right, at.depth + 1};
        c->stack[height++] = (struct pending){node->left, at.depth + 1};
    }
    size = c->facts.n_nodes + c->facts.n_leaves - before;
    if (size > c->facts.largest)
        c->facts.largest = size;
    return CLARY_OK;
}

static enum clary_status check_linear(const char *name,
                                      const struct clary_forest *forest,
                                      struct clary_error *err)
{
    if (forest->linear && forest->dtype != CLARY_DTYPE_F64)
        return clary_fail(err, CLARY_INTERNAL,
                          "\"%s\": linear leaves over float32", name);
    for (size_t l = 0; forest->linear && l < forest->n_leaves; l++)
        for (size_t i = 0; i < forest->linear[l].n_features; i++)
            if (forest->linear[l].features[i] >= forest->n_features)
                return clary_fail(err, CLARY_BAD_MODEL,
                                  "\"%s\": leaf %zu reads feature %u of %zu",
                                  name, l, forest->linear[l].features[i],
                                  forest->n_features);
    return CLARY_OK;
}

enum clary_status clary_forest_check(struct clary_arena *scratch,
                                     const char *name,
                                     const struct clary_forest *forest,
                                     struct forest_facts *facts,
                                     struct clary_error *err)
{
    struct check c = {.name = name, .forest = forest};

    CLARY_TRY(check_header(name, forest, err));
    CLARY_TRY(check_linear(name, forest, err));
    c.node_seen =
        clary_arena_calloc(scratch, forest->n_nodes, sizeof *c.node_seen);
    c.leaf_seen =
        clary_arena_calloc(scratch, forest->n_leaves, sizeof *c.leaf_seen);
    c.stack = clary_arena_calloc(scratch, CLARY_FOREST_MAX_DEPTH + 1,
                                 sizeof *c.stack);
    if (!c.node_seen || !c.leaf_seen || !c.stack)
        return clary_no_memory(err);
    for (size_t t = 0; t < forest->n_trees; t++)
        CLARY_TRY(check_tree(&c, t, err));
    *facts = c.facts;
    return CLARY_OK;
}
