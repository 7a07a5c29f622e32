/* explain.h: how much each feature adds to the margins of a row.
 *
 *   trees    exact Shapley values, where a feature that is not known goes both
 *            ways in proportion to the covers (the libraries' pred_contribs,
 *            pred_contrib): forest_shap.c
 *   linear   x * weight, 0 for a missing x (XGBoost's gblinear)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_EXPLAIN_H
#define CLARY_PROGRAM_EXPLAIN_H

#include "program/program.h"

/* A linear model whose ops are in a program, for its explanations only. */
struct clary_linear {
    uint32_t input; /* value: (1, n_features) per row, F32 */
    size_t n_features, n_groups;
    const float *weights; /* (n_groups, n_features) */
    const float *biases;  /* (n_groups), base_score included */
};

/* Tells of a linear model; all of it must live as long as the program's
 * arena. */
void clary_program_tell_linear(struct clary_program *program,
                               const struct clary_linear *linear);

struct clary_explainer;

/* Prepares the explanations of a finished program's forest, or linear model,
 * which must be its only one and read an input of the program as it is.
 *
 *   out     lives in `arena`, refers to the program
 *   errors  CLARY_UNSUPPORTED (no such model or several, no covers, linear
 *           leaves, trees deeper than 512 nodes), CLARY_NO_MEMORY
 */
enum clary_status clary_explainer_new(struct clary_arena *arena,
                                      const struct clary_program *program,
                                      struct clary_explainer **out,
                                      struct clary_error *err) CLARY_MUST_USE;

/* The contributions of one row as an output, "contributions":
 * (n_groups, n_features + 1), without the first for one group, in the dtype of
 * the model. */
const struct clary_field *clary_explainer_field(
    const struct clary_explainer *explainer);

/* The input of the program that is explained. */
size_t clary_explainer_input(const struct clary_explainer *explainer);

/* About what explaining a row costs, in nanoseconds. */
double clary_explainer_row_ns(const struct clary_explainer *explainer);

/* Working memory of clary_explain, for any number of rows. */
size_t clary_explainer_scratch_bytes(const struct clary_explainer *explainer);

/* Explains `rows` rows.
 *
 *   x              (rows, n_features), the input, in its dtype
 *   scratch        clary_explainer_scratch_bytes, aligned as by an arena
 *   contributions  (rows, n_groups, n_features + 1), in the dtype: of each
 *                  feature, then what the margin is on average (the base
 *                  included); they add up to the margin but for rounding (of
 *                  a forest with a divisor: to the sum before it, LightGBM's
 *                  raw score). A row's bits do not depend on those beside it
 *   threads        any number at once, each with its scratch
 */
void clary_explain(const struct clary_explainer *explainer, const void *x,
                   size_t rows, void *scratch, void *contributions);

#endif
