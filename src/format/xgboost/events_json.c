/* events_json.c: events from JSON text (RFC 8259), and the literals NaN,
 * Infinity and -Infinity, which XGBoost writes.
 *
 * Numbers and strings are only delimited here; whoever wants their value
 * converts them. So a number that is skipped may be spelt wrong.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/events.h"

#include <string.h>

static void skip_blanks(struct clary_events *events)
{
    const unsigned char *p = events->at;

    while (p < events->end &&
           (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    events->at = p;
}

/* At the quote that opens it. */
static enum clary_status read_string(struct clary_events *events,
                                     struct clary_event *event,
                                     struct clary_error *err)
{
    const unsigned char *p = events->at + 1, *end = events->end;

    event->text = (const char *)p;
    while (p < end && *p != '"') {
        if (*p == '\\') {
            event->escaped = true;
            p++;
        }
        p++;
    }
    if (p >= end)
        return clary_events_fail(events, err, "a string without an end");
    event->len = (size_t)(p - (const unsigned char *)event->text);
    events->at = p + 1;
    return CLARY_OK;
}

static bool is_number_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || c == '.' || c == 'e' || c == 'E' ||
           c == '-' || c == '+';
}

static bool take_literal(struct clary_events *events, const char *literal)
{
    size_t len = strlen(literal);

    if ((size_t)(events->end - events->at) < len ||
        memcmp(events->at, literal, len) != 0)
        return false;
    events->at += len;
    return true;
}

static enum clary_status read_scalar(struct clary_events *events,
                                     struct clary_event *event,
                                     struct clary_error *err)
{
    const unsigned char *p = events->at;

    event->text = (const char *)p;
    event->kind = CLARY_EVENT_NUMBER;
    while (p < events->end && is_number_char(*p))
        p++;
    if (p > events->at && !(*events->at == '-' && p == events->at + 1)) {
        events->at = p;
    } else if (take_literal(events, "true")) {
        event->kind = CLARY_EVENT_BOOL;
        event->truth = true;
    } else if (take_literal(events, "false")) {
        event->kind = CLARY_EVENT_BOOL;
    } else if (take_literal(events, "null")) {
        event->kind = CLARY_EVENT_NULL;
    } else if (!take_literal(events, "NaN") &&
               !take_literal(events, "Infinity") &&
               !take_literal(events, "-Infinity")) {
        return clary_events_fail(events, err, "expected a value of JSON");
    }
    event->len = (size_t)((const char *)events->at - event->text);
    return CLARY_OK;
}

static enum clary_status read_value(struct clary_events *events,
                                    struct clary_event *event,
                                    struct clary_error *err)
{
    if (events->at == events->end)
        return clary_events_fail(events, err, "the document is cut off");
    switch (*events->at) {
    case '{':
        CLARY_TRY(clary_events_push(events, true, err));
        event->kind = CLARY_EVENT_OBJECT;
        events->at++;
        return CLARY_OK;
    case '[':
        CLARY_TRY(clary_events_push(events, false, err));
        event->kind = CLARY_EVENT_ARRAY;
        events->at++;
        return CLARY_OK;
    case '"':
        CLARY_TRY(read_string(events, event, err));
        event->kind = CLARY_EVENT_TEXT;
        return CLARY_OK;
    default:
        return read_scalar(events, event, err);
    }
}

/* Behind a value or an opening bracket: the closing one, or what separates. */
static enum clary_status separator(struct clary_events *events,
                                   struct clary_events_level *level,
                                   struct clary_event *event, bool *closed,
                                   struct clary_error *err)
{
    unsigned char close = level->is_object ? '}' : ']';

    *closed = false;
    if (events->at == events->end)
        return clary_events_fail(events, err, "the document is cut off");
    if (*events->at == close) {
        events->at++;
        event->kind =
            level->is_object ? CLARY_EVENT_OBJECT_END : CLARY_EVENT_ARRAY_END;
        clary_events_pop(events);
        *closed = true;
        return CLARY_OK;
    }
    if (level->is_begun) {
        if (*events->at != ',')
            return clary_events_fail(events, err, "expected ',' or '%c'",
                                     close);
        events->at++;
        skip_blanks(events);
    }
    level->is_begun = true;
    return CLARY_OK;
}

static enum clary_status read_key(struct clary_events *events,
                                  struct clary_event *event,
                                  struct clary_error *err)
{
    if (events->at == events->end || *events->at != '"')
        return clary_events_fail(events, err, "expected a key in quotes");
    CLARY_TRY(read_string(events, event, err));
    skip_blanks(events);
    if (events->at == events->end || *events->at != ':')
        return clary_events_fail(events, err, "expected ':' behind a key");
    events->at++;
    event->kind = CLARY_EVENT_KEY;
    return CLARY_OK;
}

enum clary_status clary_events_next_json(struct clary_events *events,
                                         struct clary_event *event,
                                         struct clary_error *err)
{
    struct clary_events_level *level;
    bool closed;

    skip_blanks(events);
    if (events->depth == 0) {
        if (!events->is_done) {
            CLARY_TRY(read_value(events, event, err));
            events->is_done = events->depth == 0;
            return CLARY_OK;
        }
        /* files that C programs wrote may end in a NUL */
        while (events->at < events->end && *events->at == '\0')
            events->at++;
        return events->at == events->end
                   ? CLARY_OK
                   : clary_events_fail(events, err,
                                       "bytes behind the end of the document");
    }
    level = &events->level[events->depth - 1];
    if (level->has_key) {
        level->has_key = false;
        return read_value(events, event, err);
    }
    CLARY_TRY(separator(events, level, event, &closed, err));
    if (closed)
        return CLARY_OK;
    if (!level->is_object)
        return read_value(events, event, err);
    level->has_key = true;
    return read_key(events, event, err);
}

size_t clary_events_count_json(const struct clary_events *events)
{
    const unsigned char *p = events->at, *close;
    size_t n = 1;

    close = memchr(p, ']', (size_t)(events->end - p));
    if (!close)
        return 0;
    while ((p = memchr(p, ',', (size_t)(close - p))) != NULL) {
        p++;
        n++;
    }
    return n;
}
