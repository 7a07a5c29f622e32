/* test_explain.c: the contributions of the golden models against those of the
 * libraries that trained them, and against the margins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/model.h"
#include "tests/test.h"

#include <clary/clary.h>

#include <glob.h>
#include <stdlib.h>

static struct clary_error err;

/* --- tables --------------------------------------------------------------- */

/* Numbers of CSV; an empty cell is NaN. */
struct table {
    double *cells;
    size_t n_rows, n_columns;
};

static char *read_file(const char *folder, const char *name)
{
    char path[512];
    char *text = NULL;
    size_t size = 0;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    if (getdelim(&text, &size, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

/* Of a file that may begin with a header; no cells: there is no such file. */
static struct table read_table(const char *folder, const char *name)
{
    struct table table = {NULL, 0, 1};
    char *text = read_file(folder, name), *p = text;
    size_t n = 0;

    if (text == NULL)
        return table;
    table.cells = malloc((strlen(text) + 1) * sizeof *table.cells);
    if (strchr("-.,0123456789\n", *p) == NULL) /* no number begins so */
        p = strchr(p, '\n') + 1;
    while (*p != '\0') {
        table.cells[n] = (double)NAN;
        if (*p != ',' && *p != '\n') /* strtod would pass over a line's end */
            table.cells[n] = strtod(p, &p);
        n++;
        table.n_rows += *p == '\n';
        p++;
    }
    table.n_columns = n / table.n_rows;
    free(text);
    return table;
}

/* --- a case --------------------------------------------------------------- */

/* What a library of origin wrote, and which rows it is for. */
struct library {
    const char *pattern, *model;
    const char *rows, *margins;
    size_t every; /* one row of so many is explained */
    size_t n_cases, n_refused;
    const char *unlike; /* a case whose library has others */
};

static const struct library libraries[] = {
    {"tests/golden/xgboost/*/MADE.md", "model.tar.gz", "input.csv",
     "expected_margin.csv", 4, 57, 3, "dart-0721"},
    {"tests/golden/lightgbm/*/MADE.md", "model.txt", "edges.csv",
     "edges_raw.csv", 5, 34, 2, "none"},
};

/* Within 1e-5, and float's own precision for what is large. */
static bool is_near(double a, double b)
{
    return fabs(a - b) <= 1e-5 + 1e-6 * fabs(b);
}

/* Row `row` of `rows` in the dtype that the model reads. */
static void load_row(const struct table *rows, size_t row,
                     enum clary_dtype dtype, void *to)
{
    for (size_t c = 0; c < rows->n_columns; c++) {
        double value = rows->cells[row * rows->n_columns + c];
        if (dtype == CLARY_DTYPE_F32)
            ((float *)to)[c] = (float)value;
        else
            ((double *)to)[c] = value;
    }
}

static double number(const struct clary_field *field, const void *values,
                     size_t i)
{
    return field->dtype == CLARY_DTYPE_F32 ? (double)((const float *)values)[i]
                                           : ((const double *)values)[i];
}

/* How many numbers of one row are off; `y` holds them. */
static size_t compare(const struct clary_field *field, const void *y,
                      const double *expected, const double *margins)
{
    const size_t n = (size_t)field->shape.dim[field->shape.rank - 1];
    size_t n_off = 0;

    for (size_t g = 0; g < field->width / n; g++) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) {
            n_off += !is_near(number(field, y, g * n + i), expected[g * n + i]);
            sum += number(field, y, g * n + i);
        }
        n_off += !is_near(sum, margins[g]);
    }
    return n_off;
}

static void check_rows(const struct library *library, const char *folder,
                       const struct clary_model *model,
                       const struct table *expected)
{
    const struct clary_explainer *explainer = clary_model_explainer(model);
    const struct clary_field *field = clary_explainer_field(explainer);
    struct table rows = read_table(folder, library->rows);
    struct table margins = read_table(folder, library->margins);
    struct clary_arena arena;
    size_t n_off = 0;

    clary_arena_init(&arena, (size_t)1 << 30);
    void *x = clary_arena_calloc(&arena, rows.n_columns, sizeof(double));
    void *y = clary_arena_calloc(&arena, field->width, sizeof(double));
    void *scratch =
        clary_arena_alloc(&arena, clary_explainer_scratch_bytes(explainer));
    CHECK_INT(expected->n_columns, field->width);
    CHECK_INT(expected->n_rows,
              (rows.n_rows + library->every - 1) / library->every);
    CHECK_INT(margins.n_rows, rows.n_rows);
    for (size_t r = 0; r < expected->n_rows; r++) {
        load_row(&rows, r * library->every, field->dtype, x);
        clary_explain(explainer, x, 1, scratch, y);
        n_off +=
            compare(field, y, expected->cells + r * expected->n_columns,
                    margins.cells + r * library->every * margins.n_columns);
    }
    if (!CHECK_INT(n_off, 0))
        printf("in %s\n", folder);
    clary_arena_deinit(&arena);
    free(rows.cells);
    free(margins.cells);
}

/* Whether the case is explained. */
static bool check_case(const struct library *library, const char *folder)
{
    struct table expected = read_table(folder, "contributions.csv");
    const struct clary_field *field;
    struct clary_model *model;
    char path[512];

    snprintf(path, sizeof path, "%s/%s", folder, library->model);
    if (!CHECK_STATUS(clary_model_load(path, NULL, &model, &err), CLARY_OK))
        return false;
    bool is_explained =
        clary_model_contributions(model, &field, &err) == CLARY_OK;
    bool is_unlike = strstr(folder, library->unlike) != NULL;
    if (!CHECK_INT(is_explained, expected.cells != NULL || is_unlike))
        printf("in %s\n", folder);
    if (is_explained && expected.cells != NULL)
        check_rows(library, folder, model, &expected);
    clary_model_free(model);
    free(expected.cells);
    return is_explained;
}

TEST(golden_models)
{
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        const struct library *library = &libraries[i];
        size_t n_refused = 0;
        glob_t found;

        CHECK_INT(glob(library->pattern, 0, NULL, &found), 0);
        for (size_t c = 0; c < found.gl_pathc; c++) {
            char *folder = found.gl_pathv[c];
            *strrchr(folder, '/') = '\0';
            n_refused += !check_case(library, folder);
        }
        CHECK_INT(found.gl_pathc, library->n_cases);
        CHECK_INT(n_refused, library->n_refused);
        globfree(&found);
    }
}
