/* test_log.c: every line is one valid JSON object, whatever is logged.
 *
 * stderr is turned to a pipe while an event is written.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"
#include "base/utf8.h"
#include "tests/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static char text[1 << 16]; /* what was written */

/* Logs with stderr at a pipe and leaves what came in `text`. */
static void capture(enum clary_log_level level, const char *event,
                    const struct clary_log_field *fields)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    if (saved < 0 || pipe(ends) != 0)
        abort();
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    clary_log(level, event, fields);
    dup2(saved, STDERR_FILENO);
    close(saved);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
}

/* The members of the line that was captured. */
struct member {
    char key[64];
    char value[4096];
};
static struct member members[16];
static int n_members;

/* One JSON string at `*at`, strictly: no raw control character, only the
 * escapes that log.c writes, UTF-8. */
static bool parse_string(const char **at, char *out, size_t out_bytes)
{
    const unsigned char *from = (const unsigned char *)*at;
    size_t used = 0;
    unsigned code;
    if (*from++ != '"')
        return false;
    while (*from != '"') {
        size_t n = clary_utf8_char(from, strlen((const char *)from));
        if (n == 0 || *from < 0x20 || used + n >= out_bytes)
            return false;
        if (*from != '\\') {
            memcpy(out + used, from, n);
            used += n;
            from += n;
        } else if (from[1] == '"' || from[1] == '\\') {
            out[used++] = (char)from[1];
            from += 2;
        } else if (sscanf((const char *)from, "\\u00%2x", &code) == 1 &&
                   code < 0x20) {
            out[used++] = (char)code;
            from += 6;
        } else {
            return false;
        }
    }
    out[used] = '\0';
    *at = (const char *)from + 1;
    return true;
}

static bool parse_members(const char *at)
{
    n_members = 0;
    do {
        at++; /* '{' or ',' */
        if (n_members == 16 || !parse_string(&at, members[n_members].key, 64) ||
            *at++ != ':' || !parse_string(&at, members[n_members].value, 4096))
            return false;
        n_members++;
    } while (*at == ',');
    return strcmp(at, "}\n") == 0;
}

/* Whether `text` is one line that is one JSON object. */
static bool parse_line(void)
{
    bool is_json = text[0] == '{' && parse_members(text);
    if (!CHECK(is_json))
        printf("  the line is: %s\n", text);
    return is_json;
}

static const char *member(const char *key)
{
    for (int i = 0; i < n_members; i++)
        if (strcmp(members[i].key, key) == 0)
            return members[i].value;
    return NULL;
}

TEST(an_event)
{
    capture(CLARY_LOG_WARNING, "ready",
            (struct clary_log_field[]){
                {"port", "8080"}, {"left_out", NULL}, {"b", ""}, {NULL, NULL}});
    parse_line();
    CHECK_INT(n_members, 5);
    CHECK_STR(member("level"), "warning");
    CHECK_STR(member("event"), "ready");
    CHECK_STR(member("port"), "8080");
    CHECK_STR(member("b"), "");
    CHECK_STR(strstr(text, "\"level\""), "\"level\":\"warning\",\"event\":"
                                         "\"ready\",\"port\":\"8080\",\"b\":"
                                         "\"\"}\n");
    capture(CLARY_LOG_ERROR, "bare", NULL);
    parse_line();
    CHECK_INT(n_members, 3);
}

/* The time, read back with the C library's calendar. */
TEST(time_is_rfc_3339)
{
    time_t before = time(NULL);
    capture(CLARY_LOG_INFO, "now", NULL);
    time_t after = time(NULL);
    parse_line();
    const char *at = member("time");
    struct tm parts = {0};
    if (CHECK(at != NULL) && CHECK_INT(strlen(at), 24)) {
        const char *rest = strptime(at, "%Y-%m-%dT%H:%M:%S", &parts);
        CHECK(rest != NULL && rest[0] == '.' && rest[4] == 'Z');
        time_t logged = timegm(&parts);
        CHECK(logged >= before && logged <= after);
    }
}

TEST(any_bytes)
{
    capture(CLARY_LOG_INFO, "x",
            (struct clary_log_field[]){
                {"quotes", "a\"b\\c"},
                {"controls", "\x01\n\r\t\x1f\x7f"},
                {"utf8", "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x8C\xBF"},
                {"broken", "a\xFF"
                           "b\xC3"},
                {"surrogate", "\xED\xA0\x80"},
                {NULL, NULL}});
    parse_line();
    CHECK_STR(member("quotes"), "a\"b\\c");
    CHECK_STR(member("controls"), "\x01\n\r\t\x1f\x7f");
    CHECK_STR(member("utf8"), "\xC3\xBC\xE2\x82\xAC\xF0\x9F\x8C\xBF");
    CHECK_STR(member("broken"), "a\xEF\xBF\xBD"
                                "b\xEF\xBF\xBD");
    CHECK_STR(member("surrogate"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(strstr(text, "\\u0001\\u000a\\u000d\\u0009\\u001f\x7f") != NULL);
}

/* Lengths around the limit, of characters that become 1, 2, 4 and 6 bytes. */
TEST(long_lines_are_cut)
{
    static const struct {
        const char *bytes;
        size_t written;
    } characters[] = {
        {"x", 1}, {"\"", 2}, {"\xF0\x9F\x8C\xBF", 4}, {"\x01", 6}};
    static char value[4096 + 200];
    size_t n_cut = 0, n_whole = 0;
    for (size_t kind = 0; kind < 4; kind++) {
        size_t size = strlen(characters[kind].bytes);
        size_t limit = 4096 / characters[kind].written;
        for (size_t n = limit - 120; n < limit + 20; n++) {
            for (size_t i = 0; i < n; i++)
                memcpy(value + i * size, characters[kind].bytes, size + 1);
            capture(CLARY_LOG_INFO, "x",
                    (struct clary_log_field[]){
                        {"v", value}, {"after", "w"}, {NULL, NULL}});
            CHECK(strlen(text) <= 4096);
            parse_line();
            const char *cut = member("v");
            if (!CHECK(cut != NULL && strncmp(cut, value, strlen(cut)) == 0))
                return;
            bool is_whole = strlen(cut) == n * size;
            n_whole += is_whole;
            n_cut += !is_whole;
            CHECK(is_whole || member("after") == NULL);
            CHECK(is_whole || strlen(text) > 4096 - 6);
        }
    }
    CHECK(n_cut > 50 && n_whole > 50);
}

TEST(levels)
{
    CHECK_INT(clary_log_level_parse("debug"), CLARY_LOG_DEBUG);
    CHECK_INT(clary_log_level_parse("info"), CLARY_LOG_INFO);
    CHECK_INT(clary_log_level_parse("warning"), CLARY_LOG_WARNING);
    CHECK_INT(clary_log_level_parse("error"), CLARY_LOG_ERROR);
    CHECK_INT(clary_log_level_parse("none"), CLARY_LOG_NONE);
    CHECK_INT(clary_log_level_parse("Info"), -1);
    CHECK_INT(clary_log_level_parse(""), -1);
    capture(CLARY_LOG_DEBUG, "x", NULL);
    CHECK_STR(text, "");
    clary_log_set_level(CLARY_LOG_DEBUG);
    capture(CLARY_LOG_DEBUG, "x", NULL);
    CHECK(text[0] == '{');
    clary_log_set_level(CLARY_LOG_NONE);
    capture(CLARY_LOG_ERROR, "x", NULL);
    CHECK_STR(text, "");
    capture(CLARY_LOG_NONE, "x", NULL);
    CHECK_STR(text, "");
    clary_log_set_level(CLARY_LOG_INFO);
}

/* A reader that is gone, a full pipe that does not wait, and no stderr. */
TEST(a_stderr_that_does_not_work)
{
    static char filler[4096];
    int ends[2];
    int saved = dup(STDERR_FILENO);
    if (saved < 0 || pipe(ends) != 0)
        abort();
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    CHECK_INT(fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK), 0);
    while (write(STDERR_FILENO, filler, sizeof filler) > 0)
        ;
    errno = 77;
    clary_log(CLARY_LOG_ERROR, "full", NULL);
    close(ends[0]);
    clary_log(CLARY_LOG_ERROR, "no reader: SIGPIPE would end us", NULL);
    close(STDERR_FILENO);
    clary_log(CLARY_LOG_ERROR, "closed", NULL);
    CHECK_INT(errno, 77);
    dup2(saved, STDERR_FILENO);
    close(saved);
}

#define N_THREADS 4
#define N_LINES   200

static void *log_many(void *letter)
{
    char value[1001];
    memset(value, *(const char *)letter, 1000);
    value[1000] = '\0';
    for (int i = 0; i < N_LINES; i++)
        clary_log(CLARY_LOG_INFO, "thread",
                  (struct clary_log_field[]){{"v", value}, {NULL, NULL}});
    return NULL;
}

static void start_writers(pthread_t threads[N_THREADS])
{
    static char letters[N_THREADS] = {'a', 'b', 'c', 'd'};
    for (size_t i = 0; i < N_THREADS; i++)
        if (pthread_create(&threads[i], NULL, log_many, &letters[i]) != 0)
            abort();
}

TEST(lines_of_several_threads_do_not_mix)
{
    char line[8192];
    int ends[2];
    pthread_t threads[N_THREADS];
    int saved = dup(STDERR_FILENO);
    if (saved < 0 || pipe(ends) != 0)
        abort();
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    start_writers(threads);
    FILE *reader = fdopen(ends[0], "r");
    int n = 0;
    for (; n < N_THREADS * N_LINES && fgets(line, sizeof line, reader) != NULL;
         n++) {
        const char *value = strstr(line, "\"v\":\"");
        if (!CHECK(value != NULL) ||
            !CHECK_INT(strspn(value + 5, (char[]){value[5], '\0'}), 1000))
            break;
    }
    CHECK_INT(n, N_THREADS * N_LINES);
    dup2(saved, STDERR_FILENO);
    close(saved);
    fclose(reader);
    for (size_t i = 0; i < N_THREADS; i++)
        pthread_join(threads[i], NULL);
}
