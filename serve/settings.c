/* settings.c: THE table of settings.
 *
 * A new setting is one entry here and one member of struct config.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "settings.h"

#include "config.h"
#include "execution_parameters.h"

/* In the order of the enums they stand for. */
static const char *const style_words[] = {
    "auto",  "tfserving", "tfserving-strict", "xgboost", "sklearn",
    "plain", NULL};
static const char *const header_words[] = {"default", "auto", "present",
                                           "absent", NULL};
static const char *const level_words[] = {"debug", "info", "warning",
                                          "error", "none", NULL};
static const char *const strategy_words[] = {"SINGLE_RECORD", "MULTI_RECORD",
                                             NULL};
static const char *const switch_words[] = {"off", "on", NULL};
static const char *const golden_words[] = {"off", "warn", "require", NULL};
static const char *const tree_words[] = {"auto", "best", "all", NULL};
static const char *const truth_words[] = {"false", "true", NULL};
static const char *const untruth_words[] = {"false", NULL};
static const char *const kernel_words[] = {"scalar", "avx2", "avx512", "neon",
                                           NULL};

#define OUTPUTS                                                                \
    "predicted_label, labels, probability, probabilities, raw_score, "         \
    "raw_scores, predicted_score, with commas between them"

#define GIB          (INT64_C(1) << 30)
#define TIB          (INT64_C(1) << 40)
#define MEMBER(name) offsetof(struct config, name)

const struct setting settings[] = {
    {.name = "CLARY_MODEL",
     .kind = TEXT,
     .member = MEMBER(model_path),
     .fallback = "/opt/ml/model",
     .help = "Artifact: a directory, a model.tar.gz or one model file."},
    {.name = "CLARY_MODEL_NAME",
     .kind = TEXT,
     .member = MEMBER(model_name),
     .otherwise = "the artifact's: model",
     .help = "What the model is called, in /v2/models/NAME for one; an "
             "InferenceService of KServe has the name of its own."},
    {.name = "CLARY_ADDRESS",
     .kind = TEXT,
     .member = MEMBER(address),
     .fallback = "0.0.0.0",
     .help = "Numeric address to listen on."},
    {.name = "SAGEMAKER_BIND_TO_PORT",
     .kind = NUMBER,
     .member = MEMBER(port),
     .min = 0,
     .max = 65535,
     .fallback = "8080",
     .help = "Port to listen on; --port wins over it. 0: a free one."},
    {.name = "CLARY_THREADS",
     .kind = NUMBER,
     .member = MEMBER(threads),
     .unit = "threads",
     .min = 1,
     .max = 256,
     .otherwise = "as many cores as there are",
     .help = "Event loops; each one runs models. Without it, the cores of the "
             "affinity mask and the cgroup quota."},
    {.name = "SAGEMAKER_MODEL_SERVER_WORKERS",
     .kind = NUMBER,
     .member = MEMBER(threads),
     .unit = "threads",
     .min = 1,
     .max = 256,
     .otherwise = "CLARY_THREADS",
     .help = "SageMaker's name for CLARY_THREADS; wins over it."},
    {.name = "CLARY_MAX_BODY_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_body_bytes),
     .unit = "bytes",
     .min = 1,
     .max = TIB,
     .fallback = "1073741824",
     .help = "Largest request body; a larger one is answered with 413."},
    {.name = "SAGEMAKER_MAX_PAYLOAD_IN_MB",
     .kind = NUMBER,
     .member = MEMBER(max_payload_mb),
     .unit = "MiB",
     .min = 0,
     .max = 1024,
     .otherwise = "CLARY_MAX_BODY_BYTES",
     .help = "Set by batch transform; wins over CLARY_MAX_BODY_BYTES. "
             "0: no limit of its own."},
    {.name = "CLARY_MAX_INFLATE_RATIO",
     .kind = NUMBER,
     .member = MEMBER(max_inflate_ratio),
     .unit = "times",
     .min = 0,
     .max = 1000000,
     .fallback = "200",
     .help = "Largest ratio of a compressed request body's inflated size to "
             "its own, once the first MiB is inflated; beyond it 413. 0: any."},
    {.name = "CLARY_COMPRESS_BYTES",
     .kind = NUMBER,
     .member = MEMBER(compress_bytes),
     .unit = "bytes",
     .min = 0,
     .max = TIB,
     .fallback = "0",
     .help = "Predictions of at least so many bytes are sent with gzip to "
             "clients whose Accept-Encoding takes it. 0: never."},
    {.name = "CLARY_MAX_REPLY_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_reply_bytes),
     .unit = "bytes",
     .min = 1024,
     .max = TIB,
     .fallback = "1073741824",
     .help = "Largest reply; it is kept until the last row has been read."},
    {.name = "CLARY_MAX_MEMORY_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_memory_bytes),
     .unit = "bytes",
     .min = 65536,
     .max = TIB,
     .fallback = "1073741824",
     .help = "Working memory of one request, without its reply."},
    {.name = "CLARY_MAX_CONNECTIONS",
     .kind = NUMBER,
     .member = MEMBER(max_connections),
     .unit = "connections",
     .min = 1,
     .max = 1000000,
     .fallback = "4096",
     .help = "Open connections; one more is answered with 503."},
    {.name = "CLARY_MAX_REQUESTS",
     .kind = NUMBER,
     .member = MEMBER(max_requests),
     .unit = "requests",
     .min = 0,
     .max = 1000000,
     .fallback = "1024",
     .help = "Predictions at once, from the first header to the last byte "
             "sent; one more is answered with 503. 0: any number."},
    {.name = "CLARY_MAX_HELD_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_held_bytes),
     .unit = "bytes",
     .min = 0,
     .max = TIB,
     .otherwise = "1073741824 or less",
     .help = "What all requests together take: the memory to compute them, and "
             "their replies, estimated until they are complete. One more that "
             "does not fit is answered with 503, but for the only one. Unless "
             "set, at most a quarter of the cgroup's memory limit. 0: any "
             "number."},
    {.name = "CLARY_PIECE_BUDGET_US",
     .kind = NUMBER,
     .member = MEMBER(piece_budget_us),
     .unit = "us",
     .min = 0,
     .max = 60000000,
     .fallback = "2000",
     .help = "A model that takes longer for 8 KiB of CSV, as measured at "
             "start, runs in worker threads beside the event loops, as many "
             "as those."},
    {.name = "CLARY_QUEUE_REQUESTS",
     .kind = NUMBER,
     .member = MEMBER(queue_requests),
     .unit = "requests",
     .min = 0,
     .max = 1000000,
     .fallback = "256",
     .help = "Requests that are with the workers or wait for them; one more "
             "is answered with 503. 0: any number."},
    {.name = "CLARY_QUEUE_BYTES",
     .kind = NUMBER,
     .member = MEMBER(queue_bytes),
     .unit = "bytes",
     .min = 0,
     .max = TIB,
     .otherwise = "268435456 or less",
     .help = "The bodies of those requests together; one that does not fit is "
             "answered with 503, but for the only one. Unless set, at most a "
             "quarter of the cgroup's memory limit. 0: any number."},
    {.name = "CLARY_TIMEOUT_MS",
     .kind = NUMBER,
     .member = MEMBER(timeout_ms),
     .unit = "ms",
     .min = 0,
     .max = 3600000,
     .fallback = "0",
     .help = "A prediction that is not computed so long after its headers is "
             "answered with 503, and not computed any further. Not in batch "
             "transform jobs. 0: no limit."},
    {.name = "CLARY_IDLE_TIMEOUT_S",
     .kind = NUMBER,
     .member = MEMBER(idle_timeout_s),
     .unit = "seconds",
     .min = 1,
     .max = 86400,
     .fallback = "75",
     .help = "A connection is closed when nothing happened in a request for "
             "so long, or when so long after an answer the headers of the next "
             "request have not come."},
    {.name = "CLARY_SPIN_US",
     .kind = NUMBER,
     .member = MEMBER(spin_us),
     .unit = "us",
     .min = 0,
     .max = 10000,
     .fallback = "0",
     .help = "How long an event loop looks for the next request before it "
             "sleeps, where the last one came as soon: takes the waking up "
             "out of the time of a client that asks at once again, at the "
             "price of a core meanwhile. 0: it sleeps at once."},
    {.name = "CLARY_GRACE_MS",
     .kind = NUMBER,
     .member = MEMBER(grace_ms),
     .unit = "ms",
     .min = 0,
     .max = 3600000,
     .fallback = "25000",
     .help = "After SIGTERM, time for requests in flight to finish. "
             "SageMaker kills after 30 s."},
    {.name = "CLARY_STYLE",
     .kind = CHOICE,
     .member = MEMBER(style),
     .words = style_words,
     .fallback = "auto",
     .help = "Whose replies to reproduce; auto: the container's that used to "
             "serve the artifact."},
    {.name = "CLARY_CSV_HEADER",
     .kind = CHOICE,
     .member = MEMBER(csv_header),
     .words = header_words,
     .fallback = "default",
     .help = "Whether the first row of CSV names the columns; default: the "
             "style's (tfserving absent, the others auto)."},
    {.name = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
     .kind = TEXT,
     .member = MEMBER(default_accept),
     .is_known = clary_accept_is_known,
     .expected = "one of application/json, application/jsonlines, text/csv, "
                 "application/x-npy",
     .otherwise = "the style's default",
     .help = "Accept of a request that has none or says any."},
    {.name = "SAGEMAKER_INFERENCE_OUTPUT",
     .kind = TEXT,
     .member = MEMBER(inference_output),
     .is_known = clary_inference_output_is_known,
     .expected = "any of " OUTPUTS,
     .otherwise = "predictions",
     .help =
         "Of the xgboost style: what to answer instead, any of " OUTPUTS "."},
    {.name = "SAGEMAKER_INFERENCE_ENSEMBLE",
     .kind = CHOICE,
     .member = MEMBER(is_ensemble),
     .words = truth_words,
     .any_case = true,
     .fallback = "true",
     .help = "Whether several XGBoost models in one folder answer together; "
             "false: the first by name does."},
    {.name = "CLARY_XGBOOST_TREES",
     .kind = CHOICE,
     .member = MEMBER(trees),
     .words = tree_words,
     .fallback = "auto",
     .help = "Which trees of an XGBoost model answer after early stopping; "
             "auto: those up to best_ntree_limit, where it is stated; best: up "
             "to best_iteration too; all."},
    {.name = "CLARY_IDENTIFY",
     .kind = NUMBER,
     .member = MEMBER(identify),
     .min = 0,
     .max = 1,
     .fallback = "0",
     .help = "1: responses carry clary-model=<first 12 hex of the artifact's "
             "SHA-256> in X-Amzn-SageMaker-Custom-Attributes."},
    {.name = "SAGEMAKER_BATCH",
     .kind = CHOICE,
     .member = MEMBER(is_batch),
     .words = truth_words,
     .any_case = true,
     .fallback = "false",
     .help = "Set by batch transform. Then CLARY_TIMEOUT_MS, which the "
             "model's endpoints share, does not apply, and the xgboost style "
             "answers a line a row whatever Accept says."},
    {.name = "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS",
     .kind = NUMBER,
     .member = MEMBER(max_concurrent_transforms),
     .unit = "requests",
     .min = 0,
     .max = 1000000,
     .otherwise = "the event loops",
     .help = "Set by batch transform; /execution-parameters repeats it. 0: "
             "not stated."},
    {.name = "SAGEMAKER_BATCH_STRATEGY",
     .kind = CHOICE,
     .member = MEMBER(batch_strategy),
     .words = strategy_words,
     .min = BATCH_SINGLE_RECORD,
     .otherwise = "by the model's speed",
     .help = "Set by batch transform; /execution-parameters repeats it."},
    {.name = "SAGEMAKER_MULTI_MODEL",
     .kind = CHOICE,
     .member = MEMBER(is_multi_model),
     .words = untruth_words,
     .any_case = true,
     .fallback = "false",
     .help = "Set by multi-model endpoints, which are not served: true is "
             "refused."},
    {.name = "CLARY_GOLDEN",
     .kind = CHOICE,
     .member = MEMBER(golden),
     .words = golden_words,
     .fallback = "require",
     .help = "What happens when the model does not predict what the artifact's "
             "clary/golden.csv says: require: it is not served, and the server "
             "ends; warn: the log says so; off: it is not asked."},
    {.name = "CLARY_MAX_ARTIFACT_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_artifact_bytes),
     .unit = "bytes",
     .min = 1024,
     .max = TIB,
     .fallback = "2147483648",
     .help = "Largest artifact, unpacked."},
    {.name = "CLARY_MAX_MODEL_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_model_bytes),
     .unit = "bytes",
     .min = 1024,
     .max = TIB,
     .fallback = "4294967296",
     .help = "Memory of the loaded model."},
    {.name = "CLARY_CPU",
     .kind = CHOICE,
     .member = MEMBER(kernels),
     .words = kernel_words,
     .otherwise = "the best of this machine",
     .help = "Kernels to compute with."},
    {.name = "CLARY_SANDBOX",
     .kind = CHOICE,
     .member = MEMBER(sandbox),
     .words = switch_words,
     .fallback = "off",
     .help = "on: the server can open no file but the model, and once it is "
             "ready make no system call but those that serving takes. The "
             "image sets it."},
    {.name = "CLARY_LOG",
     .kind = CHOICE,
     .member = MEMBER(log_level),
     .words = level_words,
     .fallback = "info",
     .help = "Least level of the lines on stderr."},
    {.name = "CLARY_EMF",
     .kind = NUMBER,
     .member = MEMBER(emf),
     .min = 0,
     .max = 1,
     .fallback = "0",
     .help = "1: once a minute, and at the end, standard output gets what was "
             "counted since, in CloudWatch's embedded metric format."},
    {.name = "CLARY_EMF_DIMENSIONS",
     .kind = TEXT,
     .member = MEMBER(emf_dimensions),
     .otherwise = "none",
     .help = "Dimensions of those metrics beside Model: up to four NAME=VALUE, "
             "with commas between them."},
};

const size_t n_settings = sizeof settings / sizeof settings[0];
