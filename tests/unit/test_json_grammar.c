/* test_json_grammar.c: what is JSON and what is not, for the reader.
 *
 * Each body is read in one piece and in many (reading.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/reading.h"

#define INVALID "JSON Parse error: Invalid value: found "
#define LINE    "JSON Parse error: something follows a document on the same line. "

static const struct {
    const char *body, *message;
} cases[] = {
    {"", "the body is empty"},
    {" \n ", "the body holds no rows"},
    {"whatever", "row 1: found \"whatever\", expected a row of shape (3)"},
    {"{ this is not valid json",
     INVALID "'t', expected a name in quotes or }. at offset: 2"},
    {"[1,2,5][1,2,5]", LINE "at offset: 7"},
    {"{\"instances\":[[1,2,5]]} trailing", LINE "at offset: 24"},
    {"{\"instances\":[[1,2,5]]}\ntrailing",
     "row 2: found \"trailing\", expected a row of shape (3)"},
    {"[1,2,5]]", INVALID "']', expected a value. at offset: 7"},
    {"[1,2,5,]", INVALID "']', expected a value. at offset: 7"},
    {"[,1,2,5]", INVALID "',', expected a value or ]. at offset: 1"},
    {"[1,,2,5]", INVALID "',', expected a value. at offset: 3"},
    {"[1,2,5}",
     INVALID "'}', expected a comma or the closing bracket. at offset: 6"},
    {"{\"x\":[1,2,5]]",
     INVALID "']', expected a comma or the closing bracket. at offset: 12"},
    {"{\"x\" [1,2,5]}", INVALID "'[', expected a colon. at offset: 5"},
    {"{\"x\":}", INVALID "'}', expected a value. at offset: 5"},
    {"{\"x\":[1,2,5],}",
     INVALID "'}', expected a name in quotes. at offset: 13"},
    {"{x:[1,2,5]}",
     INVALID "'x', expected a name in quotes or }. at offset: 1"},
    {"[1 2,5]",
     INVALID "'2', expected a comma or the closing bracket. at offset: 3"},
    {"[1\"2\",5]",
     INVALID "'\"', expected a comma or the closing bracket. at offset: 2"},
    {"[1:2]",
     INVALID "':', expected a comma or the closing bracket. at offset: 2"},
    {":", INVALID "':', expected a value. at offset: 0"},
    {"[1,2,5", "JSON Parse error: the body ends before its brackets are "
               "closed. at offset: 6"},
    {"[1,2", "JSON Parse error: the body ends before its brackets are "
             "closed. at offset: 4"},
    {"{\"x\":[1,2,5]", "JSON Parse error: the body ends before its "
                       "brackets are closed. at offset: 12"},
    {"{\"x", "JSON Parse error: the body ends in a string that begins "
             "here. at offset: 1"},
    {"{\"x\\", "JSON Parse error: the body ends in a string that begins "
               "here. at offset: 1"},
    {"[\"1\",2,5]",
     "row 1, column 1 (x[0]): \"1\" is a string, expected a number"},
    {"[{},1]", "row 1: the model's input \"x\" is missing"},
    {"[[{}]]", "row 1: found an object, expected numbers"},
    {"[1,{}]", "row 1: found an object, expected numbers"},
    {"\xEF\xBB\xBF\xEF\xBB\xBF[1,2,5]",
     "row 1: found \"\xEF\xBB\xBF\", expected a row of shape (3)"},
    {"\"x\"", "row 1, column 1 (x[0]): \"x\" is a string, expected a number"},
};

TEST(grammar)
{
    READING(json, x3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_STR(rows_of(cases[i].body), cases[i].message);
    CHECK_STR(rows_of_bytes("[1,2\0,5]", 8),
              "row 1, column 2 (x[1]): \"2?\" is not a number");
    CHECK_STR(rows_of_bytes("{\0}", 3),
              INVALID "'?', expected a name in quotes or }. at offset: 1");
}

TEST(strings)
{
    static const struct clary_field odd[] = {
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80/\"\\\b\f\n\r\t",
         CLARY_DTYPE_F64,
         {0, {0}},
         1,
         NULL}};
    READING(json, odd);
    CHECK_STR(rows_of("{\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\\/\\\"\\\\"
                      "\\b\\f\\n\\r\\t\":1}"),
              "1");
    CHECK_STR(rows_of("{\"\\u00e9\\u20AC\\ud83d\\uDE00\\u002f\\u0022\\u005c"
                      "\\u0008\\u000c\\u000a\\u000d\\u0009\":1}"),
              "1");
    static const char *const bad[] = {
        "\\x",      "\\u12",        "\\u12g4",
        "\\ud83d",  "\\ud83dx",     "\\ud83d\\u0041",
        "\\udE00",  "\\U0041",      "\n",
        "\x01",     "\x80",         "\xC3",
        "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
        "\xFF"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char body[64];
        snprintf(body, sizeof body, "{\"%s\":1}", bad[i]);
        CHECK_STR(rows_of(body), "JSON Parse error: a string that is not JSON "
                                 "in UTF-8. at offset: 1");
    }
}

TEST(long_tokens)
{
    static char body[6000];
    READING(json, one);
    memset(body, '0', sizeof body);
    body[0] = '1';
    memcpy(body + 1, ".", 1);
    body[4096] = '\0'; /* as long as it may be */
    CHECK_STR(rows_of(body), "1");
    body[4096] = '0';
    body[4097] = '\0';
    CHECK_STR(rows_of(body), "JSON Parse error: a string or number longer than "
                             "4096 bytes. at offset: 0");
    memset(body, '0', sizeof body);
    memcpy(body, "[1.", 3);
    memcpy(body + 4098, "]", 2);
    CHECK_STR(rows_of(body), "JSON Parse error: a string or number longer than "
                             "4096 bytes. at offset: 1");
    memcpy(body + 4097, "]", 2);
    CHECK_STR(rows_of(body), "1");
    memset(body, '0', sizeof body);
    memcpy(body, "{\"", 2);
    memcpy(body + 5000, "\":1}", 5);
    CHECK_STR(rows_of(body), "JSON Parse error: a string or number longer than "
                             "4096 bytes. at offset: 1");
}

/* case 59 of the contract (tests/contract/cases.py) */
TEST(deep)
{
    enum { DEPTH = 100000 };
    static char body[DEPTH];
    READING(json, x3);
    memset(body, '[', DEPTH);
    CHECK_STR(rows_of_bytes(body, DEPTH),
              "row 1: found an array in an array, expected a row of shape (3)");
    memcpy(body, "{\"instances\":", 13);
    CHECK_STR(rows_of_bytes(body, DEPTH),
              "row 1: found an array in an array, expected a row of shape (3)");
    static const struct clary_field deep[] = {
        {"d", CLARY_DTYPE_F32, {8, {1, 1, 1, 1, 1, 1, 1, 2}}, 2, NULL}};
    READING(json, deep);
    CHECK_STR(rows_of("{\"instances\":[{\"d\":[[[[[[[[1,2]]]]]]]]}]}"), "1 2");
    CHECK_STR(rows_of("{\"data\":{\"features\":{\"values\":[[[[[[[[1,2]]]]]]]]"
                      "}}}\n[[[[[[[[[3,4]]]]]]]]]"),
              "1 2|3 4");
}
