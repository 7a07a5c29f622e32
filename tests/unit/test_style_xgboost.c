/* test_style_xgboost.c: the style of SageMaker's XGBoost container through
 * clary_invoke, on golden models.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/golden.h"

static const char row[] = "1.5,2,0.3,1,-1\n";
static struct clary_error err;
static struct clary_reply reply;

static const struct golden *model(const char *name)
{
    setenv("CLARY_GOLDEN", "tests/golden/xgboost", 1);
    return golden_case(name);
}

/* The reply, or the error's message. */
static const char *invoke_with(const struct clary_invoke_options *options,
                               const char *name, const char *type,
                               const char *accept, const char *body,
                               enum clary_status expected)
{
    static char text[2048];
    struct clary_request request = {type, accept};
    struct clary_invoke *invoke = clary_invoke_new(options);

    CHECK_STATUS(clary_invoke(invoke, model(name)->model, &request, body,
                              strlen(body), &reply, &err),
                 expected);
    snprintf(text, sizeof text, "%.*s",
             expected == CLARY_OK ? (int)reply.len : (int)sizeof text,
             expected == CLARY_OK ? reply.body : err.message);
    clary_invoke_free(invoke);
    return text;
}

static const char *invoke(const char *name, const char *accept,
                          const char *body, enum clary_status expected)
{
    return invoke_with(NULL, name, "text/csv", accept, body, expected);
}

static const char score[] = "0.8410192131996155";

static void check_score(const char *text, const char *before, const char *after)
{
    char expected[128];

    snprintf(expected, sizeof expected, "%s%s%s", before, score, after);
    CHECK_STR(text, expected);
}

TEST(it_is_the_models_own)
{
    struct clary_model_info info;

    clary_model_info(model("binary-logistic")->model, &info);
    CHECK_STR(info.style, "xgboost");
}

TEST(accept)
{
    static const struct {
        const char *accept, *type, *before, *after;
    } cases[] = {
        {NULL, "text/csv", "", "\n"},
        {"", "text/csv", "", "\n"},
        {"*/*", "text/csv", "", "\n"},
        {"TEXT/csv; charset=utf-8", "text/csv", "", "\n"},
        {"text/csv, application/json", "text/csv", "", "\n"},
        {"image/png, */*;q=0.1", "text/csv", "", "\n"},
        {"application/json;verbose=True", "application/json",
         "{\"predictions\": [{\"score\": ", "}]}"},
        {"application/jsonlines", "application/jsonlines",
         "{\"score\": ", "}\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_score(invoke("binary-logistic", cases[i].accept, row, CLARY_OK),
                    cases[i].before, cases[i].after);
        CHECK_STR(reply.content_type, cases[i].type);
    }
    invoke("binary-logistic", "application/x-npy", row, CLARY_OK);
    CHECK_STR(reply.content_type, "application/x-npy");
}

TEST(what_is_not_acceptable)
{
    static const char *const accepts[] = {"image/png", "text/libsvm", "csv",
                                          "text/csv;q=0", "application/xml"};
    for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++)
        CHECK(strncmp(invoke("binary-logistic", accepts[i], row,
                             CLARY_NOT_ACCEPTABLE),
                      "Accept type ", 12) == 0);
    CHECK_STR(invoke("binary-logistic", "image/png", row, CLARY_NOT_ACCEPTABLE),
              "Accept type image/png is not supported. Please use supported "
              "accept types: application/json, application/jsonlines, "
              "application/x-npy, text/csv.");
}

TEST(content_types)
{
    static const struct {
        const char *type, *body;
    } cases[] = {
        {"csv", row},
        {"CSV", row},
        {"text/csv;label_size=1", row},
        {"text/csv; label_size=0; charset=utf-8", row},
        {"libsvm", "1 0:1.5 1:2 2:0.3 3:1 4:-1"},
        {"text/libsvm ;charset=utf8", "0:1.5 1:2 2:.3 3:+1 4:-1"},
        {"text/x-libsvm", "0:1.5 1:2 2:.3 3:+1 4:-1\n"},
        {NULL, "0:1.5 1:2 2:.3 3:+1 4:-1\n"},
        {"", "0:1.5 1:2 2:.3 3:+1 4:-1\n"},
        {"application/json", "{\"instances\": [[1.5, 2, 0.3, 1, -1]]}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_score(invoke_with(NULL, "binary-logistic", cases[i].type, NULL,
                                cases[i].body, CLARY_OK),
                    "", "\n");
    CHECK_STR(invoke_with(NULL, "binary-logistic", "text/plain", NULL, row,
                          CLARY_BAD_MEDIA_TYPE),
              "Unsupported Media Type: text/plain");
    invoke_with(NULL, "binary-logistic", "svm", NULL, row,
                CLARY_BAD_MEDIA_TYPE);
    CHECK_STR(invoke_with(NULL, "binary-logistic", "text/csv;label_size=2",
                          NULL, row, CLARY_BAD_MEDIA_TYPE),
              "Unsupported Media Type: text/csv;label_size=2");
    invoke_with(NULL, "binary-logistic", "text/csv; a=b; Label_Size=\"10\"",
                NULL, row, CLARY_BAD_MEDIA_TYPE);
}

TEST(what_is_missing)
{
    const char *given = "1.5;2;;1;\n";
    char first[64];

    snprintf(first, sizeof first, "%s",
             invoke("binary-logistic", NULL, given, CLARY_OK));
    CHECK_STR(invoke("binary-logistic", NULL, "1.5,2,nan,1,NaN\n", CLARY_OK),
              first);
    CHECK_STR(invoke_with(NULL, "binary-logistic", "text/libsvm", NULL,
                          "1 0:1.5 1:2 3:1\n", CLARY_OK),
              first);
}

TEST(an_empty_body_has_no_content)
{
    CHECK_STR(invoke("binary-logistic", NULL, "", CLARY_OK), "");
    CHECK_INT(reply.n_rows, 0);
    CHECK_INT(reply.len, 0);
    CHECK(reply.content_type == NULL);
    CHECK_STR(invoke("binary-logistic", NULL, " \n", CLARY_UNREADABLE),
              "the body holds no rows");
}

TEST(refused_bodies)
{
    CHECK_STR(invoke("binary-logistic", NULL, "1,2,3,x,5\n", CLARY_UNREADABLE),
              "row 1, column 4 (features[3]): \"x\" is not a number");
    CHECK_INT(err.feature, 4);
    CHECK_STR(
        invoke("binary-logistic", NULL, "1,2,3,4,5\n1,2\n", CLARY_UNREADABLE),
        "row 2: expected 5 columns, found 2");
    CHECK_STR(invoke("binary-logistic", NULL, "1,2,3\n", CLARY_BAD_INPUT),
              "Unable to evaluate payload provided: row 1: expected 5 columns, "
              "found 3");
    CHECK_INT(err.row, 1);
    CHECK_STR(invoke_with(NULL, "binary-logistic", "text/libsvm", NULL,
                          "1 5:1\n", CLARY_BAD_INPUT),
              "Unable to evaluate payload provided: row 1: the index 5 is out "
              "of range; the model has 5 columns, counted from 0");
    CHECK_STR(invoke_with(NULL, "binary-logistic", "text/libsvm", NULL,
                          "1 -1:1\n", CLARY_UNREADABLE),
              "row 1: the index -1 is out of range; the model has 5 columns, "
              "counted from 0");
}

TEST(batch_transform)
{
    struct clary_invoke_options options = {.batch = true};

    check_score(invoke_with(&options, "binary-logistic", "text/csv",
                            "application/json", row, CLARY_OK),
                "", "\n");
    CHECK_STR(reply.content_type, "application/json");
    CHECK(invoke_with(&options, "multi-softprob", "text/csv", NULL, row,
                      CLARY_OK)[0] == '[');
    CHECK_STR(reply.content_type, "text/csv");
    options.inference_output = "predicted_label";
    CHECK_STR(invoke_with(&options, "binary-logistic", "text/csv", NULL, row,
                          CLARY_OK),
              "1\n");
    CHECK_STR(invoke_with(&options, "binary-logistic", "text/csv",
                          "application/json", row, CLARY_OK),
              "{\"predictions\": [{\"predicted_label\": 1}]}");
}

TEST(selected_output)
{
    struct clary_invoke_options options = {.inference_output =
                                               "predicted_label,probability"};

    check_score(invoke_with(&options, "binary-logistic", "text/csv", NULL, row,
                            CLARY_OK),
                "1,", "");
    check_score(invoke_with(&options, "binary-logistic", "text/csv",
                            "application/jsonlines", row, CLARY_OK),
                "{\"predicted_label\": 1, \"probability\": ", "}\n");
    options.inference_output = "labels";
    CHECK_STR(
        invoke_with(&options, "multi-softmax", "text/csv", NULL, row, CLARY_OK),
        "\"[0, 1, 2, 3]\"");
    CHECK_STR(invoke_with(&options, "count-poisson", "text/csv", NULL, row,
                          CLARY_UNSUPPORTED),
              "Objective `count:poisson` unsupported for selectable inference "
              "predictions; expected SAGEMAKER_INFERENCE_OUTPUT not to be set, "
              "or a regression or classification.");
    CHECK_STR(invoke_with(&options, "binary-logistic", "text/csv",
                          "application/x-npy", row, CLARY_NOT_ACCEPTABLE),
              "what SAGEMAKER_INFERENCE_OUTPUT selects cannot be written as "
              "application/x-npy, expected text/csv, application/json or "
              "application/jsonlines");
}

TEST(another_style_on_the_same_model)
{
    struct clary_invoke_options options = {.style = CLARY_STYLE_PLAIN,
                                           .batch = true,
                                           .inference_output = "labels"};

    CHECK_STR(invoke_with(&options, "binary-logistic", "text/csv", NULL, row,
                          CLARY_OK),
              "{\"predictions\": [0.8410192]}");
    CHECK_STR(invoke_with(&options, "binary-logistic", "text/csv", NULL,
                          "1,2,.5,4,5", CLARY_BAD_INPUT),
              "row 1, column 3 (features[2]): \".5\" is not a number");
    invoke_with(&options, "binary-logistic", NULL, NULL, row,
                CLARY_BAD_MEDIA_TYPE);
    CHECK_STR(invoke_with(&options, "binary-logistic", "text/csv", NULL, "",
                          CLARY_BAD_INPUT),
              "the body is empty");
}
