/* test_scores.c: replies as SageMaker's XGBoost container writes them.
 *
 * The expected texts are what that container's serve_utils.py and encoder.py
 * print for the same values, with null for NaN in JSON.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/scores.h"
#include "tests/test.h"

#include <math.h>

enum { ROWS = 2 };

static const struct clary_field scalar[] = {
    {"score", CLARY_DTYPE_F32, {0, {0}}, 1, NULL}};
static const struct clary_field three[] = {
    {"score", CLARY_DTYPE_F32, {1, {3}}, 3, NULL}};
static const struct clary_field more[] = {
    {"score", CLARY_DTYPE_F32, {0, {0}}, 1, NULL},
    {"contributions", CLARY_DTYPE_F32, {1, {2}}, 2, NULL}};

static struct clary_scores scores;
static const char *selection; /* NULL: none */

/* Writes two blocks of a row each. */
static const char *write_all(const struct clary_codec *codec,
                             const struct clary_field *fields, size_t n_fields,
                             float *const *data)
{
    static char text[4096];
    struct clary_error err;
    struct clary_buffer out;
    struct clary_arena arena;
    struct clary_scores chosen = scores;
    void *at[2];

    clary_buffer_init(&out, sizeof text - 1);
    clary_arena_init(&arena, 1 << 16);
    if (selection)
        CHECK_STATUS(clary_scores_select(&chosen, selection, &arena, &err),
                     CLARY_OK);
    struct clary_writer writer = {
        .fields = fields,
        .n_fields = n_fields,
        .out = &out,
        .arena = &arena,
        .options = {.numbers = CLARY_NUMBER_PYTHON, .scores = &chosen}};
    CHECK_STATUS(codec->write_begin(&writer, &err), CLARY_OK);
    for (size_t r = 0; r < ROWS; r++) {
        for (size_t f = 0; f < n_fields; f++)
            at[f] = data[f] + r * fields[f].width;
        struct clary_rows rows = {.fields = fields,
                                  .n_fields = n_fields,
                                  .data = at,
                                  .n_rows = 1,
                                  .capacity = 1,
                                  .first_row = r};
        CHECK_STATUS(codec->write_rows(&writer, &rows, &err), CLARY_OK);
    }
    CHECK_STATUS(codec->write_end(&writer, &err), CLARY_OK);
    CHECK_INT(writer.n_rows, ROWS);
    memcpy(text, out.bytes, out.len);
    text[out.len] = '\0';
    clary_buffer_deinit(&out);
    clary_arena_deinit(&arena);
    return text;
}

#define WRITE(codec, fields, values)                                           \
    write_all(&clary_codec_scores_##codec, fields,                             \
              sizeof fields / sizeof *(fields), (float *[]){values})

TEST(one_value)
{
    float values[] = {0.438619077F, 1e-5F};

    selection = NULL;
    scores = (struct clary_scores){0};
    CHECK_STR(WRITE(csv, scalar, values),
              "0.43861907720565796\n9.999999747378752e-06\n");
    CHECK_STR(WRITE(lines, scalar, values),
              "0.43861907720565796\n9.999999747378752e-06\n");
    CHECK_STR(WRITE(json, scalar, values),
              "{\"predictions\": [{\"score\": 0.43861907720565796}, "
              "{\"score\": 9.999999747378752e-06}]}");
    CHECK_STR(WRITE(jsonlines, scalar, values),
              "{\"score\": 0.43861907720565796}\n"
              "{\"score\": 9.999999747378752e-06}\n");
}

TEST(several_values)
{
    float values[] = {0.1F, 0.25F, 3, 1e16F, -0.0F, 16777216};

    selection = NULL;
    scores = (struct clary_scores){0};
    CHECK_STR(WRITE(csv, three, values),
              "0.10000000149011612,0.25,3.0\n"
              "1.0000000272564224e+16,-0.0,16777216.0\n");
    CHECK_STR(WRITE(lines, three, values),
              "[0.10000000149011612, 0.25, 3.0]\n"
              "[1.0000000272564224e+16, -0.0, 16777216.0]\n");
    CHECK_STR(WRITE(json, three, values),
              "{\"predictions\": [{\"score\": [0.10000000149011612, 0.25, "
              "3.0]}, {\"score\": [1.0000000272564224e+16, -0.0, "
              "16777216.0]}]}");
}

TEST(not_numbers)
{
    float values[] = {NAN, -INFINITY, INFINITY, 0, 1, 2};

    selection = NULL;
    scores = (struct clary_scores){0};
    CHECK_STR(WRITE(csv, three, values), "nan,-inf,inf\n0.0,1.0,2.0\n");
    CHECK_STR(WRITE(json, three, values),
              "{\"predictions\": [{\"score\": [null, null, null]}, "
              "{\"score\": [0.0, 1.0, 2.0]}]}");
}

TEST(outputs_behind_the_first)
{
    float first[] = {1, 2}, second[] = {0.5F, -0.5F, 1.5F, NAN};

    selection = NULL;
    scores = (struct clary_scores){.answer = CLARY_ANSWER_SCORE};
    float *data[] = {first, second};
    CHECK_STR(write_all(&clary_codec_scores_csv, more, 2, data),
              "1.0,0.5,-0.5\n2.0,1.5,nan\n");
    CHECK_STR(write_all(&clary_codec_scores_jsonlines, more, 2, data),
              "{\"score\": 1.0, \"contributions\": [0.5, -0.5]}\n"
              "{\"score\": 2.0, \"contributions\": [1.5, null]}\n");
    selection = "predicted_score";
    CHECK_STR(write_all(&clary_codec_scores_csv, more, 2, data),
              "1.0,0.5,-0.5\n2.0,1.5,nan");
}

/* Every key there is, and one that there is not. */
#define ALL                                                                    \
    "predicted_label,labels,probability,probabilities,raw_score,raw_scores,"   \
    "predicted_score,colour"

TEST(what_is_selected_of_each_answer)
{
    static const struct {
        enum clary_answer answer;
        const char *csv;
    } cases[] = {
        {CLARY_ANSWER_SCORE, "nan,nan,nan,nan,nan,nan,0.75,nan\n"
                             "nan,nan,nan,nan,nan,nan,-0.25,nan"},
        {CLARY_ANSWER_LOGISTIC,
         "1,\"[0, 1]\",0.75,\"[0.25, 0.75]\",0.75,\"[0.25, 0.75]\",nan,nan\n"
         "0,\"[0, 1]\",-0.25,\"[1.25, -0.25]\",-0.25,\"[1.25, -0.25]\",nan,"
         "nan"},
        {CLARY_ANSWER_LOGITRAW,
         "1,\"[0, 1]\",nan,nan,0.75,\"[0.25, 0.75]\",nan,nan\n"
         "0,\"[0, 1]\",nan,nan,-0.25,\"[1.25, -0.25]\",nan,nan"},
        {CLARY_ANSWER_HINGE,
         "0.75,\"[0, 1]\",nan,nan,0.75,\"[0.25, 0.75]\",nan,nan\n"
         "-0.25,\"[0, 1]\",nan,nan,-0.25,\"[1.25, -0.25]\",nan,nan"},
        {CLARY_ANSWER_SOFTMAX,
         "0.75,\"[0, 1, 2]\",nan,nan,0.75,\"[0.25, 0.75]\",nan,nan\n"
         "-0.25,\"[0, 1, 2]\",nan,nan,-0.25,\"[1.25, -0.25]\",nan,nan"},
    };
    float values[] = {0.75F, -0.25F};

    selection = ALL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scores =
            (struct clary_scores){.answer = cases[i].answer, .n_classes = 3};
        CHECK_STR(WRITE(csv, scalar, values), cases[i].csv);
    }
}

TEST(what_is_selected_of_several_classes)
{
    float values[] = {0.25F, 0.5F, 0.25F, 0.125F, 0.4375F, 0.4375F};

    selection = ALL;
    scores =
        (struct clary_scores){.answer = CLARY_ANSWER_SOFTPROB, .n_classes = 3};
    CHECK_STR(WRITE(csv, three, values),
              "1,\"[0, 1, 2]\",0.5,\"[0.25, 0.5, 0.25]\",0.5,"
              "\"[0.25, 0.5, 0.25]\",nan,nan\n"
              "1,\"[0, 1, 2]\",0.4375,\"[0.125, 0.4375, 0.4375]\",0.4375,"
              "\"[0.125, 0.4375, 0.4375]\",nan,nan");
}

TEST(thresholds_of_labels)
{
    float values[] = {0.5F, nextafterf(0.5F, 1)};
    float zeros[] = {-0.0F, 1e-45F};
    float classes[] = {NAN, 1, 2, 1, NAN, 3};

    selection = "predicted_label";
    scores = (struct clary_scores){.answer = CLARY_ANSWER_LOGISTIC};
    CHECK_STR(WRITE(csv, scalar, values), "0\n1");
    scores.answer = CLARY_ANSWER_LOGITRAW;
    CHECK_STR(WRITE(csv, scalar, zeros), "0\n1");
    scores.answer = CLARY_ANSWER_SOFTPROB;
    CHECK_STR(WRITE(csv, three, classes), "0\n1");
    selection = "probability";
    CHECK_STR(WRITE(csv, three, classes), "nan\n3.0");
}

#define MEMBERS(label, probability)                                            \
    "{\"predicted_label\": " label ", \"probability\": " probability           \
    ", \"zebra\": null, \"apple\": null, \"\": null}"

TEST(the_order_of_what_is_selected)
{
    float values[] = {0.75F, 0.25F};

    selection = " Zebra, PROBABILITY,apple,predicted_label,, zebra,apple";
    scores = (struct clary_scores){.answer = CLARY_ANSWER_LOGISTIC};
    CHECK_STR(WRITE(csv, scalar, values),
              "nan,0.75,nan,1,nan,nan,nan\nnan,0.25,nan,0,nan,nan,nan");
    CHECK_STR(WRITE(json, scalar, values),
              "{\"predictions\": [" MEMBERS("1", "0.75") ", " MEMBERS(
                  "0", "0.25") "]}");
    CHECK_STR(WRITE(jsonlines, scalar, values),
              MEMBERS("1", "0.75") "\n" MEMBERS("0", "0.25") "\n");
}

TEST(the_last_line_of_what_is_selected)
{
    float values[] = {0.75F, 0.25F};

    selection = "raw_score";
    scores = (struct clary_scores){.answer = CLARY_ANSWER_LOGISTIC};
    CHECK_STR(WRITE(csv, scalar, values), "0.75\n0.25");
    scores.is_batch = true;
    CHECK_STR(WRITE(csv, scalar, values), "0.75\n0.25\n");
}
