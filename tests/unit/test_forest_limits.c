/* test_forest_limits.c: forests that are refused, and the largest that are not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/forest_subject.h"

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
