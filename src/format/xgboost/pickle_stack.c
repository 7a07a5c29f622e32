/* pickle_stack.c: the values of a pickle, its stack and its memo.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/pickle_machine.h"

#include <string.h>

/* Values of one pickle: a Booster has a few dozen, its wrapper some for each
 * round of training. */
#define MAX_VALUES 1000000

enum clary_status clary_pickle_damaged(struct clary_pickle_machine *m,
                                       const char *what)
{
    return clary_fail(m->err, CLARY_BAD_MODEL, "%s, byte %zu: %s", m->name,
                      (size_t)(m->at - m->begin), what);
}

/* --- values ----------------------------------------------------------------
 */

/* Where the values above the last mark begin; 0 when there is none. */
static size_t base_of(const struct clary_pickle_machine *m)
{
    return m->n_marks ? m->marks[m->n_marks - 1] : 0;
}

static enum clary_status grow(struct clary_pickle_machine *m,
                              struct clary_pickle_value ***list, size_t n,
                              size_t *capacity)
{
    size_t wanted = *capacity ? *capacity * 2 : 16;
    struct clary_pickle_value **bigger;

    if (n < *capacity)
        return CLARY_OK;
    bigger = clary_arena_calloc(m->arena, wanted, sizeof *bigger);
    if (!bigger)
        return clary_no_memory(m->err);
    if (n)
        memcpy(bigger, *list, n * sizeof *bigger);
    *list = bigger;
    *capacity = wanted;
    return CLARY_OK;
}

static enum clary_status push_value(struct clary_pickle_machine *m,
                                    struct clary_pickle_value *v)
{
    CLARY_TRY(grow(m, &m->stack, m->n_stack, &m->stack_capacity));
    m->stack[m->n_stack++] = v;
    return CLARY_OK;
}

/* A new value on top of the stack. */
enum clary_status clary_pickle_push(struct clary_pickle_machine *m,
                                    struct clary_pickle_value content)
{
    struct clary_pickle_value *v;

    if (m->n_values == MAX_VALUES)
        return clary_fail(m->err, CLARY_UNSUPPORTED,
                          "%s: a pickle of more than %d values", m->name,
                          MAX_VALUES);
    v = clary_arena_alloc(m->arena, sizeof *v);
    if (!v)
        return clary_no_memory(m->err);
    *v = content;
    m->n_values++;
    return push_value(m, v);
}

enum clary_status clary_pickle_push_kind(struct clary_pickle_machine *m,
                                         enum clary_pickle_kind kind)
{
    return clary_pickle_push(m, (struct clary_pickle_value){.kind = kind});
}

enum clary_status clary_pickle_push_integer(struct clary_pickle_machine *m,
                                            int64_t integer)
{
    return clary_pickle_push(
        m, (struct clary_pickle_value){.kind = CLARY_PICKLE_INT,
                                       .integer = integer});
}

enum clary_status clary_pickle_push_bytes(struct clary_pickle_machine *m,
                                          enum clary_pickle_kind kind,
                                          const char *bytes, size_t len)
{
    return clary_pickle_push(m, (struct clary_pickle_value){
                                    .kind = kind, .bytes = bytes, .len = len});
}

enum clary_status clary_pickle_push_mark(struct clary_pickle_machine *m)
{
    if (m->n_marks == m->marks_capacity) {
        size_t wanted = m->marks_capacity ? m->marks_capacity * 2 : 16;
        size_t *bigger = clary_arena_calloc(m->arena, wanted, sizeof *bigger);

        if (!bigger)
            return clary_no_memory(m->err);
        if (m->n_marks)
            memcpy(bigger, m->marks, m->n_marks * sizeof *bigger);
        m->marks = bigger;
        m->marks_capacity = wanted;
    }
    m->marks[m->n_marks++] = m->n_stack;
    return CLARY_OK;
}

/* The top of the stack; NULL when there is none above the last mark. */
struct clary_pickle_value *clary_pickle_top(struct clary_pickle_machine *m)
{
    return m->n_stack > base_of(m) ? m->stack[m->n_stack - 1] : NULL;
}

struct clary_pickle_value *clary_pickle_pop(struct clary_pickle_machine *m)
{
    struct clary_pickle_value *v = clary_pickle_top(m);

    if (v)
        m->n_stack--;
    return v;
}

/* Drops the last mark; the values above it stay. *first is where they begin.
 */
static enum clary_status drop_mark(struct clary_pickle_machine *m,
                                   size_t *first)
{
    *first = base_of(m);
    if (m->n_marks == 0)
        return clary_pickle_damaged(m, "there is no mark on the stack");
    m->n_marks--;
    return CLARY_OK;
}

enum clary_status clary_pickle_pop_mark(struct clary_pickle_machine *m)
{
    size_t first;

    CLARY_TRY(drop_mark(m, &first));
    m->n_stack = first;
    return CLARY_OK;
}

enum clary_status clary_pickle_repeat(struct clary_pickle_machine *m)
{
    struct clary_pickle_value *v = clary_pickle_top(m);

    return v ? push_value(m, v) : clary_pickle_damaged(m, "nothing to repeat");
}

static enum clary_status add_items(struct clary_pickle_machine *m,
                                   struct clary_pickle_value *to,
                                   struct clary_pickle_value **items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        CLARY_TRY(grow(m, &to->items, to->n_items, &to->capacity));
        to->items[to->n_items++] = items[i];
    }
    return CLARY_OK;
}

/* Makes one value of those from `first` on. */
static enum clary_status gather(struct clary_pickle_machine *m,
                                enum clary_pickle_kind kind, size_t first)
{
    size_t n = m->n_stack - first;
    struct clary_pickle_value content = {.kind = kind};

    if (kind == CLARY_PICKLE_DICT && n % 2 != 0)
        return clary_pickle_damaged(m, "a dict of an odd number of values");
    CLARY_TRY(add_items(m, &content, n ? m->stack + first : NULL, n));
    m->n_stack = first;
    return clary_pickle_push(m, content);
}

enum clary_status clary_pickle_gather_mark(struct clary_pickle_machine *m,
                                           enum clary_pickle_kind kind)
{
    size_t first;

    CLARY_TRY(drop_mark(m, &first));
    return gather(m, kind, first);
}

enum clary_status clary_pickle_gather(struct clary_pickle_machine *m, size_t n)
{
    if (m->n_stack - base_of(m) < n)
        return clary_pickle_damaged(m, "there are too few values on the stack");
    return gather(m, CLARY_PICKLE_TUPLE, m->n_stack - n);
}

/* Puts the values from `first` on into the list, set, dict or object below. */
static enum clary_status extend(struct clary_pickle_machine *m, size_t first,
                                bool pairs)
{
    size_t n = m->n_stack - first;
    struct clary_pickle_value *to =
        first > base_of(m) ? m->stack[first - 1] : NULL;

    if (!to ||
        (to->kind != (pairs ? CLARY_PICKLE_DICT : CLARY_PICKLE_LIST) &&
         to->kind != CLARY_PICKLE_OBJECT) ||
        (pairs && n % 2 != 0))
        return clary_pickle_damaged(m, "items for what has none");
    CLARY_TRY(add_items(m, to, n ? m->stack + first : NULL, n));
    m->n_stack = first;
    return CLARY_OK;
}

enum clary_status clary_pickle_extend_mark(struct clary_pickle_machine *m,
                                           bool pairs)
{
    size_t first;

    CLARY_TRY(drop_mark(m, &first));
    return extend(m, first, pairs);
}

enum clary_status clary_pickle_extend(struct clary_pickle_machine *m, size_t n)
{
    if (m->n_stack - base_of(m) < n)
        return clary_pickle_damaged(m, "there are too few values on the stack");
    return extend(m, m->n_stack - n, n == 2);
}

/* --- the memo --------------------------------------------------------------
 */

enum clary_status clary_pickle_memo_put(struct clary_pickle_machine *m,
                                        uint64_t index)
{
    struct clary_pickle_value *v = clary_pickle_top(m);

    if (!v)
        return clary_pickle_damaged(m, "nothing to remember");
    if (index > MAX_VALUES)
        return clary_pickle_damaged(m, "the memo's numbers are too high");
    while (m->memo_capacity <= index)
        CLARY_TRY(grow(m, &m->memo, m->memo_capacity, &m->memo_capacity));
    m->memo[index] = v;
    if (m->n_memo <= index)
        m->n_memo = (size_t)index + 1;
    return CLARY_OK;
}

enum clary_status clary_pickle_memo_get(struct clary_pickle_machine *m,
                                        uint64_t index)
{
    if (index >= m->n_memo || !m->memo[index])
        return clary_pickle_damaged(m, "the memo does not have that value");
    return push_value(m, m->memo[index]);
}
