/* status.c: one sentence about one failure.
 *
 * Messages quote bytes of requests and artifacts, so everything is made fit
 * for a log line and a JSON string here, once: control characters and bytes
 * that are not UTF-8 become '?', and a cut never splits a character. A caller
 * may pass err->message itself as an argument (to prefix it). Quotes and
 * backslashes are left alone; whoever writes JSON escapes them.
 * Tests: tests/unit/test_status.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"

#include <clary/status.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char ellipsis[] = "...";

/* C0, DEL and C1 (U+0080..U+009F, which UTF-8 writes as C2 80..9F). */
static bool is_control(const unsigned char *character, size_t len)
{
    if (len == 1)
        return character[0] < 0x20 || character[0] == 0x7F;
    return len == 2 && character[0] == 0xC2 && character[1] < 0xA0;
}

/* Copies what fits into `message` as whole, printable characters; every other
 * byte becomes one '?', so that positions stay. `cut` says that `text` is
 * itself only the beginning of the message: its last bytes may be half a
 * character, but those lie past the cut (a character has at most 4 bytes, as
 * many as the ellipsis with its NUL). */
static void set_message(char message[CLARY_MESSAGE_BYTES], const char *text,
                        size_t len, bool cut)
{
    const unsigned char *from = (const unsigned char *)text;
    size_t room = CLARY_MESSAGE_BYTES - (cut ? sizeof ellipsis : 1);
    size_t used = 0;
    while (used < len) {
        size_t n = clary_utf8_char(from + used, len - used);
        bool printable = n > 0 && !is_control(from + used, n);
        if (!printable)
            n = 1;
        if (n > room - used)
            break;
        if (printable)
            memcpy(message + used, from + used, n);
        else
            message[used] = '?';
        used += n;
    }
    memcpy(message + used, cut ? ellipsis : "", cut ? sizeof ellipsis : 1);
}

__attribute__((format(printf, 5, 0))) static void fill(
    struct clary_error *err, enum clary_status status, size_t row,
    size_t column, const char *format, va_list arguments)
{
    char text[CLARY_MESSAGE_BYTES];
    int prefix = 0;
    if (row > 0 && column > 0)
        prefix =
            snprintf(text, sizeof text, "row %zu, column %zu: ", row, column);
    else if (row > 0)
        prefix = snprintf(text, sizeof text, "row %zu: ", row);
    size_t used = prefix > 0 ? (size_t)prefix : 0; /* two numbers: it fits */
    int wanted = vsnprintf(text + used, sizeof text - used, format, arguments);
    if (wanted < 0) { /* longer than INT_MAX: nothing of it is known */
        wanted = snprintf(text + used, sizeof text - used, "%s",
                          clary_status_name(status));
    }
    size_t len = used + (size_t)wanted;
    bool cut = len >= sizeof text;
    err->status = status;
    err->row = row;
    err->column = column;
    err->feature = 0;
    set_message(err->message, text, cut ? sizeof text - 1 : len, cut);
}

enum clary_status clary_fail(struct clary_error *err, enum clary_status status,
                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, 0, 0, format, arguments);
    va_end(arguments);
    return status;
}

enum clary_status clary_fail_at(struct clary_error *err,
                                enum clary_status status, size_t row,
                                size_t column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fill(err, status, row, column, format, arguments);
    va_end(arguments);
    return status;
}

const char *clary_status_name(enum clary_status status)
{
    static const char *const names[CLARY_STATUS_COUNT] = {
        [CLARY_OK] = "ok",
        [CLARY_BAD_INPUT] = "bad input",
        [CLARY_UNREADABLE] = "unreadable",
        [CLARY_BAD_MEDIA_TYPE] = "bad media type",
        [CLARY_NOT_ACCEPTABLE] = "not acceptable",
        [CLARY_TOO_LARGE] = "too large",
        [CLARY_NOT_FOUND] = "not found",
        [CLARY_BAD_MODEL] = "bad model",
        [CLARY_UNSUPPORTED] = "unsupported",
        [CLARY_NO_MEMORY] = "no memory",
        [CLARY_IO] = "input/output error",
        [CLARY_INTERNAL] = "internal error",
    };
    size_t index = (size_t)status;
    return index < CLARY_STATUS_COUNT ? names[index] : "unknown status";
}

bool clary_status_is_client(enum clary_status status)
{
    return status >= CLARY_BAD_INPUT && status <= CLARY_NOT_FOUND;
}

enum clary_status clary_no_memory(struct clary_error *err)
{
    return clary_fail(err, CLARY_NO_MEMORY,
                      "no memory left: the machine's or the set limit is "
                      "used up");
}
