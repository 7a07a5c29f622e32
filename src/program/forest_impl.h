/* forest_impl.h: what a forest is turned into, for its own files only.
 *
 *   forest_check.c    refuses what cannot be walked
 *   forest_ranks.c    finds the thresholds of each feature
 *   forest_columns.c  deals them out to columns
 *   forest_rows.c     values of rows -> ranks among them
 *   forest_layout.c   trees -> nodes that are walked, nodes that are blended
 *   forest_walk.c     ranks -> leaves, by walking
 *   forest_sums.c     leaves -> margins
 *   op_forest.c       the op: rows -> ranks -> leaves -> margins
 *   forest_shap.c     explanations, for explain.c
 *
 * Ranks. Every comparison is turned into `rank > k`, where the rank of x
 * counts the thresholds of its feature below x. So one search a feature, not
 * one comparison a node, meets a float, and everything that libraries differ
 * in (<, <=, NaN, zeros, types) is settled before a tree is seen. A column of
 * ranks belongs to a feature, a rule for what is missing and the side to which
 * missing goes: missing is rank 0 (left of every node) or the highest rank.
 *
 * Two layouts hold the same trees.
 *   walk   a row goes down a tree, eight rows or eight trees at a time so that
 *          they wait for memory together. Any tree; the best for few rows.
 *   blend  all nodes of a tree are evaluated for 32 rows and more at once, in
 *          bytes, bottom up, with no branches (kernel.h). Trees of up to 256
 *          leaves; the best from `blend_rows` rows on.
 * bench/bench_forest.c compares them.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_FOREST_IMPL_H
#define CLARY_PROGRAM_FOREST_IMPL_H

#include "kernel/kernel.h"
#include "program/forest.h"

#include <string.h>

/* Nodes on the way from a root to a leaf. Trained trees stay far below it. */
#define CLARY_FOREST_MAX_DEPTH 4096

/* --- forest_check.c ------------------------------------------------------- */

/* What a forest that passed the check is like. */
struct forest_facts {
    size_t depth;   /* of the deepest tree: nodes on the way to a leaf */
    size_t n_nodes; /* that a root leads to */
    size_t n_leaves;
    size_t largest; /* nodes and leaves of one tree */
};

/* Whether the forest is one: every index in range, no node or leaf reached
 * twice (so no cycle), depth bounded, thresholds exact in the dtype.
 *
 *   scratch  memory that the caller gives back
 *   errors   CLARY_BAD_MODEL names tree and node; CLARY_UNSUPPORTED (too
 *            deep); CLARY_NO_MEMORY
 */
enum clary_status clary_forest_check(struct clary_arena *scratch,
                                     const char *name,
                                     const struct clary_forest *forest,
                                     struct forest_facts *facts,
                                     struct clary_error *err) CLARY_MUST_USE;

/* --- forest_ranks.c ------------------------------------------------------- */

#define WALK_RANK_MAX  65535 /* ranks are uint16_t */
#define BLEND_RANK_MAX 255   /* and bytes */

/* Ranks past the highest of a column are cut off, ranks up to `base` are 0:
 * a feature with more thresholds than a column has ranks takes several. */
struct forest_column {
    uint32_t base;
    bool missing_left;
};

struct forest_columns {
    struct forest_column *all;
    size_t n;
    uint32_t *first; /* (n_sources + 1): source s has first[s] and on, before
                      * first[s + 1] */
};

/* One feature under one rule for what is missing, or its categories. */
struct forest_source {
    uint32_t feature;
    uint8_t missing; /* enum clary_missing */
    bool is_category;
    const int64_t *thresholds; /* ascending: keys; of categories the codes
                                * that some set holds */
    size_t n_thresholds;
};

struct forest_ranks {
    enum clary_dtype dtype;
    size_t n_features;
    struct forest_source *sources; /* numbers, then categories */
    size_t n_sources;
    struct forest_columns walk, blend;
};

/* Rank of a category that no set holds; of a missing one that goes left, which
 * every set holds; of the first that some set holds. */
enum { CATEGORY_RIGHT, CATEGORY_LEFT, CATEGORY_FIRST };

/* The source of a node, and its rank there: it sends right what has a rank
 * above it. (Categories: the source only.) */
struct forest_place {
    uint32_t source, rank;
};

/* Finds sources and thresholds; `places` (n_nodes) is filled for the nodes
 * that `is_reached` (n_nodes) tells. Columns are not there yet. Errors:
 * CLARY_UNSUPPORTED (too many categories), CLARY_NO_MEMORY. */
enum clary_status clary_forest_ranks_new(
    struct clary_arena *arena, struct clary_arena *scratch,
    const struct clary_forest *forest, const bool *is_reached,
    struct forest_ranks *ranks, struct forest_place *places,
    struct clary_error *err) CLARY_MUST_USE;

/* --- forest_columns.c ----------------------------------------------------- */

/* Columns in the making: of each source, for each run of `span` thresholds and
 * each side that missing may go to, one if a node needs it. */
struct forest_column_plan {
    size_t span;
    size_t *first; /* (n_sources + 1) */
    uint32_t *id;  /* FOREST_NO_COLUMN: not needed */
};

#define FOREST_NO_COLUMN UINT32_MAX

enum clary_status clary_forest_columns_plan(
    struct clary_arena *scratch, const struct forest_ranks *ranks, size_t span,
    struct forest_column_plan *plan, struct clary_error *err) CLARY_MUST_USE;

/* The column for a node at `place`: set it to anything but FOREST_NO_COLUMN to
 * need it; after the numbering it is the column's number. */
uint32_t *clary_forest_column(const struct forest_column_plan *plan,
                              const struct forest_place *place,
                              bool missing_left);

enum clary_status clary_forest_columns_number(
    struct clary_arena *arena, const struct forest_ranks *ranks,
    const struct forest_column_plan *plan, struct forest_columns *out,
    struct clary_error *err) CLARY_MUST_USE;

/* --- forest_rows.c -------------------------------------------------------- */

/* An integer that compares as x does; -0.0 is 0.0. A NaN has none. */
static inline int64_t forest_key(double x)
{
    int64_t bits;

    x += 0.0;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

/* Ranks of `rows` rows of x (rows, n_features).
 *   rows   at most CLARY_BLEND_ROWS
 *   walk   (rows, walk.n)
 *   blend  (blend.n, CLARY_BLEND_ROWS), less 128
 */
void clary_forest_rank_walk(const struct forest_ranks *ranks, const void *x,
                            size_t rows, uint16_t *walk);
void clary_forest_rank_blend(const struct forest_ranks *ranks, const void *x,
                             size_t rows, int8_t *blend);

/* --- forest_layout.c ------------------------------------------------------ */

/* A rank above `rank` goes right, to child + 1; others go left, to `child`. A
 * leaf leads to itself: no rank is above WALK_RANK_MAX. Of a category the node
 * before the children tells the set: bit r is set when rank r goes left. */
struct walk_node {
    uint16_t rank; /* of a set: its number of words */
    uint16_t column;
    uint32_t child; /* of all nodes; of a set: its first word */
};

#define WALK_LANES 8

/* Eight trees that a row walks down side by side; the first one stands in for
 * those that the last eight lack. */
struct forest_eight {
    uint32_t roots[WALK_LANES];
    uint16_t sure, depth; /* of any of them */
};

struct forest_tree {
    uint32_t root;                 /* of all nodes to walk */
    struct clary_blend_tree blend; /* nodes NULL: walked for any rows */
    const void *blend_values;      /* by label */
    uint32_t index;                /* the loader's */
    uint32_t group;
    uint16_t sure, depth; /* steps to take without asking, and the most;
                           * nodes on the way to the farthest leaf */
};

struct forest_layout {
    struct forest_ranks ranks;
    struct forest_tree *trees; /* by group, each group's in the loader's order:
                                * no sum depends on another group's trees */
    size_t n_trees;
    const struct walk_node *nodes; /* to walk, all trees' */
    const void *values;            /* of the leaves among them, in the dtype */
    const uint32_t *leaves;        /* linear: the forest's leaf, by node */
    const struct forest_eight *eights; /* (ceil(n_trees / 8)) */
    const uint32_t *sets;  /* words; NULL: there are no categories */
    size_t first_category; /* walk columns from here on are categories */
    size_t blend_rows;     /* from here on trees are blended; SIZE_MAX: never */
    bool is_walked;        /* some trees are walked even then */
};

/* Of a forest that passed the check. Errors: CLARY_UNSUPPORTED (over 65535
 * categories of one feature or columns of all), CLARY_NO_MEMORY. */
enum clary_status clary_forest_layout_new(
    struct clary_arena *arena, struct clary_arena *scratch,
    const struct clary_forest *forest, const struct forest_facts *facts,
    struct forest_layout *layout, struct clary_error *err) CLARY_MUST_USE;

/* --- forest_walk.c -------------------------------------------------------- */

/* at[l]: the leaf's node in tree l of the eight trees, of a row of ranks. */
void clary_forest_walk_trees(const struct forest_layout *layout, size_t eight,
                             const uint16_t *row, uint32_t *at);

/* at[l], l < WALK_LANES: the same of row first_row + l, l < n, in tree t, and
 * of the first row for l >= n. */
void clary_forest_walk_rows(const struct forest_layout *layout, size_t t,
                            const uint16_t *first_row, size_t n, uint32_t *at);

/* Where node `at` sends a row of ranks: its child or child + 1. */
uint32_t clary_forest_walk_step(const struct forest_layout *layout,
                                const uint16_t *row, uint32_t at);

/* --- op_forest.c ---------------------------------------------------------- */

/* Parameters of the op. */
struct forest_params {
    struct clary_forest forest;
    struct forest_facts facts;
    struct forest_layout layout;
};

/* --- forest_sums.c -------------------------------------------------------- */

/* sums (rows, n_groups), in the forest's dtype, from base or 0. */
void clary_forest_sums_begin(const struct clary_forest *forest, size_t rows,
                             void *sums);

/* Adds to the sums of one row x what trees first .. first + n - 1 give it; it
 * ends at node at[l] of tree first + l. */
void clary_forest_sums_add_trees(const struct forest_params *params,
                                 size_t first, size_t n, const uint32_t *at,
                                 const void *x, void *sums);

/* Adds to the sums of rows x, l < n, what tree t gives them; row l ends at
 * node at[l]. */
void clary_forest_sums_add_rows(const struct forest_params *params, size_t t,
                                size_t n, const uint32_t *at, const void *x,
                                void *sums);

/* Blended trees are added four at a time: a row's sum is read and written once
 * for them. */
#define FOREST_TOGETHER 4

/* The leaves of rows in some blended trees of one group. */
struct forest_labels {
    size_t n;
    const void *values[FOREST_TOGETHER]; /* by label */
    const uint8_t *labels;               /* (n, CLARY_BLEND_ROWS) */
};

/* Adds the trees' values to the sums of all rows. */
void clary_forest_sums_add_labels(const struct clary_forest *forest,
                                  const struct forest_labels *labels,
                                  size_t group, size_t rows, void *sums);

/* Base at the end, divisor. */
void clary_forest_sums_finish(const struct clary_forest *forest, size_t rows,
                              void *sums);

/* --- forest_shap.c -------------------------------------------------------- */

struct clary_shap;

/* Errors: CLARY_UNSUPPORTED (no covers, linear leaves, too deep),
 * CLARY_NO_MEMORY. */
enum clary_status clary_shap_new(struct clary_arena *arena,
                                 const struct forest_params *params,
                                 struct clary_shap **out,
                                 struct clary_error *err) CLARY_MUST_USE;

/* As in explain.h. */
double clary_shap_row_ns(const struct clary_shap *shap);
size_t clary_shap_scratch_bytes(const struct clary_shap *shap);

/* Rows at a time: a tree stays in the nearest caches for them. */
#define CLARY_SHAP_ROWS 8

/* contributions (rows, n_groups, n_features + 1), rows <= CLARY_SHAP_ROWS. */
void clary_shap_rows(const struct clary_shap *shap, const void *x, size_t rows,
                     void *scratch, double *contributions);

#endif
