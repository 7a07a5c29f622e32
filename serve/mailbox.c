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
    atomic_init(&mailbox->is_filled, false);
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

bool mailbox_send(struct mailbox *mailbox, int fd)
{
    bool was_sent = write(mailbox->fds[1], &fd, sizeof fd) == sizeof fd;

    atomic_store(&mailbox->is_filled, true);
    return was_sent;
}

void mailbox_wake(struct mailbox *mailbox)
{
    (void)mailbox_send(mailbox, WAKE); /* a full one is readable anyway */
}

/* The flag goes down before the pipe is read empty: what comes between puts it
 * up again, and the reading end stays readable until then. */
int mailbox_take(struct mailbox *mailbox)
{
    int fd = WAKE;

    if (!atomic_load(&mailbox->is_filled))
        return -1;
    atomic_store(&mailbox->is_filled, false);
    while (fd == WAKE)
        if (read(mailbox->fds[0], &fd, sizeof fd) != sizeof fd)
            return -1;
    atomic_store(&mailbox->is_filled, true); /* there may be more */
    return fd;
}
