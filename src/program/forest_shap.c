/* forest_shap.c: exact Shapley values of trees, in time leaves * depth.
 *
 * On the way to a leaf each feature that is asked has two factors: which share
 * of all rows goes this way when it is not known (zero), and whether this row
 * does when it is (one: 0 or 1). Averaged over all orders in which features
 * may become known, feature i gets of a leaf
 *
 *     value * (one_i - zero_i) * integral over t from 0 to 1 of
 *         product over j != i of (zero_j * (1 - t) + one_j * t)
 *
 * since the integral of t^s * (1 - t)^(d - 1 - s) is s! (d - 1 - s)! / d!. The
 * integrand is a polynomial of degree d - 1, so the rule of Gauss gives it with
 * d / 2 points and no error but rounding. At each point the walk carries the
 * product of the factors above down, and the sums of the leaves below, with
 * the factors between, up: an edge gets (one - zero) times the two. Nothing
 * cancels, as all terms of a product have one sign.
 *
 * A feature that was asked before: its two steps are one step for what is
 * below the second, which must not count for the first as well (`taken`). A
 * row that left the way at the first has left it; the second adds nothing.
 *
 * Decisions are those of the layout (forest_walk.c), so that they are the op's;
 * the loader's nodes, walked alongside, tell features and covers.
 *
 * source: Lundberg, Erion, Lee, "Consistent Individualized Feature Attribution
 * for Tree Ensembles" (2018), for what is computed; Yu, Bifet, Read, Xu,
 * "Linear TreeShap" (2022), for the sums over edges.
 * Tests: tests/unit/test_forest_shap.c, tests/unit/test_explain.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

#include <math.h>

enum { MAX_DEPTH = 512, TOGETHER = 2 };

/* A number at each of TOGETHER points: a vector of every machine. */
typedef double points __attribute__((vector_size(TOGETHER * sizeof(double))));

/* n * TOGETHER points t of [0, 1]. */
struct rule {
    size_t n;
    points *t, *rest, *weight, *ones; /* (n); rest: 1 - t */
};

struct clary_shap {
    const struct forest_params *params;
    double *expected;   /* (n_groups): base included */
    struct rule *rules; /* of TOGETHER, 2 * TOGETHER, ... points */
    size_t n_rules;
};

/* An edge of the way down. */
struct step {
    int64_t feature;
    double zero, one; /* of the feature, all its steps up to here included */
    double taken;     /* of the integral, by later steps on the feature */
};

/* Of a node on the way down, by point. */
enum {
    PRODUCT,  /* of the factors on the way here */
    SUM,      /* of the leaves below, each by the factors between */
    WEIGHTED, /* PRODUCT by the weights, without the feature asked here */
    ZERO,     /* what `zero` and `one` of that feature are multiplied with, */
    ONE,      /* if it was asked before: a rule's, by its earlier factor */
    FRAME_ARRAYS
};

/* One row in one tree. */
struct walk {
    const struct forest_params *params;
    const struct forest_tree *tree;
    const struct rule *rule;
    const uint16_t *row; /* ranks */
    struct step *steps;
    points *frames;        /* FRAME_ARRAYS of rule->n for each node */
    double *contributions; /* (n_features + 1) of the tree's output */
};

/* A node as both descriptions know it. */
struct place {
    int32_t child; /* the loader's: node or ~leaf */
    uint32_t at;   /* the layout's */
};

static double cover_of(const struct clary_forest *forest, int32_t child)
{
    return child < 0 ? (double)forest->leaf_covers[~child]
                     : (double)forest->nodes[child].cover;
}

/* The share of a node's rows that goes to its child. */
static double share_of(const struct clary_forest *forest, int32_t parent,
                       int32_t child)
{
    const double all = cover_of(forest, parent);
    const double some = cover_of(forest, child);

    return some < all ? some / all : all > 0;
}

static double leaf_value(const struct forest_params *params, uint32_t at)
{
    return params->forest.dtype == CLARY_DTYPE_F32
               ? (double)((const float *)params->layout.values)[at]
               : ((const double *)params->layout.values)[at];
}

/* --- points --------------------------------------------------------------- */

/* The point and weight of [-1, 1] number i of n, by Newton's method on the
 * polynomial of Legendre. */
static void find_point(size_t i, size_t n, double *x, double *weight)
{
    const double size = (double)n;
    double slope = 1;

    *x = cos(M_PI * ((double)i + 0.75) / (size + 0.5));
    for (int pass = 0; pass < 8; pass++) {
        double value = *x, before = 1;

        for (size_t k = 2; k <= n; k++) {
            const double next =
                ((2 * (double)k - 1) * *x * value - ((double)k - 1) * before) /
                (double)k;

            before = value;
            value = next;
        }
        slope = size * (*x * value - before) / (*x * *x - 1);
        *x -= value / slope;
    }
    *weight = 2 / ((1 - *x * *x) * slope * slope);
}

static bool make_rule(struct clary_arena *arena, size_t n, struct rule *rule)
{
    points *numbers = clary_arena_calloc(arena, 4 * n, sizeof *numbers);

    if (!numbers)
        return false;
    *rule = (struct rule){n, numbers, numbers + n, numbers + 2 * n,
                          numbers + 3 * n};
    for (size_t i = 0; i < n * TOGETHER; i++) {
        double x, weight;

        find_point(i, n * TOGETHER, &x, &weight);
        rule->t[i / TOGETHER][i % TOGETHER] = (1 + x) / 2;
        rule->rest[i / TOGETHER][i % TOGETHER] = (1 - x) / 2;
        rule->weight[i / TOGETHER][i % TOGETHER] = weight / 2;
        rule->ones[i / TOGETHER][i % TOGETHER] = 1;
    }
    return true;
}

/* The rule for a tree: at most as many features as there are stand between its
 * root and a leaf. */
static size_t rule_of(const struct clary_forest *forest, size_t depth)
{
    const size_t most = depth < forest->n_features ? depth : forest->n_features;

    return most == 0 ? 0 : (most - 1) / (2 * (size_t)TOGETHER);
}

static enum clary_status make_rules(struct clary_shap *shap,
                                    struct clary_arena *arena,
                                    struct clary_error *err)
{
    const size_t n =
        rule_of(&shap->params->forest, shap->params->facts.depth) + 1;

    shap->n_rules = n;
    shap->rules = clary_arena_calloc(arena, n, sizeof *shap->rules);
    for (size_t i = 0; shap->rules && i < n; i++)
        if (!make_rule(arena, i + 1, &shap->rules[i]))
            return clary_no_memory(err);
    return shap->rules ? CLARY_OK : clary_no_memory(err);
}

/* --- the walk ------------------------------------------------------------- */

/* The step before `step` on the same feature; NULL: there is none. */
static struct step *find_earlier(const struct walk *walk, struct step *step)
{
    const int64_t feature = step->feature;

    while (step > walk->steps)
        if ((--step)->feature == feature)
            return step;
    return NULL;
}

/* What the node's steps multiply PRODUCT with: zero * zeros + one * ones. */
struct factors {
    const points *zeros, *ones;
    struct step *earlier; /* that was taken; NULL: none */
    bool has_left;        /* the way, at an earlier step: goes on in shares */
};

/* Sets WEIGHTED and clears SUM. An earlier factor that is taken out is not
 * zero, for `one` is 1. */
static void prepare(const struct walk *walk, struct step *earlier,
                    points *frame, struct factors *factors)
{
    const struct rule *rule = walk->rule;
    const size_t n = rule->n;
    const points *product = frame + PRODUCT * n;
    points *sum = frame + SUM * n, *weighted = frame + WEIGHTED * n;
    points *zeros = frame + ZERO * n, *ones = frame + ONE * n;

    *factors = (struct factors){rule->rest, rule->t, NULL, false};
    for (size_t i = 0; i < n; i++) {
        sum[i] = (points){0};
        weighted[i] = rule->weight[i] * product[i];
    }
    if (!earlier)
        return;
    if (earlier->one == 0) {
        *factors = (struct factors){rule->ones, rule->ones, NULL, true};
        return;
    }
    *factors = (struct factors){zeros, ones, earlier, false};
    for (size_t i = 0; i < n; i++) {
        const points inverse = 1 / (earlier->zero * rule->rest[i] + rule->t[i]);

        zeros[i] = rule->rest[i] * inverse;
        ones[i] = rule->t[i] * inverse;
        weighted[i] *= inverse;
    }
}

/* PRODUCT of the node behind a step. */
static void multiply(const struct factors *factors, const struct step *step,
                     size_t n, const points *product, points *behind)
{
    for (size_t i = 0; i < n; i++)
        behind[i] =
            (step->zero * factors->zeros[i] + step->one * factors->ones[i]) *
            product[i];
}

/* Adds to a node's SUM what is below a step, `below[i * stride]`, and gives the
 * step's feature what it contributes. */
static void gather(const struct walk *walk, const struct factors *factors,
                   const struct step *step, points *frame, const points *below,
                   size_t stride)
{
    const size_t n = walk->rule->n;
    const points *weighted = frame + WEIGHTED * n;
    points *sum = frame + SUM * n, own = {0}, taken = {0};

    for (size_t i = 0; i < n; i++) {
        const points part =
            (step->zero * factors->zeros[i] + step->one * factors->ones[i]) *
            below[i * stride];

        sum[i] += part;
        own += weighted[i] * below[i * stride];
        taken += weighted[i] * part;
    }
    if (factors->has_left)
        return;
    walk->contributions[step->feature] +=
        (step->one - step->zero) * (own[0] + own[1] - step->taken);
    if (factors->earlier)
        factors->earlier->taken += taken[0] + taken[1];
}

/* Explains what lies below the node at `place`, whose PRODUCT is set; its steps
 * are `step`. At most MAX_DEPTH calls deep. */
static void explain_below(const struct walk *walk, struct place place,
                          struct step *step, points *frame)
{
    const struct forest_params *params = walk->params;
    const struct clary_forest_node *node = &params->forest.nodes[place.child];
    const uint32_t children = params->layout.nodes[place.at].child;
    const uint32_t hot =
        clary_forest_walk_step(&params->layout, walk->row, place.at);
    const size_t n = walk->rule->n;
    points *next = frame + FRAME_ARRAYS * n;
    struct factors factors;
    double zero = 1;

    step->feature = node->feature;
    prepare(walk, find_earlier(walk, step), frame, &factors);
    if (factors.earlier)
        zero = factors.earlier->zero;
    for (uint32_t side = 0; side < 2; side++) {
        const int32_t child = side == 0 ? node->left : node->right;
        const uint32_t at = children + side;

        step->zero = zero * share_of(&params->forest, place.child, child);
        step->one = at == hot && !factors.has_left;
        step->taken = 0;
        if (step->zero == 0 && step->one == 0)
            continue; /* no weight gets there */
        if (child < 0) {
            const points value = (points){0} + leaf_value(params, at);

            gather(walk, &factors, step, frame, &value, 0);
        } else {
            multiply(&factors, step, n, frame + PRODUCT * n,
                     next + PRODUCT * n);
            explain_below(walk, (struct place){child, at}, step + 1, next);
            gather(walk, &factors, step, frame, next + SUM * n, 1);
        }
    }
}

/* --- what trees give on average ------------------------------------------- */

/* NaN where a cover is no number of rows. */
static double expected_below(const struct forest_params *params,
                             struct place place)
{
    const struct clary_forest *forest = &params->forest;
    const struct clary_forest_node *node;
    uint32_t children;

    if (!(cover_of(forest, place.child) >= 0))
        return (double)NAN;
    if (place.child < 0)
        return leaf_value(params, place.at);
    node = &forest->nodes[place.child];
    children = params->layout.nodes[place.at].child;
    return share_of(forest, place.child, node->left) *
               expected_below(params, (struct place){node->left, children}) +
           share_of(forest, place.child, node->right) *
               expected_below(params,
                              (struct place){node->right, children + 1});
}

static bool has_covers(const struct clary_forest *forest)
{
    for (size_t t = 0; forest->leaf_covers && t < forest->n_trees; t++)
        if (forest->roots[t] >= 0 &&
            !(forest->nodes[forest->roots[t]].cover > 0))
            return false;
    return forest->leaf_covers || forest->n_nodes == 0;
}

static enum clary_status check(const struct forest_params *params,
                               struct clary_error *err)
{
    if (params->forest.linear)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "contributions of trees with linear leaves are not "
                          "defined");
    if (!has_covers(&params->forest))
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "contributions need the covers of the nodes, which "
                          "the model does not state");
    if (params->facts.depth > MAX_DEPTH)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "contributions of trees of a depth of %zu; at most "
                          "%d is known here",
                          params->facts.depth, MAX_DEPTH);
    return CLARY_OK;
}

static enum clary_status find_expected(const struct clary_shap *shap,
                                       struct clary_error *err)
{
    const struct forest_params *params = shap->params;
    const struct clary_forest *forest = &params->forest;

    for (size_t g = 0; g < forest->n_groups; g++)
        shap->expected[g] = forest->base[g];
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct forest_tree *tree = &params->layout.trees[t];
        const int32_t root = forest->roots[tree->index];
        const double value =
            root < 0 ? leaf_value(params, tree->root)
                     : expected_below(params, (struct place){root, tree->root});

        if (!isfinite(value))
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "contributions of tree %u: its covers or leaves "
                              "are not finite",
                              tree->index);
        shap->expected[tree->group] += value;
    }
    return CLARY_OK;
}

enum clary_status clary_shap_new(struct clary_arena *arena,
                                 const struct forest_params *params,
                                 struct clary_shap **out,
                                 struct clary_error *err)
{
    struct clary_shap *shap = clary_arena_calloc(arena, 1, sizeof *shap);

    if (!shap)
        return clary_no_memory(err);
    shap->params = params;
    CLARY_TRY(check(params, err));
    shap->expected = clary_arena_calloc(arena, params->forest.n_groups,
                                        sizeof *shap->expected);
    if (!shap->expected)
        return clary_no_memory(err);
    CLARY_TRY(find_expected(shap, err));
    CLARY_TRY(make_rules(shap, arena, err));
    *out = shap;
    return CLARY_OK;
}

/* --- rows ----------------------------------------------------------------- */

double clary_shap_row_ns(const struct clary_shap *shap)
{
    const double edges = (double)shap->params->facts.n_nodes * 2;

    return edges * (11 + 3 * (double)shap->n_rules);
}

static size_t to_line(size_t bytes)
{
    const size_t line = CLARY_ARENA_ALIGN;

    return (bytes + line - 1) / line * line;
}

/* Where the parts of the working memory begin; the ranks are its first. */
struct parts {
    size_t steps, frames, bytes;
};

/* Cannot overflow: a depth is below MAX_DEPTH, ranks are below 65536. */
static struct parts parts_of(const struct clary_shap *shap)
{
    const size_t depth = shap->params->facts.depth;
    struct parts parts;

    parts.steps = to_line(CLARY_SHAP_ROWS * shap->params->layout.ranks.walk.n *
                          sizeof(uint16_t));
    parts.frames = parts.steps + to_line((depth + 1) * sizeof(struct step));
    parts.bytes = parts.frames +
                  (depth + 1) * FRAME_ARRAYS * shap->n_rules * sizeof(points);
    return parts;
}

size_t clary_shap_scratch_bytes(const struct clary_shap *shap)
{
    return parts_of(shap).bytes;
}

void clary_shap_rows(const struct clary_shap *shap, const void *x, size_t rows,
                     void *scratch, double *contributions)
{
    const struct forest_params *params = shap->params;
    const struct clary_forest *forest = &params->forest;
    const size_t width = forest->n_features + 1;
    const size_t n = forest->n_groups * width;
    const struct parts parts = parts_of(shap);
    const uint16_t *ranks = scratch;
    struct walk walk = {.params = params};

    walk.steps = (void *)((char *)scratch + parts.steps);
    walk.frames = (void *)((char *)scratch + parts.frames);
    memset(contributions, 0, rows * n * sizeof *contributions);
    clary_forest_rank_walk(&params->layout.ranks, x, rows, scratch);
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct forest_tree *tree = &params->layout.trees[t];
        const struct place root = {forest->roots[tree->index], tree->root};

        walk.tree = tree;
        walk.rule = &shap->rules[rule_of(forest, tree->depth)];
        for (size_t i = 0; i < walk.rule->n; i++)
            walk.frames[PRODUCT * walk.rule->n + i] = (points){0} + 1.0;
        for (size_t r = 0; root.child >= 0 && r < rows; r++) {
            walk.row = ranks + r * params->layout.ranks.walk.n;
            walk.contributions = contributions + r * n + tree->group * width;
            explain_below(&walk, root, walk.steps, walk.frames);
        }
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t g = 0; g < forest->n_groups; g++)
            contributions[r * n + g * width + width - 1] = shap->expected[g];
}
