/* learner.h: one XGBoost model, whatever file it came from.
 *
 *     learner_json.c    JSON and UBJSON, through events.h
 *     learner_binary.c  the binary format of XGBoost 0.x to 3.0
 *     learner_pickle.c  a Booster pickled by Python, around one of these
 *     learner.c         finds out which of them it is; keeps what they read
 *     learner_tree.c    nodes as XGBoost numbers them, to a forest's
 *     build.c           learners to the ops of a program
 *
 * Everything lives in the arena that clary_learner_read gets (the load's
 * temporary one), and ends with it; but the forest, which grows where it stays,
 * so that a load takes no more memory than the model and one tree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_LEARNER_H
#define CLARY_FORMAT_XGBOOST_LEARNER_H

#include "program/forest.h"

/* Columns of one model: above any that a row of CSV can carry. */
#define CLARY_LEARNER_FEATURES (1u << 24)

/* Codes of categories are below: XGBoost takes a larger one as unseen. */
#define CLARY_LEARNER_CATEGORIES (1u << 24)

/* Strings in their order; NULL where one is not known. */
struct clary_learner_names {
    char **names;
    size_t n;
};

/* Categories of one column: code c stands for name[c]. */
struct clary_learner_categories {
    size_t column;
    struct clary_learner_names names;
    bool are_numbers; /* the names are digits */
};

/* A list that grows; see clary_learner_room. */
struct clary_learner_list {
    void *data;
    size_t n, capacity;
    struct clary_arena *arena; /* NULL: the learner's */
};

struct clary_learner {
    struct clary_arena *arena;
    struct clary_arena *kept;    /* for the forest: of the program */
    struct clary_arena *scratch; /* for one tree at a time */
    const char *name;            /* of the file, for messages */
    int64_t version[3];          /* of XGBoost that wrote it; 0.x: all 0 */
    const char *objective;       /* "binary:logistic"; NULL: not read */
    const char *booster;         /* "gbtree", "dart", "gblinear" */
    int64_t n_features, n_classes, n_targets;
    const float *base_score; /* as the file states it */
    size_t n_base_score;
    int64_t parallel_trees; /* trees of one round and group */
    int64_t best_trees;     /* best_ntree_limit: rounds times parallel_trees
                             * to use; 0: not stated */
    int64_t best_iteration; /* -1: not stated */
    struct clary_learner_names feature_names, feature_types;
    struct clary_learner_categories *categories;
    size_t n_categories;
    bool is_margin; /* base_score is already a margin (XGBoost 0.x) */

    /* gbtree, dart; the lists are kept */
    struct clary_learner_list nodes;  /* struct clary_forest_node */
    struct clary_learner_list leaves; /* double */
    struct clary_learner_list covers; /* float, of leaves */
    struct clary_learner_list sets;   /* struct clary_category_set */
    struct clary_learner_list roots;  /* int32_t; n is the number of trees */
    int64_t n_features_read;          /* highest feature that a node reads,
                                       * and one */
    int32_t *groups;                  /* tree_info */
    size_t n_groups;
    float *weights; /* dart: weight_drop */
    size_t n_weights;

    /* gblinear: (n_features + 1, groups), the bias last */
    float *linear;
    size_t n_linear;
};

/* One tree as XGBoost stores it. Node 0 is the root; a node whose left child
 * is -1 is a leaf, whose value stands in place of its threshold. Nodes that no
 * one leads to were pruned. */
struct clary_learner_tree {
    size_t n;
    const int32_t *left, *right; /* (n) */
    const int32_t *features;     /* (n) */
    const float *thresholds;     /* (n) */
    const uint8_t *default_left; /* (n) */
    const uint8_t *is_category;  /* (n) or NULL: no node is */
    const float *covers;         /* (n) or NULL */
    const int32_t *categories;   /* (n_categories) codes, node by node */
    size_t n_categories;
    const int32_t *category_nodes;  /* (n_category_nodes) ascending */
    const int64_t *category_begins; /* where a node's codes begin */
    const int64_t *category_counts;
    size_t n_category_nodes;
};

/* Reads the model in `bytes`, whichever encoding it is.
 *
 *   kept     for what a forest is made of
 *   scratch  reset while it reads, empty at the end
 *   name     of the file, for messages
 *   errors   CLARY_BAD_MODEL (damaged: what and where), CLARY_UNSUPPORTED
 *            (named, and what would work), CLARY_NO_MEMORY
 */
enum clary_status clary_learner_read(struct clary_arena *arena,
                                     struct clary_arena *kept,
                                     struct clary_arena *scratch,
                                     const char *name, const void *bytes,
                                     size_t len, struct clary_learner **out,
                                     struct clary_error *err) CLARY_MUST_USE;

/* Whether the bytes begin like a model; cheap. A pickle does if it names
 * xgboost at its beginning. */
bool clary_learner_probe(const void *bytes, size_t len);

/* Whether they begin like a pickle, of anything. */
bool clary_learner_is_pickle(const void *bytes, size_t len);

/* --- for the readers ---------------------------------------------------- */

/* A model that is no pickle. */
enum clary_status clary_learner_read_plain(struct clary_learner *learner,
                                           const void *bytes, size_t len,
                                           struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_learner_read_json(struct clary_learner *learner,
                                          const void *bytes, size_t len,
                                          bool is_ubjson,
                                          struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_learner_read_binary(struct clary_learner *learner,
                                            const void *bytes, size_t len,
                                            struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_learner_read_pickle(struct clary_learner *learner,
                                            const void *bytes, size_t len,
                                            struct clary_error *err)
    CLARY_MUST_USE;

bool clary_learner_probe_binary(const void *bytes, size_t len);
bool clary_learner_probe_pickle(const void *bytes, size_t len);

/* Room for `more` elements of `size` bytes behind the n that a list holds, not
 * cleared; the caller counts them in n. NULL: no memory. */
void *clary_learner_room(struct clary_learner *learner,
                         struct clary_learner_list *list, size_t more,
                         size_t size);

/* Makes room for the forest of a file of `len` bytes, of which a node takes at
 * least `node_bytes`: lists that grow leave what they outgrow behind. Room that
 * is not used is not touched, and so takes no memory. */
void clary_learner_expect(struct clary_learner *learner, size_t len,
                          size_t node_bytes);

/* Takes base_score from "5E-1" or "[1E0,2E0]". */
enum clary_status clary_learner_set_base(struct clary_learner *learner,
                                         const char *text,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* Takes an attribute of the model: best_ntree_limit, best_iteration; all
 * others are passed over. */
void clary_learner_set_attribute(struct clary_learner *learner, const char *key,
                                 const char *value);

/* Appends a tree. Errors: CLARY_BAD_MODEL names tree and node. */
enum clary_status clary_learner_add_tree(struct clary_learner *learner,
                                         const struct clary_learner_tree *tree,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* Fails with the name of the file in front. */
enum clary_status clary_learner_fail(const struct clary_learner *learner,
                                     enum clary_status status,
                                     struct clary_error *err,
                                     const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
