/* raw_answer.c: one small response, one call of send.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "raw_answer.h"

#include <stdio.h>
#include <sys/socket.h>

enum { RAW_ANSWER_BYTES = 2048 };

void raw_answer_send(int fd, const struct http_answer *answer,
                     const char *reason)
{
    char text[RAW_ANSWER_BYTES], retry[40] = "";

    if (answer->retry_after_s > 0)
        snprintf(retry, sizeof retry, "Retry-After: %u\r\n",
                 answer->retry_after_s);
    int len = snprintf(text, sizeof text,
                       "HTTP/1.1 %u %s\r\nContent-Type: %s\r\n"
                       "Content-Length: %zu\r\n%sConnection: close\r\n\r\n%.*s",
                       answer->status, reason, answer->content_type,
                       answer->len, retry, (int)answer->len, answer->body);
    if (len > 0 && (size_t)len < sizeof text)
        (void)!send(fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}
