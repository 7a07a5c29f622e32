/* test_forest.c: the forest op against its specification, bit by bit, with
 * every table of kernels, over all the layouts that it may choose.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/kernel.h"
#include "program/forest.h"
#include "program/program_impl.h"
#include "tests/unit/forest_sample.h"

#include <stdint.h>

#define F32 CLARY_DTYPE_F32
#define F64 CLARY_DTYPE_F64

/* A program of one forest. */
struct subject {
    struct clary_arena arena;
    struct clary_program *program;
    struct clary_error err;
};

static enum clary_status subject_open(struct subject *subject,
                                      const struct clary_forest *forest)
{
    const struct clary_shape row = {1, {(int64_t)forest->n_features}};
    uint32_t in, out;

    clary_arena_init(&subject->arena, (size_t)1 << 30);
    subject->program = clary_program_new(&subject->arena, &subject->err);
    if (!CHECK(subject->program != NULL))
        return CLARY_NO_MEMORY;
    CLARY_TRY(clary_program_input(subject->program, "x", forest->dtype, &row,
                                  &in, &subject->err));
    CLARY_TRY(clary_forest_add(subject->program, "model", forest, in, &out,
                               &subject->err));
    CLARY_TRY(clary_program_output(subject->program, "y", out, &subject->err));
    return clary_program_finish(subject->program, &subject->err);
}

/* Margins of rows first .. first + rows - 1 of x, all in one run of the op. */
static void *subject_run(struct subject *subject,
                         const struct clary_forest *forest, const char *x,
                         size_t first, size_t rows)
{
    const struct clary_op *op = &subject->program->ops[0];
    const size_t element = clary_dtype_bytes(forest->dtype);
    const size_t bytes = rows * forest->n_features * element;
    struct clary_tensor in = {forest->dtype, {2, {0}}, malloc(bytes + 1)};
    struct clary_tensor out = {forest->dtype, {2, {0}}, NULL};
    void *scratch = NULL;

    in.shape.dim[0] = out.shape.dim[0] = (int64_t)rows;
    in.shape.dim[1] = (int64_t)forest->n_features;
    out.shape.dim[1] = (int64_t)forest->n_groups;
    memcpy(in.data, x + first * forest->n_features * element, bytes);
    out.data = malloc(rows * forest->n_groups * element + 1);
    CHECK(posix_memalign(&scratch, CLARY_ARENA_ALIGN, op->scratch_bytes) == 0);
    memset(scratch, 0xAA, op->scratch_bytes);
    CHECK_STATUS(op->kind->run(op, (const struct clary_tensor *[]){&in},
                               (struct clary_tensor *[]){&out}, scratch,
                               &subject->err),
                 CLARY_OK);
    free(scratch);
    free(in.data);
    return out.data;
}

/* Whether the op gives rows first .. of x what `expected` (all rows) says. */
static bool agrees(struct subject *subject, const struct clary_forest *forest,
                   const char *x, const char *expected, size_t first,
                   size_t rows)
{
    const size_t row_bytes =
        forest->n_groups * clary_dtype_bytes(forest->dtype);
    char *y = subject_run(subject, forest, x, first, rows);
    bool is_same = true;

    for (size_t r = 0; r < rows && is_same; r++)
        if (memcmp(y + r * row_bytes, expected + (first + r) * row_bytes,
                   row_bytes) != 0) {
            test_fail(__FILE__, __LINE__);
            printf("row %zu of %zu from %zu, %s: %.17g, expected %.17g\n", r,
                   rows, first, clary_kernels()->name,
                   sample_at(forest->dtype, y, r * forest->n_groups),
                   sample_at(forest->dtype, expected,
                             (first + r) * forest->n_groups));
            is_same = false;
        }
    free(y);
    return is_same;
}

/* (rows, n_groups) by the specification. A NaN that comes out of a sum has no
 * stated bits, and no leaf is one. */
static void *expect(const struct clary_forest *forest, const void *x,
                    size_t rows)
{
    const size_t n = forest->n_groups;
    void *y = sample_alloc(rows * n, clary_dtype_bytes(forest->dtype));

    for (size_t i = 0; i < rows * n; i++)
        sample_store(forest->dtype, y, i,
                     sample_margin(forest, i % n, x, i / n));
    return y;
}

static void use_table(const char *name)
{
    struct clary_error err;

    setenv("CLARY_CPU", name, 1);
    CHECK_STATUS(clary_kernels_init(&err), CLARY_OK);
    unsetenv("CLARY_CPU");
}

enum { MOST_ROWS = 450, ALL_COUNTS_UP_TO = 67 };

/* Every number of rows up to 67 and some larger ones, from changing places. */
static void check_rows(struct subject *subject,
                       const struct clary_forest *forest, const void *x,
                       const void *expected)
{
    static const size_t more[] = {95, 96, 97, 191, 192, 193, 288, MOST_ROWS};

    for (size_t rows = 0; rows <= ALL_COUNTS_UP_TO; rows++)
        if (!agrees(subject, forest, x, expected, rows * 5, rows))
            return;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (!agrees(subject, forest, x, expected, 0, more[i]))
            return;
}

static void check_sample(const struct sample_spec *spec)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct sample sample = sample_new(spec);
    struct subject subject;
    void *x = sample_rows(&sample, MOST_ROWS);
    void *expected = expect(&sample.forest, x, MOST_ROWS);

    if (!CHECK_STATUS(subject_open(&subject, &sample.forest), CLARY_OK))
        printf("%s\n", subject.err.message);
    else
        for (size_t i = 0; tables[i]; i++) {
            use_table(tables[i]->name);
            check_rows(&subject, &sample.forest, x, expected);
        }
    clary_arena_deinit(&subject.arena);
    free(expected);
    free(x);
    sample_free(&sample);
}

/* --- against the specification -------------------------------------------- */

TEST(xgboost_like)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 5,
                               .n_groups = 1,
                               .n_trees = 20,
                               .n_thresholds = 30};

    for (spec.depth = 1; spec.depth <= 8; spec.depth++)
        check_sample(&spec);
    spec.depth = 0;
    for (spec.n_leaves = 1; spec.n_leaves <= 200; spec.n_leaves += 13)
        check_sample(&spec);
}

TEST(lightgbm_like)
{
    struct sample_spec spec = {.dtype = F64,
                               .n_features = 7,
                               .n_groups = 1,
                               .n_trees = 20,
                               .n_thresholds = 50};

    for (spec.n_leaves = 1; spec.n_leaves <= 256; spec.n_leaves += 51)
        check_sample(&spec);
    spec.linear = true;
    check_sample(&spec);
    spec.weights = true;
    spec.n_groups = 3;
    check_sample(&spec);
}

TEST(every_kind_of_split)
{
    struct sample_spec spec = {.n_features = 3,
                               .n_groups = 3,
                               .n_trees = 30,
                               .n_leaves = 40,
                               .n_thresholds = 40,
                               .any_split = true};

    for (unsigned i = 0; i < 32; i++) {
        spec.dtype = i & 1 ? F64 : F32;
        spec.categories = i & 2;
        spec.weights = i & 4;
        spec.base_first = i & 8;
        spec.divisor = i & 16 ? 7 : 0;
        check_sample(&spec);
    }
}

/* Trees that can be blended and trees that cannot in one forest. */
TEST(trees_about_the_largest_that_is_blended)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 4,
                               .n_groups = 2,
                               .n_trees = 8,
                               .n_leaves = 700};

    check_sample(&spec);
    spec.dtype = F64;
    check_sample(&spec);
}

TEST(one_feature_of_many_thresholds)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 1,
                               .n_groups = 1,
                               .n_trees = 60,
                               .n_leaves = 255};

    check_sample(&spec); /* some 7,000: many columns of bytes */
    spec.n_leaves = 30000;
    spec.n_trees = 6;
    spec.dtype = F64;
    check_sample(&spec); /* over 65,535: two columns of shorts */
}

TEST(many_features)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 3000,
                               .n_groups = 1,
                               .n_trees = 50,
                               .n_leaves = 64};

    check_sample(&spec);
}

TEST(no_trees)
{
    struct sample_spec spec = {.dtype = F32, .n_features = 2, .n_groups = 2};

    check_sample(&spec);
    spec.base_first = true;
    spec.divisor = 3;
    check_sample(&spec);
}

/* --- by hand -------------------------------------------------------------- */

/* x[0] < 2.5 ? 1 : (x[1] in {1, 33} ? 2 : 4), and a tree that is a leaf. */
static const uint32_t hand_words[] = {1U << 1, 1U << 1};
static const struct clary_category_set hand_sets[] = {{hand_words, 2}};
static const struct clary_forest_node hand_nodes[] = {
    {.threshold = 2.5, .left = ~0, .right = 1, .default_left = true},
    {.left = ~1, .right = ~2, .feature = 1, .split = CLARY_SPLIT_CATEGORY}};
static const double hand_leaves[] = {1, 2, 4, 100};
static const int32_t hand_roots[] = {0, ~3};
static const uint32_t hand_groups[] = {0, 0};
static const double hand_base[] = {0.5};
static const struct clary_forest hand = {.dtype = CLARY_DTYPE_F32,
                                         .n_features = 2,
                                         .n_groups = 1,
                                         .n_trees = 2,
                                         .nodes = hand_nodes,
                                         .n_nodes = 2,
                                         .leaves = hand_leaves,
                                         .n_leaves = 4,
                                         .sets = hand_sets,
                                         .n_sets = 1,
                                         .roots = hand_roots,
                                         .groups = hand_groups,
                                         .base = hand_base};

TEST(margins_by_hand)
{
    static const float x[] = {2, 0,  2.5F, 1,  3, 33.9F, NAN, 1,
                              3, 32, 3,    -1, 3, NAN,   3,   65};
    static const float expected[] = {101.5F, 102.5F, 102.5F, 101.5F,
                                     104.5F, 104.5F, 104.5F, 104.5F};
    struct subject subject;
    struct clary_op_info info;

    CHECK_STATUS(subject_open(&subject, &hand), CLARY_OK);
    CHECK(
        agrees(&subject, &hand, (const char *)x, (const char *)expected, 0, 8));
    clary_program_op_info(subject.program, 0, &info);
    CHECK_STR(info.kind, "forest");
    CHECK_STR(info.details, "2 trees, depth 2, 4 leaves -> 1");
    CHECK_INT(info.n_parameters, 7);
    clary_arena_deinit(&subject.arena);
}

/* --- what is refused ------------------------------------------------------ */

static void refused(const struct clary_forest *forest, enum clary_status status,
                    const char *message)
{
    struct subject subject;

    CHECK_STATUS(subject_open(&subject, forest), status);
    CHECK_STR(subject.err.message, message);
    clary_arena_deinit(&subject.arena);
}

/* The forest by hand with one node changed. */
static void refused_node(size_t n, struct clary_forest_node node,
                         const char *message)
{
    struct clary_forest_node nodes[2];
    struct clary_forest forest = hand;

    memcpy(nodes, hand_nodes, sizeof nodes);
    nodes[n] = node;
    forest.nodes = nodes;
    refused(&forest, CLARY_BAD_MODEL, message);
}

TEST(bad_nodes)
{
    struct clary_forest_node node = hand_nodes[1];

    node.feature = 2;
    refused_node(1, node, "\"model\": tree 0, node 1 reads feature 2 of 2");
    node = hand_nodes[1];
    node.category = 1;
    refused_node(1, node,
                 "\"model\": tree 0, node 1 reads category set 1 of 1");
    node = hand_nodes[1];
    node.left = 0;
    refused_node(1, node,
                 "\"model\": tree 0, node 1 points to node 0 of 2, "
                 "which has a parent already");
    node.left = ~0;
    refused_node(1, node,
                 "\"model\": tree 0, node 1 points to leaf 0 of 4, "
                 "which has a parent already");
    node.left = 2;
    refused_node(1, node,
                 "\"model\": tree 0, node 1 points to node 2 of 2, "
                 "which is not there");
    node.left = INT32_MIN;
    refused_node(1, node,
                 "\"model\": tree 0, node 1 points to leaf 2147483647 "
                 "of 4, which is not there");
    node = hand_nodes[0];
    node.threshold = 0.1;
    refused_node(0, node,
                 "\"model\": tree 0, node 0 has the threshold "
                 "0.10000000000000001, which is not a float32");
}

TEST(bad_trees)
{
    struct clary_forest forest = hand;

    forest.roots = (const int32_t[]){0, 0};
    refused(&forest, CLARY_BAD_MODEL,
            "\"model\": tree 1, its root points to node 0 of 2, which has a "
            "parent already");
    forest.roots = (const int32_t[]){0, 7};
    refused(&forest, CLARY_BAD_MODEL,
            "\"model\": tree 1, its root points to node 7 of 2, which is not "
            "there");
    forest = hand;
    forest.groups = (const uint32_t[]){0, 1};
    refused(&forest, CLARY_BAD_MODEL,
            "\"model\": tree 1 adds to output 1 of 1");
    forest = hand;
    forest.n_groups = 0;
    refused(&forest, CLARY_BAD_MODEL, "\"model\": a forest without outputs");
    forest = hand;
    forest.n_nodes = (size_t)1 << 40;
    refused(&forest, CLARY_BAD_MODEL,
            "\"model\": a forest of 2 trees, 1099511627776 nodes, 4 leaves, 2 "
            "features and 1 outputs; at most 536870911 of each are known here");
}

/* A chain: every node's left child is a leaf. */
static void check_chain(size_t depth, enum clary_status status)
{
    struct clary_forest_node *nodes = sample_alloc(depth, sizeof *nodes);
    double *leaves = sample_alloc(depth + 1, sizeof *leaves);
    float *x = sample_alloc(2 * depth, sizeof *x);
    void *expected;
    struct clary_forest forest = hand;
    struct subject subject;

    for (size_t n = 0; n < depth; n++) {
        nodes[n].threshold = (double)n;
        nodes[n].left = ~(int32_t)n;
        nodes[n].right = n + 1 < depth ? (int32_t)n + 1 : ~(int32_t)depth;
        x[2 * n] = (float)n - 0.5F;
        leaves[n] = (double)n;
    }
    forest.n_trees = 1;
    forest.nodes = nodes;
    forest.n_nodes = depth;
    forest.leaves = leaves;
    forest.n_leaves = depth + 1;
    CHECK_STATUS(subject_open(&subject, &forest), status);
    if (status == CLARY_OK) {
        expected = expect(&forest, x, depth);
        CHECK(agrees(&subject, &forest, (const char *)x, expected, 0, 3));
        CHECK(agrees(&subject, &forest, (const char *)x, expected, 0, depth));
        free(expected);
    } else {
        CHECK_STR(subject.err.message,
                  "\"model\": tree 0 is deeper than 4096 nodes");
    }
    clary_arena_deinit(&subject.arena);
    free(nodes);
    free(leaves);
    free(x);
}

TEST(chains)
{
    check_chain(255, CLARY_OK); /* the deepest that is blended */
    check_chain(256, CLARY_OK);
    check_chain(4096, CLARY_OK);
    check_chain(4097, CLARY_UNSUPPORTED);
}

/* Every second code is in the set. */
static void check_categories(size_t n_codes, enum clary_status status)
{
    const size_t n_words = (2 * n_codes + 31) / 32;
    uint32_t *words = sample_alloc(n_words, sizeof *words);
    struct clary_category_set set = {words, (uint32_t)n_words};
    struct clary_forest forest = hand;
    float *x = sample_alloc(2 * 2 * n_codes, sizeof *x);
    struct subject subject;

    for (size_t c = 0; c < n_codes; c++)
        words[2 * c / 32] |= 1U << 2 * c % 32;
    for (size_t c = 0; c < 2 * n_codes; c++) {
        x[2 * c] = 3;
        x[2 * c + 1] = (float)c;
    }
    forest.sets = &set;
    CHECK_STATUS(subject_open(&subject, &forest), status);
    if (status == CLARY_OK) {
        void *expected = expect(&forest, x, 2 * n_codes);

        CHECK(agrees(&subject, &forest, (const char *)x, expected, 0,
                     2 * n_codes));
        free(expected);
    } else {
        CHECK_STR(subject.err.message,
                  "the splits of feature 1 tell 65534 categories apart; at "
                  "most 65533 are known here");
    }
    clary_arena_deinit(&subject.arena);
    free(words);
    free(x);
}

TEST(categories_of_large_codes)
{
    check_categories(65533, CLARY_OK);
    check_categories(65534, CLARY_UNSUPPORTED);
}

/* What any memory limit leaves: a forest or CLARY_NO_MEMORY. */
TEST(little_memory)
{
    const struct sample_spec spec = {.dtype = F32,
                                     .n_features = 5,
                                     .n_groups = 2,
                                     .n_trees = 3,
                                     .n_leaves = 20,
                                     .categories = true};
    struct sample sample = sample_new(&spec);
    enum clary_status status = CLARY_NO_MEMORY;

    for (size_t limit = 0; status == CLARY_NO_MEMORY; limit += 4096) {
        const struct clary_shape row = {1, {5}};
        struct clary_arena arena;
        struct clary_error err;
        struct clary_program *program;
        uint32_t in, out;

        clary_arena_init(&arena, limit);
        program = clary_program_new(&arena, &err);
        if (program &&
            clary_program_input(program, "x", F32, &row, &in, &err) == CLARY_OK)
            status = clary_forest_add(program, "model", &sample.forest, in,
                                      &out, &err);
        CHECK(status == CLARY_OK || status == CLARY_NO_MEMORY);
        clary_arena_deinit(&arena);
    }
    sample_free(&sample);
}

TEST(other_inputs_are_refused)
{
    const struct clary_shape row = {1, {3}};
    struct clary_arena arena;
    struct clary_error err;
    struct clary_program *program;
    uint32_t in, out;

    clary_arena_init(&arena, (size_t)1 << 30);
    program = clary_program_new(&arena, &err);
    CHECK_STATUS(clary_program_input(program, "x", F32, &row, &in, &err),
                 CLARY_OK);
    CHECK_STATUS(clary_forest_add(program, "model", &hand, in, &out, &err),
                 CLARY_BAD_MODEL);
    CHECK_STR(err.message, "op \"model\" (forest): trees over 2 features read "
                           "a tensor of shape (1, 3)");
    CHECK_STATUS(clary_program_input(program, "y", F64,
                                     &(struct clary_shape){1, {2}}, &in, &err),
                 CLARY_OK);
    CHECK_STATUS(clary_forest_add(program, "model", &hand, in, &out, &err),
                 CLARY_UNSUPPORTED);
    CHECK_STR(err.message, "op \"model\" (forest): input 0 has elements of "
                           "type float64; float32 are known here");
    clary_arena_deinit(&arena);
}
