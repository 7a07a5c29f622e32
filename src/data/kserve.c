/* kserve.c: the Open Inference Protocol (KServe's and Seldon's "v2") in the
 * table of codecs, and its writer.
 *
 * The reader is kserve_request.c. It is chosen by the route of a request, not
 * by a media type: its JSON is application/json, as that of json.c. The reply:
 *
 *     {"model_name": "model", "model_version": "1", "outputs": [{"name": "y",
 *      "datatype": "FP32", "data": [3.5, 4.0], "shape": [2, 1]}], "id": "42"}
 *
 * on one line. What it has first goes out as it is computed; which outputs
 * were asked for, how many rows there are and the id is only known at the end.
 * Numbers are the shortest that read back to the same value, as in style
 * plain; NaN and infinities are null, which JSON has instead.
 *
 * Several outputs cannot be written as rows come in: the text of the second
 * and of those after it waits in the arena until the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/kserve.h"

#include "data/json_text.h"
#include "data/kserve_read.h"
#include "data/pieces.h"

static enum clary_status read_begin(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_kserve *request =
        clary_arena_calloc(reader->arena, 1, sizeof *request);
    if (request == NULL)
        return clary_no_memory(err);
    reader->asked = &request->asked;
    return clary_json_begin(reader, &request->json, &clary_kserve_grammar, err);
}

const char *clary_kserve_datatype_name(enum clary_dtype dtype)
{
    static const char *const names[CLARY_DTYPE_COUNT] = {
        [CLARY_DTYPE_F32] = "FP32",  [CLARY_DTYPE_F64] = "FP64",
        [CLARY_DTYPE_I8] = "INT8",   [CLARY_DTYPE_U8] = "UINT8",
        [CLARY_DTYPE_I32] = "INT32", [CLARY_DTYPE_I64] = "INT64",
        [CLARY_DTYPE_BOOL] = "BOOL", [CLARY_DTYPE_STRING] = "BYTES",
    };
    return names[dtype];
}

/* --- the writer ---------------------------------------------------------- */

struct kserve {
    struct clary_json_text text;
    size_t first;                /* where the first output's text begins */
    struct clary_pieces *values; /* per output; the first's is never used */
};

/* `{"name": "y", "datatype": "FP32", "data": [` */
static enum clary_status begin_output(struct clary_writer *writer, size_t f,
                                      struct clary_error *err)
{
    struct kserve *kserve = writer->state;
    struct clary_json_text *text = &kserve->text;
    CLARY_TRY(clary_json_put(text, "{\"name\": ", err));
    CLARY_TRY(clary_values_json_string(writer->out, writer->fields[f].name,
                                       strlen(writer->fields[f].name), err));
    CLARY_TRY(clary_json_put(text, ", \"datatype\": \"", err));
    CLARY_TRY(clary_json_put(
        text, clary_kserve_datatype_name(writer->fields[f].dtype), err));
    return clary_json_put(text, "\", \"data\": [", err);
}

static enum clary_status write_begin(struct clary_writer *writer,
                                     struct clary_error *err)
{
    struct kserve *kserve =
        clary_arena_calloc(writer->arena, 1, sizeof *kserve);
    if (kserve == NULL)
        return clary_no_memory(err);
    kserve->values = clary_arena_calloc(writer->arena, writer->n_fields,
                                        sizeof *kserve->values);
    if (kserve->values == NULL)
        return clary_no_memory(err);
    writer->state = kserve;
    writer->n_rows = 0;
    struct clary_json_text *text = &kserve->text;
    const struct clary_writer_options *options = &writer->options;
    clary_json_text_init(text, writer, false, false);
    CLARY_TRY(clary_json_put(text, "{\"model_name\": ", err));
    CLARY_TRY(clary_values_json_string(writer->out, options->model_name,
                                       strlen(options->model_name), err));
    CLARY_TRY(clary_json_put(text, ", \"model_version\": ", err));
    CLARY_TRY(clary_values_json_string(writer->out, options->model_version,
                                       strlen(options->model_version), err));
    CLARY_TRY(clary_json_put(text, ", \"outputs\": [", err));
    kserve->first = writer->out->len;
    return begin_output(writer, 0, err);
}

static enum clary_status write_rows(struct clary_writer *writer,
                                    const struct clary_rows *rows,
                                    struct clary_error *err)
{
    struct kserve *kserve = writer->state;
    for (size_t f = 0; f < rows->n_fields; f++) {
        size_t start = writer->out->len;
        size_t count = rows->n_rows * rows->fields[f].width;
        if (writer->n_rows > 0 && count > 0)
            CLARY_TRY(clary_json_put(&kserve->text, ", ", err));
        CLARY_TRY(clary_values_write(writer->out, rows->fields[f].dtype,
                                     rows->data[f], count, ", ", 2,
                                     &kserve->text.style, err));
        if (f > 0)
            CLARY_TRY(clary_pieces_take(&kserve->values[f], writer->arena,
                                        writer->out, start, err));
    }
    writer->n_rows += rows->n_rows;
    return CLARY_OK;
}

/* `], "shape": [2, 1]}` */
static enum clary_status end_output(struct clary_writer *writer, size_t f,
                                    struct clary_error *err)
{
    struct kserve *kserve = writer->state;
    const struct clary_shape *shape = &writer->fields[f].shape;
    char number[CLARY_NUMBER_TEXT];
    CLARY_TRY(clary_json_put(&kserve->text, "], \"shape\": [", err));
    size_t len = clary_print_int64(number, (int64_t)writer->n_rows);
    CLARY_TRY(clary_buffer_append(writer->out, number, len, err));
    for (size_t i = 0; i < shape->rank; i++) {
        CLARY_TRY(clary_json_put(&kserve->text, ", ", err));
        len = clary_print_int64(number, shape->dim[i]);
        CLARY_TRY(clary_buffer_append(writer->out, number, len, err));
    }
    return clary_json_put(&kserve->text, "]}", err);
}

static size_t find_output(const struct clary_writer *writer,
                          const struct clary_asked_output *output)
{
    size_t f = 0;
    for (; f < writer->n_fields; f++) {
        const char *name = writer->fields[f].name;
        if (strlen(name) == output->name_len &&
            memcmp(name, output->name, output->name_len) == 0)
            break;
    }
    return f;
}

/* Marks the outputs that were asked for; all, if none was. */
static enum clary_status choose(const struct clary_writer *writer, bool *chosen,
                                struct clary_error *err)
{
    const struct clary_asked_output *output = writer->asked->outputs;
    char quote[CLARY_CELL_QUOTE_BYTES];
    for (size_t f = 0; output == NULL && f < writer->n_fields; f++)
        chosen[f] = true;
    for (; output != NULL; output = output->next) {
        size_t f = find_output(writer, output);
        clary_cell_quote(output->name, output->name_len, quote);
        if (f == writer->n_fields)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "the model has no output \"%s\"; its first is "
                              "\"%.48s\"",
                              quote, writer->fields[0].name);
        if (chosen[f])
            return clary_fail(err, CLARY_BAD_INPUT,
                              "the output \"%s\" is asked for twice", quote);
        chosen[f] = true;
    }
    return CLARY_OK;
}

static enum clary_status write_end(struct clary_writer *writer,
                                   struct clary_error *err)
{
    struct kserve *kserve = writer->state;
    const struct clary_asked *asked = writer->asked;
    bool *chosen =
        clary_arena_calloc(writer->arena, writer->n_fields, sizeof *chosen);
    if (chosen == NULL)
        return clary_no_memory(err);
    CLARY_TRY(choose(writer, chosen, err));
    if (chosen[0])
        CLARY_TRY(end_output(writer, 0, err));
    else
        writer->out->len = kserve->first;
    for (size_t f = 1; f < writer->n_fields; f++) {
        if (!chosen[f])
            continue;
        if (writer->out->len > kserve->first)
            CLARY_TRY(clary_json_put(&kserve->text, ", ", err));
        CLARY_TRY(begin_output(writer, f, err));
        CLARY_TRY(clary_pieces_write(&kserve->values[f], writer->out, err));
        CLARY_TRY(end_output(writer, f, err));
    }
    CLARY_TRY(clary_json_put(&kserve->text, "]", err));
    if (asked->id != NULL) {
        CLARY_TRY(clary_json_put(&kserve->text, ", \"id\": ", err));
        CLARY_TRY(clary_values_json_string(writer->out, asked->id,
                                           asked->id_len, err));
    }
    return clary_json_put(&kserve->text, "}", err);
}

static const char *const media_types[] = {NULL};

const struct clary_codec clary_codec_kserve = {
    .name = "kserve",
    .media_types = media_types,
    .whole = true,
    .read_begin = read_begin,
    .read_feed = clary_json_read_feed,
    .read_end = clary_json_read_end,
    .write_begin = write_begin,
    .write_rows = write_rows,
    .write_end = write_end,
};
