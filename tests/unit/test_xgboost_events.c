/* test_xgboost_events.c: JSON text and UBJSON as one stream of events.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/events.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>

static struct clary_error why;

/* The events of a document as one letter each: { } [ ] k t n b 0, and what it
 * ends with: '.' for a good end, '!' for an error. The document is copied to a
 * block of its size, so that AddressSanitizer sees a read past its end. */
static const char *letters(const void *bytes, size_t len, bool is_ubjson)
{
    static const char of_kind[] = "{}[]ktnb0.";
    static char text[4096];
    struct clary_events events;
    struct clary_event event;
    char *copy = malloc(len + !len);
    size_t n = 0;

    memcpy(copy, bytes, len);
    clary_events_init(&events, "m", copy, len, is_ubjson);
    do {
        text[n] = clary_events_next(&events, &event, &why) == CLARY_OK
                      ? of_kind[event.kind]
                      : '!';
    } while (text[n] != '!' && text[n] != '.' && ++n < sizeof text - 1);
    text[n + 1] = '\0';
    free(copy);
    return text;
}

static const char *json(const char *text)
{
    return letters(text, strlen(text), false);
}

/* A string literal with its NULs, but the last. */
#define UBJSON(literal) letters(literal, sizeof(literal) - 1, true)

TEST(json_values_of_every_kind)
{
    CHECK_STR(json("{}"), "{}.");
    CHECK_STR(json(" [ ] \n"), "[].");
    CHECK_STR(json("[1,-2.5e-3,true,false,null,\"x\"]"), "[nnbb0t].");
    CHECK_STR(json("[NaN, Infinity,-Infinity]"), "[nnn].");
    CHECK_STR(json("{\"a\":{\"b\":[]},\"c\":\"\\\"\"}"), "{k{k[]}kt}.");
    CHECK_STR(json("7"), "n.");
}

TEST(json_that_is_none_is_refused)
{
    static const char *const bad[] = {
        "",         "{",      "[1",      "[1,]",  "{\"a\":1,}", "{\"a\" 1}",
        "{a:1}",    "[1 2]",  "[,1]",    "{1:2}", "[1}",        "{\"a\":1]",
        "\"open",   "[-]",    "[nul]",   "[]x",   "[1]]",       "{\"a\":}",
        "[\"a\\\"", "{\"a\"", "[tru e]", "]",     "-",          "[1,"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!CHECK(strchr(json(bad[i]), '!') != NULL))
            printf("  %s\n", bad[i]);
    CHECK_STR((json("{\"a\":[1,2"), why.message),
              "m, byte 9: the document is cut off");
    CHECK_STR((json("[1 2]"), why.message), "m, byte 3: expected ',' or ']'");
}

TEST(ubjson_values_of_every_kind)
{
    CHECK_STR(UBJSON("{}"), "{}.");
    CHECK_STR(UBJSON("[ZTF]"), "[0bb].");
    CHECK_STR(UBJSON("[i\1U\1I\0\1l\0\0\0\1L\0\0\0\0\0\0\0\1d\0\0\0\0"
                     "D\0\0\0\0\0\0\0\0]"),
              "[nnnnnnn].");
    CHECK_STR(UBJSON("{i\1aSi\2xyL\0\0\0\0\0\0\0\1b[]}"), "{ktk[]}.");
    CHECK_STR(UBJSON("[$i#i\3\1\2\3"), "[nnn].");
    CHECK_STR(UBJSON("[#i\2TF"), "[bb].");
    CHECK_STR(UBJSON("{#i\1i\1aZ"), "{k0}.");
    CHECK_STR(UBJSON("{$U#i\2i\1a\7i\1b\7"), "{knkn}.");
    CHECK_STR(UBJSON("[NNZN]N"), "[0].");
    CHECK_STR(UBJSON("[[$d#i\0]"), "[[]].");
}

TEST(ubjson_that_is_none_is_refused)
{
    CHECK_STR(UBJSON("{"), "{!");
    CHECK_STR(UBJSON("{i\1a"), "{k!");
    CHECK_STR(UBJSON("[$i\1"), "!");
    CHECK_STR(UBJSON("[$Z#i\x7f"), "!");
    CHECK_STR(why.message,
              "m, byte 1: 'Z' is no marker of UBJSON that XGBoost writes here");
    CHECK_STR(UBJSON("[$d#l\x7f\xff\xff\xff\0\0\0\0"), "!");
    CHECK_STR(UBJSON("[#L\x7f\xff\xff\xff\xff\xff\xff\xff"), "!");
    CHECK_STR(UBJSON("[$i#i\xff"), "!");
    CHECK_STR(why.message, "m, byte 6: a length of -1");
    CHECK_STR(UBJSON("SL\x7f\xff\xff\xff\xff\xff\xff\xff"), "!");
    CHECK_STR(why.message, "m, byte 10: a string of 9223372036854775807 "
                           "bytes, and 0 are left");
    CHECK_STR(UBJSON("[H"), "[!");
    CHECK_STR(UBJSON("[\x01]"), "[!");
    CHECK_STR(UBJSON("[I\0"), "[!");
    CHECK_STR(UBJSON("[]]"), "[]!");
}

TEST(depth_is_limited)
{
    char text[2 * CLARY_EVENTS_DEPTH + 3];

    memset(text, '[', sizeof text);
    CHECK(strlen(letters(text, CLARY_EVENTS_DEPTH, false)) ==
          CLARY_EVENTS_DEPTH + 1);
    CHECK_STR(why.message, "m, byte 64: the document is cut off");
    (void)letters(text, CLARY_EVENTS_DEPTH + 1, false);
    CHECK_STR(why.message, "m, byte 64: more than 64 open brackets");
    (void)letters(text, CLARY_EVENTS_DEPTH + 1, true);
    CHECK_STR(why.message, "m, byte 65: more than 64 open brackets");
}

TEST(both_encodings_are_told_apart)
{
    bool is_ubjson = true;

    CHECK(clary_events_probe("{ \n\"a", 5, &is_ubjson) && !is_ubjson);
    CHECK(clary_events_probe("{L", 2, &is_ubjson) && is_ubjson);
    CHECK(!clary_events_probe("{", 1, &is_ubjson));
    CHECK(!clary_events_probe("[1]", 3, &is_ubjson));
    CHECK(!clary_events_probe("{x", 2, &is_ubjson));
}

/* --- numbers --- */

static float parsed(const char *text)
{
    float value = -1;

    return clary_events_parse_float(text, strlen(text), &value) ? value
                                                                : -99.0f;
}

TEST(a_float_is_rounded_once)
{
    /* the middle of 1 and the next float, a little above, a little below:
     * to the nearest double all three are the middle */
    CHECK(parsed("1.000000059604644775390625") == 1.0f);
    CHECK(parsed("1.00000005960464477539062500001") == 0x1.000002p0f);
    CHECK(parsed("1.00000017881393432617187499999") == 0x1.000002p0f);
    CHECK(parsed("1.000000178813934326171875") == 0x1.000004p0f);
    CHECK(parsed("-1.00000005960464477539062500001") == -0x1.000002p0f);
    /* and below the smallest normal one */
    CHECK(parsed("7.006492321624085e-46") == 0.0f);
    CHECK(parsed("7.0064923216240853546186479164496e-46") == 0x1p-149f);
    CHECK(parsed("1E-45") == 0x1p-149f);
    CHECK(parsed("3.4028235E38") == 0x1.fffffep127f);
    CHECK(parsed("3.4028236E38") == INFINITY);
    CHECK(parsed("1e999") == INFINITY && parsed("-1e999") == -INFINITY);
    CHECK(parsed("2.3538704E-1") == 0.23538704f);
    CHECK(signbit(parsed("-0E0")) && parsed("-0E0") == 0.0f);
    CHECK(isnan(parsed("NaN")) && parsed("-Infinity") == -INFINITY);
    CHECK(parsed("") == -99.0f && parsed("1x") == -99.0f);
}

TEST(random_floats_read_back)
{
    uint32_t state = 1;

    for (int i = 0; i < 20000; i++) {
        char text[32];
        float value;

        state = state * 1664525 + 1013904223;
        memcpy(&value, &state, sizeof value);
        if (!isfinite(value))
            continue;
        snprintf(text, sizeof text, "%.8E", (double)value);
        if (!CHECK(parsed(text) == value))
            printf("  %s\n", text);
    }
}

static enum clary_status array(const void *bytes, size_t len, bool is_ubjson,
                               enum clary_dtype dtype, void *out, size_t *n)
{
    struct clary_events events;
    struct clary_arena arena;
    enum clary_status status;
    void *data = NULL;

    clary_arena_init(&arena, 1 << 20);
    clary_events_init(&events, "m", bytes, len, is_ubjson);
    status = clary_events_array(&events, dtype, "it", &arena, &data, n, &why);
    if (status == CLARY_OK && *n)
        memcpy(out, data, *n * clary_dtype_bytes(dtype));
    clary_arena_deinit(&arena);
    return status;
}

#define ARRAY(text, dtype)   array(text, sizeof(text) - 1, false, dtype, out, &n)
#define UBARRAY(text, dtype) array(text, sizeof(text) - 1, true, dtype, out, &n)

TEST(arrays_of_numbers)
{
    union {
        float f[8];
        int32_t i[8];
        int64_t l[8];
        uint8_t u[8];
    } values;
    void *out = &values;
    size_t n = 99;

    CHECK_STATUS(ARRAY("[ ]", CLARY_DTYPE_F32), CLARY_OK);
    CHECK_INT(n, 0);
    CHECK_STATUS(ARRAY("[1,2.5 , -3E0]", CLARY_DTYPE_F32), CLARY_OK);
    CHECK(n == 3 && values.f[1] == 2.5f && values.f[2] == -3.0f);
    CHECK_STATUS(ARRAY("[2147483647,-1,1E1]", CLARY_DTYPE_I32), CLARY_OK);
    CHECK(values.i[0] == INT32_MAX && values.i[1] == -1 && values.i[2] == 10);
    CHECK_STATUS(ARRAY("[true,false,1]", CLARY_DTYPE_U8), CLARY_OK);
    CHECK(values.u[0] == 1 && values.u[1] == 0);
    CHECK_STATUS(ARRAY("[9007199254740993]", CLARY_DTYPE_I64), CLARY_OK);
    CHECK(values.l[0] == INT64_C(9007199254740993));
    CHECK_STATUS(UBARRAY("[$d#i\2\x3f\x80\0\0\xc0\0\0\0", CLARY_DTYPE_F32),
                 CLARY_OK);
    CHECK(n == 2 && values.f[0] == 1.0f && values.f[1] == -2.0f);
    CHECK_STATUS(UBARRAY("[i\xffI\1\0d\x40\x40\0\0]", CLARY_DTYPE_I32),
                 CLARY_OK);
    CHECK(n == 3 && values.i[0] == -1 && values.i[1] == 256 &&
          values.i[2] == 3);
    CHECK_STATUS(
        UBARRAY("[$L#i\1\xff\xff\xff\xff\xff\xff\xff\xfe", CLARY_DTYPE_I64),
        CLARY_OK);
    CHECK(values.l[0] == -2);
}

TEST(arrays_of_anything_else_are_refused)
{
    char out[64];
    size_t n;

    CHECK_STATUS(ARRAY("[1,[2]]", CLARY_DTYPE_F32), CLARY_BAD_MODEL);
    CHECK_STATUS(ARRAY("[\"1\"]", CLARY_DTYPE_F32), CLARY_BAD_MODEL);
    CHECK_STATUS(ARRAY("[1.5]", CLARY_DTYPE_I32), CLARY_BAD_MODEL);
    CHECK_STATUS(ARRAY("[2147483648]", CLARY_DTYPE_I32), CLARY_BAD_MODEL);
    CHECK_STR(why.message, "m, byte 11: 2147483648 is no int32");
    CHECK_STATUS(ARRAY("[256]", CLARY_DTYPE_U8), CLARY_BAD_MODEL);
    CHECK_STATUS(ARRAY("[1,2", CLARY_DTYPE_F32), CLARY_BAD_MODEL);
    CHECK_STATUS(ARRAY("[{\"a]\":1,\"b\":2}]", CLARY_DTYPE_F32),
                 CLARY_BAD_MODEL);
    CHECK_STATUS(ARRAY("{}", CLARY_DTYPE_F32), CLARY_BAD_MODEL);
    CHECK_STR(why.message, "m, byte 1: expected an array for it, found an "
                           "object");
    CHECK_STATUS(ARRAY("[1.2.3]", CLARY_DTYPE_F32), CLARY_BAD_MODEL);
    CHECK_STATUS(UBARRAY("[Z]", CLARY_DTYPE_F32), CLARY_BAD_MODEL);
    CHECK_STATUS(UBARRAY("[$d#i\2\0\0\0\0", CLARY_DTYPE_F32), CLARY_BAD_MODEL);
}

/* --- texts --- */

static char *string_of(struct clary_arena *arena, const char *text)
{
    struct clary_events events;
    struct clary_event event;
    char *out = NULL;

    clary_events_init(&events, "m", text, strlen(text), false);
    if (clary_events_next(&events, &event, &why) != CLARY_OK ||
        clary_event_string(&events, &event, arena, &out, &why) != CLARY_OK)
        return NULL;
    return out;
}

TEST(escapes_become_characters)
{
    struct clary_arena arena;

    clary_arena_init(&arena, 1 << 20);
    CHECK_STR(string_of(&arena, "\"a\\n\\\"\\\\\\/\\t\""), "a\n\"\\/\t");
    CHECK_STR(string_of(&arena, "\"\\u00fc\\u20AC\\ud83d\\ude00\""),
              "\u00fc\u20ac\U0001f600");
    CHECK_STR(string_of(&arena, "\"\\u0000\""), "?");
    CHECK(string_of(&arena, "\"\\x\"") == NULL);
    CHECK(string_of(&arena, "\"\\u12\"") == NULL);
    CHECK(string_of(&arena, "\"\\ud83d\"") == NULL);
    CHECK(string_of(&arena, "\"\\ude00\"") == NULL);
    clary_arena_deinit(&arena);
}
