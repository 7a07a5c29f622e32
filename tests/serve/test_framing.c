/* test_framing.c: which heads leave no doubt about where the body ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/framing.h"
#include "tests/test.h"

/* The fault of a head of "Name: value" pairs, NULL-terminated. */
static const char *fault(const char *version, const char *const *headers,
                         uint64_t *length)
{
    struct headers sent = {0};

    for (; headers[0] != NULL; headers += 2)
        headers_add(&sent, headers[0], strlen(headers[0]), headers[1]);
    const char *found = framing_read(&sent, version, length);
    return found != NULL ? found : "";
}

#define FAULT(version, ...)                                                    \
    fault(version, (const char *const[]){__VA_ARGS__, NULL}, &length)

TEST(sound_heads)
{
    uint64_t length;

    CHECK_STR(FAULT("HTTP/1.1", "host", "a"), "");
    CHECK(length == 0);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length", "12"), "");
    CHECK(length == 12);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length",
                    "18446744073709551614"),
              "");
    CHECK(length == UINT64_MAX - 1);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length",
                    "18446744073709551616000"),
              "");
    CHECK(length == UINT64_MAX);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "TRANSFER-ENCODING", "Chunked"),
              "");
    CHECK(length == UINT64_MAX);
    CHECK_STR(FAULT("HTTP/1.0", "X", "a"), "");
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length", "7",
                    "content-length", "7"),
              "");
    CHECK(length == 7);
}

TEST(unsafe_heads)
{
    static const char two[] = "both Content-Length and Transfer-Encoding";
    static const char coding[] = "a Transfer-Encoding other than chunked";
    static const char number[] = "a Content-Length that is not a number";
    uint64_t length;

    CHECK_STR(FAULT("HTTP/1.1", "X", "a"), "HTTP/1.1 needs a Host header");
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Type", "text/csv",
                    "content-type", "text/csv"),
              "more than one Content-Type");
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Encoding", "gzip",
                    "Content-Encoding", "gzip"),
              "more than one Content-Encoding");
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Host", "a"),
              "more than one Host header");
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length", "1",
                    "Transfer-Encoding", "chunked"),
              two);
    CHECK_STR(FAULT("HTTP/1.0", "Transfer-Encoding", "chunked",
                    "Content-Length", "1"),
              two);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length", "1",
                    "Content-Length", "01"),
              "more than one Content-Length");
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Transfer-Encoding", "gzip"),
              coding);
    CHECK_STR(
        FAULT("HTTP/1.1", "Host", "a", "Transfer-Encoding", "gzip, chunked"),
        coding);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Transfer-Encoding", "chunked",
                    "Transfer-Encoding", "chunked"),
              coding);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length", "-1"), number);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length", ""), number);
    CHECK_STR(FAULT("HTTP/1.1", "Host", "a", "Content-Length", "1, 1"), number);
}
