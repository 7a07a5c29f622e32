/* warm_up.c: rows of made-up numbers through the whole path.
 *
 * The rows to measure with hold numbers as long as those of real data, so that
 * decoding has its share; a model that refuses them, because it reads whole
 * numbers or codes, is measured with zeros.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "warm_up.h"

#include "base/log.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENOUGH_S 0.005 /* a run that took so long is long enough */
#define SHORT_S  0.001 /* one that is shorter is done again */

enum {
    MEASURED_BYTES = 16384, /* of text at most: some blocks of rows, and a
                             * small part of the time that starting takes */
    REPEATS = 3             /* of a short run; the fastest counts */
};

/* Equal rows. */
struct sample {
    size_t row_bytes, max_rows;
    char *text;
};

/* What scores it. */
struct trial {
    struct clary_invoke *invoke;
    const struct clary_model *model;
    struct clary_reply reply;
    double seconds;
};

/* Writes a cell and a comma; `to` NULL: only counts. */
static size_t put_cell(const char *cell, bool is_quoted, char *to)
{
    size_t n = 0;

    for (const char *p = cell; is_quoted && *p != '\0'; p++)
        n += *p == '"';
    n += strlen(cell) + 2 * (size_t)is_quoted + 1;
    if (to == NULL)
        return n;
    if (is_quoted)
        *to++ = '"';
    for (; *cell != '\0'; cell++) {
        if (is_quoted && *cell == '"')
            *to++ = '"';
        *to++ = *cell;
    }
    if (is_quoted)
        *to++ = '"';
    *to = ',';
    return n;
}

/* One row: of columns with categories the first that a row can have, of all
 * others `cell`. `to` NULL: only its length. */
static size_t put_row(const struct clary_signature *signature, const char *cell,
                      char *to)
{
    size_t n = 0;

    for (size_t f = 0; f < signature->n_inputs; f++) {
        const struct clary_field *field = &signature->inputs[f];
        for (size_t i = 0; i < field->width; i++) {
            const struct clary_categories *categories =
                field->categories != NULL ? field->categories[i] : NULL;
            const char *text =
                categories != NULL && categories->n_texts > 0
                    ? categories->list[categories->by_text[0]].text
                    : NULL;
            n += put_cell(text != NULL ? text : cell, text != NULL,
                          to != NULL ? to + n : NULL);
        }
    }
    return n;
}

/* A model without columns reads empty rows. */
static bool sample_init(struct sample *sample, const char *cell,
                        const struct clary_signature *signature)
{
    size_t row_bytes = put_row(signature, cell, NULL);

    if (row_bytes == 0)
        row_bytes = 1;
    size_t max_rows =
        row_bytes < MEASURED_BYTES ? MEASURED_BYTES / row_bytes : 1;
    *sample =
        (struct sample){row_bytes, max_rows, malloc(row_bytes * max_rows)};
    if (sample->text == NULL)
        return false;
    (void)put_row(signature, cell, sample->text);
    sample->text[row_bytes - 1] = '\n';
    for (size_t row = 1; row < max_rows; row++)
        memcpy(sample->text + row * row_bytes, sample->text, row_bytes);
    return true;
}

/* CPU time: on a busy machine a measurement must not count what others do, or
 * a small model would pass for a slow one. */
static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static enum clary_status run(struct trial *trial, const struct sample *sample,
                             size_t n_rows, struct clary_error *err)
{
    const struct clary_request request = {"text/csv", NULL};
    double began = now_s();

    CLARY_TRY(clary_invoke(trial->invoke, trial->model, &request, sample->text,
                           n_rows * sample->row_bytes, &trial->reply, err));
    trial->seconds = now_s() - began;
    return CLARY_OK;
}

/* More and more rows, until it takes long enough. */
static enum clary_status measure(struct trial *trial,
                                 const struct sample *sample,
                                 struct model_pace *pace,
                                 struct clary_error *err)
{
    size_t n_rows = 1;

    CLARY_TRY(run(trial, sample, n_rows, err));
    while (n_rows < sample->max_rows && trial->seconds < ENOUGH_S) {
        n_rows = n_rows < sample->max_rows / 4 ? 4 * n_rows : sample->max_rows;
        CLARY_TRY(run(trial, sample, n_rows, err));
    }
    double fastest = trial->seconds;
    for (int i = 1; i < REPEATS && trial->seconds < SHORT_S; i++) {
        CLARY_TRY(run(trial, sample, n_rows, err));
        if (trial->seconds < fastest)
            fastest = trial->seconds;
    }
    if (fastest < 1e-9) /* the clock's step */
        fastest = 1e-9;
    double bytes = (double)(n_rows * sample->row_bytes);
    *pace = (struct model_pace){
        .body_bytes_per_s = bytes / fastest,
        .rows_per_s = (double)n_rows / fastest,
        .reply_bytes_per_byte = (double)trial->reply.len / bytes,
        .working_bytes = clary_invoke_bytes(trial->invoke),
    };
    return CLARY_OK;
}

/* The first row, and the measurement if the model takes such rows. */
static enum clary_status score(struct trial *trial, const struct sample *zeros,
                               const struct sample *numbers,
                               struct model_pace *pace, struct clary_error *err)
{
    CLARY_TRY(run(trial, zeros, 1, err));
    if (pace == NULL)
        return CLARY_OK;
    enum clary_status status = measure(trial, numbers, pace, err);
    if (status == CLARY_BAD_INPUT)
        status = measure(trial, zeros, pace, err);
    return status;
}

enum clary_status warm_up(const struct clary_model *model,
                          const struct clary_invoke_options *options,
                          struct model_pace *pace, struct clary_error *err)
{
    const struct clary_signature *signature = clary_model_signature(model);
    struct clary_invoke_options without_header = *options;
    struct sample zeros = {0}, numbers = {0};
    enum clary_status status;

    if (pace != NULL)
        *pace = (struct model_pace){0};
    without_header.csv_header = CLARY_CSV_HEADER_ABSENT;
    struct trial trial = {.invoke = clary_invoke_new(&without_header),
                          .model = model};
    if (trial.invoke == NULL || !sample_init(&zeros, "0", signature) ||
        !sample_init(&numbers, "1.23456", signature))
        status = clary_fail(err, CLARY_NO_MEMORY, "no memory for a first row");
    else
        status = score(&trial, &zeros, &numbers, pace, err);
    clary_invoke_free(trial.invoke);
    free(zeros.text);
    free(numbers.text);
    if (status != CLARY_BAD_INPUT)
        return status;
    clary_log(
        CLARY_LOG_INFO, "first row refused",
        (struct clary_log_field[]){{"message", err->message}, {NULL, NULL}});
    return CLARY_OK;
}
