/* raw_answer.h: answers that go to a socket past libmicrohttpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_RAW_ANSWER_H
#define SERVE_RAW_ANSWER_H

#include "http.h"

/* Sends a short answer on a connection that is about to be closed, and on
 * which nothing else is being written. What the socket does not take at once
 * is lost. `reason` is the status in words. */
void raw_answer_send(int fd, const struct http_answer *answer,
                     const char *reason);

#endif
