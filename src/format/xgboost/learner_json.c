/* learner_json.c: a model in JSON or UBJSON.
 *
 *     {"learner": {"attributes": {...}, "feature_names": [...],
 *                  "feature_types": [...],
 *                  "gradient_booster": {"name": "gbtree", "model": {
 *                      "gbtree_model_param": {...}, "tree_info": [...],
 *                      "trees": [...], "cats": {...}}},
 *                  "learner_model_param": {"base_score": "5E-1", ...},
 *                  "objective": {"name": "binary:logistic", ...}},
 *      "version": [1, 7, 6]}
 *
 *   gblinear  "model": {"weights": [...]}
 *   dart      "gradient_booster": {"name": "dart", "weight_drop": [...],
 *             "gbtree": {"model": ...}}; from 3.4 on "weight_drop" stands in
 *             the "model" of a "gbtree"
 *   pickled   {"Config": {...}, "Model": {"learner": ..., "version": ...}}
 *
 * The order of members is free. Parameters are numbers in quotes.
 *
 *   source https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner_json.h"

#include <string.h>

/* What a node takes in a file that XGBoost writes: ten arrays have an element
 * for each, in UBJSON of 34 bytes. */
enum { JSON_NODE_BYTES = 40, UBJSON_NODE_BYTES = 34 };

enum clary_status clary_members_read(struct clary_learner_reader *reader,
                                     const char *what,
                                     const struct clary_member *members,
                                     struct clary_error *err)
{
    struct clary_event event;

    CLARY_TRY(clary_events_expect(&reader->events, CLARY_EVENT_OBJECT, what,
                                  &event, err));
    return clary_members_read_on(reader, members, err);
}

enum clary_status clary_members_read_on(struct clary_learner_reader *reader,
                                        const struct clary_member *members,
                                        struct clary_error *err)
{
    for (;;) {
        const struct clary_member *member = members;
        struct clary_event event;

        CLARY_TRY(clary_events_next(&reader->events, &event, err));
        if (event.kind == CLARY_EVENT_OBJECT_END)
            return CLARY_OK;
        while (member->key && !clary_event_is(&event, member->key))
            member++;
        CLARY_TRY(member->key ? member->read(reader, err)
                              : clary_events_skip(&reader->events, err));
    }
}

enum clary_status clary_member_count(struct clary_learner_reader *reader,
                                     const char *what, int64_t *value,
                                     struct clary_error *err)
{
    struct clary_event event;

    CLARY_TRY(clary_events_next(&reader->events, &event, err));
    CLARY_TRY(clary_event_int64(&reader->events, &event, value, err));
    if (*value < 0)
        return clary_events_fail(&reader->events, err, "%s is %lld", what,
                                 (long long)*value);
    return CLARY_OK;
}

static enum clary_status read_string(struct clary_learner_reader *reader,
                                     const char *what, char **out,
                                     struct clary_error *err)
{
    struct clary_event event;

    CLARY_TRY(clary_events_expect(&reader->events, CLARY_EVENT_TEXT, what,
                                  &event, err));
    return clary_event_string(&reader->events, &event, reader->learner->arena,
                              out, err);
}

static enum clary_status read_floats(struct clary_learner_reader *reader,
                                     const char *what, float **out, size_t *n,
                                     struct clary_error *err)
{
    void *data;

    CLARY_TRY(clary_events_array(&reader->events, CLARY_DTYPE_F32, what,
                                 reader->learner->arena, &data, n, err));
    *out = data;
    return CLARY_OK;
}

static enum clary_status read_names(struct clary_learner_reader *reader,
                                    const char *what,
                                    struct clary_learner_names *names,
                                    struct clary_error *err)
{
    struct clary_learner_list list = {0};
    struct clary_event event;

    CLARY_TRY(clary_events_expect(&reader->events, CLARY_EVENT_ARRAY, what,
                                  &event, err));
    for (;;) {
        char **name;

        CLARY_TRY(clary_events_next(&reader->events, &event, err));
        if (event.kind == CLARY_EVENT_ARRAY_END)
            break;
        if (event.kind != CLARY_EVENT_TEXT)
            return clary_events_fail(&reader->events, err,
                                     "expected strings in %s", what);
        name = clary_learner_room(reader->learner, &list, 1, sizeof *name);
        if (!name)
            return clary_no_memory(err);
        CLARY_TRY(clary_event_string(&reader->events, &event,
                                     reader->learner->arena, name, err));
        list.n++;
    }
    names->names = list.data;
    names->n = list.n;
    return CLARY_OK;
}

/* --- the booster -----------------------------------------------------------
 */

static enum clary_status parallel_trees(struct clary_learner_reader *reader,
                                        struct clary_error *err)
{
    return clary_member_count(reader, "num_parallel_tree",
                              &reader->learner->parallel_trees, err);
}

static const struct clary_member gbtree_param_members[] = {
    {"num_parallel_tree", parallel_trees}, {NULL, NULL}};

static enum clary_status gbtree_param(struct clary_learner_reader *reader,
                                      struct clary_error *err)
{
    return clary_members_read(reader, "gbtree_model_param",
                              gbtree_param_members, err);
}

static enum clary_status tree_info(struct clary_learner_reader *reader,
                                   struct clary_error *err)
{
    struct clary_learner *learner = reader->learner;
    void *data;

    CLARY_TRY(clary_events_array(&reader->events, CLARY_DTYPE_I32, "tree_info",
                                 learner->arena, &data, &learner->n_groups,
                                 err));
    learner->groups = data;
    return CLARY_OK;
}

static enum clary_status weight_drop(struct clary_learner_reader *reader,
                                     struct clary_error *err)
{
    return read_floats(reader, "weight_drop", &reader->learner->weights,
                       &reader->learner->n_weights, err);
}

static enum clary_status linear_weights(struct clary_learner_reader *reader,
                                        struct clary_error *err)
{
    return read_floats(reader, "weights", &reader->learner->linear,
                       &reader->learner->n_linear, err);
}

static const struct clary_member model_members[] = {
    {"cats", clary_member_cats},
    {"gbtree_model_param", gbtree_param},
    {"tree_info", tree_info},
    {"trees", clary_member_trees},
    {"weights", linear_weights},
    {"weight_drop", weight_drop},
    {NULL, NULL}};

static enum clary_status model(struct clary_learner_reader *reader,
                               struct clary_error *err)
{
    return clary_members_read(reader, "the model", model_members, err);
}

static const struct clary_member inner_members[] = {{"model", model},
                                                    {NULL, NULL}};

static enum clary_status inner_booster(struct clary_learner_reader *reader,
                                       struct clary_error *err)
{
    return clary_members_read(reader, "the booster in dart", inner_members,
                              err);
}

static enum clary_status booster_name(struct clary_learner_reader *reader,
                                      struct clary_error *err)
{
    char *name;

    CLARY_TRY(read_string(reader, "the booster's name", &name, err));
    reader->learner->booster = name;
    return CLARY_OK;
}

static const struct clary_member booster_members[] = {
    {"gbtree", inner_booster},
    {"model", model},
    {"name", booster_name},
    {"weight_drop", weight_drop},
    {NULL, NULL}};

static enum clary_status booster(struct clary_learner_reader *reader,
                                 struct clary_error *err)
{
    return clary_members_read(reader, "gradient_booster", booster_members, err);
}

/* --- the learner -----------------------------------------------------------
 */

static enum clary_status base_score(struct clary_learner_reader *reader,
                                    struct clary_error *err)
{
    struct clary_event event;
    char *text;

    CLARY_TRY(clary_events_next(&reader->events, &event, err));
    if (event.kind == CLARY_EVENT_TEXT) {
        CLARY_TRY(clary_event_string(&reader->events, &event,
                                     reader->learner->arena, &text, err));
        return clary_learner_set_base(reader->learner, text, err);
    }
    return clary_events_fail(&reader->events, err,
                             "expected base_score as a number in quotes");
}

static enum clary_status num_class(struct clary_learner_reader *reader,
                                   struct clary_error *err)
{
    return clary_member_count(reader, "num_class", &reader->learner->n_classes,
                              err);
}

static enum clary_status num_feature(struct clary_learner_reader *reader,
                                     struct clary_error *err)
{
    return clary_member_count(reader, "num_feature",
                              &reader->learner->n_features, err);
}

static enum clary_status num_target(struct clary_learner_reader *reader,
                                    struct clary_error *err)
{
    return clary_member_count(reader, "num_target", &reader->learner->n_targets,
                              err);
}

static const struct clary_member param_members[] = {
    {"base_score", base_score},
    {"num_class", num_class},
    {"num_feature", num_feature},
    {"num_target", num_target},
    {NULL, NULL}};

static enum clary_status model_param(struct clary_learner_reader *reader,
                                     struct clary_error *err)
{
    return clary_members_read(reader, "learner_model_param", param_members,
                              err);
}

static enum clary_status objective_name(struct clary_learner_reader *reader,
                                        struct clary_error *err)
{
    char *name;

    CLARY_TRY(read_string(reader, "the objective's name", &name, err));
    reader->learner->objective = name;
    return CLARY_OK;
}

static const struct clary_member objective_members[] = {
    {"name", objective_name}, {NULL, NULL}};

static enum clary_status objective(struct clary_learner_reader *reader,
                                   struct clary_error *err)
{
    return clary_members_read(reader, "objective", objective_members, err);
}

/* Strings by names of anyone's choosing. */
static enum clary_status attributes(struct clary_learner_reader *reader,
                                    struct clary_error *err)
{
    struct clary_event key, value;
    char *name, *text;

    CLARY_TRY(clary_events_expect(&reader->events, CLARY_EVENT_OBJECT,
                                  "attributes", &key, err));
    for (;;) {
        CLARY_TRY(clary_events_next(&reader->events, &key, err));
        if (key.kind == CLARY_EVENT_OBJECT_END)
            return CLARY_OK;
        if (!clary_event_is(&key, "best_ntree_limit") &&
            !clary_event_is(&key, "best_iteration")) {
            CLARY_TRY(clary_events_skip(&reader->events, err));
            continue;
        }
        CLARY_TRY(clary_events_expect(&reader->events, CLARY_EVENT_TEXT,
                                      "an attribute", &value, err));
        CLARY_TRY(clary_event_string(&reader->events, &key,
                                     reader->learner->arena, &name, err));
        CLARY_TRY(clary_event_string(&reader->events, &value,
                                     reader->learner->arena, &text, err));
        clary_learner_set_attribute(reader->learner, name, text);
    }
}

static enum clary_status feature_names(struct clary_learner_reader *reader,
                                       struct clary_error *err)
{
    return read_names(reader, "feature_names", &reader->learner->feature_names,
                      err);
}

static enum clary_status feature_types(struct clary_learner_reader *reader,
                                       struct clary_error *err)
{
    return read_names(reader, "feature_types", &reader->learner->feature_types,
                      err);
}

static const struct clary_member learner_members[] = {
    {"attributes", attributes},
    {"feature_names", feature_names},
    {"feature_types", feature_types},
    {"gradient_booster", booster},
    {"learner_model_param", model_param},
    {"objective", objective},
    {NULL, NULL}};

static enum clary_status learner(struct clary_learner_reader *reader,
                                 struct clary_error *err)
{
    if (reader->has_learner)
        return clary_events_fail(&reader->events, err, "a second learner");
    reader->has_learner = true;
    return clary_members_read(reader, "learner", learner_members, err);
}

/* --- the document ----------------------------------------------------------
 */

static enum clary_status version(struct clary_learner_reader *reader,
                                 struct clary_error *err)
{
    void *data;
    size_t n;

    CLARY_TRY(clary_events_array(&reader->events, CLARY_DTYPE_I64, "version",
                                 reader->learner->arena, &data, &n, err));
    for (size_t i = 0; i < n && i < 3; i++)
        reader->learner->version[i] = ((const int64_t *)data)[i];
    return CLARY_OK;
}

static const struct clary_member plain_members[] = {
    {"learner", learner}, {"version", version}, {NULL, NULL}};

static enum clary_status snapshot(struct clary_learner_reader *reader,
                                  struct clary_error *err)
{
    return clary_members_read(reader, "Model", plain_members, err);
}

static const struct clary_member document_members[] = {{"learner", learner},
                                                       {"version", version},
                                                       {"Model", snapshot},
                                                       {NULL, NULL}};

enum clary_status clary_learner_read_json(struct clary_learner *learner_,
                                          const void *bytes, size_t len,
                                          bool is_ubjson,
                                          struct clary_error *err)
{
    struct clary_learner_reader *reader =
        clary_arena_calloc(learner_->arena, 1, sizeof *reader);
    struct clary_event event;

    if (!reader)
        return clary_no_memory(err);
    reader->learner = learner_;
    clary_events_init(&reader->events, learner_->name, bytes, len, is_ubjson);
    clary_learner_expect(learner_, len,
                         is_ubjson ? UBJSON_NODE_BYTES : JSON_NODE_BYTES);
    CLARY_TRY(
        clary_members_read(reader, "the document", document_members, err));
    CLARY_TRY(clary_events_next(&reader->events, &event, err));
    if (!reader->has_learner)
        return clary_learner_fail(learner_, CLARY_BAD_MODEL, err,
                                  "JSON without a \"learner\"; expected an "
                                  "XGBoost model");
    return CLARY_OK;
}
