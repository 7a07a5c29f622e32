/* empty_server.c: what a server on libmicrohttpd costs that does nothing: it
 * reads a body away and answers 200 with as many bytes as a prediction has.
 * The limit beside which the requests of clary are measured.
 *
 *     empty_server PORT [POOL_BYTES]       on 127.0.0.1, until SIGTERM
 *
 * POOL_BYTES is the memory of a connection, which libmicrohttpd clears after
 * every request: clary's (serve/http.c) unless it is given.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { POOL_BYTES = 16384 };

static char answer[] = "{\"predictions\": [[4.526]]}\n\n";

static enum MHD_Result on_request(void *user, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *body,
                                  size_t *body_bytes, void **state)
{
    static char seen;

    (void)url, (void)method, (void)version, (void)body;
    if (!*state) {
        *state = &seen;
        return MHD_YES;
    }
    if (*body_bytes > 0) {
        *body_bytes = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, user);
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct MHD_Response *response;
    struct MHD_Daemon *daemon;
    sigset_t ends;
    int signal_number;

    if (argc != 2 && argc != 3) {
        fprintf(stderr, "usage: empty_server PORT [POOL_BYTES]\n");
        return 2;
    }
    size_t pool_bytes = argc == 3 ? strtoul(argv[2], NULL, 10) : POOL_BYTES;
    address.sin_port = htons((uint16_t)atoi(argv[1]));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    response = MHD_create_response_from_buffer(sizeof answer - 1, answer,
                                               MHD_RESPMEM_PERSISTENT);
    if (!response || MHD_add_response_header(response, "Content-Type",
                                             "application/json") != MHD_YES)
        return 1;
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
                              on_request, response, MHD_OPTION_SOCK_ADDR,
                              &address, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                              pool_bytes, MHD_OPTION_END);
    if (!daemon) {
        fprintf(stderr, "empty_server: port %s is taken\n", argv[1]);
        return 1;
    }
    sigwait(&ends, &signal_number);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
