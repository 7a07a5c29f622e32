/* learner_pickle.c: the Booster in a pickle.
 *
 *     xgboost.core.Booster    {"handle": bytearray, "feature_names": [...],
 *                              "best_ntree_limit": 13, ...}
 *     xgboost.sklearn.*       {"_Booster": Booster, ...}: its Booster answers
 *
 * The handle is a model of any other encoding.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner.h"
#include "format/xgboost/pickle.h"

#include <string.h>

/* Bytes in which a pickle names the class of what it holds. */
#define NAMED_WITHIN 256

/* The line of identifiers and points at `p`, and the line feed behind it; NULL:
 * there is none. */
static const char *skip_name(const char *p, const char *end)
{
    const char *first = p;

    while (p < end && p - first < NAMED_WITHIN &&
           ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
            (*p >= '0' && *p <= '9') || *p == '_' || *p == '.'))
        p++;
    return p < end && p > first && *p == '\n' ? p + 1 : NULL;
}

/* Whether protocol 0 or 1, which have no mark, begin here: with a class, or
 * with a list, a tuple or a dictionary that may hold one. */
static bool begins_unmarked(const char *p, const char *end)
{
    if (end - p > 2 && strchr("(]})", p[0]) != NULL && p[0] != '\0' &&
        end[-1] == '.' && strchr("lpdqic(", p[1]) != NULL && p[1] != '\0')
        return true;
    if (p == end || *p != 'c')
        return false;
    p = skip_name(p + 1, end);
    return p != NULL && skip_name(p, end) != NULL;
}

/* Of protocols that there are not yet, too: those are refused by name. */
bool clary_learner_is_pickle(const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    if (len >= 3 && p[0] == 0x80)
        return (p[1] >= 2 && p[1] <= 5) || p[len - 1] == '.';
    return begins_unmarked(bytes, (const char *)bytes + len);
}

/* The class of the outermost object comes first. */
bool clary_learner_probe_pickle(const void *bytes, size_t len)
{
    return clary_learner_is_pickle(bytes, len) &&
           memmem(bytes, len < NAMED_WITHIN ? len : NAMED_WITHIN, "xgboost.",
                  8) != NULL;
}

static bool is_booster(const struct clary_pickle_value *value)
{
    return value->kind == CLARY_PICKLE_OBJECT &&
           clary_pickle_is(value->class, "xgboost.core.Booster");
}

static enum clary_status find_booster(const struct clary_learner *learner,
                                      const struct clary_pickle_value *root,
                                      const struct clary_pickle_value **booster,
                                      struct clary_error *err)
{
    const struct clary_pickle_value *inner =
        root->kind == CLARY_PICKLE_OBJECT
            ? clary_pickle_attribute(root, "_Booster")
            : NULL;

    *booster = inner ? inner : root;
    if (is_booster(*booster))
        return CLARY_OK;
    return clary_learner_fail(
        learner, CLARY_UNSUPPORTED, err,
        "the pickle holds %s%.100s, expected an xgboost.core.Booster that was "
        "trained; save it with Booster.save_model",
        root->kind == CLARY_PICKLE_OBJECT ? "a " : "no object",
        root->kind == CLARY_PICKLE_OBJECT ? root->class->bytes : "");
}

/* A list of texts, where the Booster has one and the model in it has none. */
static enum clary_status take_names(struct clary_learner *learner,
                                    const struct clary_pickle_value *list,
                                    struct clary_learner_names *names,
                                    struct clary_error *err)
{
    char **copies;

    if (!list || list->kind != CLARY_PICKLE_LIST || names->n > 0)
        return CLARY_OK;
    copies = clary_arena_calloc(learner->arena, list->n_items, sizeof *copies);
    if (!copies)
        return clary_no_memory(err);
    for (size_t i = 0; i < list->n_items; i++) {
        const struct clary_pickle_value *item = list->items[i];

        if (item->kind != CLARY_PICKLE_TEXT)
            return CLARY_OK;
        copies[i] = clary_arena_strndup(learner->arena, item->bytes, item->len);
        if (!copies[i])
            return clary_no_memory(err);
    }
    names->names = copies;
    names->n = list->n_items;
    return CLARY_OK;
}

enum clary_status clary_learner_read_pickle(struct clary_learner *learner,
                                            const void *bytes, size_t len,
                                            struct clary_error *err)
{
    const struct clary_pickle_value *root = NULL, *booster, *handle, *limit;

    CLARY_TRY(clary_pickle_read(learner->arena, learner->name, bytes, len,
                                &root, err));
    CLARY_TRY(find_booster(learner, root, &booster, err));
    handle = clary_pickle_attribute(booster, "handle");
    if (!handle || handle->kind != CLARY_PICKLE_BYTES)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "the pickled Booster holds no model");
    CLARY_TRY(
        clary_learner_read_plain(learner, handle->bytes, handle->len, err));
    CLARY_TRY(take_names(learner,
                         clary_pickle_attribute(booster, "feature_names"),
                         &learner->feature_names, err));
    CLARY_TRY(take_names(learner,
                         clary_pickle_attribute(booster, "feature_types"),
                         &learner->feature_types, err));
    limit = clary_pickle_attribute(booster, "best_ntree_limit");
    if (limit && limit->kind == CLARY_PICKLE_INT && limit->integer > 0)
        learner->best_trees = limit->integer;
    /* the wrapper predicts with the trees up to the best iteration */
    if (booster != root && learner->best_trees == 0 &&
        learner->best_iteration >= 0 && learner->best_iteration < INT32_MAX &&
        learner->parallel_trees > 0 && learner->parallel_trees < INT32_MAX)
        learner->best_trees =
            (learner->best_iteration + 1) * learner->parallel_trees;
    return CLARY_OK;
}
