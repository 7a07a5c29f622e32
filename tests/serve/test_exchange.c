/* test_exchange.c: warm objects are used again, and not too many are kept;
 * heavy requests go to the workers and come back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/exchange.h"
#include "tests/test.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

static size_t n_made, n_freed, n_released;
static size_t kept_bytes; /* what a request says that it keeps */
static bool has_memory = true;

static void *request_new(void *context)
{
    if (!has_memory)
        return NULL;
    n_made++;
    return context;
}

static void request_free(void *request)
{
    CHECK(request == &n_made);
    n_freed++;
}

static size_t request_release(void *request)
{
    CHECK(request == &n_made);
    n_released++;
    return kept_bytes;
}

static const struct http_app app = {.context = &n_made,
                                    .request_new = request_new,
                                    .request_free = request_free,
                                    .release = request_release};

TEST(used_again)
{
    struct exchange_pool pool = {.app = &app, .max_warm_bytes = SIZE_MAX};

    exchange_pool_init(&pool);
    struct exchange *first = exchange_acquire(&pool);
    if (!CHECK(first != NULL))
        return;
    first->is_unwanted = true;
    first->unwanted = 7;
    exchange_release(first);
    struct exchange *second = exchange_acquire(&pool);
    CHECK(second == first);
    CHECK(!second->is_unwanted && second->unwanted == 0);
    exchange_release(second);
    CHECK_INT(n_made, 1);
    CHECK_INT(n_released, 2);
    exchange_pool_deinit(&pool);
    CHECK_INT(n_freed, 1);
}

TEST(a_burst_is_given_back)
{
    enum { BURST = 1000 };
    static struct exchange *exchanges[BURST];
    struct exchange_pool pool = {.app = &app, .max_warm_bytes = SIZE_MAX};

    exchange_pool_init(&pool);
    n_made = n_freed = n_released = 0;
    for (size_t i = 0; i < BURST; i++)
        exchanges[i] = exchange_acquire(&pool);
    for (size_t i = 0; i < BURST; i++)
        exchange_release(exchanges[i]);
    CHECK_INT(n_made, BURST);
    CHECK_INT(n_released, BURST);
    CHECK(n_freed >= BURST - 100 && n_freed < BURST);
    exchange_pool_deinit(&pool);
    CHECK_INT(n_freed, BURST);
}

/* So many at once, all released after that. */
static void burst(struct exchange_pool *pool, size_t n)
{
    struct exchange *exchanges[100];

    for (size_t i = 0; i < n; i++)
        exchanges[i] = exchange_acquire(pool);
    for (size_t i = 0; i < n; i++)
        exchange_release(exchanges[i]);
}

TEST(bytes_are_bounded)
{
    enum { MIB = 1 << 20 };
    struct exchange_pool pool = {.app = &app, .max_warm_bytes = 16 * MIB};

    exchange_pool_init(&pool);
    n_made = n_freed = 0;
    kept_bytes = MIB;
    burst(&pool, 100);
    CHECK_INT(pool.n_free, 15); /* and what an exchange takes itself */
    CHECK_INT(n_freed, 85);
    CHECK(pool.warm_bytes > 15 * MIB && pool.warm_bytes <= 16 * MIB);
    /* those that are smaller the next time make room for more */
    kept_bytes = 1000;
    burst(&pool, 100);
    CHECK_INT(pool.n_free, 64);
    CHECK(pool.warm_bytes < MIB);
    /* one is kept however large it is, for the next request */
    kept_bytes = 17 * MIB;
    burst(&pool, 64);
    CHECK_INT(pool.n_free, 1);
    CHECK(pool.warm_bytes > 17 * MIB && pool.warm_bytes < 18 * MIB);
    CHECK_INT(n_freed, n_made - 1);
    size_t n_before = n_made;
    burst(&pool, 1);
    CHECK_INT(n_made, n_before);
    kept_bytes = 0;
    exchange_pool_deinit(&pool);
}

/* A request that is refused holds what the one before it has kept. */
TEST(bytes_of_those_in_use_count)
{
    struct exchange_pool pool = {.app = &app, .max_warm_bytes = 1 << 20};

    exchange_pool_init(&pool);
    kept_bytes = 600000;
    burst(&pool, 1);
    CHECK_INT(pool.n_free, 1);
    struct exchange *first = exchange_acquire(&pool);
    struct exchange *second = exchange_acquire(&pool);
    exchange_release(second); /* no room beside what the first one has */
    CHECK_INT(pool.n_free, 0);
    exchange_release(first); /* what it has is not counted twice */
    CHECK_INT(pool.n_free, 1);
    exchange_pool_deinit(&pool);
    kept_bytes = 0;
}

TEST(without_memory)
{
    struct exchange_pool pool = {.app = &app, .max_warm_bytes = SIZE_MAX};

    exchange_pool_init(&pool);
    has_memory = false;
    CHECK(exchange_acquire(&pool) == NULL);
    has_memory = true;
    exchange_pool_deinit(&pool);
}

/* --- heavy requests ------------------------------------------------------ */

enum { BODY_BYTES = 20000, TURN_BYTES = 7000 };

static char fed[BODY_BYTES + 1];
static size_t n_fed, wanted;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t resumed = PTHREAD_COND_INITIALIZER;
static int n_resumed;

static bool feed(void *request, const char *bytes, size_t len)
{
    CHECK(request == &n_made && n_fed + len <= BODY_BYTES);
    memcpy(fed + n_fed, bytes, len);
    n_fed += len;
    return n_fed < wanted;
}

static void finish(void *request, struct http_answer *answer)
{
    CHECK(request == &n_made);
    *answer = (struct http_answer){.status = 200, .body = fed, .len = n_fed};
}

static const struct http_app heavy_app = {.context = &n_made,
                                          .request_new = request_new,
                                          .request_free = request_free,
                                          .feed = feed,
                                          .finish = finish,
                                          .release = request_release};

static void resume(void *context, void *connection)
{
    (void)context;
    CHECK(context == &n_made && connection == fed);
    pthread_mutex_lock(&mutex);
    n_resumed++;
    pthread_cond_signal(&resumed);
    pthread_mutex_unlock(&mutex);
}

static void wait_for_resume(void)
{
    pthread_mutex_lock(&mutex);
    while (n_resumed == 0)
        pthread_cond_wait(&resumed, &mutex);
    n_resumed--;
    pthread_mutex_unlock(&mutex);
}

/* A pool with one worker and an exchange whose client is sockets[1]. */
static struct exchange *begin_heavy(struct exchange_pool *pool, int sockets[2])
{
    struct clary_error err;

    *pool = (struct exchange_pool){
        .app = &heavy_app, .resume = resume, .context = &n_made};
    exchange_pool_init(pool);
    n_fed = 0;
    wanted = SIZE_MAX;
    CHECK_STATUS(workers_start(1, &pool->workers, &err), CLARY_OK);
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    struct exchange *exchange = exchange_acquire(pool);
    CHECK(exchange_prepare(exchange, TURN_BYTES, sockets[0], fed));
    return exchange;
}

static void end_heavy(struct exchange *exchange, int sockets[2])
{
    struct exchange_pool *pool = exchange->pool;

    exchange_release(exchange);
    workers_stop(pool->workers);
    workers_free(pool->workers);
    exchange_pool_deinit(pool);
    close(sockets[0]);
    if (sockets[1] >= 0)
        close(sockets[1]);
}

TEST(a_body_goes_through_the_inbox)
{
    static char body[BODY_BYTES];
    struct exchange_pool pool;
    int sockets[2], n_turns = 0;
    struct exchange *exchange = begin_heavy(&pool, sockets);

    for (size_t i = 0; i < BODY_BYTES; i++)
        body[i] = (char)(i % 251);
    for (size_t at = 0; at < BODY_BYTES;) {
        size_t piece = BODY_BYTES - at < 3000 ? BODY_BYTES - at : 3000;
        size_t n = exchange_gather(exchange, body + at, piece);
        at += n;
        if (n == piece && exchange->inbox_len < TURN_BYTES)
            continue;
        CHECK_INT(exchange->inbox_len, TURN_BYTES);
        CHECK(exchange_send(exchange, false));
        wait_for_resume();
        CHECK(!exchange->is_finished && !exchange->is_dropped);
        n_turns++;
    }
    CHECK_INT(n_turns, BODY_BYTES / TURN_BYTES);
    CHECK(exchange_send(exchange, true));
    wait_for_resume();
    CHECK(exchange->is_finished && !exchange->is_dropped);
    CHECK_INT(exchange->answer.len, BODY_BYTES);
    CHECK(memcmp(fed, body, BODY_BYTES) == 0);
    end_heavy(exchange, sockets);
}

TEST(an_answer_in_the_middle)
{
    struct exchange_pool pool;
    int sockets[2];
    struct exchange *exchange = begin_heavy(&pool, sockets);

    wanted = 3;
    CHECK_INT(exchange_gather(exchange, "abcd", 4), 4);
    CHECK(exchange_send(exchange, false));
    wait_for_resume();
    CHECK(exchange->is_unwanted && !exchange->is_finished);
    end_heavy(exchange, sockets);
}

TEST(a_client_that_has_gone)
{
    struct exchange_pool pool;
    int sockets[2];
    struct exchange *exchange = begin_heavy(&pool, sockets);

    close(sockets[1]);
    sockets[1] = -1;
    exchange_gather(exchange, "abcd", 4);
    CHECK(exchange_send(exchange, true));
    wait_for_resume();
    CHECK(exchange->is_dropped && !exchange->is_finished);
    CHECK_INT(n_fed, 0);
    end_heavy(exchange, sockets);
}

TEST(a_client_that_has_said_all)
{
    struct exchange_pool pool;
    int sockets[2];
    struct exchange *exchange = begin_heavy(&pool, sockets);

    shutdown(sockets[1], SHUT_WR);
    exchange_gather(exchange, "abcd", 4);
    CHECK(exchange_send(exchange, true));
    wait_for_resume();
    CHECK(!exchange->is_dropped && exchange->is_finished);
    end_heavy(exchange, sockets);
}

TEST(put_off)
{
    struct exchange_pool pool;
    int sockets[2];
    struct exchange *exchange = begin_heavy(&pool, sockets);

    exchange_pool_resume(&pool);
    CHECK_INT(n_resumed, 0);
    exchange_put_off(exchange, fed);
    CHECK(exchange->was_put_off);
    exchange_pool_resume(&pool);
    wait_for_resume();
    exchange_pool_resume(&pool);
    CHECK_INT(n_resumed, 0);
    end_heavy(exchange, sockets);
}

TEST(workers_that_have_stopped)
{
    struct exchange_pool pool;
    int sockets[2];
    struct exchange *exchange = begin_heavy(&pool, sockets);

    workers_stop(pool.workers);
    CHECK(!exchange_send(exchange, true));
    CHECK_INT(n_resumed, 0);
    end_heavy(exchange, sockets);
}
