/* test_kernel_forest.c: the scalar forest kernel against trees walked one row
 * at a time, and every table that this machine runs against the scalar one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/kernel.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdlib.h>

enum { COLUMNS = 9, MOST_NODES = CLARY_BLEND_LEAVES };

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % n;
}

/* A tree as people see it: a child is a node, or < 0: the leaf with the label
 * -1 - child. */
struct walked_node {
    int left, right;
    uint16_t column;
    int8_t threshold;
};

struct sample {
    struct walked_node walked[MOST_NODES];
    int root;
    size_t n_walked, n_labels;
    struct clary_blend_node pairs[MOST_NODES], others[2 * MOST_NODES];
    size_t n_pairs, n_others;
    struct clary_blend_tree tree;
};

/* Grows n_leaves leaves, the right ones first; returns the child. */
static int grow(struct sample *s, size_t n_leaves, uint8_t *slot)
{
    const size_t first = s->n_labels, index = s->n_walked;
    struct walked_node *walked = &s->walked[index];
    struct clary_blend_node node = {0};
    size_t n_right;

    if (n_leaves == 1) {
        *slot = 0;
        return -1 - (int)s->n_labels++;
    }
    s->n_walked++;
    n_right = random_below(2) ? n_leaves / 2
                              : 1 + random_below((uint32_t)n_leaves - 1);
    walked->column = node.column = (uint16_t)random_below(COLUMNS);
    walked->threshold = node.threshold = (int8_t)((int)random_below(255) - 127);
    walked->right = grow(s, n_right, &node.right);
    node.add = (int8_t)(uint8_t)(first - s->n_labels);
    walked->left = grow(s, n_leaves - n_right, &node.left);
    if (walked->left < 0 && walked->right < 0) {
        s->pairs[s->n_pairs++] = node;
        *slot = (uint8_t)s->n_pairs;
    } else {
        *slot = node.out = node.left ? node.left : node.right;
        s->others[s->n_others++] = node;
    }
    return (int)index;
}

static void sample_make(struct sample *s, size_t n_leaves)
{
    memset(s, 0, sizeof *s);
    s->root = grow(s, n_leaves, &s->tree.root);
    memmove(s->others + s->n_pairs, s->others, s->n_others * sizeof *s->others);
    memcpy(s->others, s->pairs, s->n_pairs * sizeof *s->pairs);
    s->tree.nodes = s->others;
    s->tree.n_pairs = (uint8_t)s->n_pairs;
    s->tree.n_others = (uint8_t)s->n_others;
}

static uint8_t walk(const struct sample *s, const int8_t *ranks, size_t row)
{
    int at = s->root;

    while (at >= 0) {
        const struct walked_node *node = &s->walked[at];

        at = node->threshold > ranks[node->column * CLARY_BLEND_ROWS + row]
                 ? node->left
                 : node->right;
    }
    return (uint8_t)(-1 - at);
}

static void *get(size_t bytes)
{
    void *memory = NULL;

    if (posix_memalign(&memory, CLARY_ARENA_ALIGN, bytes) != 0)
        abort();
    memset(memory, 0xAA, bytes);
    return memory;
}

static void check_tree(const struct sample *s, const int8_t *ranks)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    uint8_t *slots = get(CLARY_BLEND_BYTES), *labels = get(CLARY_BLEND_ROWS);

    for (size_t i = 0; tables[i]; i++)
        for (size_t rows = 0; rows <= CLARY_BLEND_ROWS; rows++) {
            const size_t end = (rows + CLARY_BLEND_UNIT - 1) /
                               CLARY_BLEND_UNIT * CLARY_BLEND_UNIT;
            size_t bad = SIZE_MAX;

            memset(labels, 0xAA, CLARY_BLEND_ROWS);
            tables[i]->blend(&s->tree, ranks, rows, slots, labels);
            for (size_t r = 0; r < CLARY_BLEND_ROWS; r++)
                if (labels[r] != (r < end ? walk(s, ranks, r) : 0xAA))
                    bad = r;
            if (bad == SIZE_MAX)
                continue;
            test_fail(__FILE__, __LINE__);
            printf("%s, %zu leaves, row %zu of %zu\n", tables[i]->name,
                   s->n_labels, bad, rows);
            break;
        }
    free(labels);
    free(slots);
}

TEST(blend_agrees_with_a_walk)
{
    static struct sample sample;
    int8_t *ranks = get(COLUMNS * CLARY_BLEND_ROWS);

    for (size_t i = 0; i < COLUMNS * CLARY_BLEND_ROWS; i++)
        ranks[i] = (int8_t)(uint8_t)random_below(256);
    for (size_t n_leaves = 1; n_leaves <= CLARY_BLEND_LEAVES;
         n_leaves += n_leaves < 20 ? 1 : 59) {
        sample_make(&sample, n_leaves);
        check_tree(&sample, ranks);
    }
    sample_make(&sample, CLARY_BLEND_LEAVES);
    check_tree(&sample, ranks);
    free(ranks);
}

/* Ranks and thresholds at the ends of their ranges. */
TEST(blend_at_the_ends)
{
    const struct clary_blend_node node = {.threshold = -127};
    const struct clary_blend_node last = {.threshold = 127};
    struct clary_blend_tree tree = {&node, 1, 0, 1};
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    int8_t *ranks = get(CLARY_BLEND_ROWS);
    uint8_t *slots = get(CLARY_BLEND_BYTES), *labels = get(CLARY_BLEND_ROWS);

    ranks[0] = -128;
    ranks[1] = -127;
    ranks[2] = 126;
    ranks[3] = 127;
    for (size_t i = 0; tables[i]; i++) {
        tree.nodes = &node;
        tables[i]->blend(&tree, ranks, 4, slots, labels);
        CHECK(memcmp(labels, "\1\0\0\0", 4) == 0);
        tree.nodes = &last;
        tables[i]->blend(&tree, ranks, 4, slots, labels);
        CHECK(memcmp(labels, "\1\1\1\0", 4) == 0);
    }
    free(labels);
    free(slots);
    free(ranks);
}
