/* invoke_run.h: one invocation of a golden model at a time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_UNIT_INVOKE_RUN_H
#define CLARY_TESTS_UNIT_INVOKE_RUN_H

#include "tests/unit/golden.h"

#define N(cases) (sizeof(cases) / sizeof *(cases))

static struct clary_error err;
static struct clary_reply reply;

static const char three[] = "1,2,5\n"; /* a row of half-plus-three */

/* What that row gives, in every form. */
static const char pretty[] =
    "{\n    \"predictions\": [[3.5, 4.0, 5.5]\n    ]\n}";
static const char flat[] = "{    \"predictions\": [[3.5, 4.0, 5.5]    ]}";
static const char compact[] = "{\"predictions\": [[3.5, 4.0, 5.5]]}";
static const char csv[] = "3.5,4.0,5.5\n";
static const char lines[] = "[3.5, 4.0, 5.5]\n";

static enum clary_status run(struct clary_invoke *invoke,
                             const struct golden *golden, const char *type,
                             const char *accept, const char *body)
{
    struct clary_request request = {type, accept};
    return clary_invoke(invoke, golden->model, &request, body, strlen(body),
                        &reply, &err);
}

/* The reply is exactly `text`. */
static bool is_reply(const char *text)
{
    return reply.len == strlen(text) &&
           memcmp(reply.body, text, reply.len) == 0;
}

#endif
