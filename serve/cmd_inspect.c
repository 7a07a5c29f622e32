/* cmd_inspect.c: `clary inspect`, what an artifact is and what was made of it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "columns.h"
#include "commands.h"
#include "report_json.h"
#include "terminal.h"
#include "tool.h"

#include <clary/clary.h>

#include <inttypes.h>
#include <string.h>

enum { MODEL, JSON };

enum { FACT_BYTES = 64 };

static const struct option options[] = {
    [MODEL] = {"--model", "PATH", "artifact (default: CLARY_MODEL)"},
    [JSON] = {"--json", NULL, "print a JSON document"},
};

static void print_artifact(const struct clary_model_info *info)
{
    terminal_field(stdout, "model", "%s, version %" PRId64, info->name,
                   info->version);
    terminal_field(stdout, "format", "%s", info->format);
    if (info->framework[0] != '\0')
        terminal_field(stdout, "made with", "%s", info->framework);
    terminal_field(stdout, "wire style", "%s", info->style);
    terminal_field(stdout, "artifact", "%zu bytes in %zu files",
                   info->artifact_bytes, info->n_files);
    terminal_field(stdout, "SHA-256", "%s", info->sha256);
}

static bool print_fields(const char *heading, const struct clary_field *fields,
                         size_t n_fields)
{
    struct terminal_table table = {.n_columns = 5};
    char shape[64], name[COLUMN_NAME_BYTES];
    size_t column = 1;

    terminal_heading(stdout, heading);
    for (size_t i = 0; i < n_fields; i++) {
        const struct clary_field *field = &fields[i];
        terminal_cell(&table, "%s", field->name);
        terminal_cell(&table, "%s", clary_dtype_name(field->dtype));
        terminal_cell(&table, "%s",
                      clary_shape_print(&field->shape, shape, sizeof shape));
        if (field->width > 1)
            terminal_cell(&table, "CSV columns %zu to %zu", column,
                          column + field->width - 1);
        else
            terminal_cell(&table, "CSV column %zu", column);
        terminal_cell(&table, "%s", column_name(field, 0, name));
        column += field->width;
    }
    return terminal_table_print(&table, stdout);
}

static bool print_ops(const struct clary_model *model, size_t n_ops)
{
    struct terminal_table table = {.n_columns = 4};
    struct clary_op_info op;

    terminal_heading(stdout, "Ops, as they run");
    for (size_t i = 0; i < n_ops; i++) {
        clary_model_op_info(model, i, &op);
        terminal_cell(&table, "%s", op.kind);
        terminal_cell(&table, "%s", op.details);
        terminal_cell(&table, "%zu parameters", op.n_parameters);
        terminal_cell(&table, "%s", op.name);
    }
    return terminal_table_print(&table, stdout);
}

/* "base_score" as "base score". */
static const char *plain(const char *name, char text[FACT_BYTES])
{
    snprintf(text, FACT_BYTES, "%s", name);
    for (char *p = text; *p != '\0'; p++)
        if (*p == '_')
            *p = ' ';
    return text;
}

static void print_missing(const struct clary_trees_info *trees)
{
    if (trees->n_missing_nan > 0)
        terminal_field(stdout, "missing", "NaN, in %zu columns",
                       trees->n_missing_nan);
    if (trees->n_missing_zero > 0)
        terminal_field(stdout, "missing", "NaN and 0, in %zu columns",
                       trees->n_missing_zero);
    if (trees->n_missing_none > 0)
        terminal_field(stdout, "missing", "nothing, in %zu columns",
                       trees->n_missing_none);
}

static void print_trees(const struct clary_model *model)
{
    const struct clary_field *contributions;
    struct clary_trees_info trees;
    struct clary_error err;
    size_t n_facts;
    const struct clary_fact *facts = clary_model_facts(model, &n_facts);
    bool has_trees = clary_model_trees(model, &trees);
    char name[FACT_BYTES];

    if (n_facts == 0 && !has_trees)
        return;
    terminal_heading(stdout, "Model");
    for (size_t i = 0; i < n_facts; i++)
        terminal_field(stdout, plain(facts[i].name, name), "%s",
                       facts[i].value);
    if (has_trees) {
        terminal_field(stdout, "trees", "%zu, depth %zu, %zu leaves",
                       trees.n_trees, trees.depth, trees.n_leaves);
        terminal_field(stdout, "columns used", "%zu of %zu",
                       trees.n_columns_used, trees.n_columns);
        print_missing(&trees);
    }
    if (clary_model_contributions(model, &contributions, &err) == CLARY_OK)
        terminal_field(stdout, "explained", "%zu contributions a row",
                       contributions->width);
    else
        terminal_field(stdout, "not explained", "%s", err.message);
}

static bool print_categories(const struct clary_signature *signature)
{
    struct terminal_table table = {.n_columns = 5};
    char name[COLUMN_NAME_BYTES];
    size_t column = 0;

    for (size_t f = 0; f < signature->n_inputs; f++) {
        const struct clary_field *field = &signature->inputs[f];
        for (size_t i = 0; i < field->width; i++) {
            const struct clary_categories *categories =
                field->categories != NULL ? field->categories[i] : NULL;
            const char *first = "";
            column++;
            if (categories == NULL)
                continue;
            if (categories->n_texts > 0)
                first = categories->list[categories->by_text[0]].text;
            if (table.n_cells == 0)
                terminal_heading(stdout, "Categories");
            terminal_cell(&table, "CSV column %zu", column);
            terminal_cell(&table, "%s", column_name(field, i, name));
            terminal_cell(&table, "%zu categories%s", categories->n,
                          categories->takes_codes ? ", or their codes" : "");
            terminal_cell(&table, "such as %.40s", first);
            terminal_cell(&table, "unknown: %s",
                          categories->unknown_is_missing ? "missing"
                                                         : "refused");
        }
    }
    return terminal_table_print(&table, stdout);
}

static void print_totals(const struct clary_model_info *info, bool has_trees)
{
    terminal_heading(stdout, "Totals");
    terminal_field(stdout, "parameters", "%zu", info->n_parameters);
    if (info->n_nodes > 0)
        terminal_field(stdout, "ops", "%zu, from %zu %s", info->n_ops,
                       info->n_nodes,
                       has_trees ? "splits of trees" : "nodes of the graph");
    else
        terminal_field(stdout, "ops", "%zu", info->n_ops);
    terminal_field(stdout, "scratch", "%zu bytes a row, %zu rows a block",
                   info->scratch_bytes_per_row, info->block_rows);
    if (info->notes[0] == '\0')
        return;
    terminal_heading(stdout, "Notes");
    printf("%s%s", info->notes,
           info->notes[strlen(info->notes) - 1] == '\n' ? "" : "\n");
}

static bool print_model(const struct clary_model *model)
{
    const struct clary_signature *signature = clary_model_signature(model);
    struct clary_trees_info trees;
    struct clary_model_info info;
    size_t n_facts;

    (void)clary_model_facts(model, &n_facts);
    clary_model_info(model, &info);
    print_artifact(&info);
    if (n_facts == 0) /* what has facts has an objective there */
        terminal_field(stdout, "signature", "%s", signature->name);
    bool done = print_fields("Inputs", signature->inputs, signature->n_inputs);
    done &= print_fields("Outputs", signature->outputs, signature->n_outputs);
    print_trees(model);
    done &= print_categories(signature);
    done &= print_ops(model, info.n_ops);
    print_totals(&info, clary_model_trees(model, &trees));
    return done;
}

static int run(const struct arguments *arguments)
{
    bool is_json = arguments->values[JSON] != NULL;
    struct clary_model *model;
    struct config config;
    struct clary_error err;

    int status = tool_open(arguments->values[MODEL], &config, &model, &err);
    if (status != EXIT_DONE) {
        if (is_json)
            report_json_error(&err);
        else
            tool_complain("inspect", err.message);
        return status;
    }
    if (!(is_json ? report_json_model(model) : print_model(model)))
        status = tool_complain("inspect", "no memory");
    else if (!tool_flush("inspect"))
        status = EXIT_REFUSED;
    clary_model_free(model);
    return status;
}

const struct command command_inspect = {
    .name = "inspect",
    .summary = "Tells what an artifact holds, or why it is refused",
    .details = "The exit status is 0 when the artifact can be served, 1 when "
               "it is refused.\n",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .run = run,
};
