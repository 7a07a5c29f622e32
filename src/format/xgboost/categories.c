/* categories.c: the categories of XGBoost 3.1 and later, for a program.
 *
 * XGBoost codes the categories of a data frame itself and refuses those that
 * it does not know; so does a row of text here. Codes, as in an array, are
 * taken where no category is a number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/categories.h"

#include "data/categories.h"
#include "data/number.h"

#include <string.h>

static bool are_same(const struct clary_learner_categories *a,
                     const struct clary_learner_categories *b)
{
    if (a->column != b->column || a->names.n != b->names.n ||
        a->are_numbers != b->are_numbers)
        return false;
    for (size_t c = 0; c < a->names.n; c++)
        if (strcmp(a->names.names[c], b->names.names[c]) != 0)
            return false;
    return true;
}

static bool agree(const struct clary_learner *a, const struct clary_learner *b)
{
    if (a->n_categories != b->n_categories)
        return false;
    for (size_t i = 0; i < a->n_categories; i++)
        if (!are_same(&a->categories[i], &b->categories[i]))
            return false;
    return true;
}

static enum clary_status keep(const struct clary_learner_categories *from,
                              struct clary_arena *arena,
                              const struct clary_categories **out,
                              struct clary_error *err)
{
    const size_t n = from->names.n;
    struct clary_category *list = clary_arena_calloc(arena, n, sizeof *list);

    if (!list)
        return clary_no_memory(err);
    for (size_t c = 0; c < n; c++) {
        const char *name = from->names.names[c];

        list[c].text = clary_arena_strndup(arena, name, strlen(name));
        if (!list[c].text)
            return clary_no_memory(err);
        list[c].is_number =
            from->are_numbers &&
            clary_parse_double(name, strlen(name), &list[c].number) ==
                CLARY_NUMBER_OK;
    }
    return clary_categories_new(arena, list, n, false, out, err);
}

enum clary_status clary_learner_set_categories(
    struct clary_learner *const *learners, size_t n,
    struct clary_program *program, struct clary_arena *arena, bool *differ,
    struct clary_error *err)
{
    const struct clary_learner *first = learners[0];
    const struct clary_categories **columns;

    *differ = false;
    for (size_t i = 1; i < n; i++)
        *differ = *differ || !agree(first, learners[i]);
    if (*differ || first->n_categories == 0)
        return CLARY_OK;
    columns =
        clary_arena_calloc(arena, (size_t)first->n_features, sizeof *columns);
    if (!columns)
        return clary_no_memory(err);
    for (size_t i = 0; i < first->n_categories; i++) {
        const struct clary_learner_categories *categories =
            &first->categories[i];

        if (categories->column < (size_t)first->n_features)
            CLARY_TRY(
                keep(categories, arena, &columns[categories->column], err));
    }
    clary_program_set_categories(program, 0, columns);
    return CLARY_OK;
}
