/* events.c: what both encodings share: brackets, skipping, arrays of numbers,
 * and values from events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/events.h"

#include "data/number.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool clary_events_probe(const void *bytes, size_t len, bool *is_ubjson)
{
    const char *p = bytes, *end = p + len;

    if (len < 2 || *p != '{')
        return false;
    *is_ubjson = memchr("iUIlL", p[1], 5) != NULL;
    if (*is_ubjson)
        return true;
    for (p++; p < end && memchr(" \t\r\n", *p, 4); p++)
        ;
    return p < end && (*p == '"' || *p == '}');
}

void clary_events_init(struct clary_events *events, const char *name,
                       const void *bytes, size_t len, bool is_ubjson)
{
    memset(events, 0, sizeof *events);
    events->name = name;
    events->begin = events->at = bytes;
    events->end = events->begin + len;
    events->is_ubjson = is_ubjson;
}

enum clary_status clary_events_fail(const struct clary_events *events,
                                    struct clary_error *err, const char *format,
                                    ...)
{
    char what[300];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return clary_fail(err, CLARY_BAD_MODEL, "%s, byte %zu: %s", events->name,
                      (size_t)(events->at - events->begin), what);
}

enum clary_status clary_events_push(struct clary_events *events, bool is_object,
                                    struct clary_error *err)
{
    if (events->depth == CLARY_EVENTS_DEPTH)
        return clary_events_fail(events, err, "more than %d open brackets",
                                 CLARY_EVENTS_DEPTH);
    events->level[events->depth++] =
        (struct clary_events_level){.is_object = is_object};
    return CLARY_OK;
}

void clary_events_pop(struct clary_events *events)
{
    events->is_done = --events->depth == 0;
}

enum clary_status clary_events_next(struct clary_events *events,
                                    struct clary_event *event,
                                    struct clary_error *err)
{
    *event = (struct clary_event){.kind = CLARY_EVENT_DONE};
    return events->is_ubjson ? clary_events_next_ubjson(events, event, err)
                             : clary_events_next_json(events, event, err);
}

enum clary_status clary_events_skip(struct clary_events *events,
                                    struct clary_error *err)
{
    size_t depth = events->depth, n;
    struct clary_event event;
    const char *bytes;
    char type;

    do {
        CLARY_TRY(clary_events_next(events, &event, err));
        if (event.kind == CLARY_EVENT_ARRAY)
            (void)clary_events_take_typed(events, &type, &bytes, &n);
    } while (events->depth > depth);
    return CLARY_OK;
}

static const char *describe_event(const struct clary_event *event)
{
    static const char *const names[] = {
        [CLARY_EVENT_OBJECT] = "an object",
        [CLARY_EVENT_OBJECT_END] = "'}'",
        [CLARY_EVENT_ARRAY] = "an array",
        [CLARY_EVENT_ARRAY_END] = "']'",
        [CLARY_EVENT_KEY] = "a key",
        [CLARY_EVENT_TEXT] = "a string",
        [CLARY_EVENT_NUMBER] = "a number",
        [CLARY_EVENT_BOOL] = "true or false",
        [CLARY_EVENT_NULL] = "null",
        [CLARY_EVENT_DONE] = "the end",
    };

    return names[event->kind];
}

enum clary_status clary_events_expect(struct clary_events *events,
                                      enum clary_event_kind kind,
                                      const char *what,
                                      struct clary_event *event,
                                      struct clary_error *err)
{
    struct clary_event wanted = {.kind = kind};

    CLARY_TRY(clary_events_next(events, event, err));
    if (event->kind != kind)
        return clary_events_fail(events, err, "expected %s for %s, found %s",
                                 describe_event(&wanted), what,
                                 describe_event(event));
    return CLARY_OK;
}

/* --- numbers ---------------------------------------------------------------
 */

/* The number is read as a double and rounded to float. Where the double is the
 * very middle of two floats, the first rounding may have moved it there, and
 * the digits decide. (strtof rounds once; it is slower.) */
static float round_once(const char *text, size_t len, double value)
{
    float near = (float)value, other;
    char digits[64];

    if ((double)near == value || len >= sizeof digits)
        return near;
    other = nextafterf(near, value > (double)near ? INFINITY : -INFINITY);
    if (value - (double)near != (double)other - value)
        return near;
    memcpy(digits, text, len);
    digits[len] = '\0';
    return strtof(digits, NULL);
}

static bool is_text(const char *text, size_t len, const char *what)
{
    return len == strlen(what) && memcmp(text, what, len) == 0;
}

bool clary_events_parse_float(const char *text, size_t len, float *value)
{
    double wide;

    switch (clary_parse_double(text, len, &wide)) {
    case CLARY_NUMBER_OK:
        *value = round_once(text, len, wide);
        return true;
    case CLARY_NUMBER_RANGE:
        *value = *text == '-' ? -INFINITY : INFINITY;
        return true;
    default:
        break;
    }
    if (is_text(text, len, "NaN") || is_text(text, len, "nan"))
        *value = NAN;
    else if (is_text(text, len, "Infinity") || is_text(text, len, "inf"))
        *value = INFINITY;
    else if (is_text(text, len, "-Infinity") || is_text(text, len, "-inf"))
        *value = -INFINITY;
    else
        return false;
    return true;
}

/* Big-endian, as all numbers of UBJSON. */
static uint64_t load_big(const char *bytes, size_t len)
{
    uint64_t value = 0;

    for (size_t i = 0; i < len; i++)
        value = value << 8 | (unsigned char)bytes[i];
    return value;
}

static float float_of(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

static double double_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* The payload of an integer marker. */
static int64_t ubjson_integer(char type, const char *bytes)
{
    switch (type) {
    case 'i':
        return (int8_t)bytes[0];
    case 'U':
        return (uint8_t)bytes[0];
    case 'I':
        return (int16_t)load_big(bytes, 2);
    case 'l':
        return (int32_t)load_big(bytes, 4);
    default:
        return (int64_t)load_big(bytes, 8);
    }
}

static float ubjson_float(char type, const char *bytes)
{
    if (type == 'd')
        return float_of((uint32_t)load_big(bytes, 4));
    if (type == 'D')
        return (float)double_of(load_big(bytes, 8));
    return (float)ubjson_integer(type, bytes);
}

static bool whole(double value, int64_t *integer)
{
    const double limit = 9223372036854775808.0; /* 2^63 */

    if (!(value >= -limit && value < limit) || value != trunc(value))
        return false;
    *integer = (int64_t)value;
    return true;
}

enum clary_status clary_event_float(const struct clary_events *events,
                                    const struct clary_event *event,
                                    float *value, struct clary_error *err)
{
    if (event->kind == CLARY_EVENT_BOOL)
        *value = event->truth;
    else if (event->kind == CLARY_EVENT_NUMBER && event->type)
        *value = ubjson_float(event->type, event->text);
    else if ((event->kind != CLARY_EVENT_NUMBER &&
              event->kind != CLARY_EVENT_TEXT) ||
             !clary_events_parse_float(event->text, event->len, value))
        return clary_events_fail(events, err, "expected a number, found %s",
                                 event->kind == CLARY_EVENT_NUMBER
                                     ? "one that is spelt wrong"
                                     : describe_event(event));
    return CLARY_OK;
}

static bool json_integer(const char *text, size_t len, int64_t *value)
{
    double wide;

    if (clary_parse_int64(text, len, value) == CLARY_NUMBER_OK)
        return true;
    return clary_parse_double(text, len, &wide) == CLARY_NUMBER_OK &&
           whole(wide, value);
}

enum clary_status clary_event_int64(const struct clary_events *events,
                                    const struct clary_event *event,
                                    int64_t *value, struct clary_error *err)
{
    bool good = false;

    if (event->kind == CLARY_EVENT_BOOL) {
        *value = event->truth;
        good = true;
    } else if (event->kind == CLARY_EVENT_NUMBER && event->type) {
        good = true;
        if (event->type == 'd' || event->type == 'D')
            good = whole(event->type == 'd'
                             ? (double)ubjson_float('d', event->text)
                             : double_of(load_big(event->text, 8)),
                         value);
        else
            *value = ubjson_integer(event->type, event->text);
    } else if (event->kind == CLARY_EVENT_NUMBER ||
               event->kind == CLARY_EVENT_TEXT) {
        good = json_integer(event->text, event->len, value);
    }
    return good ? CLARY_OK
                : clary_events_fail(events, err,
                                    "expected a whole number, found %s",
                                    event->kind == CLARY_EVENT_NUMBER
                                        ? "another one"
                                        : describe_event(event));
}

/* --- arrays ----------------------------------------------------------------
 */

static enum clary_status store(const struct clary_events *events,
                               const struct clary_event *event,
                               enum clary_dtype dtype, void *out, size_t i,
                               struct clary_error *err)
{
    int64_t integer;

    if (dtype == CLARY_DTYPE_F32)
        return clary_event_float(events, event, &((float *)out)[i], err);
    CLARY_TRY(clary_event_int64(events, event, &integer, err));
    if (dtype == CLARY_DTYPE_I64) {
        ((int64_t *)out)[i] = integer;
        return CLARY_OK;
    }
    if (dtype == CLARY_DTYPE_I32 && integer >= INT32_MIN &&
        integer <= INT32_MAX)
        ((int32_t *)out)[i] = (int32_t)integer;
    else if (dtype == CLARY_DTYPE_U8 && integer >= 0 && integer <= UINT8_MAX)
        ((uint8_t *)out)[i] = (uint8_t)integer;
    else
        return clary_events_fail(events, err, "%lld is no %s",
                                 (long long)integer, clary_dtype_name(dtype));
    return CLARY_OK;
}

/* Elements that all have one type, big-endian. The usual types go without an
 * event each. */
static enum clary_status store_typed(const struct clary_events *events,
                                     char type, const char *bytes, size_t n,
                                     enum clary_dtype dtype, void *out,
                                     struct clary_error *err)
{
    struct clary_event event = {.kind = CLARY_EVENT_NUMBER,
                                .type = type,
                                .len = clary_events_type_bytes(type)};

    if ((dtype == CLARY_DTYPE_F32 && type == 'd') ||
        (dtype == CLARY_DTYPE_I32 && type == 'l')) {
        uint32_t *to = out; /* the bits of either */

        for (size_t i = 0; i < n; i++)
            to[i] = (uint32_t)load_big(bytes + 4 * i, 4);
        return CLARY_OK;
    }
    if (dtype == CLARY_DTYPE_U8 && type == 'U') {
        if (n > 0)
            memcpy(out, bytes, n);
        return CLARY_OK;
    }
    for (size_t i = 0; i < n; i++) {
        event.text = bytes + i * event.len;
        CLARY_TRY(store(events, &event, dtype, out, i, err));
    }
    return CLARY_OK;
}

enum clary_status clary_events_array(struct clary_events *events,
                                     enum clary_dtype dtype, const char *what,
                                     struct clary_arena *arena, void **out,
                                     size_t *n, struct clary_error *err)
{
    struct clary_event event;
    size_t capacity, count = 0;
    const char *bytes;
    void *data;
    char type;

    CLARY_TRY(
        clary_events_expect(events, CLARY_EVENT_ARRAY, what, &event, err));
    capacity = events->is_ubjson ? clary_events_count_ubjson(events)
                                 : clary_events_count_json(events);
    data = clary_arena_calloc(arena, capacity, clary_dtype_bytes(dtype));
    if (!data)
        return clary_no_memory(err);
    if (clary_events_take_typed(events, &type, &bytes, n)) {
        *out = *n ? data : NULL;
        return store_typed(events, type, bytes, *n, dtype, data, err);
    }
    for (;;) {
        CLARY_TRY(clary_events_next(events, &event, err));
        if (event.kind == CLARY_EVENT_ARRAY_END)
            break;
        /* the count knows numbers only: something else may make it short */
        if (count == capacity || (event.kind != CLARY_EVENT_NUMBER &&
                                  event.kind != CLARY_EVENT_BOOL))
            return clary_events_fail(events, err,
                                     "expected numbers in %s, found %s", what,
                                     describe_event(&event));
        CLARY_TRY(store(events, &event, dtype, data, count, err));
        count++;
    }
    *out = count ? data : NULL;
    *n = count;
    return CLARY_OK;
}
