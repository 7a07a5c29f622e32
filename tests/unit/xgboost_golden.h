/* xgboost_golden.h: the golden cases of XGBoost, for tests.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_XGBOOST_GOLDEN_H
#define CLARY_TESTS_XGBOOST_GOLDEN_H

#include "base/artifact.h"
#include "tests/unit/golden.h"
#include "tests/unit/xgboost_rows.h"

#define FOLDER "tests/golden/xgboost"

__attribute__((unused)) static const struct golden *cases(size_t *n)
{
    setenv("CLARY_GOLDEN", FOLDER, 0);
    return golden_cases(n);
}

/* The numbers of CSV from `text` on, NaN for empty cells; free them. The
 * number of rows and columns in `n_rows` and `n_columns`. */
__attribute__((unused)) static float *read_table(const char *text,
                                                 size_t *n_rows,
                                                 size_t *n_columns)
{
    float *cells = malloc((strlen(text) + 1) * sizeof *cells);
    size_t n = 0;

    *n_rows = 0;
    while (*text) {
        size_t len = strcspn(text, ",\n");

        cells[n++] = len ? strtof(text, NULL) : NAN;
        text += len;
        *n_rows += *text == '\n';
        text++;
    }
    *n_columns = *n_rows ? n / *n_rows : 0;
    return cells;
}

/* The rows of a case, behind its header. */
__attribute__((unused)) static const char *rows_of(const struct golden *golden)
{
    bool has_names = memchr("-.0123456789,", golden->input[0], 13) == NULL;

    return golden->input + (has_names ? strcspn(golden->input, "\n") + 1 : 0);
}

/* How far apart two tables are at most; -1 when their sizes differ. */
__attribute__((unused)) static int64_t compare(const char *a_text,
                                               const char *b_text)
{
    size_t a_rows, a_columns, b_rows, b_columns;
    float *a = read_table(a_text, &a_rows, &a_columns);
    float *b = read_table(b_text, &b_rows, &b_columns);
    int64_t worst = a_rows == b_rows && a_columns == b_columns ? 0 : -1;

    for (size_t i = 0; worst >= 0 && i < a_rows * a_columns; i++)
        if (ulps(a[i], b[i]) > worst)
            worst = ulps(a[i], b[i]);
    free(a);
    free(b);
    return worst;
}

/* The only model of a case's artifact; NULL when there are several. */
__attribute__((unused)) static struct clary_artifact *open_model(
    const struct golden *golden, const struct clary_file **file)
{
    struct clary_artifact *artifact;
    char path[512];

    snprintf(path, sizeof path, "%s/model.tar.gz", golden->folder);
    if (!CHECK_STATUS(clary_artifact_open(path, NULL, &artifact, &why),
                      CLARY_OK))
        return NULL;
    *file = artifact->n_files == 1 ? &artifact->files[0] : NULL;
    return artifact;
}

#endif
