/* golden.h: rows whose predictions are known, and how far a model is off.
 *
 * A golden file is CSV: the model's feature columns, then the numbers of its
 * outputs, both in the order of the signature. A first row without a number is
 * a header; its names do not matter, but none may be another column's. Numbers
 * are plain; nothing is quoted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_GOLDEN_H
#define SERVE_GOLDEN_H

#include <clary/invoke.h>
#include <clary/model.h>
#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>

/* The artifact's own golden file. */
#define GOLDEN_PATH "clary/golden.csv"

/* The largest of the differences, and where it is. */
struct golden_extreme {
    double difference;
    double want, got;
    size_t row;    /* 1-based row of the golden file, its header not counted;
                    * 0: there is no difference at all */
    size_t column; /* 1-based column of the outputs */
};

struct golden_result {
    double tolerance;
    size_t n_rows;
    size_t n_values;  /* compared */
    size_t n_outside; /* of them, further off than allowed */
    struct golden_extreme absolute, relative;
};

/* Scores the golden rows as one CSV request and compares. A value passes when
 * |got - want| <= tolerance + tolerance * |want|; NaN equals NaN.
 *
 *   errors   CLARY_BAD_INPUT: a golden row that is not one (named), or that
 *            the model refuses; those of an invocation
 */
enum clary_status golden_check(const struct clary_model *model,
                               const struct clary_invoke_options *options,
                               const char *text, size_t len, double tolerance,
                               struct golden_result *result,
                               struct clary_error *err) CLARY_MUST_USE;

/* What it takes for a model to be served whose artifact has golden rows. In the
 * order of CLARY_GOLDEN's words. */
enum golden_policy {
    GOLDEN_OFF,    /* nothing; they are not scored */
    GOLDEN_WARN,   /* nothing; a line of the log tells what is wrong */
    GOLDEN_REQUIRE /* that all agree */
};

/* How far off is wrong. A model that another library trained and scored on
 * another machine differs from it by its rounding, and a wrong one by more. */
#define GOLDEN_SERVED_TOLERANCE 1e-4

/* Scores the artifact's own golden rows, if it has any. CLARY_OK: the model may
 * be served.
 *
 *   errors   under GOLDEN_REQUIRE: CLARY_BAD_MODEL names the golden file, and
 *            what in it is no row or how far off the model is
 */
enum clary_status golden_enforce(const struct clary_model *model,
                                 const struct clary_invoke_options *options,
                                 enum golden_policy policy,
                                 struct clary_error *err) CLARY_MUST_USE;

/* Who is told what golden rows hold of the model's features. */
struct golden_visitor {
    void *context;
    /* Of the header. */
    void (*name)(void *context, size_t column, const char *name, size_t len);
    /* Of each row; a cell that is not a number is passed over. */
    void (*value)(void *context, size_t column, double value);
};

/* Walks through the first `n_features` columns. Does not ask whether the rows
 * are whole: golden_check does. */
void golden_walk(const char *text, size_t len, size_t n_features,
                 const struct golden_visitor *visitor);

#endif
