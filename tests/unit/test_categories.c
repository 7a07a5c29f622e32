/* test_categories.c: categories of columns, from a list to rows of text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/categories.h"
#include "data/cell.h"
#include "invoke/model.h"
#include "tests/unit/golden.h"

#include <math.h>

static struct clary_error err;
static struct clary_reply reply;
static struct clary_arena arena;

static const struct clary_categories *make(const struct clary_category *list,
                                           size_t n, bool unknown_is_missing)
{
    const struct clary_categories *categories = NULL;

    clary_arena_init(&arena, (size_t)1 << 20);
    CHECK_STATUS(clary_categories_new(&arena, list, n, unknown_is_missing,
                                      &categories, &err),
                 CLARY_OK);
    return categories;
}

/* The code, or -1. */
static int find(const struct clary_categories *categories, const char *text)
{
    size_t code;

    return clary_categories_find(categories, text, strlen(text), &code)
               ? (int)code
               : -1;
}

TEST(words)
{
    static const struct clary_category list[] = {
        {"lemon"}, {"Apple"}, {NULL}, {"fig"}, {"app"}, {"fig"}, {""}};
    const struct clary_categories *categories = make(list, 7, false);
    size_t code;

    CHECK(categories->takes_codes);
    CHECK_INT(find(categories, "lemon"), 0);
    CHECK_INT(find(categories, "Apple"), 1);
    CHECK_INT(find(categories, "fig"), 3);
    CHECK_INT(find(categories, "app"), 4);
    CHECK_INT(find(categories, ""), 6);
    CHECK_INT(find(categories, "apple"), -1);
    CHECK_INT(find(categories, "appl"), -1);
    CHECK_INT(find(categories, "figs"), -1);
    CHECK_INT(find(categories, "zebra"), -1);
    CHECK_INT(find(categories, "1"), -1);
    CHECK(!clary_categories_find(categories, "fig\0", 4, &code));
    CHECK(clary_categories_find(categories, "figs", 3, &code) && code == 3);
    clary_arena_deinit(&arena);
}

TEST(many_words)
{
    enum { N = 3000 };
    static struct clary_category list[N];
    static char texts[N][8];
    const struct clary_categories *categories;

    for (int i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "c%d", i * 7919 % N);
        list[i].text = texts[i];
    }
    categories = make(list, N, false);
    for (int i = 0; i < N; i++)
        CHECK_INT(find(categories, texts[i]), i);
    CHECK_INT(find(categories, "c3000"), -1);
    clary_arena_deinit(&arena);
}

TEST(numbers)
{
    static const struct clary_category list[] = {
        {"20", true, 20},  {"1.5", true, 1.5},
        {"-3", true, -3},  {"9007199254740993", true, 9007199254740992.0},
        {"True", true, 1}, {"low"}};
    const struct clary_categories *categories = make(list, 6, true);

    CHECK(!categories->takes_codes);
    CHECK_INT(find(categories, "20"), 0);
    CHECK_INT(find(categories, "20.0"), 0);
    CHECK_INT(find(categories, "2e1"), 0);
    CHECK_INT(find(categories, "1.50"), 1);
    CHECK_INT(find(categories, "-3"), 2);
    CHECK_INT(find(categories, "0"), -1);
    CHECK_INT(find(categories, "21"), -1);
    /* no double holds it: only its own text is it */
    CHECK_INT(find(categories, "9007199254740993"), 3);
    CHECK_INT(find(categories, "9007199254740994"), -1);
    CHECK_INT(find(categories, "True"), 4);
    CHECK_INT(find(categories, "TRUE"), 4);
    CHECK_INT(find(categories, "true"), 4);
    CHECK_INT(find(categories, "1"), 4);
    CHECK_INT(find(categories, "false"), -1);
    CHECK_INT(find(categories, "low"), 5);
    CHECK_INT(find(categories, "LOW"), -1);
    clary_arena_deinit(&arena);
}

/* A number is a code only where it cannot be meant as a category. */
TEST(codes)
{
    static const struct clary_category words[] = {{"a"}, {"b"}};
    static const struct clary_category digits[] = {{"a"}, {"01"}};
    const struct clary_categories *categories = make(words, 2, false);
    double to = -1;

    CHECK(clary_cell_store_category(categories, CLARY_DTYPE_F64, "b", 1, true,
                                    &to));
    CHECK_NEAR(to, 1, 0);
    CHECK(clary_cell_store_category(categories, CLARY_DTYPE_F64, "7.5", 3,
                                    false, &to));
    CHECK_NEAR(to, 7.5, 0);
    CHECK(!clary_cell_store_category(categories, CLARY_DTYPE_F64, "1", 1, true,
                                     &to));
    CHECK(!clary_cell_store_category(categories, CLARY_DTYPE_F64, "c", 1, false,
                                     &to));
    clary_arena_deinit(&arena);
    categories = make(digits, 2, true);
    CHECK(!categories->takes_codes);
    CHECK(clary_cell_store_category(categories, CLARY_DTYPE_F64, "1", 1, false,
                                    &to));
    CHECK(isnan(to));
    clary_arena_deinit(&arena);
}

TEST(what_was_expected)
{
    static const struct clary_category list[] = {{NULL}, {"a"}, {"b"},
                                                 {"c"},  {"d"}, {"e"}};
    static const struct clary_category large[] = {
        {"a category that is too long for a message about another"}};
    char text[CLARY_CATEGORIES_TEXT], what[CLARY_CELL_CATEGORY_BYTES];
    const struct clary_categories *categories = make(list, 6, true);

    CHECK_STR(clary_categories_print(categories, text),
              "\"a\", \"b\", \"c\" or one of 2 more");
    clary_arena_deinit(&arena);
    categories = make(list, 3, true);
    CHECK_STR(clary_cell_refuse_category(categories, "x", 1, what),
              "\"x\" is not a category, expected \"a\", \"b\"");
    clary_arena_deinit(&arena);
    categories = make(large, 1, true);
    CHECK_STR(clary_categories_print(categories, text), "one of 1");
    clary_arena_deinit(&arena);
}

/* --- through the wire ----------------------------------------------------- */

#define XGBOOST  "tests/golden/xgboost/categories-named"
#define LIGHTGBM "tests/golden/lightgbm/pandas-categorical"

static struct clary_model *load(const char *path)
{
    struct clary_model *model = NULL;

    CHECK_STATUS(clary_init(1, &err), CLARY_OK);
    CHECK_STATUS(clary_model_load(path, NULL, &model, &err), CLARY_OK);
    return model;
}

static enum clary_status run(struct clary_invoke *invoke,
                             const struct clary_model *model, const char *type,
                             const char *body)
{
    const struct clary_request request = {.content_type = type,
                                          .accept = "text/csv"};

    return clary_invoke(invoke, model, &request, body, strlen(body), &reply,
                        &err);
}

/* The bytes of the reply; free it. NULL: the body was refused. */
static char *answer(struct clary_invoke *invoke,
                    const struct clary_model *model, const char *type,
                    const char *body)
{
    return CHECK_STATUS(run(invoke, model, type, body), CLARY_OK)
               ? strndup(reply.body, reply.len)
               : NULL;
}

/* A data frame as CSV gives what the library gives for it. */
static void check_frame(const char *folder, const char *file)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, file);
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = load(path);
    char *body = golden_read(folder, "categories.csv", NULL);
    char *expected = golden_read(folder, "categories_expected.csv", NULL);
    char *ours = answer(invoke, model, "text/csv", body), *theirs = expected;
    char *at = ours;
    size_t n = 0;

    for (; at != NULL && *at != '\0' && *theirs != '\0'; n++) {
        CHECK_NEAR((float)strtod(at, &at), (float)strtod(theirs, &theirs), 0);
        at++;
        theirs++;
    }
    CHECK_INT(n, 30);
    CHECK(at == NULL || (*at == '\0' && *theirs == '\0'));
    free(ours);
    free(expected);
    free(body);
    clary_model_free(model);
    clary_invoke_free(invoke);
}

TEST(data_frames)
{
    check_frame(XGBOOST, "model.tar.gz");
    check_frame(LIGHTGBM, "model.txt");
}

/* Bodies that all say the same. */
static void check_same(const char *path, const char *const (*bodies)[2],
                       size_t n)
{
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = load(path);
    char *first = answer(invoke, model, bodies[0][0], bodies[0][1]);

    for (size_t i = 1; first != NULL && i < n; i++) {
        char *next = answer(invoke, model, bodies[i][0], bodies[i][1]);
        if (next != NULL && !CHECK(strcmp(first, next) == 0))
            printf("%s: %s", bodies[i][1], next);
        free(next);
    }
    free(first);
    clary_model_free(model);
    clary_invoke_free(invoke);
}

TEST(the_same_category_in_many_forms)
{
    static const char csv[] = "text/csv", json[] = "application/json";
    static const char *const xgboost[][2] = {
        {csv, "0.5,green,20\n"},
        {csv, "0.5, \"green\" ,20.0\n"},
        {csv, "0.5,2,2e1\n"},
        {csv, "x,colour,size\n0.5,green,20\n"},
        {csv, "size,colour,x\n20,green,0.5\n"},
        {"text/libsvm", "0 0:0.5 1:2 2:1\n"},
        {json, "{\"instances\": [[0.5, \"green\", 20]]}"},
        {json, "[0.5, \"gr\\u0065en\", 20]"},
        {json, "[[0.5, 2, \"20\"]]"},
        {json, "{\"instances\": [{\"x\": 0.5, \"size\": 20, \"colour\": "
               "\"green\"}]}"},
        {"application/jsonlines", "[0.5, \"green\", 20]\n"},
        {"application/jsonlines", "{\"features\": [0.5, \"green\", 20]}\n"},
    };
    static const char *const lightgbm[][2] = {
        {csv, "0.5,Lyon,3,True\n"},
        {csv, "0.5,1,3,1\n"},
        {csv, "0.5,\"Lyon\",3.0,true\n"},
        {csv, "rooms,owned,city,income_in_USD\n3,TRUE,Lyon,0.5\n"},
        {csv, "rooms,owned,city,income in USD\n3,TRUE,Lyon,0.5\n"},
        {json, "{\"rooms\": 3, \"income in USD\": 0.5, \"owned\": true, "
               "\"city\": \"Lyon\"}"},
        {"text/libsvm", "0 0:0.5 1:1 2:1 3:1\n"},
        {json, "[0.5, \"Lyon\", 3, true]"},
        {json, "[0.5, 1, 3, \"True\"]"},
    };

    check_same(XGBOOST "/model.tar.gz", xgboost,
               sizeof xgboost / sizeof *xgboost);
    check_same(LIGHTGBM "/model.txt", lightgbm,
               sizeof lightgbm / sizeof *lightgbm);
}

/* Codes are not looked up, neither here nor in XGBoost: one that no category
 * has is in no set, a fraction is cut off. The numbers are XGBoost 3.2's. */
TEST(codes_of_no_category)
{
    static const struct {
        const char *code;
        double score;
    } cases[] = {
        {"0", 0.10670487582683563},      {"1", 1.0763323307037354},
        {"1.5", 1.0763323307037354},     {"2", 1.960906982421875},
        {"3", 2.2189624309539795},       {"4", 2.2189624309539795},
        {"9", 2.2189624309539795},       {"-1", 2.2189624309539795},
        {"1000000", 2.2189624309539795}, {"3e38", 2.2189624309539795},
    };
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_model *model = load(XGBOOST "/model.tar.gz");
    char body[64];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(body, sizeof body, "0.5,%s,10\n", cases[i].code);
        char *text = answer(invoke, model, "text/csv", body);
        if (text != NULL && !CHECK_NEAR(strtod(text, NULL), cases[i].score, 0))
            printf("%s", body);
        free(text);
    }
    clary_model_free(model);
    clary_invoke_free(invoke);
}

/* XGBoost refuses what it does not know; LightGBM takes it as missing. */
TEST(unknown_categories)
{
    static const char *const missing[][2] = {
        {"text/csv", "0.5,,3,\n"},
        {"text/csv", "0.5,Roma,3,\n"},
        {"text/csv", "0.5,\"\",3,maybe\n"},
        {"application/json", "[0.5, null, 3, null]"},
        {"application/json", "[0.5, \"1\", 3, \"\"]"},
        {"application/json", "[0.5, \"Roma\", 3, 2]"},
    };
    static const struct {
        const char *type, *body, *message;
    } refused[] = {
        {"text/csv", "0.5,green,20\n0.5,purple,20\n",
         "row 2, column 2 (colour): \"purple\" is not a category, expected "
         "\"amber\", \"blue\", \"green\" or one of 1 more"},
        {"text/csv", "0.5,green,2\n",
         "row 1, column 3 (size): \"2\" is not a category, expected \"10\", "
         "\"20\", \"35\""},
        {"text/csv", "size,x,colour\n10,1,\n35,1,red\n",
         "row 2, column 3 (colour): \"red\" is not a category, expected "
         "\"amber\", \"blue\", \"green\" or one of 1 more"},
        {"application/json", "[[0.5, \"green\", 20], [0.5, \"2\", 20]]",
         "row 2, column 2 (colour): \"2\" is not a category, expected "
         "\"amber\", \"blue\", \"green\" or one of 1 more"},
        {"application/json", "[0.5, \"green\", false]",
         "row 1, column 3 (size): \"false\" is not a category, expected "
         "\"10\", \"20\", \"35\""},
        {"application/json", "[\"green\", \"green\", 20]",
         "row 1, column 1 (x): \"green\" is a string, expected a number"},
    };
    struct clary_model *model = load(XGBOOST "/model.tar.gz");
    const struct clary_invoke_options options = {.style = CLARY_STYLE_PLAIN};
    struct clary_invoke *invoke = clary_invoke_new(&options);

    check_same(LIGHTGBM "/model.txt", missing,
               sizeof missing / sizeof *missing);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK_STATUS(run(invoke, model, refused[i].type, refused[i].body),
                     CLARY_BAD_INPUT);
        CHECK_STR(err.message, refused[i].message);
        CHECK(err.row > 0 && err.column > 0 && err.feature > 0);
    }
    clary_model_free(model);
    clary_invoke_free(invoke);
}

/* --- headers -------------------------------------------------------------- */

/* A model whose first column has categories, and that takes unknown ones. */
static const char small[] =
    "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nlabel_index=0\n"
    "max_feature_idx=1\nobjective=regression\nfeature_names=city colour\n"
    "feature_infos=1:0 0:1\n\n"
    "Tree=0\nnum_leaves=2\nnum_cat=1\nsplit_feature=0\nsplit_gain=1\n"
    "threshold=0\ndecision_type=1\nleft_child=-1\nright_child=-2\n"
    "leaf_value=1 2\nleaf_weight=1 1\nleaf_count=1 1\ninternal_value=0\n"
    "internal_weight=2\ninternal_count=2\ncat_boundaries=0 1\n"
    "cat_threshold=2\nis_linear=0\nshrinkage=1\n\n\nend of trees\n\n"
    "pandas_categorical:[[\"Bern\", \"Chur\"], [\"red\", \"blue\"]]\n";

TEST(a_first_row_of_words)
{
    static const struct {
        enum clary_csv_header header;
        const char *body, *reply; /* or a part of the error */
    } cases[] = {
        {CLARY_CSV_HEADER_AUTO, "Chur,red\nBern,red\n", "1.0\n2.0\n"},
        {CLARY_CSV_HEADER_AUTO, "city,colour\nChur,red\n", "1.0\n"},
        {CLARY_CSV_HEADER_AUTO, "colour,city\nred,Chur\n", "1.0\n"},
        {CLARY_CSV_HEADER_AUTO, "Roma,red\n", "2.0\n"},
        {CLARY_CSV_HEADER_AUTO, "Roma,colour\n", "2.0\n"},
        {CLARY_CSV_HEADER_AUTO, "city,1\n",
         "row 1, column 1 (city): \"city\" is not a category"},
        {CLARY_CSV_HEADER_AUTO, "city,town\n",
         "header, column 2: \"town\" is not an input"},
        {CLARY_CSV_HEADER_ABSENT, "city,colour\nChur,red\n", "2.0\n1.0\n"},
        {CLARY_CSV_HEADER_PRESENT, "city,colour\nChur,red\n", "1.0\n"},
        {CLARY_CSV_HEADER_PRESENT, "Chur,red\n",
         "header, column 1: \"Chur\" is not an input"},
    };
    const struct clary_file file = {"model.txt", (const unsigned char *)small,
                                    sizeof small - 1};
    const struct clary_artifact artifact = {
        .root = "model", .files = &file, .n_files = 1};
    struct clary_model *model = NULL;

    CHECK_STATUS(clary_model_load_artifact(&artifact, NULL, &model, &err),
                 CLARY_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct clary_invoke_options options = {.csv_header =
                                                         cases[i].header};
        struct clary_invoke *invoke = clary_invoke_new(&options);
        bool is_read =
            run(invoke, model, "text/csv", cases[i].body) == CLARY_OK;
        char *text =
            is_read ? strndup(reply.body, reply.len) : strdup(err.message);

        if (!CHECK(is_read ? strcmp(text, cases[i].reply) == 0
                           : strstr(text, cases[i].reply) != NULL))
            printf("%s: %s\n", cases[i].body, text);
        free(text);
        clary_invoke_free(invoke);
    }
    clary_model_free(model);
}
