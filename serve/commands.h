/* commands.h: the subcommands, one in each cmd_*.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_COMMANDS_H
#define SERVE_COMMANDS_H

#include "options.h"

extern const struct command command_serve;
extern const struct command command_predict;
extern const struct command command_inspect;
extern const struct command command_check;

#endif
