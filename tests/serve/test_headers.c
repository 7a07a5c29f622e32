/* test_headers.c: names in any case, and of several values the first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/headers.h"
#include "tests/test.h"

#include <ctype.h>

static const char *const names[] = {
    [HEADER_HOST] = "Host",
    [HEADER_ACCEPT] = "Accept",
    [HEADER_ACCEPT_ENCODING] = "Accept-Encoding",
    [HEADER_CONTENT_TYPE] = "Content-Type",
    [HEADER_CONTENT_LENGTH] = "Content-Length",
    [HEADER_CONTENT_ENCODING] = "Content-Encoding",
    [HEADER_TRANSFER_ENCODING] = "Transfer-Encoding",
    [HEADER_INFERENCE_ID] = "X-Amzn-SageMaker-Inference-Id",
    [HEADER_JSON_LENGTH] = "Inference-Header-Content-Length",
    [HEADER_ATTRIBUTES] = "X-Amzn-SageMaker-Custom-Attributes",
};

static void add(struct headers *headers, const char *name, const char *value)
{
    headers_add(headers, name, strlen(name), value);
}

/* The name as it stands, in small letters, and with one byte changed. */
TEST(each_by_its_name)
{
    char name[64];

    for (size_t i = 0; i < HEADER_OTHER; i++) {
        struct headers headers = {0};
        snprintf(name, sizeof name, "%s", names[i]);
        add(&headers, name, "a");
        CHECK_STR(headers.values[i], "a");
        for (char *c = name; *c != '\0'; c++)
            *c = (char)tolower(*c);
        CHECK(headers.repeated == 0);
        add(&headers, name, "b");
        CHECK(headers.repeated == headers_bit((enum header)i));
        CHECK_STR(headers.values[i], "a");
        for (char *c = name; *c != '\0'; c++) {
            struct headers others = {0};
            *c ^= 1;
            add(&others, name, "c");
            CHECK(others.values[i] == NULL && others.repeated == 0);
            *c ^= 1;
        }
    }
}

TEST(lengths)
{
    struct headers headers = {0};

    add(&headers, "Content-Length", "7");
    add(&headers, "content-length", "7");
    CHECK(!headers.lengths_differ);
    add(&headers, "Content-Length", "8");
    add(&headers, "Content-Length", "7");
    CHECK(headers.lengths_differ);
    CHECK_STR(headers.values[HEADER_CONTENT_LENGTH], "7");
}

TEST(others)
{
    struct headers headers = {0};

    add(&headers, "", "a");
    add(&headers, "X-Amzn-SageMaker-Custom-Attributes-And-More", "a");
    add(&headers, "Hose", "a");
    for (size_t i = 0; i < HEADER_OTHER; i++)
        CHECK(headers.values[i] == NULL);
}
