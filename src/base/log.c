/* log.c: one event, one line, one write().
 *
 * A line has at most 4096 bytes, which is PIPE_BUF on Linux: writes of
 * several threads to the container's log pipe never mix. The line is built on
 * the stack; neither malloc nor stdio nor the C library's time zones are
 * asked, so that logging works when memory is gone. A line that cannot be
 * written is dropped. Tests: tests/unit/test_log.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"

#include "base/utf8.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_BYTES 4096
_Static_assert(LINE_BYTES <= PIPE_BUF, "a line must be written as a whole");

struct line {
    char bytes[LINE_BYTES];
    size_t used;
};

/* Kept free for what must end every line: a quote, '}' and LF. */
#define END_BYTES 3

static const char *const level_names[] = {
    [CLARY_LOG_DEBUG] = "debug",     [CLARY_LOG_INFO] = "info",
    [CLARY_LOG_WARNING] = "warning", [CLARY_LOG_ERROR] = "error",
    [CLARY_LOG_NONE] = "none",
};
#define N_LEVELS ((int)(sizeof level_names / sizeof *level_names))

/* The one global of this module: events below it are not written. */
static atomic_int lowest_level = CLARY_LOG_INFO;

void clary_log_set_level(enum clary_log_level level)
{
    atomic_store(&lowest_level, (int)level);
}

int clary_log_level_parse(const char *name)
{
    for (int level = 0; level < N_LEVELS; level++)
        if (strcmp(name, level_names[level]) == 0)
            return level;
    return -1;
}

/* All of `bytes` or, if there is no room for them, nothing. */
static bool put(struct line *line, const void *bytes, size_t len)
{
    if (len > sizeof line->bytes - END_BYTES - line->used)
        return false;
    memcpy(line->bytes + line->used, bytes, len);
    line->used += len;
    return true;
}

static bool put_text(struct line *line, const char *text)
{
    return put(line, text, strlen(text));
}

/* One character of a JSON string (RFC 8259, section 7); `len` is 0 for a byte
 * that is not UTF-8, which becomes U+FFFD. */
static bool put_character(struct line *line, const unsigned char *character,
                          size_t len)
{
    char escaped[sizeof "\\u0000"];
    if (len == 0)
        return put_text(line, "\xEF\xBF\xBD");
    if (character[0] == '"' || character[0] == '\\') {
        snprintf(escaped, sizeof escaped, "\\%c", character[0]);
        return put_text(line, escaped);
    }
    if (character[0] < 0x20) {
        snprintf(escaped, sizeof escaped, "\\u%04x", character[0]);
        return put_text(line, escaped);
    }
    return put(line, character, len);
}

/* The inside of a JSON string; false when it had to be cut. */
static bool put_characters(struct line *line, const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t left = strlen(text);
    while (left > 0) {
        size_t len = clary_utf8_char(bytes, left);
        if (!put_character(line, bytes, len))
            return false;
        size_t taken = len > 0 ? len : 1;
        bytes += taken;
        left -= taken;
    }
    return true;
}

/* ,"KEY":"VALUE" with the last quote in the bytes kept free if need be.
 * False when the line is full. */
static bool put_member(struct line *line, const char *key, const char *value)
{
    size_t before = line->used;
    if (!put_text(line, ",\"") || !put_characters(line, key) ||
        !put_text(line, "\":\"")) {
        line->used = before;
        return false;
    }
    bool whole = put_characters(line, value);
    line->bytes[line->used++] = '"';
    return whole && line->used <= sizeof line->bytes - END_BYTES;
}

/* Year, month (1-12) and day of a count of days since 1970-01-01. Years are
 * taken to begin on 1 March, so that a leap day is a year's last, in eras of
 * 400 years (146,097 days) that begin on 1 March of year 0. */
static void date_of_days(int64_t days, int *year, int *month, int *day)
{
    int64_t since_era0 = days + 719468; /* 1970-01-01 from 0000-03-01 */
    int64_t era = since_era0 / 146097;
    int64_t of_era = since_era0 % 146097;
    int64_t year_of_era =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year =
        of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(year_of_era + 400 * era + (*month <= 2 ? 1 : 0));
}

/* RFC 3339, UTC, milliseconds. */
static void put_time(struct line *line)
{
    char text[80];
    struct timespec now;
    int year, month, day;
    if (clock_gettime(CLOCK_REALTIME, &now) != 0 || now.tv_sec < 0)
        now = (struct timespec){0};
    int second = (int)(now.tv_sec % 86400);
    date_of_days(now.tv_sec / 86400, &year, &month, &day);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year,
             month, day, second / 3600, second / 60 % 60, second % 60,
             (int)(now.tv_nsec / 1000000));
    put_text(line, text);
}

/* write() without the SIGPIPE of a reader that is gone: the signal is blocked
 * in this thread and taken back, unless one was waiting before. */
static void write_line(const struct line *line)
{
    sigset_t pipe_signal, waiting, old;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    sigemptyset(&waiting);
    sigpending(&waiting);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    ssize_t written;
    do
        written = write(STDERR_FILENO, line->bytes, line->used);
    while (written < 0 && errno == EINTR);
    if (written < 0 && errno == EPIPE && !sigismember(&waiting, SIGPIPE)) {
        const struct timespec at_once = {0};
        sigtimedwait(&pipe_signal, NULL, &at_once);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

void clary_log(enum clary_log_level level, const char *event,
               const struct clary_log_field *fields)
{
    struct line line;
    if (level < CLARY_LOG_DEBUG || level >= CLARY_LOG_NONE ||
        (int)level < atomic_load(&lowest_level))
        return;
    int saved_errno = errno;
    line.used = 0;
    put_text(&line, "{\"time\":\"");
    put_time(&line);
    put_text(&line, "\"");
    bool room = put_member(&line, "level", level_names[level]) &&
                put_member(&line, "event", event);
    for (size_t i = 0; room && fields != NULL && fields[i].key != NULL; i++)
        if (fields[i].value != NULL)
            room = put_member(&line, fields[i].key, fields[i].value);
    line.bytes[line.used++] = '}';
    line.bytes[line.used++] = '\n';
    write_line(&line);
    errno = saved_errno;
}
