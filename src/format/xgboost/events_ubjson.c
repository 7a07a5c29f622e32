/* events_ubjson.c: events from UBJSON.
 *
 *     value      marker, payload
 *       Z T F            null, true, false
 *       i U I l L d D    int8 uint8 int16 int32 int64 float double, big-endian
 *       S                length (itself an integer value), bytes
 *       [ {              array, object: elements, then ] or }
 *     container  may begin with $ and the marker of all its elements, then #
 *                and their count; then no closing bracket follows
 *     key        length, bytes: no S in front
 *     N          nothing, anywhere
 *
 * A count is checked against the bytes that are left before it is believed:
 * elements whose type takes no bytes (Z, T, F) cannot be counted typed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/events.h"

#include <string.h>

size_t clary_events_type_bytes(char type)
{
    switch (type) {
    case 'i':
    case 'U':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static size_t left_of(const struct clary_events *events)
{
    return (size_t)(events->end - events->at);
}

static enum clary_status cut_off(const struct clary_events *events,
                                 struct clary_error *err)
{
    return clary_events_fail(events, err, "the document is cut off");
}

static enum clary_status unknown(const struct clary_events *events, char type,
                                 struct clary_error *err)
{
    if (type > ' ' && type < 0x7f)
        return clary_events_fail(events, err,
                                 "'%c' is no marker of UBJSON that XGBoost "
                                 "writes here",
                                 type);
    return clary_events_fail(events, err, "the byte %u is no marker of UBJSON",
                             (unsigned)(unsigned char)type);
}

/* A number whose marker was read. */
static enum clary_status read_number(struct clary_events *events, char type,
                                     struct clary_event *event,
                                     struct clary_error *err)
{
    size_t bytes = clary_events_type_bytes(type);

    if (bytes > left_of(events))
        return cut_off(events, err);
    event->kind = CLARY_EVENT_NUMBER;
    event->type = type;
    event->text = (const char *)events->at;
    event->len = bytes;
    events->at += bytes;
    return CLARY_OK;
}

/* A length or count: an integer value that is not negative. */
static enum clary_status read_length(struct clary_events *events,
                                     uint64_t *length, struct clary_error *err)
{
    struct clary_event event = {0};
    int64_t value;
    char type;

    if (events->at == events->end)
        return cut_off(events, err);
    type = (char)*events->at;
    if (clary_events_type_bytes(type) == 0 || type == 'd' || type == 'D')
        return unknown(events, type, err);
    events->at++;
    CLARY_TRY(read_number(events, type, &event, err));
    CLARY_TRY(clary_event_int64(events, &event, &value, err));
    if (value < 0)
        return clary_events_fail(events, err, "a length of %lld",
                                 (long long)value);
    *length = (uint64_t)value;
    return CLARY_OK;
}

static enum clary_status read_string(struct clary_events *events,
                                     struct clary_event *event,
                                     struct clary_error *err)
{
    uint64_t length;

    CLARY_TRY(read_length(events, &length, err));
    if (length > left_of(events))
        return clary_events_fail(events, err,
                                 "a string of %llu bytes, and %zu are left",
                                 (unsigned long long)length, left_of(events));
    event->text = (const char *)events->at;
    event->len = (size_t)length;
    events->at += length;
    return CLARY_OK;
}

/* What a container states about its elements, behind its bracket. */
static enum clary_status read_header(struct clary_events *events,
                                     struct clary_events_level *level,
                                     struct clary_error *err)
{
    size_t bytes;

    if (left_of(events) >= 2 && *events->at == '$') {
        level->type = (char)events->at[1];
        if (clary_events_type_bytes(level->type) == 0)
            return unknown(events, level->type, err);
        events->at += 2;
        if (events->at == events->end || *events->at != '#')
            return clary_events_fail(events, err,
                                     "expected '#' behind the type of a "
                                     "container");
    }
    if (events->at == events->end || *events->at != '#')
        return CLARY_OK;
    events->at++;
    CLARY_TRY(read_length(events, &level->left, err));
    level->is_counted = true;
    bytes = level->type && !level->is_object
                ? clary_events_type_bytes(level->type)
                : 1;
    if (level->left > left_of(events) / bytes)
        return clary_events_fail(events, err,
                                 "a container of %llu elements, and %zu bytes "
                                 "are left",
                                 (unsigned long long)level->left,
                                 left_of(events));
    return CLARY_OK;
}

/* A value whose marker was read. */
static enum clary_status read_value(struct clary_events *events, char type,
                                    struct clary_event *event,
                                    struct clary_error *err)
{
    switch (type) {
    case 'Z':
        event->kind = CLARY_EVENT_NULL;
        return CLARY_OK;
    case 'T':
    case 'F':
        event->kind = CLARY_EVENT_BOOL;
        event->truth = type == 'T';
        return CLARY_OK;
    case 'S':
        event->kind = CLARY_EVENT_TEXT;
        return read_string(events, event, err);
    case '[':
    case '{':
        event->kind = type == '{' ? CLARY_EVENT_OBJECT : CLARY_EVENT_ARRAY;
        CLARY_TRY(clary_events_push(events, type == '{', err));
        return read_header(events, &events->level[events->depth - 1], err);
    default:
        if (clary_events_type_bytes(type) == 0)
            return unknown(events, type, err);
        return read_number(events, type, event, err);
    }
}

static enum clary_status read_marked(struct clary_events *events,
                                     struct clary_event *event,
                                     struct clary_error *err)
{
    if (events->at == events->end)
        return cut_off(events, err);
    return read_value(events, (char)*events->at++, event, err);
}

static void skip_nothings(struct clary_events *events)
{
    while (events->at < events->end && *events->at == 'N')
        events->at++;
}

/* Whether the container ends here; then its bracket is taken. */
static bool ends(struct clary_events *events, struct clary_events_level *level)
{
    if (level->is_counted)
        return level->left == 0;
    if (events->at == events->end ||
        *events->at != (level->is_object ? '}' : ']'))
        return false;
    events->at++;
    return true;
}

static enum clary_status next_inside(struct clary_events *events,
                                     struct clary_event *event,
                                     struct clary_error *err)
{
    struct clary_events_level *level = &events->level[events->depth - 1];

    if (!level->type)
        skip_nothings(events);
    if (!level->has_key) {
        if (ends(events, level)) {
            event->kind = level->is_object ? CLARY_EVENT_OBJECT_END
                                           : CLARY_EVENT_ARRAY_END;
            clary_events_pop(events);
            return CLARY_OK;
        }
        if (level->is_counted)
            level->left--;
        if (level->is_object) {
            level->has_key = true;
            event->kind = CLARY_EVENT_KEY;
            return read_string(events, event, err);
        }
    }
    level->has_key = false;
    return level->type ? read_number(events, level->type, event, err)
                       : read_marked(events, event, err);
}

enum clary_status clary_events_next_ubjson(struct clary_events *events,
                                           struct clary_event *event,
                                           struct clary_error *err)
{
    if (events->depth > 0)
        return next_inside(events, event, err);
    if (events->is_done) {
        skip_nothings(events);
        while (events->at < events->end && *events->at == '\0')
            events->at++;
        return events->at == events->end
                   ? CLARY_OK
                   : clary_events_fail(events, err,
                                       "bytes behind the end of the document");
    }
    CLARY_TRY(read_marked(events, event, err));
    events->is_done = events->depth == 0;
    return CLARY_OK;
}

bool clary_events_take_typed(struct clary_events *events, char *type,
                             const char **bytes, size_t *n)
{
    const struct clary_events_level *level = &events->level[events->depth - 1];

    if (!events->is_ubjson || level->is_object || !level->type ||
        !level->is_counted)
        return false;
    *type = level->type;
    *bytes = (const char *)events->at;
    *n = (size_t)level->left; /* read_header has seen that they are there */
    events->at += *n * clary_events_type_bytes(*type);
    clary_events_pop(events);
    return true;
}

size_t clary_events_count_ubjson(const struct clary_events *events)
{
    struct clary_events ahead = *events;
    struct clary_event event;
    struct clary_error err;
    size_t n = 0;

    if (ahead.level[ahead.depth - 1].is_counted)
        return (size_t)ahead.level[ahead.depth - 1].left;
    while (clary_events_next(&ahead, &event, &err) == CLARY_OK &&
           event.kind != CLARY_EVENT_ARRAY_END && ahead.depth == events->depth)
        n++;
    return n;
}
