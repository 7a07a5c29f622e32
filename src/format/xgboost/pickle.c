/* pickle.c: the machine that runs a pickle, see pickle.h.
 *
 *     stack   values, and marks between them (kept beside it)
 *     memo    values by number, to be pushed again
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/pickle.h"

#include "format/xgboost/pickle_machine.h"

#include <string.h>

/* --- names and objects -----------------------------------------------------
 */

static enum clary_status push_name(struct clary_pickle_machine *m,
                                   const char *module, size_t module_len,
                                   const char *name, size_t name_len)
{
    size_t len = module_len + 1 + name_len;
    char *text = clary_arena_alloc(m->arena, len + 1);

    if (!text)
        return clary_no_memory(m->err);
    memcpy(text, module, module_len);
    text[module_len] = '.';
    memcpy(text + module_len + 1, name, name_len);
    text[len] = '\0';
    if (!clary_pickle_allows(text, len))
        return clary_fail(m->err, CLARY_UNSUPPORTED,
                          "%s: the pickle names %.100s, which is no part of an "
                          "XGBoost model; save that with Booster.save_model",
                          m->name, text);
    return clary_pickle_push_bytes(m, CLARY_PICKLE_NAME, text, len);
}

static enum clary_status name_lines(struct clary_pickle_machine *m)
{
    const char *module, *name;
    size_t module_len, name_len;

    CLARY_TRY(clary_pickle_take_line(m, &module, &module_len));
    CLARY_TRY(clary_pickle_take_line(m, &name, &name_len));
    return push_name(m, module, module_len, name, name_len);
}

static enum clary_status name_stack(struct clary_pickle_machine *m)
{
    struct clary_pickle_value *name = clary_pickle_pop(m),
                              *module = clary_pickle_pop(m);

    if (!name || !module || name->kind != CLARY_PICKLE_TEXT ||
        module->kind != CLARY_PICKLE_TEXT)
        return clary_pickle_damaged(m, "a name that is no text");
    return push_name(m, module->bytes, module->len, name->bytes, name->len);
}

/* What Python would call: bytes are made, all else is an object of that name.
 */
static enum clary_status call(struct clary_pickle_machine *m,
                              const struct clary_pickle_value *name,
                              const struct clary_pickle_value *args)
{
    const struct clary_pickle_value *first;

    if (!name || name->kind != CLARY_PICKLE_NAME || !args ||
        args->kind != CLARY_PICKLE_TUPLE)
        return clary_pickle_damaged(m, "a call of what cannot be called");
    first = args->n_items ? args->items[0] : NULL;
    if (clary_pickle_is(name, "builtins.bytearray") ||
        clary_pickle_is(name, "__builtin__.bytearray") ||
        clary_pickle_is(name, "builtins.bytes") ||
        clary_pickle_is(name, "__builtin__.bytes") ||
        clary_pickle_is(name, "_codecs.encode")) {
        if (!first)
            return clary_pickle_push_bytes(m, CLARY_PICKLE_BYTES, "", 0);
        if (first->kind == CLARY_PICKLE_BYTES)
            return clary_pickle_push_bytes(m, CLARY_PICKLE_BYTES, first->bytes,
                                           first->len);
        if (first->kind == CLARY_PICKLE_TEXT)
            return clary_pickle_push_latin1(m, first);
        return clary_pickle_damaged(m, "bytes of what are none");
    }
    if (clary_pickle_is(name, "copyreg._reconstructor") ||
        clary_pickle_is(name, "copy_reg._reconstructor")) {
        if (!first || first->kind != CLARY_PICKLE_NAME)
            return clary_pickle_damaged(m, "an object of no class");
        name = first;
    }
    return clary_pickle_push(
        m, (struct clary_pickle_value){.kind = CLARY_PICKLE_OBJECT,
                                       .class = name});
}

static enum clary_status reduce(struct clary_pickle_machine *m,
                                bool has_keywords)
{
    struct clary_pickle_value *args, *name;

    if (has_keywords && !clary_pickle_pop(m))
        return clary_pickle_damaged(m, "there are too few values on the stack");
    args = clary_pickle_pop(m);
    name = clary_pickle_pop(m);
    return call(m, name, args);
}

static enum clary_status build(struct clary_pickle_machine *m)
{
    struct clary_pickle_value *state = clary_pickle_pop(m),
                              *object = clary_pickle_top(m);

    if (!state || !object || object->kind != CLARY_PICKLE_OBJECT)
        return clary_pickle_damaged(m, "a state for what is no object");
    object->state = state;
    return CLARY_OK;
}

/* --- opcodes ---------------------------------------------------------------
 */

/* What a pickle may hold and this machine does not do. */
static const char *refused_opcode(unsigned char opcode)
{
    switch (opcode) {
    case 'P':
    case 'Q':
        return "a persistent id (PERSID), which stands for data elsewhere";
    case 0x82:
    case 0x83:
    case 0x84:
        return "an extension code (EXT), which Python's registry resolves";
    case 0x97:
    case 0x98:
        return "a buffer outside of the pickle (NEXT_BUFFER)";
    case 'i':
    case 'o':
        return "an instance of Python 2's old classes (INST, OBJ)";
    default:
        return NULL;
    }
}

static enum clary_status run_container(struct clary_pickle_machine *m,
                                       unsigned char opcode, bool *known)
{
    *known = true;
    switch (opcode) {
    case ']':
    case 0x8f:
        return clary_pickle_push_kind(m, CLARY_PICKLE_LIST);
    case ')':
        return clary_pickle_push_kind(m, CLARY_PICKLE_TUPLE);
    case '}':
        return clary_pickle_push_kind(m, CLARY_PICKLE_DICT);
    case 'l':
    case 0x91:
        return clary_pickle_gather_mark(m, CLARY_PICKLE_LIST);
    case 't':
        return clary_pickle_gather_mark(m, CLARY_PICKLE_TUPLE);
    case 'd':
        return clary_pickle_gather_mark(m, CLARY_PICKLE_DICT);
    case 0x85:
    case 0x86:
    case 0x87:
        return clary_pickle_gather(m, (size_t)opcode - 0x84);
    case 'a':
        return clary_pickle_extend(m, 1);
    case 's':
        return clary_pickle_extend(m, 2);
    case 'e':
    case 0x90:
        return clary_pickle_extend_mark(m, false);
    case 'u':
        return clary_pickle_extend_mark(m, true);
    default:
        *known = false;
        return CLARY_OK;
    }
}

static enum clary_status run_bytes(struct clary_pickle_machine *m,
                                   unsigned char opcode, bool *known)
{
    *known = true;
    switch (opcode) {
    case 'B':
        return clary_pickle_push_counted(m, 4, CLARY_PICKLE_BYTES);
    case 'C':
        return clary_pickle_push_counted(m, 1, CLARY_PICKLE_BYTES);
    case 0x8e:
    case 0x96:
        return clary_pickle_push_counted(m, 8, CLARY_PICKLE_BYTES);
    case 'T':
    case 'X':
        return clary_pickle_push_counted(m, 4, CLARY_PICKLE_TEXT);
    case 'U':
    case 0x8c:
        return clary_pickle_push_counted(m, 1, CLARY_PICKLE_TEXT);
    case 0x8d:
        return clary_pickle_push_counted(m, 8, CLARY_PICKLE_TEXT);
    case 'S':
        return clary_pickle_push_line(m, true);
    case 'V':
        return clary_pickle_push_line(m, false);
    default:
        *known = false;
        return CLARY_OK;
    }
}

static enum clary_status run_number(struct clary_pickle_machine *m,
                                    unsigned char opcode, bool *known)
{
    const char *skipped;
    uint64_t integer;
    size_t len;

    *known = true;
    switch (opcode) {
    case 'N':
        return clary_pickle_push_kind(m, CLARY_PICKLE_NONE);
    case 0x88:
    case 0x89:
        return clary_pickle_push(
            m, (struct clary_pickle_value){.kind = CLARY_PICKLE_BOOL,
                                           .integer = opcode == 0x88});
    case 'I':
    case 'L':
        return clary_pickle_push_decimal(m);
    case 'J':
        CLARY_TRY(clary_pickle_take_integer(m, 4, &integer));
        return clary_pickle_push_integer(m, (int32_t)integer);
    case 'K':
    case 'M':
        CLARY_TRY(
            clary_pickle_take_integer(m, opcode == 'K' ? 1 : 2, &integer));
        return clary_pickle_push_integer(m, (int64_t)integer);
    case 0x8a:
    case 0x8b:
        return clary_pickle_push_long(m, opcode == 0x8a ? 1 : 4);
    case 'F':
        CLARY_TRY(clary_pickle_take_line(m, &skipped, &len));
        return clary_pickle_push_kind(m, CLARY_PICKLE_FLOAT);
    case 'G':
        CLARY_TRY(clary_pickle_take(m, 8, &skipped));
        return clary_pickle_push_kind(m, CLARY_PICKLE_FLOAT);
    default:
        *known = false;
        return CLARY_OK;
    }
}

static enum clary_status run_memo(struct clary_pickle_machine *m,
                                  unsigned char opcode, bool *known)
{
    *known = true;
    switch (opcode) {
    case 'p':
    case 'g':
        return clary_pickle_memo_line(m, opcode == 'p');
    case 'q':
    case 'h':
        return clary_pickle_memo_bytes(m, 1, opcode == 'q');
    case 'r':
    case 'j':
        return clary_pickle_memo_bytes(m, 4, opcode == 'r');
    case 0x94:
        return clary_pickle_memo_put(m, m->n_memo);
    default:
        *known = false;
        return CLARY_OK;
    }
}

static enum clary_status run_stack(struct clary_pickle_machine *m,
                                   unsigned char opcode, bool *known)
{
    uint64_t skipped;

    *known = true;
    switch (opcode) {
    case 0x80: /* PROTO */
        CLARY_TRY(clary_pickle_take_integer(m, 1, &skipped));
        return skipped <= 5
                   ? CLARY_OK
                   : clary_pickle_damaged(m, "a protocol later than 5");
    case 0x95: /* FRAME: how many bytes belong together */
        return clary_pickle_take_integer(m, 8, &skipped);
    case '(':
        return clary_pickle_push_mark(m);
    case '0':
        return clary_pickle_pop(m)
                   ? CLARY_OK
                   : clary_pickle_damaged(m, "there is nothing to drop");
    case '1':
        return clary_pickle_pop_mark(m);
    case '2':
        return clary_pickle_repeat(m);
    case 'c':
        return name_lines(m);
    case 0x93:
        return name_stack(m);
    case 'R':
    case 0x81:
        return reduce(m, false);
    case 0x92:
        return reduce(m, true);
    case 'b':
        return build(m);
    default:
        *known = false;
        return CLARY_OK;
    }
}

static enum clary_status run(struct clary_pickle_machine *m,
                             unsigned char opcode)
{
    static enum clary_status (*const families[])(struct clary_pickle_machine *,
                                                 unsigned char, bool *) = {
        run_stack, run_container, run_bytes, run_number, run_memo};
    bool known = false;

    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        enum clary_status status = families[i](m, opcode, &known);

        if (known)
            return status;
    }
    if (refused_opcode(opcode))
        return clary_fail(m->err, CLARY_UNSUPPORTED,
                          "%s: the pickle holds %s; save the model with "
                          "Booster.save_model",
                          m->name, refused_opcode(opcode));
    return clary_pickle_damaged(m, "a byte that is no opcode of a pickle");
}

enum clary_status clary_pickle_read(struct clary_arena *arena, const char *name,
                                    const void *bytes, size_t len,
                                    const struct clary_pickle_value **out,
                                    struct clary_error *err)
{
    struct clary_pickle_machine m = {
        .arena = arena, .name = name, .begin = bytes, .at = bytes, .err = err};

    m.end = m.begin + len;
    while (m.at < m.end) {
        unsigned char opcode = *m.at++;

        if (opcode == '.') {
            *out = clary_pickle_pop(&m);
            return *out ? CLARY_OK
                        : clary_pickle_damaged(&m, "it leaves no value");
        }
        CLARY_TRY(run(&m, opcode));
    }
    return clary_pickle_damaged(&m, "the pickle is cut off");
}

bool clary_pickle_is(const struct clary_pickle_value *v, const char *text)
{
    return v->len == strlen(text) && v->bytes &&
           memcmp(v->bytes, text, v->len) == 0;
}

const struct clary_pickle_value *clary_pickle_attribute(
    const struct clary_pickle_value *object, const char *key)
{
    const struct clary_pickle_value *state = object->state, *found = NULL;

    /* (dict, slots) where the class has slots */
    if (state && state->kind == CLARY_PICKLE_TUPLE && state->n_items > 0)
        state = state->items[0];
    if (!state || state->kind != CLARY_PICKLE_DICT)
        return NULL;
    for (size_t i = 0; i + 1 < state->n_items; i += 2)
        if (state->items[i]->kind == CLARY_PICKLE_TEXT &&
            clary_pickle_is(state->items[i], key))
            found = state->items[i + 1];
    return found;
}
