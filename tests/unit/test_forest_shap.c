/* test_forest_shap.c: explanations against Shapley's definition, over all sets
 * of features, and against the margins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/explain.h"
#include "tests/unit/forest_program.h"
#include "tests/unit/forest_sample.h"

/* A forest and what explains it. */
struct explained {
    struct subject subject;
    struct clary_explainer *explainer;
};

static enum clary_status explained_open(struct explained *explained,
                                        const struct clary_forest *forest)
{
    struct subject *subject = &explained->subject;

    CHECK_STATUS(subject_open(subject, forest), CLARY_OK);
    return clary_explainer_new(&subject->arena, subject->program,
                               &explained->explainer, &subject->err);
}

/* --- the definition ------------------------------------------------------- */

static double cover(const struct clary_forest *forest, int32_t child)
{
    return child < 0 ? (double)forest->leaf_covers[~child]
                     : (double)forest->nodes[child].cover;
}

/* What lies below `child` gives when only the features in `known` (bits) are
 * known. */
static double value_of_set(const struct clary_forest *forest, int32_t child,
                           const void *x, size_t row, unsigned known)
{
    const struct clary_forest_node *node;
    double left, right;

    if (child < 0)
        return forest->leaves[~child];
    node = &forest->nodes[child];
    left = value_of_set(forest, node->left, x, row, known);
    right = value_of_set(forest, node->right, x, row, known);
    if (known >> node->feature & 1) {
        const double value = sample_at(
            forest->dtype, x, row * forest->n_features + node->feature);

        return sample_goes_left(forest, node, value) ? left : right;
    }
    return (cover(forest, node->left) * left +
            cover(forest, node->right) * right) /
           cover(forest, child);
}

/* The same of a margin. */
static double margin_of_set(const struct clary_forest *forest, size_t group,
                            const void *x, size_t row, unsigned known)
{
    double sum = forest->base[group];

    for (size_t t = 0; t < forest->n_trees; t++)
        if (forest->groups[t] == group)
            sum += value_of_set(forest, forest->roots[t], x, row, known) *
                   (forest->weights ? forest->weights[t] : 1);
    return sum;
}

static double factorial(size_t n)
{
    return n < 2 ? 1 : (double)n * factorial(n - 1);
}

static double shapley(const struct clary_forest *forest, size_t group,
                      const void *x, size_t row, size_t feature)
{
    const size_t n = forest->n_features;
    double sum = 0;

    for (unsigned set = 0; set < 1U << n; set++) {
        const size_t size = (size_t)__builtin_popcount(set);

        if (set >> feature & 1)
            continue;
        sum += factorial(size) * factorial(n - size - 1) / factorial(n) *
               (margin_of_set(forest, group, x, row, set | 1U << feature) -
                margin_of_set(forest, group, x, row, set));
    }
    return sum;
}

/* --- tests ---------------------------------------------------------------- */

enum { ROWS = 12 };

/* All contributions of ROWS rows; the scratch has exactly its bytes. */
static double *explain(const struct explained *explained, const void *x)
{
    const struct clary_field *field =
        clary_explainer_field(explained->explainer);
    const size_t n = ROWS * field->width;
    double *y = sample_alloc(n, sizeof *y);
    void *scratch = NULL;

    CHECK(posix_memalign(&scratch, CLARY_ARENA_ALIGN,
                         clary_explainer_scratch_bytes(explained->explainer)) ==
          0);
    clary_explain(explained->explainer, x, ROWS, scratch, y);
    for (size_t i = n; field->dtype == F32 && i-- > 0;) {
        float narrow;

        memcpy(&narrow, (const char *)y + i * sizeof narrow, sizeof narrow);
        y[i] = (double)narrow;
    }
    free(scratch);
    return y;
}

/* `by_definition`: 2^n_features sets for each. */
static void check_sample(const struct sample_spec *spec, bool by_definition)
{
    struct sample sample = sample_new(spec);
    const struct clary_forest *forest = &sample.forest;
    const size_t n = spec->n_features;
    void *x = sample_rows(&sample, ROWS);
    struct explained explained;
    double *y;

    CHECK_STATUS(explained_open(&explained, forest), CLARY_OK);
    CHECK_INT(clary_explainer_field(explained.explainer)->width,
              spec->n_groups * (n + 1));
    y = explain(&explained, x);
    for (size_t i = 0; i < ROWS * spec->n_groups; i++) {
        const double *row = y + i * (n + 1);
        const size_t r = i / spec->n_groups, g = i % spec->n_groups;
        /* of F32 the margins add up in float, to some thousand */
        const double tolerance = spec->dtype == F32 ? 1e-3 : 1e-9;
        double sum = row[n];

        for (size_t f = 0; f < n; f++) {
            sum += row[f];
            if (by_definition)
                CHECK_NEAR(row[f], shapley(forest, g, x, r, f), tolerance);
        }
        if (forest->divisor != 0)
            sum /= forest->divisor;
        CHECK_NEAR(sum, sample_margin(forest, g, x, r), tolerance);
        if (by_definition)
            CHECK_NEAR(row[n], margin_of_set(forest, g, x, r, 0), tolerance);
    }
    free(y);
    free(x);
    clary_arena_deinit(&explained.subject.arena);
    sample_free(&sample);
}

TEST(small_trees_by_definition)
{
    struct sample_spec spec = {.dtype = F64,
                               .n_groups = 1,
                               .n_trees = 3,
                               .n_leaves = 9,
                               .n_thresholds = 20};

    for (spec.n_features = 1; spec.n_features <= 6; spec.n_features++)
        check_sample(&spec, true);
    spec.n_features = 4;
    spec.dtype = F32;
    spec.n_groups = 2;
    check_sample(&spec, true);
    spec.any_split = spec.categories = true;
    check_sample(&spec, true);
    spec.dtype = F64;
    spec.weights = spec.base_first = true;
    spec.divisor = 3;
    check_sample(&spec, true);
}

/* Features are asked again and again on the way down. */
TEST(deep_trees_by_definition)
{
    struct sample_spec spec = {.dtype = F64,
                               .n_features = 3,
                               .n_groups = 1,
                               .n_trees = 2,
                               .depth = 7,
                               .n_thresholds = 60};

    check_sample(&spec, true);
}

TEST(larger_trees_add_up)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 8,
                               .n_groups = 1,
                               .n_trees = 30,
                               .depth = 6,
                               .n_thresholds = 60};

    check_sample(&spec, false);
    spec.dtype = F64;
    spec.depth = 0;
    spec.n_leaves = 120;
    spec.n_features = 30;
    check_sample(&spec, false);
}

/* x[0] < 0 ? 1 : 3, half of the rows on each side. */
static const double stump_leaves[] = {1, 3};
static const float stump_covers[] = {5, 5};
static const double stump_base[] = {10};
static const uint32_t stump_groups[] = {0};

static struct clary_forest stump(const struct clary_forest_node *node,
                                 const int32_t *root)
{
    return (struct clary_forest){.dtype = F64,
                                 .n_features = 2,
                                 .n_groups = 1,
                                 .n_trees = 1,
                                 .nodes = node,
                                 .n_nodes = 1,
                                 .leaves = stump_leaves,
                                 .leaf_covers = stump_covers,
                                 .n_leaves = 2,
                                 .roots = root,
                                 .groups = stump_groups,
                                 .base = stump_base};
}

TEST(stump_by_hand)
{
    const struct clary_forest_node node = {
        .left = ~0, .right = ~1, .cover = 10};
    const int32_t root = 0;
    const struct clary_forest forest = stump(&node, &root);
    double x[2 * ROWS] = {-1, 0, 1, 0}, *y;
    struct explained explained;

    CHECK_STATUS(explained_open(&explained, &forest), CLARY_OK);
    y = explain(&explained, x);
    CHECK_NEAR(y[0], -1, 1e-14);
    CHECK_NEAR(y[1], 0, 0);
    CHECK_NEAR(y[2], 12, 0);
    CHECK_NEAR(y[3], 1, 1e-14);
    CHECK_NEAR(y[5], 12, 0);
    free(y);
    clary_arena_deinit(&explained.subject.arena);
}

/* No row of the training went left: this one does. */
TEST(sides_without_cover)
{
    const struct clary_forest_node node = {
        .left = ~0, .right = ~1, .cover = 10};
    const float covers[] = {0, 10};
    const int32_t root = 0;
    struct clary_forest forest = stump(&node, &root);
    double x[2 * ROWS] = {-1, 0, 1, 0}, *y;
    struct explained explained;

    forest.leaf_covers = covers;
    CHECK_STATUS(explained_open(&explained, &forest), CLARY_OK);
    y = explain(&explained, x);
    CHECK_NEAR(y[0], -2, 1e-14);
    CHECK_NEAR(y[2], 13, 0);
    CHECK_NEAR(y[3], 0, 0);
    free(y);
    clary_arena_deinit(&explained.subject.arena);
}

static void refused(const struct clary_forest *forest, const char *message)
{
    struct explained explained;

    CHECK_STATUS(explained_open(&explained, forest), CLARY_UNSUPPORTED);
    CHECK_STR(explained.subject.err.message, message);
    clary_arena_deinit(&explained.subject.arena);
}

TEST(what_cannot_be_explained)
{
    const struct clary_forest_node node = {
        .left = ~0, .right = ~1, .cover = 10};
    const struct clary_forest_node uncovered = {.left = ~0, .right = ~1};
    const struct clary_linear_leaf linear[2] = {{.constant = 1}};
    const int32_t root = 0;
    struct clary_forest forest = stump(&node, &root);

    forest.linear = linear;
    refused(&forest,
            "contributions of trees with linear leaves are not defined");
    forest = stump(&node, &root);
    forest.leaf_covers = NULL;
    refused(&forest, "contributions need the covers of the nodes, which the "
                     "model does not state");
    forest = stump(&uncovered, &root);
    refused(&forest, "contributions need the covers of the nodes, which the "
                     "model does not state");
}

/* A chain of `depth` nodes, each of which lets half of the rows go. */
static void check_chain(size_t depth, size_t n_features,
                        enum clary_status status)
{
    struct clary_forest_node *nodes = sample_alloc(depth, sizeof *nodes);
    double *leaves = sample_alloc(depth + 1, sizeof *leaves);
    float *covers = sample_alloc(depth + 1, sizeof *covers);
    double *x = sample_alloc(n_features * ROWS, sizeof *x), *y;
    const int32_t root = 0;
    struct clary_forest forest = stump(nodes, &root);
    struct explained explained;
    double sum = 0;

    for (size_t n = 0; n < depth; n++) {
        nodes[n] = (struct clary_forest_node){
            .threshold = (double)n,
            .left = ~(int32_t)n,
            .cover = 8,
            .right = n + 1 < depth ? (int32_t)n + 1 : ~(int32_t)depth,
            .feature = (uint32_t)(n % n_features)};
        covers[n] = 4;
        leaves[n] = (double)n;
    }
    covers[depth] = 4;
    for (size_t f = 0; f < n_features; f++)
        x[f] = 20.5;
    forest.n_features = n_features;
    forest.n_nodes = depth;
    forest.leaves = leaves;
    forest.leaf_covers = covers;
    forest.n_leaves = depth + 1;
    CHECK_STATUS(explained_open(&explained, &forest), status);
    if (status == CLARY_OK) {
        y = explain(&explained, x);
        for (size_t f = 0; f <= n_features; f++)
            sum += y[f];
        CHECK_NEAR(sum, sample_margin(&forest, 0, x, 0), 1e-9);
        free(y);
    } else {
        CHECK_STR(explained.subject.err.message,
                  "contributions of trees of a depth of "
                  "513; at most 512 is known here");
    }
    clary_arena_deinit(&explained.subject.arena);
    free(nodes);
    free(leaves);
    free(covers);
    free(x);
}

TEST(chains)
{
    check_chain(512, 2, CLARY_OK);
    check_chain(512, 512, CLARY_OK);
    check_chain(513, 2, CLARY_UNSUPPORTED);
}

TEST(a_program_without_a_forest)
{
    const struct clary_shape row = {1, {1}};
    struct clary_arena arena;
    struct clary_error err;
    struct clary_program *program;
    struct clary_explainer *explainer;
    uint32_t in, out;

    clary_arena_init(&arena, (size_t)1 << 30);
    program = clary_program_new(&arena, &err);
    CHECK_STATUS(clary_program_input(program, "x", F32, &row, &in, &err),
                 CLARY_OK);
    CHECK_STATUS(
        clary_program_add(program, "relu", "r", NULL, &in, 1, &out, 1, &err),
        CLARY_OK);
    CHECK_STATUS(clary_program_output(program, "y", out, &err), CLARY_OK);
    CHECK_STATUS(clary_program_finish(program, &err), CLARY_OK);
    CHECK_STATUS(clary_explainer_new(&arena, program, &explainer, &err),
                 CLARY_UNSUPPORTED);
    CHECK_STR(err.message,
              "contributions are those of trees, and the model has none");
    clary_arena_deinit(&arena);
}

TEST(linear_models)
{
    static const float weights[] = {2, -1, 0.5f, 4}, biases[] = {7, 8};
    const float x[] = {3, (float)NAN, 0.25f, 10};
    const float expected[] = {6, 0, 7, 1.5f, 0, 8, 0.5f, -10, 7, 0.125f, 40, 8};
    const struct clary_shape row = {1, {2}};
    struct clary_linear linear = {
        .n_features = 2, .n_groups = 2, .weights = weights, .biases = biases};
    struct clary_explainer *explainer;
    struct clary_program *program;
    struct clary_arena arena;
    struct clary_error err;
    float y[12];
    uint32_t out;

    clary_arena_init(&arena, (size_t)1 << 30);
    program = clary_program_new(&arena, &err);
    CHECK_STATUS(
        clary_program_input(program, "x", F32, &row, &linear.input, &err),
        CLARY_OK);
    CHECK_STATUS(clary_program_add(program, "relu", "r", NULL, &linear.input, 1,
                                   &out, 1, &err),
                 CLARY_OK);
    CHECK_STATUS(clary_program_output(program, "y", out, &err), CLARY_OK);
    clary_program_tell_linear(program, &linear);
    CHECK_STATUS(clary_program_finish(program, &err), CLARY_OK);
    CHECK_STATUS(clary_explainer_new(&arena, program, &explainer, &err),
                 CLARY_OK);
    CHECK_INT(clary_explainer_field(explainer)->width, 6);
    clary_explain(
        explainer, x, 2,
        clary_arena_alloc(&arena, clary_explainer_scratch_bytes(explainer)), y);
    for (size_t i = 0; i < 12; i++)
        CHECK_NEAR(y[i], expected[i], 0);
    clary_program_tell_linear(program, &linear);
    CHECK_STATUS(clary_explainer_new(&arena, program, &explainer, &err),
                 CLARY_UNSUPPORTED);
    CHECK_STR(err.message, "contributions are those of one model; here 2 "
                           "answer together");
    clary_arena_deinit(&arena);
}
