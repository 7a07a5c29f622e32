/* test_json.c: rows to application/json and application/jsonlines.
 *
 * The bytes of TensorFlow Serving's form are compared with those that its own
 * writer (RapidJSON) made for the golden models.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/codec.h"
#include "tests/test.h"

#include <dirent.h>
#include <stdlib.h>

static const char golden[] = "tests/golden/savedmodel";

enum { MOST_FIELDS = 16 };

/* Writes `n_rows` rows in blocks of at most `block` rows. The text is valid
 * until the next call. */
static const char *write_blocks(const struct clary_codec *codec,
                                const struct clary_field *fields,
                                size_t n_fields, void *const *data,
                                size_t n_rows, size_t block,
                                struct clary_writer_options options)
{
    static struct clary_buffer out;
    struct clary_error err;
    struct clary_arena arena;
    if (out.limit_bytes == 0)
        clary_buffer_init(&out, SIZE_MAX);
    clary_buffer_clear(&out);
    clary_arena_init(&arena, SIZE_MAX);
    struct clary_writer writer = {.fields = fields,
                                  .n_fields = n_fields,
                                  .out = &out,
                                  .arena = &arena,
                                  .options = options};
    CHECK_STATUS(codec->write_begin(&writer, &err), CLARY_OK);
    for (size_t first = 0; first < n_rows; first += block) {
        void *at[MOST_FIELDS];
        for (size_t f = 0; f < n_fields; f++)
            at[f] = (char *)data[f] + first * fields[f].width *
                                          clary_dtype_bytes(fields[f].dtype);
        size_t n = n_rows - first < block ? n_rows - first : block;
        struct clary_rows rows = {.fields = fields,
                                  .n_fields = n_fields,
                                  .data = at,
                                  .n_rows = n,
                                  .capacity = block,
                                  .first_row = first};
        CHECK_STATUS(codec->write_rows(&writer, &rows, &err), CLARY_OK);
    }
    CHECK_STATUS(codec->write_end(&writer, &err), CLARY_OK);
    CHECK_INT(writer.n_rows, n_rows);
    CHECK_STATUS(clary_buffer_append(&out, "", 1, &err), CLARY_OK);
    clary_arena_deinit(&arena);
    return out.bytes;
}

static const struct clary_writer_options pretty = {
    .numbers = CLARY_NUMBER_TFSERVING, .pretty = true, .tfserving = true};
static const struct clary_writer_options stripped = {
    .numbers = CLARY_NUMBER_TFSERVING, .tfserving = true};
static const struct clary_writer_options compact = {.numbers =
                                                        CLARY_NUMBER_SHORTEST};

static struct clary_writer_options columnar(struct clary_writer_options options)
{
    options.columnar = true;
    return options;
}

TEST(one_output)
{
    static const struct clary_field y[] = {{"y", CLARY_DTYPE_F32, {1, {1}}, 1}};
    static const struct clary_field s[] = {{"y", CLARY_DTYPE_F32, {0, {0}}, 1}};
    const struct clary_codec *json = &clary_codec_json;
    float two[] = {8.3252F, 8.3014F}, three[] = {3.5F, 4, 5.5F};
    void *data[] = {two}, *scalars[] = {three};
    CHECK_STR(write_blocks(json, y, 1, data, 2, 2, pretty),
              "{\n    \"predictions\": [[8.3252], [8.3014]\n    ]\n}");
    CHECK_STR(write_blocks(json, y, 1, data, 2, 1, stripped),
              "{    \"predictions\": [[8.3252], [8.3014]    ]}");
    CHECK_STR(write_blocks(json, y, 1, data, 1, 1, pretty),
              "{\n    \"predictions\": [[8.3252]\n    ]\n}");
    CHECK_STR(write_blocks(json, s, 1, scalars, 3, 3, pretty),
              "{\n    \"predictions\": [3.5, 4.0, 5.5\n    ]\n}");
    CHECK_STR(write_blocks(json, s, 1, scalars, 3, 2, stripped),
              "{    \"predictions\": [3.5, 4.0, 5.5    ]}");
    CHECK_STR(write_blocks(json, y, 1, data, 0, 1, pretty),
              "{\n    \"predictions\": []\n}");
    CHECK_STR(write_blocks(json, y, 1, data, 0, 1, stripped),
              "{    \"predictions\": []}");
    CHECK_STR(write_blocks(json, y, 1, data, 2, 1, compact),
              "{\"predictions\": [[8.3252], [8.3014]]}");
    CHECK_STR(write_blocks(json, y, 1, data, 2, 1, columnar(pretty)),
              "{\n    \"outputs\": [\n        [\n            8.3252\n"
              "        ],\n        [\n            8.3014\n        ]\n    ]\n}");
    CHECK_STR(write_blocks(json, s, 1, scalars, 2, 1, columnar(stripped)),
              "{    \"outputs\": [        3.5,        4.0    ]}");
    CHECK_STR(write_blocks(json, y, 1, data, 2, 1, columnar(compact)),
              "{\"outputs\": [[8.3252], [8.3014]]}");
    CHECK_STR(write_blocks(json, y, 1, data, 0, 1, columnar(pretty)),
              "{\n    \"outputs\": []\n}");
}

static const struct clary_field several[] = {
    {"a\"\n\x01", CLARY_DTYPE_F32, {2, {2, 1}}, 2},
    {"b", CLARY_DTYPE_I64, {0, {0}}, 1},
    {"c", CLARY_DTYPE_BOOL, {1, {1}}, 1},
    {"none", CLARY_DTYPE_U8, {2, {2, 0}}, 0},
    {"s", CLARY_DTYPE_STRING, {0, {0}}, 1}};

TEST(several_outputs)
{
    const struct clary_codec *json = &clary_codec_json;
    float a[] = {1, 2, 3, 4};
    int64_t b[] = {INT64_MIN, INT64_MAX};
    uint8_t c[] = {0, 1}, none[1] = {0};
    struct clary_string s[] = {{"\\/\t", 3}, {"\xC3\xA4\x1F", 3}};
    void *data[] = {a, b, c, none, s};
    CHECK_STR(write_blocks(json, several, 5, data, 2, 1, compact),
              "{\"predictions\": [{\"a\\\"\\n\\u0001\": [[1.0], [2.0]], "
              "\"b\": -9223372036854775808, \"c\": [false], "
              "\"none\": [[], []], \"s\": \"\\\\/\\t\"}, "
              "{\"a\\\"\\n\\u0001\": [[3.0], [4.0]], "
              "\"b\": 9223372036854775807, \"c\": [true], "
              "\"none\": [[], []], \"s\": \"\xC3\xA4\\u001F\"}]}");
    CHECK_STR(write_blocks(json, several, 2, data, 1, 1, pretty),
              "{\n    \"predictions\": [\n        {\n"
              "            \"a\\\"\\n\\u0001\": [[1.0], [2.0]],\n"
              "            \"b\": -9223372036854775808\n        }\n    ]\n}");
    CHECK_STR(write_blocks(json, several, 5, data, 2, 1, columnar(compact)),
              "{\"outputs\": {\"a\\\"\\n\\u0001\": [[[1.0], [2.0]], "
              "[[3.0], [4.0]]], \"b\": [-9223372036854775808, "
              "9223372036854775807], \"c\": [[false], [true]], "
              "\"none\": [[[], []], [[], []]], "
              "\"s\": [\"\\\\/\\t\", \"\xC3\xA4\\u001F\"]}}");
    CHECK_STR(write_blocks(json, several, 2, data, 0, 1, columnar(pretty)),
              "{\n    \"outputs\": {\n        \"a\\\"\\n\\u0001\": [],\n"
              "        \"b\": []\n    }\n}");
    CHECK_STR(
        write_blocks(&clary_codec_jsonlines, several, 3, data, 2, 1, compact),
        "{\"a\\\"\\n\\u0001\": [[1.0], [2.0]], "
        "\"b\": -9223372036854775808, \"c\": [false]}\n"
        "{\"a\\\"\\n\\u0001\": [[3.0], [4.0]], "
        "\"b\": 9223372036854775807, \"c\": [true]}\n");
}

TEST(what_json_has_no_number_for)
{
    static const struct clary_field y[] = {{"y", CLARY_DTYPE_F32, {1, {4}}, 4}};
    static const struct clary_field d[] = {{"y", CLARY_DTYPE_F64, {1, {3}}, 3}};
    float values[] = {NAN, INFINITY, -INFINITY, 1.0F / 3};
    double doubles[] = {(double)NAN, -(double)INFINITY, 1.0 / 3};
    void *data[] = {values}, *more[] = {doubles};
    CHECK_STR(write_blocks(&clary_codec_json, y, 1, data, 1, 1, stripped),
              "{    \"predictions\": [[NaN, Infinity, -Infinity, 0.333333343]"
              "    ]}");
    CHECK_STR(write_blocks(&clary_codec_json, y, 1, data, 1, 1, compact),
              "{\"predictions\": [[null, null, null, 0.33333334]]}");
    CHECK_STR(write_blocks(&clary_codec_json, d, 1, more, 1, 1, compact),
              "{\"predictions\": [[null, null, 0.3333333333333333]]}");
    CHECK_STR(write_blocks(&clary_codec_jsonlines, y, 1, data, 1, 1, stripped),
              "[NaN, Infinity, -Infinity, 0.333333343]\n");
    CHECK_STR(write_blocks(&clary_codec_jsonlines, d, 1, more, 1, 1, compact),
              "[null, null, 0.3333333333333333]\n");
}

TEST(json_lines)
{
    static const struct clary_field y[] = {{"y", CLARY_DTYPE_F32, {1, {1}}, 1}};
    static const struct clary_field s[] = {{"y", CLARY_DTYPE_F32, {0, {0}}, 1}};
    const struct clary_codec *lines = &clary_codec_jsonlines;
    float values[] = {8.3252F, 8.3014F, 3};
    void *data[] = {values};
    CHECK_STR(write_blocks(lines, y, 1, data, 3, 2, pretty),
              "[8.3252]\n[8.3014]\n[3.0]\n");
    CHECK_STR(write_blocks(lines, s, 1, data, 3, 2, columnar(compact)),
              "8.3252\n8.3014\n3.0\n");
    CHECK_STR(write_blocks(lines, y, 1, data, 0, 1, compact), "");
}

/* As many limits on the reply and on the memory as there are. */
TEST(limits)
{
    float a[] = {1, 2};
    int64_t b[] = {3};
    void *data[] = {a, b};
    bool done = false;
    for (size_t limit = 0; limit < 1000 && !done; limit++) {
        struct clary_error err;
        struct clary_buffer out;
        struct clary_arena arena;
        clary_buffer_init(&out, limit);
        clary_arena_init(&arena, limit * 20);
        struct clary_rows rows = {.fields = several,
                                  .n_fields = 2,
                                  .data = data,
                                  .n_rows = 1,
                                  .capacity = 1};
        struct clary_writer writer = {.fields = several,
                                      .n_fields = 2,
                                      .out = &out,
                                      .arena = &arena,
                                      .options = columnar(pretty)};
        enum clary_status status = clary_codec_json.write_begin(&writer, &err);
        for (int i = 0; status == CLARY_OK && i < 3; i++)
            status = clary_codec_json.write_rows(&writer, &rows, &err);
        if (status == CLARY_OK)
            status = clary_codec_json.write_end(&writer, &err);
        CHECK(status == CLARY_OK || status == CLARY_TOO_LARGE ||
              status == CLARY_NO_MEMORY);
        CHECK(out.len <= limit);
        done = status == CLARY_OK;
        clary_buffer_deinit(&out);
        clary_arena_deinit(&arena);
    }
    CHECK(done);
}

/* The file as a string; NULL if there is none. */
static char *read_file(const char *name, const char *file)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s/%s", golden, name, file);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return NULL;
    char *text = calloc(1, 1 << 20);
    CHECK(fread(text, 1, 1 << 20, stream) < 1 << 20);
    fclose(stream);
    return text;
}

/* One line of signature.json:
 *     {"name": "band", "dtype": "float32", "row_shape": [3]} */
static bool read_field(const char *line, struct clary_field *field)
{
    static char names[MOST_FIELDS][64];
    static size_t n_names;
    char *name = names[n_names++ % MOST_FIELDS], dtype[16], shape[64] = "";
    if (sscanf(line,
               " {\"name\": \"%63[^\"]\", \"dtype\": \"%15[^\"]\", "
               "\"row_shape\": [%63[^]]",
               name, dtype, shape) < 2)
        return false;
    *field = (struct clary_field){.name = name, .width = 1};
    while (field->dtype < CLARY_DTYPE_COUNT &&
           strcmp(clary_dtype_name(field->dtype), dtype) != 0)
        field->dtype++;
    for (char *p = shape; *p != '\0';) {
        int64_t dim = strtoll(p, &p, 10);
        field->shape.dim[field->shape.rank++] = dim;
        field->width *= (size_t)dim;
        p += strspn(p, ", ");
    }
    return CHECK(field->dtype < CLARY_DTYPE_COUNT);
}

static size_t read_outputs(const char *signature, struct clary_field *fields)
{
    size_t n = 0;
    const char *line = strstr(signature, "\"outputs\"");
    while (line != NULL && (line = strchr(line, '\n')) != NULL) {
        line++;
        if (n < MOST_FIELDS && read_field(line, &fields[n]))
            n++;
    }
    return n;
}

static void store(const struct clary_field *field, void *data, size_t i,
                  const char *cell)
{
    switch (field->dtype) {
    case CLARY_DTYPE_F32:
        ((float *)data)[i] = strtof(cell, NULL);
        break;
    case CLARY_DTYPE_F64:
        ((double *)data)[i] = strtod(cell, NULL);
        break;
    case CLARY_DTYPE_I32:
        ((int32_t *)data)[i] = (int32_t)strtol(cell, NULL, 10);
        break;
    case CLARY_DTYPE_I64:
        ((int64_t *)data)[i] = strtoll(cell, NULL, 10);
        break;
    default:
        ((uint8_t *)data)[i] = (uint8_t)strtoul(cell, NULL, 10);
        break;
    }
}

/* The rows of expected.csv; returns how many. */
static size_t read_rows(const char *text, const struct clary_field *fields,
                        size_t n_fields, void **data)
{
    size_t n_rows = 0;
    for (const char *p = text; *p != '\0'; n_rows++)
        for (size_t f = 0; f < n_fields; f++)
            for (size_t i = 0; i < fields[f].width; i++) {
                store(&fields[f], data[f], n_rows * fields[f].width + i, p);
                p += strcspn(p, ",\n");
                p += *p != '\0';
            }
    return n_rows;
}

static void strip_line_feeds(char *text)
{
    char *to = text;
    for (; *text != '\0'; text++)
        if (*text != '\n')
            *to++ = *text;
    *to = '\0';
}

/* Compares with one expected file; false if there is none. */
static bool compare(const char *name, const char *file, const char *text)
{
    char *expected = read_file(name, file);
    if (expected == NULL)
        return false;
    if (!CHECK(strcmp(text, expected) == 0))
        printf("%s/%s differs\n", name, file);
    free(expected);
    return true;
}

static bool compare_case(const char *name)
{
    struct clary_field fields[MOST_FIELDS];
    void *data[MOST_FIELDS];
    char *signature = read_file(name, "signature.json");
    char *rows = read_file(name, "expected.csv");
    if (signature == NULL || rows == NULL) {
        free(signature);
        free(rows);
        return false;
    }
    size_t n_fields = read_outputs(signature, fields);
    CHECK(n_fields > 0);
    for (size_t f = 0; f < n_fields; f++)
        data[f] = calloc(1, 1 << 20);
    size_t n_rows = read_rows(rows, fields, n_fields, data);

    const struct clary_codec *json = &clary_codec_json;
    compare(name, "expected.json",
            write_blocks(json, fields, n_fields, data, n_rows, 7, pretty));
    compare(name, "expected_accept_json.json",
            write_blocks(json, fields, n_fields, data, n_rows, 7, stripped));
    char *expected = read_file(name, "expected_columnar.json");
    if (expected != NULL) {
        CHECK_STR(write_blocks(json, fields, n_fields, data, n_rows, 7,
                               columnar(pretty)),
                  expected);
        strip_line_feeds(expected);
        CHECK_STR(write_blocks(json, fields, n_fields, data, n_rows, 7,
                               columnar(stripped)),
                  expected);
    }
    for (size_t f = 0; f < n_fields; f++)
        free(data[f]);
    free(expected);
    free(signature);
    free(rows);
    return true;
}

TEST(golden_replies)
{
    int n_cases = 0;
    DIR *directory = opendir(golden);
    if (!CHECK(directory != NULL))
        return;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            n_cases += compare_case(entry->d_name);
    closedir(directory);
    CHECK(n_cases >= 30);
}
