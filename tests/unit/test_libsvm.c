/* test_libsvm.c: bodies of text/libsvm to rows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/reading.h"

TEST(media_types)
{
    CHECK(clary_codec_for_reading("text/libsvm") == &clary_codec_libsvm);
    CHECK(clary_codec_for_reading("text/x-libsvm") == &clary_codec_libsvm);
    CHECK(clary_codec_for_writing("text/libsvm") == NULL);
}

TEST(rows)
{
    static const char *const bodies[] = {
        "1 0:1 1:2 2:5\n0 0:3 1:4 2:6\n",
        "1 0:1 1:2 2:5\n0 0:3 1:4 2:6",
        "0:1 1:2 2:5\r\n0:3 1:4 2:6\r\n",
        "-1 2:5 0:1 1:2\n+1 1:4 2:6.0 0:3e0\n",
        "\n \t 1\t0:1  1:2 2:5 \t\n\n# all\n0 qid:7 0:3 1:4 2:6#8 1:9\n\n",
        "0.5 qid:1 0:1 1:2 2:5 # 2:7\n1e3 0:3 1:4 2:6 #",
    };
    READING(libsvm, x3);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_STR(rows_of(bodies[i]), "1 2 5|3 4 6");
}

TEST(what_is_left_out)
{
    READING(libsvm, x3);
    CHECK_STR(rows_of("1 1:2\n0\n2:7 0:-0\n"), "0 2 0|0 0 0|-0 0 7");
    reading.missing_is_nan = true;
    CHECK_STR(rows_of("1 1:2\n0\n2:7\n"), "nan 2 nan|nan nan nan|nan nan 7");
    CHECK_STR(rows_of("1 0:nan 1:0 2:NaN\n"), "nan 0 nan");
    READING(libsvm, mixed);
    reading.missing_is_nan = true;
    CHECK_STR(rows_of("1 1:2\n5:1 0:-128 4:9007199254740993\n"),
              "0 2 0 0 0 0 nan|-128 0 0 0 9.0072e+15 1 nan");
    READING(libsvm, one);
    CHECK_STR(rows_of("5\n0:5\n"), "0|5");
}

TEST(numbers_as_python_spells_them)
{
    READING(libsvm, x3);
    CHECK_STR(rows_of("1 0:.5 1:+2 2:3.\n"),
              "row 1, column 1 (x[0]): \".5\" is not a number");
    reading.pythonic = reading.missing_is_nan = true;
    CHECK_STR(rows_of("1 0:.5 1:+2 2:3.\n0 0:1_0 2:NAN\n"),
              "0.5 2 3|10 nan nan");
    CHECK_STR(rows_of("1 0:inf\n"),
              "row 1, column 1 (x[0]): \"inf\" is not a number");
}

TEST(errors)
{
    static const struct {
        const char *body, *message;
    } cases[] = {
        {"", "the body is empty"},
        {"\n # only\n", "the body holds no rows"},
        {"1 3:1",
         "row 1: the index 3 is out of range; the model has 3 columns, "
         "counted from 0"},
        {"1 -1:1", "row 1: the index -1 is out of range; the model has 3 "
                   "columns, counted from 0"},
        {"1 0:1\n1 99999999999999999999:1",
         "row 2: \"99999999999999999999:1\" has no index before its colon"},
        {"1 a:1", "row 1: \"a:1\" has no index before its colon"},
        {"1 :1", "row 1: \":1\" has no index before its colon"},
        {"1 0.0:1", "row 1: \"0.0:1\" has no index before its colon"},
        {"1 0:", "row 1, column 1 (x[0]): \"\" is not a number"},
        {"1 1:a", "row 1, column 2 (x[1]): \"a\" is not a number"},
        {"1 1:2:3", "row 1, column 2 (x[1]): \"2:3\" is not a number"},
        {"1 1:nan", "row 1, column 2 (x[1]): \"nan\" is not a number"},
        {"1 1:1e999", "row 1, column 2 (x[1]): \"1e999\" is out of range"},
        {"1 1:2 0:1 1:2", "row 1, column 2 (x[1]): the index is there twice"},
        {"1 2", "row 1: \"2\" is not index:value"},
        {"1 0:1 x", "row 1: \"x\" is not index:value"},
        {"x 0:1", "row 1: \"x\" is neither a label nor index:value"},
        {"+ 0:1", "row 1: \"+\" is neither a label nor index:value"},
        {"1,2,5", "row 1: \"1,2,5\" is neither a label nor index:value"},
    };
    READING(libsvm, x3);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_STR(rows_of(cases[i].body), cases[i].message);
    CHECK_STR(rows_of_bytes("1\0 0:1", 6),
              "row 1: \"1?\" is neither a label nor index:value");
    char body[400];
    memset(body, '1', sizeof body);
    body[sizeof body - 1] = '\0';
    CHECK_STR(rows_of(body), "row 1: a label or pair is longer than 256 bytes");
}

/* The same index in two rows is no repetition. */
TEST(many_rows)
{
    READING(libsvm, x3);
    CHECK_STR(rows_of("1 0:1\n1 0:2\n1 0:3\n1 0:4\n"),
              "1 0 0|2 0 0|3 0 0|4 0 0");
    CHECK_INT(reading.n_blocks, 2);
}
