/* test_error_body.c: an error as a JSON object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/error_body.h"
#include "tests/test.h"

static const char *body(const char *message)
{
    static char text[ERROR_BODY_BYTES + 1];
    size_t len = error_body_print(text, message);

    CHECK(len <= ERROR_BODY_BYTES);
    text[len] = '\0';
    return text;
}

TEST(plain)
{
    CHECK_STR(body("Not Found"), "{\"error\": \"Not Found\"}");
    CHECK_STR(body(""), "{\"error\": \"\"}");
}

TEST(escapes)
{
    CHECK_STR(body("\"a\\b\""), "{\"error\": \"\\\"a\\\\b\\\"\"}");
    CHECK_STR(body("a\tb\n\x01"), "{\"error\": \"a\\u0009b\\u000a\\u0001\"}");
    CHECK_STR(body("\x7f/<"), "{\"error\": \"\x7f/<\"}");
    CHECK_STR(body("5 \xe2\x82\xac"), "{\"error\": \"5 \xe2\x82\xac\"}");
}

/* Whatever the message, the text ends as it should and fits. */
TEST(long_messages)
{
    static const char *const units[] = {
        "a", "\"", "\x01", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    char message[4096];

    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        size_t unit = strlen(units[u]), n = 0;
        while (n + unit < sizeof message - 8) {
            memcpy(message + n, units[u], unit);
            n += unit;
            message[n] = '\0';
            const char *text = body(message);
            size_t len = strlen(text);
            if (!CHECK(len >= 13 && strcmp(text + len - 2, "\"}") == 0))
                return;
        }
        const char *text = body(message);
        size_t len = strlen(text);
        CHECK(len > ERROR_BODY_BYTES - 8);
        CHECK_STR(text + len - 5, "...\"}");
        /* nothing of a character is left before the dots */
        size_t rest = len - 5 - strlen("{\"error\": \"");
        size_t taken = units[u][0] == '"'      ? 2
                       : units[u][0] == '\x01' ? 6
                                               : unit;
        CHECK_INT(rest % taken, 0);
    }
}
