/* test_attributes.c: tfs-model-name, tfs-model-version, tfs-method,
 * clary-explain.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/attributes.h"
#include "tests/test.h"

static struct clary_error err;

/* Against model "Servo", version 12. */
static enum clary_status check(const char *header)
{
    err.message[0] = '\0';
    return attributes_check(header, "Servo", 12, &err);
}

TEST(this_model)
{
    CHECK_STATUS(check(""), CLARY_OK);
    CHECK_STATUS(check("tfs-model-name=Servo"), CLARY_OK);
    CHECK_STATUS(check("tfs-model-version=12"), CLARY_OK);
    CHECK_STATUS(check("tfs-model-version=0012"), CLARY_OK);
    CHECK_STATUS(check(" tfs-method=predict ,\ttfs-model-name=Servo,"
                       "tfs-model-version=12"),
                 CLARY_OK);
}

TEST(somebody_elses)
{
    CHECK_STATUS(check("c000b4f9-df62-4c85-a0bf-7c525f9104a4"), CLARY_OK);
    CHECK_STATUS(check(",,=,a=b,tfs-model-name"), CLARY_OK);
    CHECK_STATUS(check("x-tfs-model-name=other"), CLARY_OK);
    CHECK_STATUS(check("tfs-model-names=other"), CLARY_OK);
}

TEST(another_model)
{
    CHECK_STATUS(check("tfs-model-name=other"), CLARY_NOT_FOUND);
    CHECK_STR(err.message, "Servable not found for request: Latest(other)");
    CHECK_STATUS(check("tfs-model-name=Serv"), CLARY_NOT_FOUND);
    CHECK_STATUS(check("tfs-model-version=999"), CLARY_NOT_FOUND);
    CHECK_STR(err.message,
              "Servable not found for request: Specific(Servo, 999)");
    CHECK_STATUS(check("tfs-model-version=12,tfs-model-name=other"),
                 CLARY_NOT_FOUND);
    CHECK_STR(err.message,
              "Servable not found for request: Specific(other, 12)");
    CHECK_STATUS(check("tfs-model-name=Servo,tfs-model-name=other"),
                 CLARY_NOT_FOUND);
}

TEST(values_that_cannot_be)
{
    CHECK_STATUS(check("tfs-model-name=../../etc"), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "invalid tfs-model-name");
    CHECK_STATUS(check("tfs-model-name="), CLARY_BAD_INPUT);
    CHECK_STATUS(check("tfs-model-name=a b"), CLARY_BAD_INPUT);
    CHECK_STATUS(check("tfs-model-version=1.5"), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "invalid tfs-model-version");
    CHECK_STATUS(check("tfs-model-version=-1"), CLARY_BAD_INPUT);
    CHECK_STATUS(check("tfs-model-version=9999999999999999999999"),
                 CLARY_BAD_INPUT);
    CHECK_STATUS(check("tfs-method=delete"), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "invalid tfs-method");
    CHECK_STATUS(check("tfs-method=classify"), CLARY_BAD_INPUT);
    CHECK_STR(err.message,
              "tfs-method classify is not served, expected predict");
}

static enum clary_explain explain;

static enum clary_status ours(const char *header)
{
    err.message[0] = '\0';
    explain = CLARY_EXPLAIN_COUNT;
    return attributes_explain(header, &explain, &err);
}

TEST(nothing_to_explain)
{
    static const char *const headers[] = {
        "", "a=b", "tfs-model-name=other,explain=all", "x-clary-",
        "clary=1,c000b4f9-df62-4c85-a0bf-7c525f9104a4"};

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        CHECK_STATUS(ours(headers[i]), CLARY_OK);
        CHECK_INT(explain, CLARY_EXPLAIN_NONE);
    }
}

TEST(explanations)
{
    CHECK_STATUS(ours("clary-explain=shap"), CLARY_OK);
    CHECK_INT(explain, CLARY_EXPLAIN_SHAP);
    CHECK_STATUS(ours("a=b, clary-explain= shap\t,c=d"), CLARY_OK);
    CHECK_INT(explain, CLARY_EXPLAIN_SHAP);
}

TEST(ours_but_not_known)
{
    CHECK_STATUS(ours("clary-explain=lime"), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "clary-explain is \"lime\", expected shap");
    CHECK_STATUS(ours("clary-explain="), CLARY_BAD_INPUT);
    CHECK_STATUS(ours("clary-explain=shap,clary-explain=shapshapshapshapshap"),
                 CLARY_BAD_INPUT);
    CHECK_STR(err.message,
              "clary-explain is \"shapshapshapshapshap\", expected shap");
    CHECK_STATUS(ours("clary-explian=shap"), CLARY_BAD_INPUT);
    CHECK_STR(err.message, "custom attribute \"clary-explian=shap\" is not "
                           "known, expected clary-explain=shap");
    CHECK_STATUS(ours("clary-explain"), CLARY_BAD_INPUT);
}
