/* http_request.c: the way of a request through libmicrohttpd.
 *
 * A body goes to the application piece by piece inside the upload callback;
 * nothing is accumulated. libmicrohttpd takes a response only before the
 * first byte of the body or after the last, so an answer that is known in
 * between waits until the client has sent everything; a client that goes on
 * for too long gets it past libmicrohttpd (answer_and_cut).
 *
 * A heavy request is gathered into its exchange's inbox; a full inbox, or the
 * end of the body, goes to the workers, and meanwhile the connection is
 * suspended. That costs 20 us, more than all of a small request.
 *
 * libmicrohttpd goes on with the chunks of a body that it has already read
 * although the connection was suspended for the one before: see http_request.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "http_request.h"

#include "http_answer.h"
#include "http_head.h"
#include "http_loop.h"
#include "raw_answer.h"

#include <stdatomic.h>

enum {
    LONG_BYTES = 65536,    /* of an answer that may be long on its way */
    READ_ON_BYTES = 65536, /* an unwanted body up to this long is read, so
                            * that its connection can be used again */
    CUT_BYTES = 64 << 20,  /* of an unwanted rest are read before its
                            * connection is cut */
    PACKED_BYTES = 2048,   /* a piece of a compressed body: what it holds
                            * is several times as much */
};

static struct connection *connection_of(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

/* Not inline: what it takes would be taken in each call of http_request. */
static __attribute__((noinline)) enum MHD_Result begin(
    struct http_loop *loop, struct MHD_Connection *mhd, const char *path,
    const char *method, const char *version, void **context)
{
    struct http_head head;
    const struct http_app *app = loop->exchanges.app;
    struct connection *connection = connection_of(mhd);
    struct exchange *exchange =
        connection != NULL ? exchange_acquire(&loop->exchanges) : NULL;

    if (exchange == NULL)
        return MHD_NO;
    spin_request(&loop->spin);
    http_head_read(mhd, method, path, version, &head);
    *context = exchange;
    exchange->client = connection;
    connections_touch(&loop->connections, connection);
    atomic_store_explicit(&connection->is_busy, true, memory_order_release);
    exchange->is_packed = head.content_encoding != NULL;
    exchange->is_unwanted = !app->begin(exchange->request, &head);
    if (!exchange->is_unwanted) {
        size_t turn_bytes =
            app->turn_bytes != NULL && loop->exchanges.workers != NULL
                ? app->turn_bytes(exchange->request)
                : 0;
        return turn_bytes == 0 || exchange_prepare(exchange, turn_bytes,
                                                   connection->fd, mhd)
                   ? MHD_YES
                   : MHD_NO;
    }
    /* Before the body: whoever waits for 100 Continue need not send it, and
     * a long one is not worth reading. */
    if (head.malformed == NULL && head.length <= READ_ON_BYTES &&
        MHD_lookup_connection_value(mhd, MHD_HEADER_KIND,
                                    MHD_HTTP_HEADER_EXPECT) == NULL)
        return MHD_YES;
    connection->must_linger = true;
    exchange_finish(exchange);
    return http_answer_queue(mhd, exchange, true);
}

/* In the middle of a body nothing has been written to the socket but perhaps
 * a whole 100 Continue, so the answer can go there directly. */
static enum MHD_Result answer_and_cut(struct exchange *exchange)
{
    struct connection *connection = exchange->client;

    exchange_finish(exchange);
    raw_answer_send(connection->fd, &exchange->answer,
                    MHD_get_reason_phrase_for(exchange->answer.status));
    connection->must_linger = true;
    return MHD_NO;
}

/* Perhaps the client has to send more, and no callback tells. */
void http_request_resume(void *argument, void *mhd)
{
    struct http_loop *loop = argument;

    connections_touch(&loop->connections, connection_of(mhd));
    MHD_resume_connection(mhd);
    mailbox_wake(&loop->mailbox);
}

/* Until it is resumed it is not the client who is slow. */
static void suspend(struct MHD_Connection *mhd, const struct exchange *exchange)
{
    connections_untime(exchange->client);
    MHD_suspend_connection(mhd);
}

/* Lets the loop's other connections have a turn. */
static void yield(struct MHD_Connection *mhd, const struct exchange *exchange)
{
    suspend(mhd, exchange);
    http_request_resume(exchange->pool->context, mhd);
}

/* `*len` becomes what is left for another turn. */
static enum MHD_Result take_piece(struct http_loop *loop,
                                  struct MHD_Connection *mhd,
                                  struct exchange *exchange, const char *bytes,
                                  size_t *len)
{
    const struct http_app *app = loop->exchanges.app;
    size_t piece = *len;

    if (exchange->is_unwanted) {
        *len = 0;
        exchange->unwanted += piece;
        return exchange->unwanted <= CUT_BYTES ? MHD_YES
                                               : answer_and_cut(exchange);
    }
    if (exchange->is_packed && piece > PACKED_BYTES) {
        piece = PACKED_BYTES;
        yield(mhd, exchange);
    }
    *len -= piece;
    connections_untime(exchange->client);
    exchange->is_unwanted = !app->feed(exchange->request, bytes, piece);
    connections_touch(&loop->connections, exchange->client);
    return MHD_YES;
}

/* The same for a heavy request; `*len` 0: the body is complete. */
static enum MHD_Result take_heavy_piece(struct MHD_Connection *mhd,
                                        struct exchange *exchange,
                                        const char *bytes, size_t *len)
{
    bool is_last = *len == 0;

    if (!is_last) {
        *len -= exchange_gather(exchange, bytes, *len);
        if (exchange->inbox_len < exchange->turn_bytes)
            return MHD_YES;
    }
    suspend(mhd, exchange);
    if (!exchange_send(exchange, is_last)) {
        exchange->is_dropped = true;
        http_request_resume(exchange->pool->context, mhd);
    }
    return MHD_YES;
}

static bool is_suspended(struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_SUSPENDED);
    return info != NULL && info->suspended == MHD_YES;
}

/* No callback tells how far a long answer has come: its connection stays
 * without a time of ours, and libmicrohttpd, which sees each byte, has one. */
static void leave_to_libmicrohttpd(const struct http_loop *loop,
                                   struct MHD_Connection *mhd)
{
    (void)MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT,
                                    loop->idle_timeout_s);
}

static enum MHD_Result answer(struct http_loop *loop,
                              struct MHD_Connection *mhd,
                              struct exchange *exchange)
{
    if (exchange->answer.len > LONG_BYTES)
        leave_to_libmicrohttpd(loop, mhd);
    else
        connections_touch(&loop->connections, exchange->client);
    return http_answer_queue(mhd, exchange, atomic_load(&loop->is_draining));
}

enum MHD_Result http_request(void *argument, struct MHD_Connection *mhd,
                             const char *path, const char *method,
                             const char *version, const char *bytes,
                             size_t *len, void **context)
{
    struct http_loop *loop = argument;
    struct exchange *exchange = *context;

    if (exchange == NULL)
        return begin(loop, mhd, path, method, version, context);
    if ((exchange->is_heavy || exchange->is_packed) && is_suspended(mhd))
        return MHD_YES; /* the next chunk: after this one */
    connections_touch(&loop->connections, exchange->client);
    if (exchange->is_heavy && exchange->is_dropped)
        return MHD_NO;
    if (exchange->is_heavy && !exchange->is_unwanted && !exchange->is_finished)
        return take_heavy_piece(mhd, exchange, bytes, len);
    if (*len > 0)
        return take_piece(loop, mhd, exchange, bytes, len);
    connections_untime(exchange->client);
    exchange_finish(exchange);
    if (exchange->answer.is_excess && !exchange->was_put_off) {
        suspend(mhd, exchange);
        exchange_put_off(exchange, mhd);
        return MHD_YES;
    }
    return answer(loop, mhd, exchange);
}

void http_request_completed(void *argument, struct MHD_Connection *mhd,
                            void **context,
                            enum MHD_RequestTerminationCode code)
{
    struct http_loop *loop = argument;
    struct exchange *exchange = *context;

    (void)code;
    spin_answered(&loop->spin);
    if (exchange == NULL) /* it was refused before `begin` */
        return;
    if (exchange->answer.len > LONG_BYTES)
        (void)MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    connections_touch(&loop->connections, exchange->client);
    atomic_store_explicit(&exchange->client->is_busy, false,
                          memory_order_release);
    exchange_release(exchange);
    *context = NULL;
}
