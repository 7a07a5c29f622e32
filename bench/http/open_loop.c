/* open_loop.c: requests that are due when they are due, whatever became of
 * those before: the latency that a crowd of independent callers sees.
 *
 *     open_loop PORT PATH CONTENT_TYPE BODY_FILE RATE SECONDS CONNECTIONS
 *
 * Requests come at RATE a second with exponential gaps (a Poisson process); a
 * request that is due while no connection is free waits, and its wait counts: a
 * closed loop would not have asked, and would call the server fast. Prints one
 * line of JSON: how many were due, answered with 200 and otherwise, the rate of
 * 200s, and percentiles of due-to-answered in microseconds.
 *
 * One thread, epoll, keep-alive connections to 127.0.0.1. A reply ends by its
 * Content-Length, or is read as chunked up to its last chunk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { REPLY_BYTES = 1 << 22, MAX_CONNECTIONS = 1024, DRAIN_SECONDS = 5 };

struct connection {
    int fd;
    bool is_busy;
    double due; /* of its request, s */
    char *reply;
    size_t reply_bytes, sent;
};

struct run {
    struct sockaddr_in address;
    const char *request;
    size_t request_bytes;
    int epoll;
    struct connection connections[MAX_CONNECTIONS];
    size_t n_connections;
    double *latencies; /* us, of the 200s */
    size_t n_due, n_started, n_good, n_bad;
    double *due; /* of every request, s */
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
    fprintf(stderr, "open_loop: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void dial(struct run *run, struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int on = 1;

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&run->address,
                             sizeof run->address) != 0)
        fail("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    c->reply_bytes = 0;
    c->is_busy = false;
    if (epoll_ctl(run->epoll, EPOLL_CTL_ADD, c->fd, &event) != 0)
        fail("epoll_ctl");
}

/* As much as the socket takes; the rest when it takes more. */
static void send_on(struct run *run, struct connection *c)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    while (c->sent < run->request_bytes) {
        ssize_t n =
            send(c->fd, run->request + c->sent, run->request_bytes - c->sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);

        if (n < 0) {
            event.events |= EPOLLOUT;
            break; /* a broken connection is found by recv */
        }
        c->sent += (size_t)n;
    }
    if (event.events & EPOLLOUT || run->request_bytes > 65536)
        epoll_ctl(run->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void begin(struct run *run, struct connection *c)
{
    c->is_busy = true;
    c->due = run->due[run->n_started++];
    c->sent = 0;
    c->reply_bytes = 0;
    send_on(run, c);
}

/* Whether the whole reply is there. */
static bool is_complete(struct connection *c)
{
    char *end, *field;

    c->reply[c->reply_bytes] = '\0';
    end = strstr(c->reply, "\r\n\r\n");
    if (!end)
        return false;
    field = strcasestr(c->reply, "\r\ncontent-length:");
    if (field && field < end) {
        size_t length = strtoull(field + 17, NULL, 10);

        return c->reply_bytes >= (size_t)(end + 4 - c->reply) + length;
    }
    return c->reply_bytes >= 5 &&
           memcmp(c->reply + c->reply_bytes - 5, "0\r\n\r\n", 5) == 0;
}

static void finish(struct run *run, struct connection *c, bool is_good)
{
    if (is_good)
        run->latencies[run->n_good++] = (now() - c->due) * 1e6;
    else
        run->n_bad++;
    c->is_busy = false;
}

static void receive(struct run *run, struct connection *c)
{
    ssize_t n = recv(c->fd, c->reply + c->reply_bytes,
                     REPLY_BYTES - 1 - c->reply_bytes, MSG_DONTWAIT);

    if (n < 0 && errno == EAGAIN)
        return;
    if (n <= 0) {
        close(c->fd);
        if (c->is_busy)
            finish(run, c, false);
        dial(run, c);
        return;
    }
    c->reply_bytes += (size_t)n;
    if (c->is_busy && is_complete(c)) {
        bool closes = strcasestr(c->reply, "\r\nconnection: close") != NULL;

        finish(run, c, strncmp(c->reply + 8, " 200", 4) == 0);
        if (closes) {
            close(c->fd);
            dial(run, c);
        }
    }
}

/* Starts what is due; seconds until the next is, or 0.1. */
static double start_due(struct run *run, double t)
{
    for (size_t i = 0; i < run->n_connections; i++) {
        if (run->n_started == run->n_due)
            return 0.1;
        if (run->due[run->n_started] > t)
            return run->due[run->n_started] - t;
        if (!run->connections[i].is_busy)
            begin(run, &run->connections[i]);
    }
    return 0.1; /* all are busy: a reply wakes us */
}

static void drive(struct run *run, double ends)
{
    struct epoll_event events[256];

    while (run->n_good + run->n_bad < run->n_due) {
        double t = now(), wait = start_due(run, t);
        struct timespec limit = {0, (long)(fmin(wait, 0.1) * 1e9)};
        int n = epoll_pwait2(run->epoll, events, 256, &limit, NULL);

        if (t > ends)
            return;
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;

            if (events[i].events & EPOLLOUT)
                send_on(run, c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                receive(run, c);
        }
    }
}

static char *read_request(char **argv, size_t *bytes)
{
    FILE *file = fopen(argv[4], "rb");
    char *request, *body;
    size_t n;
    int head;

    if (!file)
        fail(argv[4]);
    body = malloc(1 << 26);
    request = malloc((1 << 26) + 1024);
    n = fread(body, 1, 1 << 26, file);
    fclose(file);
    head = sprintf(request,
                   "POST %.200s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                   "Content-Type: %.200s\r\nContent-Length: %zu\r\n\r\n",
                   argv[2], argv[3], n);
    memcpy(request + head, body, n);
    free(body);
    *bytes = (size_t)head + n;
    return request;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(struct run *run, double took)
{
    static const double percents[] = {50, 75, 90, 95, 99, 99.9, 100};

    qsort(run->latencies, run->n_good, sizeof *run->latencies, compare);
    printf("{\"due\": %zu, \"good\": %zu, \"bad\": %zu, \"late\": %zu, "
           "\"rate\": %.1f, \"us\": {",
           run->n_due, run->n_good, run->n_bad,
           run->n_due - run->n_good - run->n_bad, (double)run->n_good / took);
    for (size_t i = 0; run->n_good > 0 && i < 7; i++) {
        size_t at = (size_t)((double)run->n_good * percents[i] / 100);

        at = at < run->n_good ? at : run->n_good - 1;
        printf("%s\"%g\": %.1f", i ? ", " : "", percents[i],
               run->latencies[at]);
    }
    printf("}}\n");
}

int main(int argc, char **argv)
{
    static struct run run;
    double rate, seconds, began;

    if (argc != 8) {
        fprintf(stderr, "usage: open_loop PORT PATH CONTENT_TYPE BODY_FILE "
                        "RATE SECONDS CONNECTIONS\n");
        return 2;
    }
    rate = atof(argv[5]);
    seconds = atof(argv[6]);
    run.n_connections = strtoul(argv[7], NULL, 10);
    if (run.n_connections < 1 || run.n_connections > MAX_CONNECTIONS)
        run.n_connections = MAX_CONNECTIONS;
    run.address.sin_family = AF_INET;
    run.address.sin_port = htons((uint16_t)atoi(argv[1]));
    run.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    run.request = read_request(argv, &run.request_bytes);
    run.epoll = epoll_create1(0);
    run.n_due = (size_t)(rate * seconds);
    run.due = malloc((run.n_due + 1) * sizeof *run.due);
    run.latencies = malloc((run.n_due + 1) * sizeof *run.latencies);
    for (size_t i = 0; i < run.n_connections; i++) {
        run.connections[i].reply = malloc(REPLY_BYTES);
        dial(&run, &run.connections[i]);
    }
    srand48(1);
    began = now() + 0.05;
    for (size_t i = 0; i < run.n_due; i++)
        run.due[i] = (i ? run.due[i - 1] : began) - log(1 - drand48()) / rate;
    drive(&run, run.due[run.n_due - 1] + DRAIN_SECONDS);
    report(&run, now() - began);
    return 0;
}
