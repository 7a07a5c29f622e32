/* header.c: what a LightGBM model says above its first tree.
 *
 * Required, as LightGBM does: version, num_class, max_feature_idx and
 * feature_names. Keys that are not known are passed over.
 *
 * Tests: tests/unit/test_lightgbm.c, tests/unit/test_lightgbm_text.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "format/lightgbm/lightgbm.h"

#include <string.h>

static const char *const keys[CLARY_LIGHTGBM_N_KEYS] = {
    [CLARY_LIGHTGBM_VERSION] = "version",
    [CLARY_LIGHTGBM_NUM_CLASS] = "num_class",
    [CLARY_LIGHTGBM_TREES_PER_ITERATION] = "num_tree_per_iteration",
    [CLARY_LIGHTGBM_MAX_FEATURE] = "max_feature_idx",
    [CLARY_LIGHTGBM_OBJECTIVE] = "objective",
    [CLARY_LIGHTGBM_AVERAGE_OUTPUT] = "average_output",
    [CLARY_LIGHTGBM_FEATURE_NAMES] = "feature_names",
    [CLARY_LIGHTGBM_FEATURE_INFOS] = "feature_infos",
    [CLARY_LIGHTGBM_TREE_SIZES] = "tree_sizes",
};

static enum clary_status read_integer(const struct clary_lightgbm *model,
                                      enum clary_lightgbm_key key,
                                      int64_t least, int64_t most,
                                      size_t *value, struct clary_error *err)
{
    struct clary_numbers numbers = {
        model, SIZE_MAX, keys[key], model->header[key], 0, 1};
    int64_t integer;

    CLARY_TRY(clary_numbers_integer(&numbers, least, most, &integer, err));
    *value = (size_t)integer;
    return CLARY_OK;
}

static enum clary_status read_version(struct clary_lightgbm *model,
                                      struct clary_error *err)
{
    static const char *const known[] = {"v2", "v3", "v4"};
    const struct clary_text *version = &model->header[CLARY_LIGHTGBM_VERSION];

    for (unsigned i = 0; version->at && i < 3; i++)
        if (clary_text_is(version, known[i]))
            model->version = i + 2;
    if (!version->at)
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "version is missing");
    if (!model->version)
        return clary_lightgbm_fail(
            model, CLARY_UNSUPPORTED, err,
            "version \"%.*s\" of LightGBM's text format is not known; v2, v3 "
            "and v4 are",
            (int)(version->end - version->at < 20 ? version->end - version->at
                                                  : 20),
            version->at);
    return CLARY_OK;
}

static bool is_utf8(const struct clary_text *text)
{
    const char *p = text->at;

    while (p < text->end) {
        const size_t n =
            clary_utf8_char((const unsigned char *)p, (size_t)(text->end - p));
        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

static enum clary_status read_names(struct clary_lightgbm *model,
                                    struct clary_error *err)
{
    struct clary_text text = model->header[CLARY_LIGHTGBM_FEATURE_NAMES];
    struct clary_text word;
    size_t n = 0;

    model->names = clary_arena_calloc(model->arena, model->n_features,
                                      sizeof *model->names);
    if (!model->names)
        return clary_no_memory(err);
    while (clary_text_word(&text, &word)) {
        if (n < model->n_features) {
            if (!is_utf8(&word))
                return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                           "the name of feature %zu is not "
                                           "UTF-8",
                                           n);
            model->names[n] = clary_arena_strndup(model->arena, word.at,
                                                  (size_t)(word.end - word.at));
            if (!model->names[n])
                return clary_no_memory(err);
        }
        n++;
    }
    if (n != model->n_features)
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "feature_names has %zu names, "
                                   "max_feature_idx says %zu features",
                                   n, model->n_features);
    return CLARY_OK;
}

enum clary_status clary_lightgbm_read_header(struct clary_lightgbm *model,
                                             struct clary_error *err)
{
    const size_t bytes = (size_t)(model->rest.end - model->rest.at);
    struct clary_text before = model->rest, line;
    size_t n_classes;

    while (clary_text_line(&model->rest, &line)) {
        if (clary_text_begins(&line, "Tree=") ||
            clary_text_is(&line, "end of trees")) {
            model->rest = before;
            break;
        }
        (void)clary_text_key(&line, keys, CLARY_LIGHTGBM_N_KEYS, model->header);
        before = model->rest;
    }
    CLARY_TRY(read_version(model, err));
    CLARY_TRY(read_integer(model, CLARY_LIGHTGBM_NUM_CLASS, 1, INT32_MAX,
                           &n_classes, err));
    model->n_groups = n_classes;
    if (model->header[CLARY_LIGHTGBM_TREES_PER_ITERATION].at)
        CLARY_TRY(read_integer(model, CLARY_LIGHTGBM_TREES_PER_ITERATION, 1,
                               INT32_MAX, &model->n_groups, err));
    CLARY_TRY(read_integer(model, CLARY_LIGHTGBM_MAX_FEATURE, 0,
                           CLARY_LIGHTGBM_FEATURES - 1, &model->n_features,
                           err));
    model->n_features++;
    /* a name takes two bytes: what follows is bounded by the file */
    if (!model->header[CLARY_LIGHTGBM_FEATURE_NAMES].at ||
        model->n_features > bytes)
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "feature_names is missing, or shorter than "
                                   "max_feature_idx says");
    return read_names(model, err);
}
