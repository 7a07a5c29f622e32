/* execution_parameters.h: what batch transform is told before a job: how many
 * requests at once, how large, of how many records.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_EXECUTION_PARAMETERS_H
#define SERVE_EXECUTION_PARAMETERS_H

#include "warm_up.h"

#include <stddef.h>
#include <stdint.h>

enum batch_strategy {
    BATCH_UNDECIDED,
    BATCH_SINGLE_RECORD,
    BATCH_MULTI_RECORD
};

/* What the numbers must keep to. */
struct batch_limits {
    /* the job's own wishes, which are repeated; 0: none */
    int64_t max_concurrent_transforms, max_payload_mb;
    enum batch_strategy strategy;
    /* the server's */
    size_t n_loops;
    uint64_t max_body_bytes;
    uint64_t max_reply_bytes; /* of one request */
    uint64_t max_held_bytes;  /* of all requests together; 0: any */
};

struct execution_parameters {
    int64_t max_concurrent_transforms;
    enum batch_strategy strategy;
    int64_t max_payload_mb;
};

/* The numbers for a model with this pace. */
struct execution_parameters execution_parameters(
    const struct batch_limits *limits, const struct model_pace *pace);

enum { EXECUTION_PARAMETERS_BYTES = 128 };

/* As a JSON object; returns its length. */
size_t execution_parameters_print(const struct execution_parameters *parameters,
                                  char text[EXECUTION_PARAMETERS_BYTES]);

#endif
