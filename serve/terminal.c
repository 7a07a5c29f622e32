/* terminal.c: colours, aligned tables and a progress bar.
 *
 * Widths are counted in characters (UTF-8), each one column wide.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "terminal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BOLD  "\033[1m"
#define DIM   "\033[2m"
#define RED   "\033[1;31m"
#define GREEN "\033[1;32m"
#define PLAIN "\033[0m"

enum { LABEL_WIDTH = 12, BAR_WIDTH = 40 };

bool terminal_is_rich(FILE *file)
{
    const char *term = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");

    return isatty(fileno(file)) && term != NULL && strcmp(term, "dumb") != 0 &&
           (no_color == NULL || no_color[0] == '\0');
}

void terminal_heading(FILE *out, const char *text)
{
    if (terminal_is_rich(out))
        fprintf(out, "\n" BOLD "%s" PLAIN "\n", text);
    else
        fprintf(out, "\n%s\n", text);
}

void terminal_field(FILE *out, const char *label, const char *format, ...)
{
    va_list arguments;

    if (terminal_is_rich(out))
        fprintf(out, DIM "%-*s" PLAIN " ", LABEL_WIDTH, label);
    else
        fprintf(out, "%s: ", label);
    va_start(arguments, format);
    vfprintf(out, format, arguments);
    va_end(arguments);
    fputc('\n', out);
}

void terminal_verdict(FILE *out, bool is_good, const char *text)
{
    if (terminal_is_rich(out))
        fprintf(out, "%s%s" PLAIN "\n", is_good ? GREEN : RED, text);
    else
        fprintf(out, "%s\n", text);
}

static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

void terminal_cell(struct terminal_table *table, const char *format, ...)
{
    va_list arguments;
    char *cell = NULL;

    if (table->failed)
        return;
    if (table->n_cells == table->capacity) {
        size_t capacity = table->capacity * 2 + 64;
        char **cells = realloc(table->cells, capacity * sizeof *cells);
        if (cells == NULL) {
            table->failed = true;
            return;
        }
        table->cells = cells;
        table->capacity = capacity;
    }
    va_start(arguments, format);
    if (vasprintf(&cell, format, arguments) < 0)
        table->failed = true;
    else
        table->cells[table->n_cells++] = cell;
    va_end(arguments);
}

bool terminal_table_print(struct terminal_table *table, FILE *out)
{
    size_t widths[TERMINAL_COLUMNS] = {0};
    size_t n = table->n_columns;
    bool is_rich = terminal_is_rich(out);

    for (size_t i = 0; i < table->n_cells; i++) {
        size_t width = width_of(table->cells[i]);
        if (width > widths[i % n])
            widths[i % n] = width;
    }
    for (size_t i = 0; i < table->n_cells; i++) {
        bool is_last = i % n == n - 1;
        fputs(table->cells[i], out);
        if (is_last)
            fputc('\n', out);
        else if (is_rich)
            fprintf(out, "%*s",
                    (int)(widths[i % n] - width_of(table->cells[i]) + 2), "");
        else
            fputc('\t', out);
        free(table->cells[i]);
    }
    free(table->cells);
    return !table->failed;
}

void terminal_progress(FILE *out, double done, double total)
{
    double part = total > 0 ? done / total : 1;
    int filled = (int)(part * BAR_WIDTH);

    fprintf(out, "\r[");
    for (int i = 0; i < BAR_WIDTH; i++)
        fputc(i < filled ? '#' : '.', out);
    fprintf(out, "] %3.0f %%", part * 100);
    fflush(out);
}

void terminal_progress_end(FILE *out)
{
    fprintf(out, "\r%*s\r", BAR_WIDTH + 8, "");
    fflush(out);
}
