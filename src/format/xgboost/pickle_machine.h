/* pickle_machine.h: what the files of the pickle machine share.
 *
 *     pickle.c           opcodes, and what stands in for calls
 *     pickle_stack.c     values, stack, marks, memo
 *     pickle_operands.c  numbers, texts and bytes behind an opcode
 *     pickle_text.c      texts of protocol 0, names that are allowed
 *
 * Functions fail through the machine's err: CLARY_BAD_MODEL for a damaged
 * pickle, CLARY_NO_MEMORY.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_PICKLE_MACHINE_H
#define CLARY_FORMAT_XGBOOST_PICKLE_MACHINE_H

#include "format/xgboost/pickle.h"

struct clary_pickle_machine {
    struct clary_arena *arena;
    const char *name;
    const unsigned char *begin, *at, *end;
    struct clary_pickle_value **stack;
    size_t n_stack, stack_capacity;
    size_t *marks; /* where the values above each mark begin */
    size_t n_marks, marks_capacity;
    struct clary_pickle_value **memo; /* by number; NULL: none */
    size_t n_memo, memo_capacity;
    size_t n_values;
    struct clary_error *err;
};

/* Fails with the name of the file, the byte and `what`. */
enum clary_status clary_pickle_damaged(struct clary_pickle_machine *m,
                                       const char *what);

/* --- pickle_stack.c ------------------------------------------------------ */

/* A new value on top of the stack. */
enum clary_status clary_pickle_push(struct clary_pickle_machine *m,
                                    struct clary_pickle_value content)
    CLARY_MUST_USE;
enum clary_status clary_pickle_push_kind(struct clary_pickle_machine *m,
                                         enum clary_pickle_kind kind)
    CLARY_MUST_USE;
enum clary_status clary_pickle_push_integer(struct clary_pickle_machine *m,
                                            int64_t integer) CLARY_MUST_USE;
enum clary_status clary_pickle_push_bytes(struct clary_pickle_machine *m,
                                          enum clary_pickle_kind kind,
                                          const char *bytes, size_t len)
    CLARY_MUST_USE;

/* The value on top once more. */
enum clary_status clary_pickle_repeat(struct clary_pickle_machine *m)
    CLARY_MUST_USE;

enum clary_status clary_pickle_push_mark(struct clary_pickle_machine *m)
    CLARY_MUST_USE;

/* Drops the last mark and the values above it. */
enum clary_status clary_pickle_pop_mark(struct clary_pickle_machine *m)
    CLARY_MUST_USE;

/* The top of the stack; NULL when there is none above the last mark. */
struct clary_pickle_value *clary_pickle_top(struct clary_pickle_machine *m);
struct clary_pickle_value *clary_pickle_pop(struct clary_pickle_machine *m);

/* Makes one value of those above the last mark, which goes, or a tuple of the
 * last n. */
enum clary_status clary_pickle_gather_mark(struct clary_pickle_machine *m,
                                           enum clary_pickle_kind kind)
    CLARY_MUST_USE;
enum clary_status clary_pickle_gather(struct clary_pickle_machine *m, size_t n)
    CLARY_MUST_USE;

/* Puts what is above the last mark, or the last one (an item) or two (a key
 * and its value), into the list, dict or object below. */
enum clary_status clary_pickle_extend_mark(struct clary_pickle_machine *m,
                                           bool pairs) CLARY_MUST_USE;
enum clary_status clary_pickle_extend(struct clary_pickle_machine *m, size_t n)
    CLARY_MUST_USE;

enum clary_status clary_pickle_memo_put(struct clary_pickle_machine *m,
                                        uint64_t index) CLARY_MUST_USE;
enum clary_status clary_pickle_memo_get(struct clary_pickle_machine *m,
                                        uint64_t index) CLARY_MUST_USE;

/* --- pickle_operands.c --------------------------------------------------- */

enum clary_status clary_pickle_take(struct clary_pickle_machine *m, uint64_t n,
                                    const char **bytes) CLARY_MUST_USE;

/* An unsigned integer of `n` bytes, little-endian. */
enum clary_status clary_pickle_take_integer(struct clary_pickle_machine *m,
                                            size_t n, uint64_t *integer)
    CLARY_MUST_USE;

/* Up to the next line feed, which is passed over. */
enum clary_status clary_pickle_take_line(struct clary_pickle_machine *m,
                                         const char **line, size_t *len)
    CLARY_MUST_USE;

/* Bytes or text whose length comes in `n` bytes. */
enum clary_status clary_pickle_push_counted(struct clary_pickle_machine *m,
                                            size_t n,
                                            enum clary_pickle_kind kind)
    CLARY_MUST_USE;

/* "12", "12L", and "01" and "00" for True and False. */
enum clary_status clary_pickle_push_decimal(struct clary_pickle_machine *m)
    CLARY_MUST_USE;

/* Two's complement, little-endian, its length in `n` bytes. */
enum clary_status clary_pickle_push_long(struct clary_pickle_machine *m,
                                         size_t n) CLARY_MUST_USE;

/* The text of a line: quoted, or Latin-1 with \uXXXX. */
enum clary_status clary_pickle_push_line(struct clary_pickle_machine *m,
                                         bool is_quoted) CLARY_MUST_USE;

/* The Latin-1 bytes that a UTF-8 text stands for. */
enum clary_status clary_pickle_push_latin1(
    struct clary_pickle_machine *m, const struct clary_pickle_value *text)
    CLARY_MUST_USE;

/* Puts or gets a value of the memo by a number in decimal or `n` bytes. */
enum clary_status clary_pickle_memo_line(struct clary_pickle_machine *m,
                                         bool is_put) CLARY_MUST_USE;
enum clary_status clary_pickle_memo_bytes(struct clary_pickle_machine *m,
                                          size_t n, bool is_put) CLARY_MUST_USE;

#endif
