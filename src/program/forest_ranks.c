/* forest_ranks.c: the distinct thresholds of each feature of a forest.
 *
 * A float is turned into an integer key that compares as the float does, and
 * both comparisons into one: the node sends right what has a key above its
 * own. `x < t` goes left, so its key is the one before t's; `x <= t`, t's. A
 * threshold that is NaN sends everything right: the lowest of all keys.
 *
 * Nodes are counted into sources, (feature, missing), and those of each source
 * sorted by key, which gives its thresholds and every node's rank; so that no
 * more is held at once than the nodes' numbers and one source. Categories come
 * after the numbers; their thresholds are the codes that some set of the source
 * holds.
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t node_key(const struct clary_forest_node *node)
{
    if (isnan(node->threshold))
        return INT64_MIN;
    return forest_key(node->threshold) - (node->split == CLARY_SPLIT_LESS);
}

/* --- sources and thresholds ----------------------------------------------- */

/* A node of one source. */
struct item {
    int64_t key;
    uint32_t node;
};

static int by_key(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

enum {
    N_MISSING = 3, /* kinds of it: enum clary_missing */
    DIGIT_BITS = 14,
    DIGITS = 1 << DIGIT_BITS
};

/* The number of a node's source among all there could be, in the order that
 * sources have. */
static uint64_t source_of(const struct clary_forest *forest, uint32_t n)
{
    const struct clary_forest_node *node = &forest->nodes[n];
    const uint64_t first =
        node->split == CLARY_SPLIT_CATEGORY ? forest->n_features : 0;

    return (first + node->feature) * N_MISSING + node->missing;
}

/* Sorts by one digit of the source, equal ones as they are. */
static void sort_by_digit(const struct clary_forest *forest,
                          const uint32_t *from, uint32_t *to, size_t n,
                          unsigned shift, size_t next[DIGITS])
{
    size_t sum = 0;

    memset(next, 0, DIGITS * sizeof *next);
    for (size_t i = 0; i < n; i++)
        next[source_of(forest, from[i]) >> shift & (DIGITS - 1)]++;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        const size_t count = next[digit];

        next[digit] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        to[next[source_of(forest, from[i]) >> shift & (DIGITS - 1)]++] =
            from[i];
}

/* Reached nodes, those of one source together. NULL: no memory. */
static const uint32_t *sorted_nodes(struct clary_arena *scratch,
                                    const struct clary_forest *forest,
                                    const bool *is_reached, size_t *n_nodes)
{
    uint32_t *nodes =
        clary_arena_calloc(scratch, forest->n_nodes, sizeof *nodes);
    uint32_t *other =
        clary_arena_calloc(scratch, forest->n_nodes, sizeof *other);
    size_t *next = clary_arena_calloc(scratch, DIGITS, sizeof *next);
    const uint64_t last = 2 * (uint64_t)forest->n_features * N_MISSING;
    size_t count = 0;

    if (!nodes || !other || !next)
        return NULL;
    for (size_t n = 0; n < forest->n_nodes; n++)
        if (is_reached[n])
            nodes[count++] = (uint32_t)n;
    for (unsigned shift = 0; shift < 64 && last >> shift; shift += DIGIT_BITS) {
        uint32_t *sorted = other;

        sort_by_digit(forest, nodes, sorted, count, shift, next);
        other = nodes;
        nodes = sorted;
    }
    *n_nodes = count;
    return nodes;
}

/* What is needed to number the items of one source. */
struct numbering {
    struct clary_arena *arena, *scratch;
    const struct clary_forest *forest;
    struct forest_place *places;
    int64_t *keys; /* of the source that is numbered */
};

/* Distinct keys of the items, and their nodes' ranks. */
static size_t number_keys(const struct numbering *numbering,
                          const struct item *items, size_t n, uint32_t source)
{
    size_t n_keys = 0;

    for (size_t i = 0; i < n; i++) {
        if (i == 0 || items[i].key != items[i - 1].key)
            numbering->keys[n_keys++] = items[i].key;
        numbering->places[items[i].node] =
            (struct forest_place){source, (uint32_t)(n_keys - 1)};
    }
    return n_keys;
}

/* Codes that the set of some item holds. NULL: no memory. */
static const int64_t *union_of_sets(const struct numbering *numbering,
                                    const struct item *items, size_t n,
                                    size_t *n_codes)
{
    const struct clary_forest *forest = numbering->forest;
    const size_t most_words = ((size_t)INT32_MAX + 1) / 32; /* codes are int */
    size_t n_words = 0, count = 0;
    uint32_t *words;
    int64_t *codes;

    for (size_t i = 0; i < n; i++) {
        const size_t more =
            forest->sets[forest->nodes[items[i].node].category].n_words;

        n_words = more > n_words ? more : n_words;
    }
    n_words = n_words > most_words ? most_words : n_words;
    words = clary_arena_calloc(numbering->scratch, n_words, sizeof *words);
    for (size_t i = 0; words && i < n; i++) {
        const struct clary_category_set *set =
            &forest->sets[forest->nodes[items[i].node].category];

        for (size_t w = 0; w < set->n_words && w < n_words; w++)
            words[w] |= set->words[w];
    }
    for (size_t w = 0; words && w < n_words; w++)
        count += (size_t)__builtin_popcount(words[w]);
    codes = clary_arena_calloc(numbering->scratch, count, sizeof *codes);
    if (!words || !codes)
        return NULL;
    *n_codes = count;
    count = 0;
    for (size_t c = 0; c < n_words * 32; c++)
        if (words[c / 32] >> c % 32 & 1)
            codes[count++] = (int64_t)c;
    return codes;
}

/* The nodes as items in the order of their keys. NULL: no memory. */
static struct item *make_items(const struct numbering *numbering,
                               const uint32_t *nodes, size_t n)
{
    struct item *items =
        clary_arena_calloc(numbering->scratch, n, sizeof *items);

    for (size_t i = 0; items && i < n; i++) {
        const struct clary_forest_node *node =
            &numbering->forest->nodes[nodes[i]];
        const bool is_category = node->split == CLARY_SPLIT_CATEGORY;

        items[i] = (struct item){is_category ? 0 : node_key(node), nodes[i]};
    }
    if (items)
        qsort(items, n, sizeof *items, by_key);
    return items;
}

/* The source of these nodes, and their ranks in it. */
static enum clary_status make_source(struct numbering *numbering,
                                     const uint32_t *nodes, size_t n,
                                     uint32_t index,
                                     struct forest_source *source,
                                     struct clary_error *err)
{
    const struct clary_forest_node *first = &numbering->forest->nodes[nodes[0]];
    struct item *items = make_items(numbering, nodes, n);
    const int64_t *keys;
    int64_t *thresholds;

    source->feature = first->feature;
    source->missing = first->missing;
    source->is_category = first->split == CLARY_SPLIT_CATEGORY;
    numbering->keys =
        clary_arena_calloc(numbering->scratch, n, sizeof *numbering->keys);
    if (!items || !numbering->keys)
        return clary_no_memory(err);
    keys = numbering->keys;
    source->n_thresholds = number_keys(numbering, items, n, index);
    if (source->is_category)
        keys = union_of_sets(numbering, items, n, &source->n_thresholds);
    if (!keys)
        return clary_no_memory(err);
    if (source->is_category &&
        source->n_thresholds > WALK_RANK_MAX - CATEGORY_FIRST)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the splits of feature %u tell %zu categories apart; "
                          "at most %d are known here",
                          source->feature, source->n_thresholds,
                          WALK_RANK_MAX - CATEGORY_FIRST);
    thresholds = clary_arena_calloc(numbering->arena, source->n_thresholds,
                                    sizeof *thresholds);
    if (!thresholds)
        return clary_no_memory(err);
    memcpy(thresholds, keys, source->n_thresholds * sizeof *thresholds);
    source->thresholds = thresholds;
    return CLARY_OK;
}

enum clary_status clary_forest_ranks_new(struct clary_arena *arena,
                                         struct clary_arena *scratch,
                                         const struct clary_forest *forest,
                                         const bool *is_reached,
                                         struct forest_ranks *ranks,
                                         struct forest_place *places,
                                         struct clary_error *err)
{
    struct numbering numbering = {arena, scratch, forest, places, NULL};
    size_t n_nodes, n_sources = 0, first = 0;
    const uint32_t *nodes = sorted_nodes(scratch, forest, is_reached, &n_nodes);

    if (!nodes)
        return clary_no_memory(err);
    for (size_t i = 0; i < n_nodes; i++)
        n_sources += i == 0 || source_of(forest, nodes[i]) !=
                                   source_of(forest, nodes[i - 1]);
    *ranks = (struct forest_ranks){.dtype = forest->dtype,
                                   .n_features = forest->n_features,
                                   .n_sources = n_sources};
    ranks->sources =
        clary_arena_calloc(arena, n_sources, sizeof *ranks->sources);
    if (!ranks->sources)
        return clary_no_memory(err);
    for (uint32_t s = 0; s < n_sources; s++) {
        const struct clary_arena_mark mark = clary_arena_mark(scratch);
        size_t end = first + 1;

        while (end < n_nodes &&
               source_of(forest, nodes[end]) == source_of(forest, nodes[first]))
            end++;
        CLARY_TRY(make_source(&numbering, nodes + first, end - first, s,
                              &ranks->sources[s], err));
        clary_arena_rewind(scratch, mark);
        first = end;
    }
    return CLARY_OK;
}
