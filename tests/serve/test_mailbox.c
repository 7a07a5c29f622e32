/* test_mailbox.c: sockets arrive in order, calls to wake are readable and hold
 * nothing, and what was not taken is closed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/mailbox.h"
#include "tests/test.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

static bool is_readable(const struct mailbox *mailbox)
{
    struct pollfd fd = {.fd = mailbox->fds[0], .events = POLLIN};
    return poll(&fd, 1, 0) == 1;
}

TEST(in_order)
{
    struct mailbox mailbox;

    CHECK(mailbox_open(&mailbox));
    CHECK(!is_readable(&mailbox));
    CHECK_INT(mailbox_take(&mailbox), -1);
    int a = dup(0), b = dup(0);
    mailbox_wake(&mailbox);
    CHECK(is_readable(&mailbox));
    CHECK(mailbox_send(&mailbox, a));
    mailbox_wake(&mailbox);
    CHECK(mailbox_send(&mailbox, b));
    CHECK_INT(mailbox_take(&mailbox), a);
    CHECK_INT(mailbox_take(&mailbox), b);
    CHECK_INT(mailbox_take(&mailbox), -1);
    mailbox_wake(&mailbox);
    CHECK_INT(mailbox_take(&mailbox), -1);
    CHECK(!is_readable(&mailbox));
    close(b);
    CHECK(mailbox_send(&mailbox, a));
    mailbox_close(&mailbox);
    CHECK_INT(fcntl(a, F_GETFD), -1);
}

TEST(full)
{
    struct mailbox mailbox;
    size_t n = 0;

    CHECK(mailbox_open(&mailbox));
    while (n < 1000000 && mailbox_send(&mailbox, 1000000))
        n++;
    CHECK(n >= 10000 && n < 1000000);
    mailbox_wake(&mailbox);
    CHECK(is_readable(&mailbox));
    while (n-- > 0)
        CHECK_INT(mailbox_take(&mailbox), 1000000);
    CHECK_INT(mailbox_take(&mailbox), -1);
    mailbox_close(&mailbox);
}
