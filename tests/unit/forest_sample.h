/* forest_sample.h: random forests and rows, and what they give: the
 * specification of the forest op, as plainly as it can be written.
 *
 * Rows are made of what is hard: thresholds, their neighbours, NaN,
 * infinities, zeros, denormals, category codes and their fractions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_FOREST_SAMPLE_H
#define CLARY_TESTS_FOREST_SAMPLE_H

#include "program/forest.h"
#include "tests/test.h"

#include <float.h>
#include <stdlib.h>

/* What to make. */
struct sample_spec {
    enum clary_dtype dtype;
    size_t n_features, n_groups, n_trees;
    size_t n_leaves;     /* of a tree, at most */
    size_t depth;        /* of complete trees; 0: grown at random leaves */
    size_t n_thresholds; /* of a feature; 0: any */
    bool any_split;      /* LESS and LESS_EQUAL, every kind of missing */
    bool categories, linear, weights, base_first;
    double divisor;
};

struct sample {
    struct sample_spec spec;
    struct clary_forest forest;
    struct clary_forest_node *nodes;
    double *leaves;
    float *covers;
    struct clary_category_set *sets;
    struct clary_linear_leaf *linear;
    int32_t *roots;
    uint32_t *groups;
    double *weights, *base, *pool; /* pool: (n_features, POOL) */
};

enum { SAMPLE_POOL = 64, SAMPLE_SET_WORDS = 3 };

static uint32_t sample_state = 1;

static uint32_t sample_random(void)
{
    sample_state ^= sample_state << 13;
    sample_state ^= sample_state >> 17;
    sample_state ^= sample_state << 5;
    return sample_state;
}

static size_t sample_below(size_t n)
{
    return sample_random() % n;
}

static bool sample_one_in(size_t n)
{
    return sample_below(n) == 0;
}

/* An ordinary number that is exact in the dtype. */
static double sample_number(enum clary_dtype dtype)
{
    const double x = (double)(int32_t)sample_random() * 0x1p-20 +
                     (double)(int32_t)sample_random() * 0x1p-60;

    return dtype == CLARY_DTYPE_F32 ? (double)(float)x : x;
}

static double sample_odd_number(enum clary_dtype dtype)
{
    const bool is_f32 = dtype == CLARY_DTYPE_F32;
    const double odd[] = {
        0.0,
        -0.0,
        (double)INFINITY,
        (double)-INFINITY,
        (double)NAN,
        (double)FLT_MAX,
        is_f32 ? (double)-FLT_MAX : -DBL_MAX,
        is_f32 ? (double)FLT_MIN : DBL_MIN,
        is_f32 ? 0x1p-149 : 0x1p-1074,
        is_f32 ? -0x1p-149 : -0x1p-1074,
        (double)1e-35F,
        (double)-1e-35F,
        (double)nextafterf(1e-35F, 1),
        is_f32 ? (double)nextafterf(1e-35F, 0) : 1e-35,
        1.0,
    };

    return odd[sample_below(sizeof odd / sizeof odd[0])];
}

/* --- making --------------------------------------------------------------- */

__attribute__((unused)) static void *sample_alloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    if (!memory)
        abort();
    return memory;
}

static void sample_set(struct sample *s, size_t n)
{
    uint32_t *words = sample_alloc(SAMPLE_SET_WORDS, sizeof *words);
    const uint32_t n_words = (uint32_t)sample_below(SAMPLE_SET_WORDS + 1);

    for (size_t w = 0; w < n_words; w++)
        words[w] = sample_random() & sample_random();
    s->sets[n] = (struct clary_category_set){words, n_words};
}

static void sample_node(struct sample *s, size_t n, float cover)
{
    const struct sample_spec *spec = &s->spec;
    struct clary_forest_node *node = &s->nodes[n];
    const size_t feature = sample_below(spec->n_features);
    const size_t n_pool = spec->n_thresholds && spec->n_thresholds < SAMPLE_POOL
                              ? spec->n_thresholds
                              : SAMPLE_POOL;

    *node = (struct clary_forest_node){
        .feature = (uint32_t)feature,
        .category = (uint32_t)n,
        .default_left = sample_one_in(2),
        .cover = cover,
        .split = spec->dtype == CLARY_DTYPE_F32 ? CLARY_SPLIT_LESS
                                                : CLARY_SPLIT_LESS_EQUAL,
        .threshold = spec->n_thresholds
                         ? s->pool[feature * SAMPLE_POOL + sample_below(n_pool)]
                         : sample_number(spec->dtype)};
    if (spec->any_split) {
        node->split = (uint8_t)sample_below(2);
        node->missing = (uint8_t)sample_below(3);
    }
    if (spec->categories && sample_one_in(3))
        node->split = CLARY_SPLIT_CATEGORY;
}

/* Grows tree t in place of leaf `end`: returns the child to point to. The
 * cover is shared out at random. */
static int32_t sample_grow(struct sample *s, size_t n_leaves, size_t depth,
                           float cover)
{
    struct clary_forest *forest = &s->forest;
    size_t n = forest->n_nodes, n_left;
    float left;

    if (s->spec.depth ? depth == s->spec.depth : n_leaves == 1) {
        s->leaves[forest->n_leaves] = sample_number(s->spec.dtype) / 1000;
        if (s->spec.dtype == CLARY_DTYPE_F32)
            s->leaves[forest->n_leaves] =
                (double)(float)s->leaves[forest->n_leaves];
        s->covers[forest->n_leaves] = cover;
        return ~(int32_t)forest->n_leaves++;
    }
    forest->n_nodes++;
    sample_node(s, n, cover);
    sample_set(s, n);
    n_left = s->spec.depth      ? 1
             : sample_one_in(3) ? 1 + sample_below(n_leaves - 1)
                                : n_leaves / 2;
    left = cover * (float)(1 + sample_below(9)) / 10;
    s->nodes[n].left = sample_grow(s, n_left, depth + 1, left);
    s->nodes[n].right =
        sample_grow(s, n_leaves - n_left, depth + 1, cover - left);
    return (int32_t)n;
}

static void sample_linear(struct sample *s, size_t leaf)
{
    const size_t n = sample_below(4);
    uint32_t *features = sample_alloc(n, sizeof *features);
    double *coefficients = sample_alloc(n, sizeof *coefficients);

    for (size_t i = 0; i < n; i++) {
        features[i] = (uint32_t)sample_below(s->spec.n_features);
        coefficients[i] = sample_number(CLARY_DTYPE_F64);
    }
    s->linear[leaf] = (struct clary_linear_leaf){
        sample_number(CLARY_DTYPE_F64), features, coefficients, (uint32_t)n};
}

static struct sample sample_new(const struct sample_spec *spec)
{
    const size_t per_tree =
        spec->depth ? (size_t)1 << spec->depth : spec->n_leaves;
    const size_t most = spec->n_trees * per_tree;
    struct sample s = {.spec = *spec};
    struct clary_forest *forest = &s.forest;

    s.nodes = sample_alloc(most, sizeof *s.nodes);
    s.leaves = sample_alloc(most, sizeof *s.leaves);
    s.covers = sample_alloc(most, sizeof *s.covers);
    s.sets = sample_alloc(most, sizeof *s.sets);
    s.roots = sample_alloc(spec->n_trees, sizeof *s.roots);
    s.groups = sample_alloc(spec->n_trees, sizeof *s.groups);
    s.weights = sample_alloc(spec->n_trees, sizeof *s.weights);
    s.base = sample_alloc(spec->n_groups, sizeof *s.base);
    s.pool = sample_alloc(spec->n_features * SAMPLE_POOL, sizeof *s.pool);
    for (size_t i = 0; i < spec->n_features * SAMPLE_POOL; i++)
        s.pool[i] = sample_one_in(5) ? sample_odd_number(spec->dtype)
                                     : sample_number(spec->dtype);
    for (size_t t = 0; t < spec->n_trees; t++) {
        s.roots[t] = sample_grow(
            &s, spec->depth ? 1 : 1 + sample_below(spec->n_leaves), 0, 1000);
        s.groups[t] = (uint32_t)sample_below(spec->n_groups);
        s.weights[t] = (double)(float)(sample_number(spec->dtype) / 1000);
    }
    for (size_t g = 0; g < spec->n_groups; g++)
        s.base[g] = sample_number(spec->dtype);
    if (spec->linear) {
        s.linear = sample_alloc(forest->n_leaves, sizeof *s.linear);
        for (size_t l = 0; l < forest->n_leaves; l++)
            sample_linear(&s, l);
    }
    forest->dtype = spec->dtype;
    forest->n_features = spec->n_features;
    forest->n_groups = spec->n_groups;
    forest->n_trees = spec->n_trees;
    forest->nodes = s.nodes;
    forest->leaves = s.leaves;
    forest->leaf_covers = s.covers;
    forest->linear = s.linear;
    forest->sets = s.sets;
    forest->n_sets = forest->n_nodes;
    forest->roots = s.roots;
    forest->groups = s.groups;
    forest->weights = spec->weights ? s.weights : NULL;
    forest->base = s.base;
    forest->base_first = spec->base_first;
    forest->divisor = spec->divisor;
    return s;
}

static void sample_free(struct sample *s)
{
    union {
        const void *read;
        void *own;
    } memory;

    for (size_t n = 0; n < s->forest.n_nodes; n++) {
        memory.read = s->sets[n].words;
        free(memory.own);
    }
    for (size_t l = 0; s->linear && l < s->forest.n_leaves; l++) {
        memory.read = s->linear[l].features;
        free(memory.own);
        memory.read = s->linear[l].coefficients;
        free(memory.own);
    }
    free(s->nodes);
    free(s->leaves);
    free(s->covers);
    free(s->sets);
    free(s->linear);
    free(s->roots);
    free(s->groups);
    free(s->weights);
    free(s->base);
    free(s->pool);
}

static double sample_neighbour(enum clary_dtype dtype, double x, int side)
{
    if (side == 0)
        return x;
    if (dtype == CLARY_DTYPE_F32)
        return (double)nextafterf((float)x, side < 0 ? -INFINITY : INFINITY);
    return nextafter(x, side < 0 ? (double)-INFINITY : (double)INFINITY);
}

/* A value for a feature of the sample. */
static double sample_value(const struct sample *s, size_t feature)
{
    const enum clary_dtype dtype = s->spec.dtype;

    switch (sample_below(s->spec.categories ? 6 : 5)) {
    case 0:
        return sample_odd_number(dtype);
    case 1:
        return s->pool[feature * SAMPLE_POOL + sample_below(SAMPLE_POOL)];
    case 2:
    case 3:
        if (s->forest.n_nodes == 0)
            return 0;
        return sample_neighbour(
            dtype, s->nodes[sample_below(s->forest.n_nodes)].threshold,
            (int)sample_below(3) - 1);
    case 4:
        return sample_number(dtype);
    default:
        return (double)sample_below(SAMPLE_SET_WORDS * 32 + 8) - 4 +
               (double)sample_below(4) / 4;
    }
}

static void sample_store(enum clary_dtype dtype, void *values, size_t i,
                         double value)
{
    if (dtype == CLARY_DTYPE_F32)
        ((float *)values)[i] = (float)value;
    else
        ((double *)values)[i] = value;
}

static double sample_at(enum clary_dtype dtype, const void *values, size_t i)
{
    return dtype == CLARY_DTYPE_F32 ? (double)((const float *)values)[i]
                                    : ((const double *)values)[i];
}

/* (rows, n_features) in the dtype. */
static inline void *sample_rows(const struct sample *s, size_t rows)
{
    const size_t n = s->spec.n_features;
    void *x = sample_alloc(rows * n, clary_dtype_bytes(s->spec.dtype));

    for (size_t i = 0; i < rows * n; i++)
        sample_store(s->spec.dtype, x, i, sample_value(s, i % n));
    return x;
}

/* --- the specification ---------------------------------------------------- */

/* Sums, products and quotients of two floats come out right when they are
 * computed in double and rounded once. */
static double sample_round(const struct clary_forest *forest, double value)
{
    return forest->dtype == CLARY_DTYPE_F32 ? (double)(float)value : value;
}

static bool sample_in_set(const struct clary_forest *forest,
                          const struct clary_forest_node *node, double x)
{
    const struct clary_category_set *set = &forest->sets[node->category];
    size_t c;

    if (forest->dtype == CLARY_DTYPE_F32 && x < 0)
        return false;
    x = trunc(x);
    if (x < 0 || x >= 32.0 * set->n_words)
        return false;
    c = (size_t)x;
    return set->words[c / 32] >> c % 32 & 1;
}

static bool sample_goes_left(const struct clary_forest *forest,
                             const struct clary_forest_node *node, double x)
{
    if (isnan(x) && (node->missing != CLARY_MISSING_NONE ||
                     node->split == CLARY_SPLIT_CATEGORY))
        return node->default_left;
    if (node->missing == CLARY_MISSING_ZERO && fabs(x) <= (double)1e-35F)
        return node->default_left;
    if (node->split == CLARY_SPLIT_CATEGORY)
        return sample_in_set(forest, node, x);
    if (isnan(x))
        x = 0;
    return node->split == CLARY_SPLIT_LESS ? x < node->threshold
                                           : x <= node->threshold;
}

/* What tree t gives `row`. */
static double sample_tree(const struct clary_forest *forest, size_t t,
                          const void *x, size_t row)
{
    const size_t first = row * forest->n_features;
    int32_t at = forest->roots[t];
    const struct clary_linear_leaf *linear;
    double value;

    while (at >= 0) {
        const struct clary_forest_node *node = &forest->nodes[at];
        const double value_x =
            sample_at(forest->dtype, x, first + node->feature);

        at = sample_goes_left(forest, node, value_x) ? node->left : node->right;
    }
    value = forest->leaves[~at];
    if (forest->linear) {
        linear = &forest->linear[~at];
        value = linear->constant;
        for (size_t i = 0; i < linear->n_features; i++) {
            const double xi =
                sample_at(forest->dtype, x, first + linear->features[i]);

            if (isnan(xi)) {
                value = forest->leaves[~at];
                break;
            }
            value += linear->coefficients[i] * xi;
        }
    }
    return forest->weights ? sample_round(forest, value * forest->weights[t])
                           : value;
}

static double sample_margin(const struct clary_forest *forest, size_t group,
                            const void *x, size_t row)
{
    double sum = forest->base_first ? forest->base[group] : 0;

    for (size_t t = 0; t < forest->n_trees; t++)
        if (forest->groups[t] == group)
            sum = sample_round(forest, sum + sample_tree(forest, t, x, row));
    if (!forest->base_first)
        sum = sample_round(forest, sum + forest->base[group]);
    if (forest->divisor != 0)
        sum = sample_round(forest, sum / forest->divisor);
    return sum;
}

#endif
