/* test_xgboost_rows.c: the golden rows of XGBoost are where they should be, and
 * every format says the same.
 *
 * tests/golden/xgboost/formats holds what each version of XGBoost trains of
 * boosters and objectives, in every format that it writes (formats.py there).
 * Margins have the bits of XGBoost, in each format; what an objective makes of
 * them may be one unit in the last place off.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/xgboost_golden.h"

/* --- the rows are where they should be --- */

static bool is_in_set(const struct clary_category_set *set, float x)
{
    uint32_t code;

    if (!(x >= 0 && x < 16777216.0f))
        return false;
    code = (uint32_t)x;
    return code / 32 < set->n_words &&
           (set->words[code / 32] >> code % 32 & 1) != 0;
}

static bool goes_left(const struct loaded *loaded,
                      const struct clary_forest_node *node, float x)
{
    const struct clary_category_set *sets = loaded->learner->sets.data;

    if (isnan(x))
        return node->default_left;
    return node->split == CLARY_SPLIT_CATEGORY
               ? is_in_set(&sets[node->category], x)
               : x < (float)node->threshold;
}

enum { AT = 1, BELOW = 2, ABOVE = 4 };

/* Which side of its threshold a row has been on, in `sides`, at each node that
 * it passes. */
static void walk(const struct loaded *loaded, const float *row,
                 unsigned char *sides)
{
    const struct clary_forest_node *nodes = loaded->learner->nodes.data;
    const int32_t *roots = loaded->learner->roots.data;

    for (size_t t = 0; t < loaded->learner->roots.n; t++)
        for (int32_t at = roots[t]; at >= 0;) {
            const struct clary_forest_node *node = &nodes[at];
            float x = row[node->feature], threshold = (float)node->threshold;

            if (x == threshold)
                sides[at] |= AT;
            if (x == nextafterf(threshold, -INFINITY))
                sides[at] |= BELOW;
            if (x == nextafterf(threshold, INFINITY))
                sides[at] |= ABOVE;
            at = goes_left(loaded, node, x) ? node->left : node->right;
        }
}

/* Which sides of its own threshold splits of the same feature above a node let
 * through: below one at the same threshold only what is missing may come. */
static unsigned char admitted(const struct loaded *loaded, size_t node)
{
    const struct clary_forest_node *nodes = loaded->learner->nodes.data;
    float t = (float)nodes[node].threshold;
    float sides[] = {t, nextafterf(t, -INFINITY), nextafterf(t, INFINITY)};
    uint32_t feature = nodes[node].feature;
    unsigned char admitted = AT | BELOW | ABOVE;

    for (size_t at = node; at-- > 0;) { /* parents come before children */
        bool is_left = nodes[at].left == (int32_t)node;

        if (!is_left && nodes[at].right != (int32_t)node)
            continue;
        for (size_t i = 0; i < 3 && nodes[at].feature == feature; i++)
            if (goes_left(loaded, &nodes[at], sides[i]) != is_left)
                admitted &= (unsigned char)~(1u << i);
        node = at;
    }
    return admitted;
}

/* Splits that no row has met on every side it may. */
static size_t count_missed(const struct loaded *loaded,
                           const unsigned char *sides)
{
    const struct clary_forest_node *nodes = loaded->learner->nodes.data;
    size_t n = 0;

    for (size_t node = 0; node < loaded->learner->nodes.n; node++)
        n += nodes[node].split == CLARY_SPLIT_LESS &&
             (sides[node] & admitted(loaded, node)) != admitted(loaded, node);
    return n;
}

TEST(rows_reach_every_split_at_its_threshold_and_beside_it)
{
    size_t n, n_checked = 0;
    const struct golden *golden = cases(&n);

    for (size_t i = 0; i < n; i++) {
        const struct clary_file *file = NULL;
        struct clary_artifact *artifact = open_model(&golden[i], &file);
        size_t n_rows, n_columns;
        struct loaded loaded;

        if (file) {
            float *x = read_table(rows_of(&golden[i]), &n_rows, &n_columns);
            load_bytes(&loaded, file->bytes, file->len, CLARY_TREES_ALL);
            unsigned char *sides = calloc(loaded.learner->nodes.n + 1, 1);

            for (size_t r = 0; r < n_rows; r++)
                walk(&loaded, x + r * n_columns, sides);
            n_checked += loaded.learner->nodes.n;
            if (!CHECK_INT(count_missed(&loaded, sides), 0))
                printf("  in %s\n", golden[i].name);
            free(sides);
            free(x);
            unload(&loaded);
        }
        clary_artifact_close(artifact);
    }
    CHECK(n_checked > 1500);
}

/* Missing, -0.0, 0.0, Inf and -Inf in every column, unless the model is linear:
 * XGBoost tells none of its infinities. */
TEST(rows_hold_what_is_special_in_every_column)
{
    size_t n;
    const struct golden *golden = cases(&n);

    for (size_t i = 0; i < n; i++) {
        size_t n_rows, n_columns;
        float *x = read_table(rows_of(&golden[i]), &n_rows, &n_columns);
        bool is_linear = strstr(golden[i].name, "linear") ||
                         strstr(golden[i].name, "pickle3");
        unsigned expected = is_linear ? 7 : 31;

        for (size_t c = 0; c < n_columns; c++) {
            unsigned seen = 0;

            for (size_t r = 0; r < n_rows; r++) {
                float value = x[r * n_columns + c];

                seen |= isnan(value) ? 1u : 0;
                if (value == 0)
                    seen |= signbit(value) ? 2u : 4u;
                if (isinf(value))
                    seen |= value < 0 ? 8u : 16u;
            }
            if (!CHECK_INT(seen, expected))
                printf("  in %s, column %zu\n", golden[i].name, c);
        }
        free(x);
    }
}

/* --- every format of every booster with every objective --- */

/* What the files of one folder of an archive share. */
struct rows {
    char folder[128];
    float *x, *margins, *scores;
    size_t n_rows, n_columns, n_groups, n_outputs;
};

static bool is_in(const struct clary_file *file, const char *folder)
{
    size_t len = strlen(folder);

    return strncmp(file->path, folder, len) == 0 && file->path[len] == '/' &&
           strchr(file->path + len + 1, '/') == NULL;
}

static float *read_csv(const struct clary_artifact *artifact,
                       const char *folder, const char *name, size_t *n_rows,
                       size_t *n_columns)
{
    const struct clary_file *file;
    char path[256], *text;
    float *cells;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = clary_artifact_find(artifact, path);
    if (!CHECK(file != NULL))
        exit(1);
    text = strndup((const char *)file->bytes, file->len);
    cells = read_table(text, n_rows, n_columns);
    free(text);
    return cells;
}

static void read_rows(const struct clary_artifact *artifact, struct rows *rows)
{
    size_t n;

    rows->x = read_csv(artifact, rows->folder, "rows.csv", &rows->n_rows,
                       &rows->n_columns);
    rows->margins =
        read_csv(artifact, rows->folder, "margin.csv", &n, &rows->n_groups);
    CHECK_INT(n, rows->n_rows);
    rows->scores =
        read_csv(artifact, rows->folder, "score.csv", &n, &rows->n_outputs);
    CHECK_INT(n, rows->n_rows);
}

static int64_t worst_of(const float *a, const float *b, size_t n)
{
    int64_t worst = 0;

    for (size_t i = 0; i < n; i++) {
        bool same = isnan(a[i]) && isnan(b[i]);

        if (!same && ulps(a[i], b[i]) > worst)
            worst = ulps(a[i], b[i]);
    }
    return worst;
}

static void check_model(const struct clary_file *file, const struct rows *rows)
{
    size_t n = rows->n_rows;
    float *margins = calloc(n * rows->n_groups, sizeof *margins);
    float *scores = calloc(n * rows->n_outputs, sizeof *scores);
    struct loaded loaded;
    bool ok;

    load_bytes(&loaded, file->bytes, file->len, CLARY_TREES_AUTO);
    ok = CHECK_STATUS(loaded.status, CLARY_OK) &&
         CHECK_INT(loaded.built.n_groups, rows->n_groups) &&
         CHECK_INT(loaded.built.n_outputs, rows->n_outputs) &&
         CHECK_INT(loaded.learner->n_features, rows->n_columns) &&
         run_rows(&loaded, rows->x, n, margins, scores);
    if (ok)
        ok = CHECK_INT(worst_of(margins, rows->margins, n * rows->n_groups), 0);
    if (ok)
        ok = CHECK(worst_of(scores, rows->scores, n * rows->n_outputs) <= 1);
    if (!ok)
        printf("  in %s: %s\n", file->path, why.message);
    unload(&loaded);
    free(margins);
    free(scores);
}

/* Every model of an archive; their number. Files come sorted by path. */
static size_t check_archive(const char *path)
{
    struct clary_artifact *artifact;
    struct rows rows = {.folder = ""};
    size_t n_models = 0;

    if (!CHECK_STATUS(clary_artifact_open(path, NULL, &artifact, &why),
                      CLARY_OK))
        return 0;
    for (size_t i = 0; i < artifact->n_files; i++) {
        const struct clary_file *file = &artifact->files[i];

        if (strstr(file->path, ".csv"))
            continue;
        if (!is_in(file, rows.folder)) {
            free(rows.x);
            free(rows.margins);
            free(rows.scores);
            snprintf(rows.folder, sizeof rows.folder, "%.*s",
                     (int)(strrchr(file->path, '/') - file->path), file->path);
            read_rows(artifact, &rows);
        }
        check_model(file, &rows);
        n_models++;
    }
    free(rows.x);
    free(rows.margins);
    free(rows.scores);
    clary_artifact_close(artifact);
    return n_models;
}

TEST(every_format_of_every_booster_with_every_objective)
{
    static const struct {
        const char *version;
        size_t n_models;
    } archives[] = {{"0.72.1", 156},
                    {"1.0.2", 240},
                    {"1.7.6", 461},
                    {"3.0.5", 501},
                    {"3.4.1", 360}};
    char path[128];

    for (size_t i = 0; i < sizeof archives / sizeof archives[0]; i++) {
        snprintf(path, sizeof path, FOLDER "/formats/%s.tar.gz",
                 archives[i].version);
        size_t n = check_archive(path);

        if (!CHECK(n == archives[i].n_models))
            printf("  %zu in %s\n", n, path);
    }
}
