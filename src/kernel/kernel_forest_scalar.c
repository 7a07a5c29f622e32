/* kernel_forest_scalar.c: the specification of the forest kernels.
 *
 * Plain loops over a unit of 32 rows, which compilers turn into the vectors
 * that every machine of an architecture has.
 *
 * Tests: tests/unit/test_kernel_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <string.h>

enum { UNIT = CLARY_BLEND_UNIT };

/* One unit of rows; slot s is slots[s * 32 ...]. */
static void blend_unit(const struct clary_blend_tree *tree, const int8_t *ranks,
                       uint8_t *slots, uint8_t *labels)
{
    const struct clary_blend_node *node = tree->nodes;
    const struct clary_blend_node *pairs_end = node + tree->n_pairs;
    const struct clary_blend_node *end = pairs_end + tree->n_others;
    uint8_t *out = slots;

    memset(out, 0, UNIT);
    for (; node < pairs_end; node++) {
        const int8_t *rank = ranks + node->column * CLARY_BLEND_ROWS;

        out += UNIT;
        for (size_t r = 0; r < UNIT; r++)
            out[r] = node->threshold > rank[r] ? 0xff : 0;
    }
    for (; node < end; node++) {
        const int8_t *rank = ranks + node->column * CLARY_BLEND_ROWS;
        const uint8_t *left = slots + node->left * UNIT;
        const uint8_t *right = slots + node->right * UNIT;
        uint8_t sum[UNIT];

        for (size_t r = 0; r < UNIT; r++)
            sum[r] = (uint8_t)(left[r] + node->add);
        for (size_t r = 0; r < UNIT; r++)
            sum[r] = node->threshold > rank[r] ? sum[r] : right[r];
        memcpy(slots + node->out * UNIT, sum, UNIT);
    }
    for (size_t r = 0; r < UNIT; r++)
        labels[r] = (uint8_t)(0 - slots[tree->root * UNIT + r]);
}

void clary_blend_scalar(const struct clary_blend_tree *tree,
                        const int8_t *ranks, size_t rows, uint8_t *slots,
                        uint8_t *labels)
{
    for (size_t r = 0; r < rows; r += UNIT)
        blend_unit(tree, ranks + r, slots, labels + r);
}
