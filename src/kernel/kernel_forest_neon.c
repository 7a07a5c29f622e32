/* kernel_forest_neon.c: the forest kernels for arm64.
 *
 * A vector holds 16 rows. Several vectors go through a tree together, so that
 * what is read of a node is read once for all of them; their slots lie side by
 * side. Specification: kernel_forest_scalar.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <arm_neon.h>

enum {
    WIDTH = 16, /* rows of a vector */
    UNIT = CLARY_BLEND_UNIT
};

/* `rows` is a constant wherever this is inlined. The leaf's slot, which is
 * only read, ends where that of the widest call ends: calls of all widths
 * share it. */
static inline __attribute__((always_inline)) void blend_vectors(
    const struct clary_blend_tree *tree, size_t rows, const int8_t *ranks,
    uint8_t *slots, uint8_t *labels)
{
    const struct clary_blend_node *node = tree->nodes;
    const struct clary_blend_node *pairs_end = node + tree->n_pairs;
    const struct clary_blend_node *end = pairs_end + tree->n_others;
    uint8_t *leaf = slots + CLARY_BLEND_ROWS - rows, *out = leaf + rows;

    for (; node < pairs_end; node++, out += rows) {
        const int8_t *rank = ranks + node->column * CLARY_BLEND_ROWS;
        const int8x16_t threshold = vdupq_n_s8(node->threshold);

#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r += WIDTH)
            vst1q_u8(out + r, vcgtq_s8(threshold, vld1q_s8(rank + r)));
    }
    for (; node < end; node++) {
        const int8_t *rank = ranks + node->column * CLARY_BLEND_ROWS;
        const int8x16_t threshold = vdupq_n_s8(node->threshold);
        const uint8x16_t add = vdupq_n_u8((uint8_t)node->add);
        const uint8_t *left = leaf + node->left * rows;
        const uint8_t *right = leaf + node->right * rows;

        out = leaf + node->out * rows;
#pragma GCC unroll 12
        for (size_t r = 0; r < rows; r += WIDTH)
            vst1q_u8(out + r, vbslq_u8(vcgtq_s8(threshold, vld1q_s8(rank + r)),
                                       vaddq_u8(add, vld1q_u8(left + r)),
                                       vld1q_u8(right + r)));
    }
    out = leaf + tree->root * rows;
#pragma GCC unroll 12
    for (size_t r = 0; r < rows; r += WIDTH)
        vst1q_u8(labels + r, vsubq_u8(vdupq_n_u8(0), vld1q_u8(out + r)));
}

void clary_blend_neon(const struct clary_blend_tree *tree, const int8_t *ranks,
                      size_t rows, uint8_t *slots, uint8_t *labels)
{
    size_t r = 0;

    for (size_t i = 0; i < CLARY_BLEND_ROWS; i += WIDTH)
        vst1q_u8(slots + i, vdupq_n_u8(0));
    for (; r + 5 * UNIT < rows; r += 6 * UNIT)
        blend_vectors(tree, 6 * UNIT, ranks + r, slots, labels + r);
    for (; r + 2 * UNIT < rows; r += 3 * UNIT)
        blend_vectors(tree, 3 * UNIT, ranks + r, slots, labels + r);
    for (; r < rows; r += UNIT)
        blend_vectors(tree, UNIT, ranks + r, slots, labels + r);
}
