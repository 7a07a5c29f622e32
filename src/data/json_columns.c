/* json_columns.c: several inputs column by column, {"inputs": {"x": ...}}.
 *
 * A model runs on rows, so all inputs must be there before the first row can
 * run: their values are kept in the arena, per input a list of chunks of rows
 * that grow from 1 to 64 KiB. This is the one shape of body whose memory
 * grows with it; the arena's limit bounds it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"

#include <string.h>

enum { FIRST_CHUNK_BYTES = 1024, LARGEST_CHUNK_BYTES = 65536 };

static size_t row_bytes(const struct clary_field *field)
{
    return field->width * clary_dtype_bytes(field->dtype);
}

enum clary_status clary_json_columns_begin(struct clary_reader *reader,
                                           struct clary_error *err)
{
    struct clary_json *json = reader->state;
    json->columns = clary_arena_calloc(reader->arena, reader->rows->n_fields,
                                       sizeof *json->columns);
    return json->columns == NULL ? clary_no_memory(err) : CLARY_OK;
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
    size_t bytes = row_bytes(&reader->rows->fields[json->column]);
    if (column->last == NULL || column->last->n_rows == column->last->capacity)
        CLARY_TRY(add_chunk(reader, column, bytes, err));
    clary_json_aim_field(reader, json->column);
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

/* Where the next row of an input is. */
struct place {
    const struct clary_json_chunk *chunk;
    size_t row;
};

/* Moves `n` rows of an input, which it has, to `to`. */
static void move_rows(struct place *place, char *to, size_t n, size_t bytes)
{
    while (n > 0) {
        const struct clary_json_chunk *chunk = place->chunk;
        size_t there = chunk->n_rows - place->row;
        if (there > n)
            there = n;
        memcpy(to, chunk->bytes + place->row * bytes, there * bytes);
        to += there * bytes;
        n -= there;
        place->row += there;
        if (place->row == chunk->n_rows)
            *place = (struct place){chunk->next, 0};
    }
}

static enum clary_status check(const struct clary_reader *reader,
                               struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    const struct clary_field *fields = reader->rows->fields;
    const struct clary_json_column *columns = json->columns;
    for (size_t f = 0; f < reader->rows->n_fields; f++) {
        if (!columns[f].seen)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "the model's input \"%.48s\" is missing in "
                              "\"inputs\"",
                              fields[f].name);
        if (columns[f].n_rows != columns[0].n_rows)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "\"inputs\" has %zu rows in \"%.48s\" and %zu "
                              "in \"%.48s\"",
                              columns[0].n_rows, fields[0].name,
                              columns[f].n_rows, fields[f].name);
    }
    return CLARY_OK;
}

enum clary_status clary_json_columns_end(struct clary_reader *reader,
                                         struct clary_error *err)
{
    struct clary_json *json = reader->state;
    struct clary_rows *rows = reader->rows;
    CLARY_TRY(check(reader, err));
    struct place *places =
        clary_arena_calloc(reader->arena, rows->n_fields, sizeof *places);
    if (places == NULL)
        return clary_no_memory(err);
    for (size_t f = 0; f < rows->n_fields; f++)
        places[f].chunk = json->columns[f].first;
    size_t left = json->columns[0].n_rows;
    while (left > 0) {
        size_t n = rows->capacity - rows->n_rows;
        if (n > left)
            n = left;
        for (size_t f = 0; f < rows->n_fields; f++) {
            size_t bytes = row_bytes(&rows->fields[f]);
            move_rows(&places[f], (char *)rows->data[f] + rows->n_rows * bytes,
                      n, bytes);
        }
        left -= n;
        rows->n_rows += n;
        reader->n_rows += n;
        if (rows->n_rows == rows->capacity)
            CLARY_TRY(rows->full(rows->context, rows, err));
    }
    json->columns = NULL;
    return CLARY_OK;
}
