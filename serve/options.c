/* options.c: parses a command line by a table, and prints the table.
 *
 * Long options only; no abbreviations, so that a new option can never change
 * what an old command line means. The last of two equal options counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "options.h"

#include <stdbool.h>
#include <string.h>

enum { LINE_BYTES = 80 };

/* Prints " [name value]", on a line of its own where this one, which is
 * `used` long, has no room; returns how long the line is then. */
static int print_word(FILE *out, int used, const char *name, const char *value)
{
    int len = (int)(strlen(name) + strlen(value)) + (value[0] != '\0') + 3;

    if (used + len > LINE_BYTES) {
        used = 6;
        fprintf(out, "\n%*s", used, "");
    }
    fprintf(out, " [%s%s%s]", name, value[0] != '\0' ? " " : "", value);
    return used + len;
}

void options_usage(const struct command *command, FILE *out)
{
    int used = fprintf(out, "usage: clary %s", command->name);

    for (size_t i = 0; i < command->n_options; i++) {
        const struct option *option = &command->options[i];
        used = print_word(out, used, option->name,
                          option->value ? option->value : "");
    }
    if (command->operand != NULL)
        (void)print_word(out, used, command->operand, "");
    fputc('\n', out);
}

void options_help(const struct command *command, FILE *out)
{
    options_usage(command, out);
    fprintf(out, "\n%s.\n\n", command->summary);
    for (size_t i = 0; i < command->n_options; i++) {
        const struct option *option = &command->options[i];
        int width = fprintf(out, "  %s %s", option->name,
                            option->value ? option->value : "");
        fprintf(out, "%*s%s\n", width < 24 ? 24 - width : 1, "", option->help);
    }
    fprintf(out, "  %-22s%s\n", "--help", "print this and exit");
    if (command->details != NULL)
        fprintf(out, "\n%s", command->details);
    if (command->more_help != NULL) {
        fputc('\n', out);
        command->more_help(out);
    }
}

static enum options_outcome wrong(const struct command *command,
                                  const char *word, const char *what)
{
    fprintf(stderr, "clary %s: %s: %s\n", command->name, word, what);
    options_usage(command, stderr);
    return OPTIONS_WRONG;
}

/* The option that `word` begins with; `*value` is what follows its '='. */
static size_t find(const struct command *command, const char *word,
                   const char **value)
{
    size_t len = strcspn(word, "=");

    *value = word[len] == '=' ? word + len + 1 : NULL;
    for (size_t i = 0; i < command->n_options; i++) {
        const char *name = command->options[i].name;
        if (strlen(name) == len && memcmp(name, word, len) == 0)
            return i;
    }
    return command->n_options;
}

enum options_outcome options_parse(const struct command *command, int argc,
                                   char **argv, struct arguments *arguments)
{
    bool only_operands = false;

    memset(arguments, 0, sizeof *arguments);
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (only_operands || word[0] != '-' || strcmp(word, "-") == 0) {
            if (command->operand == NULL)
                return wrong(command, word, "not understood");
            if (arguments->operand != NULL)
                return wrong(command, word, "one operand at most");
            arguments->operand = word;
            continue;
        }
        if (strcmp(word, "--") == 0) {
            only_operands = true;
            continue;
        }
        if (strcmp(word, "--help") == 0)
            return OPTIONS_HELP;
        const char *value;
        size_t index = find(command, word, &value);
        if (index == command->n_options)
            return wrong(command, word, "unknown option");
        if (command->options[index].value == NULL) {
            if (value != NULL)
                return wrong(command, word, "takes no value");
            value = "";
        } else if (value == NULL) {
            if (i + 1 == argc)
                return wrong(command, word, "a value is missing");
            value = argv[++i];
        }
        arguments->values[index] = value;
    }
    return OPTIONS_RUN;
}
