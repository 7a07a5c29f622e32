/* test_xgboost_model.c: models of XGBoost made by hand: what each number means,
 * and what is refused in which words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/xgboost_rows.h"

static struct loaded loaded;

static enum clary_status load_text(const char *text)
{
    load_bytes(&loaded, text, strlen(text), CLARY_TREES_AUTO);
    return loaded.status;
}

/* The margin and score of one row of a model with two features. */
static void score(const char *text, float a, float b, float *margin,
                  float *value)
{
    float x[] = {a, b};

    *margin = *value = -99;
    if (CHECK_STATUS(load_text(text), CLARY_OK))
        run_rows(&loaded, x, 1, margin, value);
    else
        printf("  %s\n", why.message);
    unload(&loaded);
}

static void check_refused(const char *text, enum clary_status status,
                          const char *message)
{
    CHECK_STATUS(load_text(text), status);
    CHECK_STR(why.message, message);
    unload(&loaded);
}

/* --- meanings --- */

TEST(a_value_below_the_threshold_goes_left)
{
    const char *model =
        MODEL("reg:squarederror", PARAM("1E1"), BOOSTER(STUMP, "0"));
    static const struct {
        float x, expected;
    } cases[] = {{0.5f, 12},          {0x1.fffffep-2f, 9}, {NAN, 9},
                 {-0.0f, 9},          {INFINITY, 12},      {-INFINITY, 9},
                 {0x1.000002p-1f, 12}};
    float margin, value;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        score(model, NAN, cases[i].x, &margin, &value);
        CHECK(margin == cases[i].expected && value == cases[i].expected);
    }
}

TEST(base_score_becomes_a_margin_by_the_objective)
{
    static const struct {
        const char *objective;
        float margin;
    } cases[] = {{"binary:logistic", -1.38629436f},
                 {"reg:logistic", -1.38629436f},
                 {"count:poisson", -1.60943794f},
                 {"reg:gamma", -1.60943794f},
                 {"reg:tweedie", -1.60943794f},
                 {"survival:cox", -1.60943794f},
                 {"survival:aft", -1.60943794f},
                 {"binary:logitraw", 0.2f},
                 {"binary:hinge", 0.2f},
                 {"rank:pairwise", 0.2f},
                 {"reg:linear", 0.2f},
                 {"gpu:reg:linear", 0.2f},
                 {"reg:absoluteerror", 0.2f}};
    float margin, value;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *model = model_json(
            "{\"learner\":{\"gradient_booster\":%s,\"learner_model_param\":"
            "%s,\"objective\":{\"name\":\"%s\"}},\"version\":[1,7,6]}",
            BOOSTER("", ""), PARAM("2E-1"), cases[i].objective);

        score(model, 0, 0, &margin, &value);
        CHECK_NEAR(margin, cases[i].margin, 2e-7);
    }
}

TEST(transforms)
{
    float margin, value;

    score(MODEL("binary:logistic", PARAM("5E-1"), BOOSTER(STUMP, "0")), 0, 1,
          &margin, &value);
    CHECK(margin == 2.0f && value == 1.0f / (expf(-2.0f) + 1.0f));
    score(MODEL("count:poisson", PARAM("1E0"), BOOSTER(STUMP, "0")), 0, 1,
          &margin, &value);
    CHECK(value == expf(2.0f));
    score(MODEL("binary:hinge", PARAM("0E0"), BOOSTER(STUMP, "0")), 0, 0,
          &margin, &value);
    CHECK(margin == -1.0f && value == 0.0f);
    score(MODEL("binary:logitraw", PARAM("0E0"), BOOSTER(STUMP, "0")), 0, 0,
          &margin, &value);
    CHECK(value == -1.0f);
}

/* Sums of floats depend on their order: 1e8 swallows what is added alone. */
TEST(the_version_decides_when_base_score_is_added)
{
    static const struct {
        const char *version;
        float expected;
    } cases[] = {{"[1,2,1]", 100000008.0f}, {"[1,3,0]", 100000000.0f}};
    float margin, value;

    for (size_t i = 0; i < 2; i++) {
        score(model_json("{\"learner\":{\"gradient_booster\":%s,"
                         "\"learner_model_param\":%s,\"objective\":"
                         "{\"name\":\"reg:squarederror\"}},\"version\":%s}",
                         BOOSTER(STUMP "," STUMP "," STUMP, "0,0,0"),
                         PARAM("1E8"), cases[i].version),
              0, 1, &margin, &value);
        CHECK(margin == cases[i].expected);
    }
}

TEST(members_may_come_in_any_order_and_be_unknown)
{
    float margin, value;

    score("{\"version\":[3,1,0],\"new\":{\"a\":[1,{\"b\":null}]},\"learner\":"
          "{\"objective\":{\"x\":1,\"name\":\"reg:squarederror\"},"
          "\"learner_model_param\":" PARAM(
              "[2E0]") ","
                       "\"gradient_booster\":{\"model\":{\"trees\":[" STUMP "],"
                       "\"tree_info\":[0]},\"name\":\"gbtree\"}}}",
          0, 1, &margin, &value);
    CHECK(margin == 4.0f);
}

/* --- refusals --- */

TEST(objectives_and_boosters_that_are_not_known)
{
    check_refused(MODEL("reg:custom", PARAM("0"), BOOSTER(STUMP, "0")),
                  CLARY_UNSUPPORTED,
                  "model: the objective \"reg:custom\" is not known; save a "
                  "model that was trained with one of XGBoost's own");
    check_refused(MODEL("reg:squarederror", PARAM("0"),
                        "{\"name\":\"gbforest\",\"model\":{}}"),
                  CLARY_UNSUPPORTED,
                  "model: booster \"gbforest\"; gbtree, dart and gblinear are "
                  "served");
    check_refused("{\"learner\":{}}", CLARY_BAD_MODEL,
                  "model: it names no objective");
    check_refused("{\"version\":[1,2,3]}", CLARY_BAD_MODEL,
                  "model: JSON without a \"learner\"; expected an XGBoost "
                  "model");
    check_refused("bs64 AAAA", CLARY_UNSUPPORTED,
                  "model: a model in base64, as XGBoost before 0.72 wrote it; "
                  "load and save it with XGBoost 0.90");
    check_refused("anything else", CLARY_BAD_MODEL,
                  "model: it is none of XGBoost's formats: JSON, UBJSON, "
                  "binary or a pickled Booster");
}

TEST(leaves_of_several_values)
{
    check_refused(
        MODEL("reg:squarederror", PARAM("0"),
              BOOSTER("{\"left_children\":[-1],\"tree_param\":"
                      "{\"size_leaf_vector\":\"3\"}}",
                      "0")),
        CLARY_UNSUPPORTED,
        "model: its leaves hold 3 values (multi_strategy=multi_output_tree); "
        "train with multi_strategy=one_output_per_tree");
}

#define TREE(left, right, feature, types, more)                                \
    "{\"left_children\":[" left "],\"right_children\":[" right                 \
    "],\"split_indices\":[" feature                                            \
    ",0,0],\"split_conditions\":[1,2,3],\"default_left\":[0,0,0]," types more  \
    "\"x\":0}"
#define ONE_TREE(tree) MODEL("reg:squarederror", PARAM("0"), BOOSTER(tree, "0"))

TEST(trees_that_are_none)
{
    check_refused(ONE_TREE(TREE("0,-1,-1", "2,-1,-1", "0", "", "")),
                  CLARY_BAD_MODEL,
                  "model: tree 0, node 0: two nodes lead to it");
    check_refused(ONE_TREE(TREE("1,-1,-1", "1,-1,-1", "0", "", "")),
                  CLARY_BAD_MODEL,
                  "model: tree 0, node 1: two nodes lead to it");
    check_refused(ONE_TREE(TREE("1,-1,-1", "3,-1,-1", "0", "", "")),
                  CLARY_BAD_MODEL,
                  "model: tree 0, node 0: its child is no node");
    check_refused(ONE_TREE(TREE("1,-1,-1", "-2,-1,-1", "0", "", "")),
                  CLARY_BAD_MODEL,
                  "model: tree 0, node 0: its child is no node");
    check_refused(ONE_TREE(TREE("1,-1,-1", "2,-1,-1", "2", "", "")),
                  CLARY_BAD_MODEL,
                  "model: a tree reads feature 2, and the model has 2");
    check_refused(ONE_TREE(TREE("1,-1,-1", "2,-1,-1", "-1", "", "")),
                  CLARY_BAD_MODEL,
                  "model: tree 0, node 0: it reads no feature");
    check_refused(ONE_TREE(TREE("1,-1", "2,-1,-1", "0", "", "")),
                  CLARY_BAD_MODEL,
                  "model: tree 0: its arrays differ in length");
    check_refused(ONE_TREE("{}"), CLARY_BAD_MODEL,
                  "model: tree 0 has no nodes");
}

#define SPLIT_BY_SET "\"split_type\":[1,0,0],"
#define SETS(nodes, begins, sizes, codes)                                      \
    "\"categories_nodes\":[" nodes "],\"categories_segments\":[" begins        \
    "],\"categories_sizes\":[" sizes "],\"categories\":[" codes "],"
#define SET_TREE(sets) TREE("1,-1,-1", "2,-1,-1", "0", SPLIT_BY_SET, sets)

TEST(categories_go_right_and_all_others_left)
{
    static const struct {
        float x, expected;
    } cases[] = {{3, 3},  {40, 3},   {3.5f, 3}, {4, 2},
                 {-3, 2}, {1e9f, 2}, {NAN, 3},  {-0.5f, 2}};
    float margin, value;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        score(ONE_TREE(SET_TREE(SETS("0", "0", "2", "3,40"))), cases[i].x, 0,
              &margin, &value);
        CHECK(margin == cases[i].expected);
    }
}

TEST(categories_that_do_not_add_up)
{
    static const struct {
        const char *model, *message;
    } cases[] = {
        {ONE_TREE(SET_TREE("")), "it splits by category and has no categories"},
        {ONE_TREE(SET_TREE(SETS("1", "0", "1", "3"))),
         "it splits by category and has no categories"},
        {ONE_TREE(SET_TREE(SETS("0", "0", "2", "3"))),
         "its categories are out of range"},
        {ONE_TREE(SET_TREE(SETS("0", "-1", "1", "3"))),
         "its categories are out of range"},
        {ONE_TREE(SET_TREE(SETS("0", "0", "1", "16777216"))),
         "a category is not in 0 .. 2^24 - 1"},
        {ONE_TREE(SET_TREE(SETS("0", "0", "1", "-1"))),
         "a category is not in 0 .. 2^24 - 1"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STATUS(load_text(cases[i].model), CLARY_BAD_MODEL);
        CHECK(strstr(why.message, cases[i].message) != NULL);
        unload(&loaded);
    }
}

TEST(counts_that_contradict_each_other)
{
    check_refused(MODEL("reg:squarederror", PARAM("0"), BOOSTER(STUMP, "0,0")),
                  CLARY_BAD_MODEL, "model: 1 trees, and tree_info has 2");
    check_refused(MODEL("reg:squarederror", PARAM("0"), BOOSTER(STUMP, "1")),
                  CLARY_BAD_MODEL, "model: tree 0 belongs to output 1 of 1");
    check_refused(
        MODEL("reg:squarederror", PARAM("[1,2]"), BOOSTER(STUMP, "0")),
        CLARY_BAD_MODEL, "model: 2 values of base_score for 1 outputs");
    check_refused(
        MODEL("reg:squarederror", PARAM("[1,x]"), BOOSTER(STUMP, "0")),
        CLARY_BAD_MODEL, "model: base_score \"[1,x]\" is no number");
    check_refused(MODEL("reg:squarederror", PARAM("0"),
                        "{\"name\":\"dart\",\"weight_drop\":[1,1],"
                        "\"gbtree\":" BOOSTER(STUMP, "0") "}"),
                  CLARY_BAD_MODEL, "model: 1 trees, and weight_drop has 2");
    check_refused(MODEL("reg:squarederror", PARAM("0"),
                        "{\"name\":\"gblinear\",\"model\":{\"weights\":"
                        "[1,2]}}"),
                  CLARY_BAD_MODEL, "model: 2 weights, expected 3 x 1");
    check_refused(MODEL("reg:squarederror",
                        "{\"base_score\":\"0\",\"num_feature\":\"0\"}",
                        BOOSTER(STUMP, "0")),
                  CLARY_UNSUPPORTED,
                  "model: 0 features, expected 1 to 16777216");
    check_refused(MODEL("multi:softprob",
                        "{\"base_score\":\"0\",\"num_feature\":\"2\","
                        "\"num_class\":\"3\",\"num_target\":\"2\"}",
                        BOOSTER(STUMP, "0")),
                  CLARY_UNSUPPORTED,
                  "model: 3 classes of 2 targets; train one model for each "
                  "target");
    check_refused("{\"learner\":{},\"learner\":{}}", CLARY_BAD_MODEL,
                  "model, byte 24: a second learner");
}
