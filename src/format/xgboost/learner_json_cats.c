/* learner_json_cats.c: what the codes of categories stand for (3.1 and later).
 *
 *     "cats": {"enc": [{"offsets": [], "values": []},
 *                      {"offsets": [0, 4, 9], "values": [98, 108, ...]},
 *                      {"type": 15, "values": [10, 20, 35]}], ...}
 *
 * One entry a column. Where it has offsets, the values are the bytes of all
 * names (as int8: 195 is -61), and name c is values[offsets[c] ..
 * offsets[c + 1]]. Otherwise they are numbers, and those that are whole are
 * kept as their digits. A dictionary that does not add up is dropped: the
 * codes of a model are complete without it. (XGBoost up to 3.2 writes the
 * wrong offsets where a name is not ASCII.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "format/xgboost/learner_json.h"

/* One entry of "enc" while it is read, in the scratch arena. */
struct entry {
    void *offsets, *values;
    size_t n_offsets, n_values;
    bool is_text;
    bool is_lost; /* values that are not whole */
};

static enum clary_status read_offsets(struct clary_learner_reader *reader,
                                      struct clary_error *err)
{
    struct entry *entry = reader->object;

    entry->is_text = true;
    return clary_events_array(&reader->events, CLARY_DTYPE_I64, "offsets",
                              reader->learner->scratch, &entry->offsets,
                              &entry->n_offsets, err);
}

static enum clary_status read_values(struct clary_learner_reader *reader,
                                     struct clary_error *err)
{
    struct entry *entry = reader->object;
    struct clary_events before = reader->events;
    struct clary_error ignored;

    if (clary_events_array(&reader->events, CLARY_DTYPE_I64, "values",
                           reader->learner->scratch, &entry->values,
                           &entry->n_values, &ignored) == CLARY_OK)
        return CLARY_OK;
    /* fractions: no name for them yet */
    reader->events = before;
    entry->is_lost = true;
    return clary_events_skip(&reader->events, err);
}

static const struct clary_member entry_members[] = {
    {"offsets", read_offsets}, {"values", read_values}, {NULL, NULL}};

/* Whether the offsets ascend within the bytes. */
static bool adds_up(const struct entry *entry)
{
    const int64_t *offsets = entry->offsets;

    for (size_t i = 0; i < entry->n_offsets; i++)
        if (offsets[i] < (i ? offsets[i - 1] : 0) ||
            (uint64_t)offsets[i] > entry->n_values)
            return false;
    return entry->n_offsets > 1;
}

static char *text_name(struct clary_arena *arena, const struct entry *entry,
                       size_t c)
{
    const int64_t *offsets = entry->offsets, *values = entry->values;
    size_t len = (size_t)(offsets[c + 1] - offsets[c]);
    char *name = clary_arena_alloc(arena, len + 1);

    if (!name)
        return NULL;
    for (size_t i = 0; i < len; i++)
        name[i] = (char)(uint8_t)values[(size_t)offsets[c] + i];
    name[len] = '\0';
    return name;
}

static char *number_name(struct clary_arena *arena, const struct entry *entry,
                         size_t c)
{
    char text[CLARY_NUMBER_TEXT];
    size_t len = clary_print_int64(text, ((const int64_t *)entry->values)[c]);

    return clary_arena_strndup(arena, text, len);
}

static enum clary_status keep(struct clary_learner *learner,
                              struct clary_learner_list *list, size_t column,
                              const struct entry *entry,
                              struct clary_error *err)
{
    size_t n = entry->is_text ? entry->n_offsets - 1 : entry->n_values;
    struct clary_learner_categories *categories =
        clary_learner_room(learner, list, 1, sizeof *categories);
    char **names = clary_arena_calloc(learner->arena, n, sizeof *names);

    if (!categories || !names)
        return clary_no_memory(err);
    for (size_t c = 0; c < n; c++) {
        names[c] = entry->is_text ? text_name(learner->arena, entry, c)
                                  : number_name(learner->arena, entry, c);
        if (!names[c])
            return clary_no_memory(err);
    }
    *categories =
        (struct clary_learner_categories){column, {names, n}, !entry->is_text};
    list->n++;
    return CLARY_OK;
}

static enum clary_status read_enc(struct clary_learner_reader *reader,
                                  struct clary_error *err)
{
    struct clary_learner *learner = reader->learner;
    struct clary_learner_list list = {0};
    struct clary_event event;

    CLARY_TRY(clary_events_expect(&reader->events, CLARY_EVENT_ARRAY,
                                  "the categories", &event, err));
    for (size_t column = 0;; column++) {
        struct entry *entry =
            clary_arena_calloc(learner->scratch, 1, sizeof *entry);

        CLARY_TRY(clary_events_next(&reader->events, &event, err));
        if (event.kind == CLARY_EVENT_ARRAY_END)
            break;
        if (event.kind != CLARY_EVENT_OBJECT)
            return clary_events_fail(&reader->events, err,
                                     "expected objects in the categories");
        if (!entry)
            return clary_no_memory(err);
        reader->object = entry;
        CLARY_TRY(clary_members_read_on(reader, entry_members, err));
        if (!entry->is_lost &&
            (entry->is_text ? adds_up(entry) : entry->n_values > 0))
            CLARY_TRY(keep(learner, &list, column, entry, err));
        clary_arena_reset(learner->scratch);
    }
    learner->categories = list.data;
    learner->n_categories = list.n;
    return CLARY_OK;
}

static const struct clary_member cats_members[] = {{"enc", read_enc},
                                                   {NULL, NULL}};

enum clary_status clary_member_cats(struct clary_learner_reader *reader,
                                    struct clary_error *err)
{
    return clary_members_read(reader, "cats", cats_members, err);
}
