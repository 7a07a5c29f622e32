/* bench_forest.c: the forest op in the ways that it can go, and a plain one.
 *
 *   op      as served: few rows walk, more are blended
 *   walk    all rows walk (forest_walk.c)
 *   blend   all rows are blended (kernel.h); of the scalar table: walk
 *   plain   the loader's description as it is, a node at a time: float, child,
 *           float, child
 *
 * The forests are grown on random rows by splits at random quantiles, so that
 * every node is reached: complete trees of a depth (XGBoost) or trees whose
 * next split is of a large leaf (LightGBM), of 255 thresholds a feature.
 * Nanoseconds of CPU time: medians of rounds, each of which runs all ways one
 * after the other, so that the ratios hold on a machine whose clock wanders.
 * A batch of 1 goes through 1,000 rows, so no branch is learnt; of a batch of
 * 100,000 as many rows are timed as take some 20 ms. That the ways agree is
 * checked before anything is timed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/timing.h"
#include "program/forest_impl.h"
#include "program/program_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEATURES = 8,
    BINS = 255,
    SAMPLE = 20000, /* rows that trees are grown on */
    MAX_ROWS = 100000,
    FEW_ROWS = 1000, /* that batches of 1 and 16 go through */
    ROUNDS = 9
};

struct shape {
    const char *name;
    enum clary_dtype dtype;
    size_t n_trees, depth, n_leaves; /* depth 0: by n_leaves */
};

static const struct shape shapes[] = {
    {"100 x depth 6", CLARY_DTYPE_F32, 100, 6, 64},
    {"500 x depth 8", CLARY_DTYPE_F32, 500, 8, 256},
    {"1000 x 255 leaves", CLARY_DTYPE_F64, 1000, 0, 255},
};
static const size_t batches[] = {1, 16, 1000, MAX_ROWS};

static uint32_t seed = 1;

static uint32_t draw(void)
{
    seed = seed * 1664525U + 1013904223U;
    return seed >> 8;
}

static void *get(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        fprintf(stderr, "bench_forest: no memory\n");
        exit(1);
    }
    return memory;
}

/* --- growing -------------------------------------------------------------- */

/* Rows first .. first + n - 1 of the sample are those of a leaf. */
struct leaf {
    int32_t *link; /* where the child that leads to it is */
    size_t first, n, depth;
};

struct grower {
    double bins[FEATURES][BINS];
    uint8_t sample[SAMPLE][FEATURES]; /* as bins */
    uint32_t order[SAMPLE];
    struct leaf leaves[1024];
    size_t n_leaves;
    struct clary_forest_node *nodes;
    size_t n_nodes;
};

/* Rows of a leaf that are in a bin up to `bin` come first; returns how many. */
static size_t partition(struct grower *g, const struct leaf *leaf,
                        size_t feature, unsigned bin)
{
    size_t n_left = 0;

    for (size_t i = leaf->first; i < leaf->first + leaf->n; i++) {
        const uint32_t row = g->order[i];

        if (g->sample[row][feature] > bin)
            continue;
        g->order[i] = g->order[leaf->first + n_left];
        g->order[leaf->first + n_left++] = row;
    }
    return n_left;
}

static void split(struct grower *g, const struct shape *shape, size_t l)
{
    struct leaf leaf = g->leaves[l];
    struct clary_forest_node *node = &g->nodes[g->n_nodes];
    const size_t feature = draw() % FEATURES;
    unsigned bin = draw() % (BINS - 1);
    size_t n_left;

    if (leaf.n > 1)
        bin = g->sample[g->order[leaf.first + draw() % leaf.n]][feature];
    n_left = partition(g, &leaf, feature, bin);
    *leaf.link = (int32_t)g->n_nodes++;
    *node = (struct clary_forest_node){.threshold = g->bins[feature][bin],
                                       .feature = (uint32_t)feature,
                                       .split = shape->dtype == CLARY_DTYPE_F32
                                                    ? CLARY_SPLIT_LESS
                                                    : CLARY_SPLIT_LESS_EQUAL,
                                       .default_left = draw() % 2};
    g->leaves[l] =
        (struct leaf){&node->left, leaf.first, n_left, leaf.depth + 1};
    g->leaves[g->n_leaves++] = (struct leaf){&node->right, leaf.first + n_left,
                                             leaf.n - n_left, leaf.depth + 1};
}

/* The leaf that holds most of the rows, with luck, or the first that is not
 * deep enough; SIZE_MAX: none. */
static size_t next_leaf(const struct grower *g, const struct shape *shape)
{
    size_t best = SIZE_MAX;
    double most = -1;

    for (size_t l = 0; l < g->n_leaves; l++) {
        const double luck = 0.05 + (double)(draw() % 1000) / 1000;

        if (shape->depth) {
            if (g->leaves[l].depth < shape->depth)
                return l;
        } else if ((double)g->leaves[l].n * luck > most) {
            most = (double)g->leaves[l].n * luck;
            best = l;
        }
    }
    return best;
}

static int32_t grow(struct grower *g, const struct shape *shape,
                    size_t *n_forest_leaves, double *values)
{
    int32_t root = 0;

    for (size_t i = 0; i < SAMPLE; i++)
        g->order[i] = (uint32_t)i;
    g->leaves[0] = (struct leaf){&root, 0, SAMPLE, 0};
    g->n_leaves = 1;
    while (g->n_leaves < shape->n_leaves)
        split(g, shape, next_leaf(g, shape));
    for (size_t l = 0; l < g->n_leaves; l++) {
        *g->leaves[l].link = ~(int32_t)*n_forest_leaves;
        values[(*n_forest_leaves)++] =
            (double)(float)((double)(draw() % 2000) / 1000 - 1);
    }
    return root;
}

static struct clary_forest make_forest(const struct shape *shape)
{
    static struct grower g;
    static const double base = 0.5;
    const size_t most = shape->n_trees * shape->n_leaves;
    double *leaves = get(most, sizeof *leaves);
    int32_t *roots = get(shape->n_trees, sizeof *roots);
    struct clary_forest forest = {.dtype = shape->dtype,
                                  .n_features = FEATURES,
                                  .n_groups = 1,
                                  .n_trees = shape->n_trees,
                                  .leaves = leaves,
                                  .roots = roots,
                                  .groups = get(shape->n_trees, 4),
                                  .base = &base};

    g.nodes = get(most, sizeof *g.nodes);
    g.n_nodes = 0;
    for (size_t f = 0; f < FEATURES; f++)
        for (size_t b = 0; b < BINS; b++)
            g.bins[f][b] = (double)((float)b + (float)(draw() % 1000) / 1001);
    for (size_t i = 0; i < SAMPLE; i++)
        for (size_t f = 0; f < FEATURES; f++)
            g.sample[i][f] = (uint8_t)(draw() % BINS);
    for (size_t t = 0; t < shape->n_trees; t++)
        roots[t] = grow(&g, shape, &forest.n_leaves, leaves);
    forest.nodes = g.nodes;
    forest.n_nodes = g.n_nodes;
    return forest;
}

/* --- the ways ------------------------------------------------------------- */

enum way { OP, WALK, BLEND, PLAIN, WAYS };
static const char *const way_names[] = {"op", "walk", "blend", "plain"};

struct subject {
    const struct shape *shape;
    struct clary_forest forest;
    const struct clary_op *op;
    struct forest_layout *layout;
    size_t blend_rows; /* as chosen */
    void *scratch;
};

/* The sum of the trees, straight from the description. */
#define PLAIN_SUM(type, x, y)                                                  \
    for (size_t r = 0; r < rows; r++) {                                        \
        const type *row = (const type *)(x) + r * FEATURES;                    \
        type sum = 0;                                                          \
                                                                               \
        for (size_t t = 0; t < forest->n_trees; t++) {                         \
            int32_t at = forest->roots[t];                                     \
                                                                               \
            while (at >= 0) {                                                  \
                const struct clary_forest_node *node = &forest->nodes[at];     \
                const type value = row[node->feature];                         \
                const type threshold = (type)node->threshold;                  \
                                                                               \
                if (value != value                    ? node->default_left     \
                    : node->split == CLARY_SPLIT_LESS ? value < threshold      \
                                                      : value <= threshold)    \
                    at = node->left;                                           \
                else                                                           \
                    at = node->right;                                          \
            }                                                                  \
            sum += (type)forest->leaves[~at];                                  \
        }                                                                      \
        ((type *)(y))[r] = sum + (type)forest->base[0];                        \
    }

static void run_plain(const struct clary_forest *forest, const void *x,
                      size_t rows, void *y)
{
    if (forest->dtype == CLARY_DTYPE_F32) {
        PLAIN_SUM(float, x, y)
    } else {
        PLAIN_SUM(double, x, y)
    }
}

static void run(const struct subject *s, enum way way, void *x, size_t rows,
                void *y)
{
    const struct clary_tensor in = {
        s->shape->dtype, {2, {(int64_t)rows, FEATURES}}, x};
    struct clary_tensor out = {s->shape->dtype, {2, {(int64_t)rows, 1}}, y};
    struct clary_error err;

    if (way == PLAIN) {
        run_plain(&s->forest, x, rows, y);
        return;
    }
    s->layout->blend_rows = way == OP     ? s->blend_rows
                            : way == WALK ? SIZE_MAX
                                          : 1;
    if (s->op->kind->run(s->op, (const struct clary_tensor *[]){&in},
                         (struct clary_tensor *[]){&out}, s->scratch,
                         &err) != CLARY_OK)
        exit(1);
}

/* --- measuring ------------------------------------------------------------ */

/* Nanoseconds a row of one way over all rows, `batch` at a time. */
static double time_way(const struct subject *s, enum way way, char *x,
                       size_t rows, size_t batch, char *y)
{
    const size_t element = clary_dtype_bytes(s->shape->dtype);
    const double start = now_ns();

    for (size_t r = 0; r + batch <= rows; r += batch)
        run(s, way, x + r * FEATURES * element, batch, y + r * element);
    const size_t n_scored = rows / batch * batch;
    return (now_ns() - start) / (double)n_scored;
}

static void measure(const struct subject *s, char *x, size_t batch, char *y)
{
    static double ns[WAYS][ROUNDS];
    const size_t n_trees = s->shape->n_trees;
    double own;

    for (size_t round = 0; round < ROUNDS; round++)
        for (enum way way = 0; way < WAYS; way++) {
            /* some 20 ms of each way; the plain one goes row by row */
            const size_t most = way == PLAIN ? 400000 / n_trees
                                : batch > 16 ? 5000000 / n_trees
                                             : FEW_ROWS;
            const size_t rows = most < MAX_ROWS ? most : MAX_ROWS;

            ns[way][round] =
                time_way(s, way, x, rows, batch < rows ? batch : rows, y);
        }
    own = median(ns[OP], ROUNDS);
    printf("%-18s %6zu %9.0f %8.2f", s->shape->name, batch, own,
           own / (double)n_trees);
    for (enum way way = WALK; way < WAYS; way++)
        printf(" %7.2f", median(ns[way], ROUNDS) / own);
    printf("\n");
    (void)fflush(stdout);
}

static void check(const struct subject *s, char *x, char *y)
{
    const size_t rows = 1000, element = clary_dtype_bytes(s->shape->dtype);
    char *expected = y + rows * element;

    run(s, PLAIN, x, rows, expected);
    for (enum way way = 0; way < PLAIN; way++) {
        (void)time_way(s, way, x, rows, rows, y);
        if (memcmp(y, expected, rows * element) != 0) {
            fprintf(stderr, "bench_forest: %s: %s differs from plain\n",
                    s->shape->name, way_names[way]);
            exit(1);
        }
    }
}

static void make_rows(enum clary_dtype dtype, void *x)
{
    for (size_t i = 0; i < (size_t)MAX_ROWS * FEATURES; i++) {
        const float value = (float)(draw() % (BINS * 1000)) / 1000;

        if (dtype == CLARY_DTYPE_F32)
            ((float *)x)[i] = value;
        else
            ((double *)x)[i] = (double)value;
    }
}

static void bench(const struct shape *shape)
{
    const struct clary_shape row = {1, {FEATURES}};
    struct subject s = {.shape = shape, .forest = make_forest(shape)};
    char *x = get((size_t)MAX_ROWS * FEATURES, sizeof(double));
    char *y = get(MAX_ROWS, 2 * sizeof(double));
    struct clary_arena arena;
    struct clary_error err;
    struct clary_program *program;
    uint32_t in, out;
    union {
        const void *read;
        struct forest_params *write;
    } params;
    double start = now_ns();

    clary_arena_init(&arena, (size_t)1 << 32);
    program = clary_program_new(&arena, &err);
    if (!program ||
        clary_program_input(program, "x", shape->dtype, &row, &in, &err) !=
            CLARY_OK ||
        clary_forest_add(program, "bench", &s.forest, in, &out, &err) !=
            CLARY_OK) {
        fprintf(stderr, "bench_forest: %s\n", err.message);
        exit(1);
    }
    start = now_ns() - start;
    s.op = &program->ops[0];
    params.read = s.op->params;
    s.layout = &params.write->layout;
    s.blend_rows = s.layout->blend_rows;
    s.scratch = clary_arena_alloc(&arena, s.op->scratch_bytes);
    make_rows(shape->dtype, x);
    check(&s, x, y);
    for (size_t b = 0; b < sizeof batches / sizeof batches[0]; b++)
        measure(&s, x, batches[b], y);
    printf("%-18s laid out in %.1f ms; blended from %zu rows on\n", "",
           start / 1e6, s.blend_rows);
    clary_arena_deinit(&arena);
    free(x);
    free(y);
}

int main(void)
{
    struct clary_error err;

    if (clary_kernels_init(&err) != CLARY_OK) {
        fprintf(stderr, "bench_forest: %s\n", err.message);
        return 1;
    }
    printf("forests over %d features, %s; the other ways as multiples of op\n",
           FEATURES, clary_kernels()->name);
    printf("%-18s %6s %9s %8s", "trees", "batch", "op ns/row", "ns/tree");
    for (enum way way = WALK; way < WAYS; way++)
        printf(" %7s", way_names[way]);
    printf("\n");
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        bench(&shapes[i]);
    return 0;
}
