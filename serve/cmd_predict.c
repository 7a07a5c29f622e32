/* cmd_predict.c: `clary predict`, the server's path over a file or a pipe.
 *
 * The input goes through in blocks and the output is written as it comes, so
 * memory does not grow with the input. The price: rows before a faulty one
 * have already been printed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "commands.h"
#include "terminal.h"
#include "tool.h"
#include "workers.h"

#include <clary/clary.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MODEL, ACCEPT, CONTENT_TYPE, EXPLAIN };

static const struct option options[] = {
    [MODEL] = {"--model", "PATH", "artifact (default: CLARY_MODEL)"},
    [ACCEPT] = {"--accept", "TYPE",
                "media type of the output (default: the style's)"},
    [CONTENT_TYPE] = {"--content-type", "TYPE",
                      "media type of the input (default: text/csv)"},
    [EXPLAIN] = {"--explain", NULL, "add what each column contributes"},
};

enum {
    BLOCK_BYTES = 65536,
    LARGE_BYTES = 8 << 20, /* inputs from here on get a progress bar */
    REDRAW_BYTES = 1 << 20
};

struct progress {
    bool is_shown;
    double total, done, drawn; /* bytes */
};

static void progress_start(struct progress *progress, int fd)
{
    struct stat info;

    *progress = (struct progress){0};
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
        info.st_size >= LARGE_BYTES && terminal_is_rich(stderr)) {
        progress->is_shown = true;
        progress->total = (double)info.st_size;
    }
}

static void progress_add(struct progress *progress, size_t bytes)
{
    progress->done += (double)bytes;
    if (progress->is_shown && progress->done <= progress->total &&
        progress->done - progress->drawn >= REDRAW_BYTES) {
        progress->drawn = progress->done;
        terminal_progress(stderr, progress->done, progress->total);
    }
}

static enum clary_status write_out(const char *bytes, size_t len,
                                   struct clary_error *err)
{
    if (len == 0 || /* `bytes` may be NULL then */
        (fwrite(bytes, 1, len, stdout) == len && fflush(stdout) == 0))
        return CLARY_OK;
    return clary_fail(err, CLARY_IO, "cannot write: %s", strerror(errno));
}

static enum clary_status stream(struct clary_invoke *invoke, int fd,
                                struct progress *progress,
                                struct clary_error *err)
{
    static char block[BLOCK_BYTES];
    struct clary_reply reply;

    for (;;) {
        const char *body;
        size_t len;
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return clary_fail(err, CLARY_IO, "cannot read: %s",
                              strerror(errno));
        if (n == 0)
            break;
        CLARY_TRY(clary_invoke_feed(invoke, block, (size_t)n, err));
        clary_invoke_drain(invoke, &body, &len);
        CLARY_TRY(write_out(body, len, err));
        progress_add(progress, (size_t)n);
    }
    CLARY_TRY(clary_invoke_finish(invoke, &reply, err));
    CLARY_TRY(write_out(reply.body, reply.len, err));
    /* JSON has no last line feed; a shell's next prompt wants one. */
    if (reply.len > 0 && reply.body[reply.len - 1] != '\n' &&
        terminal_is_rich(stdout))
        CLARY_TRY(write_out("\n", 1, err));
    return CLARY_OK;
}

/* Input through an invocation that is new. */
static enum clary_status invoke_all(struct clary_invoke *invoke,
                                    const struct arguments *arguments,
                                    const struct clary_model *model, int fd,
                                    struct clary_error *err)
{
    const char *content_type = arguments->values[CONTENT_TYPE];
    const struct clary_request request = {
        .content_type = content_type != NULL ? content_type : "text/csv",
        .accept = arguments->values[ACCEPT],
        .explain = arguments->values[EXPLAIN] != NULL ? CLARY_EXPLAIN_SHAP
                                                      : CLARY_EXPLAIN_NONE};
    struct progress progress;

    progress_start(&progress, fd);
    enum clary_status status = clary_invoke_begin(invoke, model, &request, err);
    if (status == CLARY_OK)
        status = stream(invoke, fd, &progress, err);
    if (progress.is_shown)
        terminal_progress_end(stderr);
    return status;
}

static enum clary_status predict(const struct arguments *arguments,
                                 const struct config *config,
                                 const struct clary_model *model, int fd,
                                 struct clary_error *err)
{
    struct clary_invoke_options invoke_options = config_invoke_options(config);
    struct clary_team team = {(size_t)config->threads, workers_share, NULL};
    struct workers *workers = NULL;

    if (arguments->values[EXPLAIN] != NULL && team.n_threads > 1) {
        CLARY_TRY(workers_start(team.n_threads - 1, &workers, err));
        team.context = workers;
        invoke_options.team = &team;
    }
    struct clary_invoke *invoke = clary_invoke_new(&invoke_options);
    enum clary_status status =
        invoke == NULL ? clary_no_memory(err)
                       : invoke_all(invoke, arguments, model, fd, err);
    clary_invoke_free(invoke);
    workers_stop(workers);
    workers_free(workers);
    return status;
}

static int run(const struct arguments *arguments)
{
    const char *path = arguments->operand;
    bool is_stdin = path == NULL || strcmp(path, "-") == 0;
    struct clary_model *model;
    struct config config;
    struct clary_error err;

    int status = tool_open(arguments->values[MODEL], &config, &model, &err);
    if (status != EXIT_DONE) {
        tool_complain("predict", err.message);
        return status;
    }
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        clary_fail(&err, CLARY_IO, "cannot open %s: %s", path, strerror(errno));
        status = tool_complain("predict", err.message);
    } else if (predict(arguments, &config, model, fd, &err) != CLARY_OK) {
        fflush(stdout); /* the rows before the complaint */
        status = tool_complain("predict", err.message);
    } else if (!tool_flush("predict")) {
        status = EXIT_REFUSED;
    }
    if (fd >= 0 && !is_stdin)
        close(fd);
    clary_model_free(model);
    return status;
}

const struct command command_predict = {
    .name = "predict",
    .summary = "Predicts the rows of a file or of standard input",
    .operand = "FILE",
    .details =
        "Without FILE, or with -, the input is read from standard input.\n"
        "Output is written while the input is read: when a row is refused,\n"
        "the rows before it have already been printed. The exit status is 0\n"
        "when all rows were predicted and 1 when one was refused; standard\n"
        "error then names its row and column.\n"
        "CLARY_STYLE, CLARY_CSV_HEADER and, with --explain, CLARY_THREADS\n"
        "hold as for `clary serve`.\n",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .run = run,
};
