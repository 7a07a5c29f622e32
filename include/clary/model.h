/* model.h: one loaded artifact.
 *
 * A model is immutable after clary_model_load: any number of threads may run
 * it at once with no lock. It owns all its memory; every pointer that these
 * functions return lives until clary_model_free.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_MODEL_H
#define CLARY_MODEL_H

#include <clary/status.h>
#include <clary/tensor.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct clary_model;

/* Which trees of an XGBoost model answer, where early stopping left more than
 * the best. */
enum clary_trees {
    CLARY_TREES_AUTO, /* as in SageMaker's container: those up to
                       * best_ntree_limit where the model states it */
    CLARY_TREES_BEST, /* those up to best_iteration too */
    CLARY_TREES_ALL,
    CLARY_TREES_COUNT
};

/* How to load, and limits on what it may cost. Zero takes the default. */
struct clary_load_options {
    size_t max_artifact_bytes; /* unpacked; default 2 GiB */
    size_t max_model_bytes;    /* memory of the model; default 4 GiB */
    const char *name;          /* of the model; NULL: the artifact's */
    enum clary_trees trees;
    bool alone; /* of several XGBoost models in a folder the first by name
                 * answers, not all together */
};

/* What clary_model_info tells. */
struct clary_model_info {
    const char *name;      /* name of the model: "model", "Servo" */
    int64_t version;       /* version directory; 1 where there is none */
    const char *format;    /* "TensorFlow SavedModel" */
    const char *framework; /* "TensorFlow 2.18.1"; "" when not stated */
    const char *style;     /* wire style of the container that served it:
                            * "tfserving", "plain" */
    const char *sha256;    /* hex; of the listing of all files, so that a
                            * directory and its tar.gz agree (artifact.h) */
    size_t artifact_bytes; /* sum of the sizes of the files */
    size_t n_files;
    size_t n_parameters; /* numbers in the constants that the ops read */
    size_t n_ops;
    size_t n_nodes; /* nodes of the graph that were read, before
                     * folding and fusing */
    size_t scratch_bytes_per_row;
    size_t block_rows; /* rows that one pass over the ops takes */
    const char *notes; /* remarks of the loader, one a line; may be "" */
};

/* What the artifact says of itself: "objective", "base_score". */
struct clary_fact {
    const char *name;  /* lower case, '_' between words */
    const char *value; /* as text; a number as JSON has it */
};

/* The decision trees of a model, those of all its forests. */
struct clary_trees_info {
    size_t n_trees; /* that are used; 0: it has none */
    size_t depth;   /* of the deepest: splits on the way to a leaf */
    size_t n_leaves, n_splits;
    size_t n_columns;      /* of a row */
    size_t n_columns_used; /* that some split asks for */
    /* columns that some split asks for and in which ... */
    size_t n_missing_nan;  /* ... a missing value is NaN */
    size_t n_missing_zero; /* ... it is NaN or 0 */
    size_t n_missing_none; /* ... nothing is missing: NaN is taken as 0, or is
                            * no category */
};

/* One op of the program after optimising, for people. */
struct clary_op_info {
    const char *kind;    /* "dense" */
    const char *name;    /* name of the node it came from */
    const char *details; /* "8 -> 64, relu" */
    size_t n_parameters; /* numbers in its constant inputs */
};

/* Loads the artifact at `path`: a directory, a .tar.gz or one model file.
 *
 *   options   NULL: defaults
 *   out       the model; free with clary_model_free
 *   errors    CLARY_IO (cannot be read), CLARY_BAD_MODEL (damaged, or no
 *             model in it: the message says what was found and expected),
 *             CLARY_UNSUPPORTED (the op, node or form that is not known, and
 *             what would work), CLARY_TOO_LARGE, CLARY_NO_MEMORY
 *   threads   any number at once, after clary_init
 */
enum clary_status clary_model_load(const char *path,
                                   const struct clary_load_options *options,
                                   struct clary_model **out,
                                   struct clary_error *err) CLARY_MUST_USE
    __attribute__((nonnull(1, 3, 4)));

/* NULL is allowed. No invocation may be running on it. */
void clary_model_free(struct clary_model *model);

const struct clary_signature *clary_model_signature(
    const struct clary_model *model) __attribute__((nonnull));

void clary_model_info(const struct clary_model *model,
                      struct clary_model_info *info) __attribute__((nonnull));

/* The facts, in the order of their importance. */
const struct clary_fact *clary_model_facts(const struct clary_model *model,
                                           size_t *n) __attribute__((nonnull));

/* False: the model has no trees. */
bool clary_model_trees(const struct clary_model *model,
                       struct clary_trees_info *info) __attribute__((nonnull));

/* `index` < n_ops. */
void clary_model_op_info(const struct clary_model *model, size_t index,
                         struct clary_op_info *info) __attribute__((nonnull));

/* The output that an invocation with CLARY_EXPLAIN_SHAP has besides the
 * signature's, "contributions": (n_groups, n_columns + 1), without the first
 * for a model of one margin; what each column, in order, adds to the margin,
 * then what the margin is on average. They add up to the margin but for
 * rounding; of a random forest of LightGBM to the sum of its trees, not to
 * their mean, as in LightGBM.
 *
 *   out     lives as long as the model
 *   errors  CLARY_UNSUPPORTED says what the model lacks for it
 */
enum clary_status clary_model_contributions(const struct clary_model *model,
                                            const struct clary_field **out,
                                            struct clary_error *err)
    CLARY_MUST_USE __attribute__((nonnull));

/* About what explaining a row costs on one core, in nanoseconds; 0: it cannot
 * be done. */
double clary_model_explanation_ns(const struct clary_model *model)
    __attribute__((nonnull));

/* A file of the artifact by its path inside it ("clary/golden.csv"); false if
 * there is none. The bytes are not NUL-terminated. */
int clary_model_file(const struct clary_model *model, const char *path,
                     const char **bytes, size_t *len) __attribute__((nonnull));

#endif
