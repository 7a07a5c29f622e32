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

static enum clary_status name_lines(struct clary_pickle_machine *m,
                                    size_t unused)
{
    const char *module, *name;
    size_t module_len, name_len;

    (void)unused;
    CLARY_TRY(clary_pickle_take_line(m, &module, &module_len));
    CLARY_TRY(clary_pickle_take_line(m, &name, &name_len));
    return push_name(m, module, module_len, name, name_len);
}

static enum clary_status name_stack(struct clary_pickle_machine *m,
                                    size_t unused)
{
    struct clary_pickle_value *name = clary_pickle_pop(m),
                              *module = clary_pickle_pop(m);

    (void)unused;
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
                                size_t has_keywords)
{
    struct clary_pickle_value *args, *name;

    if (has_keywords != 0 && clary_pickle_pop(m) == NULL)
        return clary_pickle_damaged(m, "there are too few values on the stack");
    args = clary_pickle_pop(m);
    name = clary_pickle_pop(m);
    return call(m, name, args);
}

static enum clary_status build(struct clary_pickle_machine *m, size_t unused)
{
    struct clary_pickle_value *state = clary_pickle_pop(m),
                              *object = clary_pickle_top(m);

    (void)unused;
    if (!state || !object || object->kind != CLARY_PICKLE_OBJECT)
        return clary_pickle_damaged(m, "a state for what is no object");
    object->state = state;
    return CLARY_OK;
}

/* --- opcodes ---------------------------------------------------------------
 */

/* As pickletools.py names them, in its order of protocols. */
enum opcode {
    OP_MARK = '(',
    OP_STOP = '.',
    OP_POP = '0',
    OP_POP_MARK = '1',
    OP_DUP = '2',
    OP_FLOAT = 'F',
    OP_INT = 'I',
    OP_LONG = 'L',
    OP_NONE = 'N',
    OP_PERSID = 'P',
    OP_REDUCE = 'R',
    OP_STRING = 'S',
    OP_UNICODE = 'V',
    OP_APPEND = 'a',
    OP_BUILD = 'b',
    OP_GLOBAL = 'c',
    OP_DICT = 'd',
    OP_GET = 'g',
    OP_INST = 'i',
    OP_LIST = 'l',
    OP_PUT = 'p',
    OP_SETITEM = 's',
    OP_TUPLE = 't',
    /* protocol 1 */
    OP_EMPTY_TUPLE = ')',
    OP_BINFLOAT = 'G',
    OP_BININT = 'J',
    OP_BININT1 = 'K',
    OP_BININT2 = 'M',
    OP_BINPERSID = 'Q',
    OP_BINSTRING = 'T',
    OP_SHORT_BINSTRING = 'U',
    OP_BINUNICODE = 'X',
    OP_EMPTY_LIST = ']',
    OP_APPENDS = 'e',
    OP_BINGET = 'h',
    OP_LONG_BINGET = 'j',
    OP_OBJ = 'o',
    OP_BINPUT = 'q',
    OP_LONG_BINPUT = 'r',
    OP_SETITEMS = 'u',
    OP_EMPTY_DICT = '}',
    /* protocol 2 */
    OP_PROTO = 0x80,
    OP_NEWOBJ = 0x81,
    OP_EXT1 = 0x82,
    OP_EXT2 = 0x83,
    OP_EXT4 = 0x84,
    OP_TUPLE1 = 0x85,
    OP_TUPLE2 = 0x86,
    OP_TUPLE3 = 0x87,
    OP_NEWTRUE = 0x88,
    OP_NEWFALSE = 0x89,
    OP_LONG1 = 0x8a,
    OP_LONG4 = 0x8b,
    /* protocol 3 */
    OP_BINBYTES = 'B',
    OP_SHORT_BINBYTES = 'C',
    /* protocol 4 */
    OP_SHORT_BINUNICODE = 0x8c,
    OP_BINUNICODE8 = 0x8d,
    OP_BINBYTES8 = 0x8e,
    OP_EMPTY_SET = 0x8f,
    OP_ADDITEMS = 0x90,
    OP_FROZENSET = 0x91,
    OP_NEWOBJ_EX = 0x92,
    OP_STACK_GLOBAL = 0x93,
    OP_MEMOIZE = 0x94,
    OP_FRAME = 0x95,
    /* protocol 5 */
    OP_BYTEARRAY8 = 0x96,
    OP_NEXT_BUFFER = 0x97,
    OP_READONLY_BUFFER = 0x98
};

static enum clary_status push_kind(struct clary_pickle_machine *m, size_t kind)
{
    return clary_pickle_push_kind(m, (enum clary_pickle_kind)kind);
}

static enum clary_status push_bool(struct clary_pickle_machine *m, size_t value)
{
    return clary_pickle_push(
        m, (struct clary_pickle_value){.kind = CLARY_PICKLE_BOOL,
                                       .integer = (int64_t)value});
}

/* Four bytes have a sign, fewer have none. */
static enum clary_status push_integer(struct clary_pickle_machine *m, size_t n)
{
    uint64_t integer;

    CLARY_TRY(clary_pickle_take_integer(m, n, &integer));
    return clary_pickle_push_integer(m, n == 4 ? (int64_t)(int32_t)integer
                                               : (int64_t)integer);
}

static enum clary_status push_decimal(struct clary_pickle_machine *m,
                                      size_t unused)
{
    (void)unused;
    return clary_pickle_push_decimal(m);
}

static enum clary_status push_float(struct clary_pickle_machine *m, size_t n)
{
    const char *skipped;

    CLARY_TRY(clary_pickle_take(m, n, &skipped));
    return clary_pickle_push_kind(m, CLARY_PICKLE_FLOAT);
}

static enum clary_status push_float_line(struct clary_pickle_machine *m,
                                         size_t unused)
{
    const char *skipped;
    size_t len;

    (void)unused;
    CLARY_TRY(clary_pickle_take_line(m, &skipped, &len));
    return clary_pickle_push_kind(m, CLARY_PICKLE_FLOAT);
}

static enum clary_status push_bytes(struct clary_pickle_machine *m, size_t n)
{
    return clary_pickle_push_counted(m, n, CLARY_PICKLE_BYTES);
}

static enum clary_status push_text(struct clary_pickle_machine *m, size_t n)
{
    return clary_pickle_push_counted(m, n, CLARY_PICKLE_TEXT);
}

static enum clary_status push_line(struct clary_pickle_machine *m,
                                   size_t is_quoted)
{
    return clary_pickle_push_line(m, is_quoted != 0);
}

static enum clary_status gather_mark(struct clary_pickle_machine *m,
                                     size_t kind)
{
    return clary_pickle_gather_mark(m, (enum clary_pickle_kind)kind);
}

static enum clary_status extend_mark(struct clary_pickle_machine *m,
                                     size_t pairs)
{
    return clary_pickle_extend_mark(m, pairs != 0);
}

static enum clary_status memo_line(struct clary_pickle_machine *m,
                                   size_t is_put)
{
    return clary_pickle_memo_line(m, is_put != 0);
}

static enum clary_status memo_put(struct clary_pickle_machine *m, size_t n)
{
    return clary_pickle_memo_bytes(m, n, true);
}

static enum clary_status memo_get(struct clary_pickle_machine *m, size_t n)
{
    return clary_pickle_memo_bytes(m, n, false);
}

static enum clary_status memoize(struct clary_pickle_machine *m, size_t unused)
{
    (void)unused;
    return clary_pickle_memo_put(m, m->n_memo);
}

static enum clary_status take_protocol(struct clary_pickle_machine *m,
                                       size_t latest)
{
    uint64_t protocol;

    CLARY_TRY(clary_pickle_take_integer(m, 1, &protocol));
    return protocol <= latest
               ? CLARY_OK
               : clary_pickle_damaged(m, "a protocol later than 5");
}

/* How many bytes belong together, in `n` bytes. */
static enum clary_status skip_frame(struct clary_pickle_machine *m, size_t n)
{
    uint64_t skipped;

    return clary_pickle_take_integer(m, n, &skipped);
}

static enum clary_status push_mark(struct clary_pickle_machine *m,
                                   size_t unused)
{
    (void)unused;
    return clary_pickle_push_mark(m);
}

static enum clary_status pop_mark(struct clary_pickle_machine *m, size_t unused)
{
    (void)unused;
    return clary_pickle_pop_mark(m);
}

static enum clary_status pop(struct clary_pickle_machine *m, size_t unused)
{
    (void)unused;
    return clary_pickle_pop(m)
               ? CLARY_OK
               : clary_pickle_damaged(m, "there is nothing to drop");
}

static enum clary_status repeat(struct clary_pickle_machine *m, size_t unused)
{
    (void)unused;
    return clary_pickle_repeat(m);
}

/* What a pickle may hold and this machine does not do. */
#define PERSISTENT "a persistent id (PERSID), which stands for data elsewhere"
#define EXTENSION  "an extension code (EXT), which Python's registry resolves"
#define BUFFER     "a buffer outside of the pickle (NEXT_BUFFER)"
#define INSTANCE   "an instance of Python 2's old classes (INST, OBJ)"

/* What an opcode does: `run` with `argument`, or nothing because of what
 * `refused` says; neither: there is no such opcode. */
static const struct {
    enum clary_status (*run)(struct clary_pickle_machine *m, size_t argument);
    size_t argument;
    const char *refused;
} opcodes[256] = {
    [OP_PROTO] = {take_protocol, 5},
    [OP_FRAME] = {skip_frame, 8},
    [OP_MARK] = {push_mark},
    [OP_POP] = {pop},
    [OP_POP_MARK] = {pop_mark},
    [OP_DUP] = {repeat},
    [OP_GLOBAL] = {name_lines},
    [OP_STACK_GLOBAL] = {name_stack},
    [OP_REDUCE] = {reduce, false},
    [OP_NEWOBJ] = {reduce, false},
    [OP_NEWOBJ_EX] = {reduce, true},
    [OP_BUILD] = {build},

    [OP_EMPTY_LIST] = {push_kind, CLARY_PICKLE_LIST},
    [OP_EMPTY_SET] = {push_kind, CLARY_PICKLE_LIST},
    [OP_EMPTY_TUPLE] = {push_kind, CLARY_PICKLE_TUPLE},
    [OP_EMPTY_DICT] = {push_kind, CLARY_PICKLE_DICT},
    [OP_LIST] = {gather_mark, CLARY_PICKLE_LIST},
    [OP_FROZENSET] = {gather_mark, CLARY_PICKLE_LIST},
    [OP_TUPLE] = {gather_mark, CLARY_PICKLE_TUPLE},
    [OP_DICT] = {gather_mark, CLARY_PICKLE_DICT},
    [OP_TUPLE1] = {clary_pickle_gather, 1},
    [OP_TUPLE2] = {clary_pickle_gather, 2},
    [OP_TUPLE3] = {clary_pickle_gather, 3},
    [OP_APPEND] = {clary_pickle_extend, 1},
    [OP_SETITEM] = {clary_pickle_extend, 2},
    [OP_APPENDS] = {extend_mark, false},
    [OP_ADDITEMS] = {extend_mark, false},
    [OP_SETITEMS] = {extend_mark, true},

    [OP_BINBYTES] = {push_bytes, 4},
    [OP_SHORT_BINBYTES] = {push_bytes, 1},
    [OP_BINBYTES8] = {push_bytes, 8},
    [OP_BYTEARRAY8] = {push_bytes, 8},
    [OP_BINSTRING] = {push_text, 4},
    [OP_SHORT_BINSTRING] = {push_text, 1},
    [OP_BINUNICODE] = {push_text, 4},
    [OP_SHORT_BINUNICODE] = {push_text, 1},
    [OP_BINUNICODE8] = {push_text, 8},
    [OP_STRING] = {push_line, true},
    [OP_UNICODE] = {push_line, false},

    [OP_NONE] = {push_kind, CLARY_PICKLE_NONE},
    [OP_NEWTRUE] = {push_bool, true},
    [OP_NEWFALSE] = {push_bool, false},
    [OP_INT] = {push_decimal},
    [OP_LONG] = {push_decimal},
    [OP_BININT] = {push_integer, 4},
    [OP_BININT1] = {push_integer, 1},
    [OP_BININT2] = {push_integer, 2},
    [OP_LONG1] = {clary_pickle_push_long, 1},
    [OP_LONG4] = {clary_pickle_push_long, 4},
    [OP_FLOAT] = {push_float_line},
    [OP_BINFLOAT] = {push_float, 8},

    [OP_PUT] = {memo_line, true},
    [OP_GET] = {memo_line, false},
    [OP_BINPUT] = {memo_put, 1},
    [OP_LONG_BINPUT] = {memo_put, 4},
    [OP_BINGET] = {memo_get, 1},
    [OP_LONG_BINGET] = {memo_get, 4},
    [OP_MEMOIZE] = {memoize},

    [OP_PERSID] = {.refused = PERSISTENT},
    [OP_BINPERSID] = {.refused = PERSISTENT},
    [OP_EXT1] = {.refused = EXTENSION},
    [OP_EXT2] = {.refused = EXTENSION},
    [OP_EXT4] = {.refused = EXTENSION},
    [OP_NEXT_BUFFER] = {.refused = BUFFER},
    [OP_READONLY_BUFFER] = {.refused = BUFFER},
    [OP_INST] = {.refused = INSTANCE},
    [OP_OBJ] = {.refused = INSTANCE},
};

static enum clary_status run(struct clary_pickle_machine *m,
                             unsigned char opcode)
{
    if (opcodes[opcode].run != NULL)
        return opcodes[opcode].run(m, opcodes[opcode].argument);
    if (opcodes[opcode].refused != NULL)
        return clary_fail(m->err, CLARY_UNSUPPORTED,
                          "%s: the pickle holds %s; save the model with "
                          "Booster.save_model",
                          m->name, opcodes[opcode].refused);
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

        if (opcode == OP_STOP) {
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
