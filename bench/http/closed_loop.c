/* closed_loop.c: several servers asked in turn, for some milliseconds each, so
 * that what else the machine does falls on all of them alike.
 *
 *     closed_loop CONNECTIONS MILLISECONDS ROUNDS PORT:PID ... <REQUEST
 *
 * Each of CONNECTIONS keep-alive clients sends the request again as soon as it
 * has its answer; all answers of a server must be as long as its first. In
 * every round each server has a turn, in an order that changes. Prints a line
 * for each turn: the server's number, from 0, requests a second, us of CPU that
 * its process took for one, and the median and 99th percentile of us from
 * request to answer.
 *
 * One thread, epoll, 127.0.0.1. Exit status 1: an answer other than 200, or
 * none for SILENCE_MS.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_SERVERS = 16,
    MAX_CONNECTIONS = 256,
    REQUEST_BYTES = 65536,
    MAX_ANSWERS = 1 << 20, /* of a turn: their latencies are kept */
    SILENCE_MS = 5000,
    QUIET_MS = 50, /* after which the first answer is taken to be complete */
};

struct connection {
    int fd;
    size_t received; /* of the answer */
    double sent;     /* when the request was: s */
};

struct server {
    clockid_t cpu;
    int epoll;
    size_t answer_bytes;
    struct connection connections[MAX_CONNECTIONS];
};

static struct server servers[MAX_SERVERS];
static char request[REQUEST_BYTES];
static size_t request_bytes;
static float latencies[MAX_ANSWERS]; /* us */

static void fail(const char *what)
{
    fprintf(stderr, "closed_loop: %s\n", what);
    exit(1);
}

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void ask(struct connection *connection, double time)
{
    connection->received = 0;
    connection->sent = time;
    if (send(connection->fd, request, request_bytes, 0) !=
        (ssize_t)request_bytes)
        fail("a request could not be sent");
}

static void receive(struct connection *connection, size_t most)
{
    char bytes[REQUEST_BYTES];
    ssize_t n = recv(connection->fd, bytes, sizeof bytes, 0);

    if (n <= 0)
        fail("a connection has ended");
    if (connection->received == 0 &&
        (n < 12 || memcmp(bytes, "HTTP/1.1 200", 12) != 0))
        fail("an answer is not 200");
    connection->received += (size_t)n;
    if (connection->received > most)
        fail("an answer is longer than the first");
}

static void open_connection(struct server *server, uint16_t port,
                            struct connection *connection)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    const int one = 1;

    connection->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(connection->fd, (const struct sockaddr *)&address,
                sizeof address) != 0)
        fail("nobody listens");
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(server->epoll, EPOLL_CTL_ADD, connection->fd, &event);
}

/* `place` is PORT:PID. */
static void open_server(struct server *server, const char *place,
                        size_t n_connections)
{
    struct epoll_event event;
    char *end;
    const uint16_t port = (uint16_t)strtoul(place, &end, 10);

    if (*end != ':' ||
        clock_getcpuclockid((pid_t)strtol(end + 1, NULL, 10), &server->cpu))
        fail("a server is PORT:PID");
    server->epoll = epoll_create1(0);
    for (size_t i = 0; i < n_connections; i++)
        open_connection(server, port, &server->connections[i]);
    ask(&server->connections[0], 0);
    for (int wait_ms = SILENCE_MS;
         epoll_wait(server->epoll, &event, 1, wait_ms) > 0; wait_ms = QUIET_MS)
        receive(&server->connections[0], SIZE_MAX);
    server->answer_bytes = server->connections[0].received;
    if (server->answer_bytes == 0)
        fail("no answer");
}

/* Returns how many answers came. */
static size_t take_turn(struct server *server, size_t n_connections,
                        double duration)
{
    struct epoll_event events[MAX_CONNECTIONS];
    size_t n_asked = n_connections, n_answers = 0;
    double time = seconds(CLOCK_MONOTONIC);
    const double end = time + duration;

    for (size_t i = 0; i < n_connections; i++)
        ask(&server->connections[i], time);
    while (n_answers < n_asked) {
        int n = epoll_wait(server->epoll, events, MAX_CONNECTIONS, SILENCE_MS);

        if (n <= 0)
            fail("no answer");
        time = seconds(CLOCK_MONOTONIC);
        for (int i = 0; i < n; i++) {
            struct connection *connection = events[i].data.ptr;

            receive(connection, server->answer_bytes);
            if (connection->received < server->answer_bytes)
                continue;
            latencies[n_answers++] = (float)(1e6 * (time - connection->sent));
            if (time < end && n_asked < MAX_ANSWERS) {
                ask(connection, time);
                n_asked++;
            }
        }
    }
    return n_answers;
}

static int compare(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static void print_turn(struct server *server, size_t n_connections,
                       double duration)
{
    const double cpu = seconds(server->cpu), start = seconds(CLOCK_MONOTONIC);
    const size_t n = take_turn(server, n_connections, duration);
    const double took = seconds(CLOCK_MONOTONIC) - start;
    const double spent = seconds(server->cpu) - cpu;

    qsort(latencies, n, sizeof *latencies, compare);
    printf("%td %.1f %.3f %.1f %.1f\n", server - servers, (double)n / took,
           1e6 * spent / (double)n, (double)latencies[n / 2],
           (double)latencies[n * 99 / 100]);
}

static void shuffle(size_t *order, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        const size_t other = (size_t)rand() % i, kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
}

int main(int argc, char **argv)
{
    size_t order[MAX_SERVERS];
    const size_t n_servers = argc > 4 ? (size_t)argc - 4 : 0;
    const size_t n_connections = argc > 4 ? strtoul(argv[1], NULL, 10) : 0;

    if (n_servers == 0 || n_servers > MAX_SERVERS || n_connections == 0 ||
        n_connections > MAX_CONNECTIONS)
        fail("CONNECTIONS MILLISECONDS ROUNDS PORT:PID ... <REQUEST");
    request_bytes = fread(request, 1, sizeof request, stdin);
    for (size_t i = 0; i < n_servers; i++) {
        order[i] = i;
        open_server(&servers[i], argv[4 + i], n_connections);
    }
    for (long round = strtol(argv[3], NULL, 10); round > 0; round--) {
        shuffle(order, n_servers);
        for (size_t i = 0; i < n_servers; i++)
            print_turn(&servers[order[i]], n_connections,
                       1e-3 * strtod(argv[2], NULL));
    }
    return 0;
}
