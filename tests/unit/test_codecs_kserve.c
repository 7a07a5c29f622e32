/* test_codecs_kserve.c: rows sent in the Open Inference Protocol give the
 * numbers that text/csv gives.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/table.h"

static const char *datatype_of(enum clary_dtype dtype)
{
    switch (dtype) {
    case CLARY_DTYPE_F32:
        return "FP32";
    case CLARY_DTYPE_F64:
        return "FP64";
    case CLARY_DTYPE_BOOL:
        return "BOOL";
    default:
        return "INT64";
    }
}

/* The values of `width` columns from `first` on, row by row. */
static void put_columns(const struct table *table, size_t first, size_t width,
                        bool nested)
{
    put("[");
    for (size_t r = 0; r < N_ROWS; r++) {
        put(r > 0 ? ", " : "");
        put_numbers(row_of(table, r) + first, width, ", ", nested);
    }
    put("]");
}

static void put_tensor(const char *name, const struct clary_field *field,
                       size_t width)
{
    char head[400];
    snprintf(head, sizeof head,
             "{\"name\": \"%s\", \"shape\": [%d, %zu], \"datatype\": "
             "\"%s\", \"data\": ",
             name, N_ROWS, width, datatype_of(field->dtype));
    put(head);
}

/* An input for each of the model's, flat or a row in an array; `early`: the
 * data before what it is. */
static void put_tensors(const struct table *table, bool nested, bool early)
{
    const struct clary_signature *signature = table->signature;
    size_t first = 0;
    put("{\"inputs\": [");
    for (size_t f = 0; f < signature->n_inputs; f++) {
        const struct clary_field *field = &signature->inputs[f];
        char tail[400];
        put(f > 0 ? ", " : "");
        if (!early)
            put_tensor(field->name, field, field->width);
        put(early ? "{\"data\": " : "");
        put_columns(table, first, field->width, nested);
        snprintf(tail, sizeof tail,
                 ", \"datatype\": \"%s\", \"shape\": [%d, %zu], "
                 "\"name\": \"%s\"",
                 datatype_of(field->dtype), N_ROWS, field->width, field->name);
        put(early ? tail : "");
        put("}");
        first += field->width;
    }
    put("]}");
}

static void put_flat_tensors(const struct table *table)
{
    put_tensors(table, false, false);
}

static void put_nested_tensors(const struct table *table)
{
    put_tensors(table, true, false);
}

static void put_early_tensors(const struct table *table)
{
    put_tensors(table, true, true);
}

/* An input for each column. */
static void put_column_tensors(const struct table *table)
{
    const struct clary_signature *signature = table->signature;
    size_t column = 0;
    put("{\"inputs\": [");
    for (size_t f = 0; f < signature->n_inputs; f++)
        for (size_t i = 0; i < signature->inputs[f].width; i++, column++) {
            char name[300];
            snprintf(name, sizeof name, "%s[%zu]", signature->inputs[f].name,
                     i);
            put(column > 0 ? ", " : "");
            put_tensor(name, &signature->inputs[f], 1);
            put_columns(table, column, 1, column % 2 == 0);
            put("}");
        }
    put("]}");
}

static void (*const kserve_bodies[])(const struct table *table) = {
    put_flat_tensors, put_nested_tensors, put_early_tensors,
    put_column_tensors};

/* All numbers of a reply between `from` and `to`, without what is between
 * them, rows first, as one text. */
static char *numbers_of(const char *text, size_t len, const char *from,
                        const char *to)
{
    char *numbers = calloc(1, len + 1);
    const char *end = text + len, *p = text;
    size_t n = 0;
    while ((p = memmem(p, (size_t)(end - p), from, strlen(from))) != NULL) {
        const char *stop;
        p += strlen(from);
        stop = memmem(p, (size_t)(end - p), to, strlen(to));
        for (; p < stop; p++)
            if (strchr("[], \n", *p) == NULL || (*p == ',' && n > 0))
                numbers[n++] = *p;
        numbers[n++] = '|';
    }
    return numbers;
}

static void check_kserve(struct clary_invoke *invoke,
                         const struct golden *golden)
{
    struct table table = make_table(golden->model);
    struct clary_reply reply;
    if (table.signature->n_outputs > 1) {
        free(table.values);
        return; /* its rows are objects elsewhere */
    }
    body_len = 0;
    for (size_t r = 0; r < N_ROWS; r++) {
        put_csv(&table, r);
        put("\n");
    }
    const char *error = score(invoke, golden->model, "text/csv",
                              "application/json", SIZE_MAX / 2, &reply);
    CHECK_STR(error, NULL);
    char *expected =
        numbers_of(reply.body, reply.len, "\"predictions\": [", "}");
    for (size_t i = 0; i < sizeof kserve_bodies / sizeof kserve_bodies[0];
         i++) {
        body_len = 0;
        kserve_bodies[i](&table);
        error = score(invoke, golden->model, NULL, NULL,
                      i % 2 ? 1000 : SIZE_MAX / 2, &reply);
        if (error != NULL) {
            test_fail(TEST_AT);
            printf("%s, body %zu: %s\n", golden->name, i, error);
            continue;
        }
        char *got =
            numbers_of(reply.body, reply.len, "\"data\": [", "], \"shape\"");
        CHECK_INT(reply.n_rows, N_ROWS);
        CHECK_STR(reply.content_type, "application/json");
        CHECK(strlen(got) > 2 * N_ROWS);
        if (!CHECK(strcmp(got, expected) == 0))
            printf("%s, body %zu: %.200s\nand not %.200s\n", golden->name, i,
                   got, expected);
        free(got);
    }
    free(expected);
    free(table.values);
}

TEST(the_same_numbers_in_the_open_inference_protocol)
{
    const struct clary_invoke_options options = {.style = CLARY_STYLE_PLAIN};
    size_t n, n_served = 0;
    const struct golden *cases = golden_cases(&n);
    struct clary_invoke *invoke = clary_invoke_new(&options);
    for (size_t i = 0; i < n; i++) {
        if (!is_served(&cases[i]))
            continue;
        check_kserve(invoke, &cases[i]);
        n_served++;
    }
    CHECK(n_served >= 20);
    clary_invoke_free(invoke);
}
