/* test_csv.c: text/csv to rows, and what it refuses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/csv_reading.h"

TEST(lines_and_line_ends)
{
    READING_CSV(x3, ABSENT);
    const char *rows = "1 2 3|4 5 6";
    CHECK_STR(rows_of("1,2,3"), "1 2 3");
    CHECK_STR(rows_of("1,2,3\n4,5,6\n"), rows);
    CHECK_STR(rows_of("1,2,3\n4,5,6"), rows);
    CHECK_STR(rows_of("1,2,3\r\n4,5,6\r\n"), rows);
    CHECK_STR(rows_of("1,2,3\r\n4,5,6\r"), rows);
    CHECK_STR(rows_of("1,2,3\n\n  \n4,5,6\n\n"), rows);
    CHECK_STR(rows_of("\r\n \t \r\n1,2,3\n\r\n4,5,6\n \t"), rows);
}

TEST(blanks_around_cells)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of(" 1 ,\t2\t, 3 \n"), "1 2 3");
    CHECK_STR(rows_of("1 , 2 , 3 \r\n 4,5 ,6"), "1 2 3|4 5 6");
    CHECK_STR(rows_of(" \"1\" , \"2\"\t,\"3\"  "), "1 2 3");
    CHECK_STR(rows_of("1 2,3,4"),
              "row 1, column 1 (x[0]): \"1 2\" is not a number");
}

TEST(byte_order_mark)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of("\xEF\xBB\xBF"
                      "1,2,3\n"),
              "1 2 3");
    CHECK_STR(rows_of("\xEF\xBB\xBF\n\n1,2,3\n"), "1 2 3");
    CHECK_STR(rows_of("\xEF\xBB\xBF\xEF\xBB\xBF"
                      "1,2,3\n"),
              "row 1, column 1 (x[0]): \"\xEF\xBB\xBF"
              "1\" is not a number");
    CHECK_STR(rows_of("\xEF\xBB\xBF"), "the body holds no rows");
    READING_CSV(single, ABSENT);
    CHECK_STR(rows_of("\xEF\xBB"),
              "row 1, column 1 (x): \"??\" is not a number; a header row needs "
              "CLARY_CSV_HEADER=auto");
    CHECK_STR(rows_of("\xEF\xBB"
                      "5"),
              "row 1, column 1 (x): \"??5\" is not a number; a header row "
              "needs CLARY_CSV_HEADER=auto");
}

TEST(quotes)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of("\"1.5\",\"2\",\"3\"\n"), "1.5 2 3");
    CHECK_STR(rows_of("\"1.5\",2,\"3\"\r\n4,\"5\",6"), "1.5 2 3|4 5 6");
    CHECK_STR(rows_of("1,\"2\"\"3\",4\n"),
              "row 1, column 2 (x[1]): \"2\"3\" is not a number");
    CHECK_STR(rows_of("1,\"2,3\",4\n"),
              "row 1, column 2 (x[1]): \"2,3\" is not a number");
    CHECK_STR(rows_of("1,\"2\"3,4\n"),
              "row 1, column 2 (x[1]): \"\"2\"3\" is not a number");
    CHECK_STR(rows_of("1,2\"3\",4\n"),
              "row 1, column 2 (x[1]): \"2\"3\"\" is not a number");
    CHECK_STR(rows_of("1,\"2\" \"3,4\n"),
              "row 1, column 2 (x[1]): \"\"2\" \"3\" is not a number");
    CHECK_STR(rows_of("1,\" 2\",3\n"),
              "row 1, column 2 (x[1]): \" 2\" is not a number");
    CHECK_STR(rows_of("1,\"2\n\",3\n"),
              "row 1, column 2 (x[1]): \"2?\" is not a number");
    CHECK_STR(rows_of("1,2,\"3\n4,5,6\n"),
              "row 1, column 3 (x[2]): the quotes of the cell are not closed");
    CHECK_STR(rows_of("1,2,\"\"\n"),
              "row 1, column 3 (x[2]): the cell is empty");
}

TEST(number_of_columns)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of("1,2\n"), "row 1: expected 3 columns, found 2");
    CHECK_INT(reading.status, CLARY_BAD_INPUT);
    CHECK_INT(reading.err.row, 1);
    CHECK_INT(reading.err.column, 0);
    CHECK_STR(rows_of("1,2,3\n\n4,5,6,7\n"),
              "row 2: expected 3 columns, found 4");
    CHECK_INT(reading.err.row, 2);
    CHECK_STR(rows_of("1,2,3,"), "row 1: expected 3 columns, found 4");
    CHECK_STR(rows_of("1,2,3,\"a,\n\",,x"),
              "row 1: expected 3 columns, found 6");
    CHECK_STR(rows_of("5"), "row 1: expected 3 columns, found 1");
    READING_CSV(single, ABSENT);
    CHECK_STR(rows_of("1\n2\n5\n"), "1|2|5");
    CHECK_STR(rows_of("1,2\n"), "row 1: expected 1 column, found 2");
}

TEST(cells_that_are_no_numbers)
{
    static const char *const cells[] = {
        ".5", "1.", "+1",  "0x10", "1_000", "01", "nan", "NaN", "inf",
        "-",  "1e", "1-1", "--1",  "1,",    "#",  "1f",  "1..2"};
    READING_CSV(x3, ABSENT);
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        char body[64];
        snprintf(body, sizeof body, "1,2,3\n4,%s,6\n", cells[i]);
        rows_of(body);
        CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
        CHECK_INT(reading.err.row, 2);
    }
    CHECK_STR(rows_of("1,2,3\n4,abc,6\n"),
              "row 2, column 2 (x[1]): \"abc\" is not a number");
    CHECK_INT(reading.err.column, 2);
    CHECK_STR(rows_of("1,2,3\n\n4,1\r,6\n"),
              "row 2, column 2 (x[1]): \"1?\" is not a number; lines must end "
              "in LF or CR LF");
    CHECK_STR(rows_of("1,1e309,3\n"),
              "row 1, column 2 (x[1]): \"1e309\" is out of range");
    CHECK_STR(rows_of("1e39,-1e39,1e-999\n"), "inf -inf 0");
}

TEST(other_separators)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of("8.3;41;6.98\n"),
              "row 1, column 1 (x[0]): \"8.3;41;6.98\" is not a number; the "
              "separator must be a comma");
    CHECK_STR(rows_of("8.3\t41\t6.98\n"),
              "row 1, column 1 (x[0]): \"8.3?41?6.98\" is not a number; the "
              "separator must be a comma");
    READING_CSV(houses, AUTO);
    CHECK_STR(rows_of("MedInc;HouseAge;Rooms\n1;2;3\n"),
              "header, column 1: \"MedInc;HouseAge;Rooms\" is not an input of "
              "the model; the separator must be a comma");
}

TEST(bodies_without_a_row)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of(""), "the body is empty");
    CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
    CHECK_STR(rows_of("   \n"), "the body holds no rows");
    CHECK_STR(rows_of("\n\r\n\t"), "the body holds no rows");
    reading.header = CLARY_CSV_HEADER_PRESENT;
    CHECK_STR(rows_of("a,b,c\n"), "the body holds no rows");
    CHECK_STR(rows_of("a,b,c"), "the body holds no rows");
}

TEST(empty_cells)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of("1,,3\n"), "row 1, column 2 (x[1]): the cell is empty");
    CHECK_STR(rows_of(",2,3\n"), "row 1, column 1 (x[0]): the cell is empty");
    CHECK_STR(rows_of("1,2,\n"), "row 1, column 3 (x[2]): the cell is empty");
    CHECK_STR(rows_of("1,2, "), "row 1, column 3 (x[2]): the cell is empty");
    reading.missing_is_nan = true;
    CHECK_STR(rows_of("1,,3\n , \"\" ,\n"), "1 nan 3|nan nan nan");
    CHECK_STR(rows_of("1,nan,3\nNaN,-nan, \"NAN\" \n"), "1 nan 3|nan nan nan");
    CHECK_STR(rows_of("1,NA,3\n"),
              "row 1, column 2 (x[1]): \"NA\" is not a number");
    CHECK_STR(rows_of("1,2,inf\n"),
              "row 1, column 3 (x[2]): \"inf\" is not a number");
    READING_CSV(houses, ABSENT);
    reading.missing_is_nan = true;
    CHECK_STR(rows_of("1,,3\nnan,NaN,3\n"), "1 nan 3|nan nan 3");
    CHECK_STR(rows_of("1,2,nan\n"),
              "row 1, column 3 (Rooms): \"nan\" is not a number");
    CHECK_STR(rows_of("1,2,\n"), "row 1, column 3 (Rooms): the cell is empty");
}

TEST(types_of_columns)
{
    READING_CSV(mixed, ABSENT);
    CHECK_STR(rows_of("-128,127,255,-2147483648,4294967296,1,0.1\n"
                      "0,1,0,7,-9007199254740993,true,1e300\n"
                      "0,1,0,7,8,false,\"2\""),
              "-128 127 255 -2.14748e+09 4.29497e+09 1 0.1|"
              "0 1 0 7 -9.0072e+15 1 1e+300|0 1 0 7 8 0 2");
    CHECK(reading.values[0][6] == 0.1);
    CHECK_STR(rows_of("128,0,0,0,0,0,0\n"),
              "row 1, column 1 (a[0]): \"128\" is out of range of int8");
    CHECK_STR(rows_of("0,0,-1,0,0,0,0\n"),
              "row 1, column 3 (b): \"-1\" is out of range of uint8");
    CHECK_STR(rows_of("0,0,1,2147483648,0,0,0\n"),
              "row 1, column 4 (c): \"2147483648\" is out of range of int32");
    CHECK_STR(rows_of("0,0,1,1,9223372036854775808,0,0\n"),
              "row 1, column 5 (d): \"9223372036854775808\" is out of range "
              "of int64");
    CHECK_STR(rows_of("0,0,1,3.0,0,0,0\n"),
              "row 1, column 4 (c): \"3.0\" is not an integer, as int32 needs");
    CHECK_STR(rows_of("0,0,1,1,1,2,0\n"),
              "row 1, column 6 (e): \"2\" is not 0, 1, true or false");
    CHECK_STR(rows_of("0,0,1,1,1,,0\n"),
              "row 1, column 6 (e): the cell is empty");
}

TEST(inputs_that_csv_cannot_fill)
{
    static const struct clary_field strings[] = {
        {"name", CLARY_DTYPE_STRING, {1, {1}}, 1}};
    static const struct clary_field nothing[] = {
        {"x", CLARY_DTYPE_F32, {1, {0}}, 0}};
    READING_CSV(strings, ABSENT);
    rows_of("a");
    CHECK_STATUS(reading.status, CLARY_UNSUPPORTED);
    reading.fields = nothing;
    rows_of("a");
    CHECK_STATUS(reading.status, CLARY_UNSUPPORTED);
}

TEST(blocks_of_rows)
{
    READING_CSV(single, ABSENT);
    CHECK_STR(rows_of("1\n2\n3\n4\n5\n6\n7\n"), "1|2|3|4|5|6|7");
    CHECK_INT(reading.n_blocks, 3);
    CHECK_STR(rows_of("1\n2\n3\n4\n5\n6\n"), "1|2|3|4|5|6");
    CHECK_INT(reading.n_blocks, 2);
    CHECK_STR(rows_of("1\n2\n3\n4\nx\n"),
              "row 5, column 1 (x): \"x\" is not a number");
}

TEST(long_cells)
{
    READING_CSV(single, ABSENT);
    static char body[10000];
    memset(body, '0', sizeof body);
    body[1] = '.';
    memcpy(body + 4092, "1\n22", 4);
    read_bytes(body, 4094);
    CHECK_STATUS(reading.status, CLARY_OK);
    memset(body + 2, '0', sizeof body - 2);
    body[4096] = '\n';
    read_bytes(body, 4097); /* 4096 bytes are allowed */
    CHECK_STATUS(reading.status, CLARY_OK);
    body[4096] = '0';
    body[4097] = '\n';
    read_bytes(body, 4098);
    CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
    CHECK_STR(reading.err.message,
              "row 1, column 1 (x): the cell is longer than 4096 bytes");
    read_bytes(body, 4097);
    CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
    memset(body, ' ', sizeof body); /* leading blanks are no part of a cell */
    memcpy(body + 9000, "\n1", 2);
    read_bytes(body, 9002);
    CHECK_STATUS(reading.status, CLARY_OK);
    CHECK_INT(reading.n_rows, 1);
}

TEST(quoted_bytes_are_cut_and_made_printable)
{
    READING_CSV(single, ABSENT);
    static const char bytes[] = "7\0\x01\xFF"
                                "\xC3\xA4";
    read_bytes(bytes, sizeof bytes - 1);
    CHECK_STR(reading.err.message,
              "row 1, column 1 (x): \"7???\xC3\xA4\" is not a number");
    CHECK_STR(rows_of("1234567890a234567890b234567890c234567890"
                      "d234567890e"),
              "row 1, column 1 (x): \"1234567890a234567890b234567890c2345678"
              "90d234...\" is not a number");
}

TEST(memory_runs_out)
{
    struct clary_error err;
    static const struct clary_field wide[] = {
        {"x", CLARY_DTYPE_F32, {1, {5000}}, 5000}};
    static float row[5000];
    void *data[] = {row};
    bool succeeded = false;
    for (size_t limit = 0; limit < 4 << 20 && !succeeded;
         limit = limit * 2 + 64) {
        struct clary_arena arena;
        clary_arena_init(&arena, limit);
        struct clary_rows rows = {
            .fields = wide, .n_fields = 1, .data = data, .capacity = 1};
        struct clary_reader reader = {
            .rows = &rows, .arena = &arena, .header = CLARY_CSV_HEADER_AUTO};
        enum clary_status status = clary_codec_csv.read_begin(&reader, &err);
        succeeded = status == CLARY_OK;
        CHECK(succeeded || status == CLARY_NO_MEMORY);
        clary_arena_deinit(&arena);
    }
    CHECK(succeeded);
}
