/* test_invoke_again.c: whatever an invocation was, the next one is as if it
 * were the first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/golden.h"

#define N(cases) (sizeof(cases) / sizeof *(cases))

static const float min[] = {0, 0, 0}, max[] = {10, 10, 10};
static const struct clary_ranges ranges = {min, max};

/* All that one is asked for. */
static const struct kind {
    const char *type, *accept;
    const struct clary_ranges *ranges;
} kinds[] = {
    {"text/csv", NULL, NULL},
    {"text/csv", NULL, &ranges},
    {"text/csv", "", NULL},
    {"text/csv", "application/jsonlines", NULL},
    {"text/csv; charset=utf-8", "text/csv", NULL},
    {"text/csv",
     "application/json, application/json, application/json, "
     "application/json, application/json, application/json, "
     "application/json, text/csv;q=0.1",
     NULL},
    {"application/json", NULL, &ranges},
    {NULL, NULL, NULL},
};

static const char *const bodies[] = {
    "1,2,5\n",
    "1,2,5\n4,11,nan\n",
    "x[2],x[0],x[1]\n5,1,2\n",
    "x[0],x[0],x[1]\n1,2,3\n",
    "one,two,three,four\n1,2,3\n",
    "one;two\n1;2\n",
    "x[0],x[1],x[2],four\n1,2,3,4\n",
    "1;2;5\n3;4;5",
    "\xEF\xBB\xBF 1,2,5",
    "\xEF",
    "\"1\",2,3\r\n1,\"2",
    "1,2\n",
    "1,2,abc\n",
    "1,2,",
    "",
    "[[1, 2, 5]]",
    "{\"inputs\": [[1, 2, 5]]}",
};

/* What came of one. */
struct result {
    enum clary_status status;
    struct clary_error err;
    struct clary_reply reply;
    const struct clary_column_counts *counts;
};

/* `is_left`: it is not finished. */
static void invoke_as(struct clary_invoke *invoke,
                      const struct clary_model *model, const struct kind *kind,
                      const char *body, bool is_left, struct result *result)
{
    const struct clary_request request = {kind->type, kind->accept};
    struct clary_error *e = &result->err;
    size_t len = strlen(body), half = len / 2;

    *result = (struct result){CLARY_OK};
    clary_invoke_watch(invoke, kind->ranges);
    result->status = clary_invoke_begin(invoke, model, &request, e);
    if (result->status == CLARY_OK)
        result->status = clary_invoke_feed(invoke, body, half, e);
    if (result->status == CLARY_OK && !is_left)
        result->status = clary_invoke_feed(invoke, body + half, len - half, e);
    if (result->status == CLARY_OK && !is_left)
        result->status = clary_invoke_finish(invoke, &result->reply, e);
    result->counts = clary_invoke_counts(invoke);
}

static bool are_alike(const struct result *a, const struct result *b)
{
    if (a->status != b->status || (a->counts == NULL) != (b->counts == NULL) ||
        (a->counts != NULL &&
         memcmp(a->counts, b->counts, 3 * sizeof *a->counts) != 0))
        return false;
    if (a->status != CLARY_OK)
        return a->err.row == b->err.row && a->err.column == b->err.column &&
               strcmp(a->err.message, b->err.message) == 0;
    return a->reply.n_rows == b->reply.n_rows && a->reply.len == b->reply.len &&
           a->reply.content_type == b->reply.content_type &&
           memcmp(a->reply.body, b->reply.body, a->reply.len) == 0;
}

/* Every invocation behind every other, in one object and in a new one. */
static bool follow(const struct clary_invoke_options *options,
                   const struct clary_model *model)
{
    enum { N_ALL = N(kinds) * N(bodies) };
    struct clary_invoke *used = clary_invoke_new(options);

    for (size_t i = 0; i < (size_t)2 * N_ALL * N_ALL; i++) {
        size_t first = i / 2 / N_ALL, second = i / 2 % N_ALL;
        struct clary_invoke *fresh = clary_invoke_new(options);
        struct result before, after, alone;

        invoke_as(used, model, &kinds[first / N(bodies)],
                  bodies[first % N(bodies)], i % 2, &before);
        if (i % 3 == 0)
            (void)clary_invoke_end(used);
        invoke_as(used, model, &kinds[second / N(bodies)],
                  bodies[second % N(bodies)], false, &after);
        invoke_as(fresh, model, &kinds[second / N(bodies)],
                  bodies[second % N(bodies)], false, &alone);
        CHECK(are_alike(&after, &alone));
        clary_invoke_free(fresh);
    }
    clary_invoke_free(used);
    return true;
}

TEST(tensorflow_serving)
{
    const struct clary_invoke_options options = {0};
    CHECK(follow(&options, golden_case("half-plus-three")->model));
}

TEST(headers_and_separators)
{
    const struct clary_invoke_options plain = {.style = CLARY_STYLE_PLAIN};
    const struct clary_invoke_options xgboost = {.style = CLARY_STYLE_XGBOOST};
    CHECK(follow(&plain, golden_case("half-plus-three")->model));
    CHECK(follow(&xgboost, golden_case("half-plus-three")->model));
}

/* Another model in between, with as many columns. */
TEST(another_model)
{
    static const char row[] = "1,2,3,4,5,6,7,8\n";
    struct clary_invoke *used = clary_invoke_new(NULL);
    const struct clary_model *a = golden_case("identity8")->model;
    const struct clary_model *b = golden_case("california-housing")->model;
    struct result result, alone;

    for (size_t i = 0; i < 3; i++) {
        struct clary_invoke *fresh = clary_invoke_new(NULL);
        invoke_as(fresh, i % 2 ? b : a, kinds, row, false, &alone);
        invoke_as(used, i % 2 ? b : a, kinds, row, false, &result);
        CHECK_STATUS(result.status, CLARY_OK);
        CHECK(are_alike(&result, &alone));
        clary_invoke_free(fresh);
    }
    clary_invoke_free(used);
}
