/* forest_walk.c: rows go down trees, eight side by side.
 *
 * A step waits for the node and then for the rank, some ten cycles; eight
 * steps that do not depend on each other wait together. All lanes take the
 * steps to the nearest of their leaves unchecked; then two at a time until
 * none moves (a leaf leads to itself).
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

/* Whether rank x goes left at the node before the set. */
static inline bool in_set(const uint32_t *sets, const struct walk_node *set,
                          uint32_t x)
{
    return x / 32 < set->rank && (sets[set->child + x / 32] >> x % 32 & 1);
}

/* `layout` is NULL where there are no categories. */
static inline __attribute__((always_inline)) uint32_t step(
    const struct forest_layout *layout, const struct walk_node *nodes,
    const uint16_t *row, uint32_t at)
{
    const struct walk_node *node = nodes + at;
    const uint32_t x = row[node->column];

    if (layout && node->column >= layout->first_category &&
        node->rank != WALK_RANK_MAX)
        return node->child + !in_set(layout->sets, nodes + node->child - 1, x);
    return node->child + (x > node->rank);
}

/* Lane l takes row rows[l] down the tree of nodes[l]. */
static inline __attribute__((always_inline)) void walk(
    const struct forest_layout *layout, const struct walk_node *const *nodes,
    const uint16_t *const *rows, size_t sure, size_t depth, uint32_t *ends)
{
    uint32_t at[WALK_LANES]; /* registers: `ends` might be a node for all the
                              * compiler knows */

#pragma GCC unroll 8
    for (size_t l = 0; l < WALK_LANES; l++)
        at[l] = FOREST_ROOT;
    for (size_t d = 0; d < sure; d++)
#pragma GCC unroll 8
        for (size_t l = 0; l < WALK_LANES; l++)
            at[l] = step(layout, nodes[l], rows[l], at[l]);
    for (size_t d = sure; d < depth; d += 2) {
        uint32_t moved = 0;

#pragma GCC unroll 8
        for (size_t l = 0; l < WALK_LANES; l++) {
            const uint32_t next = step(layout, nodes[l], rows[l], at[l]);

            at[l] = step(layout, nodes[l], rows[l], next);
            moved |= next ^ at[l];
        }
        if (!moved)
            break;
    }
#pragma GCC unroll 8
    for (size_t l = 0; l < WALK_LANES; l++)
        ends[l] = at[l];
}

/* Too few trees or rows: the first one goes again in the lanes left over. */

void clary_forest_walk_trees(const struct forest_layout *layout, size_t first,
                             size_t n, const uint16_t *row, uint32_t *at)
{
    const struct walk_node *nodes[WALK_LANES];
    const uint16_t *rows[WALK_LANES];
    size_t sure = SIZE_MAX, depth = 0;

#pragma GCC unroll 8
    for (size_t l = 0; l < WALK_LANES; l++) {
        const struct forest_tree *tree =
            &layout->trees[first + (l < n ? l : 0)];

        nodes[l] = tree->walk;
        rows[l] = row;
        sure = tree->sure < sure ? tree->sure : sure;
        depth = tree->depth > depth ? tree->depth : depth;
    }
    if (layout->sets)
        walk(layout, nodes, rows, sure, depth, at);
    else
        walk(NULL, nodes, rows, sure, depth, at);
}

void clary_forest_walk_rows(const struct forest_layout *layout, size_t t,
                            const uint16_t *first_row, size_t n, uint32_t *at)
{
    const struct forest_tree *tree = &layout->trees[t];
    const struct walk_node *nodes[WALK_LANES];
    const uint16_t *rows[WALK_LANES];

#pragma GCC unroll 8
    for (size_t l = 0; l < WALK_LANES; l++) {
        nodes[l] = tree->walk;
        rows[l] = first_row + (l < n ? l : 0) * layout->ranks.walk.n;
    }
    if (layout->sets)
        walk(layout, nodes, rows, tree->sure, tree->depth, at);
    else
        walk(NULL, nodes, rows, tree->sure, tree->depth, at);
}

uint32_t clary_forest_walk_step(const struct forest_layout *layout,
                                const struct forest_tree *tree,
                                const uint16_t *row, uint32_t at)
{
    return step(layout->sets ? layout : NULL, tree->walk, row, at);
}
