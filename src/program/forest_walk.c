/* forest_walk.c: rows go down trees, eight side by side.
 *
 * A step waits for the node and then for the rank, some ten cycles; eight
 * steps that do not depend on each other wait together. All lanes take `sure`
 * steps unchecked; then two at a time until none moves (a leaf leads to
 * itself).
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

/* `has_sets` is a constant wherever this is inlined. */
static inline __attribute__((always_inline)) uint32_t step(
    const struct forest_layout *layout, bool has_sets,
    const struct walk_node *nodes, const uint16_t *row, uint32_t at)
{
    const struct walk_node *node = nodes + at;
    const uint32_t x = row[node->column];

    if (has_sets && node->column >= layout->first_category &&
        node->rank != WALK_RANK_MAX)
        return node->child + !in_set(layout->sets, nodes + node->child - 1, x);
    return node->child + (node->rank < x);
}

/* Lane l goes down from node ends[l] with the row at offsets[l]. */
static inline __attribute__((always_inline)) void walk(
    const struct forest_layout *layout, bool has_sets, const uint16_t *row,
    const size_t *offsets, size_t sure, size_t depth, uint32_t *ends)
{
    const struct walk_node *const nodes = layout->nodes;
    uint32_t at[WALK_LANES]; /* registers: `ends` might be a node for all the
                              * compiler knows */

#pragma GCC unroll 8
    for (size_t l = 0; l < WALK_LANES; l++)
        at[l] = ends[l];
    for (size_t d = 0; d < sure; d++)
#pragma GCC unroll 8
        for (size_t l = 0; l < WALK_LANES; l++)
            at[l] = step(layout, has_sets, nodes, row + offsets[l], at[l]);
    for (size_t d = sure; d < depth; d += 2) {
        uint32_t moved = 0;

#pragma GCC unroll 8
        for (size_t l = 0; l < WALK_LANES; l++) {
            const uint16_t *const ranks = row + offsets[l];
            const uint32_t next = step(layout, has_sets, nodes, ranks, at[l]);

            at[l] = step(layout, has_sets, nodes, ranks, next);
            moved |= next ^ at[l];
        }
        if (!moved)
            break;
    }
#pragma GCC unroll 8
    for (size_t l = 0; l < WALK_LANES; l++)
        ends[l] = at[l];
}

void clary_forest_walk_trees(const struct forest_layout *layout, size_t eight,
                             const uint16_t *row, uint32_t *at)
{
    static const size_t same[WALK_LANES] = {0};
    const struct forest_eight *trees = &layout->eights[eight];

    memcpy(at, trees->roots, sizeof trees->roots);
    if (layout->sets)
        walk(layout, true, row, same, trees->sure, trees->depth, at);
    else
        walk(layout, false, row, same, trees->sure, trees->depth, at);
}

void clary_forest_walk_rows(const struct forest_layout *layout, size_t t,
                            const uint16_t *first_row, size_t n, uint32_t *at)
{
    const struct forest_tree *tree = &layout->trees[t];
    size_t offsets[WALK_LANES];

#pragma GCC unroll 8
    for (size_t l = 0; l < WALK_LANES; l++) {
        offsets[l] = (l < n ? l : 0) * layout->ranks.walk.n;
        at[l] = tree->root;
    }
    if (layout->sets)
        walk(layout, true, first_row, offsets, tree->sure, tree->depth, at);
    else
        walk(layout, false, first_row, offsets, tree->sure, tree->depth, at);
}

uint32_t clary_forest_walk_step(const struct forest_layout *layout,
                                const uint16_t *row, uint32_t at)
{
    return step(layout, layout->sets != NULL, layout->nodes, row, at);
}
