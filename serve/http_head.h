/* http_head.h: a request before its body, from libmicrohttpd.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_HTTP_HEAD_H
#define SERVE_HTTP_HEAD_H

#include "http.h"

#include <microhttpd.h>

/* Fills `head`, whose texts are libmicrohttpd's and live as long as the
 * request. `target` is the path or, as proxies get it, the whole URL. */
void http_head_read(struct MHD_Connection *mhd, const char *method,
                    const char *target, const char *version,
                    struct http_head *head);

#endif
