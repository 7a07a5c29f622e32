/* test_csv_separator.c: text/csv as SageMaker's XGBoost container reads it: any
 * separator, numbers as Python spells them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/csv_reading.h"

TEST(the_first_line_tells_the_separator)
{
    static const char *const bodies[] = {
        "1,2,3\n4,5,6\n",
        "1;2;3\n4;5;6",
        "1\t2\t3\r\n4\t5\t6\r\n",
        "1 2 3\n4 5 6\n",
        "1:2:3\n4:5:6",
        "1|2|3\n4|5|6\n",
        "1, 2, 3\n4,5,6",
        "1 ;2 ; 3 \n4;5;6",
        "\n \r\n1;2;3\n\n4;5;6\n",
        "\xEF\xBB\xBF\n1;2;3\n4;5;6",
        "1 , 2\t,3\n4,5,6",
        "\"1\";\"2\";3\n4;5;\"6\"\n",
    };
    READING_CSV(x3, ABSENT);
    reading.pythonic = reading.missing_is_nan = true;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        if (!CHECK_STR(rows_of(bodies[i]), "1 2 3|4 5 6"))
            printf("  of %s\n", bodies[i]);
}

TEST(a_separator_is_no_blank)
{
    READING_CSV(x3, ABSENT);
    reading.pythonic = reading.missing_is_nan = true;
    CHECK_STR(rows_of("1\t\t3\n\t5\t\n"), "1 nan 3|nan 5 nan");
    CHECK_STR(rows_of("1  3\n 5 \n"), "1 nan 3|nan 5 nan");
    CHECK_STR(rows_of("1;;3\n;5;\n;;\n"), "1 nan 3|nan 5 nan|nan nan nan");
    CHECK_STR(rows_of("1;2;3\n4,5,6\n"),
              "row 2, column 1 (x[0]): \"4,5,6\" is not a number");
}

TEST(only_a_pythonic_reader_looks)
{
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of("1;2;3\n"),
              "row 1, column 1 (x[0]): \"1;2;3\" is not a number; the "
              "separator must be a comma");
}

TEST(one_column_needs_none)
{
    READING_CSV(single, ABSENT);
    reading.pythonic = true;
    CHECK_STR(rows_of(" 1 \n2"), "1|2");
    CHECK_STR(rows_of("1"), "1");
    CHECK_STR(rows_of(""), "the body is empty");
    CHECK_STR(rows_of(" \n \n"), "the body holds no rows");
}

/* Where the first bytes hold no whole line they decide all the same. */
TEST(a_long_first_line)
{
    static char body[1200];
    READING_CSV(single, ABSENT);
    reading.pythonic = true;
    memset(body, '0', sizeof body - 1);
    body[0] = '1';
    body[1] = '.';
    CHECK_STR(rows_of(body), "1");
    body[600] = ';'; /* not among the first 512: no separator */
    read_bytes(body, strlen(body));
    CHECK(strstr(reading.err.message, "is not a number") != NULL);
    body[500] = ';';
    CHECK_STR(rows_of(body), "row 1: expected 1 column, found 3");
    memset(body, '\n', 700);
    CHECK_STR(rows_of(body), "0");
}

TEST(which_errors_are_misfits)
{
    READING_CSV(x3, ABSENT);
    reading.pythonic = true;
    CHECK_STR(rows_of("1,2\n1,2\n"), "row 1: expected 3 columns, found 2");
    CHECK(reading.misfits);
    CHECK_STR(rows_of("1,2,3\n1,2\n"), "row 2: expected 3 columns, found 2");
    CHECK(!reading.misfits);
    CHECK_STR(rows_of("1,2,x\n"),
              "row 1, column 3 (x[2]): \"x\" is not a number");
    CHECK(!reading.misfits);
}

TEST(numbers_as_python_spells_them)
{
    READING_CSV(x3, ABSENT);
    reading.pythonic = true;
    CHECK_STR(rows_of("+1,.5,1.\n01,1_000,-.5e1\n00,-0.,1e+02\n"),
              "1 0.5 1|1 1000 -5|0 -0 100");
    CHECK_STR(rows_of("nan,NaN,-nAN\n"), "nan nan nan");
    CHECK_STR(rows_of("1,\"+2\",3\n"), "1 2 3");
}

TEST(what_python_does_not_take_either)
{
    static const char *const cells[] = {
        "inf",  "+inf", "Infinity", "0x10", "1__0", "_1",  "1_",  "1_.5",
        "1._5", ".",    "+",        "e5",   ".e5",  "1e",  "1e+", "1.5.2",
        "nan1", "++1",  "1e_5",     "1 2",  "NA",   "None"};
    char body[64], message[96];
    READING_CSV(x3, ABSENT);
    reading.pythonic = true;
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        snprintf(body, sizeof body, "1,%s,3\n", cells[i]);
        snprintf(message, sizeof message,
                 "row 1, column 2 (x[1]): \"%s\" is not a number", cells[i]);
        CHECK_STR(rows_of(body), message);
    }
    CHECK_STR(rows_of("1,+1e999,3\n"),
              "row 1, column 2 (x[1]): \"+1e999\" is out of range");
    /* infinite as float32 */
    CHECK_STR(rows_of("1,1e39,3\n4,5,6\n7,8,9\n1,2,3\n"),
              "row 1, column 2 (x[1]): \"1e39\" is out of range");
    CHECK_STR(rows_of("1,-1000000000000000000000000000000000000000,3\n4,5,6\n"),
              "row 1, column 2 (x[1]): "
              "\"-1000000000000000000000000000000000000000\" is out of range");
    CHECK_STR(rows_of("1,+1e39,3\n"),
              "row 1, column 2 (x[1]): \"+1e39\" is out of range");
    CHECK_STR(rows_of("1,3.4028235e38,3\n"), "1 3.40282e+38 3");
}

TEST(other_types_take_no_python)
{
    READING_CSV(houses, ABSENT);
    reading.pythonic = true;
    CHECK_STR(rows_of(".5,.5,7\n"), "0.5 0.5 7");
    CHECK_STR(rows_of(".5,.5,+7\n"),
              "row 1, column 3 (Rooms): \"+7\" is not a number");
}
