/* http_answer.h: the answer of an exchange as a response of libmicrohttpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HTTP_ANSWER_H
#define SERVE_HTTP_ANSWER_H

#include "exchange.h"

#include <microhttpd.h>
#include <stdbool.h>

/* Queues the answer of a finished exchange, where it is read until the request
 * is completed. Errors: MHD_NO, the connection is to be closed. */
enum MHD_Result http_answer_queue(struct MHD_Connection *mhd,
                                  struct exchange *exchange, bool must_close);

#endif
