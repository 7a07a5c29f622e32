/* test_connections.c: which connections are ended, and how.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/connections.h"
#include "tests/test.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SERVER, CLIENT };

struct link {
    int fds[2];
    struct connection *connection;
};

static bool open_link(struct connections *list, struct link *link)
{
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, link->fds) != 0)
        return false;
    link->connection = connections_add(list, link->fds[SERVER]);
    return link->connection != NULL;
}

static void close_link(struct connections *list, struct link *link)
{
    connections_remove(list, link->connection);
    close(link->fds[SERVER]);
    close(link->fds[CLIENT]);
}

static bool is_at_end(const struct link *link, int side)
{
    char byte;

    return recv(link->fds[side], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Only a connection that is never touched is idle, however late the calls
 * are. */
TEST(idle)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    struct connections list;
    struct link used, idle, stuck, untimed;

    connections_init(&list, 20);
    CHECK(open_link(&list, &used) && open_link(&list, &idle) &&
          open_link(&list, &stuck) && open_link(&list, &untimed));
    atomic_store(&stuck.connection->is_busy, true);
    connections_untime(untimed.connection);
    connections_end(&list, false);
    CHECK(!is_at_end(&idle, SERVER) && !is_at_end(&stuck, CLIENT));
    for (int i = 0; i < 5; i++) {
        connections_touch(&list, used.connection);
        nanosleep(&pause, NULL);
        connections_end(&list, false);
    }
    CHECK(!is_at_end(&used, SERVER) && !is_at_end(&untimed, SERVER));
    CHECK(is_at_end(&idle, SERVER) && !is_at_end(&idle, CLIENT));
    CHECK(is_at_end(&stuck, SERVER) && is_at_end(&stuck, CLIENT));
    connections_touch(&list, untimed.connection);
    for (int i = 0; i < 4; i++) {
        nanosleep(&pause, NULL);
        connections_end(&list, false);
    }
    CHECK(is_at_end(&untimed, SERVER));
    close_link(&list, &used);
    close_link(&list, &idle);
    close_link(&list, &stuck);
    close_link(&list, &untimed);
    connections_deinit(&list);
}

TEST(ended)
{
    struct connections list;
    struct link gone, waits, asks, answered;

    connections_init(&list, 60000);
    CHECK(open_link(&list, &gone) && open_link(&list, &waits) &&
          open_link(&list, &asks) && open_link(&list, &answered));
    shutdown(gone.fds[CLIENT], SHUT_WR);
    CHECK_INT(write(asks.fds[CLIENT], "G", 1), 1);
    atomic_store(&answered.connection->is_busy, true);
    connections_end(&list, false);
    CHECK(!is_at_end(&waits, SERVER));
    connections_end(&list, true);
    CHECK(is_at_end(&gone, SERVER) && is_at_end(&waits, SERVER));
    CHECK(!is_at_end(&asks, SERVER) && !is_at_end(&answered, SERVER));
    connections_cut(&list);
    CHECK(is_at_end(&answered, SERVER) && is_at_end(&answered, CLIENT));
    close_link(&list, &gone);
    close_link(&list, &waits);
    close_link(&list, &asks);
    close_link(&list, &answered);
    connections_deinit(&list);
}
