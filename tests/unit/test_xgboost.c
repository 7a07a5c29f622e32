/* test_xgboost.c: every golden model of XGBoost, each margin to the bit.
 *
 * tests/golden/xgboost is made by XGBoost itself. Its rows reach every split of
 * every tree at the threshold and one unit in the last place beside it, and
 * hold what is missing, zeros of both signs and infinities (golden.py there).
 * Margins have the same bits; what an objective makes of them may be one unit
 * in the last place off.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/format.h"
#include "tests/unit/xgboost_golden.h"

#include <float.h>
#include <stdarg.h>

/* Text gives categories, not their codes, where there are any. In the plain
 * style: the container's refuses the rows with an infinity. */
TEST(every_prediction_through_the_wire_is_xgboosts)
{
    const struct clary_invoke_options plain = {.style = CLARY_STYLE_PLAIN};
    struct clary_invoke *invoke = clary_invoke_new(&plain);
    size_t n;
    const struct golden *golden = cases(&n);

    CHECK(n >= 50);
    for (size_t i = 0; i < n; i++) {
        struct clary_request request = {"text/csv", "text/csv"};
        struct clary_reply reply;
        char *frame = golden_read(golden[i].folder, "categories.csv", NULL);
        char *scores =
            golden_read(golden[i].folder, "categories_expected.csv", NULL);
        const char *body = frame ? frame : golden[i].input;
        char *text = NULL;

        if (golden[i].status != CLARY_OK ||
            clary_invoke(invoke, golden[i].model, &request, body, strlen(body),
                         &reply, &why) != CLARY_OK) {
            test_fail(TEST_AT);
            printf("%s: %s\n", golden[i].name,
                   golden[i].model ? why.message : golden[i].err.message);
        } else {
            text = strndup(reply.body, reply.len);
            int64_t worst = compare(text, scores ? scores : golden[i].expected);
            if (!CHECK(worst >= 0 && worst <= 1))
                printf("  in %s: %lld units\n", golden[i].name,
                       (long long)worst);
        }
        free(text);
        free(scores);
        free(frame);
    }
    clary_invoke_free(invoke);
}

static void check_margins(const struct golden *golden, struct loaded *loaded)
{
    size_t n_rows, n_columns, n_expected, n_groups;
    float *x = read_table(rows_of(golden), &n_rows, &n_columns);
    char *text = golden_read(golden->folder, "expected_margin.csv", NULL);
    float *expected = read_table(text, &n_expected, &n_groups);
    float *margins = calloc(n_rows * loaded->built.n_groups, sizeof *margins);
    int64_t worst = 0;

    if (CHECK_INT(n_rows, n_expected) &&
        CHECK_INT(n_groups, loaded->built.n_groups) &&
        CHECK_INT(n_columns, loaded->learner->n_features) &&
        run_rows(loaded, x, n_rows, margins, NULL))
        for (size_t i = 0; i < n_rows * n_groups; i++)
            if (ulps(margins[i], expected[i]) > worst)
                worst = ulps(margins[i], expected[i]);
    if (!CHECK_INT(worst, 0))
        printf("  in %s\n", golden->name);
    free(margins);
    free(expected);
    free(text);
    free(x);
}

TEST(every_margin_is_xgboosts_to_the_bit)
{
    size_t n, n_checked = 0;
    const struct golden *golden = cases(&n);

    for (size_t i = 0; i < n; i++) {
        const struct clary_file *file = NULL;
        struct clary_artifact *artifact = open_model(&golden[i], &file);
        struct loaded loaded;

        if (file) {
            load_bytes(&loaded, file->bytes, file->len, CLARY_TREES_AUTO);
            if (CHECK_STATUS(loaded.status, CLARY_OK))
                check_margins(&golden[i], &loaded);
            else
                printf("  %s: %s\n", golden[i].name, why.message);
            unload(&loaded);
            n_checked++;
        }
        clary_artifact_close(artifact);
    }
    CHECK(n_checked >= 45);
}

/* --- which trees, which names --- */

TEST(the_trees_behind_the_best_iteration_can_be_used_too)
{
    const struct golden *golden =
        (cases(&(size_t){0}), golden_case("best-ntree-limit"));
    const struct clary_file *file = NULL;
    struct clary_artifact *artifact = open_model(golden, &file);
    struct clary_model_info info;
    struct loaded best, all;

    load_bytes(&best, file->bytes, file->len, CLARY_TREES_AUTO);
    load_bytes(&all, file->bytes, file->len, CLARY_TREES_ALL);
    CHECK_INT(best.built.n_trees, best.learner->best_trees);
    CHECK(best.built.n_trees < all.built.n_trees);
    CHECK_INT(all.built.n_trees, all.learner->roots.n);
    unload(&best);
    unload(&all);
    clary_artifact_close(artifact);
    clary_model_info(golden->model, &info);
    CHECK(strstr(info.notes, "up to the best iteration") != NULL);
    CHECK_STR(info.framework, "XGBoost 1.7.6");
    CHECK_STR(info.format, "XGBoost");
}

TEST(a_stated_best_iteration_alone_changes_nothing_and_is_told)
{
    const struct golden *golden = golden_case("best-iteration");
    struct clary_model_info info;

    clary_model_info(golden->model, &info);
    CHECK(strstr(info.notes, "as Booster.predict does") != NULL);
}

TEST(a_stated_best_iteration_can_be_used)
{
    const struct golden *golden = golden_case("best-iteration");
    const struct clary_file *file = NULL;
    struct clary_artifact *artifact = open_model(golden, &file);
    struct loaded best, as_it_is;

    load_bytes(&best, file->bytes, file->len, CLARY_TREES_BEST);
    load_bytes(&as_it_is, file->bytes, file->len, CLARY_TREES_AUTO);
    CHECK_INT(best.built.n_trees, best.learner->best_iteration + 1);
    CHECK(best.built.n_trees < as_it_is.built.n_trees);
    unload(&best);
    unload(&as_it_is);
    clary_artifact_close(artifact);
}

TEST(one_of_several_models_can_answer_alone)
{
    const struct clary_load_options options = {.alone = true};
    const struct golden *golden = golden_case("ensemble-mean");
    struct clary_model_info info;
    struct clary_model *model;
    char path[512];

    snprintf(path, sizeof path, "%s/model.tar.gz", golden->folder);
    if (!CHECK_STATUS(clary_model_load(path, &options, &model, &why), CLARY_OK))
        return;
    clary_model_info(model, &info);
    CHECK(strstr(info.notes, "answer together") == NULL);
    clary_model_free(model);
}

TEST(feature_names_name_the_columns_in_any_order)
{
    const struct golden *golden = golden_case("column-names");
    const struct clary_signature *signature =
        clary_model_signature(golden->model);
    struct clary_invoke *invoke = clary_invoke_new(NULL);
    struct clary_request request = {"text/csv", "text/csv"};
    struct clary_reply reply;
    char first[64];
    const char *straight = "income,house age,rooms,bed,\u00fcber\n1,2,,4,5\n";
    const char *turned = "\u00fcber,bed,rooms,house age,income\n5,4,,2,1\n";
    const char *wrong = "income,house age,room,bed,\u00fcber\n1,2,3,4,5\n";

    if (!CHECK(signature->inputs[0].column_names != NULL))
        return;
    CHECK_STR(signature->inputs[0].column_names[1], "house age");
    CHECK_STATUS(clary_invoke(invoke, golden->model, &request, straight,
                              strlen(straight), &reply, &why),
                 CLARY_OK);
    snprintf(first, sizeof first, "%.*s", (int)reply.len, reply.body);
    CHECK_STATUS(clary_invoke(invoke, golden->model, &request, turned,
                              strlen(turned), &reply, &why),
                 CLARY_OK);
    CHECK(reply.len == strlen(first) &&
          memcmp(reply.body, first, reply.len) == 0);
    CHECK_STATUS(clary_invoke(invoke, golden->model, &request, wrong,
                              strlen(wrong), &reply, &why),
                 CLARY_UNREADABLE);
    CHECK_STR(why.message,
              "header, column 3: \"room\" is not an input of the model");
    clary_invoke_free(invoke);
}

TEST(the_names_of_categories_are_kept)
{
    const struct golden *golden = golden_case("categories-named");
    const struct clary_file *file = NULL;
    struct clary_artifact *artifact = open_model(golden, &file);
    struct loaded loaded;

    load_bytes(&loaded, file->bytes, file->len, CLARY_TREES_AUTO);
    if (CHECK_STATUS(loaded.status, CLARY_OK) &&
        CHECK_INT(loaded.learner->n_categories, 2)) {
        const struct clary_learner_categories *kept =
            loaded.learner->categories;

        CHECK_INT(kept[0].column, 1);
        CHECK_INT(kept[0].names.n, 4);
        CHECK_STR(kept[0].names.names[0], "amber");
        CHECK_STR(kept[0].names.names[3], "gr\u00fcn");
        CHECK_INT(kept[1].column, 2);
        CHECK_STR(kept[1].names.names[2], "35");
    }
    unload(&loaded);
    clary_artifact_close(artifact);
}

TEST(several_models_answer_together_and_say_so)
{
    struct clary_model_info info;

    clary_model_info(golden_case("ensemble-mean")->model, &info);
    CHECK(strstr(info.notes, "3 models answer together: the mean") != NULL);
    clary_model_info(golden_case("ensemble-vote")->model, &info);
    CHECK(strstr(info.notes, "3 models answer together: the vote") != NULL);
}

/* --- files of an artifact --- */

static enum clary_status load_files(const struct clary_file *files, size_t n)
{
    struct clary_artifact artifact = {
        .root = "model", .files = files, .n_files = n};
    struct clary_arena arena, temporary;
    struct clary_loading loading = {.artifact = &artifact,
                                    .arena = &arena,
                                    .temporary = &temporary,
                                    .notes = ""};
    const struct clary_format *format;
    enum clary_status status;

    clary_arena_init(&arena, 16 << 20);
    clary_arena_init(&temporary, 16 << 20);
    status = clary_format_detect(&artifact, &format, &why);
    if (status == CLARY_OK)
        status = format->load(&loading, &why);
    clary_arena_deinit(&arena);
    clary_arena_deinit(&temporary);
    return status;
}

static struct clary_file file_of(const char *path, const char *text)
{
    return (struct clary_file){path, (const unsigned char *)text, strlen(text)};
}

#define GOOD(objective) MODEL(objective, PARAM("5E-1"), BOOSTER(STUMP, "0"))

TEST(models_are_found_by_content)
{
    const char *good = GOOD("reg:squarederror");
    struct clary_file beside[] = {file_of("MLmodel", "flavors:\n"),
                                  file_of("any.name", good),
                                  file_of("config.json", "{\"learning\": 1}"),
                                  file_of("sub/deeper", "{\"learner\": 1}")};
    struct clary_file hidden[] = {file_of(".cache/x", good)};
    struct clary_file nested[] = {file_of("sub/m", good)};

    CHECK_STATUS(load_files(beside, 4), CLARY_OK);
    CHECK_STATUS(load_files(hidden, 1), CLARY_BAD_MODEL);
    CHECK_STATUS(load_files(nested, 1), CLARY_OK);
}

TEST(a_pickle_of_anything_else_is_told_unless_a_model_is_beside_it)
{
    static const char scaler[] = "\x80\x02"
                                 "csklearn.preprocessing\nScaler\n.";
    struct clary_file files[] = {file_of("a.pkl", scaler),
                                 file_of("m", GOOD("reg:squarederror"))};

    CHECK_STATUS(load_files(files, 1), CLARY_UNSUPPORTED);
    CHECK_STR(why.message,
              "a.pkl: the pickle names sklearn.preprocessing.Scaler, which is "
              "no part of an XGBoost model; save that with "
              "Booster.save_model");
    CHECK_STATUS(load_files(files, 2), CLARY_OK);
}

TEST(models_that_cannot_answer_together_are_refused)
{
    struct clary_file other[] = {file_of("a", GOOD("reg:squarederror")),
                                 file_of("b", GOOD("binary:logistic"))};
    struct clary_file narrow[] = {
        file_of("a", GOOD("reg:squarederror")),
        file_of("b", MODEL("reg:squarederror",
                           "{\"base_score\":\"0\",\"num_feature\":\"3\"}",
                           BOOSTER(STUMP, "0")))};

    CHECK_STATUS(load_files(other, 2), CLARY_BAD_MODEL);
    CHECK_STR(why.message,
              "a is reg:squarederror of 1 outputs and b is binary:logistic of "
              "1; models in one directory answer together");
    CHECK_STATUS(load_files(narrow, 2), CLARY_BAD_MODEL);
    CHECK_STR(why.message, "a has 2 features and b has 3; models in one "
                           "directory answer together");
}
