/* test_codecs.c: the same rows in every format give the same predictions.
 *
 * Random rows for each golden model are written as text/csv, as JSON in all
 * its forms, as JSON lines, text/libsvm and application/x-npy, and go through
 * clary_invoke. Every reply must have the bytes of text/csv's.
 * test_codecs_kserve.c does the same for the Open Inference Protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/table.h"

/* --- rows in each format */

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
