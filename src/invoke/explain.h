/* explain.h: contributions beside the outputs of an invocation.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_INVOKE_EXPLAIN_H
#define CLARY_INVOKE_EXPLAIN_H

#include "data/rows.h"
#include "invoke/model.h"

#include <clary/arena.h>
#include <clary/invoke.h>

/* Of one invocation. */
struct clary_explaining {
    const struct clary_explainer *explainer; /* NULL: nothing is explained */
    const struct clary_team *team;           /* NULL: this thread alone */
    struct clary_field *fields; /* the model's outputs and contributions */
    void **data;                /* blocks of these */
    void *contributions;        /* the last of them */
    char *scratch;              /* for n_parts at once */
    size_t scratch_bytes;       /* of one part */
    size_t n_parts;
    const struct clary_rows *in; /* while a block is explained */
};

/* Explains the rows of an invocation from now on: `rows`, its result, gets one
 * more field. `in` gets a smaller capacity where explaining takes long, so
 * that a block is never more than some milliseconds of work or one row a
 * thread.
 *
 *   team     may be NULL; must outlive the invocation
 *   errors   CLARY_BAD_INPUT (the model has no contributions: says why),
 *            CLARY_NO_MEMORY
 */
enum clary_status clary_explaining_begin(
    struct clary_explaining *explaining, const struct clary_model *model,
    const struct clary_team *team, struct clary_arena *arena,
    struct clary_rows *in, struct clary_rows *result, struct clary_error *err)
    CLARY_MUST_USE;

/* Fills the contributions of the rows held in `in`. */
void clary_explaining_run(struct clary_explaining *explaining,
                          const struct clary_rows *in);

#endif
