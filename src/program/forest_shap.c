/* forest_shap.c: exact Shapley values of trees, in time leaves * depth^2.
 *
 * The walk goes down every branch of a tree. The path that led to a node holds
 * one element for each feature asked on it: which share of all rows goes this
 * way when the feature is not known (zero) and whether this row does when it is
 * (one: 0 or 1). The weights count, over all orders in which features may
 * become known, the sets of each size. At a leaf each feature of the path gets
 *
 *     (sum of the weights without it) * (one - zero) * value
 *
 * Decisions are those of the layout (forest_walk.c), so that they are the op's;
 * the loader's nodes, walked alongside, tell features and covers.
 *
 * Tests: tests/unit/test_forest_shap.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"
#include "program/ops.h"
#include "program/program_impl.h"

#define EXPLAIN_MAX_DEPTH 512

enum { NO_FEATURE = -1 };

/* A feature of the path; the root's element has none. */
struct element {
    int64_t feature;
    double zero, one, weight;
};

struct clary_explainer {
    const struct forest_params *params;
    double *expected; /* (n_groups): base included, not divided */
};

/* One row in one tree. */
struct explanation {
    const struct forest_params *params;
    const struct forest_tree *tree;
    const uint16_t *row;   /* ranks */
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
    const double cover = cover_of(forest, parent);

    return cover > 0 ? cover_of(forest, child) / cover : 0;
}

static double leaf_value(const struct forest_params *params,
                         const struct forest_tree *tree, uint32_t at)
{
    return params->forest.dtype == CLARY_DTYPE_F32
               ? (double)((const float *)tree->walk_values)[at]
               : ((const double *)tree->walk_values)[at];
}

/* --- paths ---------------------------------------------------------------- */

/* Adds a feature to a path of n elements. */
static void extend(struct element *path, size_t n, struct element added)
{
    const double size = (double)n + 1;

    path[n] = added;
    path[n].weight = n == 0;
    for (size_t i = n; i-- > 0;) {
        const double share = path[i].weight / size;

        path[i + 1].weight += added.one * share * (double)(i + 1);
        path[i].weight = added.zero * share * (double)(n - i);
    }
}

/* The sum of the weights of the path without its element e. They take the
 * places of the path's own when `take_out`. */
static double without(struct element *path, size_t n, size_t e, bool take_out)
{
    const double one = path[e].one, zero = path[e].zero, size = (double)n;
    double next = path[n - 1].weight, sum = 0;

    for (size_t i = n - 1; i-- > 0;) {
        const double own = path[i].weight, rest = (double)(n - 1 - i);
        double weight = 0;

        if (one != 0) {
            weight = next * size / ((double)(i + 1) * one);
            next = own - weight * zero * rest / size;
        } else if (zero != 0) {
            weight = own * size / (zero * rest);
        }
        sum += weight;
        if (take_out)
            path[i].weight = weight;
    }
    return sum;
}

/* Removes element e of n: the weights stay in place, the others move up. */
static void take_out(struct element *path, size_t n, size_t e)
{
    (void)without(path, n, e, true);
    for (size_t i = e; i + 1 < n; i++) {
        path[i].feature = path[i + 1].feature;
        path[i].zero = path[i + 1].zero;
        path[i].one = path[i + 1].one;
    }
}

/* --- the walk ------------------------------------------------------------- */

static void add_contributions(const struct explanation *explanation,
                              struct element *path, size_t n, double value)
{
    for (size_t i = 1; i < n; i++)
        explanation->contributions[path[i].feature] +=
            without(path, n, i, false) * (path[i].one - path[i].zero) * value;
}

/* Explains what lies below `place`, where a path of n elements leads; `added`
 * is the last step. Each level has its own copy of the path, behind its
 * parent's. At most EXPLAIN_MAX_DEPTH + 1 calls deep. */
static void explain_below(const struct explanation *explanation,
                          struct place place, struct element *parent, size_t n,
                          struct element added)
{
    const struct clary_forest *forest = &explanation->params->forest;
    struct element *path = parent + n;
    struct element before = {NO_FEATURE, 1, 1, 0};
    const struct clary_forest_node *node;
    uint32_t children, hot;

    memcpy(path, parent, n * sizeof *path);
    extend(path, n++, added);
    if (place.child < 0) {
        add_contributions(
            explanation, path, n,
            leaf_value(explanation->params, explanation->tree, place.at));
        return;
    }
    node = &forest->nodes[place.child];
    for (size_t i = 1; i < n; i++)
        if (path[i].feature == (int64_t)node->feature) {
            before = path[i]; /* asked before: its two steps become one */
            take_out(path, n--, i);
            break;
        }
    children = explanation->tree->walk[place.at].child;
    hot =
        clary_forest_walk_step(&explanation->params->layout, explanation->tree,
                               explanation->row, place.at) -
        children;
    for (uint32_t side = 0; side < 2; side++) {
        const int32_t child = side == 0 ? node->left : node->right;
        const struct element step = {
            node->feature, before.zero * share_of(forest, place.child, child),
            side == hot ? before.one : 0, 0};

        if (step.zero != 0 || step.one != 0) /* else no weight gets there */
            explain_below(explanation, (struct place){child, children + side},
                          path, n, step);
    }
}

/* --- what trees give on average ------------------------------------------- */

static double expected_below(const struct forest_params *params,
                             const struct forest_tree *tree, struct place place)
{
    const struct clary_forest *forest = &params->forest;
    const struct clary_forest_node *node;
    uint32_t children;

    if (place.child < 0)
        return leaf_value(params, tree, place.at);
    node = &forest->nodes[place.child];
    children = tree->walk[place.at].child;
    return share_of(forest, place.child, node->left) *
               expected_below(params, tree,
                              (struct place){node->left, children}) +
           share_of(forest, place.child, node->right) *
               expected_below(params, tree,
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

/* The op of the program's only forest. */
static enum clary_status find_forest(const struct clary_program *program,
                                     const struct forest_params **params,
                                     struct clary_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < program->n_ops; i++)
        if (program->ops[i].kind == clary_ops_forest[0]) {
            *params = program->ops[i].params;
            n++;
        }
    if (n == 1)
        return CLARY_OK;
    return clary_fail(err, CLARY_UNSUPPORTED,
                      "contributions are those of the trees of one forest; the "
                      "model has %zu",
                      n);
}

static enum clary_status check_explainable(const struct forest_params *params,
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
    if (params->facts.depth > EXPLAIN_MAX_DEPTH)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "contributions of trees of a depth of %zu; at most "
                          "%d is known here",
                          params->facts.depth, EXPLAIN_MAX_DEPTH);
    return CLARY_OK;
}

enum clary_status clary_explainer_new(struct clary_arena *arena,
                                      const struct clary_program *program,
                                      struct clary_explainer **out,
                                      struct clary_error *err)
{
    struct clary_explainer *explainer =
        clary_arena_calloc(arena, 1, sizeof *explainer);
    const struct clary_forest *forest;

    if (!explainer)
        return clary_no_memory(err);
    CLARY_TRY(find_forest(program, &explainer->params, err));
    CLARY_TRY(check_explainable(explainer->params, err));
    forest = &explainer->params->forest;
    explainer->expected = clary_arena_calloc(arena, forest->n_groups,
                                             sizeof *explainer->expected);
    if (!explainer->expected)
        return clary_no_memory(err);
    for (size_t g = 0; g < forest->n_groups; g++)
        explainer->expected[g] = forest->base[g];
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct forest_tree *tree = &explainer->params->layout.trees[t];

        explainer->expected[tree->group] += expected_below(
            explainer->params, tree,
            (struct place){forest->roots[tree->index], FOREST_ROOT});
    }
    *out = explainer;
    return CLARY_OK;
}

/* --- rows ----------------------------------------------------------------- */

size_t clary_explainer_width(const struct clary_explainer *explainer)
{
    const struct clary_forest *forest = &explainer->params->forest;

    return forest->n_groups * (forest->n_features + 1);
}

/* Bytes of the ranks of a row, which come first. */
static size_t rank_bytes(const struct clary_explainer *explainer)
{
    const size_t line = CLARY_ARENA_ALIGN;
    const size_t n_columns = explainer->params->layout.ranks.walk.n;

    return (n_columns * sizeof(uint16_t) + line - 1) / line * line;
}

size_t clary_explainer_scratch_bytes(const struct clary_explainer *explainer)
{
    /* Paths of 1, 2, ... elements down to a leaf. */
    const size_t levels = explainer->params->facts.depth + 1;

    return rank_bytes(explainer) +
           levels * (levels + 1) / 2 * sizeof(struct element);
}

static void explain_row(const struct clary_explainer *explainer, const void *x,
                        void *scratch, double *contributions)
{
    const struct forest_params *params = explainer->params;
    const struct clary_forest *forest = &params->forest;
    const size_t width = forest->n_features + 1;
    struct element *paths = (void *)((char *)scratch + rank_bytes(explainer));

    memset(contributions, 0, forest->n_groups * width * sizeof *contributions);
    clary_forest_rank_walk(&params->layout.ranks, x, 1, scratch);
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct forest_tree *tree = &params->layout.trees[t];
        const struct explanation explanation = {
            params, tree, scratch, contributions + tree->group * width};

        explain_below(&explanation,
                      (struct place){forest->roots[tree->index], FOREST_ROOT},
                      paths, 0, (struct element){NO_FEATURE, 1, 1, 0});
    }
    for (size_t g = 0; g < forest->n_groups; g++)
        contributions[g * width + width - 1] = explainer->expected[g];
    for (size_t i = 0; forest->divisor != 0 && i < forest->n_groups * width;
         i++)
        contributions[i] /= forest->divisor;
}

void clary_explain(const struct clary_explainer *explainer, const void *x,
                   size_t rows, void *scratch, double *contributions)
{
    const struct clary_forest *forest = &explainer->params->forest;
    const size_t row_bytes =
        forest->n_features * clary_dtype_bytes(forest->dtype);

    for (size_t r = 0; r < rows; r++)
        explain_row(explainer, (const char *)x + r * row_bytes, scratch,
                    contributions + r * clary_explainer_width(explainer));
}
