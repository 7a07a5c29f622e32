/* categories.c: what stands below the trees of a LightGBM model.
 *
 *     parameters:
 *     [categorical_feature: 0,3]      columns that hold categories
 *     end of parameters
 *     pandas_categorical:[["a", "b"], [1.5, 2.5]]
 *
 * The last line is written by the Python package: for each category column of
 * the data frame, in its order, the categories in the order of their codes,
 * which is what the trees were trained on. The columns are not named: those of
 * categorical_feature are taken where there are as many, else those whose
 * feature_infos is a list of codes; those must be codes of the dictionary, too.
 * Ordered categories of pandas are in the dictionary and in neither of them; a
 * model with some may match nothing.
 *
 * Nothing else of this part is read.
 *
 * Tests: tests/unit/test_lightgbm.c, tests/unit/test_lightgbm_text.c.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/categories.h"

#include "data/number.h"
#include "format/lightgbm/lightgbm.h"
#include "format/xgboost/events.h"

#include <string.h>

static void set_column(struct clary_lightgbm_categories *categories, size_t n,
                       size_t i, size_t column)
{
    if (i < n)
        categories[i].column = column;
}

/* Each finder counts the columns that the text names in its form, and makes
 * them those of the dictionary, one by one. */

/* "0,3" */
static size_t find_listed(const struct clary_lightgbm *model,
                          struct clary_text text)
{
    size_t n = 0;
    int64_t column;

    while (text.at < text.end) {
        struct clary_text number = {text.at, text.at};

        while (number.end < text.end && *number.end != ',')
            number.end++;
        if (!clary_text_integer(&number, &column) || column < 0 ||
            (uint64_t)column >= model->n_features)
            return 0;
        set_column(model->categories, model->n_categories, n++, (size_t)column);
        text.at = number.end + (number.end < text.end);
    }
    return n;
}

/* "[0:1.5] none -1:0:2": the third. */
static size_t find_in_infos(const struct clary_lightgbm *model)
{
    struct clary_text infos = model->header[CLARY_LIGHTGBM_FEATURE_INFOS];
    struct clary_text info;
    size_t n = 0;

    for (size_t column = 0; infos.at && clary_text_word(&infos, &info) &&
                            column < model->n_features;
         column++)
        if (*info.at != '[' && !clary_text_is(&info, "none"))
            set_column(model->categories, model->n_categories, n++, column);
    return n;
}

/* Whether the codes that training has seen in a column, "-1:2:0:1", are those
 * of its categories. */
static bool fits(const struct clary_lightgbm_categories *categories,
                 struct clary_text info)
{
    int64_t code;

    if (*info.at == '[') /* a column of numbers */
        return false;
    while (info.at < info.end) {
        const char *colon = memchr(info.at, ':', (size_t)(info.end - info.at));
        const struct clary_text number = {info.at, colon ? colon : info.end};

        if (clary_text_integer(&number, &code) && code >= 0 &&
            (uint64_t)code >= categories->n)
            return false;
        info.at = number.end + (colon != NULL);
    }
    return true;
}

/* Whether that holds for all columns. */
static enum clary_status check_infos(const struct clary_lightgbm *model,
                                     bool *fit, struct clary_error *err)
{
    struct clary_text infos = model->header[CLARY_LIGHTGBM_FEATURE_INFOS];
    const struct clary_lightgbm_categories **columns = clary_arena_calloc(
        model->temporary, model->n_features, sizeof *columns);
    struct clary_text info;

    if (!columns)
        return clary_no_memory(err);
    for (size_t i = 0; i < model->n_categories; i++)
        if (model->categories[i].n > 0)
            columns[model->categories[i].column] = &model->categories[i];
    *fit = true;
    for (size_t column = 0; column < model->n_features && infos.at &&
                            clary_text_word(&infos, &info);
         column++)
        *fit = *fit && (!columns[column] || fits(columns[column], info));
    return CLARY_OK;
}

/* --- the dictionary --- */

/* A reading of the dictionary: first it is counted, then kept. */
struct dictionary {
    struct clary_lightgbm *model;
    struct clary_events events;
    struct clary_text text;
    size_t n_columns, n_names;    /* read so far */
    struct clary_category *names; /* of all columns; NULL: counting */
    char *bytes; /* where the next name goes: a name and its NUL
                  * are no longer than the value and its comma */
};

/* One value as the characters that stand for it in a row. */
static enum clary_status keep_name(struct dictionary *dictionary,
                                   const struct clary_event *event,
                                   struct clary_error *err)
{
    struct clary_arena *temporary = dictionary->model->temporary;
    const struct clary_arena_mark mark = clary_arena_mark(temporary);
    struct clary_category *name = &dictionary->names[dictionary->n_names];
    const char *text = event->text;
    size_t len = event->len;
    char *plain;

    if (event->kind == CLARY_EVENT_NULL)
        return CLARY_OK;
    if (event->kind == CLARY_EVENT_BOOL) {
        text = event->truth ? "True" : "False";
        len = strlen(text);
        name->is_number = true;
        name->number = event->truth ? 1 : 0;
    } else if (event->kind == CLARY_EVENT_TEXT) {
        CLARY_TRY(clary_event_string(&dictionary->events, event, temporary,
                                     &plain, err));
        text = plain;
        len = strlen(text);
    } else {
        name->is_number =
            clary_parse_double(text, len, &name->number) == CLARY_NUMBER_OK;
    }
    memcpy(dictionary->bytes, text, len);
    dictionary->bytes[len] = '\0';
    name->text = dictionary->bytes;
    dictionary->bytes += len + 1;
    clary_arena_rewind(temporary, mark);
    return CLARY_OK;
}

/* The values of one column; its '[' is taken. */
static enum clary_status read_column(struct dictionary *dictionary,
                                     struct clary_error *err)
{
    struct clary_lightgbm *model = dictionary->model;
    const size_t first = dictionary->n_names;
    struct clary_event event;

    for (;;) {
        CLARY_TRY(clary_events_next(&dictionary->events, &event, err));
        if (event.kind == CLARY_EVENT_ARRAY_END)
            break;
        if (event.kind < CLARY_EVENT_TEXT)
            return clary_lightgbm_fail(model, CLARY_BAD_MODEL, err,
                                       "pandas_categorical holds a list of "
                                       "lists where a value was expected");
        if (dictionary->names)
            CLARY_TRY(keep_name(dictionary, &event, err));
        dictionary->n_names++;
    }
    if (dictionary->names) {
        model->categories[dictionary->n_columns].list =
            dictionary->names + first;
        model->categories[dictionary->n_columns].n =
            dictionary->n_names - first;
    }
    dictionary->n_columns++;
    return CLARY_OK;
}

/* The whole line: null, or a list of lists. */
static enum clary_status read_dictionary(struct dictionary *dictionary,
                                         struct clary_error *err)
{
    struct clary_events *events = &dictionary->events;
    struct clary_event event;

    dictionary->n_columns = dictionary->n_names = 0;
    clary_events_init(events, "pandas_categorical", dictionary->text.at,
                      (size_t)(dictionary->text.end - dictionary->text.at),
                      false);
    CLARY_TRY(clary_events_next(events, &event, err));
    if (event.kind == CLARY_EVENT_NULL)
        return CLARY_OK;
    while (event.kind == CLARY_EVENT_ARRAY) {
        CLARY_TRY(clary_events_next(events, &event, err));
        if (event.kind == CLARY_EVENT_ARRAY_END)
            return CLARY_OK;
        if (event.kind == CLARY_EVENT_ARRAY)
            CLARY_TRY(read_column(dictionary, err));
    }
    return clary_lightgbm_fail(dictionary->model, CLARY_BAD_MODEL, err,
                               "pandas_categorical is no list of lists");
}

static enum clary_status keep_dictionary(struct clary_lightgbm *model,
                                         const struct clary_text *text,
                                         struct clary_error *err)
{
    struct dictionary dictionary = {.model = model, .text = *text};

    CLARY_TRY(read_dictionary(&dictionary, err));
    if (dictionary.n_columns == 0)
        return CLARY_OK;
    model->n_categories = dictionary.n_columns;
    model->categories = clary_arena_calloc(model->arena, model->n_categories,
                                           sizeof *model->categories);
    dictionary.names = clary_arena_calloc(model->arena, dictionary.n_names,
                                          sizeof *dictionary.names);
    dictionary.bytes =
        clary_arena_alloc(model->arena, (size_t)(text->end - text->at));
    if (!model->categories || !dictionary.names || !dictionary.bytes)
        return clary_no_memory(err);
    return read_dictionary(&dictionary, err);
}

/* Finds the columns of the dictionary. */
static enum clary_status find_columns(struct clary_lightgbm *model,
                                      struct clary_text listed,
                                      struct clary_error *err)
{
    bool are_found = find_listed(model, listed) == model->n_categories ||
                     find_in_infos(model) == model->n_categories;
    bool fit = true;

    if (are_found && model->n_categories > 0)
        CLARY_TRY(check_infos(model, &fit, err));
    model->categories_lack_columns = !are_found || !fit;
    return CLARY_OK;
}

enum clary_status clary_lightgbm_set_categories(
    const struct clary_lightgbm *model, struct clary_program *program,
    struct clary_error *err)
{
    const struct clary_categories **columns;

    if (model->n_categories == 0 || model->categories_lack_columns)
        return CLARY_OK;
    columns =
        clary_arena_calloc(model->arena, model->n_features, sizeof *columns);
    if (!columns)
        return clary_no_memory(err);
    for (size_t i = 0; i < model->n_categories; i++) {
        const struct clary_lightgbm_categories *categories =
            &model->categories[i];

        if (categories->n > 0)
            CLARY_TRY(clary_categories_new(model->arena, categories->list,
                                           categories->n, true,
                                           &columns[categories->column], err));
    }
    clary_program_set_categories(program, 0, columns);
    return CLARY_OK;
}

enum clary_status clary_lightgbm_read_categories(struct clary_lightgbm *model,
                                                 struct clary_error *err)
{
    static const char key[] = "pandas_categorical:";
    static const char columns[] = "[categorical_feature:";
    struct clary_text listed = {NULL, NULL}, dictionary = {NULL, NULL}, line;

    while (clary_text_line(&model->rest, &line)) {
        if (clary_text_begins(&line, key)) {
            dictionary = (struct clary_text){line.at + strlen(key), line.end};
        } else if (clary_text_begins(&line, columns)) {
            line.at += strlen(columns);
            (void)clary_text_word(&line, &listed);
            if (listed.end > listed.at && listed.end[-1] == ']')
                listed.end--;
        }
    }
    if (dictionary.at)
        CLARY_TRY(keep_dictionary(model, &dictionary, err));
    return find_columns(model, listed, err);
}
