/* forest_ranks.c: the distinct thresholds of each feature of a forest.
 *
 * A float is turned into an integer key that compares as the float does, and
 * both comparisons into one: the node sends right what has a key above its
 * own. `x < t` goes left, so its key is the one before t's; `x <= t`, t's. A
 * threshold that is NaN sends everything right: the lowest of all keys.
 *
 * Nodes are sorted once by (feature, missing, key), which gives the sources,
 * their thresholds and every node's rank. Categories come after the numbers;
 * their thresholds are the codes that some set of the source holds.
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

struct item {
    int64_t key;
    uint32_t node, feature;
    uint8_t is_category, missing;
};

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_source_and_key(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = compare(x->is_category, y->is_category);

    if (order == 0)
        order = compare(x->feature, y->feature);
    if (order == 0)
        order = compare(x->missing, y->missing);
    return order ? order : (x->key > y->key) - (x->key < y->key);
}

static bool same_source(const struct item *x, const struct item *y)
{
    return x->is_category == y->is_category && x->feature == y->feature &&
           x->missing == y->missing;
}

/* Reached nodes, sorted. */
static struct item *sorted_items(struct clary_arena *scratch,
                                 const struct clary_forest *forest,
                                 const bool *is_reached, size_t *n_items)
{
    struct item *items =
        clary_arena_calloc(scratch, forest->n_nodes, sizeof *items);
    size_t count = 0;

    if (!items)
        return NULL;
    for (size_t n = 0; n < forest->n_nodes; n++) {
        const struct clary_forest_node *node = &forest->nodes[n];
        const bool is_category = node->split == CLARY_SPLIT_CATEGORY;

        if (is_reached[n])
            items[count++] =
                (struct item){is_category ? 0 : node_key(node), (uint32_t)n,
                              node->feature, is_category, node->missing};
    }
    qsort(items, count, sizeof *items, by_source_and_key);
    *n_items = count;
    return items;
}

/* What is needed to number the items of one source. */
struct numbering {
    struct clary_arena *arena, *scratch;
    const struct clary_forest *forest;
    struct forest_place *places;
    int64_t *keys; /* room for one source's */
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

/* Fills a source from its items. */
static enum clary_status make_source(const struct numbering *numbering,
                                     const struct item *items, size_t n,
                                     uint32_t index,
                                     struct forest_source *source,
                                     struct clary_error *err)
{
    const struct clary_arena_mark mark = clary_arena_mark(numbering->scratch);
    const int64_t *keys = numbering->keys;
    int64_t *thresholds;

    source->feature = items[0].feature;
    source->missing = items[0].missing;
    source->is_category = items[0].is_category;
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
    clary_arena_rewind(numbering->scratch, mark);
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
    size_t n_items, n_sources = 0, first = 0;
    struct item *items = sorted_items(scratch, forest, is_reached, &n_items);

    if (!items)
        return clary_no_memory(err);
    for (size_t i = 0; i < n_items; i++)
        n_sources += i == 0 || !same_source(&items[i], &items[i - 1]);
    numbering.keys = clary_arena_calloc(scratch, n_items, sizeof(int64_t));
    *ranks = (struct forest_ranks){.dtype = forest->dtype,
                                   .n_features = forest->n_features,
                                   .n_sources = n_sources};
    ranks->sources =
        clary_arena_calloc(arena, n_sources, sizeof *ranks->sources);
    if (!numbering.keys || !ranks->sources)
        return clary_no_memory(err);
    for (uint32_t s = 0; s < n_sources; s++) {
        size_t end = first + 1;

        while (end < n_items && same_source(&items[end], &items[first]))
            end++;
        CLARY_TRY(make_source(&numbering, items + first, end - first, s,
                              &ranks->sources[s], err));
        first = end;
    }
    return CLARY_OK;
}
