/* cmd_check.c: `clary check`, whether a model predicts what it should.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "commands.h"
#include "golden.h"
#include "report_json.h"
#include "terminal.h"
#include "tool.h"
#include "warm_up.h"

#include <clary/clary.h>

#include <math.h>
#include <stdlib.h>

enum { MODEL, GOLDEN, TOLERANCE, JSON };

static const struct option options[] = {
    [MODEL] = {"--model", "PATH", "artifact (default: CLARY_MODEL)"},
    [GOLDEN] = {"--golden", "FILE",
                "golden rows (default: " GOLDEN_PATH " in the artifact)"},
    [TOLERANCE] = {"--tolerance", "T",
                   "allowed: T + T * |wanted| (default: 1e-6)"},
    [JSON] = {"--json", NULL, "print a JSON document"},
};

#define DEFAULT_TOLERANCE 1e-6

static bool read_tolerance(const char *text, double *tolerance)
{
    char *end;

    *tolerance = DEFAULT_TOLERANCE;
    if (text == NULL)
        return true;
    *tolerance = strtod(text, &end);
    return end != text && *end == '\0' && *tolerance >= 0 &&
           isfinite(*tolerance);
}

/* The golden rows. `*text` may be the model's or, with `*owned`, ours. */
static enum clary_status find_golden(const char *path,
                                     const struct clary_model *model,
                                     const char **text, size_t *len,
                                     char **owned, struct clary_error *err)
{
    *owned = NULL;
    *text = NULL;
    if (path == NULL) {
        (void)clary_model_file(model, GOLDEN_PATH, text, len);
        return CLARY_OK;
    }
    CLARY_TRY(tool_read_file(path, owned, len, err));
    *text = *owned;
    return CLARY_OK;
}

static void print_extreme(const char *label,
                          const struct golden_extreme *extreme)
{
    if (extreme->row == 0)
        terminal_field(stdout, label, "0");
    else
        terminal_field(stdout, label,
                       "%.3g at row %zu, output column %zu: wanted %.9g, got "
                       "%.9g",
                       extreme->difference, extreme->row, extreme->column,
                       extreme->want, extreme->got);
}

static void print_result(const struct clary_model *model,
                         const struct golden_result *result)
{
    struct clary_model_info info;

    clary_model_info(model, &info);
    terminal_field(stdout, "model", "%s (%s), SHA-256 %.12s", info.name,
                   info.format, info.sha256);
    if (result == NULL) {
        terminal_verdict(stdout, true,
                         "ok: loaded and scored a row; there are no golden "
                         "rows to compare");
        return;
    }
    terminal_field(stdout, "rows", "%zu", result->n_rows);
    terminal_field(stdout, "tolerance", "%g + %g * |wanted|", result->tolerance,
                   result->tolerance);
    print_extreme("largest absolute difference", &result->absolute);
    print_extreme("largest relative difference", &result->relative);
    if (result->n_outside == 0) {
        terminal_verdict(stdout, true, "ok: all golden rows agree");
        return;
    }
    char text[96];
    snprintf(text, sizeof text, "differs: %zu of %zu values are outside",
             result->n_outside, result->n_values);
    terminal_verdict(stdout, false, text);
}

static enum clary_status check(const struct arguments *arguments,
                               const struct config *config, double tolerance,
                               const struct clary_model *model,
                               struct golden_result *result, bool *has_golden,
                               struct clary_error *err)
{
    const struct clary_invoke_options invoke = config_invoke_options(config);
    const char *text;
    char *owned;
    size_t len;

    CLARY_TRY(warm_up(model, &invoke, NULL, err));
    CLARY_TRY(find_golden(arguments->values[GOLDEN], model, &text, &len, &owned,
                          err));
    *has_golden = text != NULL;
    enum clary_status status =
        text == NULL
            ? CLARY_OK
            : golden_check(model, &invoke, text, len, tolerance, result, err);
    free(owned);
    return status;
}

static int report(const struct clary_model *model,
                  const struct golden_result *result, bool is_json)
{
    if (!is_json)
        print_result(model, result);
    else if (!report_json_check(model, result))
        return tool_complain("check", "no memory");
    if (!tool_flush("check") || (result != NULL && result->n_outside > 0))
        return EXIT_REFUSED;
    return EXIT_DONE;
}

static void complain(const struct clary_error *err, bool is_json)
{
    if (is_json)
        report_json_error(err);
    else
        tool_complain("check", err->message);
}

static int run(const struct arguments *arguments)
{
    bool is_json = arguments->values[JSON] != NULL, has_golden;
    struct clary_model *model;
    struct golden_result result;
    struct config config;
    struct clary_error err;
    double tolerance;

    if (!read_tolerance(arguments->values[TOLERANCE], &tolerance)) {
        tool_complain("check", "--tolerance: expected a number from 0 on");
        return EXIT_USAGE;
    }
    int status = tool_open(arguments->values[MODEL], &config, &model, &err);
    if (status != EXIT_DONE) {
        complain(&err, is_json);
        return status;
    }
    if (check(arguments, &config, tolerance, model, &result, &has_golden,
              &err) != CLARY_OK) {
        complain(&err, is_json);
        status = EXIT_REFUSED;
    } else {
        status = report(model, has_golden ? &result : NULL, is_json);
    }
    clary_model_free(model);
    return status;
}

const struct command command_check = {
    .name = "check",
    .summary = "Loads a model, scores its golden rows and compares",
    .details =
        "A golden file is CSV: the feature columns, then the outputs, in the\n"
        "order that `clary inspect` tells; a first row without a number is a\n"
        "header. Without golden rows the model is loaded and scores one row.\n"
        "The exit status is the verdict: 0 all agree, 1 a value differs or "
        "the\nmodel is refused, 2 the command line is wrong.\n",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .run = run,
};
