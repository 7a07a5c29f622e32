/* test_codecs.c: the same rows in every format give the same predictions.
 *
 * Random rows for each golden model are written as text/csv, as JSON in all
 * its forms, as JSON lines, text/libsvm, application/x-npy and as requests of
 * the Open Inference Protocol, and go through clary_invoke. Every reply must
 * have the bytes of text/csv's; that protocol's the same numbers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "tests/unit/golden.h"

#include <math.h>

enum { N_ROWS = 70, MOST_BODY = 1 << 22 };

/* --- the rows */

struct table {
    const struct clary_signature *signature;
    double *values; /* (N_ROWS, n_columns) */
};

static uint64_t seed = UINT64_C(88172645463325252);

static uint64_t random_bits(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

/* Integers stay small: some models take them as indices. */
static double random_value(enum clary_dtype dtype)
{
    double unit = (double)(random_bits() >> 11) * 0x1p-53;
    switch (dtype) {
    case CLARY_DTYPE_F32:
    case CLARY_DTYPE_F64:
        switch (random_bits() % 8) {
        case 0:
            return (double)(int)(unit * 100);
        case 1:
            return -unit * 1e6;
        case 2:
            return unit * 1e-7;
        case 3:
            return 0;
        default:
            return (unit - 0.5) * 10;
        }
    case CLARY_DTYPE_BOOL:
        return (double)(random_bits() % 2);
    default:
        return (double)(random_bits() % 4);
    }
}

static struct table make_table(const struct clary_model *model)
{
    struct table table = {.signature = clary_model_signature(model)};
    table.values = calloc((size_t)N_ROWS * table.signature->n_columns,
                          sizeof *table.values);
    double *to = table.values;
    for (size_t r = 0; r < N_ROWS; r++)
        for (size_t f = 0; f < table.signature->n_inputs; f++)
            for (size_t i = 0; i < table.signature->inputs[f].width; i++)
                *to++ = random_value(table.signature->inputs[f].dtype);
    return table;
}

/* --- a body */

static char body[MOST_BODY];
static size_t body_len;

static void put(const char *text)
{
    size_t len = strlen(text);
    if (!CHECK(len <= sizeof body - body_len))
        return;
    memcpy(body + body_len, text, len);
    body_len += len;
}

static void put_number(double value)
{
    char text[CLARY_NUMBER_TEXT + 1];
    size_t len = value == trunc(value) && fabs(value) < 1e15
                     ? clary_print_int64(text, (int64_t)value)
                     : clary_print_double(text, value, CLARY_NUMBER_SHORTEST);
    text[len] = '\0';
    put(text);
}

/* `count` numbers with `comma` between them, in brackets if `bracket`. */
static void put_numbers(const double *values, size_t count, const char *comma,
                        bool bracket)
{
    put(bracket ? "[" : "");
    for (size_t i = 0; i < count; i++) {
        put(i > 0 ? comma : "");
        put_number(values[i]);
    }
    put(bracket ? "]" : "");
}

/* A value nested as its shape has it. */
static const double *put_nested(const struct clary_shape *shape, size_t dim,
                                const double *values)
{
    if (dim == shape->rank) {
        put_number(*values);
        return values + 1;
    }
    put("[");
    for (int64_t i = 0; i < shape->dim[dim]; i++) {
        put(i > 0 ? ", " : "");
        values = put_nested(shape, dim + 1, values);
    }
    put("]");
    return values;
}

static const double *row_of(const struct table *table, size_t r)
{
    return table->values + r * table->signature->n_columns;
}

/* --- rows in each format */

static void put_csv(const struct table *table, size_t r)
{
    put_numbers(row_of(table, r), table->signature->n_columns, ",", false);
}

static void put_flat(const struct table *table, size_t r)
{
    put_numbers(row_of(table, r), table->signature->n_columns, ",", true);
}

static void put_features(const struct table *table, size_t r)
{
    put("{\"features\": ");
    put_numbers(row_of(table, r), table->signature->n_columns, " ,\n", true);
    put("}");
}

static void put_data(const struct table *table, size_t r)
{
    put("{\"data\":{\"features\":{\"values\":");
    put_flat(table, r);
    put("}}}");
}

/* Names in the model's order, or in the opposite one. */
static void put_object(const struct table *table, size_t r, bool backwards)
{
    const struct clary_signature *signature = table->signature;
    const double *values = row_of(table, r);
    size_t first = backwards ? signature->n_columns : 0;
    put("{");
    for (size_t i = 0; i < signature->n_inputs; i++) {
        const struct clary_field *field =
            &signature->inputs[backwards ? signature->n_inputs - 1 - i : i];
        first -= backwards ? field->width : 0;
        put(i > 0 ? ", \"" : "\"");
        put(field->name);
        put("\": ");
        put_nested(&field->shape, 0, values + first);
        first += backwards ? 0 : field->width;
    }
    put("}");
}

static void put_named(const struct table *table, size_t r)
{
    put_object(table, r, false);
}

static void put_named_backwards(const struct table *table, size_t r)
{
    put_object(table, r, true);
}

static void put_elements(const struct table *table, size_t r)
{
    const struct clary_signature *signature = table->signature;
    const double *values = row_of(table, r);
    const char *comma = "{";
    for (size_t f = 0; f < signature->n_inputs; f++)
        for (size_t i = 0; i < signature->inputs[f].width; i++) {
            char element[40];
            snprintf(element, sizeof element, "[%zu]\":", i);
            put(comma);
            put("\"");
            put(signature->inputs[f].name);
            put(element);
            put_number(*values++);
            comma = ",";
        }
    put("}");
}

static void put_libsvm(const struct table *table, size_t r)
{
    put(r % 2 ? "1" : "");
    for (size_t c = 0; c < table->signature->n_columns; c++) {
        char index[32];
        snprintf(index, sizeof index, " %zu:", c);
        put(index);
        put_number(row_of(table, r)[c]);
    }
}

/* {"inputs": {...}} with all of an input's rows at its name. */
static void put_inputs(const struct table *table)
{
    const struct clary_signature *signature = table->signature;
    size_t first = 0;
    put("{\"inputs\": {");
    for (size_t f = 0; f < signature->n_inputs; f++) {
        const struct clary_field *field = &signature->inputs[f];
        put(f > 0 ? ", \"" : "\"");
        put(field->name);
        put("\": [");
        for (size_t r = 0; r < N_ROWS; r++) {
            put(r > 0 ? ", " : "");
            put_nested(&field->shape, 0, row_of(table, r) + first);
        }
        put("]");
        first += field->width;
    }
    put("}, \"signature_name\": \"serving_default\"}");
}

static void put_npy(const struct table *table)
{
    char dictionary[128];
    size_t n = table->signature->n_columns;
    memcpy(body, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(body + 10, ' ', 118);
    body_len = 10;
    snprintf(dictionary, sizeof dictionary,
             "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %zu), }",
             N_ROWS, n);
    put(dictionary);
    body_len = 128;
    memcpy(body + body_len, table->values, N_ROWS * n * sizeof(double));
    body_len += N_ROWS * n * sizeof(double);
}

/* --- requests of the Open Inference Protocol */

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

/* --- the property */

struct format {
    const char *type, *before, *between, *after;
    void (*put_row)(const struct table *table, size_t r);
    void (*put_all)(const struct table *table); /* instead */
    bool columnar;
};

#define JSON  "application/json"
#define LINES "application/jsonlines"

static const struct format formats[] = {
    {"text/csv", "", "\n", "\n", put_csv, NULL, false},
    {JSON, "{\"instances\":[", ",", "]}", put_flat, NULL, false},
    {JSON, "{\"instances\": [", ",\n", "]}\n", put_named, NULL, false},
    {JSON, "{\"instances\": [", ", ", "]}", put_named_backwards, NULL, false},
    {JSON, "{\"instances\": [", ", ", "]}", put_elements, NULL, false},
    {JSON, "{\"instances\":[", ",", "]}", put_features, NULL, false},
    {JSON, "[", ", ", "]", put_data, NULL, false},
    {JSON, "", "\n", "", put_flat, NULL, false},
    {JSON, "{\"inputs\":[", ",", "]}", put_flat, NULL, true},
    {JSON, NULL, NULL, NULL, NULL, put_inputs, true},
    {LINES, "", "\n", "\n", put_flat, NULL, false},
    {LINES, "", "\r\n", "\r\n", put_named, NULL, false},
    {LINES, "", "\n", "", put_features, NULL, false},
    {"text/libsvm", "", "\n", "\n", put_libsvm, NULL, false},
    {"text/x-libsvm", "", " # x\n", "", put_libsvm, NULL, false},
    {"application/x-npy", NULL, NULL, NULL, NULL, put_npy, false},
};

static void make_body(const struct format *format, const struct table *table)
{
    body_len = 0;
    if (format->put_all != NULL) {
        format->put_all(table);
        return;
    }
    put(format->before);
    for (size_t r = 0; r < N_ROWS; r++) {
        put(r > 0 ? format->between : "");
        format->put_row(table, r);
    }
    put(format->after);
}

/* Scores `body` in pieces of `piece` bytes; what went wrong, or NULL. `type`
 * NULL: in the Open Inference Protocol. */
static const char *score(struct clary_invoke *invoke,
                         const struct clary_model *model, const char *type,
                         const char *accept, size_t piece,
                         struct clary_reply *reply)
{
    static struct clary_error err;
    struct clary_request request = {.content_type = type, .accept = accept};
    if (type == NULL)
        request.protocol = CLARY_PROTOCOL_KSERVE;
    enum clary_status status =
        clary_invoke_begin(invoke, model, &request, &err);
    for (size_t at = 0; at < body_len && status == CLARY_OK; at += piece) {
        size_t left = body_len - at;
        status = clary_invoke_feed(invoke, body + at,
                                   left < piece ? left : piece, &err);
    }
    if (status == CLARY_OK)
        status = clary_invoke_finish(invoke, reply, &err);
    return status == CLARY_OK ? NULL : err.message;
}

/* An input called "inputs" has no name of its own outside "instances"
 * (json_member.c). */
static bool is_ambiguous(const struct format *format,
                         const struct clary_signature *signature)
{
    bool found = false;
    for (size_t f = 0; f < signature->n_inputs; f++)
        found |= strcmp(signature->inputs[f].name, "inputs") == 0;
    return found && format->put_row == put_named &&
           strcmp(format->type, LINES) == 0;
}

static void check_model(struct clary_invoke *invoke,
                        const struct golden *golden, const char *accept)
{
    struct table table = make_table(golden->model);
    struct clary_reply reply;
    char *expected = NULL;
    size_t expected_len = 0;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        const struct format *format = &formats[i];
        if (format->columnar && strcmp(accept, JSON) == 0)
            continue; /* the reply has another form */
        if (is_ambiguous(format, table.signature))
            continue;
        make_body(format, &table);
        const char *error = score(invoke, golden->model, format->type, accept,
                                  i % 2 ? 1000 : SIZE_MAX / 2, &reply);
        if (error != NULL) {
            test_fail(TEST_AT);
            printf("%s, format %zu: %s\n", golden->name, i, error);
        } else if (expected == NULL) {
            expected_len = reply.len;
            expected = malloc(reply.len);
            memcpy(expected, reply.body, reply.len);
        } else if (reply.len != expected_len ||
                   memcmp(reply.body, expected, reply.len) != 0) {
            test_fail(TEST_AT);
            printf("%s, format %zu: other bytes than from text/csv\n",
                   golden->name, i);
        }
        CHECK_INT(reply.n_rows, N_ROWS);
    }
    free(expected);
    free(table.values);
}

static bool is_served(const struct golden *golden)
{
    return golden->model != NULL && golden->refused == NULL;
}

TEST(the_same_bytes_from_every_format)
{
    size_t n, n_served = 0;
    const struct golden *cases = golden_cases(&n);
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    for (size_t i = 0; i < n; i++) {
        if (!is_served(&cases[i]))
            continue;
        check_model(invoke, &cases[i], LINES);
        check_model(invoke, &cases[i], JSON);
        n_served++;
    }
    CHECK(n_served >= 20);
    clary_invoke_free(invoke);
}

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

/* Both forms of "inputs" get the reply that TensorFlow Serving gives them. */
TEST(inputs_get_outputs)
{
    size_t n;
    const struct golden *cases = golden_cases(&n);
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    for (size_t i = 0; i < n; i++) {
        if (!is_served(&cases[i]))
            continue;
        struct table table = make_table(cases[i].model);
        struct clary_reply reply;
        for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
            if (!formats[f].columnar)
                continue;
            make_body(&formats[f], &table);
            const char *error =
                score(invoke, cases[i].model, JSON, JSON, SIZE_MAX / 2, &reply);
            CHECK_STR(error, NULL);
            CHECK(error == NULL &&
                  memcmp(reply.body, "{    \"outputs\": ", 16) == 0);
        }
        free(table.values);
    }
    clary_invoke_free(invoke);
}

/* A reply of application/x-npy is never drained, because its header is
 * written last. */
TEST(npy_is_not_drained)
{
    size_t n, len;
    const struct golden *cases = golden_cases(&n);
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(cases[i].name, "half-plus-three") != 0)
            continue;
        struct clary_error err;
        struct clary_reply reply;
        struct clary_request request = {JSON, "application/x-npy"};
        const char *bytes;
        CHECK_STATUS(clary_invoke_begin(invoke, cases[i].model, &request, &err),
                     CLARY_OK);
        for (int r = 0; r < 1000; r++) {
            CHECK_STATUS(clary_invoke_feed(invoke, "[1,2,5]\n", 8, &err),
                         CLARY_OK);
            clary_invoke_drain(invoke, &bytes, &len);
            CHECK_INT(len, 0);
        }
        CHECK_STATUS(clary_invoke_finish(invoke, &reply, &err), CLARY_OK);
        CHECK_STR(reply.content_type, "application/x-npy");
        CHECK_INT(reply.len, 128 + 1000 * 3 * sizeof(float));
        CHECK(memcmp(reply.body, "\x93NUMPY", 6) == 0);
        CHECK(memmem(reply.body, 128, "'shape': (1000, 3)", 18) != NULL);
        static const float row[] = {3.5F, 4, 5.5F};
        CHECK(memcmp(reply.body + reply.len - sizeof row, row, sizeof row) ==
              0);
    }
    clary_invoke_free(invoke);
}
