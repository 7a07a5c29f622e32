/* golden.c: reads golden rows, scores them through the library as any request,
 * and compares the CSV that comes back, number by number.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "golden.h"

#include "base/log.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 64 };

/* Golden rows taken apart: what to send and what to expect. */
struct golden {
    const struct clary_signature *signature;
    size_t n_features, n_outputs; /* columns of a row */
    char *features;               /* CSV, a line a row */
    size_t features_len;
    double *wanted; /* (n_rows, n_outputs) */
    size_t n_rows, capacity;
};

/* A piece of text that is walked through. */
struct cursor {
    const char *at, *end;
};

/* The next line without its end; false when there is none. */
static bool next_line(struct cursor *text, struct cursor *line)
{
    if (text->at == text->end)
        return false;
    const char *lf = memchr(text->at, '\n', (size_t)(text->end - text->at));
    line->at = text->at;
    line->end = lf != NULL ? lf : text->end;
    text->at = lf != NULL ? lf + 1 : text->end;
    if (line->end > line->at && line->end[-1] == '\r')
        line->end--;
    return true;
}

/* The next field of a line; false when the line has none left. A line of n
 * commas has n + 1 fields; `at` is NULL after the last. */
static bool next_field(struct cursor *line, struct cursor *field)
{
    if (line->at == NULL)
        return false;
    const char *comma = memchr(line->at, ',', (size_t)(line->end - line->at));
    field->at = line->at;
    field->end = comma != NULL ? comma : line->end;
    line->at = comma != NULL ? comma + 1 : NULL;
    return true;
}

static size_t length(struct cursor span)
{
    return (size_t)(span.end - span.at);
}

/* A whole field as a number; booleans are 1 and 0. */
static bool read_number(struct cursor field, double *number)
{
    char text[NUMBER_BYTES], *end;

    if (length(field) == 0 || length(field) >= sizeof text)
        return false;
    memcpy(text, field.at, length(field));
    text[length(field)] = '\0';
    if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        *number = text[0] == 't';
        return true;
    }
    *number = strtod(text, &end);
    return *end == '\0';
}

static bool is_header(struct cursor line)
{
    struct cursor field;
    double number;

    while (next_field(&line, &field))
        if (read_number(field, &number))
            return false;
    return true;
}

static enum clary_status add_wanted(struct golden *golden, size_t column,
                                    struct cursor field,
                                    struct clary_error *err)
{
    double *number = &golden->wanted[golden->n_rows * golden->n_outputs];

    if (read_number(field, &number[column]))
        return CLARY_OK;
    return clary_fail_at(err, CLARY_BAD_INPUT, golden->n_rows + 1,
                         golden->n_features + column + 1,
                         "a golden output is \"%.*s\", expected a number",
                         (int)(length(field) < 40 ? length(field) : 40),
                         field.at);
}

static enum clary_status add_row(struct golden *golden, struct cursor line,
                                 struct clary_error *err)
{
    size_t expected = golden->n_features + golden->n_outputs, n = 0;
    struct cursor rest = line, field;

    while (next_field(&rest, &field)) {
        if (n + 1 == golden->n_features) {
            size_t len = (size_t)(field.end - line.at);
            memcpy(golden->features + golden->features_len, line.at, len);
            golden->features_len += len;
            golden->features[golden->features_len++] = '\n';
        }
        if (n >= golden->n_features && n < expected)
            CLARY_TRY(add_wanted(golden, n - golden->n_features, field, err));
        n++;
    }
    if (n != expected)
        return clary_fail_at(err, CLARY_BAD_INPUT, golden->n_rows + 1, 0,
                             "a golden row has %zu columns, expected %zu "
                             "features and %zu outputs",
                             n, golden->n_features, golden->n_outputs);
    golden->n_rows++;
    return CLARY_OK;
}

static bool reserve_row(struct golden *golden)
{
    size_t count;

    if (golden->n_rows < golden->capacity)
        return true;
    size_t capacity = golden->capacity * 2 + 64;
    if (!clary_size_mul(capacity, golden->n_outputs, &count) ||
        !clary_size_mul(count, sizeof(double), &count))
        return false;
    double *wanted = realloc(golden->wanted, count);
    if (wanted == NULL)
        return false;
    golden->wanted = wanted;
    golden->capacity = capacity;
    return true;
}

/* A header may call the columns what it likes, but not by the name of another
 * one: they would be scored in the wrong order. */
static enum clary_status check_header(const struct golden *golden,
                                      struct cursor line,
                                      struct clary_error *err)
{
    struct cursor name;

    for (size_t i = 0; i < golden->n_features && next_field(&line, &name);
         i++) {
        size_t meant =
            clary_signature_column(golden->signature, name.at, length(name));
        if (meant < golden->n_features && meant != i)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "column %zu of the golden file is \"%.*s\", "
                              "which is column %zu of the model; expected the "
                              "model's order",
                              i + 1,
                              (int)(length(name) < 100 ? length(name) : 100),
                              name.at, meant + 1);
    }
    return CLARY_OK;
}

/* Fills a golden whose signature and column counts are set. */
static enum clary_status read_golden(struct golden *golden, struct cursor text,
                                     struct clary_error *err)
{
    struct cursor line;
    bool is_first = true;

    /* a line without a feed at the end of the text gets one */
    golden->features = malloc(length(text) + 1);
    if (golden->features == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for golden rows");
    while (next_line(&text, &line)) {
        bool is_named = is_first && is_header(line) && length(line) > 0;
        is_first = is_first && length(line) == 0;
        if (is_named)
            CLARY_TRY(check_header(golden, line, err));
        if (is_named || length(line) == 0)
            continue;
        if (!reserve_row(golden))
            return clary_fail(err, CLARY_NO_MEMORY,
                              "no memory for golden rows");
        CLARY_TRY(add_row(golden, line, err));
    }
    if (golden->n_rows == 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "there is no row in the golden file");
    return CLARY_OK;
}

static void note(struct golden_extreme *extreme, double difference,
                 const struct golden_extreme *here)
{
    if (extreme->row != 0 && difference <= extreme->difference)
        return;
    *extreme = *here;
    extreme->difference = difference;
}

static void compare(struct golden_result *result, double want, double got,
                    size_t row, size_t column)
{
    struct golden_extreme here = {0, want, got, row, column};
    bool is_same = want == got || (isnan(want) && isnan(got));
    double absolute = fabs(got - want);

    result->n_values++;
    if (is_same)
        return;
    if (isnan(absolute))
        absolute = INFINITY;
    if (!(absolute <= result->tolerance + result->tolerance * fabs(want)) ||
        isinf(absolute))
        result->n_outside++;
    note(&result->absolute, absolute, &here);
    note(&result->relative, absolute / fabs(want), &here);
}

/* Compares the reply, a line a row. */
static enum clary_status compare_reply(const struct golden *golden,
                                       const struct clary_reply *reply,
                                       struct golden_result *result,
                                       struct clary_error *err)
{
    struct cursor text = {reply->body, reply->body + reply->len};
    struct cursor line, field;
    double got;
    size_t row = 0;

    while (row < golden->n_rows && next_line(&text, &line)) {
        const double *want = &golden->wanted[row * golden->n_outputs];
        size_t column = 0;
        row++;
        while (column < golden->n_outputs && next_field(&line, &field) &&
               read_number(field, &got)) {
            compare(result, want[column], got, row, column + 1);
            column++;
        }
        if (column < golden->n_outputs || line.at != NULL)
            return clary_fail_at(err, CLARY_INTERNAL, row, column + 1,
                                 "the reply is not a row of %zu numbers",
                                 golden->n_outputs);
    }
    if (row < golden->n_rows || text.at != text.end)
        return clary_fail(err, CLARY_INTERNAL,
                          "the reply has another number of rows than the "
                          "golden file's %zu",
                          golden->n_rows);
    result->n_rows = row;
    return CLARY_OK;
}

static enum clary_status score(const struct clary_model *model,
                               const struct clary_invoke_options *options,
                               const struct golden *golden,
                               struct golden_result *result,
                               struct clary_error *err)
{
    const struct clary_request request = {"text/csv", "text/csv"};
    struct clary_invoke_options plain = *options;
    struct clary_reply reply;

    /* any style but the strict one, which ignores Accept */
    plain.style = CLARY_STYLE_PLAIN;
    plain.csv_header = CLARY_CSV_HEADER_ABSENT;
    struct clary_invoke *invoke = clary_invoke_new(&plain);
    if (invoke == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for a request");
    enum clary_status status =
        clary_invoke(invoke, model, &request, golden->features,
                     golden->features_len, &reply, err);
    if (status == CLARY_OK)
        status = compare_reply(golden, &reply, result, err);
    clary_invoke_free(invoke);
    return status;
}

enum clary_status golden_check(const struct clary_model *model,
                               const struct clary_invoke_options *options,
                               const char *text, size_t len, double tolerance,
                               struct golden_result *result,
                               struct clary_error *err)
{
    const struct clary_signature *signature = clary_model_signature(model);
    struct golden golden = {.signature = signature,
                            .n_features = signature->n_columns};

    for (size_t i = 0; i < signature->n_outputs; i++)
        golden.n_outputs += signature->outputs[i].width;
    *result = (struct golden_result){.tolerance = tolerance};
    enum clary_status status =
        read_golden(&golden, (struct cursor){text, text + len}, err);
    if (status == CLARY_OK)
        status = score(model, options, &golden, result, err);
    free(golden.features);
    free(golden.wanted);
    return status;
}

static enum clary_status check_own(const struct clary_model *model,
                                   const struct clary_invoke_options *options,
                                   const char *text, size_t len,
                                   struct clary_error *err)
{
    struct golden_result result;
    struct clary_error inner;

    if (golden_check(model, options, text, len, GOLDEN_SERVED_TOLERANCE,
                     &result, &inner) != CLARY_OK)
        return clary_fail(err, CLARY_BAD_MODEL, GOLDEN_PATH ": %s",
                          inner.message);
    if (result.n_outside == 0)
        return CLARY_OK;
    const struct golden_extreme *worst = &result.absolute;
    return clary_fail(
        err, CLARY_BAD_MODEL,
        GOLDEN_PATH ": %zu of the %zu predictions differ by more "
                    "than %g + %g of the expected; the furthest, output %zu "
                    "of row %zu, is %.9g, expected %.9g",
        result.n_outside, result.n_values, result.tolerance, result.tolerance,
        worst->column, worst->row, worst->got, worst->want);
}

enum clary_status golden_enforce(const struct clary_model *model,
                                 const struct clary_invoke_options *options,
                                 enum golden_policy policy,
                                 struct clary_error *err)
{
    const char *text;
    size_t len;

    if (policy == GOLDEN_OFF ||
        !clary_model_file(model, GOLDEN_PATH, &text, &len))
        return CLARY_OK;
    enum clary_status status = check_own(model, options, text, len, err);
    if (status == CLARY_OK || policy == GOLDEN_REQUIRE)
        return status;
    clary_log(
        CLARY_LOG_WARNING, "golden rows disagree",
        (struct clary_log_field[]){{"message", err->message}, {NULL, NULL}});
    return CLARY_OK;
}

void golden_walk(const char *text, size_t len, size_t n_features,
                 const struct golden_visitor *visitor)
{
    struct cursor rest = {text, text + len}, line, field;
    bool is_first = true;
    double number;

    while (next_line(&rest, &line)) {
        bool names = is_first && is_header(line);
        is_first = is_first && length(line) == 0;
        for (size_t i = 0; i < n_features && next_field(&line, &field); i++) {
            if (names)
                visitor->name(visitor->context, i, field.at, length(field));
            else if (read_number(field, &number))
                visitor->value(visitor->context, i, number);
        }
    }
}
