/* test_csv_write.c: rows to text/csv.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/codec.h"
#include "tests/test.h"

/* Writes one block and returns the text. */
static const char *write_csv(const struct clary_field *fields, size_t n_fields,
                             void *const *data, size_t n_rows,
                             enum clary_number_form numbers)
{
    static char text[4096];
    struct clary_error err;
    struct clary_buffer out;
    struct clary_arena arena;
    clary_buffer_init(&out, sizeof text - 1);
    clary_arena_init(&arena, 1 << 16);
    struct clary_rows rows = {.fields = fields,
                              .n_fields = n_fields,
                              .data = data,
                              .n_rows = n_rows,
                              .capacity = n_rows};
    struct clary_writer writer = {.fields = fields,
                                  .n_fields = n_fields,
                                  .out = &out,
                                  .arena = &arena,
                                  .options = {.numbers = numbers}};
    const struct clary_codec *csv = &clary_codec_csv;
    CHECK_STATUS(csv->write_begin(&writer, &err), CLARY_OK);
    CHECK_STATUS(csv->write_rows(&writer, &rows, &err), CLARY_OK);
    CHECK_STATUS(csv->write_end(&writer, &err), CLARY_OK);
    CHECK_INT(writer.n_rows, n_rows);
    memcpy(text, out.bytes, out.len);
    text[out.len] = '\0';
    clary_buffer_deinit(&out);
    clary_arena_deinit(&arena);
    return text;
}

TEST(rows_are_written)
{
    float numbers[] = {1.0F, 1.0F / 3, -NAN, INFINITY, -INFINITY, -0.0F};
    void *data[] = {numbers};
    const struct clary_field y2[] = {{"y", CLARY_DTYPE_F32, {1, {2}}, 2}};
    CHECK_STR(write_csv(y2, 1, data, 3, CLARY_NUMBER_TFSERVING),
              "1.0,0.333333343\nNaN,Infinity\n-Infinity,-0.0\n");
    CHECK_STR(write_csv(y2, 1, data, 3, CLARY_NUMBER_SHORTEST),
              "1.0,0.33333334\nNaN,Infinity\n-Infinity,-0.0\n");
}

TEST(several_outputs_share_a_line)
{
    static const struct clary_field fields[] = {
        {"a", CLARY_DTYPE_F32, {1, {2}}, 2},
        {"none", CLARY_DTYPE_F32, {1, {0}}, 0},
        {"b", CLARY_DTYPE_I64, {0, {0}}, 1},
        {"c", CLARY_DTYPE_BOOL, {0, {0}}, 1},
        {"d", CLARY_DTYPE_STRING, {0, {0}}, 1},
        {"e", CLARY_DTYPE_I8, {0, {0}}, 1},
        {"f", CLARY_DTYPE_F64, {0, {0}}, 1}};
    float a[] = {1, 2, 3, 4};
    int64_t b[] = {INT64_MIN, 7};
    uint8_t c[] = {1, 0};
    struct clary_string d[] = {{"plain", 5}, {"a \"b\", c", 8}};
    int8_t e[] = {-128, 127};
    double f[] = {0.1, 1.0 / 3};
    void *data[] = {a, NULL, b, c, d, e, f};
    CHECK_STR(write_csv(fields, 7, data, 2, CLARY_NUMBER_TFSERVING),
              "1.0,2.0,-9223372036854775808,true,plain,-128,0.1\n"
              "3.0,4.0,7,false,\"a \"\"b\"\", c\",127,0.33333333333333331\n");
}
