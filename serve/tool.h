/* tool.h: what the subcommands that are not the server share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_TOOL_H
#define SERVE_TOOL_H

#include "config.h"

#include <clary/model.h>
#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>

/* Reads the settings and loads a model for one thread.
 *
 *   path     NULL: the setting CLARY_MODEL
 *   config   filled unless EXIT_USAGE is returned
 *   model    on EXIT_DONE; free it
 *   returns  an exit status; `err` says why when it is not EXIT_DONE
 */
int tool_open(const char *path, struct config *config,
              struct clary_model **model, struct clary_error *err);

/* "clary COMMAND: MESSAGE" on stderr. Returns EXIT_REFUSED. */
int tool_complain(const char *command, const char *message);

/* Flushes stdout. False, with a complaint, when it could not take all. */
bool tool_flush(const char *command);

/* A file's bytes; free() them. Errors: CLARY_IO, CLARY_NO_MEMORY. */
enum clary_status tool_read_file(const char *path, char **bytes, size_t *len,
                                 struct clary_error *err) CLARY_MUST_USE;

#endif
