/* categories.h: the categories of XGBoost 3.1 and later, for a program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_CATEGORIES_H
#define CLARY_FORMAT_XGBOOST_CATEGORIES_H

#include "format/xgboost/learner.h"

/* Tells the program of the categories of its first input. Models that answer
 * together must all have the same; `differ` says that they do not, and rows
 * must give codes, whatever these mean to each.
 *
 *   arena   the program's
 *   errors  CLARY_NO_MEMORY
 */
enum clary_status clary_learner_set_categories(
    struct clary_learner *const *learners, size_t n,
    struct clary_program *program, struct clary_arena *arena, bool *differ,
    struct clary_error *err) CLARY_MUST_USE;

#endif
