/* config.h: every setting, read from the environment once.
 *
 * The table in settings.c is the parser, the validator and the documentation.
 * A variable that is set to nothing counts as not set. Where SageMaker has a
 * variable of its own it wins over ours.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_CONFIG_H
#define SERVE_CONFIG_H

#include <clary/invoke.h>
#include <clary/model.h>
#include <clary/status.h>

#include <stdint.h>
#include <stdio.h>

struct config {
    const char *model_path;
    const char *model_name;       /* NULL: the artifact's */
    const char *address;          /* numeric */
    const char *default_accept;   /* NULL: the style's */
    const char *inference_output; /* NULL: predictions */
    const char *emf_dimensions;   /* NULL: Model alone */
    int64_t port;
    int64_t threads;    /* 0 until config_load has counted cores */
    int64_t warm_bytes; /* kept by finished requests of one loop; no setting,
                         * a share of the memory limit */
    int64_t max_body_bytes;
    int64_t max_payload_mb; /* SageMaker's; 0: not stated */
    int64_t max_reply_bytes;
    int64_t max_memory_bytes; /* scratch of one request */
    int64_t max_inflate_ratio;
    int64_t compress_bytes; /* 0: never */
    int64_t max_connections;
    int64_t max_requests;   /* 0: any; so are the next three */
    int64_t max_held_bytes; /* by requests */
    int64_t queue_requests;
    int64_t queue_bytes;
    int64_t piece_budget_us;
    int64_t timeout_ms; /* 0: none */
    int64_t idle_timeout_s;
    int64_t spin_us; /* 0: never */
    int64_t grace_ms;
    int64_t identify;                  /* 0 or 1 */
    int64_t is_batch;                  /* 0 or 1: a batch transform job */
    int64_t is_multi_model;            /* 0: 1 is refused */
    int64_t max_concurrent_transforms; /* the job's; 0: not stated */
    int64_t batch_strategy;            /* enum batch_strategy, the job's */
    int64_t max_artifact_bytes;
    int64_t max_model_bytes;
    int64_t trees;       /* enum clary_trees */
    int64_t is_ensemble; /* 0 or 1: models in one folder answer together */
    int64_t style;       /* enum clary_style */
    int64_t csv_header;  /* enum clary_csv_header */
    int64_t log_level;   /* enum clary_log_level */
    int64_t emf;         /* 0 or 1 */
    int64_t kernels;     /* read by the library; checked here */
    int64_t sandbox;     /* 0 or 1 */
    int64_t golden;      /* enum golden_policy */
};

/* Defaults, some of which are shares of the cgroup's memory, then the
 * environment.
 *
 *   config   its texts point into the environment and to literals
 *   errors   CLARY_BAD_INPUT: the variable, what was found, what was expected
 */
enum clary_status config_load(struct config *config, struct clary_error *err)
    CLARY_MUST_USE;

/* One setting from the command line; `name` is the variable it stands for,
 * `origin` the option as the user knows it. */
enum clary_status config_set(struct config *config, const char *name,
                             const char *origin, const char *value,
                             struct clary_error *err) CLARY_MUST_USE;

/* Calls `warn` for each variable of the environment that begins with CLARY_
 * and is not in the table. */
void config_unknown(void (*warn)(const char *name));

/* The table, for people. */
void config_help(FILE *out);

struct clary_invoke_options config_invoke_options(const struct config *config);
struct clary_load_options config_load_options(const struct config *config);

#endif
