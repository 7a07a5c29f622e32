/* invoke.h: one invocation, bytes in and bytes out, as a stream.
 *
 *     clary_invoke_new              once a connection or thread
 *     clary_invoke_begin            headers are known
 *     clary_invoke_feed ...         each piece of the body, as it arrives
 *     clary_invoke_finish           -> reply
 *
 * A piece is decoded, run and encoded at once, block by block of rows; only
 * the reply is kept, because an error in the last row is still an error of the
 * whole request. After the first invocation on a model a `struct
 * clary_invoke` calls malloc for nothing unless a reply, or what has to be kept
 * of a body, outgrows what the ones before it have left (clary_invoke_end).
 *
 * threads: one `struct clary_invoke` belongs to one thread at a time; models
 * are shared.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_INVOKE_H
#define CLARY_INVOKE_H

#include <clary/model.h>
#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose wire bytes a reply reproduces. */
enum clary_style {
    CLARY_STYLE_AUTO,             /* that of the model's own container */
    CLARY_STYLE_TFSERVING,        /* TensorFlow Serving's JSON, byte by byte;
                                   * Accept is honoured */
    CLARY_STYLE_TFSERVING_STRICT, /* the same, but every reply is JSON, as in
                                   * SageMaker's TensorFlow container */
    CLARY_STYLE_XGBOOST,          /* SageMaker's XGBoost container */
    CLARY_STYLE_SKLEARN,          /* SageMaker's scikit-learn container: JSON
                                   * without an object round it */
    CLARY_STYLE_PLAIN,            /* {"predictions": [...]}, shortest numbers */
    CLARY_STYLE_COUNT
};

/* Whether the first row of a CSV body names the columns. */
enum clary_csv_header {
    CLARY_CSV_HEADER_DEFAULT, /* the style's: tfserving absent, else auto */
    CLARY_CSV_HEADER_AUTO,    /* a first row with no number in it is one */
    CLARY_CSV_HEADER_PRESENT,
    CLARY_CSV_HEADER_ABSENT,
    CLARY_CSV_HEADER_COUNT
};

/* What a reply tells of each row beside the model's outputs. */
enum clary_explain {
    CLARY_EXPLAIN_NONE,
    CLARY_EXPLAIN_SHAP, /* what each column adds to the margins: one more
                         * output, see clary_model_contributions */
    CLARY_EXPLAIN_COUNT
};

/* Threads that share the work on one block of rows where it is slow
 * (explanations). */
struct clary_team {
    size_t n_threads;
    /* Calls task(argument, part) once for each part < n_parts, on whichever
     * threads, and returns when all have returned. */
    void (*run)(void *context, size_t n_parts,
                void (*task)(void *argument, size_t part), void *argument);
    void *context;
};

/* Settings of a server, the same for all invocations. Zero: the default. */
struct clary_invoke_options {
    enum clary_style style;
    enum clary_csv_header csv_header;
    size_t max_reply_bytes;       /* default 1 GiB */
    size_t max_memory_bytes;      /* scratch of one invocation; default 1 GiB */
    const char *default_accept;   /* Accept of a request that has none, or
                                   * whose best is any; must outlive all
                                   * invocations. NULL: the style's */
    const char *inference_output; /* of the XGBoost style: what to answer
                                   * instead of predictions, as
                                   * "predicted_label,probability"; it must
                                   * outlive all invocations. NULL: those */
    bool batch; /* of the XGBoost style: a line a row, whatever Accept says */
    const struct clary_team *team; /* must outlive the invocations; NULL: the
                                    * calling thread does all */
    bool timed; /* keep clary_invoke_times: eight readings of the clock for a
                 * request of one row, three more for each block of rows */
};

/* Whether an Accept has something that can be written. */
bool clary_accept_is_known(const char *accept) __attribute__((nonnull));

/* Whether each name of an inference_output is one that some model has. */
bool clary_inference_output_is_known(const char *text) __attribute__((nonnull));

/* What the values of a model's columns have been so far, (n_columns) each.
 * Where nothing is known, -INFINITY and INFINITY. float32, rounded outwards:
 * a value as near to the edge as that counts as inside. */
struct clary_ranges {
    const float *min, *max;
};

/* What tells the formats of a body and of its reply. */
enum clary_protocol {
    CLARY_PROTOCOL_INVOCATIONS, /* SageMaker's: Content-Type and Accept */
    CLARY_PROTOCOL_KSERVE /* the Open Inference Protocol's: both are its JSON,
                           * whatever the headers say */
};

struct clary_request {
    const char *content_type; /* header as sent; NULL: there was none */
    const char *accept;       /* header as sent; NULL: there was none */
    enum clary_protocol protocol;
    enum clary_explain explain;
};

/* An empty body gets an empty reply in the XGBoost style: no rows, no bytes
 * and no type. */
struct clary_reply {
    const char *content_type; /* bare, never with parameters; static */
    const char *body;
    size_t len;    /* bytes */
    size_t n_rows; /* rows predicted */
};

/* Where the time of an invocation went, in nanoseconds; zeros unless it is
 * timed. */
struct clary_invoke_times {
    uint64_t decode_ns, run_ns, encode_ns;
    uint64_t wait_ns; /* between the calls: for the body to arrive */
};

/* What was odd about one column. */
struct clary_column_counts {
    uint64_t n_missing; /* NaN */
    uint64_t n_outside; /* of its range */
};

struct clary_invoke;

/* NULL when there is no memory. `options` NULL: defaults; it is copied. */
struct clary_invoke *clary_invoke_new(
    const struct clary_invoke_options *options);
void clary_invoke_free(struct clary_invoke *invoke); /* NULL is allowed */

/* From the next begin on, holds the values of rows against `ranges`, which
 * must outlive what is invoked with it and be those of the model. NULL, which
 * is what a new one has: does not look at them. */
void clary_invoke_watch(struct clary_invoke *invoke,
                        const struct clary_ranges *ranges)
    __attribute__((nonnull(1)));

/* Starts an invocation; what an earlier one on `invoke` left is dropped.
 *
 *   model     must outlive the invocation
 *   request   is only read here
 *   errors    CLARY_BAD_MEDIA_TYPE, CLARY_NOT_ACCEPTABLE, CLARY_BAD_INPUT (an
 *             explanation that the model does not have), CLARY_UNSUPPORTED
 *             (the model has nothing like options.inference_output),
 *             CLARY_NO_MEMORY
 */
enum clary_status clary_invoke_begin(struct clary_invoke *invoke,
                                     const struct clary_model *model,
                                     const struct clary_request *request,
                                     struct clary_error *err) CLARY_MUST_USE
    __attribute__((nonnull));

/* Takes the next piece of the body, any size, cut anywhere.
 *
 *   bytes     only read during the call
 *   errors    CLARY_BAD_INPUT, CLARY_UNREADABLE (row and column are set),
 *             CLARY_TOO_LARGE (the reply), CLARY_NO_MEMORY. After an error the
 *             invocation is over: only begin and free may follow.
 */
enum clary_status clary_invoke_feed(struct clary_invoke *invoke,
                                    const char *bytes, size_t len,
                                    struct clary_error *err) CLARY_MUST_USE
    __attribute__((nonnull(1, 4)));

/* The body is complete.
 *
 *   reply     its pointers live until the next begin, end or free
 *   errors    as clary_invoke_feed; a body without a row is CLARY_BAD_INPUT
 */
enum clary_status clary_invoke_finish(struct clary_invoke *invoke,
                                      struct clary_reply *reply,
                                      struct clary_error *err) CLARY_MUST_USE
    __attribute__((nonnull));

/* Moves the reply's finished bytes out while the body still streams, for
 * callers that may lose what came before an error (`clary predict`): sets
 * `body` and `len` to what was encoded so far and forgets it. Valid until the
 * next feed or finish. */
void clary_invoke_drain(struct clary_invoke *invoke, const char **body,
                        size_t *len) __attribute__((nonnull));

/* The invocation's times until now. */
void clary_invoke_times(const struct clary_invoke *invoke,
                        struct clary_invoke_times *times)
    __attribute__((nonnull));

/* Working memory that it has now, without the reply: what the model takes, and
 * a little. It grows with the body only where that has to be kept, as JSON by
 * columns. */
size_t clary_invoke_bytes(const struct clary_invoke *invoke)
    __attribute__((nonnull));

/* The invocation is over, and its reply not needed any more. Gives back what
 * is more than the model takes, 256 KiB of working memory and 128 KiB of the
 * reply, and returns the bytes that are kept for the next invocation. */
size_t clary_invoke_end(struct clary_invoke *invoke) __attribute__((nonnull));

/* What was odd about the rows that were decoded until now, refused or not:
 * (n_columns), or NULL if there was nothing or nothing was looked at.
 * Valid until the next begin, end or free. */
const struct clary_column_counts *clary_invoke_counts(
    const struct clary_invoke *invoke) __attribute__((nonnull));

/* begin, feed and finish at once. */
enum clary_status clary_invoke(struct clary_invoke *invoke,
                               const struct clary_model *model,
                               const struct clary_request *request,
                               const char *body, size_t len,
                               struct clary_reply *reply,
                               struct clary_error *err) CLARY_MUST_USE
    __attribute__((nonnull(1, 2, 3, 6, 7)));

/* "shap"; COUNT for an unknown name. */
enum clary_explain clary_explain_parse(const char *name)
    __attribute__((nonnull));

/* "tfserving" and so on, for settings; COUNT for an unknown name. */
enum clary_style clary_style_parse(const char *name) __attribute__((nonnull));
enum clary_csv_header clary_csv_header_parse(const char *name)
    __attribute__((nonnull));

#endif
