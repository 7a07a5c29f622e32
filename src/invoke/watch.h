/* watch.h: what is odd about the values of decoded rows, column by column.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_INVOKE_WATCH_H
#define CLARY_INVOKE_WATCH_H

#include "data/rows.h"

#include <clary/arena.h>
#include <clary/invoke.h>

#include <stdbool.h>

/* Begin with zeros. */
struct clary_watch {
    const struct clary_ranges *ranges;  /* NULL: nothing is looked at */
    struct clary_column_counts *counts; /* (n_columns) */
    size_t n_columns;
    bool found; /* a count is not 0 */
};

/* `ranges` may be NULL. Errors: CLARY_NO_MEMORY. */
enum clary_status clary_watch_begin(struct clary_watch *watch,
                                    const struct clary_ranges *ranges,
                                    size_t n_columns, struct clary_arena *arena,
                                    struct clary_error *err) CLARY_MUST_USE;

/* The same ranges, with nothing found yet. */
void clary_watch_again(struct clary_watch *watch);

/* Looks at the rows held, before the model takes them. */
void clary_watch_rows(struct clary_watch *watch, const struct clary_rows *rows);

#endif
