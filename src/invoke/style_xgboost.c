/* style_xgboost.c: the wire of SageMaker's XGBoost container (algorithm mode).
 *
 *     Accept                  a reply
 *     text/csv, none, any     one prediction a line (src/data/scores.h)
 *     application/json        {"predictions": [{"score": 0.5}]}
 *     application/jsonlines   {"score": 0.5} a line
 *     application/x-npy       an array
 *     anything else           406
 *
 * The container writes JSON lines only of what SAGEMAKER_INFERENCE_OUTPUT
 * selects, and no array; here only an array of what is selected is refused.
 *
 * With SAGEMAKER_BATCH predictions come as lines whatever Accept says, under
 * the type that it says. A body that cannot be read is 415, one that the model
 * cannot take 400, an empty one 204.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/scores.h"
#include "invoke/model.h"
#include "invoke/style.h"

#include <string.h>

static const struct clary_codec *writer_of(const struct clary_codec *codec,
                                           bool as_lines)
{
    if (as_lines)
        return &clary_codec_scores_lines;
    if (codec == &clary_codec_csv)
        return &clary_codec_scores_csv;
    if (codec == &clary_codec_json)
        return &clary_codec_scores_json;
    return codec == &clary_codec_jsonlines ? &clary_codec_scores_jsonlines
                                           : codec;
}

bool clary_inference_output_is_known(const char *text)
{
    return clary_scores_know(text);
}

enum clary_status clary_xgboost_form(const struct clary_invoke_options *options,
                                     const struct clary_model *model,
                                     struct clary_arena *arena,
                                     struct clary_reply_form *form,
                                     struct clary_error *err)
{
    struct clary_scores *scores = clary_arena_calloc(arena, 1, sizeof *scores);

    if (!scores)
        return clary_no_memory(err);
    scores->answer = clary_model_answer(model, &scores->n_classes);
    scores->is_batch = options->batch;
    if (options->inference_output != NULL) {
        if (scores->answer == CLARY_ANSWER_OTHER)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "Objective `%s` unsupported for selectable "
                              "inference predictions; expected "
                              "SAGEMAKER_INFERENCE_OUTPUT not to be set, or a "
                              "regression or classification.",
                              clary_model_signature(model)->name);
        CLARY_TRY(
            clary_scores_select(scores, options->inference_output, arena, err));
    }
    form->options.scores = scores;
    form->options.numbers = CLARY_NUMBER_PYTHON;
    form->codec =
        writer_of(form->codec, options->batch && !options->inference_output);
    if (options->inference_output != NULL && form->codec == &clary_codec_npy)
        return clary_fail(err, CLARY_NOT_ACCEPTABLE,
                          "what SAGEMAKER_INFERENCE_OUTPUT selects cannot be "
                          "written as application/x-npy, expected text/csv, "
                          "application/json or application/jsonlines");
    return CLARY_OK;
}

enum clary_status clary_xgboost_refuse(bool is_read, struct clary_error *err)
{
    const struct clary_error was = *err;

    if (is_read) {
        (void)clary_fail(err, CLARY_BAD_INPUT,
                         "Unable to evaluate payload provided: %s",
                         was.message);
        err->row = was.row;
        err->column = was.column;
        err->feature = was.feature;
    } else {
        err->status = CLARY_UNREADABLE;
    }
    return err->status;
}
