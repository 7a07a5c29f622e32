/* test_metrics_features.c: names, ranges and counters of a model's columns.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "invoke/model.h"
#include "serve/metrics_features.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <math.h>
#include <stdlib.h>

#define ID8 "tests/golden/savedmodel/identity8/model.tar.gz"

static struct clary_error err;

enum { MAX_FILES = 32 };

/* identity8 with files of ours in its artifact. */
struct altered {
    struct clary_artifact *original;
    struct clary_artifact artifact;
    struct clary_file files[MAX_FILES];
    struct clary_model *model;
    struct features *features;
    enum clary_status learned;
};

static void add_file(struct altered *altered, const char *path,
                     const char *text)
{
    if (text != NULL)
        altered->files[altered->artifact.n_files++] = (struct clary_file){
            path, (const unsigned char *)text, strlen(text)};
}

static void alter(struct altered *altered, const char *baseline,
                  const char *golden)
{
    *altered = (struct altered){0};
    CHECK_STATUS(clary_artifact_open(ID8, NULL, &altered->original, &err),
                 CLARY_OK);
    altered->artifact = *altered->original;
    memcpy(altered->files, altered->original->files,
           altered->original->n_files * sizeof(struct clary_file));
    altered->artifact.files = altered->files;
    add_file(altered, "clary/baseline.json", baseline);
    add_file(altered, "clary/golden.csv", golden);
    CHECK_STATUS(clary_model_load_artifact(&altered->artifact, NULL,
                                           &altered->model, &err),
                 CLARY_OK);
    altered->features = features_new(altered->model);
    altered->learned = features_learn(altered->features, altered->model, &err);
}

static void restore(struct altered *altered)
{
    features_free(altered->features);
    clary_model_free(altered->model);
    clary_artifact_close(altered->original);
}

static float min_of(const struct altered *altered, size_t i)
{
    return features_ranges(altered->features)->min[i];
}

static float max_of(const struct altered *altered, size_t i)
{
    return features_ranges(altered->features)->max[i];
}

TEST(ranges_of_nothing)
{
    struct altered altered;
    char name[8];

    alter(&altered, NULL, NULL);
    CHECK_STATUS(altered.learned, CLARY_OK);
    CHECK_INT(features_count(altered.features), 8);
    for (size_t i = 0; i < 8; i++) {
        snprintf(name, sizeof name, "[%zu]", i);
        CHECK(strstr(features_name(altered.features, i), name) != NULL);
        CHECK(!features_has_range(altered.features, i));
        CHECK(min_of(&altered, i) == -INFINITY);
        CHECK(max_of(&altered, i) == INFINITY);
    }
    restore(&altered);
}

TEST(ranges_of_golden_rows)
{
    struct altered altered;

    alter(&altered, NULL,
          "a,b,c,d,e,f,g,h,out\r\n"
          "1,0.1,3,,5,x,7,8,1\r\n"
          "\r\n"
          "-1,0.1,4,,nan,true,7,1e300,1\r\n");
    CHECK_STATUS(altered.learned, CLARY_OK);
    CHECK_STR(features_name(altered.features, 0), "a");
    CHECK_STR(features_name(altered.features, 7), "h");
    CHECK(min_of(&altered, 0) == -1 && max_of(&altered, 0) == 1);
    /* 0.1 is no float32: the range is what is round it */
    CHECK((double)min_of(&altered, 1) < 0.1 &&
          (double)max_of(&altered, 1) >= 0.1);
    CHECK(nextafterf(min_of(&altered, 1), 1) == max_of(&altered, 1));
    CHECK(!features_has_range(altered.features, 3));
    CHECK(min_of(&altered, 4) == 5 && max_of(&altered, 4) == 5);
    CHECK(min_of(&altered, 5) == 1 && max_of(&altered, 5) == 1);
    CHECK(min_of(&altered, 7) == 8 && max_of(&altered, 7) == INFINITY);
    restore(&altered);
}

/* By the columns' names; and as inspect, /metrics and messages print those of
 * columns that have none, or as they may be spelt. */
TEST(a_baseline_wins)
{
    static const char *const baselines[] = {
        "{\"b\": {\"min\": -5, \"max\": 5, \"mean\": 0},"
        " \"c\": {\"max\": 7}, \"h\": {\"min\": 1, \"max\": null},"
        " \"target\": {\"min\": 0, \"max\": 1}}",
        "{\"keras_tensor[1]\": {\"min\": -5, \"max\": 5},"
        " \"keras_tensor.2\": {\"max\": 7}, \"h\": {\"min\": 1},"
        " \"keras_tensor[8]\": {\"min\": 0}, \"keras_tensor[0\": {}}"};
    struct altered altered;

    for (size_t i = 0; i < sizeof baselines / sizeof baselines[0]; i++) {
        alter(&altered, baselines[i],
              "a,b,c,d,e,f,g,h,out\n1,2,3,4,5,6,7,8,1\n");
        CHECK_STATUS(altered.learned, CLARY_OK);
        CHECK(!features_has_range(altered.features, 0));
        CHECK(min_of(&altered, 1) == -5 && max_of(&altered, 1) == 5);
        CHECK(min_of(&altered, 2) == -INFINITY && max_of(&altered, 2) == 7);
        CHECK(min_of(&altered, 7) == 1 && max_of(&altered, 7) == INFINITY);
        restore(&altered);
    }
}

TEST(a_bad_baseline)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "not JSON"},
        {"{\"b\": {\"min\": 1", "not JSON"},
        {"[1]", "object of columns"},
        {"{\"a\": {\"min\": 0}, \"b\": 3}", "\"b\" is not an object"},
        {"{\"b\": {\"min\": \"x\"}}", "\"min\" that is not a number"},
        {"{\"a\": {\"min\": 0}, \"b\": {\"min\": 2, \"max\": 1}}", "above"},
        {"{\"z\": {\"min\": 1}}", "no column of the model"},
    };
    struct altered altered;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        alter(&altered, cases[i].text, "a,b,c,d,e,f,g,h,out\n");
        CHECK_STATUS(altered.learned, CLARY_BAD_INPUT);
        CHECK(strstr(err.message, cases[i].says) != NULL);
        for (size_t f = 0; f < 8; f++)
            CHECK(!features_has_range(altered.features, f));
        restore(&altered);
    }
}

TEST(feature_counters)
{
    struct clary_column_counts odd[8] = {[2] = {3, 4}, [7] = {0, 1}};
    struct altered altered;
    struct feature_counts counts;

    alter(&altered, NULL, NULL);
    for (size_t thread = 0; thread < 20; thread++)
        features_add(altered.features, thread, odd, 3);
    features_add(altered.features, 0, NULL, 8);
    features_add(altered.features, 0, NULL, 9); /* there is none */
    for (size_t i = 0; i < 8; i++) {
        features_read(altered.features, i, &counts);
        CHECK_INT(counts.missing, odd[i].n_missing * 20);
        CHECK_INT(counts.out_of_range, odd[i].n_outside * 20);
        CHECK_INT(counts.unparsable, i == 2 ? 20 : i == 7);
    }
    restore(&altered);
}
