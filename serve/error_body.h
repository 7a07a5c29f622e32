/* error_body.h: what a client reads when a request fails.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ERROR_BODY_H
#define SERVE_ERROR_BODY_H

#include <stddef.h>

/* SageMaker hands the body on as OriginalMessage: short and plain. */
enum { ERROR_BODY_BYTES = 1000 };

/* Writes {"error": "MESSAGE"}, escaped, without a NUL; a message that does not
 * fit is cut between two characters. `message` is valid UTF-8. Returns the
 * length. */
size_t error_body_print(char text[ERROR_BODY_BYTES], const char *message);

#endif
