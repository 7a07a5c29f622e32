/* json_objects.c: rows of named numbers, many at a time.
 *
 * Rows in a list or in lines are nearly always spelt alike: what stands
 * between two numbers is the same in each. Those bytes are noted in a row that
 * the reader of tokens has read and found right; rows behind it in which they
 * are the same byte by byte mean the same, and so only their numbers are read.
 *
 *     [{"a": 8.3, "b": 41}, {"a": 8.1, "b": 21}, {"a": 7.2, "b": null}]
 *            |-------||---------------|  the pieces, taken from here
 *                                 ^ from here        ^ to here
 *
 * What is left begins at the first number of a row again, so that the reader
 * of tokens need not know.
 *
 * For rows of which each number is a member of its own, of float32.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell_window.h"
#include "data/json_read.h"

#include <string.h>

enum {
    LEAST = 64,       /* bytes that are worth it */
    MOST = 256,       /* numbers of a row */
    TILE = 512,       /* cells read together */
    TEXT_BYTES = 8192 /* of all pieces */
};

/* What stands behind a number of a row. */
struct piece {
    uint16_t at, len;      /* in `text` */
    uint16_t separators;   /* ',' and '}' in it */
    size_t field, element; /* that the number before it is of */
};

struct clary_json_objects {
    /* the row that is being read; `from` holds for one piece of the body */
    size_t row, n; /* 1-based; its numbers so far; those are in this piece */
    const char *from[MOST];
    struct piece seen[MOST];

    bool is_known; /* the pieces are those of a row */
    size_t stride; /* separators in all of them */
    struct piece pieces[MOST];
    char text[TEXT_BYTES];

    size_t most; /* rows that are tried together, because the last ones were
                  * as usual */
    uint16_t before[TILE + 1], end[TILE];
    float tile[TILE];
    struct clary_cell_window cells;
};

/* At a number that is a member of an instance, alone. */
static bool is_member(const struct clary_reader *reader)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_value *value = &json->value;
    const struct clary_field *field = &reader->rows->fields[value->field];
    return reader->cell_kernel != NULL && json->columns == NULL &&
           json->state == CLARY_JSON_VALUE && json->n_columns <= MOST &&
           json->levels[json->depth - 1].kind == (int)CLARY_JSON_INSTANCE &&
           value->total == 1 && value->n == 0 && value->base == json->depth &&
           field->dtype == CLARY_DTYPE_F32 && clary_json_takes_numbers(field);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Whether `text` is what stands between two rows up to a name: '}', in a list
 * ',', and '{', blanks between them. */
static bool is_join(const char *text, size_t len, bool in_list)
{
    const char *wanted = in_list ? "},{\"" : "}{\"", *end = text + len;
    for (; *wanted != '\0' && text < end; wanted++, text++) {
        while (text < end && is_blank(*text))
            text++;
        if (text == end || *text != *wanted)
            return false;
    }
    return *wanted == '\0';
}

static uint16_t count_separators(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += text[i] == ',' || text[i] == '}';
    return (uint16_t)n;
}

/* Notes what stands between the numbers of the row that was seen; `next` is
 * the first number behind it. */
static void learn(struct clary_json_objects *objects,
                  const struct clary_json *json, const char *next)
{
    size_t used = 0;
    objects->is_known = false;
    objects->stride = 0;
    for (size_t i = 0; i < objects->n; i++) {
        struct piece piece = objects->seen[i];
        const char *end = i + 1 < objects->n ? objects->from[i + 1] : next;
        const char *p = objects->from[i];
        while (p < end && memchr("0123456789+-.eE", *p, 15) != NULL)
            p++;
        size_t len = (size_t)(end - p);
        bool is_last = i + 1 == objects->n;
        if (len == 0 || len > sizeof objects->text - used ||
            *p != (is_last ? '}' : ',') ||
            (is_last && !is_join(p, len, json->depth > 1)))
            return;
        piece.at = (uint16_t)used;
        piece.len = (uint16_t)len;
        piece.separators = count_separators(p, len);
        objects->stride += piece.separators;
        memcpy(objects->text + used, p, len);
        used += len;
        objects->pieces[i] = piece;
    }
    objects->is_known = true;
}

/* Notes the number at `p`. */
static void see(struct clary_reader *reader, const char *p)
{
    const struct clary_json *json = reader->state;
    struct clary_json_objects *objects = json->objects;
    size_t row = reader->n_rows + 1;
    if (json->names.n_set == 0) {
        /* n rows may have passed, of which nothing was noted */
        if (objects->row + 1 == row && objects->n == json->n_columns)
            learn(objects, json, p);
        objects->row = row;
        objects->n = 0;
    }
    /* one that is in its place: all before it are in this piece */
    if (objects->row != row || objects->n != json->names.n_set)
        return;
    objects->from[objects->n] = p;
    objects->seen[objects->n++] = (struct piece){
        .field = json->value.field, .element = json->value.element};
}

static inline bool is_same(const char *a, const char *b, size_t len)
{
    uint64_t x[2], y[2];
    if (len < 8 || len > 16)
        return memcmp(a, b, len) == 0;
    memcpy(&x[0], a, 8);
    memcpy(&x[1], a + len - 8, 8);
    memcpy(&y[0], b, 8);
    memcpy(&y[1], b + len - 8, 8);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* Collects the cells of complete rows from objects->before[0] on, and where the
 * first number of the row behind them is; returns how many rows.
 * `*is_exhausted`: only because the window ends. */
static size_t collect(struct clary_json_objects *objects, size_t width,
                      size_t most, bool *is_exhausted)
{
    const struct clary_cell_window *cells = &objects->cells;
    const char *text = cells->text;
    size_t cell = cells->next, n = 0, rows = 0;
    *is_exhausted = true;
    for (; rows < most; rows++) {
        for (size_t c = 0; c < width; c++) {
            const struct piece *piece = &objects->pieces[c];
            size_t at = cells->index.at[cell + 1];
            if (cells->index.n - cell < piece->separators ||
                at + piece->len > cells->len)
                return rows;
            *is_exhausted =
                is_same(text + at, objects->text + piece->at, piece->len);
            if (!*is_exhausted)
                return rows;
            objects->end[n] = (uint16_t)at;
            objects->before[++n] = (uint16_t)(at + piece->len - 1);
            cell += piece->separators;
        }
        *is_exhausted = clary_json_begins_number(text[objects->before[n] + 1]);
        if (!*is_exhausted)
            return rows;
    }
    return rows;
}

/* From the tile to the inputs. */
static void scatter(const struct clary_reader *reader, size_t n_rows)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_objects *objects = json->objects;
    const struct clary_rows *rows = reader->rows;
    const float *value = objects->tile;
    for (size_t r = rows->n_rows; r < rows->n_rows + n_rows; r++)
        for (size_t c = 0; c < json->n_columns; c++) {
            const struct piece *piece = &objects->pieces[c];
            float *to = rows->data[piece->field];
            to[r * rows->fields[piece->field].width + piece->element] =
                *value++;
        }
}

/* `n` rows are complete, and as many more begun, with the same first name. */
static enum clary_status end_rows(struct clary_reader *reader, size_t n,
                                  struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_names *names = &json->names;
    size_t field = json->value.field;
    size_t column = json->first_column[field] + json->value.element;
    bool is_whole = names->whole[field] == reader->n_rows + 1;
    if (json->depth > 1)
        json->levels[json->depth - 2].count += n;
    else
        json->n_documents += n;
    enum clary_status status = clary_reader_end_rows(reader, n, err);
    if (is_whole)
        names->whole[field] = reader->n_rows + 1;
    else
        names->part[field] = names->element[column] = reader->n_rows + 1;
    clary_json_value_next_row(reader);
    return status;
}

/* Reads rows from `*at` on; returns how many. */
static size_t read_rows(struct clary_reader *reader, const char **at,
                        bool *is_exhausted)
{
    const struct clary_json *json = reader->state;
    struct clary_json_objects *objects = json->objects;
    const struct clary_rows *rows = reader->rows;
    size_t width = json->n_columns, room = rows->capacity - rows->n_rows;
    size_t most = TILE / width < room ? TILE / width : room;
    most = most < objects->most ? most : objects->most;
    size_t n = collect(objects, width, most, is_exhausted), done = 0;
    if (n > 0)
        done =
            reader->cell_kernel->read(objects->cells.text, objects->before,
                                      objects->end, n * width, objects->tile) /
            width;
    if (done < n)
        *is_exhausted = false;
    objects->most = done == n && n > 0 ? 2 * n : 1;
    scatter(reader, done);
    *at = objects->cells.from + objects->before[done * width];
    objects->cells.next += done * objects->stride;
    return done;
}

enum clary_status clary_json_objects(struct clary_reader *reader,
                                     const char **at, const char *end,
                                     struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (!is_member(reader))
        return CLARY_OK;
    if (json->objects == NULL) {
        if (end - *at < LEAST)
            return CLARY_OK;
        json->objects = clary_arena_alloc(reader->arena, sizeof *json->objects);
        if (json->objects == NULL)
            return clary_no_memory(err);
        json->objects->is_known = false;
        json->objects->most = 1;
        clary_json_objects_close(json);
    }
    struct clary_json_objects *objects = json->objects;
    see(reader, *at);
    const struct piece *first = &objects->pieces[0];
    while (objects->is_known && json->names.n_set == 0 &&
           first->field == json->value.field &&
           first->element == json->value.element && end - *at >= LEAST) {
        const char *from = *at;
        bool is_exhausted;
        objects->before[0] = clary_cell_window_move(
            &objects->cells, reader->cell_kernel, ',', '}', from, end);
        size_t n = read_rows(reader, at, &is_exhausted);
        if (n > 0) {
            CLARY_TRY(end_rows(reader, n, err));
            see(reader, *at);
            continue;
        }
        if (!is_exhausted || objects->cells.from == from ||
            objects->cells.from + objects->cells.len == end)
            break;
        objects->cells.from = NULL; /* another window from here */
    }
    return CLARY_OK;
}

void clary_json_objects_close(struct clary_json *json)
{
    if (json->objects == NULL)
        return;
    json->objects->cells.from = NULL;
    json->objects->row = json->objects->n = 0;
}
