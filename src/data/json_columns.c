/* json_columns.c: several inputs column by column, {"inputs": {"x": ...}}.
 *
 * A model runs on rows, so all inputs must be there before the first row can
 * run: their values are kept in the arena, per input a list of chunks of rows
 * that grow from 1 to 64 KiB. Where elements of inputs may come alone, each
 * has such a list too. These are the only shapes of body whose memory grows
 * with it; the arena's limit bounds it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"

#include <stdio.h>
#include <string.h>

enum { FIRST_CHUNK_BYTES = 1024, LARGEST_CHUNK_BYTES = 65536 };

static size_t row_bytes(const struct clary_reader *reader,
                        const struct clary_json_column *column)
{
    const struct clary_field *field = &reader->rows->fields[column->field];
    size_t bytes = clary_dtype_bytes(field->dtype);
    return column->element == CLARY_JSON_WHOLE ? field->width * bytes : bytes;
}

size_t clary_json_columns_at(const struct clary_json *json, size_t field,
                             size_t element)
{
    if (element == CLARY_JSON_WHOLE)
        return field;
    return json->n_lists - json->n_columns + json->first_column[field] +
           element;
}

enum clary_status clary_json_columns_begin(struct clary_reader *reader,
                                           bool elements,
                                           struct clary_error *err)
{
    struct clary_json *json = reader->state;
    const struct clary_rows *rows = reader->rows;
    size_t n = rows->n_fields + (elements ? json->n_columns : 0);
    struct clary_json_column *columns =
        clary_arena_calloc(reader->arena, n, sizeof *columns);
    if (columns == NULL)
        return clary_no_memory(err);
    json->n_lists = n;
    json->columns = columns;
    for (size_t f = 0; f < rows->n_fields; f++) {
        columns[f].field = f;
        columns[f].element = CLARY_JSON_WHOLE;
        for (size_t i = 0; elements && i < rows->fields[f].width; i++) {
            size_t at = clary_json_columns_at(json, f, i);
            columns[at].field = f;
            columns[at].element = i;
        }
    }
    return CLARY_OK;
}

static enum clary_status add_chunk(struct clary_reader *reader,
                                   struct clary_json_column *column,
                                   size_t bytes_per_row,
                                   struct clary_error *err)
{
    size_t bytes = FIRST_CHUNK_BYTES;
    if (column->last != NULL)
        bytes = 2 * column->last->capacity * bytes_per_row;
    if (bytes > LARGEST_CHUNK_BYTES)
        bytes = LARGEST_CHUNK_BYTES;
    size_t capacity = bytes_per_row == 0 ? SIZE_MAX : bytes / bytes_per_row;
    if (capacity == 0)
        capacity = 1;
    struct clary_json_chunk *chunk = clary_arena_alloc(
        reader->arena,
        sizeof *chunk + (bytes_per_row == 0 ? 0 : capacity * bytes_per_row));
    if (chunk == NULL)
        return clary_fail(
            err, CLARY_TOO_LARGE,
            "the values of \"inputs\" need more than the %zu MiB that one "
            "request may take; rows under \"instances\" need none",
            reader->arena->limit_bytes >> 20);
    *chunk = (struct clary_json_chunk){.capacity = capacity};
    if (column->last != NULL)
        column->last->next = chunk;
    else
        column->first = chunk;
    column->last = chunk;
    return CLARY_OK;
}

enum clary_status clary_json_columns_aim(struct clary_reader *reader,
                                         struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_json_column *column = &json->columns[json->column];
    size_t bytes = row_bytes(reader, column);
    if (column->last == NULL || column->last->n_rows == column->last->capacity)
        CLARY_TRY(add_chunk(reader, column, bytes, err));
    if (column->element == CLARY_JSON_WHOLE)
        clary_json_aim_field(reader, column->field);
    else
        clary_json_aim_element(reader, column->field, column->element);
    json->value.row = column->n_rows + 1;
    json->value.to = column->last->bytes + column->last->n_rows * bytes;
    return CLARY_OK;
}

void clary_json_columns_add(struct clary_reader *reader)
{
    struct clary_json *json = reader->state;
    struct clary_json_column *column = &json->columns[json->column];
    column->n_rows++;
    column->last->n_rows++;
}

/* Where the next row of an input, or of an element, is. */
struct place {
    const struct clary_json_chunk *chunk;
    size_t row;
};

/* Moves `n` rows, which there are, to `to`, `stride` bytes from one to the
 * next. */
static void move_rows(struct place *place, char *to, size_t stride, size_t n,
                      size_t bytes)
{
    while (n > 0) {
        const struct clary_json_chunk *chunk = place->chunk;
        size_t there = chunk->n_rows - place->row;
        if (there > n)
            there = n;
        const char *from = chunk->bytes + place->row * bytes;
        if (stride == bytes)
            memcpy(to, from, there * bytes);
        else
            for (size_t r = 0; r < there; r++)
                memcpy(to + r * stride, from + r * bytes, bytes);
        to += there * stride;
        n -= there;
        place->row += there;
        if (place->row == chunk->n_rows)
            *place = (struct place){chunk->next, 0};
    }
}

enum { NAME_BYTES = 80 };

/* "x", "x[3]", or the name of a column, for messages. */
static const char *name_of(const struct clary_reader *reader, size_t f,
                           size_t element, char name[NAME_BYTES])
{
    const struct clary_field *field = &reader->rows->fields[f];
    if (element == CLARY_JSON_WHOLE)
        snprintf(name, NAME_BYTES, "%.48s", field->name);
    else if (field->column_names != NULL)
        snprintf(name, NAME_BYTES, "%.48s", field->column_names[element]);
    else
        snprintf(name, NAME_BYTES, "%.48s[%zu]", field->name, element);
    return name;
}

/* The first element of an input that did not come; its width if all did. An
 * input of which none came misses all of it: WHOLE. */
static size_t find_missing(const struct clary_reader *reader, size_t f)
{
    const struct clary_json *json = reader->state;
    const struct clary_field *field = &reader->rows->fields[f];
    size_t n_seen = 0, missing = field->width;
    if (json->columns[f].seen || field->width == 0)
        return field->width;
    if (json->n_lists == reader->rows->n_fields)
        return CLARY_JSON_WHOLE;
    for (size_t i = field->width; i-- > 0;)
        if (json->columns[clary_json_columns_at(json, f, i)].seen)
            n_seen++;
        else
            missing = i;
    return n_seen > 0 ? missing : CLARY_JSON_WHOLE;
}

/* All that a row needs is there, in equally many rows. */
static enum clary_status check(const struct clary_reader *reader,
                               struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_json_column *first = NULL;
    char name[NAME_BYTES], other[NAME_BYTES];
    for (size_t f = 0; f < reader->rows->n_fields; f++) {
        size_t element = find_missing(reader, f);
        if (element != reader->rows->fields[f].width)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "the model's input \"%s\" is missing in "
                              "\"inputs\"",
                              name_of(reader, f, element, name));
    }
    for (size_t i = 0; i < json->n_lists; i++) {
        const struct clary_json_column *column = &json->columns[i];
        if (!column->seen)
            continue;
        if (first == NULL)
            first = column;
        if (column->n_rows != first->n_rows)
            return clary_fail(
                err, CLARY_BAD_INPUT,
                "\"inputs\" has %zu rows in \"%s\" and %zu in \"%s\"",
                first->n_rows,
                name_of(reader, first->field, first->element, name),
                column->n_rows,
                name_of(reader, column->field, column->element, other));
    }
    return CLARY_OK;
}

/* The next `n` rows of a column to where they belong in reader->rows. */
static void fill(struct clary_reader *reader,
                 const struct clary_json_column *column, struct place *place,
                 size_t n)
{
    const struct clary_rows *rows = reader->rows;
    const struct clary_field *field = &rows->fields[column->field];
    size_t bytes = clary_dtype_bytes(field->dtype);
    size_t stride = field->width * bytes;
    char *to = (char *)rows->data[column->field] + rows->n_rows * stride;
    if (column->element != CLARY_JSON_WHOLE)
        to += column->element * bytes;
    move_rows(place, to, stride, n, row_bytes(reader, column));
}

static size_t count_rows(const struct clary_json *json)
{
    for (size_t i = 0; i < json->n_lists; i++)
        if (json->columns[i].seen)
            return json->columns[i].n_rows;
    return 0;
}

enum clary_status clary_json_columns_end(struct clary_reader *reader,
                                         struct clary_error *err)
{
    struct clary_json *json = reader->state;
    const struct clary_rows *rows = reader->rows;
    CLARY_TRY(check(reader, err));
    struct place *places =
        clary_arena_calloc(reader->arena, json->n_lists, sizeof *places);
    if (places == NULL)
        return clary_no_memory(err);
    for (size_t i = 0; i < json->n_lists; i++)
        places[i].chunk = json->columns[i].first;
    size_t left = count_rows(json);
    while (left > 0) {
        size_t n = rows->capacity - rows->n_rows;
        if (n > left)
            n = left;
        for (size_t i = 0; i < json->n_lists; i++)
            if (json->columns[i].seen)
                fill(reader, &json->columns[i], &places[i], n);
        left -= n;
        CLARY_TRY(clary_reader_end_rows(reader, n, err));
    }
    json->columns = NULL;
    return CLARY_OK;
}
