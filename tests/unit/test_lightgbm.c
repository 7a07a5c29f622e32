/* test_lightgbm.c: LightGBM's text models give LightGBM's own numbers.
 *
 * tests/golden/lightgbm holds models and, for rows at the edges of all their
 * splits, LightGBM's raw scores and predictions (golden.py there). Raw scores
 * must have the same bits; predictions may be one unit in the last place off.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/lightgbm_rows.h"

#include <glob.h>

/* Whether no prediction is further than `allowed` from the expected one; adds
 * to *n how many were compared, and how many are not equal to *off. */
static bool compare(const char *folder, const char *what,
                    const struct table *got, const struct table *want,
                    uint64_t allowed, size_t *n, size_t *off)
{
    const size_t n_cells = want->n_rows * want->n_columns;

    if (!CHECK_INT(got->n_rows, want->n_rows) ||
        !CHECK_INT(got->n_columns, want->n_columns))
        return false;
    for (size_t i = 0; i < n_cells; i++) {
        const uint64_t d = distance(got->cells[i], want->cells[i]);

        *off += d > 0;
        if (d <= allowed)
            continue;
        test_fail(TEST_AT);
        printf("%s, %s, row %zu, output %zu: %.17g, expected %.17g\n", folder,
               what, i / want->n_columns, i % want->n_columns, got->cells[i],
               want->cells[i]);
        return false;
    }
    *n += n_cells;
    return true;
}

/* --- golden models --- */

/* The model of `text` on `input` gives `expected`; false ends the test. */
static bool check_rows(const char *folder, const char *text, const char *input,
                       const char *expected, uint64_t allowed, size_t *n,
                       size_t *off)
{
    struct clary_model *model = load_text(text);
    struct table rows = read_table(folder, input);
    struct table want = read_table(folder, expected), got = {NULL, 0, 0};
    bool ok = CHECK_STR(err.message, "") && CHECK(model != NULL) &&
              CHECK(rows.n_rows > 0) && CHECK(want.n_rows > 0) &&
              CHECK(predict(model, &rows, &got)) &&
              compare(folder, expected, &got, &want, allowed, n, off);

    clary_model_free(model);
    free(rows.cells);
    free(want.cells);
    free(got.cells);
    return ok;
}

static bool exists(const char *folder, const char *name)
{
    char *text = read_file(folder, name);

    free(text);
    return text != NULL;
}

static void each_case(void check(const char *folder, char *text))
{
    glob_t found;

    if (!CHECK_INT(glob(FOLDER "/*/model.txt", 0, NULL, &found), 0))
        return;
    CHECK(found.gl_pathc >= 30);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *text;

        *strrchr(found.gl_pathv[i], '/') = '\0';
        text = read_file(found.gl_pathv[i], "model.txt");
        if (CHECK(text != NULL))
            check(found.gl_pathv[i], text);
        free(text);
    }
    globfree(&found);
}

static void check_raw(const char *folder, char *text)
{
    size_t n = 0, off = 0;

    remove_line(text, "objective=");
    remove_line(text, "average_output");
    check_rows(folder, text, "edges.csv", "edges_raw.csv", 0, &n, &off);
}

TEST(raw_scores_have_the_bits_of_lightgbm)
{
    each_case(check_raw);
}

static size_t n_predictions, n_off;

static void check_predictions(const char *folder, char *text)
{
    check_rows(folder, text, "edges.csv",
               exists(folder, "edges_expected.csv") ? "edges_expected.csv"
                                                    : "edges_raw.csv",
               1, &n_predictions, &n_off);
    check_rows(folder, text, "input.csv", "expected.csv", 1, &n_predictions,
               &n_off);
}

TEST(predictions_are_within_one_unit_in_the_last_place)
{
    each_case(check_predictions);
    if (getenv("CLARY_GOLDEN_TABLE"))
        printf("%zu of %zu predictions are not equal\n", n_off, n_predictions);
}

/* features.txt has a line a column. */
static void check_names(const char *folder, const struct clary_field *field)
{
    char *names = read_file(folder, "features.txt"), *line, *rest = names;
    size_t n = 0;

    while (rest && (line = strsep(&rest, "\n")) && *line)
        if (CHECK(n < field->width))
            CHECK_STR(field->column_names[n++], line);
    CHECK_INT(n, field->width);
    free(names);
}

static void check_fields(const char *folder, char *text)
{
    struct clary_model *model = load_text(text);
    struct clary_model_info info;

    if (!CHECK_STR(err.message, "") || !CHECK(model != NULL))
        return;
    clary_model_info(model, &info);
    CHECK_STR(info.style, "plain");
    CHECK(strncmp(info.framework, "LightGBM v", 10) == 0);
    CHECK_INT(clary_model_signature(model)->n_inputs, 1);
    CHECK_INT(clary_model_signature(model)->inputs[0].dtype, CLARY_DTYPE_F64);
    CHECK_INT(clary_model_signature(model)->outputs[0].dtype, CLARY_DTYPE_F64);
    check_names(folder, &clary_model_signature(model)->inputs[0]);
    clary_model_free(model);
}

TEST(signature_is_double_and_names_columns)
{
    each_case(check_fields);
}
