/* framing.h: whether all servers on the way read the same message.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_FRAMING_H
#define SERVE_FRAMING_H

#include "headers.h"

#include <stdint.h>

/* Returns a sentence on what is wrong; NULL: nothing, and `length` is that of
 * the body in bytes, UINT64_MAX for a chunked one.
 *
 *   version   "HTTP/1.1"
 */
const char *framing_read(const struct headers *headers, const char *version,
                         uint64_t *length);

#endif
