/* kernel_forest_avx2.c: the forest kernels for x86-64 with AVX2.
 *
 * A vector holds 32 rows. Several vectors go through a tree together, so that
 * what is read of a node is read once for all of them; their slots lie side by
 * side. Specification: kernel_forest_scalar.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/tables.h"

#include <immintrin.h>

enum {
    UNIT = CLARY_BLEND_UNIT,
    MOST = CLARY_BLEND_ROWS / UNIT /* vectors of one call */
};

static inline __m256i load(const void *bytes)
{
    return _mm256_load_si256(bytes);
}

static inline void store(void *bytes, __m256i v)
{
    _mm256_store_si256(bytes, v);
}

/* `vectors` is a constant wherever this is inlined. The leaf's slot, which is
 * only read, ends where that of the widest call ends: calls of all widths
 * share it. */
static inline __attribute__((always_inline)) void blend_vectors(
    const struct clary_blend_tree *tree, size_t vectors, const int8_t *ranks,
    uint8_t *slots, uint8_t *labels)
{
    const size_t width = vectors * UNIT;
    const struct clary_blend_node *node = tree->nodes;
    const struct clary_blend_node *pairs_end = node + tree->n_pairs;
    const struct clary_blend_node *end = pairs_end + tree->n_others;
    uint8_t *leaf = slots + (MOST - vectors) * UNIT, *out = leaf + width;

    for (; node < pairs_end; node++, out += width) {
        const int8_t *rank = ranks + node->column * CLARY_BLEND_ROWS;
        const __m256i threshold = _mm256_set1_epi8(node->threshold);

#pragma GCC unroll 6
        for (size_t v = 0; v < width; v += UNIT)
            store(out + v, _mm256_cmpgt_epi8(threshold, load(rank + v)));
    }
    for (; node < end; node++) {
        const int8_t *rank = ranks + node->column * CLARY_BLEND_ROWS;
        const __m256i threshold = _mm256_set1_epi8(node->threshold);
        const __m256i add = _mm256_set1_epi8(node->add);
        const uint8_t *left = leaf + node->left * width;
        const uint8_t *right = leaf + node->right * width;

        out = leaf + node->out * width;
#pragma GCC unroll 6
        for (size_t v = 0; v < width; v += UNIT)
            store(out + v,
                  _mm256_blendv_epi8(
                      load(right + v), _mm256_add_epi8(add, load(left + v)),
                      _mm256_cmpgt_epi8(threshold, load(rank + v))));
    }
    out = leaf + tree->root * width;
#pragma GCC unroll 6
    for (size_t v = 0; v < width; v += UNIT)
        store(labels + v,
              _mm256_sub_epi8(_mm256_setzero_si256(), load(out + v)));
}

void clary_blend_avx2(const struct clary_blend_tree *tree, const int8_t *ranks,
                      size_t rows, uint8_t *slots, uint8_t *labels)
{
    size_t r = 0;

    for (size_t v = 0; v < MOST; v++)
        store(slots + v * UNIT, _mm256_setzero_si256());
    for (; r + 5 * UNIT < rows; r += 6 * UNIT)
        blend_vectors(tree, 6, ranks + r, slots, labels + r);
    for (; r + 2 * UNIT < rows; r += 3 * UNIT)
        blend_vectors(tree, 3, ranks + r, slots, labels + r);
    for (; r < rows; r += UNIT)
        blend_vectors(tree, 1, ranks + r, slots, labels + r);
}
