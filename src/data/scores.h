/* scores.h: replies as SageMaker's XGBoost container writes them.
 *
 *     scores.c         the writers
 *     score_select.c   what is selected of a prediction instead of its value
 *
 * Not in the table of codecs: the wire style chooses among them.
 *
 *   source  sagemaker_xgboost_container/algorithm_mode/serve_utils.py and
 *           encoder.py of aws/sagemaker-xgboost-container
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_SCORES_H
#define CLARY_DATA_SCORES_H

#include "data/codec.h"

/* What the first output of a model is, for what can be selected of it. */
enum clary_answer {
    CLARY_ANSWER_OTHER,    /* nothing can be */
    CLARY_ANSWER_SCORE,    /* a number: regression */
    CLARY_ANSWER_LOGISTIC, /* the probability of class 1 */
    CLARY_ANSWER_LOGITRAW, /* its log odds */
    CLARY_ANSWER_HINGE,    /* class 0 or 1 */
    CLARY_ANSWER_SOFTMAX,  /* a class */
    CLARY_ANSWER_SOFTPROB, /* the probability of each class */
    CLARY_ANSWER_COUNT
};

enum clary_score_kind {
    CLARY_SCORE_PREDICTED_LABEL,
    CLARY_SCORE_LABELS,
    CLARY_SCORE_PROBABILITY,
    CLARY_SCORE_PROBABILITIES,
    CLARY_SCORE_RAW_SCORE,
    CLARY_SCORE_RAW_SCORES,
    CLARY_SCORE_PREDICTED_SCORE,
    CLARY_SCORE_NONE /* no such thing, or not of this answer: NaN */
};

struct clary_score_key {
    const char *name;
    size_t len;
    enum clary_score_kind kind;
};

/* For the writers, as writer->options.scores. */
struct clary_scores {
    enum clary_answer answer;
    size_t n_classes; /* of SOFTMAX and SOFTPROB */
    bool is_batch;    /* the last line of CSV ends in LF, too */
    const struct clary_score_key *keys;    /* as they were asked for */
    const struct clary_score_key *members; /* each once, in JSON's order */
    size_t n_keys, n_members;              /* 0: predictions are written */
};

/* Whether each key of "predicted_label,probability" is one that a prediction
 * of some objective has. */
bool clary_scores_know(const char *text);

/* Fills in the keys and members for `text`, "predicted_label, probability":
 * case and blanks do not matter. `answer` is known and not OTHER. Errors:
 * CLARY_NO_MEMORY. */
enum clary_status clary_scores_select(struct clary_scores *scores,
                                      const char *text,
                                      struct clary_arena *arena,
                                      struct clary_error *err) CLARY_MUST_USE;

/* Appends what `kind` is for a prediction of `width` values: a number, NaN
 * (JSON: null), or a list, which in CSV stands in quotes. */
enum clary_status clary_score_write(struct clary_buffer *out,
                                    const struct clary_scores *scores,
                                    enum clary_score_kind kind,
                                    const float *values, size_t width,
                                    bool is_json, struct clary_error *err)
    CLARY_MUST_USE;

/* One prediction a line, several values as cells:  0.5\n  0.2,0.8\n */
extern const struct clary_codec clary_codec_scores_csv;
/* The same, but several values as a list: [0.2, 0.8]\n */
extern const struct clary_codec clary_codec_scores_lines;
/* {"predictions": [{"score": 0.5}, {"score": [0.2, 0.8]}]} */
extern const struct clary_codec clary_codec_scores_json;
/* {"score": 0.5}\n */
extern const struct clary_codec clary_codec_scores_jsonlines;

#endif
