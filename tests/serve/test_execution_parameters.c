/* test_execution_parameters.c: the numbers keep to the platform's limits, to
 * the server's and to the job's, whatever a model's pace.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/execution_parameters.h"
#include "tests/test.h"

#include <stdlib.h>

#define MIB 1048576.0
#define GIB (1024 * MIB)

static const struct model_pace fast = {200 * MIB, 1e6, 0.2, 0};

static struct batch_limits limits_of(size_t n_loops)
{
    return (struct batch_limits){.n_loops = n_loops,
                                 .max_body_bytes = (uint64_t)GIB,
                                 .max_reply_bytes = (uint64_t)GIB,
                                 .max_held_bytes = (uint64_t)GIB};
}

TEST(as_many_as_loops)
{
    static const struct {
        size_t n_loops;
        int64_t transforms, payload;
    } cases[] = {{1, 1, 100}, {2, 2, 50},    {3, 3, 33},   {8, 8, 12},
                 {64, 64, 1}, {100, 100, 1}, {256, 100, 1}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct batch_limits limits = limits_of(cases[i].n_loops);
        struct execution_parameters it = execution_parameters(&limits, &fast);
        CHECK_INT(it.max_concurrent_transforms, cases[i].transforms);
        CHECK_INT(it.max_payload_mb, cases[i].payload);
        CHECK_INT(it.strategy, BATCH_MULTI_RECORD);
    }
}

TEST(as_much_as_the_model_gets_through)
{
    struct batch_limits limits = limits_of(2);
    struct model_pace pace = {MIB / 10, 1000, 0.2, 0};

    CHECK_INT(execution_parameters(&limits, &pace).max_payload_mb, 6);
    pace.body_bytes_per_s = 100; /* a record in seconds */
    struct execution_parameters it = execution_parameters(&limits, &pace);
    CHECK_INT(it.max_payload_mb, 1);
    CHECK_INT(it.strategy, BATCH_SINGLE_RECORD);
    pace = (struct model_pace){0}; /* not known */
    CHECK_INT(execution_parameters(&limits, &pace).max_payload_mb, 50);
}

TEST(as_much_as_the_server_takes)
{
    struct batch_limits limits = limits_of(2);
    struct model_pace pace = {GIB, 1e6, 10, 0}; /* long replies */

    limits.max_body_bytes = 7 * 1048576;
    CHECK_INT(execution_parameters(&limits, &fast).max_payload_mb, 7);
    limits = limits_of(2);
    limits.max_reply_bytes = 30 * 1048576;
    CHECK_INT(execution_parameters(&limits, &pace).max_payload_mb, 3);
    limits = limits_of(2);
    limits.max_held_bytes = 80 * 1048576;
    CHECK_INT(execution_parameters(&limits, &pace).max_payload_mb, 4);
    pace.working_bytes = 1; /* two of four MiB do not fit any more */
    CHECK_INT(execution_parameters(&limits, &pace).max_payload_mb, 3);
    pace.working_bytes = 50 * 1048576; /* one alone hardly does */
    CHECK_INT(execution_parameters(&limits, &pace).max_payload_mb, 1);
    limits.max_held_bytes = 0;
    CHECK_INT(execution_parameters(&limits, &pace).max_payload_mb, 50);
}

TEST(what_the_job_says)
{
    struct batch_limits limits = limits_of(2);
    char text[EXECUTION_PARAMETERS_BYTES + 1] = "";

    limits.max_concurrent_transforms = 50;
    CHECK_INT(execution_parameters(&limits, &fast).max_payload_mb, 2);
    limits.max_concurrent_transforms = 0;
    limits.max_payload_mb = 100;
    CHECK_INT(execution_parameters(&limits, &fast).max_concurrent_transforms,
              1);
    limits.max_concurrent_transforms = 7;
    limits.max_payload_mb = 11;
    limits.strategy = BATCH_SINGLE_RECORD;
    struct execution_parameters it = execution_parameters(&limits, &fast);
    size_t len = execution_parameters_print(&it, text);
    CHECK_INT(len, strlen(text));
    CHECK_STR(text, "{\"MaxConcurrentTransforms\": 7, \"BatchStrategy\": "
                    "\"SINGLE_RECORD\", \"MaxPayloadInMB\": 11}");
    it =
        (struct execution_parameters){INT64_MAX, BATCH_MULTI_RECORD, INT64_MAX};
    CHECK(execution_parameters_print(&it, text) < EXECUTION_PARAMETERS_BYTES);
}
