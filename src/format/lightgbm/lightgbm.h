/* lightgbm.h: one LightGBM text model while it is read.
 *
 *     text.c        lines, keys and numbers of the file
 *     header.c      what stands above the first tree
 *     tree.h        trees, to a forest
 *     categories.c  what stands below the last one
 *     objective.c   from margins to predictions
 *     lightgbm.c    finds the file, builds the program
 *
 *     tree                        a line that says what it is
 *     version=v4                  v2: 2017, v3: 2019, v4: 2022
 *     key=value                   and one without a value: average_output
 *                                 blank
 *     Tree=0
 *     key=value value value       arrays of num_leaves or num_leaves - 1
 *                                 blank, and on to Tree=1
 *     end of trees
 *     feature_importances:, parameters: [key: value], pandas_categorical:[...]
 *
 * Views point into the artifact's file. Memory: see each member.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_LIGHTGBM_LIGHTGBM_H
#define CLARY_FORMAT_LIGHTGBM_LIGHTGBM_H

#include "program/forest.h"

/* Columns of one model: above any that a row of CSV can carry. */
#define CLARY_LIGHTGBM_FEATURES (1u << 24)

/* Bytes at..end of the file; at is NULL where a key is absent. */
struct clary_text {
    const char *at, *end;
};

enum clary_lightgbm_key {
    CLARY_LIGHTGBM_VERSION,
    CLARY_LIGHTGBM_NUM_CLASS,
    CLARY_LIGHTGBM_TREES_PER_ITERATION,
    CLARY_LIGHTGBM_MAX_FEATURE,
    CLARY_LIGHTGBM_OBJECTIVE,
    CLARY_LIGHTGBM_AVERAGE_OUTPUT,
    CLARY_LIGHTGBM_FEATURE_NAMES,
    CLARY_LIGHTGBM_FEATURE_INFOS,
    CLARY_LIGHTGBM_TREE_SIZES,
    CLARY_LIGHTGBM_N_KEYS
};

/* Categories of one column, by code. pandas makes codes of any value. */
struct clary_lightgbm_categories {
    size_t column;
    struct clary_category *list; /* (n); text NULL: null */
    size_t n;
};

struct clary_lightgbm {
    const char *name;              /* path of the file, for messages */
    struct clary_text rest;        /* what is not read yet */
    struct clary_arena *arena;     /* of the model */
    struct clary_arena *temporary; /* of the load */

    /* header.c */
    struct clary_text header[CLARY_LIGHTGBM_N_KEYS];
    unsigned version; /* 2, 3 or 4 */
    size_t n_features;
    size_t n_groups;    /* trees an iteration, margins a row */
    const char **names; /* (n_features), in `arena` */

    /* tree.h; arrays in `arena` */
    struct clary_forest forest;
    bool says_linear; /* trees say whether they are, as since 3.2 */

    /* categories.c; in `arena` */
    struct clary_lightgbm_categories *categories;
    size_t n_categories;
    bool categories_lack_columns; /* which columns they are is not stated */
};

/* --- text.c -------------------------------------------------------------- */

/* Takes the next line off `text`, without its end (LF or CR LF); false when
 * nothing is left. */
bool clary_text_line(struct clary_text *text, struct clary_text *line);

/* Takes the next word off `text`, up to a blank; false when none is left. */
bool clary_text_word(struct clary_text *text, struct clary_text *word);

bool clary_text_is(const struct clary_text *text, const char *what);
bool clary_text_begins(const struct clary_text *text, const char *what);

/* Whether the line is `key=value`, or `key` alone, for one of `keys`; sets
 * that one's value. */
bool clary_text_key(const struct clary_text *line, const char *const *keys,
                    size_t n_keys, struct clary_text *values);

/* All of `text` as an integer. */
bool clary_text_integer(const struct clary_text *text, int64_t *value);

/* All of `text` as a double, as strtod reads it: correctly rounded, past the
 * range an infinity; inf and nan in any case. */
bool clary_text_double(const struct clary_text *text, double *value);

/* Numbers of one line, read one by one. */
struct clary_numbers {
    const struct clary_lightgbm *model;
    size_t tree; /* for messages; SIZE_MAX: the header's */
    const char *key;
    struct clary_text text;
    size_t i, n; /* read, and to be read */
};

/* The next of n; the last one must be the line's last. Errors: CLARY_BAD_MODEL
 * says where and what. */
enum clary_status clary_numbers_integer(struct clary_numbers *numbers,
                                        int64_t least, int64_t most,
                                        int64_t *value, struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_numbers_double(struct clary_numbers *numbers,
                                       double *value, struct clary_error *err)
    CLARY_MUST_USE;

/* --- the parts of the file ----------------------------------------------- */

/* Reads lines up to the first tree. Errors: CLARY_BAD_MODEL,
 * CLARY_UNSUPPORTED (a version that is not known), CLARY_NO_MEMORY. */
enum clary_status clary_lightgbm_read_header(struct clary_lightgbm *model,
                                             struct clary_error *err)
    CLARY_MUST_USE;

/* Reads the trees, and the line that ends them. */
enum clary_status clary_lightgbm_read_trees(struct clary_lightgbm *model,
                                            struct clary_error *err)
    CLARY_MUST_USE;

/* Reads the rest for the categories of pandas. */
enum clary_status clary_lightgbm_read_categories(struct clary_lightgbm *model,
                                                 struct clary_error *err)
    CLARY_MUST_USE;

/* Tells the program of them, for its first input. */
enum clary_status clary_lightgbm_set_categories(
    const struct clary_lightgbm *model, struct clary_program *program,
    struct clary_error *err) CLARY_MUST_USE;

/* Adds the ops that make predictions of `margins`, (1, n_groups) a row, as the
 * objective does.
 *
 *   objective             its text ("binary sigmoid:1"), in the model's arena;
 *                         "custom" where the model names none
 *   averages_predictions  the trees hold predictions already (a random forest
 *                         of LightGBM 2.2 and before)
 *   errors                CLARY_BAD_MODEL, CLARY_UNSUPPORTED (named),
 *                         CLARY_NO_MEMORY
 */
enum clary_status clary_lightgbm_add_objective(
    const struct clary_lightgbm *model, struct clary_program *program,
    uint32_t margins, uint32_t *out, bool *averages_predictions,
    const char **objective, struct clary_error *err) CLARY_MUST_USE;

/* Fails with the name of the file in front. */
enum clary_status clary_lightgbm_fail(const struct clary_lightgbm *model,
                                      enum clary_status status,
                                      struct clary_error *err,
                                      const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
