/* test_npy.c: application/x-npy to rows and back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/reading.h"

#include <math.h>

static char body[8192];

/* A header with `dictionary`, padded as numpy does it; its length. */
static size_t begin(int version, const char *dictionary)
{
    size_t start = version == 1 ? 10 : 12, len = strlen(dictionary) + 1;
    len += 63 - (start + len + 63) % 64;
    memset(body, ' ', start + len);
    memcpy(body, "\x93NUMPY", 6);
    body[6] = (char)version;
    body[7] = 0;
    body[8] = (char)(len & 0xFF);
    body[9] = (char)(len >> 8);
    body[10] = body[11] = 0; /* of a longer length; else overwritten */
    memcpy(body + start, dictionary, strlen(dictionary));
    body[start + len - 1] = '\n';
    return start + len;
}

#define DICTIONARY(descr, shape)                                               \
    "{'descr': '" descr "', 'fortran_order': False, 'shape': " shape ", }"

#define FORTRAN(descr, shape)                                                  \
    "{'descr': '" descr "', 'fortran_order': True, 'shape': " shape ", }"

/* What an array of `n` elements of `bytes` bytes each is read as. */
static const char *rows_of_array(const char *dictionary, const void *data,
                                 size_t bytes, size_t n)
{
    size_t len = begin(1, dictionary);
    memcpy(body + len, data, bytes * n);
    return rows_of_bytes(body, len + bytes * n);
}

static const float f4[] = {1, 2, 5, 3, 4, 6};
static const double f8[] = {1, 2, 5, 3, 4, 6};

TEST(types)
{
    static const int32_t i4[] = {1, 2, 5, 3, 4, 6};
    static const int64_t i8[] = {1, 2, 5, 3, 4, 6};
    static const uint8_t u1[] = {1, 2, 5, 3, 4, 6};
    static const uint8_t b1[] = {1, 0, 1, 0, 0, 1};
    static const char big_f4[] = "\x3F\x80\0\0\x40\0\0\0\x40\xA0\0\0"
                                 "\x40\x40\0\0\x40\x80\0\0\x40\xC0\0";
    static const char big_i4[] =
        "\0\0\0\1\0\0\0\2\0\0\0\5\0\0\0\3\0\0\0\4\0\0\0\6";
    READING(npy, x3);
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(2, 3)"), f4, 4, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("<f8", "(2, 3)"), f8, 8, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("<i4", "(2, 3)"), i4, 4, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("<i8", "(2, 3)"), i8, 8, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("=i8", "(2, 3)"), i8, 8, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("|u1", "(2, 3)"), u1, 1, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("|i1", "(2, 3)"), u1, 1, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("|b1", "(2, 3)"), b1, 1, 6),
              "1 0 1|0 0 1");
    CHECK_STR(rows_of_array(DICTIONARY(">f4", "(2, 3)"), big_f4, 4, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY(">i4", "(2, 3)"), big_i4, 4, 6),
              "1 2 5|3 4 6");
}

TEST(other_types)
{
    static const int16_t i2[] = {-1, INT16_MIN, INT16_MAX};
    static const uint16_t u2[] = {0, 1, UINT16_MAX};
    static const uint32_t u4[] = {0, 1, UINT32_MAX};
    static const uint64_t u8[] = {0, INT64_MAX, UINT64_MAX};
    static const int8_t i1[] = {-1, INT8_MIN, INT8_MAX};
    static const uint16_t f2[] = {0x3C01, 0xFBFF, 0x0001, 0x8400, 0x7C00,
                                  0xFC00, 0x7E01, 0x8000, 0x3555};
    READING(npy, x3);
    CHECK_STR(rows_of_array(DICTIONARY("<i2", "(1, 3)"), i2, 2, 3),
              "-1 -32768 32767");
    CHECK_STR(rows_of_array(DICTIONARY("<u2", "(1, 3)"), u2, 2, 3),
              "0 1 65535");
    CHECK_STR(
        rows_of_array(DICTIONARY(">u2", "(1, 3)"), "\0\1\2\0\xFF\0", 2, 3),
        "1 512 65280");
    CHECK_STR(rows_of_array(DICTIONARY("<u4", "(1, 3)"), u4, 4, 3),
              "0 1 4.29497e+09");
    CHECK(reading.values[0][2] == 4294967296.0); /* the nearest float32 */
    CHECK_STR(rows_of_array(DICTIONARY("<u8", "(1, 3)"), u8, 8, 3),
              "0 9.22337e+18 1.84467e+19");
    CHECK_STR(rows_of_array(DICTIONARY("|i1", "(1, 3)"), i1, 1, 3),
              "-1 -128 127");
    CHECK_STR(
        rows_of_array(DICTIONARY("<f2", "(3, 3)"), f2, 2, 9),
        "1.00098 -65504 5.96046e-08|-6.10352e-05 inf -inf|nan -0 0.333252");
    READING(npy, mixed);
    static const uint64_t wide[] = {0, 0, 0, 0, UINT64_MAX, 0, 0};
    CHECK_STR(rows_of_array(DICTIONARY("<u8", "(1, 7)"), wide, 8, 7),
              "row 1, column 5 (d): \"1.8446744073709552e+19\" is out of range "
              "of int64");
}

/* Column by column, as a DataFrame of one type gives it. */
TEST(fortran_order)
{
    static const float turned[] = {1, 3, 2, 4, 5, 6};
    static const double wide[] = {1, 3, 2, 4, 5, 0.5};
    static const int16_t i2[] = {1, 3, 2, 4, 5, 6};
    static const char big[] = "\0\1\0\3\0\2\0\4\0\5\0\6";
    READING(npy, x3);
    CHECK_STR(rows_of_array(FORTRAN("<f4", "(2, 3)"), turned, 4, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(FORTRAN("<f8", "(2, 3)"), wide, 8, 6),
              "1 2 5|3 4 0.5");
    CHECK_STR(rows_of_array(FORTRAN("<i2", "(2, 3)"), i2, 2, 6), "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(FORTRAN(">i2", "(2, 3)"), big, 2, 6),
              "1 2 5|3 4 6");
    CHECK_STR(rows_of_array(FORTRAN("<f4", "(1, 3)"), f4, 4, 3), "1 2 5");
    CHECK_STR(rows_of_array(FORTRAN("<f4", "(3,)"), f4, 4, 3), "1 2 5");
    READING(npy, one);
    CHECK_STR(rows_of_array(FORTRAN("<f4", "(3, 1)"), f4, 4, 3), "1|2|5");
    CHECK_STR(rows_of_array(FORTRAN("<f4", "(6,)"), f4, 4, 6), "1|2|5|3|4|6");
    READING(npy, matrix); /* one row of two dimensions */
    CHECK_STR(rows_of_array(FORTRAN("<f4", "(2, 3)"), turned, 4, 6),
              "1 2 5 3 4 6");
    READING(npy, two);
    CHECK_STR(rows_of_array(FORTRAN("<f4", "(2, 3)"), turned, 4, 6),
              "1 2 5|3 4 6");
}

TEST(fortran_order_is_refused_as_the_other)
{
    static const double fraction[] = {1, 2, 3, 4, 5, 6, 7,
                                      8, 9, 1, 0, 1, 1, 0.5};
    READING(npy, mixed);
    CHECK_STR(rows_of_array(FORTRAN("<f8", "(2, 7)"), fraction, 8, 14),
              "1 3 5 7 9 0 1|2 4 6 8 1 1 0.5");
    READING(npy, x3);
    size_t len = begin(1, FORTRAN("<f4", "(2, 3)"));
    memcpy(body + len, f4, sizeof f4);
    CHECK_STR(rows_of_bytes(body, len + sizeof f4 - 1),
              "row 1: the body ends; its array has 2 rows");
    CHECK_STR(rows_of_bytes(body, len),
              "row 1: the body ends; its array has 2 rows");
    CHECK_STR(rows_of_bytes(body, len + sizeof f4 + 1),
              "the body goes on behind the 2 rows of its array");
    /* kept under the limit of an invocation, 1 MiB here */
    len = begin(1, FORTRAN("<f4", "(87382, 3)"));
    CHECK_STR(rows_of_bytes(body, len),
              "the array is in Fortran order, column by column, and needs more "
              "than the 1 MiB that one request may take; "
              "numpy.ascontiguousarray gives the order of rows, which needs "
              "none");
    CHECK_STATUS(reading.status, CLARY_TOO_LARGE);
    len = begin(1, FORTRAN("<f4", "(6148914691236517206, 3)"));
    CHECK_STR(rows_of_bytes(body, len),
              "the array's shape (6148914691236517206, 3) is too large");
    len = begin(1, FORTRAN("<f8", "(4611686018427387, 3)"));
    rows_of_bytes(body, len);
    CHECK_STATUS(reading.status, CLARY_TOO_LARGE);
}

TEST(casts)
{
    static const double reals[] = {0.1, 1e39, (double)-INFINITY};
    static const uint64_t nan_bits = UINT64_C(0xFFF0000000000123);
    static const double in[] = {-128, 127, 255, -2147483648.0, 1e15, 1, 0.5};
    READING(npy, x3);
    CHECK_STR(rows_of_array(DICTIONARY("<f8", "(1, 3)"), reals, 8, 3),
              "0.1 inf -inf");
    CHECK(reading.values[0][0] == (double)0.1F);
    READING(npy, one);
    CHECK_STR(rows_of_array(DICTIONARY("<f8", "(1,)"), &nan_bits, 8, 1), "nan");
    CHECK(!signbit(reading.values[0][0]));
    READING(npy, mixed);
    CHECK_STR(rows_of_array(DICTIONARY("<f8", "(1, 7)"), in, 8, 7),
              "-128 127 255 -2.14748e+09 1e+15 1 0.5");
    static const struct {
        double number;
        size_t column;
        const char *message;
    } cases[] = {
        {128, 0, "row 1, column 1 (a[0]): \"128.0\" is out of range of int8"},
        {0.5, 1,
         "row 1, column 2 (a[1]): \"0.5\" is not an integer, as int8 "
         "needs"},
        {-1, 2, "row 1, column 3 (b): \"-1.0\" is out of range of uint8"},
        {(double)NAN, 3,
         "row 1, column 4 (c): \"NaN\" is not an integer, as int32 needs"},
        {0x1p63, 4,
         "row 1, column 5 (d): \"9.2233720368547758e+18\" is out of range of "
         "int64"},
        {2, 5, "row 1, column 6 (e): \"2.0\" is out of range of bool"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double row[7] = {0};
        row[cases[i].column] = cases[i].number;
        CHECK_STR(rows_of_array(DICTIONARY("<f8", "(1, 7)"), row, 8, 7),
                  cases[i].message);
        CHECK_INT(reading.err.column, cases[i].column + 1);
    }
}

TEST(shapes)
{
    READING(npy, x3);
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(3,)"), f4, 4, 3), "1 2 5");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(2, 1, 3)"), f4, 4, 6),
              "the array has the shape (2, 1, 3), expected (rows, 3)");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(3, 2)"), f4, 4, 6),
              "the array has the shape (3, 2), expected (rows, 3)");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(6,)"), f4, 4, 6),
              "the array has the shape (6,), expected (rows, 3)");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "()"), f4, 4, 1),
              "the array has the shape (), expected (rows, 3)");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(0, 3)"), f4, 4, 0),
              "the array has the shape (0, 3) and so no rows");
    CHECK_STR(
        rows_of_array(DICTIONARY("<f4", "(6148914691236517206, 3)"), f4, 4, 0),
        "the array's shape (6148914691236517206, 3) is too large");
    READING(npy, one);
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(6,)"), f4, 4, 6),
              "1|2|5|3|4|6");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(3, 1)"), f4, 4, 3), "1|2|5");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "()"), f4, 4, 1), "1");
    READING(npy, matrix);
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(1, 2, 3)"), f4, 4, 6),
              "1 2 5 3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(1, 6)"), f4, 4, 6),
              "1 2 5 3 4 6");
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(2, 3)"), f4, 4, 6),
              "1 2 5 3 4 6");
    READING(npy, two);
    CHECK_STR(rows_of_array(DICTIONARY("<f4", "(2, 3)"), f4, 4, 6),
              "1 2 5|3 4 6");
}

TEST(headers)
{
    static const char *const sound[] = {
        "{'shape':(2,3),'fortran_order':False,'descr':'<f4'}",
        "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (2, 3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2L, 3L), }",
        " \n{ 'descr' : '<f4' ,\n'fortran_order' : False , 'shape' : ( 2 , 3 "
        ", ) , } \n",
    };
    READING(npy, x3);
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++)
        CHECK_STR(rows_of_array(sound[i], f4, 4, 6), "1 2 5|3 4 6");
    for (int version = 1; version <= 3; version++) {
        size_t len = begin(version, sound[0]);
        memcpy(body + len, f4, sizeof f4);
        CHECK_STR(rows_of_bytes(body, len + sizeof f4), "1 2 5|3 4 6");
    }
    static const struct {
        const char *dictionary, *message;
    } refused[] = {
        {DICTIONARY("<f1", "(2, 3)"), "the array's type is <f1; "},
        {DICTIONARY("<c8", "(2, 3)"), "the array's type is <c8; "},
        {DICTIONARY("|O", "(2, 3)"), "the array's type is |O; "},
        {DICTIONARY("<U5", "(2, 3)"), "the array's type is <U5; "},
        {DICTIONARY("!f4", "(2, 3)"), "the array's type is !f4; "},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
         "the array's type is a list; "},
        {FORTRAN("<f4", "(2, 1, 3)"),
         "the array is in Fortran order and has 3 dimensions, "},
        {FORTRAN("<f4", "(3, 2)"), "the array has the shape (3, 2), "},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3), }",
         "the body's numpy header is damaged: 'fortran_order' is "},
        {DICTIONARY("<f4", "[2, 3]"), "the body's numpy header is damaged: "},
        {DICTIONARY("<f4", "(2 3)"), "the body's numpy header is damaged: "},
        {DICTIONARY("<f4", "(-2, 3)"), "the body's numpy header is damaged: "},
        {DICTIONARY("<f4", "(99999999999999999999, 3)"),
         "the body's numpy header is damaged: "},
        {DICTIONARY("<f4", "(1,1,1,1,1,1,1,1,1,1)"),
         "the array has more than 9 dimensions"},
        {DICTIONARY("<f4", "(2, 3)") " x",
         "the body's numpy header is damaged: something follows "},
        {"{'descr': '<f4', 'shape': (2, 3), }",
         "the body's numpy header is damaged: its keys "},
        {"{'descr': '<f4', 'descr': '<f4', 'shape': (2, 3), }",
         "the body's numpy header is damaged: its keys "},
        {"{'descr': '<f4' 'shape': (2, 3), }",
         "the body's numpy header is damaged: it lacks a comma"},
        {"{", "the body's numpy header is damaged: it is no dictionary"},
        {"", "the body's numpy header is damaged: it is no dictionary"},
        {"{'descr", "the body's numpy header is damaged: it is no dictionary"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const char *message = rows_of_array(refused[i].dictionary, f4, 4, 6);
        if (!CHECK(strncmp(message, refused[i].message,
                           strlen(refused[i].message)) == 0))
            printf("%s\n", message);
        CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
    }
}

TEST(lengths)
{
    READING(npy, x3);
    size_t len = begin(1, DICTIONARY("<f4", "(2, 3)"));
    memcpy(body + len, f4, sizeof f4);
    for (size_t n = 0; n < len + sizeof f4; n++) {
        read_bytes(body, n);
        CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
    }
    CHECK_STR(rows_of_bytes(body, 0), "the body is empty");
    CHECK_STR(rows_of_bytes(body, 50), "the body ends in its numpy header");
    CHECK_STR(rows_of_bytes(body, len + 13),
              "row 2: the body ends; its array has 2 rows");
    CHECK_STR(rows_of_bytes(body, len + sizeof f4 + 1),
              "the body goes on behind the 2 rows of its array");
    CHECK_STR(rows_of("1,2,5\n3,4,6\n1,2,3\n"),
              "the body is no numpy array: it does not begin with \\x93NUMPY");
    body[6] = 4;
    CHECK_STR(rows_of_bytes(body, len),
              "the body is a numpy array of version 4; 1 to 3 are read");
    body[6] = 3;
    memset(body + 8, 0xFF, 4);
    CHECK_STR(rows_of_bytes(body, len),
              "the body's numpy header is longer than 4096 bytes");
}

/* --- the writer */

static struct clary_buffer out;

static enum clary_status write_all(const struct clary_field *fields,
                                   size_t n_fields, void *const *data,
                                   size_t n_rows, struct clary_error *err)
{
    struct clary_arena arena;
    const struct clary_codec *npy = &clary_codec_npy;
    if (out.limit_bytes == 0)
        clary_buffer_init(&out, SIZE_MAX);
    clary_buffer_clear(&out);
    clary_arena_init(&arena, 1 << 20);
    struct clary_writer writer = {
        .fields = fields, .n_fields = n_fields, .out = &out, .arena = &arena};
    enum clary_status status = npy->write_begin(&writer, err);
    for (size_t r = 0; r < n_rows && status == CLARY_OK; r++) {
        void *at[4];
        for (size_t f = 0; f < n_fields; f++)
            at[f] = (char *)data[f] +
                    r * fields[f].width * clary_dtype_bytes(fields[f].dtype);
        struct clary_rows rows = {
            .fields = fields, .n_fields = n_fields, .data = at, .n_rows = 1};
        status = npy->write_rows(&writer, &rows, err);
    }
    if (status == CLARY_OK)
        status = npy->write_end(&writer, err);
    clary_arena_deinit(&arena);
    return status;
}

/* Checks the reply's header; its data, or NULL. */
static const char *data_of(const char *dictionary, size_t data_bytes)
{
    size_t len = strlen(dictionary);
    if (!CHECK_INT(out.len, 128 + data_bytes) ||
        !CHECK(memcmp(out.bytes, "\x93NUMPY\x01\x00\x76\x00", 10) == 0) ||
        !CHECK(memcmp(out.bytes + 10, dictionary, len) == 0))
        return NULL;
    for (size_t i = 10 + len; i < 127; i++)
        CHECK(out.bytes[i] == ' ');
    CHECK(out.bytes[127] == '\n');
    return out.bytes + 128;
}

TEST(write_one_output)
{
    static const struct clary_field y[] = {
        {"y", CLARY_DTYPE_F32, {1, {3}}, 3, NULL}};
    static const struct clary_field s[] = {
        {"s", CLARY_DTYPE_I64, {0, {0}}, 1, NULL}};
    static const struct clary_field m[] = {
        {"m", CLARY_DTYPE_F64, {2, {1, 3}}, 3, NULL}};
    float copy[6];
    double wide[6];
    int64_t integers[] = {INT64_MIN, 7};
    void *data[] = {copy};
    struct clary_error err;
    memcpy(copy, f4, sizeof f4);
    memcpy(wide, f8, sizeof f8);
    CHECK_STATUS(write_all(y, 1, data, 2, &err), CLARY_OK);
    const char *bytes = data_of(DICTIONARY("<f4", "(2, 3)"), sizeof f4);
    CHECK(bytes != NULL && memcmp(bytes, f4, sizeof f4) == 0);
    READING(npy, x3);
    CHECK_STR(rows_of_bytes(out.bytes, out.len), "1 2 5|3 4 6");
    data[0] = integers;
    CHECK_STATUS(write_all(s, 1, data, 2, &err), CLARY_OK);
    bytes = data_of(DICTIONARY("<i8", "(2,)"), sizeof integers);
    CHECK(bytes != NULL && memcmp(bytes, integers, sizeof integers) == 0);
    data[0] = wide;
    CHECK_STATUS(write_all(m, 1, data, 2, &err), CLARY_OK);
    bytes = data_of(DICTIONARY("<f8", "(2, 1, 3)"), sizeof f8);
    CHECK(bytes != NULL && memcmp(bytes, f8, sizeof f8) == 0);
}

TEST(write_has_one_nan)
{
    static const struct clary_field y[] = {
        {"y", CLARY_DTYPE_F32, {0, {0}}, 1, NULL}};
    uint32_t bits[] = {0xFF800123, 0x7FC00000, 0xFF800000};
    void *data[] = {bits};
    struct clary_error err;
    CHECK_STATUS(write_all(y, 1, data, 3, &err), CLARY_OK);
    const char *bytes = data_of(DICTIONARY("<f4", "(3,)"), sizeof bits);
    bits[0] = bits[1];
    CHECK(bytes != NULL && memcmp(bytes, bits, sizeof bits) == 0);
}

TEST(write_several_outputs)
{
    static const struct clary_field same[] = {
        {"a", CLARY_DTYPE_F32, {1, {2}}, 2, NULL},
        {"b", CLARY_DTYPE_F32, {0, {0}}, 1, NULL}};
    static const struct clary_field other[] = {
        {"a", CLARY_DTYPE_F32, {1, {2}}, 2, NULL},
        {"b", CLARY_DTYPE_I64, {0, {0}}, 1, NULL}};
    static const struct clary_field text[] = {
        {"s", CLARY_DTYPE_STRING, {0, {0}}, 1, NULL}};
    float a[] = {1, 2, 3, 4}, b[] = {5, 6};
    void *data[] = {a, b};
    struct clary_error err;
    CHECK_STATUS(write_all(same, 2, data, 2, &err), CLARY_OK);
    const char *bytes = data_of(DICTIONARY("<f4", "(2, 3)"), 6 * sizeof(float));
    CHECK(bytes != NULL && memcmp(bytes, f4, 2 * sizeof(float)) == 0); /* 1 2 */
    READING(npy, x3);
    CHECK_STR(rows_of_bytes(out.bytes, out.len), "1 2 5|3 4 6");
    CHECK_STATUS(write_all(other, 2, data, 2, &err), CLARY_NOT_ACCEPTABLE);
    CHECK_STR(err.message, "the model's outputs \"a\" (float32) and \"b\" "
                           "(int64) make no array of one type; ask for "
                           "application/json");
    CHECK_STATUS(write_all(text, 1, data, 0, &err), CLARY_NOT_ACCEPTABLE);
}

TEST(write_the_longest_header)
{
    static const struct clary_field y[] = {
        {"y", CLARY_DTYPE_BOOL, {8, {1, 1, 1, 1, 1, 1, 1, 0}}, 0, NULL}};
    struct clary_error err;
    void *data[] = {&err};
    CHECK_STATUS(write_all(y, 1, data, 1, &err), CLARY_OK);
    CHECK(data_of(DICTIONARY("|b1", "(1, 1, 1, 1, 1, 1, 1, 1, 0)"), 0) != NULL);
}
