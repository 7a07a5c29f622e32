/* learner.c: which encoding a model has, and what its readers share.
 *
 *     {"            JSON               {L            UBJSON
 *     80 02 .. 05   Python's pickle    cPACKAGE\n    the same, protocol 0
 *     binf          binary             CONFIG-offset:   binary in a pickle
 *     136 bytes of parameters, then the length and name of an objective: the
 *     binary format, which has no mark
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner.h"

#include "data/number.h"
#include "format/xgboost/events.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum clary_status clary_learner_fail(const struct clary_learner *learner,
                                     enum clary_status status,
                                     struct clary_error *err,
                                     const char *format, ...)
{
    char what[400];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return clary_fail(err, status, "%s: %s", learner->name, what);
}

void *clary_learner_room(struct clary_learner *learner,
                         struct clary_learner_list *list, size_t more,
                         size_t size)
{
    size_t wanted = list->capacity ? list->capacity : 64;
    char *data = list->data;

    if (more > SIZE_MAX / 4 / size - list->n)
        return NULL;
    while (wanted < list->n + more)
        wanted *= 2;
    if (!data || wanted > list->capacity) {
        data = clary_arena_alloc(list->arena ? list->arena : learner->arena,
                                 wanted * size);
        if (!data)
            return NULL;
        if (list->n)
            memcpy(data, list->data, list->n * size);
        list->data = data;
        list->capacity = wanted;
    }
    return data + list->n * size;
}

static void expect(struct clary_learner_list *list, size_t n, size_t size)
{
    list->data = clary_arena_alloc(list->arena, n * size);
    list->capacity = list->data ? n : 0;
}

void clary_learner_expect(struct clary_learner *learner, size_t len,
                          size_t node_bytes)
{
    const struct clary_arena *kept = learner->kept;
    size_t n = len / node_bytes / 2, bytes; /* of each two nodes one splits */

    if (!clary_size_mul(n, 2 * sizeof(struct clary_forest_node), &bytes) ||
        bytes > (kept->limit_bytes - kept->chunk_bytes_total) / 2)
        return; /* it may still fit: lists grow */
    expect(&learner->nodes, n, sizeof(struct clary_forest_node));
    expect(&learner->leaves, n + n / 8, sizeof(double));
    expect(&learner->covers, n + n / 8, sizeof(float));
}

enum clary_status clary_learner_set_base(struct clary_learner *learner,
                                         const char *text,
                                         struct clary_error *err)
{
    const char *p = text, *end = p + strlen(p);
    size_t n = 1;
    float *values;

    if (*p == '[' && end[-1] == ']') {
        p++;
        end--;
    }
    for (const char *comma = p; comma < end; comma++)
        n += *comma == ',';
    values = clary_arena_calloc(learner->arena, n, sizeof *values);
    if (!values)
        return clary_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(p, ",");

        if (len > (size_t)(end - p))
            len = (size_t)(end - p);
        if (!clary_events_parse_float(p, len, &values[i]))
            return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                      "base_score \"%s\" is no number", text);
        p += len + 1;
    }
    learner->base_score = values;
    learner->n_base_score = n;
    return CLARY_OK;
}

void clary_learner_set_attribute(struct clary_learner *learner, const char *key,
                                 const char *value)
{
    int64_t number;

    if (clary_parse_int64(value, strlen(value), &number) != CLARY_NUMBER_OK ||
        number < 0)
        return;
    if (strcmp(key, "best_ntree_limit") == 0)
        learner->best_trees = number;
    if (strcmp(key, "best_iteration") == 0)
        learner->best_iteration = number;
}

/* Whether the first key is one of a model's: other documents begin with a
 * brace too. */
static bool probe_document(const void *bytes, size_t len, bool is_ubjson)
{
    static const char *const keys[] = {"learner", "version", "Config", "Model"};
    struct clary_events events;
    struct clary_event event;
    struct clary_error ignored;

    clary_events_init(&events, "", bytes, len, is_ubjson);
    for (size_t i = 0; i < 2; i++) /* the brace, then the key */
        if (clary_events_next(&events, &event, &ignored) != CLARY_OK)
            return false;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (event.kind == CLARY_EVENT_KEY && clary_event_is(&event, keys[i]))
            return true;
    return false;
}

bool clary_learner_probe(const void *bytes, size_t len)
{
    bool is_ubjson;

    if (clary_events_probe(bytes, len, &is_ubjson))
        return probe_document(bytes, len, is_ubjson);
    return clary_learner_probe_pickle(bytes, len) ||
           clary_learner_probe_binary(bytes, len);
}

enum clary_status clary_learner_read_plain(struct clary_learner *learner,
                                           const void *bytes, size_t len,
                                           struct clary_error *err)
{
    bool is_ubjson;

    if (clary_events_probe(bytes, len, &is_ubjson))
        return clary_learner_read_json(learner, bytes, len, is_ubjson, err);
    if (len >= 4 && memcmp(bytes, "bs64", 4) == 0)
        return clary_learner_fail(learner, CLARY_UNSUPPORTED, err,
                                  "a model in base64, as XGBoost before 0.72 "
                                  "wrote it; load and save it with XGBoost "
                                  "0.90");
    return clary_learner_read_binary(learner, bytes, len, err);
}

enum clary_status clary_learner_read(struct clary_arena *arena,
                                     struct clary_arena *kept,
                                     struct clary_arena *scratch,
                                     const char *name, const void *bytes,
                                     size_t len, struct clary_learner **out,
                                     struct clary_error *err)
{
    struct clary_learner *learner =
        clary_arena_calloc(arena, 1, sizeof *learner);

    if (!learner)
        return clary_no_memory(err);
    learner->arena = arena;
    learner->kept = kept;
    learner->nodes.arena = learner->leaves.arena = learner->covers.arena = kept;
    learner->sets.arena = learner->roots.arena = kept;
    learner->scratch = scratch;
    learner->name = name;
    learner->parallel_trees = 1;
    learner->best_iteration = -1;
    CLARY_TRY(clary_learner_is_pickle(bytes, len)
                  ? clary_learner_read_pickle(learner, bytes, len, err)
                  : clary_learner_read_plain(learner, bytes, len, err));
    *out = learner;
    return CLARY_OK;
}
