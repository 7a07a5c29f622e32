/* csv_window.c: cells that are numbers and nothing else, many at a time.
 *
 * For models all of whose inputs are float32. A window of the piece is copied
 * to where bytes behind it can be read, and split into cells by the reader's
 * cell_kernel; those that are numbers and whose separators are where rows
 * expect them are stored. Any other cell is left to read_cell (csv_read.c);
 * the window then goes on behind it, so that one odd cell costs what it costs
 * and no more. The last cell of a piece is never complete here: its separator
 * has not come.
 *
 *     piece    ... 3,4.5,|1,2,3\n4,"5",6\n7,8.|
 *     text            x  |1,2,3\n4,"5",6\n7,8.| padding
 *     cells    next -->   0 1 2  3 4   5  6        cell 4 is read by read_cell
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell_window.h"
#include "data/csv.h"

#include <string.h>

enum { TILE = 1024 };

struct clary_csv_window {
    bool is_block;  /* a row of the model is n_columns floats, and the next
                     * lies behind */
    size_t n_lines; /* line feeds that were not passed */
    size_t checked; /* cells before this one are as the rows expect them */
    const uint16_t *ends; /* of the cells, without a '\r' that ends a line */
    uint16_t trimmed[CLARY_CELL_WINDOW];
    float tile[TILE];
    struct clary_cell_window cells;
};

/* Whether a number is all that its cells can be. */
static bool is_plain(const struct clary_field *field)
{
    bool is_plain = field->dtype == CLARY_DTYPE_F32;
    for (size_t i = 0; field->categories != NULL && i < field->width; i++)
        is_plain = is_plain && (field->categories[i] == NULL ||
                                field->categories[i]->takes_codes);
    return is_plain;
}

enum clary_status clary_csv_window_new(struct clary_reader *reader,
                                       struct clary_error *err)
{
    const struct clary_rows *rows = reader->rows;
    struct clary_csv *csv = reader->state;
    if (reader->cell_kernel == NULL)
        return CLARY_OK;
    for (size_t f = 0; f < rows->n_fields; f++)
        if (!is_plain(&rows->fields[f]))
            return CLARY_OK;
    csv->window = clary_arena_alloc(reader->arena, sizeof *csv->window);
    if (csv->window == NULL)
        return clary_no_memory(err);
    csv->window->is_block = rows->n_fields == 1;
    return CLARY_OK;
}

void clary_csv_window_close(struct clary_csv *csv)
{
    if (csv->window != NULL)
        csv->window->cells.from = NULL;
}

static void open_window(const struct clary_reader *reader, const char *p,
                        const char *end)
{
    const struct clary_csv *csv = reader->state;
    struct clary_csv_window *window = csv->window;
    const struct clary_cell_index *index = &window->cells.index;
    clary_cell_window_open(&window->cells, reader->cell_kernel, csv->separator,
                           '\n', p, end);
    window->checked = 0;
    window->n_lines = index->n_lines;
    window->ends = index->at + 1;
    if (!index->has_cr)
        return;
    memcpy(window->trimmed, window->ends, index->n * sizeof window->ends[0]);
    window->ends = window->trimmed;
}

static bool ends_line(const struct clary_csv_window *window, size_t cell)
{
    return window->cells.text[window->cells.index.at[cell + 1]] == '\n';
}

/* Takes the "\r" of "\r\n" off a cell. */
static void trim_line(struct clary_csv_window *window, size_t cell)
{
    uint16_t end = window->cells.index.at[cell + 1];
    if (window->cells.index.has_cr)
        window->trimmed[cell] =
            (uint16_t)(end - (window->cells.text[end - 1] == '\r'));
}

/* Moves on to the cell at `p`, which may be a new window's. */
static void move_window(const struct clary_reader *reader, const char *p,
                        const char *end)
{
    const struct clary_csv *csv = reader->state;
    struct clary_csv_window *window = csv->window;
    const struct clary_cell_index *index = &window->cells.index;
    if (clary_cell_window_has(&window->cells, p)) {
        size_t at = (size_t)(p - window->cells.from),
               first = window->cells.next;
        while (window->cells.next < index->n &&
               index->at[window->cells.next] < at)
            window->n_lines -= ends_line(window, window->cells.next++);
        if (window->cells.next != first + 1) /* quotes, or a header */
            window->checked = window->cells.next;
        if (window->cells.next < index->n ||
            window->cells.from + window->cells.len == end)
            return;
    }
    open_window(reader, p, end);
}

/* Whether all complete cells are as the rows expect them: as many lines end as
 * rows do, and where rows do. */
static bool check_all(const struct clary_csv *csv)
{
    struct clary_csv_window *window = csv->window;
    size_t width = csv->n_columns, n = window->cells.index.n;
    size_t last = window->cells.next + (width - 1 - csv->column);
    if ((n - window->cells.next + csv->column) / width != window->n_lines)
        return false;
    for (; last < n && ends_line(window, last); last += width)
        trim_line(window, last);
    return last >= n;
}

/* Sets `checked`. Cells that are not as expected make an error or an empty
 * line. */
static void check_rows(const struct clary_csv *csv)
{
    struct clary_csv_window *window = csv->window;
    size_t column = csv->column, cell = window->cells.next,
           n = window->cells.index.n;
    if (check_all(csv)) {
        window->checked = n;
        return;
    }
    for (; cell < n; cell++) {
        bool is_last = column + 1 == csv->n_columns;
        if (ends_line(window, cell) != is_last)
            break;
        if (is_last)
            trim_line(window, cell);
        column = is_last ? 0 : column + 1;
    }
    window->checked = cell;
}

/* From the tile to the columns. */
static void scatter(const struct clary_csv *csv, size_t row, size_t n)
{
    const float *values = csv->window->tile;
    size_t c = csv->column;
    for (size_t i = 0; i < n; i++) {
        const struct clary_column *column = &csv->columns[c];
        memcpy(column->data + row * column->stride, &values[i],
               sizeof values[i]);
        if (++c == csv->n_columns) {
            c = 0;
            row++;
        }
    }
}

/* Reads checked cells until one is no number or the block is full. Returns
 * false if one is no number. */
static bool read_cells(struct clary_reader *reader)
{
    struct clary_csv *csv = reader->state;
    struct clary_csv_window *window = csv->window;
    struct clary_rows *rows = reader->rows;
    size_t width = csv->n_columns, row = rows->n_rows;
    size_t n = window->checked - window->cells.next;
    size_t room = (rows->capacity - row) * width - csv->column;
    float *to = window->tile;
    n = n < room ? n : room;
    bool is_dense = window->is_block && !csv->is_reordered;
    if (is_dense)
        to = (float *)(void *)csv->columns[0].data + row * width + csv->column;
    else
        n = n < TILE ? n : TILE;
    size_t done = reader->cell_kernel->read(
        window->cells.text, window->cells.index.at + window->cells.next,
        window->ends + window->cells.next, n, to);
    if (!is_dense)
        scatter(csv, row, done);
    window->cells.next += done;
    csv->column += done;
    if (csv->column >= width) {
        size_t complete = csv->column / width;
        csv->column -= complete * width;
        window->n_lines -= complete;
        rows->n_rows += complete;
        reader->n_rows += complete;
    }
    return done == n;
}

enum clary_status clary_csv_window_read(struct clary_reader *reader,
                                        const char **at, const char *end,
                                        struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    struct clary_csv_window *window = csv->window;
    struct clary_rows *rows = reader->rows;
    enum clary_status status = CLARY_OK;
    bool plain = csv->column < csv->n_columns;
    while (plain && *at < end && status == CLARY_OK) {
        move_window(reader, *at, end);
        if (window->checked <= window->cells.next)
            check_rows(csv);
        plain = window->cells.next < window->checked;
        while (plain && window->cells.next < window->checked &&
               status == CLARY_OK) {
            plain = read_cells(reader);
            if (rows->n_rows == rows->capacity)
                status = rows->full(rows->context, rows, err);
        }
        *at = window->cells.from + window->cells.index.at[window->cells.next];
    }
    return status;
}
