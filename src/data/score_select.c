/* score_select.c: what SAGEMAKER_INFERENCE_OUTPUT selects of a prediction.
 *
 *     objective        can be selected
 *     reg:...          predicted_score
 *     binary:logistic  predicted_label labels probability probabilities
 *                      raw_score raw_scores
 *     multi:softprob   the same
 *     binary:logitraw  predicted_label labels raw_score raw_scores
 *     binary:hinge     the same
 *     multi:softmax    the same
 *
 * Anything else is NaN. Of a prediction p that is one value raw_scores are
 * [1 - p, p], whatever p is, and probabilities likewise; both are doubles, of
 * the float32 that was predicted. JSON's members come in the order of the
 * kinds, then those that are NaN (there in no order; here as they were asked
 * for); CSV's cells as they were asked for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/scores.h"

#include <math.h>
#include <string.h>

#define BIT(kind) (1u << CLARY_SCORE_##kind)
#define LABELLED                                                               \
    (BIT(PREDICTED_LABEL) | BIT(LABELS) | BIT(RAW_SCORE) | BIT(RAW_SCORES))
#define PROBABLE (LABELLED | BIT(PROBABILITY) | BIT(PROBABILITIES))

static const unsigned selectable[CLARY_ANSWER_COUNT] = {
    [CLARY_ANSWER_SCORE] = BIT(PREDICTED_SCORE),
    [CLARY_ANSWER_LOGISTIC] = PROBABLE,
    [CLARY_ANSWER_LOGITRAW] = LABELLED,
    [CLARY_ANSWER_HINGE] = LABELLED,
    [CLARY_ANSWER_SOFTMAX] = LABELLED,
    [CLARY_ANSWER_SOFTPROB] = PROBABLE,
};

static const char *const names[] = {
    [CLARY_SCORE_PREDICTED_LABEL] = "predicted_label",
    [CLARY_SCORE_LABELS] = "labels",
    [CLARY_SCORE_PROBABILITY] = "probability",
    [CLARY_SCORE_PROBABILITIES] = "probabilities",
    [CLARY_SCORE_RAW_SCORE] = "raw_score",
    [CLARY_SCORE_RAW_SCORES] = "raw_scores",
    [CLARY_SCORE_PREDICTED_SCORE] = "predicted_score",
};

/* --- the keys ------------------------------------------------------------- */

static bool is_same(const struct clary_score_key *a,
                    const struct clary_score_key *b)
{
    return a->len == b->len && memcmp(a->name, b->name, a->len) == 0;
}

static enum clary_score_kind kind_of(const struct clary_score_key *key,
                                     enum clary_answer answer)
{
    for (unsigned kind = 0; kind < CLARY_SCORE_NONE; kind++) {
        struct clary_score_key known = {names[kind], strlen(names[kind]), 0};

        if ((selectable[answer] >> kind & 1) != 0 && is_same(key, &known))
            return (enum clary_score_kind)kind;
    }
    return CLARY_SCORE_NONE;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Whether the key that `text` begins with is `name`; capitals and blanks do
 * not matter. */
static bool begins_with(const char *text, const char *name)
{
    for (; *text != '\0' && *text != ','; text++)
        if (*text != ' ' && lower(*text) != *name++)
            return false;
    return *name == '\0';
}

bool clary_scores_know(const char *text)
{
    while (true) {
        unsigned kind = 0;

        while (kind < CLARY_SCORE_NONE && !begins_with(text, names[kind]))
            kind++;
        if (kind == CLARY_SCORE_NONE)
            return false;
        text += strcspn(text, ",");
        if (*text++ == '\0')
            return true;
    }
}

/* `text` in lower case and without blanks; returns how many keys it has. */
static size_t normalise(const char *text, char *copy)
{
    size_t n = 1;

    for (; *text != '\0'; text++) {
        n += *text == ',';
        if (*text != ' ')
            *copy++ = lower(*text);
    }
    *copy = '\0';
    return n;
}

/* Of the keys of one kind the first that is not a member yet. */
static void add_members(struct clary_scores *scores,
                        struct clary_score_key *members,
                        enum clary_score_kind kind)
{
    for (size_t i = 0; i < scores->n_keys; i++) {
        bool is_new = scores->keys[i].kind == kind;

        for (size_t j = 0; is_new && j < scores->n_members; j++)
            is_new = !is_same(&scores->keys[i], &members[j]);
        if (is_new)
            members[scores->n_members++] = scores->keys[i];
    }
}

enum clary_status clary_scores_select(struct clary_scores *scores,
                                      const char *text,
                                      struct clary_arena *arena,
                                      struct clary_error *err)
{
    char *copy = clary_arena_alloc(arena, strlen(text) + 1);
    if (copy == NULL)
        return clary_no_memory(err);
    size_t n = normalise(text, copy);
    struct clary_score_key *keys = clary_arena_calloc(arena, n, sizeof *keys);
    struct clary_score_key *members =
        clary_arena_calloc(arena, n, sizeof *members);
    if (keys == NULL || members == NULL)
        return clary_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        keys[i].name = copy;
        keys[i].len = strcspn(copy, ",");
        keys[i].kind = kind_of(&keys[i], scores->answer);
        copy += keys[i].len + 1;
    }
    scores->keys = keys;
    scores->n_keys = n;
    scores->members = members;
    scores->n_members = 0;
    for (unsigned kind = 0; kind <= CLARY_SCORE_NONE; kind++)
        add_members(scores, members, (enum clary_score_kind)kind);
    return CLARY_OK;
}

/* --- their values --------------------------------------------------------- */

/* Where a list or a number goes. */
struct target {
    struct clary_buffer *out;
    bool is_json;
};

static enum clary_status put(const struct target *to, const char *text,
                             struct clary_error *err)
{
    return clary_buffer_append(to->out, text, strlen(text), err);
}

static enum clary_status put_number(const struct target *to, double value,
                                    struct clary_error *err)
{
    char text[CLARY_NUMBER_TEXT];

    if (isfinite(value))
        return clary_buffer_append(
            to->out, text, clary_print_double(text, value, CLARY_NUMBER_PYTHON),
            err);
    if (to->is_json)
        return put(to, "null", err);
    return put(to, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf", err);
}

static enum clary_status put_integer(const struct target *to, size_t value,
                                     struct clary_error *err)
{
    char text[CLARY_NUMBER_TEXT];

    return clary_buffer_append(to->out, text,
                               clary_print_int64(text, (int64_t)value), err);
}

/* What stands before element `i` of a list, or `n`: behind the last. */
static enum clary_status put_bracket(const struct target *to, size_t i,
                                     size_t n, struct clary_error *err)
{
    if (i == n)
        return put(to, to->is_json ? "]" : "]\"", err);
    if (i == 0)
        return put(to, to->is_json ? "[" : "\"[", err);
    return put(to, ", ", err);
}

static enum clary_status put_labels(const struct target *to, size_t n,
                                    struct clary_error *err)
{
    for (size_t i = 0; i < n; i++) {
        CLARY_TRY(put_bracket(to, i, n, err));
        CLARY_TRY(put_integer(to, i, err));
    }
    return put_bracket(to, n, n, err);
}

/* [1 - p, p] of one value, else all of them. */
static enum clary_status put_all(const struct target *to, const float *values,
                                 size_t width, bool is_pair,
                                 struct clary_error *err)
{
    size_t n = is_pair ? 2 : width;

    for (size_t i = 0; i < n; i++) {
        double value = (double)values[is_pair ? 0 : i];

        CLARY_TRY(put_bracket(to, i, n, err));
        CLARY_TRY(put_number(to, is_pair && i == 0 ? 1.0 - value : value, err));
    }
    return put_bracket(to, n, n, err);
}

/* The first of the highest; as numpy's argmax, the first NaN if there is one.
 */
static size_t highest(const float *values, size_t n)
{
    size_t best = 0;

    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            return i;
        if (values[i] > values[best])
            best = i;
    }
    return best;
}

/* As Python's max, which keeps a NaN only where it comes first. */
static double maximum(const float *values, size_t n)
{
    float best = values[0];

    for (size_t i = 1; i < n; i++)
        if (values[i] > best)
            best = values[i];
    return (double)best;
}

static enum clary_status put_label(const struct target *to,
                                   enum clary_answer answer,
                                   const float *values, size_t width,
                                   struct clary_error *err)
{
    switch (answer) {
    case CLARY_ANSWER_LOGISTIC:
        return put_integer(to, values[0] > 0.5f, err);
    case CLARY_ANSWER_LOGITRAW:
        return put_integer(to, values[0] > 0, err);
    case CLARY_ANSWER_SOFTPROB:
        return put_integer(to, highest(values, width), err);
    default:
        return put_number(to, (double)values[0], err);
    }
}

enum clary_status clary_score_write(struct clary_buffer *out,
                                    const struct clary_scores *scores,
                                    enum clary_score_kind kind,
                                    const float *values, size_t width,
                                    bool is_json, struct clary_error *err)
{
    const struct target to = {out, is_json};
    bool is_multi = scores->answer == CLARY_ANSWER_SOFTPROB ||
                    scores->answer == CLARY_ANSWER_SOFTMAX;

    switch (kind) {
    case CLARY_SCORE_PREDICTED_LABEL:
        return put_label(&to, scores->answer, values, width, err);
    case CLARY_SCORE_LABELS:
        return put_labels(&to, is_multi ? scores->n_classes : 2, err);
    case CLARY_SCORE_PROBABILITY:
    case CLARY_SCORE_RAW_SCORE:
    case CLARY_SCORE_PREDICTED_SCORE:
        return put_number(&to, maximum(values, width), err);
    case CLARY_SCORE_PROBABILITIES:
    case CLARY_SCORE_RAW_SCORES:
        return put_all(&to, values, width,
                       scores->answer != CLARY_ANSWER_SOFTPROB, err);
    default:
        return put_number(&to, (double)NAN, err);
    }
}
