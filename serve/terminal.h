/* terminal.h: text for people. A terminal gets colour and aligned columns,
 * anything else plain text: "label: value" lines and columns divided by tabs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_TERMINAL_H
#define SERVE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Whether `file` is a terminal that understands colour (NO_COLOR unset). */
bool terminal_is_rich(FILE *file);

void terminal_heading(FILE *out, const char *text);

/* One "label: value" line. */
void terminal_field(FILE *out, const char *label, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Whether things are well, in green or red. */
void terminal_verdict(FILE *out, bool is_good, const char *text);

enum { TERMINAL_COLUMNS = 6 };

/* A table that is collected, then printed: on a terminal the widths of its
 * columns follow from all rows. Begin with zeros. */
struct terminal_table {
    char **cells; /* (rows, n_columns) */
    size_t n_cells, capacity;
    size_t n_columns; /* at most TERMINAL_COLUMNS; set before the first cell */
    bool failed;      /* no memory: rows are missing */
};

/* The next cell, row by row. */
void terminal_cell(struct terminal_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the table and frees it. False when memory had run out. */
bool terminal_table_print(struct terminal_table *table, FILE *out);

/* A bar on `out`, redrawn in place; `done` of `total`, in [0, total]. */
void terminal_progress(FILE *out, double done, double total);

/* Removes the bar. */
void terminal_progress_end(FILE *out);

#endif
