/* test_kserve.c: requests and replies of the Open Inference Protocol.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/reading.h"

#define X        "\"name\": \"x\", \"shape\": "
#define FP32     ", \"datatype\": \"FP32\", \"data\": "
#define REQUEST  "{\"inputs\": ["
#define ONE(...) REQUEST "{" __VA_ARGS__ "}]}"

static const struct clary_field whole[] = {
    {"x", CLARY_DTYPE_I64, {1, {2}}, 2, NULL}};

/* --- the shapes of a request */

TEST(flat_and_nested_data)
{
    READING(kserve, x3);
    CHECK_STR(rows_of(ONE(X "[2, 3]" FP32 "[1, 2, 5, 3, 4, 6]")),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of(ONE(X "[2, 3]" FP32 "[[1, 2, 5], [3, 4, 6]]")),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of(ONE(X "[2,3]" FP32 "[1,2,5,3 ,4\n,6]")), "1 2 5|3 4 6");
    CHECK_STR(rows_of(ONE(X "[1, 3]" FP32 "[-1e2, 0.5, 1E-3]")),
              "-100 0.5 0.001");
    READING(kserve, matrix);
    CHECK_STR(rows_of(ONE("\"name\": \"m\", \"shape\": [1, 2, 3]" FP32
                          "[[[1, 2, 3], [4, 5, 6]]]")),
              "1 2 3 4 5 6");
    CHECK_STR(rows_of(ONE("\"name\": \"m\", \"shape\": [2, 6]" FP32
                          "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]")),
              "1 2 3 4 5 6|7 8 9 10 11 12");
    CHECK_STR(rows_of(ONE("\"name\": \"m\", \"shape\": [1, 2, 3]" FP32
                          "[[1, 2, 3, 4, 5, 6]]")),
              "1 2 3 4 5 6");
}

TEST(one_column)
{
    READING(kserve, one);
    CHECK_STR(rows_of(ONE(X "[3]" FP32 "[1, 2, 5]")), "1|2|5");
    CHECK_STR(rows_of(ONE(X "[3, 1]" FP32 "[[1], [2], [5]]")), "1|2|5");
    READING(kserve, scalar);
    CHECK_STR(rows_of(ONE(X "[3]" FP32 "[1, 2, 5]")), "1|2|5");
    CHECK_STR(rows_of(ONE(X "[3, 1]" FP32 "[1, 2, 5]")), "1|2|5");
    CHECK_STR(rows_of(ONE(X "[2, 1, 1]" FP32 "[1, 2]")), "1|2");
}

/* Members in the order of their letters, as some clients write them. */
TEST(members_in_any_order)
{
    READING(kserve, x3);
    CHECK_STR(rows_of("{\"id\": \"a\", \"inputs\": [{\"data\": [[1, 2, 5], [3,"
                      " 4, 6]], \"datatype\": \"FP32\", \"name\": \"x\", "
                      "\"parameters\": {\"a\": 1}, \"shape\": [2, 3]}]}"),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of(ONE("\"data\": [1, 2, 5], \"shape\": [1, 3], "
                          "\"name\": \"x\", \"datatype\": \"FP32\"")),
              "1 2 5");
    CHECK_STR(rows_of(ONE("\"data\": [1, [2], 5], \"shape\": [1, 3], "
                          "\"name\": \"x\", \"datatype\": \"FP32\"")),
              "\"data\" must hold numbers, found an array beside them");
    CHECK_STR(rows_of(ONE("\"data\": [\"a\"], \"shape\": [1, 3]")),
              "\"data\" must be a list of numbers, found a");
    CHECK_STR(rows_of(ONE("\"data\": 5, \"shape\": [1, 3]")),
              "\"data\" must be a list of numbers, found 5");
    CHECK_STR(rows_of(ONE("\"data\": [1, 2, 5x], \"shape\": [1, 3], "
                          "\"name\": \"x\", \"datatype\": \"FP32\"")),
              "row 1, column 3 (x[2]): \"5x\" is not a number");
}

/* Text of several pieces, cut inside numbers. */
TEST(much_data_before_its_shape)
{
    static char body[30000];
    size_t used = (size_t)snprintf(body, sizeof body,
                                   REQUEST "{\"data\": [0.000000000001");
    READING(kserve, one);
    for (int i = 1; i < 30; i++)
        used +=
            (size_t)snprintf(body + used, sizeof body - used, ", %0300d.25", i);
    snprintf(body + used, sizeof body - used,
             "], \"shape\": [30], \"name\": \"x\", \"datatype\": \"FP64\"}]}");
    rows_of(body);
    CHECK(strncmp(reading.err.message, "row 2, column 1 (x): \"0000", 26) == 0);
    /* without the zeros that no number may begin with */
    for (char *p = body; (p = strstr(p, ", 0")) != NULL; p++)
        memset(p + 2, ' ', 200 + strspn(p + 202, "0"));
    rows_of(body);
    CHECK_STATUS(reading.status, CLARY_OK);
    CHECK_INT(reading.n_rows, 30);
    CHECK_NEAR(reading.values[29][0], 29.25, 0);
}

TEST(parameters_are_passed_over)
{
    READING(kserve, x3);
    CHECK_STR(rows_of("{\"parameters\": {\"a\": [1, {\"b\": null}, \"]\", "
                      "true, -1.5e3], \"c\": {}}, \"inputs\": [{" X
                      "[1, 3], \"parameters\": {\"content_type\": \"np\"}" FP32
                      "[1, 2, 5]}], \"outputs\": [{\"name\": \"y\", "
                      "\"parameters\": {\"binary_data\": true}}]}"),
              "1 2 5");
    CHECK_STR(rows_of("{\"id\": null, \"parameters\": null, \"outputs\": null,"
                      " \"inputs\": [{" X "[1, 3], \"parameters\": null" FP32
                      "[1, 2, 5]}]}"),
              "1 2 5");
    CHECK_STR(rows_of("{\"parameters\": {\"a\": nul}}"),
              "a value must be JSON, found nul");
    CHECK_STR(rows_of("{\"parameters\": []}"),
              "\"parameters\" must be an object, found an array");
    CHECK(strstr(rows_of(ONE(X "[1, 3], \"parameters\": "
                               "{\"binary_data_size\": 12}")),
                 "the parameter \"binary_data_size\" is an extension") != NULL);
    CHECK(strstr(rows_of("{\"outputs\": [{\"name\": \"y\", \"parameters\": "
                         "{\"classification\": 2}}]}"),
                 "the parameter \"classification\" is an extension") != NULL);
}

/* --- names */

TEST(several_inputs)
{
    READING(kserve, two);
#define A "{\"name\": \"a\", \"shape\": [2, 2]" FP32 "[1, 2, 3, 4]}"
#define B "{\"name\": \"b\", \"shape\": [2, 1]" FP32 "[[5], [6]]}"
    CHECK_STR(rows_of(REQUEST A "," B "]}"), "1 2 5|3 4 6");
    CHECK_STR(rows_of(REQUEST B "," A "]}"), "1 2 5|3 4 6");
    CHECK_STR(rows_of(REQUEST A "]}"),
              "the model's input \"b\" is missing in \"inputs\"");
    CHECK_STR(rows_of(REQUEST A "," A "]}"), "the input \"a\" is there twice");
    CHECK_STR(rows_of(REQUEST A ",{\"name\": \"b\", \"shape\": [3]" FP32
                                "[5, 6, 7]}]}"),
              "\"inputs\" has 2 rows in \"a\" and 3 in \"b\"");
    CHECK_STR(
        rows_of(REQUEST A ",{\"name\": \"c\", \"shape\": [2]" FP32 "[5, 6]}]}"),
        "Failed to process element: 0 key: c of 'inputs' list. Error: the "
        "model has no such input; it has \"a\", \"b\"");
    /* one input with all columns, as in CSV */
    CHECK_STR(rows_of(REQUEST "{\"name\": \"rows\", \"shape\": [2, 3]" FP32
                              "[1, 2, 5, 3, 4, 6]}]}"),
              "1 2 5|3 4 6");
    CHECK(strncmp(rows_of(REQUEST "{\"name\": \"rows\", \"shape\": [2, 2]" FP32
                                  "[1, 2, 5, 3]}]}"),
                  "Failed to process", 17) == 0);
#undef A
#undef B
}

TEST(an_input_for_each_column)
{
    READING(kserve, named);
#define C(name, values)                                                        \
    "{\"name\": \"" name "\", \"shape\": [2]" FP32 values "}"
    CHECK_STR(rows_of(REQUEST C("a", "[1, 3]") "," C("b", "[2, 4]") "," C(
                  "c", "[5, 6]") "]}"),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of(REQUEST C("c", "[5, 6]") "," C("x[1]", "[2, 4]") "," C(
                  "a", "[1, 3]") "]}"),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of(REQUEST C("a", "[1, 3]") "," C("c", "[5, 6]") "]}"),
              "the model's input \"b\" is missing in \"inputs\"");
    CHECK_STR(rows_of(REQUEST C("a", "[1, 3]") "," C("x[0]", "[5, 6]") "]}"),
              "the input \"x[0]\" is there twice");
    /* more rows than a block holds */
    CHECK_STR(rows_of(REQUEST "{\"name\": \"a\", \"shape\": [4]" FP32
                              "[1, 2, 3, 4]}, {\"name\": \"b\", \"shape\": "
                              "[4, 1]" FP32 "[[5], [6], [7], [8]]}, {\"name\": "
                              "\"c\", \"shape\": [4]" FP32 "[9, 8, 7, 6]}]}"),
              "1 5 9|2 6 8|3 7 7|4 8 6");
    READING(kserve, x3);
    CHECK_STR(rows_of(REQUEST C("x[0]", "[1, 3]") "," C("x[1]", "[2, 4]") "]}"),
              "the model's input \"x[2]\" is missing in \"inputs\"");
#undef C
}

/* A model's only input may have any name: trees have none for it. */
TEST(the_only_input)
{
    READING(kserve, x3);
    CHECK_STR(rows_of(ONE("\"name\": \"input-0\", \"shape\": [1, 3]" FP32
                          "[1, 2, 5]")),
              "1 2 5");
    CHECK_STR(rows_of(REQUEST "{" X "[1, 3]" FP32 "[1, 2, 5]}, {\"name\": "
                              "\"y\", \"shape\": [1, 3]" FP32 "[1, 2, 5]}]}"),
              "the input \"y\" is one too many: the one before it has all "
              "columns");
}

/* --- datatypes */

TEST(datatypes)
{
    READING(kserve, x3);
#define AS(type, data)                                                         \
    ONE(X "[1, 3], \"datatype\": \"" type "\", \"data\": " data)
    CHECK_STR(rows_of(AS("INT64", "[1, -2, 5]")), "1 -2 5");
    CHECK_STR(rows_of(AS("FP64", "[1, -2.5, 5]")), "1 -2.5 5");
    CHECK_STR(rows_of(AS("BOOL", "[true, false, 1]")), "1 0 1");
    CHECK_STR(rows_of(AS("UINT64", "[18446744073709551615, 0, 1]")),
              "1.84467e+19 0 1");
    CHECK_STR(rows_of(AS("UINT8", "[255, 256, 1]")),
              "row 1, column 2 (x[1]): \"256\" is no UINT8");
    CHECK_STR(rows_of(AS("INT8", "[[-128, 127, -129]]")),
              "row 1, column 3 (x[2]): \"-129\" is no INT8");
    CHECK_STR(rows_of(AS("INT32", "[1.5, 2, 5]")),
              "row 1, column 1 (x[0]): \"1.5\" is no INT32");
    CHECK_STR(rows_of(AS("UINT64", "[-1, 2, 5]")),
              "row 1, column 1 (x[0]): \"-1\" is no UINT64");
    CHECK_STR(rows_of(AS("BOOL", "[2, 0, 1]")),
              "row 1, column 1 (x[0]): \"2\" is no BOOL");
    CHECK_STR(rows_of(AS("FP32", "[true, 0, 1]")),
              "row 1, column 1 (x[0]): \"true\" is not a number");
    CHECK_STR(rows_of(AS("BYTES", "[\"a\", \"b\", \"c\"]")),
              "the datatype BYTES (text) is not supported: the model's inputs "
              "are numbers");
    CHECK(strncmp(rows_of(AS("float", "[1, 2, 5]")),
                  "\"float\" is no datatype of the Open Inference Protocol",
                  53) == 0);
    CHECK_STR(rows_of(AS("FP32", "[\"1\", 2, 5]")),
              "row 1, column 1 (x[0]): \"1\" is a string, expected a number");
    CHECK_STR(rows_of(AS("INT8", "[null, 2, 5]")),
              "row 1, column 1 (x[0]): null, expected a number");
    reading.missing_is_nan = true;
    CHECK_STR(rows_of(AS("FP32", "[null, 2, NaN]")), "nan 2 nan");
    READING(kserve, whole);
    CHECK_STR(rows_of(ONE(X "[1, 2], \"datatype\": \"INT64\", \"data\": "
                            "[9007199254740993, -9223372036854775808]")),
              "9.0072e+15 -9.22337e+18");
    CHECK_STR(
        rows_of(ONE(X "[1, 2]" FP32 "[1, 2]")),
        "the input \"x\" has the datatype FP32, expected the model's own, "
        "int64");
#undef AS
}

/* --- what is refused */

static const char *refused(const char *shape, const char *data)
{
    static char body[400];
    snprintf(body, sizeof body, ONE(X "%s" FP32 "%s"), shape, data);
    return rows_of(body);
}

TEST(shape_and_data_must_agree)
{
    READING(kserve, x3);
    CHECK_STR(refused("[2, 3]", "[1, 2, 5]"),
              "the data of the input \"x\" has fewer rows than its shape (2, "
              "3)");
    CHECK_STR(
        refused("[1, 3]", "[1, 2, 5, 3, 4, 6]"),
        "the data of the input \"x\" has more rows than its shape (1, 3)");
    CHECK_STR(
        refused("[1, 3]", "[[1, 2, 5], [3, 4, 6]]"),
        "the data of the input \"x\" has more rows than its shape (1, 3)");
    CHECK_STR(refused("[2, 3]", "[1, 2, 5, 3]"),
              "row 2: the data of the input \"x\" ends behind 1 of 3 values");
    CHECK_STR(refused("[1, 3]", "[[1, 2]]"),
              "row 1: expected 3 columns, found 2");
    CHECK_STR(refused("[1, 3]", "[[1, 2, 5, 7]]"),
              "row 1: expected 3 columns, found 4");
    CHECK_STR(refused("[1, 3]", "[]"),
              "the data of the input \"x\" has fewer rows than its shape (1, "
              "3)");
    CHECK_STR(refused("[1, 3]", "[[]]"), "row 1: expected 3 columns, found 0");
    CHECK_STR(
        refused("[1, 4]", "[1, 2, 5, 3]"),
        "the input \"x\" has the shape (1, 4), expected the rows and (3)");
    CHECK_STR(refused("[3]", "[1, 2, 5]"),
              "the input \"x\" has the shape (3), expected the rows and (3)");
    CHECK_STR(refused("[]", "[1, 2, 5]"),
              "the input \"x\" has the shape (), expected the rows and (3)");
    CHECK_STR(refused("[0, 3]", "[]"), "the input \"x\" has no rows");
    CHECK_STR(refused("[-1, 3]", "[1, 2, 5]"),
              "\"shape\" must hold whole numbers, found \"-1\"");
    CHECK_STR(refused("[1.5, 3]", "[1, 2, 5]"),
              "\"shape\" must hold whole numbers, found \"1.5\"");
    CHECK_STR(refused("[9223372036854775807, 3]", "[1, 2, 5]"),
              "the data of the input \"x\" has fewer rows than its shape "
              "(9223372036854775807, 3)");
    CHECK_STR(refused("[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]", "[1]"),
              "\"shape\" has more than 9 dimensions");
    CHECK_STR(refused("[2, 3]", "[1, [2], 3]"),
              "\"data\" must hold numbers, found an array beside them");
    CHECK_STR(refused("[2, 3]", "[[1, 2, 5], 3, 4, 6]"),
              "the data of the input \"x\" has values beside arrays");
    CHECK_STR(refused("[1, 3]", "[[[1, 2, 5]]]"),
              "row 1: found an array in an array, expected a row of shape (3)");
    CHECK_STR(refused("[1, 3]", "{\"a\": 1}"),
              "\"data\" must be a list, found an object");
    CHECK_STR(refused("[1, 3]", "5"), "\"data\" must be a list, found 5");
}

TEST(requests_must_be_complete)
{
    static const char *const bodies[][2] = {
        {"", "the body is empty"},
        {" ", "the body holds no rows"},
        {"[]", "the request must be an object, found an array"},
        {"5", "the request must be an object, found 5"},
        {"{}", "the request has no \"inputs\""},
        {"{\"inputs\": []}", "\"inputs\" is empty"},
        {"{\"inputs\": {}}",
         "\"inputs\" must be a list of objects, found an object"},
        {"{\"inputs\": [1]}", "each of \"inputs\" must be an object, found 1"},
        {ONE(""), "an input has no \"name\""},
        {ONE("\"name\": \"x\""), "an input has no \"shape\""},
        {ONE(X "[1, 3], \"data\": [1, 2, 5]"), "an input has no \"datatype\""},
        {ONE(X "[1, 3], \"datatype\": \"FP32\""), "an input has no \"data\""},
        {ONE("\"name\": 5"), "\"name\" must be a string, found 5"},
        {ONE(X "3"), "\"shape\" must be a list of numbers, found 3"},
        {ONE(X "[\"3\"]"), "\"shape\" must hold whole numbers, found 3"},
        {ONE("\"datatype\": null"),
         "\"datatype\" must be a string, found null"},
        {ONE("\"Name\": 5"),
         "unknown key \"Name\" in an input of the Open Inference Protocol"},
        {ONE("\"name\": \"x\", \"name\": \"x\""),
         "\"name\" is there twice in an input"},
        {"{\"instances\": [[1, 2, 5]]}",
         "unknown key \"instances\" in a request of the Open Inference "
         "Protocol"},
        {"{\"id\": 5}", "\"id\" must be a string, found 5"},
        {"{\"outputs\": {}}",
         "\"outputs\" must be a list of objects, found an object"},
        {"{\"outputs\": [{}]}", "an output has no \"name\""},
        {"{\"outputs\": [\"y\"]}",
         "each of \"outputs\" must be an object, found y"},
        {ONE(X "[1, 3]" FP32 "[1, 2, 5]") "{}",
         "JSON Parse error: something follows the request. at offset: 83"},
        {REQUEST "{" X "[1, 3]" FP32 "[1, 2, 5]",
         "JSON Parse error: the body ends before its brackets are closed. at "
         "offset: 80"},
    };
    READING(kserve, x3);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_STR(rows_of(bodies[i][0]), bodies[i][1]);
}

TEST(nesting_has_an_end)
{
    static char body[100000];
    static const char *const heads[] = {
        "",      "{\"parameters\":",   "{\"parameters\":{\"a\":",
        REQUEST, REQUEST "{\"data\":", REQUEST "{" X "[1, 3]" FP32};
    READING(kserve, x3);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        memset(body, '[', sizeof body - 1);
        memcpy(body, heads[i], strlen(heads[i]));
        rows_of(body);
        CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
    }
}

/* --- the reply */

static const struct clary_field outputs[] = {
    {"a", CLARY_DTYPE_F32, {1, {2}}, 2, NULL},
    {"b\"", CLARY_DTYPE_I64, {0, {0}}, 1, NULL},
    {"c", CLARY_DTYPE_BOOL, {2, {1, 2}}, 2, NULL}};

/* Writes 2 + 1 rows; `asked` are names, NULL at the end. */
static const char *reply_of(size_t n_fields, const char *const *names,
                            const char *id)
{
    static char text[2000];
    static float a[] = {1.5F, 1.0F / 0.0F, 0.1F, -2};
    static int64_t b[] = {INT64_MAX, -1};
    static uint8_t c[] = {1, 0, 0, 1};
    void *data[] = {a, b, c};
    struct clary_asked_output asked_outputs[4];
    struct clary_asked asked = {id, id == NULL ? 0 : strlen(id), NULL};
    for (size_t i = 0; names[i] != NULL; i++) {
        asked_outputs[i] =
            (struct clary_asked_output){NULL, names[i], strlen(names[i])};
        if (i > 0)
            asked_outputs[i - 1].next = &asked_outputs[i];
        asked.outputs = asked_outputs;
    }
    struct clary_arena arena;
    struct clary_buffer out;
    struct clary_error err;
    clary_arena_init(&arena, 1 << 20);
    clary_buffer_init(&out, 1 << 20);
    struct clary_writer writer = {.fields = outputs,
                                  .n_fields = n_fields,
                                  .out = &out,
                                  .arena = &arena,
                                  .options = {.numbers = CLARY_NUMBER_SHORTEST,
                                              .model_name = "m\"",
                                              .model_version = "7"},
                                  .asked = &asked};
    struct clary_rows rows = {
        .fields = outputs, .n_fields = n_fields, .data = data, .n_rows = 2};
    const struct clary_codec *codec = &clary_codec_kserve;
    enum clary_status status = codec->write_begin(&writer, &err);
    if (status == CLARY_OK)
        status = codec->write_rows(&writer, &rows, &err);
    rows.n_rows = 1;
    if (status == CLARY_OK)
        status = codec->write_rows(&writer, &rows, &err);
    if (status == CLARY_OK)
        status = codec->write_end(&writer, &err);
    snprintf(text, sizeof text, "%.*s",
             status == CLARY_OK ? (int)out.len : (int)sizeof err.message,
             status == CLARY_OK ? out.bytes : err.message);
    clary_buffer_deinit(&out);
    clary_arena_deinit(&arena);
    return text;
}

#define HEAD                                                                   \
    "{\"model_name\": \"m\\\"\", \"model_version\": \"7\", \"outputs\": ["
#define OUT_A                                                                  \
    "{\"name\": \"a\", \"datatype\": \"FP32\", \"data\": [1.5, null, 0.1, "    \
    "-2.0, 1.5, null], \"shape\": [3, 2]}"
#define OUT_B                                                                  \
    "{\"name\": \"b\\\"\", \"datatype\": \"INT64\", \"data\": "                \
    "[9223372036854775807, -1, 9223372036854775807], \"shape\": [3]}"
#define OUT_C                                                                  \
    "{\"name\": \"c\", \"datatype\": \"BOOL\", \"data\": [true, false, "       \
    "false, "                                                                  \
    "true, true, false], \"shape\": [3, 1, 2]}"

TEST(replies)
{
    static const char *const all[] = {NULL}, *const only_b[] = {"b\"", NULL},
                             *const c_and_a[] = {"c", "a", NULL},
                             *const twice[] = {"a", "a", NULL},
                             *const unknown[] = {"z", NULL};
    CHECK_STR(reply_of(1, all, NULL), HEAD OUT_A "]}");
    CHECK_STR(reply_of(1, all, "4\n2"), HEAD OUT_A "], \"id\": \"4\\n2\"}");
    CHECK_STR(reply_of(3, all, ""),
              HEAD OUT_A ", " OUT_B ", " OUT_C "], \"id\": \"\"}");
    CHECK_STR(reply_of(3, only_b, NULL), HEAD OUT_B "]}");
    CHECK_STR(reply_of(3, c_and_a, NULL), HEAD OUT_A ", " OUT_C "]}");
    CHECK_STR(reply_of(3, twice, NULL), "the output \"a\" is asked for twice");
    CHECK_STR(reply_of(3, unknown, NULL),
              "the model has no output \"z\"; its first is \"a\"");
}
