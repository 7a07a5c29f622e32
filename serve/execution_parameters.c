/* execution_parameters.c: as much at once as there are event loops, and as
 * large a payload as one of them gets through in good time.
 *
 * The platform's limits: MaxPayloadInMB from 1 to 100, and its product with
 * MaxConcurrentTransforms at most 100.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "execution_parameters.h"

#include <inttypes.h>
#include <stdio.h>

/* A tenth of what the platform waits for an answer unless the job says
 * otherwise (600 s): for the upload, and for cores slower than the one that
 * was measured. */
#define REQUEST_S 60.0

enum { MAX_PRODUCT = 100, MIB = 1 << 20 };

static double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* Bytes of one body that `n` loops can take at once, each. */
static double sustained_bytes(const struct batch_limits *limits,
                              const struct model_pace *pace, int64_t n)
{
    double bytes = (double)limits->max_body_bytes;

    if (pace->body_bytes_per_s > 0)
        bytes = smaller(bytes, pace->body_bytes_per_s * REQUEST_S);
    if (pace->reply_bytes_per_byte > 0) {
        double reply = (double)limits->max_reply_bytes;
        if (limits->max_held_bytes > 0)
            reply = smaller(reply, (double)limits->max_held_bytes / (double)n -
                                       (double)pace->working_bytes);
        bytes = smaller(bytes, reply / pace->reply_bytes_per_byte);
    }
    return bytes;
}

struct execution_parameters execution_parameters(
    const struct batch_limits *limits, const struct model_pace *pace)
{
    struct execution_parameters it = {limits->max_concurrent_transforms,
                                      limits->strategy, limits->max_payload_mb};

    if (it.max_concurrent_transforms == 0) {
        int64_t most = it.max_payload_mb > 0 ? MAX_PRODUCT / it.max_payload_mb
                                             : MAX_PRODUCT;
        it.max_concurrent_transforms =
            limits->n_loops < (size_t)most ? (int64_t)limits->n_loops : most;
        if (it.max_concurrent_transforms == 0)
            it.max_concurrent_transforms = 1;
    }
    double bytes = sustained_bytes(limits, pace, it.max_concurrent_transforms);
    if (it.max_payload_mb == 0) {
        int64_t most = MAX_PRODUCT / it.max_concurrent_transforms;
        it.max_payload_mb = (int64_t)smaller(bytes / MIB, (double)most);
        if (it.max_payload_mb < 1)
            it.max_payload_mb = 1;
    }
    /* a model that does not get through the smallest payload in time */
    if (it.strategy == BATCH_UNDECIDED)
        it.strategy = bytes < MIB ? BATCH_SINGLE_RECORD : BATCH_MULTI_RECORD;
    return it;
}

size_t execution_parameters_print(const struct execution_parameters *parameters,
                                  char text[EXECUTION_PARAMETERS_BYTES])
{
    return (size_t)snprintf(
        text, EXECUTION_PARAMETERS_BYTES,
        "{\"MaxConcurrentTransforms\": %" PRId64 ", \"BatchStrategy\": "
        "\"%s\", \"MaxPayloadInMB\": %" PRId64 "}",
        parameters->max_concurrent_transforms,
        parameters->strategy == BATCH_SINGLE_RECORD ? "SINGLE_RECORD"
                                                    : "MULTI_RECORD",
        parameters->max_payload_mb);
}
