/* mailbox.h: sockets for a thread that waits for a descriptor.
 *
 * threads: any may send and wake; one takes.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_MAILBOX_H
#define SERVE_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

struct mailbox {
    int fds[2];         /* of a pipe: the reading end is to be waited for */
    atomic_size_t sent; /* what is in the pipe, or about to be written */
};

/* False: no descriptors. */
bool mailbox_open(struct mailbox *mailbox);

/* Closes what was not taken, too. */
void mailbox_close(struct mailbox *mailbox);

/* Sends an open socket. False: the mailbox is full. */
bool mailbox_send(struct mailbox *mailbox, int fd);

/* Makes the reading end readable, and has nothing to take. */
void mailbox_wake(struct mailbox *mailbox);

/* The next socket; -1: there is none. No system call where nothing was sent:
 * to be asked after every wait, whatever woke it. */
int mailbox_take(struct mailbox *mailbox);

#endif
