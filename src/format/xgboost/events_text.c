/* events_text.c: keys and strings of events as text of our own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/events.h"

#include <string.h>

bool clary_event_is(const struct clary_event *event, const char *text)
{
    return !event->escaped && event->len == strlen(text) &&
           memcmp(event->text, text, event->len) == 0;
}

/* Four hexadecimal digits; -1 when they are none. */
static int32_t hex4(const char *p, const char *end)
{
    int32_t value = 0;

    if (end - p < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* `code` as UTF-8; the bytes written. */
static size_t put_utf8(char *out, int32_t code)
{
    if (code < 0x80) {
        out[0] = code ? (char)code : '?';
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* \uXXXX at `p`, behind the 'u', with its second half if it is a surrogate.
 * What is written is never longer than what is read. NULL: it is none. */
static const char *unescape_code(const char *p, const char *end, char **out)
{
    int32_t code = hex4(p, end);

    if (code < 0)
        return NULL;
    p += 4;
    if (code >= 0xd800 && code < 0xdc00) {
        int32_t low =
            end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? hex4(p + 2, end) : -1;

        if (low < 0xdc00 || low > 0xdfff)
            return NULL;
        p += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    } else if (code >= 0xdc00 && code < 0xe000) {
        return NULL;
    }
    *out += put_utf8(*out, code);
    return p;
}

/* The escapes of one letter. */
static char unescape_letter(char c)
{
    static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char *found = memchr(letters, c, sizeof letters - 1);

    return found ? meanings[found - letters] : '\0';
}

enum clary_status clary_event_string(const struct clary_events *events,
                                     const struct clary_event *event,
                                     struct clary_arena *arena, char **out,
                                     struct clary_error *err)
{
    char *text = clary_arena_alloc(arena, event->len + 1), *to = text;
    const char *p = event->text, *end = p + event->len;

    if (!text)
        return clary_no_memory(err);
    while (p < end) {
        char c = *p++;

        if (c == '\\' && event->escaped) {
            c = p < end ? *p++ : '\0';
            if (c == 'u') {
                p = unescape_code(p, end, &to);
                if (!p)
                    return clary_events_fail(events, err,
                                             "a string holds a \\u that is no "
                                             "character");
                continue;
            }
            c = unescape_letter(c);
            if (!c)
                return clary_events_fail(events, err,
                                         "a string holds an escape that is "
                                         "none of JSON");
        }
        *to++ = c ? c : '?';
    }
    *to = '\0';
    *out = text;
    return CLARY_OK;
}
