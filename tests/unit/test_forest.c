/* test_forest.c: the forest op against its specification, bit by bit, with
 * every table of kernels, over all the layouts that it may choose.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/forest_subject.h"

static void use_table(const char *name)
{
    struct clary_error err;

    setenv("CLARY_CPU", name, 1);
    CHECK_STATUS(clary_kernels_init(&err), CLARY_OK);
    unsetenv("CLARY_CPU");
}

enum { MOST_ROWS = 450, ALL_COUNTS_UP_TO = 67 };

/* Every number of rows up to 67 and some larger ones, from changing places. */
static void check_rows(struct subject *subject,
                       const struct clary_forest *forest, const void *x,
                       const void *expected)
{
    static const size_t more[] = {95, 96, 97, 191, 192, 193, 288, MOST_ROWS};

    for (size_t rows = 0; rows <= ALL_COUNTS_UP_TO; rows++)
        if (!agrees(subject, forest, x, expected, rows * 5, rows))
            return;
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        if (!agrees(subject, forest, x, expected, 0, more[i]))
            return;
}

static void check_sample(const struct sample_spec *spec)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    struct sample sample = sample_new(spec);
    struct subject subject;
    void *x = sample_rows(&sample, MOST_ROWS);
    void *expected = expect(&sample.forest, x, MOST_ROWS);

    if (!CHECK_STATUS(subject_open(&subject, &sample.forest), CLARY_OK))
        printf("%s\n", subject.err.message);
    else
        for (size_t i = 0; tables[i]; i++) {
            use_table(tables[i]->name);
            check_rows(&subject, &sample.forest, x, expected);
        }
    clary_arena_deinit(&subject.arena);
    free(expected);
    free(x);
    sample_free(&sample);
}

/* --- against the specification -------------------------------------------- */

TEST(xgboost_like)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 5,
                               .n_groups = 1,
                               .n_trees = 20,
                               .n_thresholds = 30};

    for (spec.depth = 1; spec.depth <= 8; spec.depth++)
        check_sample(&spec);
    spec.depth = 0;
    for (spec.n_leaves = 1; spec.n_leaves <= 200; spec.n_leaves += 13)
        check_sample(&spec);
}

TEST(lightgbm_like)
{
    struct sample_spec spec = {.dtype = F64,
                               .n_features = 7,
                               .n_groups = 1,
                               .n_trees = 20,
                               .n_thresholds = 50};

    for (spec.n_leaves = 1; spec.n_leaves <= 256; spec.n_leaves += 51)
        check_sample(&spec);
    spec.linear = true;
    check_sample(&spec);
    spec.weights = true;
    spec.n_groups = 3;
    check_sample(&spec);
}

TEST(every_kind_of_split)
{
    struct sample_spec spec = {.n_features = 3,
                               .n_groups = 3,
                               .n_trees = 30,
                               .n_leaves = 40,
                               .n_thresholds = 40,
                               .any_split = true};

    for (unsigned i = 0; i < 32; i++) {
        spec.dtype = i & 1 ? F64 : F32;
        spec.categories = i & 2;
        spec.weights = i & 4;
        spec.base_first = i & 8;
        spec.divisor = i & 16 ? 7 : 0;
        check_sample(&spec);
    }
}

/* Trees that can be blended and trees that cannot in one forest. */
TEST(trees_about_the_largest_that_is_blended)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 4,
                               .n_groups = 2,
                               .n_trees = 8,
                               .n_leaves = 700};

    check_sample(&spec);
    spec.dtype = F64;
    check_sample(&spec);
}

TEST(one_feature_of_many_thresholds)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 1,
                               .n_groups = 1,
                               .n_trees = 60,
                               .n_leaves = 255};

    check_sample(&spec); /* some 7,000: many columns of bytes */
    spec.n_leaves = 30000;
    spec.n_trees = 6;
    spec.dtype = F64;
    check_sample(&spec); /* over 65,535: two columns of shorts */
}

TEST(many_features)
{
    struct sample_spec spec = {.dtype = F32,
                               .n_features = 3000,
                               .n_groups = 1,
                               .n_trees = 50,
                               .n_leaves = 64};

    check_sample(&spec);
}

TEST(no_trees)
{
    struct sample_spec spec = {.dtype = F32, .n_features = 2, .n_groups = 2};

    check_sample(&spec);
    spec.base_first = true;
    spec.divisor = 3;
    check_sample(&spec);
}

/* --- by hand -------------------------------------------------------------- */

TEST(margins_by_hand)
{
    static const float x[] = {2, 0,  2.5F, 1,  3, 33.9F, NAN, 1,
                              3, 32, 3,    -1, 3, NAN,   3,   65};
    static const float expected[] = {101.5F, 102.5F, 102.5F, 101.5F,
                                     104.5F, 104.5F, 104.5F, 104.5F};
    struct subject subject;
    struct clary_op_info info;

    CHECK_STATUS(subject_open(&subject, &hand), CLARY_OK);
    CHECK(
        agrees(&subject, &hand, (const char *)x, (const char *)expected, 0, 8));
    clary_program_op_info(subject.program, 0, &info);
    CHECK_STR(info.kind, "forest");
    CHECK_STR(info.details, "2 trees, depth 2, 4 leaves -> 1");
    CHECK_INT(info.n_parameters, 7);
    clary_arena_deinit(&subject.arena);
}
