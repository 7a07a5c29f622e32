/* test_lightgbm_text.c: every key of LightGBM's text, and what can be wrong
 * with it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/lightgbm_rows.h"

#include <float.h>

static const char small[] = "tree\n"
                            "version=v4\n"
                            "num_class=1\n"
                            "num_tree_per_iteration=1\n"
                            "label_index=0\n"
                            "max_feature_idx=1\n"
                            "objective=binary sigmoid:1\n"
                            "feature_names=age city\n"
                            "feature_infos=[0:1] 0:1:2\n"
                            "tree_sizes=1 1\n"
                            "\n"
                            "Tree=0\n"
                            "num_leaves=3\n"
                            "num_cat=1\n"
                            "split_feature=0 1\n"
                            "threshold=0.5 0\n"
                            "decision_type=10 1\n"
                            "left_child=-1 -2\n"
                            "right_child=1 -3\n"
                            "leaf_value=0.25 0.5 1\n"
                            "cat_boundaries=0 1\n"
                            "cat_threshold=6\n"
                            "is_linear=0\n"
                            "shrinkage=1\n"
                            "\n"
                            "\n"
                            "Tree=1\n"
                            "num_leaves=1\n"
                            "num_cat=0\n"
                            "leaf_value=0.125\n"
                            "is_linear=1\n"
                            "leaf_const=0.5\n"
                            "num_features=2\n"
                            "leaf_features=0 1 \n"
                            "leaf_coeff=2 -1 \n"
                            "shrinkage=1\n"
                            "\n"
                            "\n"
                            "end of trees\n"
                            "\n"
                            "pandas_categorical:[[\"b\\u00e9\", 1.5, null]]\n";

/* `small` with the line that begins with `from` made `to`, by itself or of the
 * second tree. */
static char *changed(const char *from, const char *to, bool second)
{
    char *text = malloc(sizeof small + strlen(to) + 2);
    const char *line = strstr(small, from), *end;

    if (line && second)
        line = strstr(line + 1, from);
    if (!CHECK(text != NULL) || !CHECK(line != NULL))
        exit(1);
    end = line + strcspn(line, "\n");
    sprintf(text, "%.*s%s%s", (int)(line - small), small, to, end);
    return text;
}

/* The prediction of a row of two; NaN where the model is refused. */
static double score(const char *text, double age, double city)
{
    struct clary_model *model = load_text(text);
    double cells[2] = {age, city}, result = (double)NAN;
    const struct table row = {cells, 1, 2};
    struct table got = {NULL, 0, 0};

    if (model && predict(model, &row, &got))
        result = got.cells[0];
    free(got.cells);
    clary_model_free(model);
    return result;
}

TEST(small_model)
{
    char *raw = changed("objective", "# no objective", false);

    CHECK_STR(err.message, "");
    CHECK_NEAR(score(raw, 0.5, 1), 0.25 + 0.5 + 1 - 1, 0);
    CHECK_NEAR(score(raw, 1, 1), 0.5 + 0.5 + 2 - 1, 0);
    CHECK_NEAR(score(raw, 1, 2.9), 0.5 + 0.5 + 2 - 2.9, 1e-15);
    CHECK_NEAR(score(raw, 1, 0), 1 + 0.5 + 2, 0);
    CHECK_NEAR(score(raw, 1, 3), 1 + 0.5 + 2 - 3, 0);
    CHECK_NEAR(score(raw, 1, (double)NAN), 1 + 0.125, 0);
    CHECK_NEAR(score(raw, (double)NAN, 1), 0.25 + 0.125, 0);
    CHECK_NEAR(score(small, 0.5, 1), 1 / (1 + exp(-0.75)), 0);
    free(raw);
}

static void check_same(char *text)
{
    if (!CHECK_NEAR(score(text, 0.5, 1), score(small, 0.5, 1), 0))
        printf("%s\n", err.message);
    free(text);
}

TEST(keys_may_be_absent_unknown_and_in_any_order)
{
    check_same(changed("tree_sizes", "unknown=1=2", false));
    check_same(changed("feature_infos", "a line of no kind", false));
    check_same(changed("num_tree_per", "", false));
    check_same(changed("leaf_value", "leaf_value=7 7 7\nleaf_value=0.25 0.5 1",
                       false));
    check_same(changed("shrinkage", "shrinkage", false));
    check_same(changed("is_linear", "gone", false));
    check_same(changed("num_cat", "num_cat=0", true));
    check_same(changed("threshold=", "threshold=  0.5 0.0 ", false));
    check_same(changed("end of trees", "feature importances:", false));
    check_same(changed("pandas", "", false));
    check_same(changed("pandas", "pandas_categorical:null", false));
    check_same(changed("pandas", "pandas_categorical:[]", false));
}

TEST(lines_may_end_in_cr_lf)
{
    char *text = malloc(2 * sizeof small), *to = text;

    for (const char *p = small; *p; p++) {
        if (*p == '\n')
            *to++ = '\r';
        *to++ = *p;
    }
    *to = '\0';
    check_same(text);
}

TEST(numbers_are_read_as_lightgbm_reads_them)
{
    char *text = changed("leaf_value", "leaf_value=inf -nan 1e400", false);

    remove_line(text, "objective");
    CHECK(score(text, 0, 0) > DBL_MAX);
    CHECK(isnan(score(text, 1, 1)));
    CHECK(score(text, 1, 0) > DBL_MAX);
    free(text);
}

/* --- refusals --- */

static void refuse(const char *from, const char *to, bool second,
                   enum clary_status status, const char *reason)
{
    char *text = changed(from, to, second);
    struct clary_model *model = load_text(text);

    if (!CHECK(model == NULL) || !CHECK_STATUS(err.status, status) ||
        !CHECK(strstr(err.message, reason) != NULL))
        printf("%s: \"%s\", expected \"%s\"\n", to, err.message, reason);
    clary_model_free(model);
    free(text);
}

static const struct refusal {
    const char *from, *to;
    bool second;
    const char *reason;
} damaged[] = {
    {"num_class", "", false, "num_class: is missing"},
    {"num_class", "num_class=0", false, "integer from 1"},
    {"max_feature", "max_feature_idx=x", false, "max_feature_idx: number 0 is"},
    {"max_feature", "max_feature_idx=99999999", false, "integer from 0 to"},
    {"max_feature", "max_feature_idx=16777215", false, "feature_names is"},
    {"max_feature", "max_feature_idx=2", false, "2 names"},
    {"feature_names", "", false, "feature_names is missing"},
    {"feature_names", "feature_names=a \xff", false, "not UTF-8"},
    {"objective", "objective=multiclass num_class:2", false, "does not go"},
    {"objective", "objective=binary", false, "lacks a positive sigmoid"},
    {"objective", "objective=binary sigmoid:0", false, "positive sigmoid"},
    {"objective", "objective=binary sigmoid:-1", false, "positive sigmoid"},
    {"objective", "objective=binary sigmoid:1x", false, "positive sigmoid"},
    {"num_tree_per", "num_tree_per_iteration=2", false, "does not go"},
    {"tree_sizes", "tree_sizes=1", false, "lists 1 trees, the file holds 2"},
    {"tree_sizes", "tree_sizes=1 1 1", false, "lists 3 trees"},
    {"Tree=0", "Tree=0\n\nTree=0", false, "tree 0, num_leaves: is missing"},
    {"num_leaves", "gone", false, "num_leaves: is missing"},
    {"num_leaves", "num_leaves=0", false, "integer from 1"},
    {"num_leaves", "num_leaves=2147483647", false, "integer from 1"},
    {"num_leaves", "num_leaves=99999999999999999999", false, "integer from"},
    {"num_leaves", "num_leaves=4", false, "3 numbers were expected"},
    {"num_leaves", "num_leaves=2", false, "there are more"},
    {"num_leaves", "num_leaves=2", true, "is missing"},
    {"num_cat", "num_cat=-1", false, "integer from 0"},
    {"num_cat", "num_cat=2", false, "3 numbers were expected, there are 2"},
    {"num_cat", "num_cat=0", false, "reads category set 0 of 0"},
    {"split_feature", "split_feature=0 2", false, "integer from 0 to 1"},
    {"split_feature", "split_feature=0 -1", false, "integer from 0 to 1"},
    {"threshold", "threshold=0.5", false, "2 numbers were expected"},
    {"threshold", "threshold=0.5 x", false, "\"x\", which is none"},
    {"threshold", "threshold=0.5 1", false, "category set 1 of 1"},
    {"threshold", "threshold=0.5 nan", false, "category set"},
    {"decision_type", "decision_type=16 1", false, "integer from 0 to 15"},
    {"left_child", "left_child=-1 -4", false, "integer from -3 to 1"},
    {"left_child", "left_child=-1 2", false, "integer from -3 to 1"},
    {"left_child", "left_child=-1 0", false, "has a parent already"},
    {"right_child", "right_child=1 -2", false, "has a parent already"},
    {"leaf_value", "gone", false, "leaf_value: is missing"},
    {"leaf_value", "leaf_value=1 2 3 4", false, "there are more"},
    {"leaf_value", "leaf_value=", true, "1 numbers were expected"},
    {"cat_boundaries", "gone", false, "cat_boundaries: is missing"},
    {"cat_boundaries", "cat_boundaries=1 1", false, "from 0 to 0"},
    {"cat_boundaries", "cat_boundaries=0 9", false, "integer from 0 to 1"},
    {"cat_threshold", "gone", false, "integer from 0 to 0"},
    {"cat_threshold", "cat_threshold=-1", false, "from 0 to 4294967295"},
    {"is_linear", "is_linear=2", false, "integer from 0 to 1"},
    {"leaf_const", "gone", false, "leaf_const: is missing"},
    {"num_features", "num_features=9", false, "integer from 0 to 4"},
    {"num_features", "num_features=1", false, "there are more"},
    {"leaf_features", "leaf_features=0 2", false, "integer from 0 to 1"},
    {"leaf_coeff", "leaf_coeff=2", false, "2 numbers were expected"},
    {"end of trees", "", false, "cut off"},
    {"pandas", "pandas_categorical:{}", false, "no list of lists"},
    {"pandas", "pandas_categorical:[[[]]]", false, "a value was expected"},
    {"pandas", "pandas_categorical:[[\"\\q\"]]", false, "pandas_categorical"},
    {"pandas", "pandas_categorical:[[1", false, "pandas_categorical"},
};

TEST(damaged_models_are_refused_by_name)
{
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++)
        refuse(damaged[i].from, damaged[i].to, damaged[i].second,
               CLARY_BAD_MODEL, damaged[i].reason);
}

TEST(unknown_models_are_refused_by_name)
{
    refuse("version", "version=v5", false, CLARY_UNSUPPORTED, "\"v5\"");
    refuse("version", "version=v1", false, CLARY_UNSUPPORTED, "\"v1\"");
    refuse("objective", "objective=mine", false, CLARY_UNSUPPORTED, "\"mine\"");
    refuse("version", "", false, CLARY_BAD_MODEL, "no model found");
}

TEST(a_model_among_other_files_is_found)
{
    const unsigned char *bytes = (const unsigned char *)small;
    const unsigned char json[] = "{\"framework\": \"lightgbm\"}";
    const struct clary_file files[] = {{"about.json", json, sizeof json - 1},
                                       {"empty", NULL, 0},
                                       {"model.txt", bytes, sizeof small - 1}};
    struct clary_model *model = load_files(files, 3);

    CHECK_STR(err.message, "");
    CHECK(model != NULL);
    clary_model_free(model);
}

TEST(several_models_are_refused)
{
    const unsigned char *bytes = (const unsigned char *)small;
    const struct clary_file files[] = {{"a.txt", bytes, sizeof small - 1},
                                       {"b.txt", bytes, sizeof small - 1}};

    CHECK(load_files(files, 2) == NULL);
    CHECK_STATUS(err.status, CLARY_UNSUPPORTED);
    CHECK(strstr(err.message, "\"a.txt\" and \"b.txt\"") != NULL);
}

/* --- bytes of any kind --- */

TEST(a_model_that_is_cut_off_is_refused)
{
    const size_t trees = (size_t)(strstr(small, "end of trees") - small);

    for (size_t len = 0; len < sizeof small - 1; len++) {
        char *copy = malloc(len); /* of its size, for AddressSanitizer */
        struct clary_model *model;

        memcpy(copy, small, len);
        model = load_bytes(copy, len);
        if (len < trees)
            CHECK(model == NULL);
        clary_model_free(model);
        free(copy);
    }
}

TEST(flipped_bits_end_in_a_model_or_an_error)
{
    char *text = read_file(FOLDER "/categorical", "model.txt");
    const size_t len = text ? strlen(text) : 0;
    size_t n_refused = 0;

    CHECK(len > 0);
    for (size_t i = 0; i < 8 * len; i += 13) {
        struct clary_model *model;

        text[i / 8] ^= (char)(1 << i % 8);
        model = load_bytes(text, len);
        n_refused += model == NULL;
        clary_model_free(model);
        text[i / 8] ^= (char)(1 << i % 8);
    }
    CHECK(n_refused > 100);
    free(text);
}

TEST(little_memory_is_an_error)
{
    const struct clary_file file = {"model.txt", (const unsigned char *)small,
                                    sizeof small - 1};
    const struct clary_artifact artifact = {
        .root = "model", .files = &file, .n_files = 1};
    struct clary_model *model = NULL;
    size_t n_refused = 0;

    for (size_t limit = 64; !model && limit < (1u << 24); limit *= 2) {
        const struct clary_load_options options = {.max_model_bytes = limit};

        if (clary_model_load_artifact(&artifact, &options, &model, &err) ==
            CLARY_OK)
            break;
        CHECK_STATUS(err.status, CLARY_NO_MEMORY);
        n_refused++;
    }
    CHECK(model != NULL && n_refused > 0);
    clary_model_free(model);
}

/* --- random forests, categories --- */

TEST(forests_of_lightgbm_2_hold_predictions_or_margins)
{
    char *text = changed("version", "version=v2\naverage_output", false);

    remove_line(text, "is_linear=1");
    /* 0.25 and 0.125 are probabilities */
    CHECK_NEAR(score(text, 0, 0), (0.25 + 0.125) / 2, 0);
    memcpy(strstr(text, "leaf_value=0.125"), "leaf_value=-.125", 16);
    CHECK(isnan(score(text, 0, 0))); /* no number of LightGBM */
    memcpy(strstr(text, "leaf_value=-.125"), "leaf_value=1.125", 16);
    CHECK_NEAR(score(text, 0, 0), 1 / (1 + exp(-(0.25 + 1.125) / 2)), 0);
    memcpy(strstr(text, "version=v2"), "version=v3", 10);
    CHECK_NEAR(score(text, 0, 0), 1 / (1 + exp(-(0.25 + 1.125) / 2)), 0);
    memcpy(strstr(text, "leaf_value=1.125"), "leaf_value=0.125", 16);
    CHECK_NEAR(score(text, 0, 0), 1 / (1 + exp(-(0.25 + 0.125) / 2)), 0);
    free(text);
}

/* The categories of the two columns, with '|' between them; "-": it has none.
 */
static void check_categories(char *text, const char *const want[2])
{
    struct clary_model *model = load_text(text);
    const struct clary_field *field =
        model ? clary_model_signature(model)->inputs : NULL;

    CHECK(model != NULL);
    for (size_t i = 0; field != NULL && i < 2; i++) {
        const struct clary_categories *categories =
            field->categories ? field->categories[i] : NULL;
        char got[256] = "";

        for (size_t c = 0; categories && c < categories->n; c++) {
            const char *name = categories->list[c].text;

            strcat(got, c > 0 ? "|" : "");
            strcat(got, name ? name : "(null)");
        }
        CHECK_STR(categories ? got : "-", want[i]);
        CHECK(!categories || categories->unknown_is_missing);
    }
    clary_model_free(model);
    free(text);
}

static void check_notes(char *text, const char *want)
{
    struct clary_model *model = load_text(text);
    struct clary_model_info info = {.notes = ""};

    if (CHECK(model != NULL))
        clary_model_info(model, &info);
    CHECK_STR(info.notes, want);
    clary_model_free(model);
    free(text);
}

#define LACKING                                                                \
    "pandas_categorical does not say which columns it is for: rows give "      \
    "codes\n"

TEST(categories_of_pandas)
{
    check_categories(strdup(small),
                     (const char *[]){"-", "b\xc3\xa9|1.5|(null)"});
    check_notes(strdup(small), "");
    check_categories(changed("pandas",
                             "[categorical_feature: 1]\n"
                             "pandas_categorical:[[true, 2, \"x\"]]",
                             false),
                     (const char *[]){"-", "True|2|x"});
    check_categories(changed("pandas",
                             "[categorical_feature: 1,0]\n"
                             "pandas_categorical:[[0,1,2,3,4,5,6,7,8], []]",
                             false),
                     (const char *[]){"-", "0|1|2|3|4|5|6|7|8"});
}

/* Fewer columns than lists, a column of numbers, a code that is none of the
 * dictionary's. */
TEST(categories_without_their_columns)
{
    static const char *const ends[] = {
        "pandas_categorical:[[1], [2]]",
        "[categorical_feature: 0]\npandas_categorical:[[true, 1, 2]]",
        "pandas_categorical:[[true]]"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        check_categories(changed("pandas", ends[i], false),
                         (const char *[]){"-", "-"});
        check_notes(changed("pandas", ends[i], false), LACKING);
    }
}
