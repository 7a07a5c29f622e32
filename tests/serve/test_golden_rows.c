/* test_golden_rows.c: golden rows against a model whose output is its first
 * feature.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/golden.h"
#include "tests/test.h"

#include <clary/clary.h>

#define ID8 "tests/golden/savedmodel/identity8/model.tar.gz"

static struct clary_error err;
static struct golden_result result;

static enum clary_status check(const char *text)
{
    static const struct clary_invoke_options options;
    struct clary_model *model = NULL;

    if (!CHECK_STATUS(clary_init(1, &err), CLARY_OK) ||
        !CHECK_STATUS(clary_model_load(ID8, NULL, &model, &err), CLARY_OK))
        return CLARY_INTERNAL;
    enum clary_status status =
        golden_check(model, &options, text, strlen(text), 1e-6, &result, &err);
    clary_model_free(model);
    return status;
}

TEST(rows_that_agree)
{
    CHECK_STATUS(check("2,0,0,0,0,0,0,0,2\n"), CLARY_OK);
    CHECK_INT(result.n_rows, 1);
    CHECK_INT(result.n_outside, 0);
    CHECK_INT(result.absolute.row, 0);
    CHECK_STATUS(check("a,b,c,d,e,f,g,h,y\r\n\r\n"
                       "2,0,0,0,0,0,0,0,2.0000001\r\n"
                       "-3e2,0,0,0,0,0,0,0,-300"),
                 CLARY_OK);
    CHECK_INT(result.n_rows, 2);
    CHECK_INT(result.n_values, 2);
    CHECK_INT(result.n_outside, 0);
    CHECK_INT(result.absolute.row, 1);
    CHECK_NEAR(result.absolute.difference, 1e-7, 1e-12);
    CHECK_NEAR(result.relative.difference, 5e-8, 1e-12);
}

TEST(rows_that_differ)
{
    CHECK_STATUS(check("1000,0,0,0,0,0,0,0,1001\n"
                       "0.5,0,0,0,0,0,0,0,0.25\n"
                       "7,0,0,0,0,0,0,0,7\n"),
                 CLARY_OK);
    CHECK_INT(result.n_rows, 3);
    CHECK_INT(result.n_outside, 2);
    CHECK_INT(result.absolute.row, 1);
    CHECK_NEAR(result.absolute.difference, 1, 0);
    CHECK_INT(result.relative.row, 2);
    CHECK_NEAR(result.relative.difference, 1, 0);
    CHECK_NEAR(result.relative.got, 0.5, 0);
    CHECK_NEAR(result.relative.want, 0.25, 0);
    /* off zero by more than the tolerance: an infinite relative difference */
    CHECK_STATUS(check("1,0,0,0,0,0,0,0,0\n"), CLARY_OK);
    CHECK_INT(result.n_outside, 1);
    CHECK_NEAR(result.relative.difference, INFINITY, 0);
}

TEST(a_tolerance_has_an_edge)
{
    CHECK_STATUS(check("1,0,0,0,0,0,0,0,1.0000019\n"), CLARY_OK);
    CHECK_INT(result.n_outside, 0);
    CHECK_STATUS(check("1,0,0,0,0,0,0,0,1.0000021\n"), CLARY_OK);
    CHECK_INT(result.n_outside, 1);
}

TEST(texts_that_are_not_golden)
{
    CHECK_STATUS(check(""), CLARY_BAD_INPUT);
    CHECK_STATUS(check("\n\n"), CLARY_BAD_INPUT);
    CHECK_STATUS(check("a,b\n"), CLARY_BAD_INPUT);
    CHECK_STATUS(check(","), CLARY_BAD_INPUT);
    CHECK_STATUS(check("1,2,3,4,5,6,7,8"), CLARY_BAD_INPUT);
    CHECK_STATUS(check("1,2,3,4,5,6,7,8,9,10\n"), CLARY_BAD_INPUT);
    CHECK_STATUS(check("1,2,3,4,5,6,7,8,\n"), CLARY_BAD_INPUT);
    CHECK_STATUS(check("1,2,3,4,5,6,7,8,1\nx,y,z\n"), CLARY_BAD_INPUT);
    CHECK_INT(err.row, 2);
    CHECK_STATUS(check("1,2,3,4,5,6,7,8,1\n1,2,,4,5,6,7,8,1\n"),
                 CLARY_BAD_INPUT);
    CHECK_INT(err.row, 2);
    CHECK_INT(err.column, 3);
}

TEST(a_header_in_another_order)
{
    CHECK_STATUS(check("keras_tensor[1],keras_tensor[0],c,d,e,f,g,h,y\n"
                       "2,0,0,0,0,0,0,0,2\n"),
                 CLARY_BAD_INPUT);
    CHECK_STR(err.message,
              "column 1 of the golden file is \"keras_tensor[1]\", which is "
              "column 2 of the model; expected the model's order");
    CHECK_STATUS(check("keras_tensor[0],keras_tensor.1,c,d,e,f,g,h,y\n"
                       "2,0,0,0,0,0,0,0,2\n"),
                 CLARY_OK);
}
