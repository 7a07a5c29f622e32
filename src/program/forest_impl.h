/* forest_impl.h: what the files of the forest share.
 *
 *   forest_check.c   refuses what cannot be walked
 *   op_forest.c      adds the op, runs it
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_PROGRAM_FOREST_IMPL_H
#define CLARY_PROGRAM_FOREST_IMPL_H

#include "program/forest.h"

/* Nodes on the way from a root to a leaf. Trained trees stay far below it. */
#define CLARY_FOREST_MAX_DEPTH 4096

/* What a forest that passed the check is like. */
struct clary_forest_facts {
    size_t depth;    /* of the deepest tree: nodes on the way to a leaf */
    size_t n_nodes;  /* that a root leads to */
    size_t n_leaves;
};

/* Whether the forest is one: every index in range, no node or leaf reached
 * twice (so no cycle), depth bounded, thresholds exact in the dtype.
 *
 *   arena   scratch, rewound before it returns
 *   errors  CLARY_BAD_MODEL names tree and node; CLARY_NO_MEMORY
 */
enum clary_status clary_forest_check(struct clary_arena *arena,
                                     const char *name,
                                     const struct clary_forest *forest,
                                     struct clary_forest_facts *facts,
                                     struct clary_error *err) CLARY_MUST_USE;

#endif
