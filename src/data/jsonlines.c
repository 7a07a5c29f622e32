/* jsonlines.c: application/jsonlines in the table of codecs, and its writer.
 *
 * The reader is application/json's, which takes lines too: TensorFlow
 * Serving's container reads all of these types alike.
 *
 * One JSON value a row, each on a line that ends in LF: [8.3252], or
 * {"a": [8.3252], "b": 1} with several outputs. options.columnar and
 * options.pretty change nothing here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"
#include "data/json_text.h"

static enum clary_status write_begin(struct clary_writer *writer,
                                     struct clary_error *err)
{
    struct clary_json_text *text =
        clary_arena_alloc(writer->arena, sizeof *text);
    if (text == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the reply");
    writer->state = text;
    writer->n_rows = 0;
    clary_json_text_init(text, writer, false, false);
    return CLARY_OK;
}

static enum clary_status write_rows(struct clary_writer *writer,
                                    const struct clary_rows *rows,
                                    struct clary_error *err)
{
    static const struct clary_row_marks marks = {.first = CLARY_MARK("["),
                                                 .values = CLARY_MARK(", "),
                                                 .rows = CLARY_MARK("]\n["),
                                                 .last = CLARY_MARK("]\n")};
    struct clary_json_text *text = writer->state;
    if (clary_values_are_flat(rows) && rows->fields[0].shape.rank == 1) {
        writer->n_rows += rows->n_rows;
        return clary_values_rows(text->out, rows, &marks, &text->style, err);
    }
    for (size_t r = 0; r < rows->n_rows; r++) {
        CLARY_TRY(clary_json_row(text, rows, r, 0, err));
        CLARY_TRY(clary_json_put(text, "\n", err));
        writer->n_rows++;
    }
    return CLARY_OK;
}

static enum clary_status write_end(struct clary_writer *writer,
                                   struct clary_error *err)
{
    (void)writer;
    (void)err;
    return CLARY_OK;
}

static const char *const media_types[] = {
    "application/jsonlines", "application/jsonl", "application/jsons", NULL};

const struct clary_codec clary_codec_jsonlines = {
    .name = "jsonlines",
    .media_types = media_types,
    .read_begin = clary_json_read_begin,
    .read_feed = clary_json_read_feed,
    .read_end = clary_json_read_end,
    .write_begin = write_begin,
    .write_rows = write_rows,
    .write_end = write_end,
};
