/* test_xgboost_pickle.c: pickles are data; what would act is refused by name.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/pickle.h"
#include "tests/unit/xgboost_rows.h"

static struct clary_arena arena;

static enum clary_status run(const void *bytes, size_t len,
                             const struct clary_pickle_value **out)
{
    char *copy = malloc(len + !len);
    enum clary_status status;

    memcpy(copy, bytes, len);
    clary_arena_deinit(&arena);
    clary_arena_init(&arena, 8 << 20);
    status = clary_pickle_read(&arena, "m", copy, len, out, &why);
    if (status == CLARY_OK && (*out)->kind == CLARY_PICKLE_TEXT) {
        /* what points into the pickle outlives the copy */
        static struct clary_pickle_value value;
        static char text[256];

        value = **out;
        memcpy(text, value.bytes, value.len);
        value.bytes = text;
        *out = &value;
    }
    free(copy);
    return status;
}

#define RUN(literal) run(literal, sizeof(literal) - 1, &value)

static const struct clary_pickle_value *value;

/* --- data --- */

TEST(numbers_of_every_protocol)
{
    static const struct {
        const char *bytes;
        size_t len;
        long long expected;
    } cases[] = {
#define NUMBER(literal, expected) {literal, sizeof(literal) - 1, expected}
        NUMBER("I-12\n.", -12),
        NUMBER("L123456789012L\n.", 123456789012),
        NUMBER("J\xfe\xff\xff\xff.", -2),
        NUMBER("K\xff.", 255),
        NUMBER("M\1\2.", 513),
        NUMBER("\x80\2\x8a\0.", 0),
        NUMBER("\x8a\2\x18\xfc.", -1000),
        NUMBER("\x8b\1\0\0\0\x7f.", 127),
        NUMBER("\x8a\x09\0\0\0\0\0\0\0\0\1.", INT64_MAX),
        NUMBER("\x8a\x09\0\0\0\0\0\0\0\0\xff.", INT64_MIN),
        NUMBER("L99999999999999999999L\n.", INT64_MAX),
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (CHECK_STATUS(run(cases[i].bytes, cases[i].len, &value), CLARY_OK))
            CHECK_INT(value->integer, cases[i].expected);
    CHECK_STATUS(RUN("I01\n."), CLARY_OK);
    CHECK(value->kind == CLARY_PICKLE_BOOL && value->integer == 1);
    CHECK_STATUS(RUN("\x89."), CLARY_OK);
    CHECK(value->kind == CLARY_PICKLE_BOOL && value->integer == 0);
    CHECK_STATUS(RUN("F1.5\n."), CLARY_OK);
    CHECK_STATUS(RUN("G\0\0\0\0\0\0\0\0."), CLARY_OK);
    CHECK_INT(value->kind, CLARY_PICKLE_FLOAT);
}

TEST(texts_and_bytes)
{
    CHECK_STATUS(RUN("S'a\\'\\x41\\n\\101'\n."), CLARY_OK);
    CHECK(clary_pickle_is(value, "a'A\nA"));
    CHECK_STATUS(RUN("V\xfc\\u20ac\\\\\n."), CLARY_OK);
    CHECK(clary_pickle_is(value, "\u00fc\u20ac\\\\"));
    CHECK_STATUS(RUN("X\2\0\0\0hi."), CLARY_OK);
    CHECK(clary_pickle_is(value, "hi"));
    CHECK_STATUS(RUN("\x8c\2hi."), CLARY_OK);
    CHECK(clary_pickle_is(value, "hi"));
    CHECK_STATUS(RUN("c__builtin__\nbytearray\n(V\xe9\\u0000\n"
                     "S'latin-1'\ntR."),
                 CLARY_OK);
    CHECK(value->kind == CLARY_PICKLE_BYTES && value->len == 2 &&
          memcmp(value->bytes, "\xe9", 2) == 0);
    CHECK_STATUS(RUN("c_codecs\nencode\n(X\1\0\0\0aX\6\0\0\0latin1tR."),
                 CLARY_OK);
    CHECK_INT(value->kind, CLARY_PICKLE_BYTES);
    CHECK_STATUS(RUN("cbuiltins\nbytearray\n(V\\u20ac\ntR."), CLARY_BAD_MODEL);
    CHECK_STATUS(RUN("S'open\n."), CLARY_BAD_MODEL);
    CHECK_STATUS(RUN("S\n."), CLARY_BAD_MODEL);
    CHECK_STATUS(RUN("S'\\q'\n."), CLARY_BAD_MODEL);
    CHECK_STATUS(RUN("V\\u12\n."), CLARY_BAD_MODEL);
}

TEST(containers_and_the_memo)
{
    CHECK_STATUS(RUN("(lp0\nI1\naI2\nag0\n."), CLARY_OK);
    CHECK(value->kind == CLARY_PICKLE_LIST && value->n_items == 2);
    CHECK_STATUS(RUN("](K\1K\2K\3e."), CLARY_OK);
    CHECK_INT(value->n_items, 3);
    CHECK_STATUS(RUN("}(K\1K\2K\3K\4u."), CLARY_OK);
    CHECK(value->kind == CLARY_PICKLE_DICT && value->n_items == 4);
    CHECK_STATUS(RUN("}K\1K\2s."), CLARY_OK);
    CHECK_STATUS(RUN("(K\1K\2d."), CLARY_OK);
    CHECK_STATUS(RUN("K\1K\2\x86."), CLARY_OK);
    CHECK(value->kind == CLARY_PICKLE_TUPLE && value->n_items == 2);
    CHECK_STATUS(RUN("K\7\x94K\1h\0."), CLARY_OK);
    CHECK_INT(value->integer, 7);
    CHECK_STATUS(RUN("(K\1(K\2K\3"
                     "1K\4t."),
                 CLARY_OK);
    CHECK_INT(value->n_items, 2);
    CHECK_STATUS(RUN("]q\0h\0a."), CLARY_OK); /* a list that holds itself */
    CHECK(value->items[0] == value);
    CHECK_STATUS(RUN("\x95\0\0\0\0\0\0\0\0K\1."), CLARY_OK);
}

TEST(damaged_pickles_are_refused)
{
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
#define BYTES(literal) {literal, sizeof(literal) - 1}
        BYTES(""),
        BYTES("."),
        BYTES("K"),
        BYTES("K\1"),
        BYTES("0."),
        BYTES("1."),
        BYTES("t."),
        BYTES("\x86."),
        BYTES("K\1\x87."),
        BYTES("(K\1d."),
        BYTES("K\1a."),
        BYTES("K\1K\2a."),
        BYTES("](K\1u."),
        BYTES("(K\1e."),
        BYTES("h\5."),
        BYTES("g-1\n."),
        BYTES("(q\0."),
        BYTES("Ix\n."),
        BYTES("I12"),
        BYTES("R."),
        BYTES("K\1)R."),
        BYTES("K\1}b."),
        BYTES("\x93."),
        BYTES("K\1K\2\x93."),
        BYTES("\x80\6."),
        BYTES("r\xff\xff\xff\xffN."),
        BYTES("B\xff\xff\xff\xff."),
        BYTES("\xfe."),
        BYTES("NN(1R."),
        BYTES("Nr\xff\xff\xff\xff."),
        BYTES("\x8e\xff\xff\xff\xff\xff\xff\xff\xff."),
        BYTES("ccopyreg\n_reconstructor\n)R."),
        BYTES("cbuiltins\nbytes\n(K\1tR."),
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!CHECK_STATUS(run(cases[i].bytes, cases[i].len, &value),
                          CLARY_BAD_MODEL))
            printf("  case %zu\n", i);
}

/* --- what would act --- */

TEST(names_outside_of_a_model_are_refused)
{
    CHECK_STATUS(RUN("cos\nsystem\n(S'true'\ntR."), CLARY_UNSUPPORTED);
    CHECK_STR(why.message, "m: the pickle names os.system, which is no part of "
                           "an XGBoost model; save that with "
                           "Booster.save_model");
    CHECK_STATUS(RUN("\x80\4\x8c\x08"
                     "builtins\x8c\4eval\x93."),
                 CLARY_UNSUPPORTED);
    CHECK_STATUS(RUN("cxgboost.coreX\nBooster\n."), CLARY_UNSUPPORTED);
    CHECK_STATUS(RUN("cxgboost.core\n\n."), CLARY_UNSUPPORTED);
    CHECK_STATUS(RUN("cnumpy\nload\n."), CLARY_UNSUPPORTED);
    CHECK_STATUS(RUN("csklearn.pipeline\nPipeline\n."), CLARY_UNSUPPORTED);
    CHECK_STR(why.message, "m: the pickle names sklearn.pipeline.Pipeline, "
                           "which is no part of an XGBoost model; save that "
                           "with Booster.save_model");
}

TEST(opcodes_that_reach_outside_are_refused_by_name)
{
    static const struct {
        const char *bytes, *name;
    } cases[] = {{"P0\n.", "PERSID"},         {"N\x51.", "PERSID"},
                 {"\x82\1.", "EXT"},          {"\x84\1\1\1\1.", "EXT"},
                 {"\x97.", "NEXT_BUFFER"},    {"N\x98.", "NEXT_BUFFER"},
                 {"(ios\nsystem\n.", "INST"}, {"(No.", "OBJ"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_STATUS(run(cases[i].bytes, strlen(cases[i].bytes), &value),
                     CLARY_UNSUPPORTED);
        CHECK(strstr(why.message, cases[i].name) != NULL);
    }
}

/* What is no model but a pickle is refused as one, not passed over. */
TEST(pickles_of_every_protocol_are_known)
{
    static const struct {
        const char *bytes;
        size_t len;
        bool is_pickle;
    } cases[] = {
#define FILE_OF(literal, is_pickle) {literal, sizeof(literal) - 1, is_pickle}
        FILE_OF("cos\nsystem\n(S'id'\ntR.", true),
        FILE_OF("cposix\nsystem\nq\0(U\2idtRq\1.", true),
        FILE_OF("(ios\nsystem\np0\n.", true),
        FILE_OF("(cos\nsystem\nS'id'\no.", true),
        FILE_OF("(dp0\nS'a'\nNs.", true),
        FILE_OF("(lp0\n(i__main__\nFoo\na.", true),
        FILE_OF("]q\0.", true),
        FILE_OF("}q\0(U\1aNu.", true),
        FILE_OF("\x80\0cos\nsystem\n.", true),
        FILE_OF("\x80\6N.", true),
        FILE_OF("\x80\xff"
                "N.",
                true),
        FILE_OF("\x80\4N", true),
        FILE_OF("", false),
        FILE_OF("c", false),
        FILE_OF("column a\ncolumn b\n", false),
        FILE_OF("comment\n\n", false),
        FILE_OF("(see the README)\n", false),
        FILE_OF("(a word).", false),
        FILE_OF("\x80\6 bytes", false),
        FILE_OF("{\"learner\": 1}", false),
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!CHECK_INT(clary_learner_is_pickle(cases[i].bytes, cases[i].len),
                       cases[i].is_pickle))
            printf("  %zu\n", i);
}

/* 100,000 marks, tuples and repetitions cost what their bytes cost. */
TEST(many_values_take_linear_time)
{
    enum { N = 400000 };
    unsigned char *bytes = malloc(2 * N + 1);

    memset(bytes, 'N', N);
    memset(bytes + N, 0x85, N);
    bytes[2 * (size_t)N] = '.';
    clary_arena_deinit(&arena);
    clary_arena_init(&arena, (size_t)1 << 30);
    CHECK_STATUS(
        clary_pickle_read(&arena, "m", bytes, 2 * (size_t)N + 1, &value, &why),
        CLARY_OK);
    memset(bytes, '(', N);
    memset(bytes + N, 't', N);
    CHECK_STATUS(
        clary_pickle_read(&arena, "m", bytes, 2 * (size_t)N + 1, &value, &why),
        CLARY_OK);
    free(bytes);
}

/* --- the Booster in it --- */

static enum clary_status load_pickle(const char *text)
{
    static struct loaded loaded;

    load_bytes(&loaded, text, strlen(text), CLARY_TREES_AUTO);
    unload(&loaded);
    return loaded.status;
}

/* Protocol 0, the state filled in. */
#define BOOSTER_OF(class, state)                                               \
    "ccopy_reg\n_reconstructor\n(c" class "\nc__builtin__\nobject\nNtR("       \
                                          "d" state "b."
#define HANDLE "S'handle'\nc__builtin__\nbytearray\n(V%s\nS'latin-1'\ntRs"
#define SMALL  MODEL("reg:squarederror", PARAM("0"), BOOSTER(STUMP, "0"))

TEST(a_booster_is_found_and_nothing_else_is_taken_for_one)
{
    CHECK_STATUS(load_pickle(model_json(
                     BOOSTER_OF("xgboost.core\nBooster", HANDLE), SMALL)),
                 CLARY_OK);
    CHECK_STATUS(
        load_pickle(BOOSTER_OF("xgboost.core\nBooster", "S'other'\nNs")),
        CLARY_BAD_MODEL);
    CHECK_STR(why.message, "model: the pickled Booster holds no model");
    CHECK_STATUS(load_pickle(model_json(
                     BOOSTER_OF("xgboost.core\nDMatrix", HANDLE), SMALL)),
                 CLARY_UNSUPPORTED);
    CHECK_STR(why.message,
              "model: the pickle holds a xgboost.core.DMatrix, expected an "
              "xgboost.core.Booster that was trained; save it with "
              "Booster.save_model");
    CHECK_STATUS(load_pickle("ccopy_reg\n_reconstructor\n0(dS'model'\nNs."),
                 CLARY_UNSUPPORTED);
    CHECK_STATUS(load_pickle(model_json(
                     BOOSTER_OF("xgboost.core\nBooster", HANDLE), "no model")),
                 CLARY_BAD_MODEL);
    clary_arena_deinit(&arena);
}
