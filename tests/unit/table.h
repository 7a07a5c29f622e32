/* table.h: random rows for a model, and bodies made of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_TABLE_H
#define CLARY_TESTS_TABLE_H

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
__attribute__((unused)) static const double *put_nested(
    const struct clary_shape *shape, size_t dim, const double *values)
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

static void put_csv(const struct table *table, size_t r)
{
    put_numbers(row_of(table, r), table->signature->n_columns, ",", false);
}

/* --- and what becomes of them */

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

static bool is_served(const struct golden *golden)
{
    return golden->model != NULL && golden->refused == NULL;
}

#endif
