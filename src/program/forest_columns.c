/* forest_columns.c: which columns of ranks the nodes of a forest read.
 *
 * Tests: tests/unit/test_forest.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "program/forest_impl.h"

enum { SIDES = 2 };

/* Runs of thresholds of a source; the ranks of categories are not cut. */
static size_t n_runs(const struct forest_source *source, size_t span)
{
    return source->is_category ? 1 : (source->n_thresholds + span - 1) / span;
}

enum clary_status clary_forest_columns_plan(struct clary_arena *scratch,
                                            const struct forest_ranks *ranks,
                                            size_t span,
                                            struct forest_column_plan *plan,
                                            struct clary_error *err)
{
    size_t n = 0;

    plan->span = span;
    plan->first =
        clary_arena_calloc(scratch, ranks->n_sources + 1, sizeof *plan->first);
    if (!plan->first)
        return clary_no_memory(err);
    for (size_t s = 0; s < ranks->n_sources; s++) {
        n += SIDES * n_runs(&ranks->sources[s], span);
        plan->first[s + 1] = n;
    }
    plan->id = clary_arena_calloc(scratch, n, sizeof *plan->id);
    if (!plan->id)
        return clary_no_memory(err);
    for (size_t i = 0; i < n; i++)
        plan->id[i] = FOREST_NO_COLUMN;
    return CLARY_OK;
}

uint32_t *clary_forest_column(const struct forest_column_plan *plan,
                              const struct forest_place *place,
                              bool missing_left)
{
    return &plan->id[plan->first[place->source] +
                     SIDES * (place->rank / plan->span) + missing_left];
}

enum clary_status clary_forest_columns_number(
    struct clary_arena *arena, const struct forest_ranks *ranks,
    const struct forest_column_plan *plan, struct forest_columns *out,
    struct clary_error *err)
{
    const size_t n_ids = plan->first[ranks->n_sources];
    size_t n = 0;

    for (size_t i = 0; i < n_ids; i++)
        n += plan->id[i] != FOREST_NO_COLUMN;
    out->n = n;
    out->all = clary_arena_calloc(arena, n, sizeof *out->all);
    out->first =
        clary_arena_calloc(arena, ranks->n_sources + 1, sizeof *out->first);
    if (!out->all || !out->first)
        return clary_no_memory(err);
    n = 0;
    for (size_t s = 0; s < ranks->n_sources; s++) {
        uint32_t *id = plan->id + plan->first[s];

        for (size_t i = 0; i < plan->first[s + 1] - plan->first[s]; i++) {
            if (id[i] == FOREST_NO_COLUMN)
                continue;
            id[i] = (uint32_t)n;
            out->all[n++] = (struct forest_column){
                (uint32_t)(i / SIDES * plan->span), i % SIDES != 0};
        }
        out->first[s + 1] = (uint32_t)n;
    }
    return CLARY_OK;
}
