/* test_jsonlines.c: bodies of application/jsonlines to rows.
 *
 * The reader is that of application/json (test_json_read.c); these are the
 * forms of lines, and the types that lead to it. The writer is in test_json.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/reading.h"

TEST(media_types)
{
    static const char *const types[] = {
        "application/jsonlines", "application/jsonl", "application/jsons"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        CHECK(clary_codec_for_reading(types[i]) == &clary_codec_jsonlines);
    CHECK(clary_codec_for_reading("application/json") == &clary_codec_json);
    CHECK(clary_codec_jsonlines.read_feed == clary_codec_json.read_feed);
}

TEST(lines)
{
    static const char *const bodies[] = {
        "[1,2,5]\n[3,4,6]",
        "[1,2,5]\n[3,4,6]\n",
        "\n\r\n \t\n[1, 2, 5]\r\n\n[3, 4, 6]\r\n\n",
        "{\"x\":[1,2,5]}\n{\"x\":[3,4,6]}\n",
        "{\"features\":[1,2,5]}\n{\"features\":[3,4,6]}\n",
        "{\"features\":[1,2,5]}\n[3,4,6]\n",
        "[1,2,5]\n{\"data\":{\"features\":{\"values\":[3,4,6]}}}",
    };
    READING(jsonlines, x3);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_STR(rows_of(bodies[i]), "1 2 5|3 4 6");
    READING(jsonlines, one);
    CHECK_STR(rows_of("1\n2.5\n-3e2\n"), "1|2.5|-300");
    CHECK_STR(rows_of("[1]\n2\n{\"x\":3}"), "1|2|3");
}

TEST(errors_name_the_line)
{
    READING(jsonlines, x3);
    CHECK_STR(rows_of("[1,2,5]\n[3,4]\n"),
              "row 2: expected 3 columns, found 2");
    CHECK_INT(reading.err.row, 2);
    CHECK_STR(rows_of("[1,2,5]\n[3,4,\"a\"]\n"),
              "row 2, column 3 (x[2]): \"a\" is a string, expected a number");
    CHECK_INT(reading.err.column, 3);
    CHECK_STR(rows_of("[1,2,5]\n{\"y\":[3,4,6]}\n"),
              "Failed to process element: 1 key: y of 'instances' list. Error: "
              "the model has no such input; it has \"x\"");
    CHECK_STR(rows_of("[1,2,5] [3,4,6]\n"),
              "JSON Parse error: something follows a document on the same "
              "line. at offset: 8");
    CHECK_STR(rows_of("[1,2,5],\n[3,4,6]\n"),
              "JSON Parse error: Invalid value: found ',', expected a value. "
              "at offset: 7");
    CHECK_STR(rows_of(""), "the body is empty");
    CHECK_STR(rows_of("\n\n"), "the body holds no rows");
    CHECK_STR(rows_of("[1,2,5]\n[3,4"),
              "JSON Parse error: the body ends before its brackets are closed. "
              "at offset: 12");
}
