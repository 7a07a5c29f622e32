/* lightgbm_rows.h: text models of LightGBM in memory, and rows through them
 * without the wire, so that every double can be in them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_LIGHTGBM_ROWS_H
#define CLARY_TESTS_LIGHTGBM_ROWS_H

#include "invoke/model.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <stdint.h>
#include <stdlib.h>

#define FOLDER "tests/golden/lightgbm"

static struct clary_error err;

/* --- files --- */

/* NUL-terminated; free it. NULL when it cannot be read. */
__attribute__((unused)) static char *read_file(const char *folder,
                                               const char *name)
{
    char path[256];
    FILE *file;
    char *text = NULL;
    size_t len = 0;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (file && getdelim(&text, &len, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    if (file)
        fclose(file);
    return text;
}

/* Doubles of CSV; an empty cell is NaN. */
struct table {
    double *cells;
    size_t n_rows, n_columns;
};

/* Takes NULL, too: no rows. */
__attribute__((unused)) static struct table parse_table(const char *text)
{
    struct table table = {NULL, 0, 1};
    const char *p = text;
    size_t n = 0;

    if (!text)
        return table;
    table.cells = malloc((strlen(text) + 1) * sizeof *table.cells);
    while (*p) {
        char *after = NULL;

        table.cells[n] = (double)NAN;
        if (*p != ',' && *p != '\n') { /* strtod would pass a line's end */
            table.cells[n] = strtod(p, &after);
            p = after;
        }
        n++;
        table.n_rows += *p == '\n';
        p++;
    }
    if (table.n_rows)
        table.n_columns = n / table.n_rows;
    return table;
}

__attribute__((unused)) static struct table read_table(const char *folder,
                                                       const char *name)
{
    char *text = read_file(folder, name);
    struct table table = parse_table(text);

    free(text);
    return table;
}

/* Numbers between a and b, 0 for equal ones and for two NaN. */
__attribute__((unused)) static uint64_t distance(double a, double b)
{
    int64_t i, j;

    if (isnan(a) || isnan(b))
        return isnan(a) && isnan(b) ? 0 : UINT64_MAX;
    memcpy(&i, &a, sizeof i);
    memcpy(&j, &b, sizeof j);
    i = i < 0 ? INT64_MIN - i : i;
    j = j < 0 ? INT64_MIN - j : j;
    return i < j ? (uint64_t)j - (uint64_t)i : (uint64_t)i - (uint64_t)j;
}

/* --- models --- */

__attribute__((unused)) static struct clary_model *load_files(
    const struct clary_file *files, size_t n)
{
    static struct clary_artifact artifact;
    struct clary_model *model = NULL;

    artifact =
        (struct clary_artifact){.root = "model", .files = files, .n_files = n};
    memset(&err, 0, sizeof err);
    return clary_model_load_artifact(&artifact, NULL, &model, &err) == CLARY_OK
               ? model
               : NULL;
}

__attribute__((unused)) static struct clary_model *load_bytes(const char *text,
                                                              size_t len)
{
    static struct clary_file file;

    file = (struct clary_file){"model.txt", (const unsigned char *)text, len};
    return load_files(&file, 1);
}

__attribute__((unused)) static struct clary_model *load_text(const char *text)
{
    return load_bytes(text, strlen(text));
}

/* The model's predictions for `rows`, in `out`. */
__attribute__((unused)) static bool predict(const struct clary_model *model,
                                            const struct table *rows,
                                            struct table *out)
{
    const struct clary_program *program = clary_model_program(model);
    const size_t block = clary_program_block_rows(program);
    const size_t width = clary_model_signature(model)->outputs[0].width;
    struct clary_execution *execution;
    struct clary_arena arena;
    bool ok = clary_model_signature(model)->n_columns == rows->n_columns;

    clary_arena_init(&arena, SIZE_MAX);
    execution = clary_execution_new(&arena, program);
    *out = (struct table){calloc(rows->n_rows * width, sizeof(double)),
                          rows->n_rows, width};
    for (size_t r = 0; ok && r < rows->n_rows; r += block) {
        const size_t n = rows->n_rows - r < block ? rows->n_rows - r : block;

        memcpy(clary_execution_input(execution, 0),
               rows->cells + r * rows->n_columns,
               n * rows->n_columns * sizeof(double));
        ok = clary_execution_run(execution, n, &err) == CLARY_OK;
        if (ok)
            memcpy(out->cells + r * width, clary_execution_output(execution, 0),
                   n * width * sizeof(double));
    }
    clary_arena_deinit(&arena);
    return ok;
}

/* Cuts the line out that begins with `key`. */
__attribute__((unused)) static void remove_line(char *text, const char *key)
{
    char *line = strstr(text, key), *end = line ? strchr(line, '\n') : NULL;

    if (end)
        memmove(line, end + 1, strlen(end + 1) + 1);
}

#endif
