/* scores.c: the writers of SageMaker's XGBoost container.
 *
 *     text/csv                 0.43861907720565796\n
 *     of several values        0.25,0.75\n
 *     SAGEMAKER_BATCH          [0.25, 0.75]\n
 *     application/json         {"predictions": [{"score":
 * 0.43861907720565796}]} application/jsonlines    {"score":
 * 0.43861907720565796}\n
 *
 * Numbers are Python's: a float32 as the double that it is, with as many
 * digits as that takes; not a number is nan in CSV and null in JSON. With
 * SAGEMAKER_INFERENCE_OUTPUT a prediction is what that selects, as members of
 * JSON or cells of CSV, where no LF stands behind the last line but in batch
 * transform:
 *
 *     text/csv                 1,"[0.25, 0.75]"
 *     application/json         {"predictions": [{"predicted_label": 1}]}
 *
 * The first output of the model is the prediction. Others, which the container
 * never has, follow it: members by their names, or cells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/scores.h"

#include "data/json_text.h"

static const struct clary_score_key score = {"score", 5, CLARY_SCORE_NONE};

/* --- CSV ------------------------------------------------------------------ */

static enum clary_status csv_begin(struct clary_writer *writer,
                                   struct clary_error *err)
{
    (void)err;
    writer->n_rows = 0;
    return CLARY_OK;
}

/* The values of one output of row `r`. */
static enum clary_status write_cells(const struct clary_writer *writer,
                                     const struct clary_rows *rows, size_t f,
                                     size_t r, bool as_list,
                                     struct clary_error *err)
{
    const struct clary_value_style style = {.numbers = CLARY_NUMBER_PYTHON,
                                            .csv = true};
    const struct clary_field *field = &rows->fields[f];
    struct clary_buffer *out = writer->out;

    as_list = as_list && field->shape.rank > 0;
    if (as_list)
        CLARY_TRY(clary_buffer_append(out, "[", 1, err));
    CLARY_TRY(clary_values_write(
        out, field->dtype, clary_json_row_data(rows, f, r), field->width,
        as_list ? ", " : ",", as_list ? 2 : 1, &style, err));
    return as_list ? clary_buffer_append(out, "]", 1, err) : CLARY_OK;
}

/* The cells of the outputs behind the first. */
static enum clary_status write_others(const struct clary_writer *writer,
                                      const struct clary_rows *rows, size_t r,
                                      struct clary_error *err)
{
    for (size_t f = 1; f < rows->n_fields; f++) {
        CLARY_TRY(clary_buffer_append(writer->out, ",", 1, err));
        CLARY_TRY(write_cells(writer, rows, f, r, false, err));
    }
    return CLARY_OK;
}

static enum clary_status write_lines(struct clary_writer *writer,
                                     const struct clary_rows *rows,
                                     bool as_list, struct clary_error *err)
{
    for (size_t r = 0; r < rows->n_rows; r++) {
        CLARY_TRY(write_cells(writer, rows, 0, r, as_list, err));
        CLARY_TRY(write_others(writer, rows, r, err));
        CLARY_TRY(clary_buffer_append(writer->out, "\n", 1, err));
        writer->n_rows++;
    }
    return CLARY_OK;
}

static enum clary_status write_selected(struct clary_writer *writer,
                                        const struct clary_rows *rows,
                                        struct clary_error *err)
{
    const struct clary_scores *scores = writer->options.scores;
    struct clary_buffer *out = writer->out;

    for (size_t r = 0; r < rows->n_rows; r++) {
        if (writer->n_rows++ > 0)
            CLARY_TRY(clary_buffer_append(out, "\n", 1, err));
        for (size_t i = 0; i < scores->n_keys; i++) {
            if (i > 0)
                CLARY_TRY(clary_buffer_append(out, ",", 1, err));
            CLARY_TRY(clary_score_write(out, scores, scores->keys[i].kind,
                                        clary_json_row_data(rows, 0, r),
                                        rows->fields[0].width, false, err));
        }
        CLARY_TRY(write_others(writer, rows, r, err));
    }
    return CLARY_OK;
}

static enum clary_status csv_rows(struct clary_writer *writer,
                                  const struct clary_rows *rows,
                                  struct clary_error *err)
{
    return writer->options.scores->n_keys > 0
               ? write_selected(writer, rows, err)
               : write_lines(writer, rows, false, err);
}

static enum clary_status lines_rows(struct clary_writer *writer,
                                    const struct clary_rows *rows,
                                    struct clary_error *err)
{
    return write_lines(writer, rows, true, err);
}

static enum clary_status csv_end(struct clary_writer *writer,
                                 struct clary_error *err)
{
    const struct clary_scores *scores = writer->options.scores;

    return scores->n_keys > 0 && scores->is_batch
               ? clary_buffer_append(writer->out, "\n", 1, err)
               : CLARY_OK;
}

/* --- JSON ----------------------------------------------------------------- */

static enum clary_status json_begin(struct clary_writer *writer,
                                    struct clary_error *err)
{
    struct clary_json_text *text =
        clary_arena_alloc(writer->arena, sizeof *text);

    if (text == NULL)
        return clary_no_memory(err);
    writer->state = text;
    writer->n_rows = 0;
    clary_json_text_init(text, writer, false, false);
    return CLARY_OK;
}

static enum clary_status put_key(struct clary_json_text *text, const char *name,
                                 size_t len, struct clary_error *err)
{
    CLARY_TRY(clary_values_json_string(text->out, name, len, err));
    return clary_json_put(text, ": ", err);
}

/* {"score": 0.5} or what is selected. */
static enum clary_status write_object(struct clary_writer *writer,
                                      const struct clary_rows *rows, size_t r,
                                      struct clary_error *err)
{
    struct clary_json_text *text = writer->state;
    const struct clary_scores *scores = writer->options.scores;
    const void *values = clary_json_row_data(rows, 0, r);
    bool selects = scores->n_members > 0;
    size_t n = selects ? scores->n_members : 1;

    CLARY_TRY(clary_json_put(text, "{", err));
    for (size_t i = 0; i < n; i++) {
        const struct clary_score_key *key =
            selects ? &scores->members[i] : &score;

        if (i > 0)
            CLARY_TRY(clary_json_put(text, ", ", err));
        CLARY_TRY(put_key(text, key->name, key->len, err));
        if (selects)
            CLARY_TRY(clary_score_write(text->out, scores, key->kind, values,
                                        rows->fields[0].width, true, err));
        else
            CLARY_TRY(
                clary_json_array(text, rows->fields, values, true, 0, err));
    }
    for (size_t f = 1; f < rows->n_fields; f++) {
        CLARY_TRY(clary_json_put(text, ", ", err));
        CLARY_TRY(clary_json_key(text, rows->fields[f].name, err));
        CLARY_TRY(clary_json_array(text, &rows->fields[f],
                                   clary_json_row_data(rows, f, r), true, 0,
                                   err));
    }
    return clary_json_put(text, "}", err);
}

static enum clary_status document_begin(struct clary_writer *writer,
                                        struct clary_error *err)
{
    CLARY_TRY(json_begin(writer, err));
    return clary_json_put(writer->state, "{\"predictions\": [", err);
}

static enum clary_status document_rows(struct clary_writer *writer,
                                       const struct clary_rows *rows,
                                       struct clary_error *err)
{
    for (size_t r = 0; r < rows->n_rows; r++) {
        if (writer->n_rows++ > 0)
            CLARY_TRY(clary_json_put(writer->state, ", ", err));
        CLARY_TRY(write_object(writer, rows, r, err));
    }
    return CLARY_OK;
}

static enum clary_status document_end(struct clary_writer *writer,
                                      struct clary_error *err)
{
    return clary_json_put(writer->state, "]}", err);
}

static enum clary_status jsonlines_rows(struct clary_writer *writer,
                                        const struct clary_rows *rows,
                                        struct clary_error *err)
{
    for (size_t r = 0; r < rows->n_rows; r++) {
        CLARY_TRY(write_object(writer, rows, r, err));
        CLARY_TRY(clary_json_put(writer->state, "\n", err));
        writer->n_rows++;
    }
    return CLARY_OK;
}

static enum clary_status jsonlines_end(struct clary_writer *writer,
                                       struct clary_error *err)
{
    (void)writer;
    (void)err;
    return CLARY_OK;
}

/* --- the codecs ----------------------------------------------------------- */

static const char *const csv_types[] = {"text/csv", NULL};
static const char *const json_types[] = {"application/json", NULL};
static const char *const jsonlines_types[] = {"application/jsonlines", NULL};

const struct clary_codec clary_codec_scores_csv = {.name = "csv",
                                                   .media_types = csv_types,
                                                   .write_begin = csv_begin,
                                                   .write_rows = csv_rows,
                                                   .write_end = csv_end};

const struct clary_codec clary_codec_scores_lines = {.name = "csv",
                                                     .media_types = csv_types,
                                                     .write_begin = csv_begin,
                                                     .write_rows = lines_rows,
                                                     .write_end = csv_end};

const struct clary_codec clary_codec_scores_json = {.name = "json",
                                                    .media_types = json_types,
                                                    .write_begin =
                                                        document_begin,
                                                    .write_rows = document_rows,
                                                    .write_end = document_end};

const struct clary_codec clary_codec_scores_jsonlines = {
    .name = "jsonlines",
    .media_types = jsonlines_types,
    .write_begin = json_begin,
    .write_rows = jsonlines_rows,
    .write_end = jsonlines_end};
