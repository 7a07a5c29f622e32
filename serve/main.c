/* main.c: the table of subcommands.
 *
 * SageMaker starts a container as `docker run IMAGE serve`, so the server must
 * answer to that word in every way it can arrive: `clary serve`, `clary serve
 * serve` (an entry point that already says serve), and a link called `serve`.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "commands.h"

#include <clary/clary.h>

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
    &command_serve,
    &command_predict,
    &command_inspect,
    &command_check,
};

enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static void print_help(FILE *out)
{
    fputs("usage: clary COMMAND [OPTIONS]\n\n"
          "A SageMaker inference container runtime.\n\n",
          out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  clary %-10s %s\n", commands[i]->name,
                commands[i]->summary);
    fputs("\n  clary COMMAND --help   options and settings of a command\n"
          "  clary --version        print the version\n",
          out);
}

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* What was asked for has been printed; a full disk is an error. */
static int printed(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_DONE : EXIT_REFUSED;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct arguments arguments;

    if (command == &command_serve && argc > 0 && strcmp(argv[0], "serve") == 0)
        argc--, argv++;
    switch (options_parse(command, argc, argv, &arguments)) {
    case OPTIONS_RUN:
        return command->run(&arguments);
    case OPTIONS_HELP:
        options_help(command, stdout);
        return printed();
    case OPTIONS_WRONG:
        break;
    }
    return EXIT_USAGE;
}

static bool is_link_called_serve(const char *program)
{
    const char *slash = strrchr(program, '/');
    return strcmp(slash != NULL ? slash + 1 : program, "serve") == 0;
}

/* A socket must never become standard error: the log would be written to a
 * client. What stands in for a closed file reads nothing and cannot be
 * written to, so that output which is lost is still an error. */
static bool open_standard_files(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
            return false;
    return true;
}

int main(int argc, char **argv)
{
    if (!open_standard_files())
        return EXIT_REFUSED;
    if (argc > 0 && is_link_called_serve(argv[0]))
        return run(&command_serve, argc - 1, argv + 1);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return printed();
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("clary " CLARY_VERSION);
        return printed();
    }
    const struct command *command = find(argv[1]);
    if (command == NULL) {
        fprintf(stderr, "clary: %s: unknown command\n\n", argv[1]);
        print_help(stderr);
        return EXIT_USAGE;
    }
    return run(command, argc - 2, argv + 2);
}
