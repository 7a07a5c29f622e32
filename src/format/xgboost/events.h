/* events.h: JSON-shaped documents as a stream of events.
 *
 * One pull reader for two encodings, JSON text and UBJSON; nothing but the
 * path of open brackets is kept, so a document of any size costs the memory of
 * what its reader keeps. The reader looks at bytes in place: views point into
 * the document, which must outlive them.
 *
 * JSON as XGBoost writes it: RFC 8259, and NaN, Infinity and -Infinity as
 * numbers. UBJSON: https://ubjson.org/type-reference, where a container may
 * state the type and the number of its elements; XGBoost writes lengths as
 * 'L', objects open-ended, and arrays of numbers typed.
 *
 * Untrusted: every length is checked against the bytes that are left, depth is
 * limited, and each event takes at least one byte of the document.
 *
 * threads: one reader belongs to one thread.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_XGBOOST_EVENTS_H
#define CLARY_FORMAT_XGBOOST_EVENTS_H

#include <clary/arena.h>
#include <clary/status.h>
#include <clary/tensor.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Open brackets at once; XGBoost nests less than ten. */
#define CLARY_EVENTS_DEPTH 64

enum clary_event_kind {
    CLARY_EVENT_OBJECT,
    CLARY_EVENT_OBJECT_END,
    CLARY_EVENT_ARRAY,
    CLARY_EVENT_ARRAY_END,
    CLARY_EVENT_KEY,
    CLARY_EVENT_TEXT,
    CLARY_EVENT_NUMBER,
    CLARY_EVENT_BOOL,
    CLARY_EVENT_NULL,
    CLARY_EVENT_DONE /* the document is complete, and only blanks are left */
};

struct clary_event {
    enum clary_event_kind kind;
    const char *text; /* KEY, TEXT: the characters; JSON NUMBER: its digits */
    size_t len;
    bool escaped; /* text holds JSON escapes, see clary_event_string */
    char type;    /* UBJSON NUMBER: its marker; 0: JSON text */
    bool truth;   /* BOOL */
};

/* One open bracket. */
struct clary_events_level {
    bool is_object;
    bool is_begun;   /* JSON: an element came, so a comma must follow */
    bool has_key;    /* a key was read, its value follows */
    char type;       /* UBJSON: of every element; 0: each states its own */
    bool is_counted; /* UBJSON: `left` elements follow, and no bracket */
    uint64_t left;
};

struct clary_events {
    const char *name; /* of the file, for messages */
    const unsigned char *begin, *at, *end;
    bool is_ubjson;
    bool is_done; /* the outermost value is complete */
    size_t depth;
    struct clary_events_level level[CLARY_EVENTS_DEPTH];
};

/* Whether the bytes begin like a document: JSON "{" and a quote or "}" behind
 * it, or UBJSON "{" and the marker of a length. */
bool clary_events_probe(const void *bytes, size_t len, bool *is_ubjson);

void clary_events_init(struct clary_events *events, const char *name,
                       const void *bytes, size_t len, bool is_ubjson);

/* The next event. After DONE: DONE again. Errors: CLARY_BAD_MODEL says what is
 * wrong at which byte; CLARY_UNSUPPORTED names a marker of UBJSON that XGBoost
 * does not write. */
enum clary_status clary_events_next(struct clary_events *events,
                                    struct clary_event *event,
                                    struct clary_error *err) CLARY_MUST_USE;

/* Reads one value and drops it. */
enum clary_status clary_events_skip(struct clary_events *events,
                                    struct clary_error *err) CLARY_MUST_USE;

/* Reads one value that must be of this kind; `what` says what it is. */
enum clary_status clary_events_expect(struct clary_events *events,
                                      enum clary_event_kind kind,
                                      const char *what,
                                      struct clary_event *event,
                                      struct clary_error *err) CLARY_MUST_USE;

/* Reads an array of numbers (BOOL counts as 0 and 1).
 *
 *   dtype   F32, I32, I64 or U8; a number that it does not hold exactly is an
 *           error, but F32, which rounds
 *   out     (n), in `arena`; NULL when n is 0
 *   errors  CLARY_BAD_MODEL, CLARY_NO_MEMORY
 */
enum clary_status clary_events_array(struct clary_events *events,
                                     enum clary_dtype dtype, const char *what,
                                     struct clary_arena *arena, void **out,
                                     size_t *n, struct clary_error *err)
    CLARY_MUST_USE;

/* A NUMBER, or a TEXT that holds one ("5E-1": XGBoost quotes its parameters),
 * correctly rounded. Errors: CLARY_BAD_MODEL. */
enum clary_status clary_event_float(const struct clary_events *events,
                                    const struct clary_event *event,
                                    float *value, struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_event_int64(const struct clary_events *events,
                                    const struct clary_event *event,
                                    int64_t *value, struct clary_error *err)
    CLARY_MUST_USE;

/* Whether a KEY or TEXT is `text`. */
bool clary_event_is(const struct clary_event *event, const char *text);

/* A KEY or TEXT without its escapes, NUL-terminated, in `arena`. NUL bytes
 * become '?'. Errors: CLARY_BAD_MODEL (an escape that is none),
 * CLARY_NO_MEMORY. */
enum clary_status clary_event_string(const struct clary_events *events,
                                     const struct clary_event *event,
                                     struct clary_arena *arena, char **out,
                                     struct clary_error *err) CLARY_MUST_USE;

/* A float from `text` (JSON's grammar, and NaN, Infinity, -Infinity), rounded
 * once. False when it is none; a number past FLT_MAX is an infinity. */
bool clary_events_parse_float(const char *text, size_t len, float *value);

/* Fails with the name of the file and the byte. */
enum clary_status clary_events_fail(const struct clary_events *events,
                                    struct clary_error *err, const char *format,
                                    ...) __attribute__((format(printf, 3, 4)));

/* --- the encodings; events.c calls them -------------------------------- */

enum clary_status clary_events_next_json(struct clary_events *events,
                                         struct clary_event *event,
                                         struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_events_next_ubjson(struct clary_events *events,
                                           struct clary_event *event,
                                           struct clary_error *err)
    CLARY_MUST_USE;

/* UBJSON: whether the array that was just opened states the type and the number
 * of its elements; then they are passed over, and `bytes` points to them. */
bool clary_events_take_typed(struct clary_events *events, char *type,
                             const char **bytes, size_t *n);

/* Bytes of an element of a type; 0: it is no number's. */
size_t clary_events_type_bytes(char type);

/* Elements of the array that was just opened, an upper bound from the bytes
 * that are left: counted, not guessed, so that memory fits the result. */
size_t clary_events_count_json(const struct clary_events *events);
size_t clary_events_count_ubjson(const struct clary_events *events);

/* Opens and closes brackets. push fails past CLARY_EVENTS_DEPTH. */
enum clary_status clary_events_push(struct clary_events *events, bool is_object,
                                    struct clary_error *err) CLARY_MUST_USE;
void clary_events_pop(struct clary_events *events);

#endif
