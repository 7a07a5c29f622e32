/* golden.h: the cases of tests/golden/savedmodel, for tests.
 *
 * The folder is that of the repository whose root the program runs in, or
 * $CLARY_GOLDEN. Cases are loaded once and kept until the program ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TESTS_GOLDEN_H
#define CLARY_TESTS_GOLDEN_H

#include "tests/test.h"

#include <clary/clary.h>

#include <glob.h>
#include <stdlib.h>

struct golden {
    const char *folder, *name;
    const char *refused; /* what the reason must hold; NULL: it is served */
    enum clary_status status;
    struct clary_error err;
    struct clary_model *model; /* NULL when it was refused */
    char *input, *expected;    /* the rows as CSV */
    size_t n_rows;
};

enum { GOLDEN_MAX = 100 };

/* The file, NUL-terminated; free it. NULL when it cannot be read. */
__attribute__((unused)) static char *golden_read(const char *folder,
                                                 const char *name, size_t *len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *text = NULL;
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    text = malloc(size + 1);
    if (text != NULL && fread(text, 1, size, file) == size)
        text[size] = '\0';
    fclose(file);
    if (len != NULL)
        *len = size;
    return text;
}

static size_t golden_lines(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void golden_load(struct golden *golden, const char *folder)
{
    char path[512];
    golden->folder = strdup(folder);
    golden->name = strrchr(golden->folder, '/') + 1;
    golden->input = golden_read(folder, "input.csv", NULL);
    golden->expected = golden_read(folder, "expected.csv", NULL);
    char *refused = golden_read(folder, "refused", NULL);
    if (refused != NULL)
        refused[strcspn(refused, "\n")] = '\0';
    golden->refused = refused;
    snprintf(path, sizeof path, "%s/model.tar.gz", folder);
    golden->status = clary_model_load(path, NULL, &golden->model, &golden->err);
    if (golden->input == NULL || golden->expected == NULL) {
        printf("%s lacks input.csv or expected.csv\n", folder);
        exit(1);
    }
    golden->n_rows = golden_lines(golden->input);
}

/* All cases, in the order of their names; `n` gets their number. */
static const struct golden *golden_cases(size_t *n)
{
    static struct golden cases[GOLDEN_MAX];
    static size_t count;
    const char *root = getenv("CLARY_GOLDEN");
    struct clary_error err;
    char pattern[512];
    glob_t found;
    if (count == 0) {
        snprintf(pattern, sizeof pattern, "%s/*/model.tar.gz",
                 root == NULL ? "tests/golden/savedmodel" : root);
        if (clary_init(4, &err) != CLARY_OK ||
            glob(pattern, 0, NULL, &found) != 0 ||
            found.gl_pathc > GOLDEN_MAX) {
            printf("%s finds no cases, or too many\n", pattern);
            exit(1);
        }
        for (; count < found.gl_pathc; count++) {
            char *path = found.gl_pathv[count];
            *strrchr(path, '/') = '\0';
            golden_load(&cases[count], path);
        }
        globfree(&found);
    }
    *n = count;
    return cases;
}

/* The case, or the end of the program: tests cannot do without it. */
__attribute__((unused)) static const struct golden *golden_case(
    const char *name)
{
    size_t n;
    const struct golden *cases = golden_cases(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(cases[i].name, name) == 0 && cases[i].model != NULL)
            return &cases[i];
    printf("there is no model of the golden case %s\n", name);
    exit(1);
}

#endif
