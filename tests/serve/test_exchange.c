/* test_exchange.c: warm objects are used again, and not too many are kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/exchange.h"
#include "tests/test.h"

static size_t n_made, n_freed, n_released;
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

static void request_release(void *request)
{
    CHECK(request == &n_made);
    n_released++;
}

static const struct http_app app = {.context = &n_made,
                                    .request_new = request_new,
                                    .request_free = request_free,
                                    .release = request_release};

TEST(used_again)
{
    struct exchange_pool pool = {.app = &app};
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
    struct exchange_pool pool = {.app = &app};

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

TEST(without_memory)
{
    struct exchange_pool pool = {.app = &app};

    has_memory = false;
    CHECK(exchange_acquire(&pool) == NULL);
    has_memory = true;
}
