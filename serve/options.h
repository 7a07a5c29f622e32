/* options.h: the command line of a subcommand, from its table.
 *
 * A subcommand is one `struct command` in its own file (cmd_*.c); main.c holds
 * the table of them. The table of options is parsed by, and is the help of,
 * options.c: an option that is not in it does not exist.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include <stdio.h>

enum { OPTIONS_MAX = 8 };

/* Exit statuses of the program. */
enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1, /* the model, the input or the machine said no */
    EXIT_USAGE = 2    /* the command line or a setting is wrong */
};

struct option {
    const char *name;  /* "--model" */
    const char *value; /* word for its value in the help; NULL: a flag */
    const char *help;  /* one sentence, no full stop */
};

/* What was found on the command line; the pointers are argv's. */
struct arguments {
    const char *values[OPTIONS_MAX]; /* by index in the table; a flag that was
                                      * given is ""; NULL: not given */
    const char *operand;             /* NULL: not given */
};

struct command {
    const char *name;
    const char *summary;          /* for the list in `clary --help` */
    const char *operand;          /* "FILE"; NULL: it takes none */
    const char *details;          /* further help, whole lines; or NULL */
    const struct option *options; /* the first OPTIONS_MAX at most */
    size_t n_options;
    void (*more_help)(FILE *out);                  /* NULL: nothing */
    int (*run)(const struct arguments *arguments); /* the exit status */
};

enum options_outcome { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG };

/* Reads `argc` words after the subcommand's name: `--name VALUE`,
 * `--name=VALUE`, `--flag`, one operand at most, `--` before an operand that
 * begins with a dash ("-" alone is an operand). On OPTIONS_WRONG a sentence
 * and the usage are on stderr; on OPTIONS_HELP nothing is printed. */
enum options_outcome options_parse(const struct command *command, int argc,
                                   char **argv, struct arguments *arguments);

void options_usage(const struct command *command, FILE *out); /* one line */
void options_help(const struct command *command, FILE *out);

#endif
