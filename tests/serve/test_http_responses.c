/* test_http_responses.c: the same response for as long as nothing but the bytes
 * of the body changes, another one as soon as anything does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/http_responses.h"
#include "tests/test.h"

static char here[100], there[100];

static const struct http_answer plain = {.status = 200,
                                         .content_type = "application/json",
                                         .vary = "Accept-Encoding",
                                         .body = here,
                                         .len = 27};

TEST(other_bytes_in_the_same_place)
{
    struct http_responses responses = {0};
    struct MHD_Response *first = http_responses_get(&responses, &plain);

    CHECK(first != NULL);
    here[0] = 'x';
    CHECK(http_responses_get(&responses, &plain) == first);
    http_responses_deinit(&responses);
}

TEST(lengths_side_by_side)
{
    struct http_responses responses = {0};
    struct MHD_Response *made[HTTP_RESPONSES_KEPT];
    struct http_answer answer = plain;

    for (size_t i = 0; i < HTTP_RESPONSES_KEPT; i++, answer.len++)
        made[i] = http_responses_get(&responses, &answer);
    answer.len = plain.len;
    for (size_t i = 0; i < HTTP_RESPONSES_KEPT; i++, answer.len++) {
        CHECK(made[i] != NULL && (i == 0 || made[i] != made[0]));
        CHECK(http_responses_get(&responses, &answer) == made[i]);
    }
    http_responses_deinit(&responses);
}

/* A response is freed before the one that takes its place is made, and so may
 * be at the same address: what is kept tells them apart. */
TEST(anything_else_is_another_response)
{
    struct http_responses responses = {0};
    const struct kept_response *kept =
        &responses.kept[plain.len % HTTP_RESPONSES_KEPT];
    struct http_answer answer = plain;

    answer.body = there;
    CHECK(http_responses_get(&responses, &plain) != NULL);
    CHECK(http_responses_get(&responses, &answer) == kept->response);
    CHECK(kept->body == there);
    answer.content_type = "text/csv";
    CHECK(http_responses_get(&responses, &answer) == kept->response);
    CHECK_STR(kept->content_type, "text/csv");
    answer.vary = NULL;
    CHECK(http_responses_get(&responses, &answer) == kept->response);
    CHECK(kept->vary == NULL);
    answer.len += HTTP_RESPONSES_KEPT;
    CHECK(http_responses_get(&responses, &answer) == kept->response);
    CHECK_INT(kept->len, plain.len + HTTP_RESPONSES_KEPT);
    http_responses_deinit(&responses);
}

TEST(answers_with_other_headers_are_not_kept)
{
    struct http_responses responses = {0};
    struct http_answer answers[6];

    for (size_t i = 0; i < 6; i++)
        answers[i] = plain;
    answers[0].status = 503;
    answers[1].use_gzip = true;
    answers[2].retry_after_s = 1;
    answers[3].allow = "GET";
    answers[4].attributes = "trace=1";
    answers[5].len = 0;
    for (size_t i = 0; i < 6; i++)
        CHECK(http_responses_get(&responses, &answers[i]) == NULL);
    http_responses_deinit(&responses);
}
