/* json_rows.c: rows of plain numbers, many at a time.
 *
 * For models with one input of float32, in a list of rows or in JSON lines. At
 * the first number of a row a window of the piece is split into cells and all
 * rows in it that have the usual form are read together; what is left begins
 * at the first number of a row again, so that the tokens' reader need not
 * know. The last row of a window and any other form are left to it.
 *
 *     [[8.3, 41.0], [8.1, 21], [7.2,52.0], [7.0, null]]
 *                    ^ from here            ^ to here
 *
 * Usual: numbers right up to the comma or bracket behind them, at most one
 * blank before them; "],", blanks, "[" between rows, or for lines "]", blanks
 * with a line feed, "[".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell_window.h"
#include "data/json_read.h"

#include <string.h>

/* LEAST: bytes that are worth a window. TILE: cells read together. */
enum { LEAST = 16, TILE = 1024 };

struct clary_json_window {
    size_t most; /* rows that are tried together, because the last ones were
                  * as usual */
    uint16_t before[TILE + 1], end[TILE];
    struct clary_cell_window cells;
};

/* What is between two rows. */
enum form { NONE, LIST, LINES };

static enum form form_of(const struct clary_reader *reader)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    const struct clary_rows *rows = reader->rows;
    if (reader->cell_kernel == NULL || json->columns != NULL ||
        json->state != CLARY_JSON_VALUE_OR_CLOSE || !value->is_row ||
        value->n > 0 || value->base + 1 != json->depth || rows->n_fields > 1 ||
        rows->fields[0].dtype != CLARY_DTYPE_F32 || value->total > TILE ||
        !clary_json_takes_numbers(&rows->fields[0]))
        return NONE;
    if (json->depth == 1) /* of a row that is no scalar */
        return json->undecided && json->row_shape.rank == 1 ? LINES : NONE;
    return !json->undecided &&
                   json->levels[json->depth - 2].kind == (int)CLARY_JSON_LIST
               ? LIST
               : NONE;
}

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
        p++;
    return p;
}

/* Behind the bracket that closes a row: the first number of the next one; NULL
 * if that is not as usual. The window's padding ends every loop. */
static const char *next_row(const char *p, enum form form)
{
    const char *open;
    if (form == LIST && *p++ != ',')
        return NULL;
    open = skip_blanks(p);
    if (*open != '[' ||
        (form == LINES && memchr(p, '\n', (size_t)(open - p)) == NULL))
        return NULL;
    p = skip_blanks(open + 1);
    return clary_json_begins_number(*p) ? p : NULL;
}

/* Cells from a row to the next; between "]" and "," there is an empty one. */
static size_t stride_of(size_t width, enum form form)
{
    return form == LIST ? width + 1 : width;
}

/* Collects the cells of complete rows from window->before[0] on, and where the
 * first number of the row behind them is; returns how many rows. */
static size_t collect(struct clary_json_window *window, size_t width,
                      size_t most, enum form form)
{
    const struct clary_cell_index *index = &window->cells.index;
    const char *text = window->cells.text;
    const uint16_t *at = index->at + window->cells.next + 1;
    size_t left = index->n - window->cells.next, rows = 0, n = 0;
    size_t stride = stride_of(width, form);
    for (; rows < most && left >= stride; rows++) {
        for (size_t c = 0; c < width; c++) {
            window->end[n] = at[c];
            if (text[at[c]] != (c + 1 < width ? ',' : ']'))
                return rows;
            window->before[++n] = (uint16_t)(at[c] + (text[at[c] + 1] == ' '));
        }
        const char *p = next_row(text + at[width - 1] + 1, form);
        if (p == NULL)
            return rows;
        window->before[n] = (uint16_t)(p - text - 1);
        at += stride;
        left -= stride;
    }
    return rows;
}

/* `n` rows are complete, and as many more begun. */
static enum clary_status end_rows(struct clary_reader *reader, size_t n,
                                  enum form form, struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (form == LIST)
        json->levels[json->depth - 2].count += n;
    else
        json->n_documents += n;
    enum clary_status status = clary_reader_end_rows(reader, n, err);
    clary_json_value_next_row(reader);
    return status;
}

/* Reads rows from `*at` on; returns how many. */
static size_t read_rows(struct clary_reader *reader, const char **at,
                        enum form form)
{
    const struct clary_json *json = reader->state;
    struct clary_json_window *window = json->window;
    const struct clary_rows *rows = reader->rows;
    size_t width = json->value.total, room = rows->capacity - rows->n_rows;
    size_t most = TILE / width < room ? TILE / width : room;
    most = most < window->most ? most : window->most;
    size_t n = collect(window, width, most, form);
    float *to = (float *)rows->data[0] + rows->n_rows * width;
    size_t done =
        n == 0 ? 0
               : reader->cell_kernel->read(window->cells.text, window->before,
                                           window->end, n * width, to) /
                     width;
    window->most = done == n && n > 0 ? 2 * n : 1;
    *at = window->cells.from + window->before[done * width];
    window->cells.next += done * stride_of(width, form);
    return done;
}

void clary_json_rows_close(struct clary_json *json)
{
    if (json->window != NULL)
        json->window->cells.from = NULL;
}

enum clary_status clary_json_rows(struct clary_reader *reader, const char **at,
                                  const char *end, struct clary_error *err)
{
    struct clary_json *json = reader->state;
    enum form form = form_of(reader);
    if (form == NONE || end - *at < LEAST)
        return CLARY_OK;
    if (json->window == NULL) {
        json->window = clary_arena_alloc(reader->arena, sizeof *json->window);
        if (json->window == NULL)
            return clary_no_memory(err);
        json->window->most = 1;
        json->window->cells.from = NULL;
    }
    struct clary_cell_window *cells = &json->window->cells;
    for (;;) {
        const char *first = *at;
        json->window->before[0] = clary_cell_window_move(
            cells, reader->cell_kernel, ',', ']', first, end);
        size_t n = read_rows(reader, at, form);
        if (n > 0) {
            CLARY_TRY(end_rows(reader, n, form, err));
            continue;
        }
        bool is_unusual =
            cells->index.n - cells->next >= stride_of(json->value.total, form);
        if (is_unusual || cells->from == first ||
            cells->from + cells->len == end)
            return CLARY_OK;
        clary_json_rows_close(json); /* another window from here */
    }
}
