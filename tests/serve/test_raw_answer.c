/* test_raw_answer.c: the bytes of an answer that goes past libmicrohttpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/raw_answer.h"
#include "tests/test.h"

#include <sys/socket.h>
#include <unistd.h>

static void check(const struct http_answer *answer, const char *expected)
{
    char text[4096] = "";
    int sockets[2];

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    raw_answer_send(sockets[0], answer, "Content Too Large");
    (void)!recv(sockets[1], text, sizeof text - 1, MSG_DONTWAIT);
    CHECK_STR(text, expected);
    close(sockets[0]);
    close(sockets[1]);
}

TEST(bytes)
{
    struct http_answer answer = {.status = 413,
                                 .content_type = "application/json",
                                 .body = "{}and no more",
                                 .len = 2};

    check(&answer, "HTTP/1.1 413 Content Too Large\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: 2\r\nConnection: close\r\n\r\n{}");
    answer.retry_after_s = 5;
    check(&answer, "HTTP/1.1 413 Content Too Large\r\n"
                   "Content-Type: application/json\r\n"
                   "Content-Length: 2\r\nRetry-After: 5\r\n"
                   "Connection: close\r\n\r\n{}");
}

TEST(a_socket_that_is_closed)
{
    const struct http_answer answer = {
        .status = 413, .content_type = "text/plain", .body = "x", .len = 1};
    int sockets[2];

    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    close(sockets[1]);
    raw_answer_send(sockets[0], &answer, "Content Too Large");
    close(sockets[0]);
}
