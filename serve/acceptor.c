/* acceptor.c: one thread, one epoll set: the listener, an eventfd for
 * commands, and the sockets that linger.
 *
 * What it does not do: read requests, or limit connections (http.c does).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "acceptor.h"

#include "base/clock.h"
#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum {
    BACKLOG = 4096,      /* the kernel lowers it to net.core.somaxconn */
    LINGERING_MAX = 256, /* sockets; one more is closed at once */
    LINGER_MS = 10000,   /* in all */
    TICK_MS = 250,
    PAUSE_MS = 20,        /* when there are no descriptors left */
    WARN_MS = 1000,       /* between two log lines about that */
    DROP_BYTES = 1 << 20, /* of one socket a turn */
    ACCEPT_BURST = 64     /* sockets before the others get a turn */
};

/* What an epoll event means: a slot of `lingering`, or one of these. */
enum { EVENT_LISTENER = LINGERING_MAX, EVENT_COMMAND };

struct lingering {
    int fd; /* -1: a free slot */
    int64_t deadline_ms;
};

struct acceptor {
    int listener; /* -1 once it is closed */
    int command;  /* eventfd: look at `refuse` and `stop` */
    int epoll;
    int port;
    struct acceptor_client client;
    pthread_t thread;
    bool has_thread;
    bool is_ticking;
    int64_t ticked_ms; /* when the last tick was */
    int64_t warned_ms; /* when the last pause was logged */
    atomic_bool refuse, stop;
    pthread_mutex_t mutex;  /* over what follows */
    pthread_cond_t refused; /* `is_refused` has become true */
    bool is_refused;
    struct lingering lingering[LINGERING_MAX];
    size_t n_lingering;
};

static bool watch(struct acceptor *acceptor, int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(acceptor->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* Without getaddrinfo, which a static program cannot call: it would look for
 * shared libraries. 0: `text` is no address. */
static socklen_t read_address(const char *text, in_port_t port,
                              union address *address)
{
    *address = (union address){.v4.sin_port = htons(port)};
    if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        return sizeof address->v4;
    }
    *address = (union address){.v6.sin6_port = htons(port)};
    if (inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        return sizeof address->v6;
    }
    return 0;
}

static enum clary_status listen_on(struct acceptor *acceptor, const char *text,
                                   int64_t port, struct clary_error *err)
{
    union address address;
    const socklen_t len = read_address(text, (in_port_t)port, &address);
    const int one = 1;

    if (len == 0)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "CLARY_ADDRESS is \"%s\", expected a numeric "
                          "address such as 0.0.0.0",
                          text);
    acceptor->listener = socket(address.any.sa_family,
                                SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (acceptor->listener < 0 ||
        setsockopt(acceptor->listener, SOL_SOCKET, SO_REUSEADDR, &one,
                   sizeof one) != 0 ||
        bind(acceptor->listener, &address.any, len) != 0 ||
        listen(acceptor->listener, BACKLOG) != 0)
        return clary_fail(err, CLARY_IO, "cannot listen on %s port %d: %s",
                          text, (int)port, strerror(errno));
    return CLARY_OK;
}

static int bound_port(int fd)
{
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof name;

    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return 0;
    if (name.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&name)->sin6_port);
    return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

enum clary_status acceptor_open(const char *address, int64_t port,
                                struct acceptor **out, struct clary_error *err)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);

    if (acceptor == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the listener");
    pthread_mutex_init(&acceptor->mutex, NULL);
    pthread_cond_init(&acceptor->refused, NULL);
    for (size_t i = 0; i < LINGERING_MAX; i++)
        acceptor->lingering[i].fd = -1;
    acceptor->listener = -1;
    acceptor->command = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    acceptor->epoll = epoll_create1(EPOLL_CLOEXEC);

    enum clary_status status = listen_on(acceptor, address, port, err);
    if (status == CLARY_OK &&
        (!watch(acceptor, acceptor->listener, EVENT_LISTENER) ||
         !watch(acceptor, acceptor->command, EVENT_COMMAND)))
        status = clary_fail(err, CLARY_IO, "cannot watch the listener: %s",
                            strerror(errno));
    if (status != CLARY_OK) {
        acceptor_close(acceptor);
        return status;
    }
    acceptor->port = bound_port(acceptor->listener);
    *out = acceptor;
    return CLARY_OK;
}

int acceptor_port(const struct acceptor *acceptor)
{
    return acceptor->port;
}

/* Without descriptors or memory accept fails at once and the listener stays
 * readable: wait a little instead of spinning. */
static void pause_accepting(struct acceptor *acceptor, int error)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000000L};
    int64_t now = clary_clock_ms();

    if (now - acceptor->warned_ms >= WARN_MS) {
        acceptor->warned_ms = now;
        clary_log(CLARY_LOG_WARNING, "accepting pauses",
                  (struct clary_log_field[]){{"message", strerror(error)},
                                             {NULL, NULL}});
    }
    nanosleep(&pause, NULL);
}

/* Accepts at most `count` sockets; false when there are no more. */
static bool accept_some(struct acceptor *acceptor, size_t count)
{
    while (count-- > 0) {
        int one = 1;
        int fd = accept4(acceptor->listener, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            acceptor->client.take(acceptor->client.context, fd);
            acceptor->is_ticking = true;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            return false;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
                   errno == ENOMEM) {
            pause_accepting(acceptor, errno);
            return false;
        }
        /* anything else is the error of one connection that is gone */
    }
    return true;
}

/* Slot `i`; the mutex is held. */
static void end_lingering(struct acceptor *acceptor, size_t i)
{
    close(acceptor->lingering[i].fd);
    acceptor->lingering[i].fd = -1;
    acceptor->n_lingering--;
}

void acceptor_linger(struct acceptor *acceptor, int fd)
{
    size_t i = 0;

    pthread_mutex_lock(&acceptor->mutex);
    while (i < LINGERING_MAX && acceptor->lingering[i].fd >= 0)
        i++;
    if (i == LINGERING_MAX || !watch(acceptor, fd, (uint32_t)i)) {
        close(fd);
    } else {
        acceptor->lingering[i].fd = fd;
        acceptor->lingering[i].deadline_ms = clary_clock_ms() + LINGER_MS;
        acceptor->n_lingering++;
    }
    pthread_mutex_unlock(&acceptor->mutex);
}

/* Drops what has arrived on slot `i`; MSG_TRUNC: the kernel need not copy. */
static void drop_input(struct acceptor *acceptor, size_t i)
{
    pthread_mutex_lock(&acceptor->mutex);
    int fd = acceptor->lingering[i].fd;
    if (fd >= 0) {
        ssize_t n = recv(fd, NULL, DROP_BYTES, MSG_TRUNC | MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            end_lingering(acceptor, i);
    }
    pthread_mutex_unlock(&acceptor->mutex);
}

/* What is due by the clock. Returns how long epoll may wait: ms, -1 for
 * ever. */
static int tick(struct acceptor *acceptor)
{
    int64_t now = clary_clock_ms();

    if (acceptor->is_ticking && now - acceptor->ticked_ms >= TICK_MS) {
        acceptor->ticked_ms = now;
        acceptor->is_ticking = acceptor->client.tick(acceptor->client.context);
    }
    pthread_mutex_lock(&acceptor->mutex);
    for (size_t i = 0; acceptor->n_lingering > 0 && i < LINGERING_MAX; i++)
        if (acceptor->lingering[i].fd >= 0 &&
            acceptor->lingering[i].deadline_ms <= now)
            end_lingering(acceptor, i);
    bool is_needed = acceptor->is_ticking || acceptor->n_lingering > 0;
    pthread_mutex_unlock(&acceptor->mutex);
    return is_needed ? TICK_MS : -1;
}

static void close_listener(struct acceptor *acceptor)
{
    accept_some(acceptor, BACKLOG); /* who waits there thinks to be connected */
    close(acceptor->listener);
    acceptor->listener = -1;
    pthread_mutex_lock(&acceptor->mutex);
    acceptor->is_refused = true;
    pthread_cond_broadcast(&acceptor->refused);
    pthread_mutex_unlock(&acceptor->mutex);
}

static void *serve(void *argument)
{
    struct acceptor *acceptor = argument;
    struct epoll_event events[32];
    uint64_t count;

    while (!atomic_load(&acceptor->stop)) {
        int n = epoll_wait(acceptor->epoll, events, 32, tick(acceptor));
        for (int i = 0; i < n; i++) {
            uint32_t tag = events[i].data.u32;
            if (tag < LINGERING_MAX)
                drop_input(acceptor, tag);
            else if (tag == EVENT_COMMAND)
                (void)!read(acceptor->command, &count, sizeof count);
            else if (acceptor->listener >= 0)
                accept_some(acceptor, ACCEPT_BURST);
        }
        if (acceptor->listener >= 0 && atomic_load(&acceptor->refuse))
            close_listener(acceptor);
    }
    return NULL;
}

enum clary_status acceptor_start(struct acceptor *acceptor,
                                 const struct acceptor_client *client,
                                 struct clary_error *err)
{
    acceptor->client = *client;
    int error = pthread_create(&acceptor->thread, NULL, serve, acceptor);
    if (error != 0)
        return clary_fail(err, CLARY_IO, "cannot start a thread: %s",
                          strerror(error));
    acceptor->has_thread = true;
    return CLARY_OK;
}

static void command(struct acceptor *acceptor, atomic_bool *flag)
{
    const uint64_t one = 1;

    atomic_store(flag, true);
    (void)!write(acceptor->command, &one, sizeof one);
}

void acceptor_refuse(struct acceptor *acceptor)
{
    if (!acceptor->has_thread)
        return;
    command(acceptor, &acceptor->refuse);
    pthread_mutex_lock(&acceptor->mutex);
    while (!acceptor->is_refused)
        pthread_cond_wait(&acceptor->refused, &acceptor->mutex);
    pthread_mutex_unlock(&acceptor->mutex);
}

void acceptor_stop(struct acceptor *acceptor)
{
    if (!acceptor->has_thread)
        return;
    command(acceptor, &acceptor->stop);
    pthread_join(acceptor->thread, NULL);
    acceptor->has_thread = false;
}

void acceptor_close(struct acceptor *acceptor)
{
    if (acceptor == NULL)
        return;
    acceptor_stop(acceptor);
    for (size_t i = 0; i < LINGERING_MAX; i++)
        if (acceptor->lingering[i].fd >= 0)
            close(acceptor->lingering[i].fd);
    const int fds[] = {acceptor->listener, acceptor->command, acceptor->epoll};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    pthread_cond_destroy(&acceptor->refused);
    pthread_mutex_destroy(&acceptor->mutex);
    free(acceptor);
}
