/* test_column_name.c: what columns are called, and what finds them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/column_name.h"
#include "tests/test.h"

static const char *const names[] = {"income_in_USD", "x[0]"};
static const struct clary_field inputs[] = {
    {"x", CLARY_DTYPE_F32, {1, {3}}, 3},
    {"age", CLARY_DTYPE_F32, {0, {0}}, 1},
    {"a.b", CLARY_DTYPE_F32, {1, {2}}, 2},
    {"features", CLARY_DTYPE_F32, {1, {2}}, 2, .column_prefix = "f"},
    {"row",
     CLARY_DTYPE_F32,
     {1, {2}},
     2,
     names,
     .blanks_are_underscores = true}};
static const struct clary_signature signature = {.inputs = inputs,
                                                 .n_inputs = sizeof inputs /
                                                             sizeof inputs[0],
                                                 .n_columns = 10};

TEST(names_are_printed_in_one_way)
{
    char name[24], cut[6];
    CHECK_STR(clary_column_name(&inputs[0], 2, name, sizeof name), "x[2]");
    CHECK_STR(clary_column_name(&inputs[1], 0, name, sizeof name), "age");
    CHECK_STR(clary_column_name(&inputs[3], 1, name, sizeof name),
              "features[1]");
    CHECK_STR(clary_column_name(&inputs[4], 0, name, sizeof name),
              "income_in_USD");
    CHECK_STR(clary_column_name(&inputs[3], 1, cut, sizeof cut), "featu");
}

TEST(what_is_printed_is_found)
{
    size_t column = 1; /* the first is hidden by a name of its own */
    for (size_t f = 0; f < signature.n_inputs; f++)
        for (size_t i = f == 0; i < inputs[f].width; i++, column++) {
            char name[32];
            clary_column_name(&inputs[f], i, name, sizeof name);
            CHECK_INT(clary_signature_column(&signature, name, strlen(name)),
                      column);
        }
    CHECK_INT(column, signature.n_columns);
}

TEST(other_spellings)
{
    static const struct {
        const char *name;
        size_t column;
    } cases[] = {
        {"x.0", 0},
        {"x.2", 2},
        {"x[0]", 9},
        {"x.3", 10},
        {"x[3]", 10},
        {"x[02]", 10},
        {"x[-1]", 10},
        {"x[+1]", 10},
        {"x[1", 10},
        {"x1]", 10},
        {"x[]", 10},
        {"x.", 10},
        {"x", 10},
        {"", 10},
        {"]", 10},
        {"[1]", 10},
        {".1", 10},
        {"x[1e0]", 10},
        {"age[0]", 3},
        {"age.0", 3},
        {"age.1", 10},
        {"a.b.1", 5},
        {"a.b[0]", 4},
        {"a.1", 10},
        {"f0", 6},
        {"f1", 7},
        {"f2", 10},
        {"f", 10},
        {"f01", 10},
        {"F1", 10},
        {"features[1]", 7},
        {"row.1", 9},
        {"income_in_USD", 8},
        {"income in USD", 8},
        {"income in_USD", 8},
        {"income-in-USD", 10},
        {"x[18446744073709551616]", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (!CHECK_INT(clary_signature_column(&signature, cases[i].name,
                                              strlen(cases[i].name)),
                       cases[i].column))
            printf("  %s\n", cases[i].name);
}
