/* test_csv_header.c: a first row of names, wanted or not.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/unit/csv_reading.h"

TEST(header_where_none_is_allowed)
{
    READING_CSV(houses, ABSENT);
    CHECK_STR(rows_of("MedInc,HouseAge,Rooms\n1,2,3\n"),
              "row 1, column 1 (MedInc): \"MedInc\" is not a number; a header "
              "row needs CLARY_CSV_HEADER=auto");
    CHECK_INT(reading.err.row, 1);
    CHECK_INT(reading.err.column, 1);
    CHECK_STR(rows_of("abc,2,3\n"),
              "row 1, column 1 (MedInc): \"abc\" is not a number");
    CHECK_STR(rows_of("a,,b\n"),
              "row 1, column 1 (MedInc): \"a\" is not a number");
    CHECK_STR(rows_of("+1,a,b\n"),
              "row 1, column 1 (MedInc): \"+1\" is not a number");
    CHECK_STR(rows_of("1,2,3\nMedInc,HouseAge,Rooms\n"),
              "row 2, column 1 (MedInc): \"MedInc\" is not a number");
}

TEST(header_of_names)
{
    READING_CSV(houses, AUTO);
    const char *rows = "1 2 3|4 5 6";
    CHECK_STR(rows_of("1,2,3\n4,5,6"), rows);
    CHECK_STR(rows_of("MedInc,HouseAge,Rooms\n1,2,3\n4,5,6"), rows);
    CHECK_STR(rows_of("Rooms,MedInc,HouseAge\n3,1,2\n6,4,5\n"), rows);
    CHECK_STR(rows_of("\xEF\xBB\xBF\r\n\"Rooms\", MedInc ,HouseAge\r\n3,1,2\n"
                      "6,4,5\n"),
              rows);
    CHECK_STR(rows_of("MedInc,HouseAge,rooms\n1,2,3\n"),
              "header, column 3: \"rooms\" is not an input of the model");
    CHECK_INT(reading.err.column, 3);
    CHECK_INT(reading.err.row, 0);
    CHECK_STR(rows_of("MedInc,MedInc,Rooms\n1,2,3\n"),
              "header, column 2: \"MedInc\" is there twice");
    CHECK_STR(rows_of("Rooms,MedInc\n1,2\n"),
              "header: the model's input \"HouseAge\" is missing");
    CHECK_STR(rows_of("Rooms,MedInc,HouseAge,Price\n1,2,3,4\n"),
              "header: expected 3 columns, found 4");
    CHECK_STR(rows_of("Rooms,MedInc,HouseAge\n3,1,x\n"),
              "row 1, column 3 (HouseAge): \"x\" is not a number");
    CHECK_STR(rows_of("Rooms,MedInc,HouseAge\n3,1\n"),
              "row 1: expected 3 columns, found 2");
    CHECK_STR(rows_of("Rooms,2,HouseAge\n3,1,2\n"),
              "row 1, column 1 (MedInc): \"Rooms\" is not a number");
    CHECK_STR(rows_of("Rooms,MedInc,HouseAge\nRooms,1,2\n"),
              "row 1, column 1 (Rooms): \"Rooms\" is not a number");
    CHECK_STR(rows_of("Rooms,MedInc,HouseAge"), "the body holds no rows");
}

TEST(header_of_columns_without_names)
{
    READING_CSV(x3, AUTO);
    CHECK_STR(rows_of("a,b,c\n1,2,3\n"), "1 2 3");
    CHECK_STR(rows_of("a,b\n1,2,3\n"), "header: expected 3 columns, found 2");
    CHECK_STR(rows_of("x[2],x[0],x[1]\n3,1,2\n"), "1 2 3");
    CHECK_STR(rows_of("x[2],x[0],x[3]\n3,1,2\n"),
              "header, column 3: \"x[3]\" is not an input of the model");
    CHECK_STR(rows_of("x[2],x[0]\n3,1,2\n"),
              "header: the model's input \"x[1]\" is missing");
    CHECK_STR(rows_of("a,b,1\n1,2,3\n"),
              "row 1, column 1 (x[0]): \"a\" is not a number");
    CHECK_STR(rows_of("x.2,x[0],x.1\n3,1,2\n"), "1 2 3");
    CHECK_STR(rows_of("x.2,x[0],x.3\n3,1,2\n"),
              "header, column 3: \"x.3\" is not an input of the model");
    CHECK_STR(rows_of("x.2,x[2],x[1]\n3,1,2\n"),
              "header, column 2: \"x[2]\" is there twice");
    CHECK_STR(rows_of("x.02,x.,y.1\n1,2,3\n"), "1 2 3");
    CHECK_STR(rows_of("f2,f1,f0\n1,2,3\n"), "1 2 3");
    CHECK_STR(rows_of("x[-1],x],[a\n1,2,3\n"), "1 2 3");
    CHECK_STR(rows_of("x[99999999999999999999],[0],x[]\n1,2,3\n"), "1 2 3");
}

TEST(header_of_names_of_the_library)
{
    static const struct clary_field f3[] = {
        {"features", CLARY_DTYPE_F32, {1, {3}}, 3, .column_prefix = "f"}};
    static const struct clary_field f1[] = {
        {"features", CLARY_DTYPE_F32, {1, {1}}, 1, .column_prefix = "f"}};
    READING_CSV(f3, AUTO);
    CHECK_STR(rows_of("f2,f0,f1\n3,1,2\n"), "1 2 3");
    CHECK_STR(rows_of("features[2],f0,features.1\n3,1,2\n"), "1 2 3");
    CHECK_STR(rows_of("f1,f2,f3\n3,1,2\n"),
              "header, column 3: \"f3\" is not an input of the model");
    CHECK_STR(rows_of("f2,f0\n3,1\n"),
              "header: the model's input \"features[1]\" is missing");
    CHECK_STR(rows_of("f02,f,F1\n1,2,3\n"), "1 2 3");
    READING_CSV(f1, AUTO);
    CHECK_STR(rows_of("f0\n1\n"), "1");
    CHECK_STR(rows_of("price\n1\n"), "1");
}

TEST(header_of_names_with_blanks)
{
    static const char *const names[] = {"income_in_USD", "a", "b_"};
    static const struct clary_field fields[] = {
        {"features",
         CLARY_DTYPE_F64,
         {1, {3}},
         3,
         names,
         .blanks_are_underscores = true}};
    static const struct clary_field exact[] = {
        {"features", CLARY_DTYPE_F64, {1, {3}}, 3, names}};
    READING_CSV(fields, AUTO);
    CHECK_STR(rows_of("b_,income in USD,a\n3,1,2\n"), "1 2 3");
    CHECK_STR(rows_of("\"b \",income_in USD,a\n3,1,2\n"), "1 2 3");
    CHECK_STR(rows_of("income_in_USD,income in USD,a\n3,1,2\n"),
              "header, column 2: \"income in USD\" is there twice");
    READING_CSV(exact, AUTO);
    CHECK_STR(rows_of("b_,income in USD,a\n3,1,2\n"),
              "header, column 2: \"income in USD\" is not an input of the "
              "model");
}

/* A row of data never vanishes as a header. */
TEST(odd_values_are_no_header)
{
    static const char *const bodies[] = {
        "NA,NA,NA\n1,2,3\n",      "null,NULL,None\n1,2,3\n",
        "nan,nan,nan\n1,2,3\n",   "Infinity,inf,-inf\n1,2,3\n",
        "N/A,#N/A,<NA>\n1,2,3\n", "?,?,?\n1,2,3\n",
        "a,NA,b\n1,2,3\n",        "a,b,-Infinity\n1,2,3\n",
        "abc,+1,.5\n1,2,3\n",     "\"nil\",\"x y\",z\n1,2,3\n",
        "#,x,y\n1,2,3\n",         "NaT,x,y\n1,2,3\n"};
    READING_CSV(x3, AUTO);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (unsigned pythonic = 0; pythonic < 2; pythonic++) {
            reading.pythonic = pythonic != 0;
            rows_of(bodies[i]);
            if (bodies[i][0] == 'n' && bodies[i][2] == 'n' && pythonic) {
                CHECK_STR(rows_of(bodies[i]), "nan nan nan|1 2 3");
                continue;
            }
            CHECK_STATUS(reading.status, CLARY_BAD_INPUT);
            CHECK_INT(reading.err.row, 1);
        }
    /* nor do they hide names that are told to be there */
    READING_CSV(x3, PRESENT);
    CHECK_STR(rows_of("NA,null,inf\n1,2,3\n"), "1 2 3");
    READING_CSV(x3, ABSENT);
    CHECK_STR(rows_of("NA,NA,NA\n1,2,3\n"),
              "row 1, column 1 (x[0]): \"NA\" is not a number");
}

TEST(header_that_must_be_there)
{
    READING_CSV(houses, PRESENT);
    CHECK_STR(rows_of("Rooms,MedInc,HouseAge\n3,1,2\n"), "1 2 3");
    CHECK_STR(rows_of("1,2,3\n4,5,6\n"),
              "header, column 1: \"1\" is not an input of the model");
    READING_CSV(x3, PRESENT);
    CHECK_STR(rows_of("2019,,2021\n1,2,3\n"), "1 2 3");
    CHECK_STR(rows_of("\"a,\nb\",,2021\n1,2,3\n"), "1 2 3");
}

TEST(names_with_quotes_and_commas)
{
    static const struct clary_field odd[] = {
        {"a \"b\", c", CLARY_DTYPE_F32, {1, {1}}, 1},
        {"x[0]", CLARY_DTYPE_F32, {1, {1}}, 1}};
    READING_CSV(odd, AUTO);
    CHECK_STR(rows_of("x[0],\"a \"\"b\"\", c\"\n1,2\n"), "2 1");
}
