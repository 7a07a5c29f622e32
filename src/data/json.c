/* json.c: application/json in the table of codecs, and its writer.
 *
 * The reader is json_read.c.
 *
 * With options.tfserving the bytes are those of TensorFlow Serving
 * (tensorflow_serving/util/json_tensor.cc with RapidJSON's PrettyWriter):
 *
 *     one output             several outputs           columnar
 *     {                      {                         {
 *         "predictions":         "predictions": [          "outputs": [
 *       [[8.3], [8.4]                {                         [
 *         ]                              "a": [8.3],               8.3
 *     }                                  "b": 1                ]
 *                                    }                     ]
 *                                ]                     }
 *                            }
 *
 * ("predictions": and what follows it stand on one line.) A row is never
 * broken; in columnar form every element of every array has its own line, and
 * several outputs are members of an object, "outputs": {"a": ..., "b": ...}.
 * options.pretty = false leaves the line feeds out and the blanks in, as
 * SageMaker's container does when JSON is asked for. Without tfserving there
 * is neither: {"predictions": [[8.3], [8.4]]}; or, bare, [[8.3], [8.4]].
 *
 * Columns of several outputs cannot be written as rows come in: the text of
 * the second output and of those after it waits in the arena until the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"
#include "data/json_text.h"
#include "data/pieces.h"

struct json {
    struct clary_json_text text;
    struct clary_pieces *columns; /* per field; NULL if not needed. The first's
                                   * is never used: it goes straight out */
};

/* Depth of the bracket around an output's rows in columnar form. */
static size_t column_depth(const struct clary_writer *writer)
{
    return writer->n_fields > 1 ? 2 : 1;
}

/* `"name": [` of an output in columnar form. */
static enum clary_status begin_column(struct clary_writer *writer, size_t f,
                                      struct clary_error *err)
{
    struct json *json = writer->state;
    if (writer->n_fields > 1) {
        CLARY_TRY(clary_json_break(&json->text, 2, f > 0, err));
        CLARY_TRY(clary_json_key(&json->text, writer->fields[f].name, err));
    }
    return clary_json_put(&json->text, "[", err);
}

static enum clary_status end_column(struct clary_writer *writer,
                                    struct clary_error *err)
{
    struct json *json = writer->state;
    if (writer->n_rows > 0)
        CLARY_TRY(
            clary_json_break(&json->text, column_depth(writer), false, err));
    return clary_json_put(&json->text, "]", err);
}

/* What stands before the rows where they are not in columnar form. */
static enum clary_status put_rows_begin(struct clary_json_text *text,
                                        const struct clary_writer_options *of,
                                        struct clary_error *err)
{
    if (of->bare)
        return clary_json_put(text, "[", err);
    if (!of->tfserving)
        return clary_json_put(text, "{\"predictions\": [", err);
    if (!of->pretty)
        return clary_json_put(text, "{    \"predictions\": [", err);
    return clary_json_put(text, "{\n    \"predictions\": [", err);
}

/* What stands behind them. */
static enum clary_status put_rows_end(struct clary_json_text *text,
                                      const struct clary_writer_options *of,
                                      bool has_rows, struct clary_error *err)
{
    if (of->bare)
        return clary_json_put(text, "]", err);
    if (!of->tfserving || !(has_rows || of->pretty))
        return clary_json_put(text, "]}", err);
    if (!has_rows)
        return clary_json_put(text, "]\n}", err);
    if (!of->pretty)
        return clary_json_put(text, "    ]}", err);
    return clary_json_put(text, "\n    ]\n}", err);
}

static bool is_columnar(const struct clary_writer *writer)
{
    return writer->options.columnar && !writer->options.bare;
}

/* This and what else few replies take is not inline, so that the others save no
 * registers for it. */
static __attribute__((noinline)) enum clary_status write_columns_begin(
    struct clary_writer *writer, struct clary_error *err)
{
    struct json *json = writer->state;
    CLARY_TRY(clary_json_put(&json->text, "{", err));
    CLARY_TRY(clary_json_break(&json->text, 1, false, err));
    CLARY_TRY(clary_json_put(&json->text, "\"outputs\": ", err));
    if (writer->n_fields > 1) {
        CLARY_TRY(clary_json_put(&json->text, "{", err));
        json->columns = clary_arena_calloc(writer->arena, writer->n_fields,
                                           sizeof *json->columns);
        if (json->columns == NULL)
            return clary_no_memory(err);
    }
    return begin_column(writer, 0, err);
}

static enum clary_status write_begin(struct clary_writer *writer,
                                     struct clary_error *err)
{
    const struct clary_writer_options *options = &writer->options;
    struct json *json = clary_arena_alloc(writer->arena, sizeof *json);
    if (json == NULL)
        return clary_no_memory(err);
    writer->state = json;
    writer->n_rows = 0;
    json->columns = NULL;
    clary_json_text_init(&json->text, writer, options->tfserving,
                         options->pretty);
    if (is_columnar(writer))
        return write_columns_begin(writer, err);
    return put_rows_begin(&json->text, options, err);
}

static __attribute__((noinline)) enum clary_status write_columns(
    struct clary_writer *writer, const struct clary_rows *rows,
    struct clary_error *err)
{
    struct json *json = writer->state;
    size_t depth = column_depth(writer) + 1;
    for (size_t f = 0; f < rows->n_fields; f++) {
        size_t start = writer->out->len;
        for (size_t r = 0; r < rows->n_rows; r++) {
            CLARY_TRY(clary_json_break(&json->text, depth,
                                       writer->n_rows + r > 0, err));
            CLARY_TRY(clary_json_array(&json->text, &rows->fields[f],
                                       clary_json_row_data(rows, f, r), false,
                                       depth, err));
        }
        if (f > 0)
            CLARY_TRY(clary_pieces_take(&json->columns[f], writer->arena,
                                        writer->out, start, err));
    }
    writer->n_rows += rows->n_rows;
    return CLARY_OK;
}

/* Rows of one output that are numbers or vectors, which are most. */
static enum clary_status write_flat_rows(struct clary_writer *writer,
                                         const struct clary_rows *rows,
                                         struct clary_error *err)
{
    /* of scalars and of vectors; behind other rows, and the first ones */
    static const struct clary_row_marks marks[2][2] = {
        {{.first = CLARY_MARK(", "), .rows = CLARY_MARK(", ")},
         {.rows = CLARY_MARK(", ")}},
        {{.first = CLARY_MARK(", ["),
          .values = CLARY_MARK(", "),
          .rows = CLARY_MARK("], ["),
          .last = CLARY_MARK("]")},
         {.first = CLARY_MARK("["),
          .values = CLARY_MARK(", "),
          .rows = CLARY_MARK("], ["),
          .last = CLARY_MARK("]")}}};
    struct json *json = writer->state;
    bool is_vector = rows->fields[0].shape.rank == 1;
    bool is_first = writer->n_rows == 0;
    writer->n_rows += rows->n_rows;
    return clary_values_rows(writer->out, rows, &marks[is_vector][is_first],
                             &json->text.style, err);
}

/* All others. */
static __attribute__((noinline)) enum clary_status write_nested_rows(
    struct clary_writer *writer, const struct clary_rows *rows,
    struct clary_error *err)
{
    struct json *json = writer->state;
    for (size_t r = 0; r < rows->n_rows; r++) {
        bool comma = writer->n_rows > 0;
        if (rows->n_fields > 1)
            CLARY_TRY(clary_json_break(&json->text, 2, comma, err));
        else if (comma)
            CLARY_TRY(clary_json_put(&json->text, ", ", err));
        CLARY_TRY(clary_json_row(&json->text, rows, r, 2, err));
        writer->n_rows++;
    }
    return CLARY_OK;
}

static enum clary_status write_rows(struct clary_writer *writer,
                                    const struct clary_rows *rows,
                                    struct clary_error *err)
{
    if (is_columnar(writer))
        return write_columns(writer, rows, err);
    if (clary_values_are_flat(rows))
        return write_flat_rows(writer, rows, err);
    return write_nested_rows(writer, rows, err);
}

static __attribute__((noinline)) enum clary_status write_columns_end(
    struct clary_writer *writer, struct clary_error *err)
{
    struct json *json = writer->state;
    CLARY_TRY(end_column(writer, err));
    for (size_t f = 1; f < writer->n_fields; f++) {
        CLARY_TRY(begin_column(writer, f, err));
        CLARY_TRY(clary_pieces_write(&json->columns[f], writer->out, err));
        CLARY_TRY(end_column(writer, err));
    }
    if (writer->n_fields > 1) {
        CLARY_TRY(clary_json_break(&json->text, 1, false, err));
        CLARY_TRY(clary_json_put(&json->text, "}", err));
    }
    CLARY_TRY(clary_json_break(&json->text, 0, false, err));
    return clary_json_put(&json->text, "}", err);
}

static enum clary_status write_end(struct clary_writer *writer,
                                   struct clary_error *err)
{
    struct json *json = writer->state;
    if (is_columnar(writer))
        return write_columns_end(writer, err);
    return put_rows_end(&json->text, &writer->options, writer->n_rows > 0, err);
}

static const char *const media_types[] = {"application/json", NULL};

const struct clary_codec clary_codec_json = {
    .name = "json",
    .media_types = media_types,
    .read_begin = clary_json_read_begin,
    .read_feed = clary_json_read_feed,
    .read_end = clary_json_read_end,
    .write_begin = write_begin,
    .write_rows = write_rows,
    .write_end = write_end,
};
