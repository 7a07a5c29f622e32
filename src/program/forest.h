/* forest.h: decision trees, as a loader states them.
 *
 * One description for all libraries; op_forest.c turns it into the layout that
 * the kernels walk. A loader fills a `struct clary_forest` and adds it to the
 * program with clary_forest_add; it has no evaluator of its own.
 *
 *            node 0: x[3] < 2.5 ?
 *              /            \            a child c >= 0 is node c,
 *        node 1: ...      ~c: leaf c     a child c < 0 is leaf ~c
 *
 * The margins of a row, (n_groups), are computed in one stated order, in
 * `dtype`, so that they are bit-identical to the library of origin:
 *
 *     sum[g] = base[g]              when base_first, else 0
 *     for every tree t in order:    sum[group[t]] += leaf value (* weight[t])
 *     sum[g] = sum[g] + base[g]     when !base_first
 *     sum[g] = sum[g] / divisor     when divisor != 0
 *
 * memory: arrays belong to the caller and must live as long as the program's
 * arena; clary_forest_add copies what it keeps.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_FOREST_H
#define CLARY_PROGRAM_FOREST_H

#include "program/program.h"

/* How a node's feature value x is compared with its threshold t. */
enum clary_split {
    CLARY_SPLIT_LESS,       /* x < t goes left (XGBoost) */
    CLARY_SPLIT_LESS_EQUAL, /* x <= t goes left (LightGBM, scikit-learn) */
    CLARY_SPLIT_CATEGORY    /* x, truncated, is in the node's set: goes left;
                             * negative or past the set: goes right. -0.5 is
                             * negative in F32 (XGBoost) and truncates to 0
                             * in F64 (LightGBM) */
};

/* What counts as missing at a node; missing goes to the default side. */
enum clary_missing {
    CLARY_MISSING_NAN,  /* NaN is missing */
    CLARY_MISSING_ZERO, /* |x| <= 1e-35f and NaN are missing (LightGBM) */
    CLARY_MISSING_NONE  /* nothing is: NaN is taken as 0.0 (LightGBM); of a
                         * CATEGORY node NaN goes to the default side */
};

struct clary_forest_node {
    double threshold;    /* exact in `dtype` */
    int32_t left, right; /* node, or ~leaf */
    uint32_t feature;    /* column of the input */
    uint32_t category;   /* CATEGORY: the set, an index into `sets` */
    uint8_t split;       /* enum clary_split */
    uint8_t missing;     /* enum clary_missing */
    bool default_left;
    float cover; /* rows or hessian that came here in training, for
                  * explanations; 0: not stated */
};

/* A set of categories: bit c of words[c / 32]. */
struct clary_category_set {
    const uint32_t *words;
    uint32_t n_words;
};

/* A linear model in a leaf (LightGBM linear_tree): constant + sum of
 * coefficient * x over `features`, in their order; the plain leaf value where
 * one of them is NaN. F64 only. */
struct clary_linear_leaf {
    double constant;
    const uint32_t *features; /* NULL with n_features 0: constant alone */
    const double *coefficients;
    uint32_t n_features;
};

struct clary_forest {
    enum clary_dtype dtype; /* F32: inputs, thresholds, leaves and sums are
                             * float (XGBoost); F64: double (LightGBM) */
    size_t n_features;      /* columns of the input */
    size_t n_groups;        /* margins a row */
    size_t n_trees;

    const struct clary_forest_node *nodes; /* all trees' nodes */
    size_t n_nodes;
    const double *leaves;                   /* all trees' leaf values */
    const float *leaf_covers;               /* NULL: not stated */
    const struct clary_linear_leaf *linear; /* (n_leaves) or NULL */
    size_t n_leaves;
    const struct clary_category_set *sets;
    size_t n_sets;

    const int32_t *roots;   /* (n_trees): node, or ~leaf of a tree without
                             * nodes */
    const uint32_t *groups; /* (n_trees) */
    const double *weights;  /* (n_trees), dart; NULL: all 1 */
    const double *base;     /* (n_groups) */
    bool base_first;
    double divisor; /* 0: none */
};

/* Checks the forest (indices, cycles, shared nodes, depth, sizes) and adds the
 * op `forest`: `input` is (1, n_features) per row in the forest's dtype, `out`
 * (1, n_groups) margins.
 *
 *   name    for messages: "xgboost-model"
 *   errors  CLARY_BAD_MODEL names tree and node; CLARY_NO_MEMORY
 */
enum clary_status clary_forest_add(struct clary_program *program,
                                   const char *name,
                                   const struct clary_forest *forest,
                                   uint32_t input, uint32_t *out,
                                   struct clary_error *err) CLARY_MUST_USE;

#endif
