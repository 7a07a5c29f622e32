/* test_invoke.c: one invocation, from its first byte to its reply.
 *
 * What codecs do with text is in their own tests; here is what errors say, and
 * what an invocation leaves for the next.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/invoke_run.h"

/* `n` copies of `row` and then `last`; free it. */
static char *rows_and(const char *row, size_t n, const char *last)
{
    size_t len = strlen(row);
    char *text = malloc(n * len + strlen(last) + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(text + i * len, row, len);
    strcpy(text + n * len, last);
    return text;
}

/* --- bodies */

TEST(bodies_without_a_row)
{
    const struct golden *golden = golden_case("half-plus-three");
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    CHECK_STATUS(run(invoke, golden, "text/csv", NULL, ""), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "the body is empty");
    CHECK_INT(err.row, 0);
    CHECK_STATUS(run(invoke, golden, "text/csv", NULL, "\n \r\n\n"),
                 CLARY_BAD_INPUT);
    CHECK_STR(err.message, "the body holds no rows");
    clary_invoke_free(invoke);
}

TEST(header_rows)
{
    static const char named[] = "a,b,c\n1,2,5\n";
    const struct golden *golden = golden_case("half-plus-three");
    struct clary_invoke_options options = {0};
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    CHECK_STATUS(run(invoke, golden, "text/csv", NULL, named), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "row 1, column 1 (x[0]): \"a\" is not a number; a "
                           "header row needs CLARY_CSV_HEADER=auto");
    clary_invoke_free(invoke);

    options.style = CLARY_STYLE_PLAIN; /* its default is auto */
    invoke = clary_invoke_new(&options);
    CHECK_STATUS(run(invoke, golden, "text/csv", NULL, named), CLARY_OK);
    CHECK(is_reply(compact));
    CHECK_INT(reply.n_rows, 1);
    clary_invoke_free(invoke);

    options.csv_header = CLARY_CSV_HEADER_ABSENT;
    invoke = clary_invoke_new(&options);
    CHECK_STATUS(run(invoke, golden, "text/csv", NULL, named), CLARY_BAD_INPUT);
    clary_invoke_free(invoke);

    options =
        (struct clary_invoke_options){.csv_header = CLARY_CSV_HEADER_PRESENT};
    invoke = clary_invoke_new(&options);
    CHECK_STATUS(
        run(invoke, golden, "text/csv", "text/csv", "x[2],x[0],x[1]\n5,1,2\n"),
        CLARY_OK);
    CHECK(is_reply(csv));
    clary_invoke_free(invoke);
}

TEST(errors_name_the_row_of_the_request)
{
    static const size_t before[] = {0, 95, 96, 191, 192, 193, 383, 999};
    const struct golden *golden = golden_case("half-plus-three");
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    char message[100];
    for (size_t i = 0; i < N(before); i++) {
        size_t row = before[i] + 1;
        char *body = rows_and(three, before[i], "1,2,abc\n1,2,3\n");
        CHECK_STATUS(run(invoke, golden, "text/csv", NULL, body),
                     CLARY_BAD_INPUT);
        snprintf(message, sizeof message,
                 "row %zu, column 3 (x[2]): \"abc\" is not a number", row);
        CHECK_STR(err.message, message);
        CHECK_INT(err.row, row);
        CHECK_INT(err.column, 3);
        free(body);

        body = rows_and(three, before[i], "1,2\n1,2,3\n");
        CHECK_STATUS(run(invoke, golden, "text/csv", NULL, body),
                     CLARY_BAD_INPUT);
        snprintf(message, sizeof message,
                 "row %zu: expected 3 columns, found 2", row);
        CHECK_STR(err.message, message);
        CHECK_INT(err.row, row);
        CHECK_INT(err.column, 0);
        free(body);
    }
    clary_invoke_free(invoke);
}

/* An op refuses a value: the block is searched for its row. */
TEST(errors_of_ops_name_the_row_too)
{
    static const size_t before[] = {0, 1, 95, 191, 192, 200, 999};
    const struct golden *golden = golden_case("embedding-int64");
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    char start[40];
    for (size_t i = 0; i < N(before); i++) {
        char *body = rows_and("1,9,3,2\n", before[i], "1,10,3,2\n0,11,0,0\n");
        CHECK_STATUS(run(invoke, golden, "text/csv", NULL, body),
                     CLARY_BAD_INPUT);
        snprintf(start, sizeof start, "row %zu: op \"", before[i] + 1);
        CHECK(strncmp(err.message, start, strlen(start)) == 0);
        CHECK(strstr(err.message, "index 10 is outside 0 .. 9") != NULL);
        CHECK_INT(err.row, before[i] + 1);
        free(body);
    }
    CHECK_STATUS(run(invoke, golden, "text/csv", NULL, "1,9,3,2\n9,0,-1,0\n"),
                 CLARY_BAD_INPUT);
    CHECK(strstr(err.message, "(bincount): value -1 is negative") != NULL);
    CHECK_INT(err.row, 2);
    clary_invoke_free(invoke);
}

/* --- limits */

/* The smallest limit with which the case's rows are scored. Below it, each
 * limit must give CLARY_NO_MEMORY, and nothing else. */
static size_t memory_needed(const struct golden *golden, const char *accept,
                            const struct clary_invoke_options *plain)
{
    struct clary_invoke_options options = *plain;
    options.max_memory_bytes = 1;
    for (;;) {
        struct clary_invoke *invoke = clary_invoke_new(&options);
        enum clary_status status =
            run(invoke, golden, "text/csv", accept, golden->input);
        clary_invoke_free(invoke);
        if (status != CLARY_NO_MEMORY || options.max_memory_bytes > 1 << 26) {
            CHECK_STATUS(status, CLARY_OK);
            return options.max_memory_bytes;
        }
        CHECK(*err.message != '\0');
        options.max_memory_bytes += options.max_memory_bytes < 20000
                                        ? 64
                                        : options.max_memory_bytes / 40;
    }
}

TEST(every_memory_limit_is_kept)
{
    static const char *const accepts[] = {NULL, "text/csv",
                                          "application/jsonlines"};
    static const char *const names[] = {"two-outputs", "embedding-int64",
                                        "california-housing"};
    struct clary_invoke_options options = {.style = CLARY_STYLE_PLAIN};
    for (size_t n = 0; n < N(names); n++)
        for (size_t a = 0; a < N(accepts); a++)
            CHECK(memory_needed(golden_case(names[n]), accepts[a], &options) >
                  1000);
}

TEST(every_reply_limit_is_kept)
{
    const struct golden *golden = golden_case("half-plus-three");
    char *body = rows_and(three, 500, "");
    for (size_t limit = 1; limit <= 7000; limit += limit < 100 ? 1 : 97) {
        struct clary_invoke_options options = {.max_reply_bytes = limit};
        struct clary_invoke *invoke = clary_invoke_new(&options);
        size_t needed = 500 * strlen(csv);
        enum clary_status status =
            run(invoke, golden, "text/csv", "text/csv", body);
        /* a little more than the bytes may be asked for at a time */
        if (limit < needed) {
            CHECK_STATUS(status, CLARY_TOO_LARGE);
            CHECK(strstr(err.message, "the reply is larger than the limit") !=
                  NULL);
        } else if (limit > needed + 200) {
            CHECK_STATUS(status, CLARY_OK);
            CHECK_INT(reply.len, needed);
        }
        clary_invoke_free(invoke);
    }
    free(body);
}

/* --- one after the other */

/* Each step ends in another way; after each the first model answers as it did
 * the first time. */
TEST(an_invocation_leaves_nothing_behind)
{
    const struct golden *first = golden_case("half-plus-three");
    const struct golden *second = golden_case("two-outputs");
    const struct clary_request request = {"text/csv", NULL};
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    for (int step = 0; step < 9; step++) {
        switch (step) {
        case 1:
            CHECK_STATUS(run(invoke, second, "text/csv", NULL, second->input),
                         CLARY_OK);
            CHECK_INT(reply.n_rows, second->n_rows);
            break;
        case 2:
            CHECK_STATUS(run(invoke, first, "text/csv", NULL, "1,2,5\n1,2"),
                         CLARY_BAD_INPUT);
            break;
        case 3:
            CHECK_STATUS(run(invoke, second, "text/plain", NULL, three),
                         CLARY_BAD_MEDIA_TYPE);
            break;
        case 4: /* begun and given up */
            CHECK_STATUS(
                clary_invoke_begin(invoke, first->model, &request, &err),
                CLARY_OK);
            break;
        case 5: /* given up in a row */
            CHECK_STATUS(
                clary_invoke_begin(invoke, first->model, &request, &err),
                CLARY_OK);
            CHECK_STATUS(clary_invoke_feed(invoke, "1,2,3\n4,\"5", 10, &err),
                         CLARY_OK);
            break;
        case 6: /* the same model after another */
            CHECK_STATUS(run(invoke, second, "text/csv", NULL, second->input),
                         CLARY_OK);
            CHECK_STATUS(run(invoke, second, "text/csv", NULL, "1,2,3\n"),
                         CLARY_BAD_INPUT);
            CHECK_STR(err.message, "row 1: expected 4 columns, found 3");
            break;
        case 7:
            CHECK_STATUS(run(invoke, second, NULL, NULL, three),
                         CLARY_BAD_MEDIA_TYPE);
            break;
        case 8:
            CHECK_STATUS(run(invoke, first, "text/csv", NULL, ""),
                         CLARY_BAD_INPUT);
            break;
        default:
            break;
        }
        CHECK_STATUS(run(invoke, first, "text/csv", NULL, three), CLARY_OK);
        CHECK_INT(reply.n_rows, 1);
        CHECK(is_reply(pretty));
    }
    clary_invoke_free(invoke);
    clary_invoke_free(NULL);
}

/* A model that was freed must not be taken for one at the same address. */
TEST(models_that_come_and_go)
{
    char path[512];
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    for (int i = 0; i < 6; i++) {
        bool wide = i % 2 != 0;
        const struct golden *golden =
            golden_case(wide ? "identity8" : "half-plus-three");
        struct clary_model *model;
        struct clary_request request = {"text/csv", "text/csv"};
        snprintf(path, sizeof path, "%s/model.tar.gz", golden->folder);
        if (!CHECK_STATUS(clary_model_load(path, NULL, &model, &err), CLARY_OK))
            break;
        CHECK_STATUS(clary_invoke(invoke, model, &request, golden->input,
                                  strlen(golden->input), &reply, &err),
                     CLARY_OK);
        CHECK_INT(reply.n_rows, golden->n_rows);
        clary_model_free(model);
    }
    clary_invoke_free(invoke);
}

/* --- draining */

static void check_drained(struct clary_invoke *invoke,
                          const struct golden *golden, const char *accept,
                          const char *body)
{
    struct clary_request request = {"text/csv", accept};
    size_t len = strlen(body), n = 0, n_drained = 0;
    CHECK_STATUS(
        clary_invoke(invoke, golden->model, &request, body, len, &reply, &err),
        CLARY_OK);
    size_t whole_len = reply.len, n_rows = reply.n_rows;
    char *whole = malloc(whole_len), *got = malloc(whole_len);
    memcpy(whole, reply.body, whole_len);
    CHECK_STATUS(clary_invoke_begin(invoke, golden->model, &request, &err),
                 CLARY_OK);
    for (size_t at = 0, piece; at < len; at += piece) {
        const char *bytes;
        size_t more;
        piece = len - at < 1000 ? len - at : 1000;
        CHECK_STATUS(clary_invoke_feed(invoke, body + at, piece, &err),
                     CLARY_OK);
        clary_invoke_drain(invoke, &bytes, &more);
        if (!CHECK(more <= whole_len - n))
            break;
        if (more > 0)
            memcpy(got + n, bytes, more);
        n += more;
        n_drained += more > 0;
    }
    CHECK_STATUS(clary_invoke_finish(invoke, &reply, &err), CLARY_OK);
    CHECK(n_drained > 2); /* it did come in pieces */
    CHECK_INT(reply.n_rows, n_rows);
    if (CHECK_INT(n + reply.len, whole_len)) {
        memcpy(got + n, reply.body, reply.len);
        CHECK(memcmp(got, whole, whole_len) == 0);
    }
    free(whole);
    free(got);
}

TEST(drained_pieces_are_the_reply)
{
    const struct golden *golden = golden_case("two-outputs");
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    char *body = rows_and(golden->input, 1000 / golden->n_rows, "");
    check_drained(invoke, golden, "text/csv", body);
    check_drained(invoke, golden, "application/json", body);
    check_drained(invoke, golden, NULL, body);
    check_drained(invoke, golden, "application/jsonlines", body);
    free(body);
    clary_invoke_free(invoke);
}
