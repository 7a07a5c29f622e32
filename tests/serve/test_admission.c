/* test_admission.c: what is counted, what is too much, and that everything is
 * given back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"
#include "serve/admission.h"
#include "tests/test.h"

#include <pthread.h>

static void check_empty(struct admission *admission)
{
    CHECK_INT(atomic_load(&admission->n_requests), 0);
    CHECK_INT(atomic_load(&admission->held_bytes), 0);
    CHECK_INT(atomic_load(&admission->n_queued), 0);
    CHECK_INT(atomic_load(&admission->queued_bytes), 0);
}

TEST(requests)
{
    struct admission admission = {.limits.max_requests = 2};
    struct ticket a = {0}, b = {0}, c = {0};

    CHECK(admission_enter(&admission, &a, false, 1, 1) == NULL);
    CHECK(admission_enter(&admission, &b, false, 1, 1) == NULL);
    CHECK(strstr(admission_enter(&admission, &c, false, 1, 1), "requests"));
    CHECK(!c.is_admitted);
    admission_leave(&admission, &c);
    admission_leave(&admission, &a);
    CHECK(admission_enter(&admission, &c, false, 1, 1) == NULL);
    admission_leave(&admission, &b);
    admission_leave(&admission, &c);
    admission_leave(&admission, &c);
    check_empty(&admission);
}

TEST(held_bytes)
{
    struct admission admission = {.limits.max_held_bytes = 100};
    struct ticket a = {0}, b = {0};

    /* the only one may be larger than the limit, and may grow */
    CHECK(admission_enter(&admission, &a, false, 0, 150) == NULL);
    CHECK(admission_hold(&admission, &a, 200) == NULL);
    CHECK(strstr(admission_enter(&admission, &b, false, 0, 1), "held"));
    CHECK(admission_hold(&admission, &a, 60) == NULL);
    CHECK(admission_enter(&admission, &b, false, 0, 40) == NULL);
    CHECK(admission_hold(&admission, &b, 41) != NULL);
    CHECK_INT(atomic_load(&admission.held_bytes), 101);
    admission_leave(&admission, &a);
    CHECK(admission_hold(&admission, &b, 1000) == NULL);
    admission_leave(&admission, &b);
    check_empty(&admission);
}

TEST(queue)
{
    struct admission admission = {
        .limits = {.max_queue_requests = 2, .max_queue_bytes = 100}};
    struct ticket a = {0}, b = {0}, c = {0};

    CHECK(admission_enter(&admission, &a, true, 150, 0) == NULL);
    CHECK(strstr(admission_enter(&admission, &b, true, 1, 0), "bytes"));
    admission_leave(&admission, &a);
    CHECK(admission_enter(&admission, &a, true, 50, 0) == NULL);
    CHECK(admission_enter(&admission, &b, true, 50, 0) == NULL);
    CHECK(strstr(admission_enter(&admission, &c, true, 0, 0), "requests"));
    /* what is small does not wait there */
    CHECK(admission_enter(&admission, &c, false, 1000, 0) == NULL);
    admission_leave(&admission, &a);
    admission_leave(&admission, &b);
    admission_leave(&admission, &c);
    check_empty(&admission);
}

TEST(no_limits)
{
    struct admission admission = {0};
    struct ticket tickets[100] = {0};

    for (size_t i = 0; i < 100; i++)
        CHECK(admission_enter(&admission, &tickets[i], true, 1 << 30,
                              1 << 30) == NULL);
    for (size_t i = 0; i < 100; i++)
        admission_leave(&admission, &tickets[i]);
    check_empty(&admission);
}

enum { LIMIT = 3, THREADS = 8, TURNS = 20000 };

static struct admission shared = {.limits.max_requests = LIMIT};
static atomic_int n_inside, most_inside;

static void *come_and_go(void *argument)
{
    struct ticket ticket = {0};

    for (int i = 0; i < TURNS; i++) {
        if (admission_enter(&shared, &ticket, true, 10, 10) != NULL)
            continue;
        int inside = atomic_fetch_add(&n_inside, 1) + 1;
        int most = atomic_load(&most_inside);
        while (inside > most &&
               !atomic_compare_exchange_weak(&most_inside, &most, inside))
            ;
        atomic_fetch_sub(&n_inside, 1);
        admission_leave(&shared, &ticket);
    }
    return argument;
}

TEST(many_threads)
{
    pthread_t threads[THREADS];

    clary_log_set_level(CLARY_LOG_NONE);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, come_and_go, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK(atomic_load(&most_inside) <= LIMIT);
    CHECK(atomic_load(&most_inside) > 0);
    check_empty(&shared);
}
