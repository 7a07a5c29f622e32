/* learner_binary.c: the binary format of XGBoost 0.x to 3.0.
 *
 * Little-endian, without padding:
 *
 *     [ "binf" ]
 *     parameters   136 bytes: f32 base_score, u32 num_feature, i32 num_class,
 *                  i32 has attributes, i32 has metrics, u32 major, u32 minor
 *                  (0.0 before 1.0), u32 num_target, i32, 25 x i32
 *     objective    string
 *     booster      string
 *     gbtree, dart 160 bytes: i32 num_trees, i32 num_parallel_tree, i32, i32,
 *                  i64, i32, i32 size_leaf_vector, 32 x i32
 *       per tree   148 bytes: i32 num_roots, i32 num_nodes, i32, i32, i32,
 *                  i32 size_leaf_vector, 31 x i32
 *                  num_nodes x (i32 parent, i32 left, i32 right,
 *                    u32 default_left << 31 | feature, f32 threshold or leaf)
 *                  num_nodes x (f32 gain, f32 hessian, f32 weight, i32)
 *       then       i32 group[num_trees]; dart: f32s weight_drop
 *     gblinear     136 bytes, f32s weight[num_feature + 1][groups]
 *     attributes   u64 n, n x (string, string)      where the flag says so
 *
 *     string       u64 length, bytes        f32s    u64 count, count x f32
 *
 * In a pickle it may stand in "CONFIG-offset:", an i64 that says where its
 * own bytes end, the model, and JSON that is not needed. What follows the
 * attributes (names of metrics) is not read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner.h"

#include <string.h>

#define CONFIG_MARK "CONFIG-offset:"

enum {
    PARAM_BYTES = 136,
    GBTREE_PARAM_BYTES = 160,
    TREE_PARAM_BYTES = 148,
    NODE_BYTES = 20,
    STAT_BYTES = 16,
    LINEAR_PARAM_BYTES = 136,
    NAME_BYTES = 64 /* longest name of an objective or booster */
};

struct cursor {
    struct clary_learner *learner;
    const unsigned char *begin, *at, *end;
};

static size_t left_of(const struct cursor *cursor)
{
    return (size_t)(cursor->end - cursor->at);
}

static uint64_t load_little(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;

    while (n-- > 0)
        value = value << 8 | bytes[n];
    return value;
}

static int32_t int_at(const unsigned char *bytes, size_t index)
{
    return (int32_t)load_little(bytes + 4 * index, 4);
}

static float float_at(const unsigned char *bytes, size_t index)
{
    uint32_t bits = (uint32_t)load_little(bytes + 4 * index, 4);
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The next n x size bytes. */
static enum clary_status take(struct cursor *cursor, uint64_t n, size_t size,
                              const char *what, const unsigned char **bytes,
                              struct clary_error *err)
{
    *bytes = cursor->at;
    if (n > left_of(cursor) / size)
        return clary_learner_fail(
            cursor->learner, CLARY_BAD_MODEL, err,
            "%s at byte %zu takes %llu x %zu bytes, and %zu are left", what,
            (size_t)(cursor->at - cursor->begin), (unsigned long long)n, size,
            left_of(cursor));
    cursor->at += n * size;
    return CLARY_OK;
}

static enum clary_status take_count(struct cursor *cursor, const char *what,
                                    uint64_t *count, struct clary_error *err)
{
    const unsigned char *bytes;

    CLARY_TRY(take(cursor, 1, 8, what, &bytes, err));
    *count = load_little(bytes, 8);
    return CLARY_OK;
}

static enum clary_status take_string(struct cursor *cursor, const char *what,
                                     char **out, struct clary_error *err)
{
    const unsigned char *bytes;
    uint64_t length;

    CLARY_TRY(take_count(cursor, what, &length, err));
    CLARY_TRY(take(cursor, length, 1, what, &bytes, err));
    *out = clary_arena_strndup(cursor->learner->arena, (const char *)bytes,
                               (size_t)length);
    return *out ? CLARY_OK : clary_no_memory(err);
}

static enum clary_status take_floats(struct cursor *cursor, const char *what,
                                     float **out, size_t *n,
                                     struct clary_error *err)
{
    const unsigned char *bytes;
    uint64_t count;

    CLARY_TRY(take_count(cursor, what, &count, err));
    CLARY_TRY(take(cursor, count, 4, what, &bytes, err));
    *out =
        clary_arena_calloc(cursor->learner->arena, (size_t)count, sizeof **out);
    if (!*out)
        return clary_no_memory(err);
    for (size_t i = 0; i < count; i++)
        (*out)[i] = float_at(bytes, i);
    *n = (size_t)count;
    return CLARY_OK;
}

/* --- trees -----------------------------------------------------------------
 */

/* The arrays of a tree, in the scratch arena. */
static enum clary_status add_tree(struct cursor *cursor,
                                  const unsigned char *nodes,
                                  const unsigned char *stats, size_t n,
                                  struct clary_error *err)
{
    struct clary_learner *learner = cursor->learner;
    int32_t *left = clary_arena_calloc(learner->scratch, n, sizeof *left);
    int32_t *right = clary_arena_calloc(learner->scratch, n, sizeof *right);
    int32_t *features =
        clary_arena_calloc(learner->scratch, n, sizeof *features);
    float *thresholds =
        clary_arena_calloc(learner->scratch, n, sizeof *thresholds);
    uint8_t *default_left =
        clary_arena_calloc(learner->scratch, n, sizeof *default_left);
    float *covers = clary_arena_calloc(learner->scratch, n, sizeof *covers);
    struct clary_learner_tree tree = {.n = n,
                                      .left = left,
                                      .right = right,
                                      .features = features,
                                      .thresholds = thresholds,
                                      .default_left = default_left,
                                      .covers = covers};

    if (!left || !right || !features || !thresholds || !default_left || !covers)
        return clary_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const unsigned char *node = nodes + i * NODE_BYTES;

        left[i] = int_at(node, 1);
        right[i] = int_at(node, 2);
        features[i] = int_at(node, 3) & INT32_MAX;
        default_left[i] = node[15] >> 7;
        thresholds[i] = float_at(node, 4);
        covers[i] = float_at(stats + i * STAT_BYTES, 1);
    }
    CLARY_TRY(clary_learner_add_tree(learner, &tree, err));
    clary_arena_reset(learner->scratch);
    return CLARY_OK;
}

static enum clary_status read_tree(struct cursor *cursor,
                                   struct clary_error *err)
{
    struct clary_learner *learner = cursor->learner;
    const unsigned char *param, *nodes, *stats;
    int32_t n;

    CLARY_TRY(take(cursor, 1, TREE_PARAM_BYTES, "a tree", &param, err));
    n = int_at(param, 1);
    if (int_at(param, 0) != 1 || n <= 0)
        return clary_learner_fail(
            learner, CLARY_BAD_MODEL, err, "tree %zu has %d roots and %d nodes",
            learner->roots.n, (int)int_at(param, 0), (int)n);
    /* from 2.0 on a plain leaf counts as a vector of one, and none follows */
    if (int_at(param, 5) > 1 ||
        (int_at(param, 5) == 1 && learner->version[0] == 0))
        return clary_learner_fail(
            learner, CLARY_UNSUPPORTED, err,
            "the leaves of tree %zu hold vectors; train with "
            "multi_strategy=one_output_per_tree",
            learner->roots.n);
    CLARY_TRY(
        take(cursor, (uint64_t)n, NODE_BYTES, "a tree's nodes", &nodes, err));
    CLARY_TRY(take(cursor, (uint64_t)n, STAT_BYTES, "a tree's statistics",
                   &stats, err));
    return add_tree(cursor, nodes, stats, (size_t)n, err);
}

static enum clary_status read_trees(struct cursor *cursor,
                                    struct clary_error *err)
{
    struct clary_learner *learner = cursor->learner;
    const unsigned char *param, *groups;
    int32_t n;

    CLARY_TRY(take(cursor, 1, GBTREE_PARAM_BYTES, "the trees' parameters",
                   &param, err));
    n = int_at(param, 0);
    if (n < 0)
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err, "%d trees",
                                  (int)n);
    learner->parallel_trees = int_at(param, 1);
    for (int32_t t = 0; t < n; t++)
        CLARY_TRY(read_tree(cursor, err));
    CLARY_TRY(take(cursor, (uint64_t)n, 4, "the trees' groups", &groups, err));
    learner->groups =
        clary_arena_calloc(learner->arena, (size_t)n, sizeof *learner->groups);
    if (!learner->groups)
        return clary_no_memory(err);
    for (int32_t t = 0; t < n; t++)
        learner->groups[t] = int_at(groups, (size_t)t);
    learner->n_groups = (size_t)n;
    if (n > 0 && strcmp(learner->booster, "dart") == 0)
        return take_floats(cursor, "the trees' weights", &learner->weights,
                           &learner->n_weights, err);
    return CLARY_OK;
}

/* --- the file --------------------------------------------------------------
 */

static enum clary_status read_param(struct cursor *cursor, bool *has_attributes,
                                    struct clary_error *err)
{
    struct clary_learner *learner = cursor->learner;
    const unsigned char *param;
    float *base;

    CLARY_TRY(take(cursor, 1, PARAM_BYTES, "the parameters", &param, err));
    base = clary_arena_calloc(learner->arena, 1, sizeof *base);
    if (!base)
        return clary_no_memory(err);
    *base = float_at(param, 0);
    learner->base_score = base;
    learner->n_base_score = 1;
    learner->n_features = (int64_t)load_little(param + 4, 4);
    learner->n_classes = int_at(param, 2);
    *has_attributes = int_at(param, 3) != 0;
    learner->version[0] = (int64_t)load_little(param + 20, 4);
    learner->version[1] = (int64_t)load_little(param + 24, 4);
    /* before 1.0 these bytes are not in use */
    learner->n_targets =
        learner->version[0] ? (int64_t)load_little(param + 28, 4) : 0;
    learner->is_margin = learner->version[0] == 0;
    return CLARY_OK;
}

static enum clary_status read_booster(struct cursor *cursor,
                                      struct clary_error *err)
{
    struct clary_learner *learner = cursor->learner;
    const unsigned char *param;
    char *name;

    CLARY_TRY(take_string(cursor, "the objective", &name, err));
    learner->objective = name;
    CLARY_TRY(take_string(cursor, "the booster", &name, err));
    learner->booster = name;
    if (strcmp(name, "gbtree") == 0 || strcmp(name, "dart") == 0)
        return read_trees(cursor, err);
    if (strcmp(name, "gblinear") == 0) {
        CLARY_TRY(take(cursor, 1, LINEAR_PARAM_BYTES,
                       "the linear model's parameters", &param, err));
        return take_floats(cursor, "the linear model's weights",
                           &learner->linear, &learner->n_linear, err);
    }
    return clary_learner_fail(learner, CLARY_UNSUPPORTED, err,
                              "booster \"%s\"; gbtree, dart and gblinear are "
                              "served",
                              name);
}

static enum clary_status read_attributes(struct cursor *cursor,
                                         struct clary_error *err)
{
    uint64_t n;

    CLARY_TRY(take_count(cursor, "the attributes", &n, err));
    /* each takes 16 bytes at least, so that n is bounded by the file */
    for (uint64_t i = 0; i < n; i++) {
        struct clary_arena *arena = cursor->learner->arena;
        struct clary_arena_mark mark = clary_arena_mark(arena);
        char *key, *value;

        CLARY_TRY(take_string(cursor, "an attribute's name", &key, err));
        CLARY_TRY(take_string(cursor, "an attribute", &value, err));
        clary_learner_set_attribute(cursor->learner, key, value);
        clary_arena_rewind(arena, mark);
    }
    return CLARY_OK;
}

/* Skips what a pickle puts around the model. */
static void unwrap(const unsigned char **begin, const unsigned char *end)
{
    size_t mark = strlen(CONFIG_MARK);

    if ((size_t)(end - *begin) >= mark + 8 &&
        memcmp(*begin, CONFIG_MARK, mark) == 0)
        *begin += mark + 8;
    if (end - *begin >= 4 && memcmp(*begin, "binf", 4) == 0)
        *begin += 4;
}

enum clary_status clary_learner_read_binary(struct clary_learner *learner,
                                            const void *bytes, size_t len,
                                            struct clary_error *err)
{
    struct cursor cursor = {.learner = learner, .begin = bytes, .at = bytes};
    bool has_attributes = false;

    cursor.end = cursor.begin + len;
    if (!clary_learner_probe_binary(bytes, len))
        return clary_learner_fail(learner, CLARY_BAD_MODEL, err,
                                  "it is none of XGBoost's formats: JSON, "
                                  "UBJSON, binary or a pickled Booster");
    unwrap(&cursor.at, cursor.end);
    clary_learner_expect(learner, len, NODE_BYTES + STAT_BYTES);
    CLARY_TRY(read_param(&cursor, &has_attributes, err));
    CLARY_TRY(read_booster(&cursor, err));
    return has_attributes ? read_attributes(&cursor, err) : CLARY_OK;
}

/* A string at `at` that can be a name; *after is set behind it. */
static bool is_name(const unsigned char *at, const unsigned char *end,
                    const unsigned char **after)
{
    uint64_t length;

    if (end - at < 8)
        return false;
    length = load_little(at, 8);
    at += 8;
    if (length == 0 || length > NAME_BYTES || length > (size_t)(end - at))
        return false;
    for (size_t i = 0; i < length; i++)
        if (at[i] <= ' ' || at[i] >= 0x7f)
            return false;
    *after = at + length;
    return true;
}

bool clary_learner_probe_binary(const void *bytes, size_t len)
{
    const unsigned char *at = bytes, *end = at + len;

    unwrap(&at, end);
    return end - at >= PARAM_BYTES && is_name(at + PARAM_BYTES, end, &at) &&
           is_name(at, end, &at);
}
