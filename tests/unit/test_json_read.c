/* test_json_read.c: bodies of application/json to rows.
 *
 * Each body is read in one piece and in many (reading.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/reading.h"

#define ROWS "1 2 5|3 4 6"

/* TensorFlow Serving's, and those that other servers know. */
TEST(all_forms)
{
    static const char *const bodies[] = {
        "{\"instances\":[[1,2,5],[3,4,6]]}",
        "{\"instances\": [[1.0, 2.0, 5.0], [3.0, 4.0, 6.0]]}",
        " \r\n\t{ \"instances\" : [ [ 1 , 2\n, 5 ] , [3,4 ,6 ] ] } \n\n ",
        "{\"signature_name\":\"s\",\"instances\":[[1,2,5],[3,4,6]]}",
        "{\"instances\":[[1,2,5],[3,4,6]],\"signature_name\":\"s\"}",
        "{\"instances\":[{\"x\":[1,2,5]},{\"x\":[3,4,6]}]}",
        "{\"instances\":[{\"x[0]\":1,\"x[2]\":5,\"x[1]\":2},[3,4,6]]}",
        "[{\"features\":[1,2,5]},{\"features\":[3,4,6]}]",
        "[{\"data\":{\"features\":{\"values\":[1,2,5]}}},{\"x\":[3,4,6]}]",
        "[[1,2,5],[3,4,6]]",
        "[1,2,5]\n[3,4,6]",
        "[1,2,5]\n\n  [3,4,6]\r\n",
        "[[1,2,5]]\n[[3,4,6]]",
        "[{\"x\":[1,2,5]},{\"x\":[3,4,6]}]",
        "[{\"x\":[1,2,5]},[3,4,6]]",
        "{\"x\":[1,2,5]}\n{\"x\":[3,4,6]}",
        "{\n\"x\":[1,2,5]\n}\n{\n\"x\":[3,4,6]\n}\n",
        "{\"features\":[1,2,5]}\n{\"features\":[3,4,6]}\n",
        "{\"data\":{\"features\":{\"values\":[1,2,5]}}}\n[3,4,6]",
        "{\"instances\":[[1,2,5]]}\n{\"instances\":[[3,4,6]]}",
        "{\"\\u0078\":[1,2,5]}\n{\"x\\u005B1]\":4,\"x[0]\":3,\"x[2]\":6}",
        "[[1e0,0.2E1,50e-1],[3.000000000000000000000,4,6]]",
    };
    READING(json, x3);
    reading.signature_name = "s";
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        CHECK_STR(rows_of(bodies[i]), ROWS);
        CHECK(!reading.columnar);
    }
}

TEST(a_byte_order_mark)
{
    READING(json, x3);
    CHECK_STR(rows_of("\xEF\xBB\xBF[[1,2,5],[3,4,6]]"), ROWS);
    CHECK_STR(rows_of("\xEF\xBB\xBF \n{\"x\":[1,2,5]}\n{\"x\":[3,4,6]}"), ROWS);
    static const char *const bodies[] = {
        "\xEF\xBB\xBF\xEF\xBB\xBF[1,2,5]", "\xEF\xBB[1,2,5]",
        " \xEF\xBB\xBF[1,2,5]", "\xEF", "\xEF\xBB\xBF"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        rows_of(bodies[i]);
        CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
    }
}

TEST(inputs_are_columnar)
{
    READING(json, x3);
    CHECK_STR(rows_of("{\"inputs\":[[1,2,5],[3,4,6]]}"), ROWS);
    CHECK(reading.columnar);
    CHECK_STR(rows_of("{\"inputs\":{\"x\":[[1,2,5],[3,4,6]]}}"), ROWS);
    CHECK(reading.columnar);
    READING(json, two);
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[[1,2],[3,4]],\"b\":[5,6]}}"), ROWS);
    CHECK(reading.columnar);
    CHECK_STR(rows_of("{\"inputs\":{\"b\":[[5],6],\"a\":[[1,2],[3,4]]},"
                      "\"signature_name\":\"serving_default\"}"),
              ROWS);
    CHECK_STR(rows_of("{\"inputs\":[[1,2,5],[3,4,6]]}"), ROWS);
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[[1,2]],\"b\":[5,6]}}"),
              "\"inputs\" has 1 rows in \"a\" and 2 in \"b\"");
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[[1,2]]}}"),
              "the model's input \"b\" is missing in \"inputs\"");
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[[1,2]],\"c\":[5]}}"),
              "Failed to process element: 0 key: c of 'inputs' list. Error: "
              "the model has no such input; it has \"a\", \"b\"");
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[[1,2]],\"a\":[5]}}"),
              "row 1: \"a\" is there twice");
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[[1,2],[3,\"x\"]],\"b\":[5,6]}}"),
              "row 2, column 2 (a[1]): \"x\" is a string, expected a number");
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[[1,2],{}],\"b\":[5,6]}}"),
              "row 1: found an object, expected numbers");
    CHECK_STR(rows_of("{\"inputs\":{\"a\":1}}"),
              "each input in \"inputs\" must be a list of rows, found 1");
    CHECK_STR(rows_of("{\"inputs\":{\"a\":[],\"b\":[]}}"),
              "a list of rows is empty");
    CHECK_STR(rows_of("{\"inputs\":1}"),
              "\"inputs\" must be a list of rows, or an object with such a "
              "list for each input of the model, found 1");
    CHECK_STR(rows_of("{\"inputs\":{}}"),
              "the model's input \"a\" is missing in \"inputs\"");
    CHECK_STR(rows_of("{\"inputs\":[[1,2,5]]}\n[1,2,5]"),
              "JSON Parse error: a body with \"inputs\" must have nothing "
              "behind it. at offset: 21");
    CHECK_STR(rows_of("[1,2,5]\n{\"inputs\":[[1,2,5]]}"),
              "\"inputs\" must be alone in its body");
    READING(json, x3);
    CHECK_STR(rows_of("{\"inputs\":{}}"), "the body holds no rows");
    CHECK_STR(rows_of("{\"inputs\":{\"x\":[[1,2,3]],\"x\":[]}}"),
              "row 2: \"x\" is there twice");
}

/* More rows than the first chunk takes, and than a block. */
TEST(inputs_in_many_chunks)
{
    static char body[1 << 15];
    enum { ROWS_KEPT = 500 };
    size_t used = (size_t)sprintf(body, "{\"inputs\":{\"b\":[");
    for (int i = 0; i < ROWS_KEPT; i++)
        used += (size_t)sprintf(body + used, "%s%d", i ? "," : "", i);
    used += (size_t)sprintf(body + used, "],\"a\":[");
    for (int i = 0; i < ROWS_KEPT; i++)
        used +=
            (size_t)sprintf(body + used, "%s[%d,%d]", i ? "," : "", 2 * i, -i);
    sprintf(body + used, "]}}");
    struct clary_arena arena;
    clary_arena_init(&arena, 1 << 20);
    float a[2 * ROWS_KEPT];
    double b[ROWS_KEPT];
    void *data[] = {a, b};
    struct clary_rows rows = {
        .fields = two, .n_fields = 2, .data = data, .capacity = ROWS_KEPT + 1};
    struct clary_reader reader = {.rows = &rows, .arena = &arena};
    struct clary_error err;
    const struct clary_codec *json = &clary_codec_json;
    CHECK_STATUS(json->read_begin(&reader, &err), CLARY_OK);
    CHECK_STATUS(json->read_feed(&reader, body, strlen(body), &err), CLARY_OK);
    CHECK_INT(rows.n_rows, ROWS_KEPT);
    for (int i = 0; i < ROWS_KEPT; i++) {
        CHECK_NEAR(a[2 * i], 2 * i, 0);
        CHECK_NEAR(a[2 * i + 1], -i, 0);
        CHECK_NEAR(b[i], i, 0);
    }
    clary_arena_deinit(&arena);
}

TEST(inputs_over_the_limit)
{
    struct clary_arena arena;
    clary_arena_init(&arena, 1 << 16);
    float a[2];
    double b[1];
    void *data[] = {a, b};
    struct clary_rows rows = {
        .fields = two, .n_fields = 2, .data = data, .capacity = 1};
    struct clary_reader reader = {.rows = &rows, .arena = &arena};
    struct clary_error err;
    const struct clary_codec *json = &clary_codec_json;
    CHECK_STATUS(json->read_begin(&reader, &err), CLARY_OK);
    const char start[] = "{\"inputs\":{\"b\":[0";
    enum clary_status status =
        json->read_feed(&reader, start, strlen(start), &err);
    for (int i = 0; i < 100000 && status == CLARY_OK; i++)
        status = json->read_feed(&reader, ",1", 2, &err);
    CHECK_STATUS(status, CLARY_TOO_LARGE);
    CHECK_STR(err.message,
              "the values of \"inputs\" need more than the 0 MiB that one "
              "request may take; rows under \"instances\" need none");
    CHECK(arena.chunk_bytes_total <= arena.limit_bytes);
    clary_arena_deinit(&arena);
}

TEST(one_column)
{
    static const char *const bodies[] = {
        "{\"instances\":[1,2]}",
        "{\"instances\":[[1],[2]]}",
        "{\"instances\":[1,[2]]}",
        "{\"instances\":[{\"x\":1},{\"x\":[2]}]}",
        "1\n2",
        "1\n\n2\n",
        "[1]\n2",
        "[[1],[2]]",
        "{\"features\":[1]}\n[2]",
        "{\"inputs\":[1,2]}",
        "{\"inputs\":{\"x\":[1,[2]]}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        READING(json, one);
        CHECK_STR(rows_of(bodies[i]), "1|2");
        READING(json, scalar);
        CHECK_STR(rows_of(bodies[i]), "1|2");
    }
    READING(json, scalar);
    CHECK_STR(rows_of("[1,2]"), "1|2");
    READING(json, one); /* a bare array is a row */
    CHECK_STR(rows_of("[1,2]"), "row 1: expected 1 column, found 2");
    CHECK_STR(rows_of("1 2"), "JSON Parse error: something follows a document "
                              "on the same line. at offset: 2");
}

TEST(shapes)
{
    static const char *const bodies[] = {
        "{\"instances\":[[[1,2,3],[4,5,6]],[[7,8,9],[0,1,2]]]}",
        "{\"instances\":[[1,2,3,4,5,6],[[7,8,9],[0,1,2]]]}",
        "{\"instances\":[{\"m\":[[1,2,3],[4,5,6]]},{\"m\":[7,8,9,0,1,2]}]}",
        "[[[1,2,3],[4,5,6]],[[7,8,9],[0,1,2]]]",
        "[[1,2,3],[4,5,6]]\n[[7,8,9],[0,1,2]]",
        "[1,2,3,4,5,6]\n{\"features\":[7,8,9,0,1,2]}",
        "{\"inputs\":[[[1,2,3],[4,5,6]],[[7,8,9],[0,1,2]]]}"};
    READING(json, matrix);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_STR(rows_of(bodies[i]), "1 2 3 4 5 6|7 8 9 0 1 2");
#define SHAPE "row 1: the input \"m\" has the shape (2, 3): expected "
    CHECK_STR(rows_of("[[1,2,3],[4,5]]"), SHAPE "3 elements, found 2");
    CHECK_STR(rows_of("[[1,2,3,4],[5,6]]"), SHAPE "3 elements, found 4");
    CHECK_STR(rows_of("[[1,2,3]]"), SHAPE "2 elements, found 1");
    CHECK_STR(rows_of("[[1,2,3],[4,5,6],[7,8,9]]"),
              SHAPE "2 elements, found 3");
    CHECK_STR(rows_of("[[],[]]"), SHAPE "6 elements, found 0");
    CHECK_STR(rows_of("[1,2,3]"), "row 1: expected 6 columns, found 3");
    CHECK_STR(rows_of("[[1,2,3],4]"),
              "row 1: found \"4\", expected a row of shape (2, 3)");
    CHECK_STR(rows_of("[1,[2]]"), "row 1: found an array in an array, expected "
                                  "a row of shape (2, 3)");
    CHECK_STR(rows_of("5"), "row 1: found \"5\", expected a row of shape (2, "
                            "3)");
    CHECK_STR(rows_of("{\"m\":[[[1]]]}"),
              "row 1: found an array in an array, expected the input \"m\" of "
              "shape (2, 3)");
    CHECK_STR(rows_of("{\"m\":1}"),
              "row 1: found \"1\", expected the input \"m\" of shape (2, 3)");
}

TEST(types)
{
    READING(json, mixed);
    CHECK_STR(rows_of("[-128,127,255,-2147483648,9223372036854775807,true,1]"),
              "-128 127 255 -2.14748e+09 9.22337e+18 1 1");
    CHECK_STR(rows_of("{\"f\":0.5,\"e\":false,\"a\":[1,2],\"b\":[3],\"c\":4,"
                      "\"d\":[5],\"none\":[]}"),
              "1 2 3 4 5 0 0.5");
    CHECK_STR(rows_of("{\"f\":0.5,\"e\":0,\"a\":[1,2],\"b\":3,\"c\":4,"
                      "\"d\":[5]}"),
              "1 2 3 4 5 0 0.5");
    CHECK_STR(rows_of("{\"inputs\":{\"f\":[0.5],\"e\":[0],\"a\":[[1,2]],"
                      "\"b\":[3],\"c\":[4],\"d\":[[5]],\"none\":[[]]}}"),
              "1 2 3 4 5 0 0.5");
    CHECK_STR(rows_of("[128,1,1,1,1,1,1]"),
              "row 1, column 1 (a[0]): \"128\" is out of range of int8");
    CHECK_STR(rows_of("[1,1.0,1,1,1,1,1]"),
              "row 1, column 2 (a[1]): \"1.0\" is not an integer, as int8 "
              "needs");
    CHECK_STR(rows_of("[1,1,1,1,NaN,1,1]"),
              "row 1, column 5 (d): \"NaN\" is not a number");
    CHECK_STR(rows_of("[1,1,1,1,1,2,1]"),
              "row 1, column 6 (e): \"2\" is not 0, 1, true or false");
    CHECK_STR(rows_of("[1,1,1,1,1,1,true]"),
              "row 1, column 7 (f): \"true\" is not a number");
    CHECK_STR(rows_of("{\"none\":[1]}"),
              "row 1: the input \"none\" has the shape (0, 2): expected 0 "
              "elements, found 1");
}

TEST(numbers)
{
    READING(json, x3);
    CHECK_STR(rows_of("[NaN,Infinity,-Infinity]"), "nan inf -inf");
    CHECK_STR(rows_of("[-NaN,Inf,-Inf]"), "nan inf -inf");
    CHECK_STR(rows_of("[1e39,-1e39,-0]"), "inf -inf -0");
    CHECK_STR(rows_of("[1,null,2]"),
              "row 1, column 2 (x[1]): null, expected a number");
    CHECK_STR(rows_of("[1,2,1e309]"),
              "row 1, column 3 (x[2]): \"1e309\" is out of range");
    static const char *const wrong[] = {
        "01", ".5",  "1.",   "+1", "0x10",    "1_0",  "nan",  "-",
        "1e", "--1", "-nan", "Na", "Infinit", "True", "1..2", "\xFF"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char body[64], message[100];
        snprintf(body, sizeof body, "[1,%s,2]", wrong[i]);
        snprintf(message, sizeof message,
                 "row 1, column 2 (x[1]): \"%s\" is not a number",
                 wrong[i][0] == '\xFF' ? "?" : wrong[i]);
        CHECK_STR(rows_of(body), message);
    }
    reading.missing_is_nan = true;
    CHECK_STR(rows_of("[1,null,2]"), "1 nan 2");
    CHECK_STR(rows_of("{\"x[0]\":null,\"x[1]\":1,\"x[2]\":NaN}"), "nan 1 nan");
    READING(json, mixed);
    reading.missing_is_nan = true;
    CHECK_STR(rows_of("[null,1,1,1,1,1,1]"),
              "row 1, column 1 (a[0]): null, expected a number");
    CHECK_STR(rows_of("[1,1,1,1,1,1,null]"), "1 1 1 1 1 1 nan");
}

TEST(a_nan_has_one_form)
{
    READING(json, one);
    CHECK_STR(rows_of("[-NaN]"), "nan");
    CHECK(!signbit(reading.values[0][0]));
}

TEST(counts)
{
    READING(json, x3);
    CHECK_STR(rows_of("[1,2,5]\n[1,2]"), "row 2: expected 3 columns, found 2");
    CHECK_INT(reading.err.row, 2);
    CHECK_STR(rows_of("[1,2,5,7]"), "row 1: expected 3 columns, found 4");
    CHECK_STR(rows_of("[1,2,5,7,\"x\",null,9]"),
              "row 1: expected 3 columns, found 7");
    CHECK_STR(rows_of("{\"instances\":[[]]}"),
              "row 1: expected 3 columns, found 0");
    CHECK_STR(rows_of("[[]]"), "row 1: expected 3 columns, found 0");
    CHECK_STR(rows_of("[]"), "a list of rows is empty");
    CHECK_STR(rows_of("[1,2,5]\n[]"), "a list of rows is empty");
    CHECK_STR(rows_of("{\"instances\":[]}"), "a list of rows is empty");
    CHECK_STR(rows_of("{\"x\":[1,2]}"),
              "row 1: the input \"x\" has the shape (3): expected 3 elements, "
              "found 2");
    READING(json, two);
    CHECK_STR(rows_of("[1,2]"), "row 1: expected 3 columns, found 2");
    CHECK_STR(rows_of("[1,2,3,4]"), "row 1: expected 3 columns, found 4");
    CHECK_STR(rows_of("[1,2,3]"), "1 2 3");
}

TEST(names)
{
    READING(json, two);
    CHECK_STR(rows_of("{\"b\":3,\"a\":[1,2]}\n{\"a\":[4,5],\"b\":[6]}"),
              "1 2 3|4 5 6");
    CHECK_STR(rows_of("{\"b\":3,\"a[1]\":2,\"a[0]\":1}"), "1 2 3");
    CHECK_STR(rows_of("{\"b[0]\":3,\"a[1]\":2,\"a[0]\":1}"), "1 2 3");
    CHECK_STR(rows_of("{\"features\":[1,2,3]}"), "1 2 3");
    CHECK_STR(rows_of("{\"junk\":\"data\"}"),
              "Failed to process element: 0 key: junk of 'instances' list. "
              "Error: the model has no such input; it has \"a\", \"b\"");
    CHECK_INT(reading.err.row, 1);
    CHECK_STR(rows_of("{\"a[2]\":1}"),
              "Failed to process element: 0 key: a[2] of 'instances' list. "
              "Error: the model has no such input; it has \"a\", \"b\"");
    static const char *const odd[] = {
        "",      "a[",  "a[]",
        "a[-1]", "[0]", "a[1.0]",
        "a]",    "[",   "a[99999999999999999999]"};
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        char body[64], message[200];
        snprintf(body, sizeof body, "{\"%s\":1}", odd[i]);
        snprintf(message, sizeof message,
                 "Failed to process element: 0 key: %s of 'instances' list. "
                 "Error: the model has no such input; it has \"a\", \"b\"",
                 odd[i]);
        CHECK_STR(rows_of(body), message);
    }
    CHECK_STR(rows_of("{\"a\":[1,2]}"),
              "row 1: the model's input \"b\" is missing");
    CHECK_STR(rows_of("{\"a[0]\":1,\"b\":2}"),
              "row 1: the model's input \"a[1]\" is missing");
    CHECK_STR(rows_of("{}"), "row 1: the model's input \"a\" is missing");
    static const char *const twice[] = {
        "{\"a\":[1,2],\"a\":[1,2]}", "{\"a\":[1,2],\"a[0]\":1}",
        "{\"a[0]\":1,\"a[0]\":1}", "{\"a[0]\":1,\"a\":[1,2]}"};
    for (size_t i = 0; i < sizeof twice / sizeof twice[0]; i++) {
        const char *message = rows_of(twice[i]);
        CHECK(strstr(message, "is there twice") != NULL);
        CHECK_INT(reading.err.row, 1);
    }
    CHECK_STR(rows_of("{\"a[0]\":1,\"features\":[1,2,3]}"),
              "row 1: \"features\" is there twice");
    CHECK_STR(rows_of("{\"features\":[1,2,3],\"b\":1}"),
              "row 1: \"b\" is there twice");
}

TEST(names_of_columns)
{
    READING(json, named);
    CHECK_STR(rows_of("{\"a\":1,\"b\":2,\"c\":5}\n{\"c\":6,\"a\":3,\"b\":4}"),
              ROWS);
    CHECK_STR(rows_of("{\"x\":[1,2,5]}\n{\"b\":4,\"x[0]\":3,\"c\":6}"), ROWS);
    CHECK_STR(rows_of("{\"a\":1,\"c\":5}"),
              "row 1: the model's column \"b\" is missing");
    CHECK_STR(rows_of("{}"), "row 1: the model's column \"a\" is missing");
    CHECK_STR(rows_of("{\"a\":1,\"d\":5}"),
              "Failed to process element: 0 key: d of 'instances' list. Error: "
              "the model has no such input; it has \"a\", \"b\", \"c\"");
    CHECK_STR(rows_of("{\"a\":1,\"x[0]\":5}"),
              "row 1: \"x[0]\" is there twice");
    CHECK_STR(rows_of("{\"a\":1,\"x\":[1,2,5]}"),
              "row 1: \"x\" is there twice");
    CHECK_STR(rows_of("{\"a\":1,\"b\":true,\"c\":5}"),
              "row 1, column 2 (b): \"true\" is not a number");
    CHECK_STR(rows_of("[1,\"2\",5]"),
              "row 1, column 2 (b): \"2\" is a string, expected a number");
    static const char *const same[] = {"y", "x", "z"};
    static const struct clary_field both[] = {
        {"x", CLARY_DTYPE_F32, {1, {3}}, 3, same}};
    READING(json, both);
    CHECK_STR(rows_of("{\"y\":1,\"x\":2,\"z\":5}\n{\"x\":4,\"z\":6,\"y\":3}"),
              ROWS);
}

/* As many names as a message takes. */
TEST(many_names)
{
    static char texts[100][16];
    static const char *many[100];
    static struct clary_field wide[] = {
        {"x", CLARY_DTYPE_F32, {1, {100}}, 100, many}};
    for (int i = 0; i < 100; i++) {
        snprintf(texts[i], sizeof texts[i], "name%d", i);
        many[i] = texts[i];
    }
    READING(json, wide);
    CHECK(strstr(rows_of("{\"no\":1}"), "\"name1\", ") != NULL);
    CHECK(strstr(reading.err.message, "\", ...") != NULL);
}

/* An input may be called as a key of the formats is. */
TEST(inputs_called_like_keys)
{
    static const struct clary_field features[] = {
        {"features", CLARY_DTYPE_F32, {1, {2}}, 2, NULL},
        {"inputs", CLARY_DTYPE_F32, {1, {1}}, 1, NULL}};
    READING(json, features);
    CHECK_STR(rows_of("{\"features\":[1,2],\"inputs\":3}"), "1 2 3");
    CHECK_STR(rows_of("{\"instances\":[{\"inputs\":3,\"features\":[1,2]}]}"),
              "1 2 3");
}

TEST(requests)
{
    READING(json, x3);
    CHECK_STR(rows_of("{\"instances\":\"not_a_list_of_lists\"}"),
              "\"instances\" must be a list of rows, found "
              "not_a_list_of_lists");
    CHECK_STR(rows_of("{\"instances\":[\"][\"]}"),
              "row 1, column 1 (x[0]): \"][\" is a string, expected a number");
    CHECK_STR(rows_of("{\"instances\":{}}"),
              "\"instances\" must be a list of rows, found an object");
    CHECK_STR(rows_of("{\"instances\":[[1,2,5]],\"junk\":1}"),
              "unknown key \"junk\" beside \"instances\" or \"inputs\"; only "
              "\"signature_name\" may be there");
    CHECK_STR(rows_of("{\"instances\":[[1,2,5]],\"instances\":[[1,2,5]]}"),
              "a second \"instances\" in one document; there must be one "
              "\"instances\" or one \"inputs\"");
    CHECK_STR(rows_of("{\"instances\":[[1,2,5]],\"inputs\":[[1,2,5]]}"),
              "a second \"inputs\" in one document; there must be one "
              "\"instances\" or one \"inputs\"");
    CHECK_STR(rows_of("{\"signature_name\":\"serving_default\"}"),
              "the body has neither \"instances\" nor \"inputs\"");
    CHECK_STR(rows_of("{\"signature_name\":\"other\",\"instances\":[]}"),
              "the model has no signature \"other\"; it has "
              "\"serving_default\"");
    CHECK_STR(rows_of("{\"signature_name\":1}"),
              "\"signature_name\" must be a string, found 1");
    CHECK_STR(rows_of("{\"signature_name\":\"serving_default\","
                      "\"signature_name\":\"serving_default\"}"),
              "row 1: \"signature_name\" is there twice");
    reading.signature_name = "predict";
    CHECK_STR(rows_of("{\"signature_name\":\"predict\",\"instances\":"
                      "[[1,2,5]]}"),
              "1 2 5");
    CHECK_STR(rows_of("{\"signature_name\":\"serving_default\","
                      "\"instances\":[[1,2,5]]}"),
              "1 2 5");
    CHECK_STR(rows_of("{\"signature_name\":\"x\"}"),
              "the model has no signature \"x\"; it has \"predict\"");
    CHECK_STR(rows_of("{\"data\":{\"junk\":1}}"),
              "row 1: unknown key \"junk\" in \"data\"");
    CHECK_STR(rows_of("{\"data\":{\"features\":{\"junk\":1}}}"),
              "row 1: unknown key \"junk\" in \"features\"");
    CHECK_STR(rows_of("{\"data\":[1,2,5]}"),
              "\"data\" must be an object, found an array");
    CHECK_STR(rows_of("{\"data\":{\"features\":[1,2,5]}}"),
              "\"features\" in \"data\" must be an object, found an array");
    CHECK_STR(rows_of("{\"data\":{\"features\":{\"values\":[1,2,5],"
                      "\"values\":[1,2,5]}}}"),
              "row 1: \"values\" is there twice");
    CHECK_STR(rows_of("{\"data\":{}}"),
              "row 1: the model's input \"x\" is missing");
}

TEST(models_that_json_cannot_feed)
{
    static const struct clary_field text[] = {
        {"s", CLARY_DTYPE_STRING, {0, {0}}, 1, NULL}};
    static const struct clary_field nothing[] = {
        {"x", CLARY_DTYPE_F32, {1, {0}}, 0, NULL}};
    READING(json, text);
    CHECK_STR(rows_of("[]"), "the model's input \"s\" takes strings, which "
                             "JSON cannot give it here");
    READING(json, nothing);
    CHECK_STR(rows_of("[]"), "the model's inputs have no elements, so a row "
                             "has no numbers");
}
