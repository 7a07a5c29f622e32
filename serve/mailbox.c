/* mailbox.c: a pipe of ints, which the kernel writes and reads whole; 16384 of
 * them fit. -1 is a call to wake up.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "mailbox.h"

#include <fcntl.h>
#include <unistd.h>

enum { WAKE = -1 };

bool mailbox_open(struct mailbox *mailbox)
{
    atomic_init(&mailbox->sent, 0);
    return pipe2(mailbox->fds, O_NONBLOCK | O_CLOEXEC) == 0;
}

void mailbox_close(struct mailbox *mailbox)
{
    int fd;

    while ((fd = mailbox_take(mailbox)) >= 0)
        close(fd);
    close(mailbox->fds[0]);
    close(mailbox->fds[1]);
}

/* Counted first: whoever has seen that the pipe is readable finds it so. */
bool mailbox_send(struct mailbox *mailbox, int fd)
{
    atomic_fetch_add(&mailbox->sent, 1);
    if (write(mailbox->fds[1], &fd, sizeof fd) == sizeof fd)
        return true;
    atomic_fetch_sub(&mailbox->sent, 1);
    return false;
}

void mailbox_wake(struct mailbox *mailbox)
{
    (void)mailbox_send(mailbox, WAKE); /* a full one is readable anyway */
}

int mailbox_take(struct mailbox *mailbox)
{
    int fd;

    while (atomic_load(&mailbox->sent) > 0) {
        if (read(mailbox->fds[0], &fd, sizeof fd) != sizeof fd)
            return -1; /* it will be readable soon */
        atomic_fetch_sub(&mailbox->sent, 1);
        if (fd != WAKE)
            return fd;
    }
    return -1;
}
