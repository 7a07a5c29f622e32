/* http_responses.c: a table of responses by the length of their bodies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http_responses.h"

#include <microhttpd.h>

/* Only what changes from one answer to the next by the bytes of the body. */
static bool is_plain(const struct http_answer *answer)
{
    return answer->status == MHD_HTTP_OK && answer->len > 0 &&
           !answer->use_gzip && answer->retry_after_s == 0 &&
           answer->allow == NULL && answer->attributes == NULL;
}

static struct MHD_Response *response_new(const struct http_answer *answer)
{
    union {
        const char *in;
        void *out;
    } body = {.in = answer->body};
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->len, body.out, MHD_RESPMEM_PERSISTENT);

    if (response == NULL)
        return NULL;
    if (answer->content_type != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                      answer->content_type);
    if (answer->vary != NULL)
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_VARY,
                                      answer->vary);
    return response;
}

static bool is_response_to(const struct kept_response *it,
                           const struct http_answer *answer)
{
    return it->response != NULL && it->body == answer->body &&
           it->len == answer->len && it->content_type == answer->content_type &&
           it->vary == answer->vary;
}

struct MHD_Response *http_responses_get(struct http_responses *responses,
                                        const struct http_answer *answer)
{
    struct kept_response *it =
        &responses->kept[answer->len % HTTP_RESPONSES_KEPT];

    if (!is_plain(answer))
        return NULL;
    if (is_response_to(it, answer))
        return it->response;
    if (it->response != NULL)
        MHD_destroy_response(it->response);
    *it = (struct kept_response){.response = response_new(answer),
                                 .body = answer->body,
                                 .content_type = answer->content_type,
                                 .vary = answer->vary,
                                 .len = answer->len};
    return it->response;
}

void http_responses_deinit(struct http_responses *responses)
{
    for (size_t i = 0; i < HTTP_RESPONSES_KEPT; i++)
        if (responses->kept[i].response != NULL)
            MHD_destroy_response(responses->kept[i].response);
}
