/* objective.c: from the margins of a LightGBM model to its predictions.
 *
 *     binary, multiclassova    1 / (1 + exp(-sigmoid * x))
 *     cross_entropy            the same with sigmoid 1
 *     multiclass               softmax over the classes
 *     cross_entropy_lambda     log1p(exp(x)), up to 3.1 log(1 + exp(x))
 *     poisson gamma tweedie    exp(x)
 *     regression sqrt          |x| * x; regression_l1, fair, quantile and mape
 *                              can say so too
 *     all others, and none     x
 *
 * Each is made of the operations that LightGBM's ConvertOutput does, in its
 * order and in double, so that results differ by no more than exp and log1p
 * of two C libraries do.
 *
 * A random forest averages margins and transforms the average; up to LightGBM
 * 2.2.2 its leaves held predictions and the average was the answer. Both wrote
 * version=v2, so the leaves decide: any that is no prediction (a probability
 * past 0 .. 1, a negative rate) shows that they are margins.
 *
 *   source  LightGBM src/objective/, src/boosting/gbdt_prediction.cpp
 *
 * Tests: tests/unit/test_lightgbm.c, tests/unit/test_lightgbm_text.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/lightgbm/lightgbm.h"

#include <math.h>
#include <string.h>

enum transform {
    IDENTITY,
    SIGMOID, /* with the parameter of that name */
    LOGISTIC,
    SOFTMAX,
    LOG1P_EXP,
    EXP,
    SIGNED_SQUARE /* only with the word sqrt, else IDENTITY */
};

static const struct objective {
    const char *name;
    enum transform transform;
    bool has_classes; /* num_class:k margins a row; others have one */
} objectives[] = {
    {"binary", SIGMOID, false},
    {"multiclassova", SIGMOID, true},
    {"multiclass", SOFTMAX, true},
    {"cross_entropy", LOGISTIC, false},
    {"xentropy", LOGISTIC, false},
    {"cross_entropy_lambda", LOG1P_EXP, false},
    {"xentlambda", LOG1P_EXP, false},
    {"poisson", EXP, false},
    {"gamma", EXP, false},
    {"tweedie", EXP, false},
    {"regression", SIGNED_SQUARE, false},
    {"regression_l2", SIGNED_SQUARE, false},
    {"regression_l1", SIGNED_SQUARE, false},
    {"fair", SIGNED_SQUARE, false},
    {"quantile", SIGNED_SQUARE, false},
    {"mape", SIGNED_SQUARE, false},
    {"huber", IDENTITY, false},
    {"lambdarank", IDENTITY, false},
    {"rank_xendcg", IDENTITY, false},
};

/* "binary sigmoid:0.7", taken apart. */
struct parsed {
    enum transform transform;
    const char *text; /* all of it, NUL-terminated, for messages and reports */
    double sigmoid;
};

/* LightGBM reads this one number without rounding correctly: whole and
 * fractional digits apart, then times or over the power of ten. */
static bool read_sigmoid(const struct clary_text *text, double *value)
{
    const char *p = text->at, *end = text->end;
    double whole = 0, fraction = 0, scale = 1, power = 1;
    bool is_small = false;
    int exponent = 0;

    for (; p < end && *p >= '0' && *p <= '9'; p++)
        whole = whole * 10 + (*p - '0');
    if (p < end && *p == '.')
        for (p++; p < end && *p >= '0' && *p <= '9'; p++, scale *= 10)
            fraction = fraction * 10 + (*p - '0');
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        is_small = p < end && *p == '-';
        p += p < end && (*p == '-' || *p == '+');
        for (; p < end && *p >= '0' && *p <= '9' && exponent < 308; p++)
            exponent = exponent * 10 + (*p - '0');
    }
    for (; exponent > 0; exponent--)
        power *= 10;
    whole += fraction / scale;
    *value = is_small ? whole / power : whole * power;
    return p == end && *value > 0 && isfinite(*value);
}

static enum clary_status read_words(const struct clary_lightgbm *model,
                                    const struct objective *objective,
                                    struct clary_text text,
                                    struct parsed *parsed,
                                    struct clary_error *err)
{
    enum { CLASSES, SIGMOID_OF, N_WORDS };
    static const char *const names[N_WORDS] = {"num_class", "sigmoid"};
    struct clary_text values[N_WORDS] = {{NULL, NULL}}, word;
    int64_t n_classes = 1;
    bool is_sqrt = false;

    while (clary_text_word(&text, &word)) {
        is_sqrt = is_sqrt || clary_text_is(&word, "sqrt");
        for (size_t i = 0; i < N_WORDS; i++) {
            const size_t len = strlen(names[i]);

            if (clary_text_begins(&word, names[i]) &&
                word.at + len < word.end && word.at[len] == ':')
                values[i] = (struct clary_text){word.at + len + 1, word.end};
        }
    }
    if (objective->has_classes &&
        (!values[CLASSES].at ||
         !clary_text_integer(&values[CLASSES], &n_classes)))
        n_classes = -1;
    if (n_classes != (int64_t)model->n_groups)
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "objective \"%s\" does not go with %zu "
                                   "trees an iteration",
                                   parsed->text, model->n_groups);
    parsed->transform = objective->transform;
    if (parsed->transform == SIGNED_SQUARE && !is_sqrt)
        parsed->transform = IDENTITY;
    if (parsed->transform == SIGMOID &&
        (!values[SIGMOID_OF].at ||
         !read_sigmoid(&values[SIGMOID_OF], &parsed->sigmoid)))
        return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                   "objective \"%s\" lacks a positive "
                                   "sigmoid",
                                   parsed->text);
    return CLARY_OK;
}

static enum clary_status parse(const struct clary_lightgbm *model,
                               struct parsed *parsed, struct clary_error *err)
{
    struct clary_text text = model->header[CLARY_LIGHTGBM_OBJECTIVE], word;
    const struct clary_text all = text;

    *parsed =
        (struct parsed){.transform = IDENTITY, .text = "custom", .sigmoid = 1};
    /* trained with a function of the user's own: nothing to transform with */
    if (!text.at || !clary_text_word(&text, &word) ||
        clary_text_is(&word, "custom") || clary_text_is(&word, "none"))
        return CLARY_OK;
    parsed->text =
        clary_arena_strndup(model->arena, all.at, (size_t)(all.end - all.at));
    if (!parsed->text)
        return clary_no_memory(err);
    for (size_t i = 0; i < sizeof objectives / sizeof *objectives; i++)
        if (clary_text_is(&word, objectives[i].name))
            return read_words(model, &objectives[i], text, parsed, err);
    return clary_lightgbm_fail(model, CLARY_UNSUPPORTED, err,
                               "objective \"%s\" is not known; save the model "
                               "without its line \"objective=\" to get raw "
                               "scores",
                               parsed->text);
}

/* Whether the leaves are predictions already; see above. */
static bool holds_predictions(const struct clary_lightgbm *model,
                              enum transform transform)
{
    const double most =
        transform == SIGMOID || transform == LOGISTIC || transform == SOFTMAX
            ? 1
            : (double)INFINITY;

    if (model->version != 2 || model->forest.divisor == 0)
        return false;
    if (transform == IDENTITY || transform == SIGNED_SQUARE)
        return true;
    for (size_t i = 0; i < model->forest.n_leaves; i++) {
        const double value = model->forest.leaves[i];

        if (value < 0 || value > most)
            return false;
    }
    return true;
}

/* --- ops --- */

/* What the ops of one objective are added with; `value` is the last one's. */
struct chain {
    struct clary_program *program;
    struct clary_arena *arena;
    const char *name;
    uint32_t value;
};

static enum clary_status apply(struct chain *chain, const char *kind,
                               const void *params, struct clary_error *err)
{
    return clary_program_add(chain->program, kind, chain->name, params,
                             &chain->value, 1, &chain->value, 1, err);
}

/* The same for an op of two inputs, the second a number. */
static enum clary_status apply_number(struct chain *chain, const char *kind,
                                      double number, struct clary_error *err)
{
    double *data = clary_arena_alloc(chain->arena, sizeof *data);
    const struct clary_tensor scalar = {CLARY_DTYPE_F64, {0, {0}}, data};
    uint32_t in[2] = {chain->value, 0};

    if (!data)
        return clary_no_memory(err);
    *data = number;
    CLARY_TRY(clary_program_constant(chain->program, &scalar, &in[1], err));
    return clary_program_add(chain->program, kind, chain->name, NULL, in, 2,
                             &chain->value, 1, err);
}

static enum clary_status apply_sigmoid(struct chain *chain, double sigmoid,
                                       struct clary_error *err)
{
    CLARY_TRY(apply_number(chain, "mul", -sigmoid, err));
    CLARY_TRY(apply(chain, "exp", NULL, err));
    CLARY_TRY(apply_number(chain, "add", 1, err));
    return apply(chain, "reciprocal", NULL, err);
}

static enum clary_status apply_softmax(struct chain *chain,
                                       struct clary_error *err)
{
    struct clary_axis_params *params =
        clary_arena_calloc(chain->arena, 1, sizeof *params);

    if (!params)
        return clary_no_memory(err);
    params->axis = 1;
    return apply(chain, "softmax", params, err);
}

static enum clary_status apply_square(struct chain *chain,
                                      struct clary_error *err)
{
    uint32_t in[2] = {chain->value, chain->value};

    CLARY_TRY(apply(chain, "abs", NULL, err));
    in[0] = chain->value;
    return clary_program_add(chain->program, "mul", chain->name, NULL, in, 2,
                             &chain->value, 1, err);
}

enum clary_status clary_lightgbm_add_objective(
    const struct clary_lightgbm *model, struct clary_program *program,
    uint32_t margins, uint32_t *out, bool *averages_predictions,
    const char **objective, struct clary_error *err)
{
    struct parsed parsed;
    struct chain chain = {program, model->arena, NULL, margins};

    CLARY_TRY(parse(model, &parsed, err));
    *objective = chain.name = parsed.text;
    *averages_predictions = holds_predictions(model, parsed.transform);
    if (*averages_predictions)
        parsed.transform = IDENTITY;
    switch (parsed.transform) {
    case IDENTITY:
        break;
    case SIGMOID:
    case LOGISTIC:
        CLARY_TRY(apply_sigmoid(&chain, parsed.sigmoid, err));
        break;
    case SOFTMAX:
        CLARY_TRY(apply_softmax(&chain, err));
        break;
    case LOG1P_EXP:
        CLARY_TRY(apply(&chain, "exp", NULL, err));
        if (!model->says_linear)
            CLARY_TRY(apply_number(&chain, "add", 1, err));
        CLARY_TRY(
            apply(&chain, model->says_linear ? "log1p" : "log", NULL, err));
        break;
    case EXP:
        CLARY_TRY(apply(&chain, "exp", NULL, err));
        break;
    case SIGNED_SQUARE:
        CLARY_TRY(apply_square(&chain, err));
        break;
    }
    *out = chain.value;
    return CLARY_OK;
}
