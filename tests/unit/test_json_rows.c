/* test_json_rows.c: bodies of JSON of many windows, each table against the
 * reader's own loops.
 *
 * Bodies are random rows, plain for the most part, with now and then what is
 * read number by number, or an error.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/categories.h"
#include "tests/unit/window_reading.h"

/* How rows look. */
struct form {
    const char *before, *open, *comma, *close, *between, *after;
};

/* An empty body for blocks of this many rows. */
static void begin(size_t capacity)
{
    body.capacity = capacity;
    body.missing_is_nan = capacity % 2 == 0;
    body.len = 0;
}

/* One in `odd` numbers is none, or none for the windows. */
static void add_number(uint32_t odd)
{
    static const char *const odds[] = {
        "null", " 1",  "2 ",   "1e-5", "\t4", "1e3",   "5\n",   "-6e0", "NaN",
        "7\t",  "  8", "-0.0", "9",    "1e2", "\n-10", "\"x\"", "[1]",  "01"};
    /* the last three are errors */
    uint32_t n = random_below(40) == 0 ? 18 : 15;
    if (odd > 0 && random_below(odd) == 0)
        add(odds[random_below(n)]);
    else
        add_decimal();
}

static void make_body(const struct form *form, size_t width, size_t len,
                      uint32_t odd)
{
    static const char *const others[] = {" , ", ",[", ",\n", "]", "}", ":"};
    body.n_fields = 1;
    body.fields[0] = (struct clary_field){
        "x", CLARY_DTYPE_F32, {1, {(int64_t)width}}, width, NULL};
    begin(1 + random_below(MOST_CAPACITY));
    add(form->before);
    for (size_t r = 0; body.len < len; r++) {
        add(r > 0 ? form->between : "");
        add(form->open);
        for (size_t c = 0; c < width && body.len < MOST_BYTES; c++) {
            bool other = odd > 0 && random_below(odd * 500) == 0;
            if (c > 0)
                add(other ? others[random_below(6)] : form->comma);
            add_number(odd);
        }
        add(form->close);
    }
    add(form->after);
}

static const struct form forms[] = {
    {"[", "[", ", ", "]", ", ", "]"},
    {"{\"instances\": [", "[", ",", "]", ",", "]}"},
    {"{\"inputs\":\n[", "[\n ", ", ", "]", ",\n ", "]}"},
    {"", "[", ", ", "]", "\n", "\n"},
    {"\n", "[", ",", "]", " \r\n ", ""},
    {"[", "[", ", ", "]", "\n, ", "]"},
    {"[", "[", ",\n", "\n]", ",", "]"}};

static const size_t widths[] = {1, 2, 3, 8, 9, 64, 500, 1024, 1025, 3000};

static size_t compare_forms(uint32_t odd)
{
    size_t n_read = 0;
    for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++)
        for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
            make_body(&forms[f], widths[i], 1 + random_below(MOST_BYTES), odd);
            n_read += compare(&clary_codec_json);
        }
    return n_read;
}

TEST(plain_rows)
{
    /* all but those of 3,000 numbers that were cut short */
    CHECK(compare_forms(0) >= 45);
}

TEST(rows_with_odd_numbers)
{
    compare_forms(1000);
    compare_forms(100);
    compare_forms(5);
}

/* Scalars, and rows of shape (4) and (2, 2), flat and nested. */
TEST(other_shapes)
{
    static const struct clary_field fields[] = {
        {"x", CLARY_DTYPE_F32, {0, {0}}, 1, NULL},
        {"x", CLARY_DTYPE_F32, {1, {4}}, 4, NULL},
        {"x", CLARY_DTYPE_F32, {2, {2, 2}}, 4, NULL}};
    static const char *const bodies[] = {
        "[[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [1, 2, 3, 4]]",
        "[[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]]",
        "[[1, 2, 3, 4], [[5, 6], [7, 8]], [9, 10, 11, 12], [1, 2, 3, 4]]",
        "[[1, 2, 3, 4], [5, 6, 7], [9, 10, 11, 12], [1, 2, 3, 4, 1]]",
        "[1, 2, 3, 4]\n[5, 6, 7, 8]\n[[9, 10], [11, 12]]\n[1, 2, 3, 4]\n",
        "[1, 2, 3, 4]\n[5, 6, 7, 8] [9, 10, 11, 12]\n[1, 2, 3, 4]\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        for (size_t rank = 0; rank < 3; rank++) {
            body.n_fields = 1;
            body.fields[0] = fields[rank];
            begin(3);
            add(bodies[i]);
            bool was_read = compare(&clary_codec_json);
            if (i < 2) /* the one of their shape reads these */
                CHECK(was_read == (rank == i + 1));
        }
}

/* A number is the code of a category, but where it may be a name. */
TEST(categories)
{
    static const struct clary_category numbers[] = {
        {.text = "7"}, {.text = "5"}, {.text = "red"}};
    static const struct clary_category words[] = {{.text = "red"},
                                                  {.text = "blue"}};
    static const char rows[] =
        "[[1, \"red\"], [1.5, 5], [2.5, 7], [0, 5], [1, 7], [2, 5], "
        "[3, 7], [4, \"red\"], [5, \"red\"], [6, 7], [7, 5]]";
    const struct clary_categories *categories[] = {NULL, NULL};
    struct clary_arena arena;
    struct clary_error err;
    clary_arena_init(&arena, 1 << 16);
    for (int i = 0; i < 2; i++) {
        CHECK_STATUS(clary_categories_new(&arena, i == 0 ? numbers : words,
                                          i == 0 ? 3 : 2, false, &categories[1],
                                          &err),
                     CLARY_OK);
        body.n_fields = 1;
        body.fields[0] = (struct clary_field){
            "x", CLARY_DTYPE_F32, {1, {2}}, 2, NULL, categories};
        begin(4);
        add(rows);
        CHECK(compare(&clary_codec_json));
    }
    clary_arena_deinit(&arena);
}

/* How a row of named numbers looks. */
struct style {
    const char *names[5];
    const char *colon, *comma, *open, *between;
};

static const struct style styles[] = {
    {{"p", "a", "b", "c", "r"}, ": ", ", ", "{", ", "},
    {{"r", "c", "p", "b", "a"}, ":", ",", "{", ","},
    {{"b", "p", "r", "a", "c"}, " : ", ",\n  ", "\n{ ", ",\n"},
    {{"p", "q[0]", "q[2]", "q[1]", "r"}, ":", ", ", "{", ", "},
    {{"p", "a", "b", "c", "r"}, ":", ",", "{", "\n"},
    {{"p", "a", "b", "c", "a"}, ": ", ", ", "{", ", "}};

/* Rows in one style, now and then in another. The last style is an error. */
static void make_objects(const struct style *style, size_t len, uint32_t odd)
{
    static const char *const names[] = {"a", "b", "c"};
    bool lines = strcmp(style->between, "\n") == 0;
    bool elements = strcmp(style->names[1], "q[0]") == 0;
    body.fields[0] =
        (struct clary_field){"p", CLARY_DTYPE_F32, {1, {1}}, 1, NULL};
    body.fields[1] = (struct clary_field){
        "q", CLARY_DTYPE_F32, {1, {3}}, 3, elements ? NULL : names};
    body.fields[2] =
        (struct clary_field){"r", CLARY_DTYPE_F32, {0, {0}}, 1, NULL};
    body.n_fields = 3;
    begin(1 + random_below(MOST_CAPACITY));
    add(lines ? "" : "{\"instances\": [");
    for (size_t r = 0; body.len < len; r++) {
        const struct style *other = style;
        if (odd > 0 && !elements && !lines && random_below(odd) == 0)
            other = &styles[random_below(random_below(20) == 0 ? 6 : 3)];
        add(r > 0 ? style->between : "");
        add(other->open);
        for (size_t i = 0; i < 5; i++) {
            add(i > 0 ? other->comma : "");
            add("\"");
            add(other->names[i]);
            add("\"");
            add(other->colon);
            add_number(odd * 5);
        }
        add("}");
    }
    add(lines ? "\n" : "]}");
}

TEST(named_rows)
{
    for (size_t i = 0; i < 5; i++) {
        make_objects(&styles[i], MOST_BYTES, 0);
        CHECK(compare(&clary_codec_json));
        for (int round = 0; round < 5; round++) {
            make_objects(&styles[i], 1 + random_below(MOST_BYTES),
                         (uint32_t[]){1000, 100, 30, 10, 3}[round]);
            compare(&clary_codec_json);
        }
    }
}

/* Names that hold what ends a cell; and one that is there twice, or not. */
TEST(names_in_rows)
{
    static const char *const names[] = {"a}, {", "\\\"", "}"};
    static const char *const ends[] = {"{\"a}, {\": 1, \"\\\\\\\"\": 2}",
                                       "{\"}\": 1, \"}\": 2, \"a}, {\": 5}",
                                       "{\"}\": 1, \"a}, {\": 5, \"x\": 1}"};
    for (size_t i = 0; i < 3; i++) {
        body.n_fields = 1;
        body.fields[0] =
            (struct clary_field){"x", CLARY_DTYPE_F32, {1, {3}}, 3, names};
        begin(4);
        add("[");
        for (int r = 0; r < 50; r++)
            add("{\"a}, {\": 1.5, \"\\\\\\\"\": -2, \"}\": 3e1}, ");
        if (i == 0)
            body.len -= 2;
        else
            add(ends[i]);
        add("]");
        CHECK(compare(&clary_codec_json) == (i == 0));
    }
}
