/* categories.c: the values that rows in text have for codes.
 *
 * Numbers are compared as numbers (20 is 20.0, as in pandas) where a double
 * holds them exactly, and else as the text that they are.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/categories.h"

#include "data/cell.h"
#include "data/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whole numbers up to here are doubles. */
#define EXACT_MAX 9007199254740992.0

/* --- order ---------------------------------------------------------------- */

static int compare_codes(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

/* What sorting compares codes by. */
struct order {
    const struct clary_category *list;
};

static int compare_texts(const void *a, const void *b, void *order_of)
{
    const struct clary_category *list = ((struct order *)order_of)->list;
    const uint32_t *x = a, *y = b;
    int order = strcmp(list[*x].text, list[*y].text);
    return order != 0 ? order : compare_codes(*x, *y);
}

static int compare_numbers(const void *a, const void *b, void *order_of)
{
    const struct clary_category *list = ((struct order *)order_of)->list;
    const uint32_t *x = a, *y = b;
    double p = list[*x].number, q = list[*y].number;
    return p != q ? (p > q) - (p < q) : compare_codes(*x, *y);
}

/* To any reader: some take what Python does. */
static bool reads_as_number(const char *text)
{
    double unused;
    return clary_parse_python(text, strlen(text), &unused) !=
           CLARY_NUMBER_MALFORMED;
}

enum clary_status clary_categories_new(struct clary_arena *arena,
                                       const struct clary_category *list,
                                       size_t n, bool unknown_is_missing,
                                       const struct clary_categories **out,
                                       struct clary_error *err)
{
    struct clary_categories *it = clary_arena_calloc(arena, 1, sizeof *it);
    uint32_t *by_text = clary_arena_calloc(arena, n, sizeof *by_text);
    uint32_t *by_number = clary_arena_calloc(arena, n, sizeof *by_number);
    if (it == NULL || by_text == NULL || by_number == NULL)
        return clary_no_memory(err);
    *it = (struct clary_categories){.list = list,
                                    .n = n,
                                    .takes_codes = true,
                                    .unknown_is_missing = unknown_is_missing,
                                    .by_text = by_text,
                                    .by_number = by_number};
    for (size_t c = 0; c < n; c++) {
        if (list[c].text != NULL)
            by_text[it->n_texts++] = (uint32_t)c;
        if (list[c].is_number && fabs(list[c].number) <= EXACT_MAX)
            by_number[it->n_numbers++] = (uint32_t)c;
        if (list[c].is_number ||
            (list[c].text != NULL && reads_as_number(list[c].text)))
            it->takes_codes = false;
    }
    struct order order = {list};
    qsort_r(by_text, it->n_texts, sizeof *by_text, compare_texts, &order);
    qsort_r(by_number, it->n_numbers, sizeof *by_number, compare_numbers,
            &order);
    *out = it;
    return CLARY_OK;
}

/* --- lookup --------------------------------------------------------------- */

/* As strcmp of a text that may hold NUL bytes, which no category does. */
static int compare_text(const char *text, size_t len, const char *category)
{
    int order = strncmp(text, category, len);
    if (order != 0 || memchr(text, '\0', len) != NULL)
        return order != 0 ? order : 1;
    return category[len] == '\0' ? 0 : -1;
}

static bool find_text(const struct clary_categories *categories,
                      const char *text, size_t len, size_t *code)
{
    size_t first = 0, n = categories->n_texts;
    while (n > 0) {
        size_t middle = first + n / 2;
        const char *category =
            categories->list[categories->by_text[middle]].text;
        if (compare_text(text, len, category) > 0) {
            n -= middle + 1 - first;
            first = middle + 1;
        } else {
            n = middle - first;
        }
    }
    if (first == categories->n_texts)
        return false;
    *code = categories->by_text[first];
    return compare_text(text, len, categories->list[*code].text) == 0;
}

static bool find_number(const struct clary_categories *categories,
                        double number, size_t *code)
{
    size_t first = 0, n = categories->n_numbers;
    while (n > 0) {
        size_t middle = first + n / 2;
        if (number > categories->list[categories->by_number[middle]].number) {
            n -= middle + 1 - first;
            first = middle + 1;
        } else {
            n = middle - first;
        }
    }
    if (first == categories->n_numbers)
        return false;
    *code = categories->by_number[first];
    return categories->list[*code].number == number;
}

bool clary_categories_find(const struct clary_categories *categories,
                           const char *text, size_t len, size_t *code)
{
    double number;
    if (find_text(categories, text, len, code))
        return true;
    if (categories->n_numbers == 0)
        return false;
    if (len == 4 && strncasecmp(text, "true", 4) == 0)
        number = 1;
    else if (len == 5 && strncasecmp(text, "false", 5) == 0)
        number = 0;
    else if (clary_parse_double(text, len, &number) != CLARY_NUMBER_OK)
        return false;
    return find_number(categories, number, code);
}

const struct clary_categories *clary_field_categories(
    const struct clary_field *field, size_t element)
{
    return field->categories != NULL ? field->categories[element] : NULL;
}

char *clary_categories_print(const struct clary_categories *categories,
                             char text[CLARY_CATEGORIES_TEXT])
{
    enum { MOST = 3, CUT = 24 };
    size_t used = 0, shown = 0;
    text[0] = '\0';
    for (size_t c = 0; c < categories->n && shown < MOST; c++) {
        const char *name = categories->list[c].text;
        char quote[CLARY_CELL_QUOTE_BYTES];
        if (name == NULL || strlen(name) > CUT)
            continue;
        used += (size_t)snprintf(text + used, CLARY_CATEGORIES_TEXT - used,
                                 "%s\"%s\"", shown > 0 ? ", " : "",
                                 clary_cell_quote(name, strlen(name), quote));
        shown++;
    }
    if (categories->n_texts > shown)
        snprintf(text + used, CLARY_CATEGORIES_TEXT - used, "%s%zu%s",
                 shown > 0 ? " or one of " : "one of ",
                 categories->n_texts - shown, shown > 0 ? " more" : "");
    return text;
}
