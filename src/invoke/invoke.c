/* invoke.c: decode, run and encode, a piece of the body at a time.
 *
 *   bytes -> reader -> block of rows -> program -> block of rows -> writer
 *            (codec)   (inputs)                    (outputs)        (codec)
 *
 * The reader calls block_full each time the inputs' block is full; that runs
 * the program and appends to the reply. Only the reply is kept.
 *
 * memory: `arena` holds the execution of one model for as long as invocations
 * are on that model, behind `mark` what one invocation begins with, and behind
 * `last.mark` what it needs on its way. None of it is given back between
 * invocations, but for what is large: clary_invoke_end. One whose headers are
 * those of the one before it begins where that one began.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/clock.h"
#include "data/codec.h"
#include "invoke/explain.h"
#include "invoke/model.h"
#include "invoke/style.h"
#include "invoke/watch.h"
#include "kernel/kernel.h"

#include <clary/invoke.h>

#include <stdlib.h>
#include <string.h>

/* Of working memory, for the next invocation: the largest chunk that a small
 * need can make an arena take. */
#define KEPT_BYTES ((size_t)256 << 10)

#define DEFAULT_MAX_REPLY_BYTES  ((size_t)1 << 30)
#define DEFAULT_MAX_MEMORY_BYTES ((size_t)1 << 30)

enum { HEADER_BYTES = 128 }; /* a header as long is not kept */

enum stage { DECODE, RUN, ENCODE, WAIT, N_STAGES };

struct clary_invoke {
    struct clary_invoke_options options;
    struct clary_arena arena;
    struct clary_buffer out;
    const struct clary_ranges *ranges; /* NULL: values are not looked at */

    /* of the model, kept from one invocation to the next */
    uint64_t serial; /* of the model; 0: none */
    struct clary_execution *execution;
    void **inputs, **outputs;           /* the execution's blocks, per field */
    const struct clary_column *columns; /* of the inputs */
    struct clary_arena_mark mark;
    size_t model_bytes; /* of the arena, before the mark */

    /* of the last invocation, for one like it */
    struct {
        bool is_kept;
        char content_type[HEADER_BYTES], accept[HEADER_BYTES]; /* NULL is "" */
        struct clary_arena_mark mark;
    } last;

    /* of the invocation */
    const struct clary_codec *reading;
    struct clary_reply_form form;
    struct clary_reader reader;
    struct clary_writer writer;
    struct clary_rows in, result;
    enum clary_style style;
    bool writing;    /* write_begin was called */
    bool evaluating; /* a block is run: what fails now was read */
    bool has_body;   /* a byte of it came */
    struct clary_watch watch;
    struct clary_explaining explaining;
    uint64_t ticks[N_STAGES];
    uint64_t lap; /* the clock when the last of them was added to */
};

struct clary_invoke *clary_invoke_new(
    const struct clary_invoke_options *options)
{
    struct clary_invoke *invoke = calloc(1, sizeof *invoke);

    if (!invoke)
        return NULL;
    if (options)
        invoke->options = *options;
    if (!invoke->options.max_reply_bytes)
        invoke->options.max_reply_bytes = DEFAULT_MAX_REPLY_BYTES;
    if (!invoke->options.max_memory_bytes)
        invoke->options.max_memory_bytes = DEFAULT_MAX_MEMORY_BYTES;
    clary_arena_init(&invoke->arena, invoke->options.max_memory_bytes);
    clary_buffer_init(&invoke->out, invoke->options.max_reply_bytes);
    return invoke;
}

void clary_invoke_free(struct clary_invoke *invoke)
{
    if (!invoke)
        return;
    clary_buffer_deinit(&invoke->out);
    clary_arena_deinit(&invoke->arena);
    free(invoke);
}

void clary_invoke_watch(struct clary_invoke *invoke,
                        const struct clary_ranges *ranges)
{
    invoke->ranges = ranges;
}

/* Makes `invoke` ready for `model`, unless it is already. */
static enum clary_status set_model(struct clary_invoke *invoke,
                                   const struct clary_model *model,
                                   struct clary_error *err)
{
    const struct clary_signature *signature = clary_model_signature(model);
    struct clary_arena *arena = &invoke->arena;
    size_t i;

    if (invoke->serial == clary_model_serial(model)) {
        clary_arena_rewind(arena, invoke->mark);
        return CLARY_OK;
    }
    invoke->serial = 0;
    invoke->mark = (struct clary_arena_mark){0};
    invoke->model_bytes = 0;
    clary_arena_reset(arena);
    clary_arena_trim(arena);
    invoke->execution = clary_execution_new(arena, clary_model_program(model));
    invoke->inputs =
        clary_arena_calloc(arena, signature->n_inputs, sizeof(void *));
    invoke->outputs =
        clary_arena_calloc(arena, signature->n_outputs, sizeof(void *));
    if (!invoke->execution || !invoke->inputs || !invoke->outputs)
        return clary_no_memory(err);
    for (i = 0; i < signature->n_inputs; i++)
        invoke->inputs[i] = clary_execution_input(invoke->execution, i);
    for (i = 0; i < signature->n_outputs; i++)
        invoke->outputs[i] = clary_execution_output(invoke->execution, i);
    invoke->in = (struct clary_rows){.fields = signature->inputs,
                                     .n_fields = signature->n_inputs,
                                     .data = invoke->inputs};
    invoke->columns =
        clary_rows_columns(&invoke->in, arena, signature->n_columns);
    if (!invoke->columns)
        return clary_no_memory(err);
    invoke->mark = clary_arena_mark(arena);
    invoke->model_bytes = arena->chunk_bytes_total;
    invoke->serial = clary_model_serial(model);
    return CLARY_OK;
}

/* After an op has refused a block: finds the row by running each alone. The
 * rows are moved to the front one by one, so the block is lost. */
static enum clary_status locate(struct clary_invoke *invoke,
                                struct clary_error *err)
{
    const struct clary_rows *in = &invoke->in;
    size_t row, f;

    for (row = 0; row < in->n_rows; row++) {
        struct clary_error alone;
        enum clary_status status;

        for (f = 0; row && f < in->n_fields; f++) {
            size_t bytes =
                in->fields[f].width * clary_dtype_bytes(in->fields[f].dtype);

            memcpy(in->data[f], (char *)in->data[f] + row * bytes, bytes);
        }
        status = clary_execution_run(invoke->execution, 1, &alone);
        if (status != CLARY_OK)
            return clary_fail_at(err, status, in->first_row + row + 1, 0, "%s",
                                 alone.message);
    }
    return clary_fail(err, CLARY_INTERNAL,
                      "a block of rows failed, none of its rows alone does");
}

/* Books the time since the last lap. */
static void lap(struct clary_invoke *invoke, enum stage stage)
{
    uint64_t now;

    if (!invoke->options.timed)
        return;
    now = clary_clock_ticks();
    if (now > invoke->lap)
        invoke->ticks[stage] += now - invoke->lap;
    invoke->lap = now;
}

/* clary_rows.full of the inputs. */
static enum clary_status block_full(void *context, struct clary_rows *rows,
                                    struct clary_error *err)
{
    struct clary_invoke *invoke = context;
    struct clary_writer *writer = &invoke->writer;

    invoke->evaluating = true;
    clary_watch_rows(&invoke->watch, rows);
    lap(invoke, DECODE);
    if (!invoke->writing) {
        writer->options.columnar = invoke->reader.columnar;
        CLARY_TRY(invoke->form.codec->write_begin(writer, err));
        invoke->writing = true;
    }
    if (clary_execution_run(invoke->execution, rows->n_rows, err) != CLARY_OK)
        return locate(invoke, err);
    if (invoke->explaining.explainer)
        clary_explaining_run(&invoke->explaining, rows);
    lap(invoke, RUN);
    invoke->result.n_rows = rows->n_rows;
    invoke->result.first_row = rows->first_row;
    CLARY_TRY(invoke->form.codec->write_rows(writer, &invoke->result, err));
    lap(invoke, ENCODE);
    rows->first_row += rows->n_rows;
    rows->n_rows = 0;
    invoke->evaluating = false;
    return CLARY_OK;
}

static enum clary_status choose_reader(struct clary_invoke *invoke,
                                       const char *content_type,
                                       struct clary_error *err)
{
    invoke->reading = clary_style_reader(invoke->style, content_type);
    if (!invoke->reading)
        return clary_fail(
            err, CLARY_BAD_MEDIA_TYPE, "Unsupported Media Type: %s",
            content_type && *content_type ? content_type : "Unknown");
    return CLARY_OK;
}

static void set_blocks(struct clary_invoke *invoke,
                       const struct clary_model *model)
{
    const struct clary_signature *signature = clary_model_signature(model);
    size_t capacity = clary_program_block_rows(clary_model_program(model));

    invoke->in = (struct clary_rows){.fields = signature->inputs,
                                     .n_fields = signature->n_inputs,
                                     .data = invoke->inputs,
                                     .columns = invoke->columns,
                                     .capacity = capacity,
                                     .full = block_full,
                                     .context = invoke};
    invoke->result = (struct clary_rows){.fields = signature->outputs,
                                         .n_fields = signature->n_outputs,
                                         .data = invoke->outputs,
                                         .capacity = capacity};
}

/* The Open Inference Protocol's JSON, both ways; no style has a say. */
static void set_kserve(struct clary_invoke *invoke,
                       const struct clary_model *model)
{
    invoke->style = CLARY_STYLE_PLAIN;
    invoke->reading = &clary_codec_kserve;
    invoke->form = (struct clary_reply_form){
        .codec = &clary_codec_kserve,
        .content_type = "application/json",
        .options = {.numbers = CLARY_NUMBER_SHORTEST,
                    .model_name = clary_model_name(model),
                    .model_version = clary_model_version(model)}};
}

/* How the body is read and the reply written; makes `invoke` ready for the
 * model. */
static enum clary_status set_formats(struct clary_invoke *invoke,
                                     const struct clary_model *model,
                                     const struct clary_request *request,
                                     struct clary_error *err)
{
    if (request->protocol == CLARY_PROTOCOL_KSERVE) {
        CLARY_TRY(set_model(invoke, model, err));
        set_kserve(invoke, model);
        return CLARY_OK;
    }
    CLARY_TRY(choose_reader(invoke, request->content_type, err));
    CLARY_TRY(set_model(invoke, model, err));
    CLARY_TRY(clary_reply_form(invoke->style, request->accept,
                               invoke->options.default_accept, &invoke->form,
                               err));
    if (invoke->style != CLARY_STYLE_XGBOOST)
        return CLARY_OK;
    return clary_xgboost_form(&invoke->options, model, &invoke->arena,
                              &invoke->form, err);
}

static bool keep(char *kept, const char *header)
{
    size_t len = header ? strlen(header) : 0;

    if (len >= HEADER_BYTES)
        return false;
    memcpy(kept, header ? header : "", len + 1);
    return true;
}

/* No header is as one that is empty. */
static bool is_same(const char *kept, const char *header)
{
    return header ? strcmp(kept, header) == 0 : kept[0] == '\0';
}

/* After a begin: keeps what another one would make the same again. */
static void keep_begin(struct clary_invoke *invoke,
                       const struct clary_request *request)
{
    invoke->last.is_kept =
        invoke->reading->read_again &&
        request->protocol == CLARY_PROTOCOL_INVOCATIONS &&
        request->explain == CLARY_EXPLAIN_NONE &&
        keep(invoke->last.content_type, request->content_type) &&
        keep(invoke->last.accept, request->accept);
    invoke->last.mark = clary_arena_mark(&invoke->arena);
}

static bool is_like_last(const struct clary_invoke *invoke,
                         const struct clary_model *model,
                         const struct clary_request *request)
{
    return invoke->last.is_kept &&
           invoke->serial == clary_model_serial(model) &&
           invoke->watch.ranges == invoke->ranges &&
           request->protocol == CLARY_PROTOCOL_INVOCATIONS &&
           request->explain == CLARY_EXPLAIN_NONE &&
           is_same(invoke->last.content_type, request->content_type) &&
           is_same(invoke->last.accept, request->accept);
}

static void begin_like_last(struct clary_invoke *invoke)
{
    clary_arena_rewind(&invoke->arena, invoke->last.mark);
    invoke->in.n_rows = invoke->in.first_row = 0;
    invoke->reading->read_again(&invoke->reader);
    clary_watch_again(&invoke->watch);
}

static enum clary_status begin(struct clary_invoke *invoke,
                               const struct clary_model *model,
                               const struct clary_request *request,
                               struct clary_error *err)
{
    const struct clary_signature *signature = clary_model_signature(model);
    enum clary_csv_header header = invoke->options.csv_header;

    invoke->watch = (struct clary_watch){0};
    invoke->explaining.explainer = NULL;
    invoke->style = invoke->options.style == CLARY_STYLE_AUTO
                        ? clary_model_style(model)
                        : invoke->options.style;
    CLARY_TRY(set_formats(invoke, model, request, err));
    if (header == CLARY_CSV_HEADER_DEFAULT)
        header = invoke->form.options.tfserving ? CLARY_CSV_HEADER_ABSENT
                                                : CLARY_CSV_HEADER_AUTO;
    set_blocks(invoke, model);
    if (request->explain == CLARY_EXPLAIN_SHAP)
        CLARY_TRY(clary_explaining_begin(&invoke->explaining, model,
                                         invoke->options.team, &invoke->arena,
                                         &invoke->in, &invoke->result, err));
    invoke->reader = (struct clary_reader){
        .rows = &invoke->in,
        .arena = &invoke->arena,
        .header = header,
        .cell_kernel = clary_kernels()->cells,
        .missing_is_nan = clary_model_missing_is_nan(model),
        .pythonic = invoke->style == CLARY_STYLE_XGBOOST,
        .signature_name = signature->name};
    invoke->writer = (struct clary_writer){.fields = invoke->result.fields,
                                           .n_fields = invoke->result.n_fields,
                                           .out = &invoke->out,
                                           .arena = &invoke->arena,
                                           .options = invoke->form.options};
    CLARY_TRY(clary_watch_begin(&invoke->watch, invoke->ranges,
                                signature->n_columns, &invoke->arena, err));
    return invoke->reading->read_begin(&invoke->reader, err);
}

enum clary_status clary_invoke_begin(struct clary_invoke *invoke,
                                     const struct clary_model *model,
                                     const struct clary_request *request,
                                     struct clary_error *err)
{
    clary_buffer_clear(&invoke->out);
    invoke->writing = invoke->evaluating = invoke->has_body = false;
    memset(invoke->ticks, 0, sizeof invoke->ticks);
    if (is_like_last(invoke, model, request)) {
        begin_like_last(invoke);
    } else {
        invoke->last.is_kept = false;
        CLARY_TRY(begin(invoke, model, request, err));
        keep_begin(invoke, request);
    }
    if (invoke->options.timed)
        invoke->lap = clary_clock_ticks();
    return CLARY_OK;
}

/* What the reader said of the body. */
static enum clary_status judge(const struct clary_invoke *invoke,
                               enum clary_status status,
                               struct clary_error *err)
{
    if (status != CLARY_BAD_INPUT || invoke->style != CLARY_STYLE_XGBOOST)
        return status;
    return clary_xgboost_refuse(invoke->evaluating || invoke->reader.misfits,
                                err);
}

enum clary_status clary_invoke_feed(struct clary_invoke *invoke,
                                    const char *bytes, size_t len,
                                    struct clary_error *err)
{
    lap(invoke, WAIT);
    invoke->has_body = invoke->has_body || len > 0;
    CLARY_TRY(judge(
        invoke, invoke->reading->read_feed(&invoke->reader, bytes, len, err),
        err));
    lap(invoke, DECODE);
    return CLARY_OK;
}

enum clary_status clary_invoke_finish(struct clary_invoke *invoke,
                                      struct clary_reply *reply,
                                      struct clary_error *err)
{
    lap(invoke, WAIT);
    if (invoke->style == CLARY_STYLE_XGBOOST && !invoke->has_body) {
        *reply = (struct clary_reply){.body = ""};
        return CLARY_OK;
    }
    CLARY_TRY(
        judge(invoke, invoke->reading->read_end(&invoke->reader, err), err));
    if (!invoke->writing)
        return clary_fail(err, CLARY_BAD_INPUT, "the body holds no rows");
    invoke->writer.asked = invoke->reader.asked;
    CLARY_TRY(invoke->form.codec->write_end(&invoke->writer, err));
    lap(invoke, ENCODE);
    reply->content_type = invoke->form.content_type;
    reply->body = invoke->out.bytes;
    reply->len = invoke->out.len;
    reply->n_rows = invoke->in.first_row;
    return CLARY_OK;
}

void clary_invoke_drain(struct clary_invoke *invoke, const char **body,
                        size_t *len)
{
    *body = invoke->out.bytes;
    *len = invoke->form.codec->whole ? 0 : invoke->out.len;
    invoke->out.len -= *len;
}

void clary_invoke_times(const struct clary_invoke *invoke,
                        struct clary_invoke_times *times)
{
    times->decode_ns = clary_clock_ns(invoke->ticks[DECODE]);
    times->run_ns = clary_clock_ns(invoke->ticks[RUN]);
    times->encode_ns = clary_clock_ns(invoke->ticks[ENCODE]);
    times->wait_ns = clary_clock_ns(invoke->ticks[WAIT]);
}

size_t clary_invoke_bytes(const struct clary_invoke *invoke)
{
    return invoke->arena.chunk_bytes_total;
}

size_t clary_invoke_end(struct clary_invoke *invoke)
{
    struct clary_arena *arena = &invoke->arena;

    clary_watch_again(&invoke->watch);
    clary_buffer_clear(&invoke->out);
    if (arena->chunk_bytes_total - invoke->model_bytes > KEPT_BYTES) {
        invoke->last.is_kept = false;
        clary_arena_rewind(arena, invoke->mark);
        clary_arena_trim(arena);
    }
    return sizeof *invoke + arena->chunk_bytes_total + invoke->out.capacity;
}

const struct clary_column_counts *clary_invoke_counts(
    const struct clary_invoke *invoke)
{
    return invoke->watch.found ? invoke->watch.counts : NULL;
}

enum clary_status clary_invoke(struct clary_invoke *invoke,
                               const struct clary_model *model,
                               const struct clary_request *request,
                               const char *body, size_t len,
                               struct clary_reply *reply,
                               struct clary_error *err)
{
    CLARY_TRY(clary_invoke_begin(invoke, model, request, err));
    CLARY_TRY(clary_invoke_feed(invoke, body, len, err));
    return clary_invoke_finish(invoke, reply, err);
}
