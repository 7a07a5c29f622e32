/* test_status.c: messages are whole, printable UTF-8, whatever comes in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "tests/test.h"

#include <clary/status.h>

#include <stdlib.h>

static struct clary_error err;

static bool is_utf8(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t left = strlen(text);
    while (left > 0) {
        size_t n = clary_utf8_char(bytes, left);
        if (n == 0)
            return false;
        bytes += n;
        left -= n;
    }
    return true;
}

static enum clary_status fails(void)
{
    return clary_fail(&err, CLARY_NOT_FOUND, "no model \"%s\"", "x");
}

static enum clary_status tries(int *reached)
{
    CLARY_TRY(CLARY_OK);
    *reached = 1;
    CLARY_TRY(fails());
    *reached = 2;
    return CLARY_OK;
}

TEST(message_and_status)
{
    memset(&err, 0xFF, sizeof err);
    CHECK_STATUS(clary_fail(&err, CLARY_BAD_MODEL, "%d of %s", 3, "four"),
                 CLARY_BAD_MODEL);
    CHECK_INT(err.status, CLARY_BAD_MODEL);
    CHECK_STR(err.message, "3 of four");
    CHECK_INT(err.row, 0);
    CHECK_INT(err.column, 0);
}

TEST(place_is_a_prefix)
{
    CHECK_STATUS(clary_fail_at(&err, CLARY_BAD_INPUT, 3, 2, "\"%s\"", "abc"),
                 CLARY_BAD_INPUT);
    CHECK_STR(err.message, "row 3, column 2: \"abc\"");
    CHECK_INT(err.row, 3);
    CHECK_INT(err.column, 2);
    clary_fail_at(&err, CLARY_BAD_INPUT, 7, 0, "too short");
    CHECK_STR(err.message, "row 7: too short");
    CHECK_INT(err.column, 0);
}

TEST(control_characters_and_bad_bytes)
{
    clary_fail(&err, CLARY_BAD_INPUT, "%s", "a\r\n\x1b[31m\x7f\xC2\x85z");
    CHECK_STR(err.message, "a???[31m???z");
    clary_fail(&err, CLARY_BAD_INPUT, "%s",
               "\xff|\xC3|\xE2\x82|\xED\xA0\x80|\xF4\x90\x80\x80|\xC0\x80");
    CHECK_STR(err.message, "?|?|??|???|????|??");
    clary_fail(&err, CLARY_BAD_INPUT, "%s",
               "\xC3\xBC \xE2\x82\xAC \xF0\x9F\x8C"
               "\xBF");
    CHECK_STR(err.message, "\xC3\xBC \xE2\x82\xAC \xF0\x9F\x8C\xBF");
}

TEST(long_messages_are_cut_between_characters)
{
    char text[2 * CLARY_MESSAGE_BYTES];
    /* Every offset of a four-byte character relative to the cut. */
    for (size_t before = 0; before < 8; before++) {
        memset(text, 'x', before);
        for (size_t i = before; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xF0\x9F\x8C\xBF", 5);
        clary_fail(&err, CLARY_BAD_INPUT, "%s", text);
        size_t len = strlen(err.message);
        CHECK(is_utf8(err.message));
        CHECK(len > CLARY_MESSAGE_BYTES - 8 && len < CLARY_MESSAGE_BYTES);
        CHECK_STR(err.message + len - 3, "...");
        CHECK_INT(strncmp(err.message, text, len - 3), 0);
    }
}

TEST(longest_message_that_fits)
{
    char text[CLARY_MESSAGE_BYTES + 1];
    memset(text, 'x', sizeof text);
    text[CLARY_MESSAGE_BYTES - 1] = '\0';
    clary_fail(&err, CLARY_BAD_INPUT, "%s", text);
    CHECK_STR(err.message, text);
    text[CLARY_MESSAGE_BYTES - 1] = 'x';
    text[CLARY_MESSAGE_BYTES] = '\0';
    clary_fail(&err, CLARY_BAD_INPUT, "%s", text);
    CHECK_INT(strlen(err.message), CLARY_MESSAGE_BYTES - 1);
    CHECK_STR(err.message + CLARY_MESSAGE_BYTES - 4, "...");
}

TEST(message_may_be_an_argument_of_the_next)
{
    clary_fail(&err, CLARY_BAD_MODEL, "inner");
    clary_fail(&err, CLARY_BAD_MODEL, "outer: %s", err.message);
    CHECK_STR(err.message, "outer: inner");
}

TEST(names_and_blame)
{
    CHECK_STR(clary_status_name(CLARY_OK), "ok");
    CHECK_STR(clary_status_name(CLARY_BAD_INPUT), "bad input");
    CHECK_STR(clary_status_name(CLARY_UNREADABLE), "unreadable");
    for (int i = 0; i < CLARY_STATUS_COUNT; i++)
        for (int j = 0; j < i; j++)
            CHECK(strcmp(clary_status_name((enum clary_status)i),
                         clary_status_name((enum clary_status)j)) != 0);
    CHECK(clary_status_name(CLARY_STATUS_COUNT) != NULL);
    CHECK(!clary_status_is_client(CLARY_OK));
    CHECK(clary_status_is_client(CLARY_BAD_INPUT));
    CHECK(clary_status_is_client(CLARY_NOT_FOUND));
    CHECK(!clary_status_is_client(CLARY_BAD_MODEL));
    CHECK(!clary_status_is_client(CLARY_INTERNAL));
}

TEST(try_returns_early)
{
    int reached = 0;
    CHECK_STATUS(tries(&reached), CLARY_NOT_FOUND);
    CHECK_INT(reached, 1);
}

/* Against a decoder that is written the other way round: encode every code
 * point, and see that exactly those encodings are well-formed. */
TEST(every_code_point)
{
    for (unsigned code = 0; code <= 0x110010; code++) {
        unsigned char bytes[4];
        size_t len = code < 0x80      ? 1
                     : code < 0x800   ? 2
                     : code < 0x10000 ? 3
                                      : 4;
        unsigned rest = code;
        for (size_t i = len; i-- > 1; rest >>= 6)
            bytes[i] = (unsigned char)(0x80 | (rest & 0x3F));
        static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
        bytes[0] = (unsigned char)(lead[len] | rest);
        bool valid = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
        if (!CHECK_INT(clary_utf8_char(bytes, len), valid ? len : 0) ||
            !CHECK_INT(clary_utf8_char(bytes, len - 1), 0))
            return;
    }
}
