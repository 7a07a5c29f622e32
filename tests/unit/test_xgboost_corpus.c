/* test_xgboost_corpus.c: the margins of XGBoost models from elsewhere, where
 * the folder that holds them is there: ../shared/models/xgboost, or that of
 * $CLARY_SHARED_MODELS.
 *
 * Margins of the library itself are met to the bit, those of other programs,
 * or printed with fewer digits, to 1e-6. Predictions are in
 * tests/corpus/test_shared_xgboost.py.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/xgboost_golden.h"

/* One case: a file of margins, and which trees are meant. */
static const struct {
    const char *file;
    enum clary_trees trees;
    int64_t n_trees; /* 0: as `trees` says */
} margins_of[] = {
    {"expected_margin.csv", CLARY_TREES_ALL, 0},
    {"expected_margin_all_trees.csv", CLARY_TREES_ALL, 0},
    {"expected_margin_ntree10.csv", CLARY_TREES_AUTO, 10},
};

static bool is_same_library(const char *folder)
{
    return strstr(folder, "/ours-1.7.4/") || strstr(folder, "/sagemaker/");
}

static void load_case(struct loaded *loaded, const char *bytes, size_t len,
                      size_t which)
{
    load_bytes(loaded, bytes, len, margins_of[which].trees);
    if (loaded->status != CLARY_OK || !margins_of[which].n_trees)
        return;
    loaded->learner->best_trees = margins_of[which].n_trees;
    loaded->status = build_loaded(loaded, margins_of[which].trees);
}

static bool is_near(float got, float expected, bool is_same)
{
    return is_same ? ulps(got, expected) == 0
                   : fabsf(got - expected) <= 1e-6f * fabsf(expected);
}

static void check_margins(struct loaded *loaded, const char *folder,
                          size_t which)
{
    char *rows = golden_read(folder, "input.csv", NULL);
    char *text = golden_read(folder, margins_of[which].file, NULL);
    size_t n_rows, n_columns, n, n_groups, n_far = 0;
    float *x = read_table(rows, &n_rows, &n_columns);
    float *expected = read_table(text, &n, &n_groups);
    float *margins = calloc(n * n_groups, sizeof *margins);

    if (CHECK_INT(n, n_rows) && CHECK_INT(n_groups, loaded->built.n_groups) &&
        CHECK_INT(n_columns, loaded->learner->n_features) &&
        run_rows(loaded, x, n_rows, margins, NULL))
        for (size_t i = 0; i < n * n_groups; i++)
            n_far += !is_near(margins[i], expected[i], is_same_library(folder));
    if (!CHECK_INT(n_far, 0))
        printf("  in %s\n", folder);
    free(margins);
    free(expected);
    free(x);
    free(text);
    free(rows);
}

/* Every model of a folder; their number. */
static size_t check_folder(const char *folder, size_t which)
{
    char pattern[512];
    size_t n = 0;
    glob_t found;

    snprintf(pattern, sizeof pattern, "%s/*model*", folder);
    if (glob(pattern, 0, NULL, &found) != 0)
        return 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *name = strrchr(found.gl_pathv[i], '/') + 1;
        size_t len = 0;
        char *bytes = golden_read(folder, name, &len);
        struct loaded loaded;

        if (bytes && clary_learner_probe(bytes, len)) {
            load_case(&loaded, bytes, len, which);
            if (CHECK_STATUS(loaded.status, CLARY_OK))
                check_margins(&loaded, folder, which);
            unload(&loaded);
            n++;
        }
        free(bytes);
    }
    globfree(&found);
    return n;
}

TEST(margins_of_models_from_elsewhere)
{
    const char *root = getenv("CLARY_SHARED_MODELS");
    size_t n_models = 0, n_folders = 0;
    char pattern[512];
    glob_t found;

    for (size_t w = 0; w < sizeof margins_of / sizeof margins_of[0]; w++) {
        snprintf(pattern, sizeof pattern, "%s/xgboost/*/*/%s",
                 root ? root : "../shared/models", margins_of[w].file);
        if (glob(pattern, 0, NULL, &found) != 0)
            continue;
        for (size_t i = 0; i < found.gl_pathc; i++) {
            *strrchr(found.gl_pathv[i], '/') = '\0';
            n_models += check_folder(found.gl_pathv[i], w);
            n_folders++;
        }
        globfree(&found);
    }
    if (n_folders == 0)
        printf("left out: the XGBoost models, there is no %s\n", pattern);
    else
        CHECK(n_folders >= 31 && n_models >= 97);
}
