/* test_lightgbm_eras.c: the models that LightGBM wrote from 2018 on give its
 * own numbers.
 *
 * tests/golden/lightgbm/eras holds what six versions of LightGBM train of
 * boostings and objectives, with rows at the edges of all splits and what that
 * version predicted for them (eras.py there). Raw scores must have the same
 * bits; predictions may be one unit in the last place off.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/artifact.h"
#include "tests/unit/lightgbm_rows.h"

/* A file of the folder that `model` is in, NUL-terminated; free it. */
static char *beside(const struct clary_artifact *artifact,
                    const struct clary_file *model, const char *name)
{
    const struct clary_file *file;
    char path[256];

    snprintf(path, sizeof path, "%.*s/%s",
             (int)(strrchr(model->path, '/') - model->path), model->path, name);
    file = clary_artifact_find(artifact, path);
    if (!CHECK(file != NULL))
        exit(1);
    return strndup((const char *)file->bytes, file->len);
}

static struct table table_beside(const struct clary_artifact *artifact,
                                 const struct clary_file *model,
                                 const char *name)
{
    char *text = beside(artifact, model, name);
    struct table table = parse_table(text);

    free(text);
    return table;
}

static bool predicts(const char *text, const struct table *rows,
                     const struct table *want, uint64_t allowed)
{
    struct clary_model *model = load_text(text);
    struct table got = {NULL, 0, 0};
    bool ok = CHECK_STR(err.message, "") && CHECK(model != NULL) &&
              CHECK(predict(model, rows, &got)) &&
              CHECK_INT(got.n_rows, want->n_rows) &&
              CHECK_INT(got.n_columns, want->n_columns);

    for (size_t i = 0; ok && i < got.n_rows * got.n_columns; i++)
        ok = CHECK(distance(got.cells[i], want->cells[i]) <= allowed);
    clary_model_free(model);
    free(got.cells);
    return ok;
}

static void check_model(const struct clary_artifact *artifact,
                        const struct clary_file *file)
{
    char *text = beside(artifact, file, "model.txt");
    struct table rows = table_beside(artifact, file, "rows.csv");
    struct table raw = table_beside(artifact, file, "raw.csv");
    struct table score = table_beside(artifact, file, "score.csv");
    bool ok = predicts(text, &rows, &score, 1);

    remove_line(text, "objective=");
    remove_line(text, "average_output");
    if (!ok || !predicts(text, &rows, &raw, 0))
        printf("  in %s\n", file->path);
    free(text);
    free(rows.cells);
    free(raw.cells);
    free(score.cells);
}

static size_t check_archive(const char *path)
{
    struct clary_artifact *artifact;
    size_t n = 0;

    if (!CHECK_STATUS(clary_artifact_open(path, NULL, &artifact, &err),
                      CLARY_OK))
        return 0;
    for (size_t i = 0; i < artifact->n_files; i++) {
        const struct clary_file *file = &artifact->files[i];

        if (!strstr(file->path, "/model.txt"))
            continue;
        n++;
        if (strstr(path, "2.2.3") && strstr(file->path, "rf/sqrt"))
            continue; /* 2.2.1 would have meant something else by it */
        check_model(artifact, file);
    }
    clary_artifact_close(artifact);
    return n;
}

TEST(every_boosting_with_every_objective_of_every_era)
{
    static const struct {
        const char *version;
        size_t n_models;
    } archives[] = {{"2.1.2", 110}, {"2.2.1", 112}, {"2.2.3", 112},
                    {"2.3.1", 112}, {"3.3.5", 136}, {"4.7.0", 135}};
    char path[128];

    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        snprintf(path, sizeof path, FOLDER "/eras/%s.tar.gz",
                 archives[i].version);
        CHECK_INT(check_archive(path), archives[i].n_models);
    }
}
