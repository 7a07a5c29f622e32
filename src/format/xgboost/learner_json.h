/* learner_json.h: what the files that read JSON-shaped models share.
 *
 * An object is read by a table of its members; members that the table does not
 * name are skipped, so that a newer XGBoost may add some.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_LEARNER_JSON_H
#define CLARY_FORMAT_XGBOOST_LEARNER_JSON_H

#include "format/xgboost/events.h"
#include "format/xgboost/learner.h"

struct clary_learner_reader {
    struct clary_learner *learner;
    struct clary_events events;
    bool has_learner; /* a document holds one model */
    bool has_trees;
    void *object; /* what the members of the innermost object go into */
};

typedef enum clary_status clary_member_read(struct clary_learner_reader *reader,
                                            struct clary_error *err);

struct clary_member {
    const char *key; /* NULL: the end of the table */
    clary_member_read *read;
};

/* Reads an object; `what` it is, for messages. */
enum clary_status clary_members_read(struct clary_learner_reader *reader,
                                     const char *what,
                                     const struct clary_member *members,
                                     struct clary_error *err) CLARY_MUST_USE;

/* The same behind the bracket that opens it. */
enum clary_status clary_members_read_on(struct clary_learner_reader *reader,
                                        const struct clary_member *members,
                                        struct clary_error *err) CLARY_MUST_USE;

/* Reads a number, quoted or not, that is at least 0. */
enum clary_status clary_member_count(struct clary_learner_reader *reader,
                                     const char *what, int64_t *value,
                                     struct clary_error *err) CLARY_MUST_USE;

/* The members "trees" and "cats" of a tree booster's model. */
enum clary_status clary_member_trees(struct clary_learner_reader *reader,
                                     struct clary_error *err) CLARY_MUST_USE;
enum clary_status clary_member_cats(struct clary_learner_reader *reader,
                                    struct clary_error *err) CLARY_MUST_USE;

#endif
