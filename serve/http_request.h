/* http_request.h: one request after another, as libmicrohttpd tells of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HTTP_REQUEST_H
#define SERVE_HTTP_REQUEST_H

#include <microhttpd.h>

/* A callback of libmicrohttpd, whose `loop` is a struct http_loop: something
 * has come of a request. MHD_NO cuts the connection. */
enum MHD_Result http_request(void *loop, struct MHD_Connection *mhd,
                             const char *path, const char *method,
                             const char *version, const char *bytes,
                             size_t *len, void **exchange);

/* Another: the request is over, its answer sent or not. After it a response is
 * freed and not read any more. */
void http_request_completed(void *loop, struct MHD_Connection *mhd,
                            void **exchange,
                            enum MHD_RequestTerminationCode code);

/* Any thread. A suspended request goes on. */
void http_request_resume(void *loop, void *mhd);

#endif
