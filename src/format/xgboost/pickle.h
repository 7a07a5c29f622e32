/* pickle.h: Python's pickles, as data.
 *
 * A pickle is a program for a small stack machine. This one runs it and calls
 * nothing: where Python would call a class or a function, it notes the name
 * and the arguments, and that is the value. Only names that a Booster, its
 * scikit-learn wrapper and numpy's scalars and arrays need are taken; any
 * other, and any opcode that reaches outside of the bytes, is refused by name.
 *
 * Protocols 0 to 5. Values live in the arena; bytes and text point into the
 * pickle where they can. Values may hold themselves: never walk them without a
 * bound.
 *
 *   source  Python's Lib/pickletools.py, which documents every opcode
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_PICKLE_H
#define CLARY_FORMAT_XGBOOST_PICKLE_H

#include <clary/arena.h>
#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum clary_pickle_kind {
    CLARY_PICKLE_NONE,
    CLARY_PICKLE_BOOL,
    CLARY_PICKLE_INT,   /* saturated to int64 */
    CLARY_PICKLE_FLOAT, /* its value is not kept: nothing needs it */
    CLARY_PICKLE_BYTES,
    CLARY_PICKLE_TEXT, /* UTF-8, or the str of Python 2 */
    CLARY_PICKLE_LIST, /* and sets */
    CLARY_PICKLE_TUPLE,
    CLARY_PICKLE_DICT, /* items: key, value, key, value, ... */
    CLARY_PICKLE_NAME, /* bytes: "module.name" of a class or function */
    CLARY_PICKLE_OBJECT
};

struct clary_pickle_value {
    enum clary_pickle_kind kind;
    int64_t integer;   /* BOOL, INT */
    const char *bytes; /* BYTES, TEXT, NAME */
    size_t len;
    struct clary_pickle_value **items; /* LIST, TUPLE, DICT, OBJECT */
    size_t n_items, capacity;
    const struct clary_pickle_value *class; /* OBJECT: its NAME */
    const struct clary_pickle_value *state; /* OBJECT: what BUILD gave it */
};

/* Runs the pickle.
 *
 *   name    of the file, for messages
 *   errors  CLARY_BAD_MODEL (damaged: what, at which byte),
 *           CLARY_UNSUPPORTED (an opcode or a name that is refused),
 *           CLARY_NO_MEMORY
 */
enum clary_status clary_pickle_read(struct clary_arena *arena, const char *name,
                                    const void *bytes, size_t len,
                                    const struct clary_pickle_value **out,
                                    struct clary_error *err) CLARY_MUST_USE;

/* The value of `key` in an object's state; NULL: it has none. */
const struct clary_pickle_value *clary_pickle_attribute(
    const struct clary_pickle_value *object, const char *key);

/* Whether a BYTES, TEXT or NAME is `text`. */
bool clary_pickle_is(const struct clary_pickle_value *value, const char *text);

/* --- for the files of the machine --------------------------------------- */

/* Whether a model may name it: "xgboost.core.Booster". */
bool clary_pickle_allows(const char *name, size_t len);

/* Text of protocol 0, in the arena: the quoted string of Python 2 with its
 * escapes (as bytes), and Latin-1 with \uXXXX (as UTF-8). And UTF-8 text to
 * the Latin-1 bytes that it stands for. False: it is not of that form, or no
 * memory (then *out is NULL). */
bool clary_pickle_unquote(struct clary_arena *arena, const char *text,
                          size_t len, char **out, size_t *out_len);
bool clary_pickle_unescape(struct clary_arena *arena, const char *text,
                           size_t len, char **out, size_t *out_len);
bool clary_pickle_latin1(struct clary_arena *arena, const char *text,
                         size_t len, char **out, size_t *out_len);

#endif
