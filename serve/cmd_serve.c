/* cmd_serve.c: `clary serve`, the container.
 *
 * Order of life: settings are checked; the port is open, so that connections
 * are taken and /ping says 503; the model is loaded and scores a row in this
 * thread; ready; a signal; what is in flight finishes; the end, status 0.
 *
 * As process 1 of a container it has no default signal actions, so SIGTERM and
 * SIGINT are dealt with from the first line on: before there is a model they
 * end the process at once, afterwards sigwait takes them. The other threads
 * are started with both blocked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"
#include "commands.h"
#include "config.h"
#include "http.h"
#include "registry.h"
#include "routes.h"

#include <clary/clary.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MODEL, PORT };

static const struct option options[] = {
    [MODEL] = {"--model", "PATH", "artifact to serve; wins over CLARY_MODEL"},
    [PORT] = {"--port", "N", "port; wins over SAGEMAKER_BIND_TO_PORT"},
};

/* Descriptors beside those of connections. */
enum { OTHER_DESCRIPTORS = 64 };

static int log_failure(const char *event, const struct clary_error *err)
{
    clary_log(
        CLARY_LOG_ERROR, event,
        (struct clary_log_field[]){{"status", clary_status_name(err->status)},
                                   {"message", err->message},
                                   {NULL, NULL}});
    return EXIT_REFUSED;
}

static void warn_unknown(const char *name)
{
    clary_log(CLARY_LOG_WARNING, "unknown setting",
              (struct clary_log_field[]){{"name", name}, {NULL, NULL}});
}

static enum clary_status read_settings(const struct arguments *arguments,
                                       struct config *config,
                                       struct clary_error *err)
{
    CLARY_TRY(config_load(config, err));
    if (arguments->values[MODEL] != NULL)
        CLARY_TRY(config_set(config, "CLARY_MODEL", "--model",
                             arguments->values[MODEL], err));
    if (arguments->values[PORT] != NULL)
        CLARY_TRY(config_set(config, "SAGEMAKER_BIND_TO_PORT", "--port",
                             arguments->values[PORT], err));
    return CLARY_OK;
}

/* --- signals ------------------------------------------------------------- */

static sigset_t ending_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

/* Only while nothing has been promised to anybody. */
static void end_at_once(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_DONE);
}

static void prepare_signals(void)
{
    const struct sigaction end = {.sa_handler = end_at_once};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

static const char *wait_for_signal(void)
{
    const sigset_t set = ending_signals();
    int number = 0;

    while (sigwait(&set, &number) != 0)
        ;
    return number == SIGTERM ? "SIGTERM" : "SIGINT";
}

/* --- the server ---------------------------------------------------------- */

/* As many descriptors as the system lets us have. */
static void raise_descriptor_limit(const struct config *config)
{
    struct rlimit limit;
    char have[32];

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= (rlim_t)config->max_connections + OTHER_DESCRIPTORS)
        return;
    snprintf(have, sizeof have, "%" PRIu64, (uint64_t)limit.rlim_cur);
    clary_log(CLARY_LOG_WARNING, "fewer descriptors than connections",
              (struct clary_log_field[]){{"descriptors", have}, {NULL, NULL}});
}

/* Starts the threads with the signals blocked, for they inherit that. */
static enum clary_status listen_for_requests(const struct config *config,
                                             struct routes *routes,
                                             struct http_server **server,
                                             struct clary_error *err)
{
    const struct http_options http = {
        .address = config->address,
        .port = config->port,
        .n_loops = (size_t)config->threads,
        .max_connections = (size_t)config->max_connections,
        .idle_timeout_s = (unsigned)config->idle_timeout_s,
    };
    const struct http_app app = routes_app(routes);
    const sigset_t set = ending_signals();
    char port[16], threads[24];

    pthread_sigmask(SIG_BLOCK, &set, NULL);
    enum clary_status status = http_start(&http, &app, server, err);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    CLARY_TRY(status);
    snprintf(port, sizeof port, "%d", http_port(*server));
    snprintf(threads, sizeof threads, "%zu", http.n_loops);
    clary_log(
        CLARY_LOG_INFO, "listening",
        (struct clary_log_field[]){{"version", CLARY_VERSION},
                                   {"port", port},
                                   {"threads", threads},
                                   {"kernels", clary_kernels_description()},
                                   {NULL, NULL}});
    return CLARY_OK;
}

static void log_ready(struct registry *registry)
{
    const struct registry_model *model = registry_acquire(registry);
    const char *notes = model->info.notes;
    char version[24], sha256[16];

    snprintf(version, sizeof version, "%" PRId64, model->info.version);
    snprintf(sha256, sizeof sha256, "%.12s", model->info.sha256);
    clary_log(
        CLARY_LOG_INFO, "ready",
        (struct clary_log_field[]){{"model", model->info.name},
                                   {"model_version", version},
                                   {"format", model->info.format},
                                   {"framework", model->info.framework},
                                   {"sha256", sha256},
                                   {"notes", notes[0] != '\0' ? notes : NULL},
                                   {NULL, NULL}});
    registry_release(registry, model);
}

static void drain(struct http_server *server, const struct config *config,
                  const char *reason)
{
    char cut[24];

    clary_log(CLARY_LOG_INFO, "draining",
              (struct clary_log_field[]){{"reason", reason}, {NULL, NULL}});
    snprintf(cut, sizeof cut, "%zu", http_drain(server, config->grace_ms));
    clary_log(
        CLARY_LOG_INFO, "stopped",
        (struct clary_log_field[]){{"connections_cut", cut}, {NULL, NULL}});
}

static int serve(const struct config *config, struct routes *routes)
{
    const struct clary_load_options load = config_load_options(config);
    const sigset_t set = ending_signals();
    struct http_server *server = NULL;
    struct clary_error err;
    int status = EXIT_DONE;

    if (listen_for_requests(config, routes, &server, &err) != CLARY_OK)
        return log_failure("cannot listen", &err);
    if (registry_load(routes->registry, config->model_path, &load,
                      &routes->invoke, &err) != CLARY_OK) {
        status = log_failure("cannot load the model", &err);
    } else {
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        log_ready(routes->registry);
        const char *reason = wait_for_signal();
        registry_drain(routes->registry);
        drain(server, config, reason);
    }
    http_stop(server);
    return status;
}

static int run(const struct arguments *arguments)
{
    struct config config;
    struct clary_error err;

    prepare_signals();
    if (read_settings(arguments, &config, &err) != CLARY_OK) {
        log_failure("bad setting", &err);
        return EXIT_USAGE;
    }
    clary_log_set_level((enum clary_log_level)config.log_level);
    config_unknown(warn_unknown);
    raise_descriptor_limit(&config);
    if (clary_init((size_t)config.threads, &err) != CLARY_OK)
        return log_failure("cannot start", &err);

    struct routes routes = {
        .registry = registry_new(),
        .invoke = config_invoke_options(&config),
        .max_body_bytes = (uint64_t)config.max_body_bytes,
        .default_accept = config.default_accept,
        .identify = config.identify != 0,
    };
    if (routes.registry == NULL) {
        clary_fail(&err, CLARY_NO_MEMORY, "no memory to start");
        return log_failure("cannot start", &err);
    }
    int status = serve(&config, &routes);
    registry_free(routes.registry);
    return status;
}

const struct command command_serve = {
    .name = "serve",
    .summary = "Serves /ping and /invocations to SageMaker",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .more_help = config_help,
    .run = run,
};
