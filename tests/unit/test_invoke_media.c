/* test_invoke_media.c: which codecs the headers of an invocation choose.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/style.h"
#include "tests/unit/invoke_run.h"

TEST(content_type)
{
    static const struct {
        const char *type, *message; /* NULL: it is read */
    } cases[] = {
        {"text/csv", NULL},
        {"TEXT/CSV; charset=utf-8", NULL},
        {"text/csv;header=absent", NULL},
        {NULL, "Unsupported Media Type: Unknown"},
        {"", "Unsupported Media Type: Unknown"},
        {"text/plain", "Unsupported Media Type: text/plain"},
        {"Text/Plain; charset=utf-8",
         "Unsupported Media Type: Text/Plain; charset=utf-8"},
        {"text", "Unsupported Media Type: text"},
        {"text/csv, text/csv", "Unsupported Media Type: text/csv, text/csv"},
        {"*/*", "Unsupported Media Type: */*"},
        {"a\nb", "Unsupported Media Type: a?b"},
    };
    const struct golden *golden = golden_case("half-plus-three");
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum clary_status status =
            run(invoke, golden, cases[i].type, "text/csv", three);
        if (cases[i].message == NULL) {
            CHECK_STATUS(status, CLARY_OK);
            CHECK(is_reply("3.5,4.0,5.5\n"));
            continue;
        }
        CHECK_STATUS(status, CLARY_BAD_MEDIA_TYPE);
        CHECK_STR(err.message, cases[i].message);
    }
    clary_invoke_free(invoke);
}

struct accept_case {
    const char *accept, *content_type, *body;
};

static void check_accept(enum clary_style style,
                         const struct accept_case *cases, size_t n)
{
    const struct golden *golden = golden_case("half-plus-three");
    struct clary_invoke_options options = {.style = style};
    struct clary_invoke *invoke = clary_invoke_new(&options);
    for (size_t i = 0; i < n; i++) {
        CHECK_STATUS(run(invoke, golden, "text/csv", cases[i].accept, three),
                     CLARY_OK);
        if (!CHECK_STR(reply.content_type, cases[i].content_type) ||
            !CHECK(is_reply(cases[i].body)))
            printf("Accept: %s\n", cases[i].accept);
    }
    clary_invoke_free(invoke);
}

TEST(accept_in_the_model_s_own_style)
{
    static const struct accept_case cases[] = {
        {NULL, "application/json", pretty},
        {"", "application/json", pretty},
        {"*/*", "application/json", pretty},
        {"image/png", "application/json", pretty},
        {"image/png, */*;q=0.1", "application/json", pretty},
        {",;=, /", "application/json", pretty},
        {"application/json", "application/json", flat},
        {"Application/JSON; charset=utf-8", "application/json", flat},
        {"application/json;q=0.9, */*", "application/json", flat},
        {"image/png, application/json;q=0.1", "application/json", flat},
        {"text/csv", "text/csv", csv},
        {"text/csv; charset=utf-8", "text/csv", csv},
        {"TEXT/CSV", "text/csv", csv},
        {"text/csv, application/json", "text/csv", csv},
        {"application/json, text/csv", "application/json", flat},
        {"text/csv;q=0.5, application/json", "application/json", flat},
        {"application/json;q=0.5, text/csv;q=0.6", "text/csv", csv},
        {"text/csv;q=0", "application/json", pretty},
        {"text/csv;q=0.001, image/png", "text/csv", csv},
        {"text/csv;q=2, application/jsonlines", "application/jsonlines", lines},
        {"application/jsonlines", "application/jsonlines", lines},
        {"application/jsonl", "application/jsonlines", lines},
        {"application/jsonlines;q=0.2, text/csv", "text/csv", csv},
    };
    check_accept(CLARY_STYLE_AUTO, cases, N(cases));
    check_accept(CLARY_STYLE_TFSERVING, cases, N(cases));
}

TEST(accept_in_the_strict_style)
{
    static const struct accept_case cases[] = {
        {NULL, "application/json", pretty},
        {"*/*", "application/json", pretty},
        {"text/csv", "application/json", pretty},
        {"text/csv, application/json", "application/json", flat},
        {"application/json", "application/json", flat},
        {"application/jsonlines", "application/jsonlines", flat},
        {"text/csv, application/jsonlines", "application/json", flat},
        {"application/jsonlines, text/csv", "application/jsonlines", flat},
    };
    check_accept(CLARY_STYLE_TFSERVING_STRICT, cases, N(cases));
}

TEST(accept_in_the_plain_style)
{
    static const struct accept_case cases[] = {
        {NULL, "application/json", compact},
        {"*/*", "application/json", compact},
        {"application/json", "application/json", compact},
        {"text/csv", "text/csv", csv},
        {"application/jsonlines", "application/jsonlines", lines},
    };
    check_accept(CLARY_STYLE_PLAIN, cases, N(cases));
}

TEST(accept_in_the_scikit_learn_style)
{
    static const char bare[] = "[[3.5, 4.0, 5.5]]";
    static const struct accept_case cases[] = {
        {NULL, "application/json", bare},
        {"*/*", "application/json", bare},
        {"application/json", "application/json", bare},
        {"image/png, application/json", "application/json", bare},
        {"text/csv", "text/csv", csv},
        {"application/jsonlines", "application/jsonlines", lines},
    };
    check_accept(CLARY_STYLE_SKLEARN, cases, N(cases));
}

TEST(names_of_settings)
{
    CHECK_INT(clary_style_parse("auto"), CLARY_STYLE_AUTO);
    CHECK_INT(clary_style_parse("tfserving"), CLARY_STYLE_TFSERVING);
    CHECK_INT(clary_style_parse("tfserving-strict"),
              CLARY_STYLE_TFSERVING_STRICT);
    CHECK_INT(clary_style_parse("xgboost"), CLARY_STYLE_XGBOOST);
    CHECK_INT(clary_style_parse("plain"), CLARY_STYLE_PLAIN);
    CHECK_INT(clary_style_parse("Plain"), CLARY_STYLE_COUNT);
    CHECK_INT(clary_style_parse(""), CLARY_STYLE_COUNT);
    CHECK_INT(clary_csv_header_parse("default"), CLARY_CSV_HEADER_DEFAULT);
    CHECK_INT(clary_csv_header_parse("auto"), CLARY_CSV_HEADER_AUTO);
    CHECK_INT(clary_csv_header_parse("present"), CLARY_CSV_HEADER_PRESENT);
    CHECK_INT(clary_csv_header_parse("absent"), CLARY_CSV_HEADER_ABSENT);
    CHECK_INT(clary_csv_header_parse("yes"), CLARY_CSV_HEADER_COUNT);
}
