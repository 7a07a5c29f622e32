/* cmd_serve.c: `clary serve`, the container.
 *
 * Order of life: settings are checked; the port is open, so that connections
 * are taken and /ping says 503; the model is loaded and scores a row in this
 * thread; ready; a signal; what is in flight finishes; the end, status 0. The
 * fences of the sandbox go up before the port is open, so that every thread is
 * behind the first, and when no thread has to be started any more.
 *
 * As process 1 of a container it has no default signal actions, so SIGTERM and
 * SIGINT are dealt with from the first line on: before there is a model they
 * end the process at once, afterwards sigwait takes them. The other threads
 * are started with both blocked, but for those that OpenBLAS has started
 * before main: they pass them on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/log.h"
#include "commands.h"
#include "config.h"
#include "metrics_emf.h"
#include "registry.h"
#include "routes.h"
#include "sandbox.h"
#include "server.h"

#include <clary/clary.h>

#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MODEL, PORT };

static const struct option options[] = {
    [MODEL] = {"--model", "PATH", "artifact to serve; wins over CLARY_MODEL"},
    [PORT] = {"--port", "N", "port; wins over SAGEMAKER_BIND_TO_PORT"},
};

/* Descriptors beside those of connections. */
enum { OTHER_DESCRIPTORS = 64 };

enum { EMF_INTERVAL_MS = 60000 };

/* An allocation of at least so much is pages of its own: given back when it is
 * freed, and not copied when it grows. */
enum { LARGE_BYTES = 128 << 10 };

static int log_failure(const char *event, const struct clary_error *err)
{
    clary_log(
        CLARY_LOG_ERROR, event,
        (struct clary_log_field[]){{"status", clary_status_name(err->status)},
                                   {"message", err->message},
                                   {NULL, NULL}});
    return EXIT_REFUSED;
}

static void warn(const char *event, const struct clary_error *err)
{
    clary_log(
        CLARY_LOG_WARNING, event,
        (struct clary_log_field[]){{"message", err->message}, {NULL, NULL}});
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
    struct emf_dimensions unused = {.n = 0};
    return emf_dimensions_read(&unused, "CLARY_EMF_DIMENSIONS",
                               config->emf_dimensions, err);
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

/* For the handler: who waits, or will, from when it has blocked them. */
static pthread_t waiting_thread;
static volatile sig_atomic_t has_waiting_thread;

/* The end at once only while nothing has been promised to anybody. */
static void end_or_pass_on(int signal_number)
{
    if (!has_waiting_thread)
        _exit(EXIT_DONE);
    pthread_kill(waiting_thread, signal_number);
}

static void block_signals(void)
{
    const sigset_t set = ending_signals();

    pthread_sigmask(SIG_BLOCK, &set, NULL);
    waiting_thread = pthread_self();
    has_waiting_thread = 1;
}

static void prepare_signals(void)
{
    const struct sigaction end = {.sa_handler = end_or_pass_on};
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

/* A standard descriptor that came closed would become a socket, and the log
 * would go to a client. The lowest free number is the one that is missing. */
static void open_standard_descriptors(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return;
}

/* Left to itself malloc takes the first large reply that is freed as a sign to
 * keep up to 64 MiB of them, in each thread. */
static void give_back_large_memory(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
}

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
                                             struct server **server,
                                             struct clary_error *err)
{
    const struct server_options wanted = {
        .address = config->address,
        .port = config->port,
        .n_loops = (size_t)config->threads,
        .max_connections = (size_t)config->max_connections,
        .idle_timeout_s = (unsigned)config->idle_timeout_s,
        .spin_ns = (uint64_t)config->spin_us * 1000,
        .warm_bytes = (size_t)config->warm_bytes,
    };
    const struct http_app app = routes_app(routes);
    const sigset_t set = ending_signals();
    char port[16], threads[24];

    pthread_sigmask(SIG_BLOCK, &set, NULL);
    enum clary_status status = server_start(&wanted, &app, server, err);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    CLARY_TRY(status);
    snprintf(port, sizeof port, "%d", server_port(*server));
    snprintf(threads, sizeof threads, "%zu", wanted.n_loops);
    clary_log(
        CLARY_LOG_INFO, "listening",
        (struct clary_log_field[]){{"version", CLARY_VERSION},
                                   {"port", port},
                                   {"threads", threads},
                                   {"kernels", clary_kernels_description()},
                                   {NULL, NULL}});
    return CLARY_OK;
}

static void log_ready(const struct registry_model *model)
{
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
}

/* A setting of one style, while the model is answered in another. */
static void warn_unheard(const struct config *config,
                         const struct registry_model *model)
{
    const bool is_heard = config->style == CLARY_STYLE_XGBOOST ||
                          (config->style == CLARY_STYLE_AUTO &&
                           strcmp(model->info.style, "xgboost") == 0);

    if (config->inference_output != NULL && !is_heard)
        clary_log(
            CLARY_LOG_WARNING, "setting without effect",
            (struct clary_log_field[]){{"name", "SAGEMAKER_INFERENCE_OUTPUT"},
                                       {"message", "it is the xgboost style's"},
                                       {NULL, NULL}});
}

static void drain(struct server *server, const struct config *config,
                  const char *reason)
{
    char cut[24];

    clary_log(CLARY_LOG_INFO, "draining",
              (struct clary_log_field[]){{"reason", reason}, {NULL, NULL}});
    snprintf(cut, sizeof cut, "%zu", server_drain(server, config->grace_ms));
    clary_log(
        CLARY_LOG_INFO, "stopped",
        (struct clary_log_field[]){{"connections_cut", cut}, {NULL, NULL}});
}

/* --- metrics ------------------------------------------------------------- */

static struct metrics *make_metrics(void)
{
    struct metrics_labels labels;

    routes_labels(&labels);
    return metrics_new(&labels);
}

/* Of the model that is ready. Without its ranges, and without metrics in the
 * log, it serves all the same. NULL: there are none in the log. */
static struct emf *start_metrics(const struct config *config,
                                 struct routes *routes)
{
    const struct registry_model *model = registry_loaded(routes->registry);
    struct emf_options emf_options = {.fd = STDOUT_FILENO,
                                      .interval_ms = EMF_INTERVAL_MS};
    struct emf *emf = NULL;
    struct clary_error err;

    if (metrics_watch(routes->metrics, model->model, &err) != CLARY_OK)
        warn("features have no ranges", &err);
    if (config->emf != 0) {
        emf_dimensions_add(&emf_options.dimensions, "Model", model->info.name);
        if (emf_dimensions_read(&emf_options.dimensions, "CLARY_EMF_DIMENSIONS",
                                config->emf_dimensions, &err) != CLARY_OK ||
            emf_start(&emf_options, routes->metrics, &emf, &err) != CLARY_OK)
            warn("no metrics in the log", &err);
    }
    return emf;
}

static int serve(const struct config *config, struct routes *routes)
{
    const struct clary_load_options load = config_load_options(config);
    struct server *server = NULL;
    struct emf *emf = NULL;
    struct sandbox sandbox;
    struct clary_error err;
    int status = EXIT_DONE;

    if (config->sandbox != 0)
        sandbox_fence_files(&sandbox, config->model_path);
    if (listen_for_requests(config, routes, &server, &err) != CLARY_OK)
        return log_failure("cannot listen", &err);
    /* before there is a model, and so an invocation */
    routes->invoke.team = server_team(server);
    if (registry_load(routes->registry, config->model_path, &load,
                      &routes->invoke, (enum golden_policy)config->golden,
                      &err) != CLARY_OK) {
        status = log_failure("cannot load the model", &err);
    } else {
        block_signals();
        emf = start_metrics(config, routes);
        if (config->sandbox != 0)
            sandbox_fence_calls(&sandbox);
        warn_unheard(config, registry_loaded(routes->registry));
        log_ready(registry_loaded(routes->registry));
        registry_open(routes->registry);
        const char *reason = wait_for_signal();
        registry_drain(routes->registry);
        drain(server, config, reason);
    }
    server_stop(server);
    emf_stop(emf);
    return status;
}

static struct routes make_routes(const struct config *config)
{
    return (struct routes){
        .registry = registry_new(),
        .invoke = config_invoke_options(config),
        .max_body_bytes = (uint64_t)config->max_body_bytes,
        .max_inflate_ratio = (uint64_t)config->max_inflate_ratio,
        .compress_bytes = (uint64_t)config->compress_bytes,
        .timeout_ms = config->timeout_ms,
        .piece_budget_us = config->piece_budget_us,
        .batch = {.max_concurrent_transforms =
                      config->max_concurrent_transforms,
                  .max_payload_mb = config->max_payload_mb,
                  .strategy = (enum batch_strategy)config->batch_strategy,
                  .n_loops = (size_t)config->threads,
                  .max_body_bytes = (uint64_t)config->max_body_bytes,
                  .max_reply_bytes = (uint64_t)config->max_reply_bytes,
                  .max_held_bytes = (uint64_t)config->max_held_bytes},
        .admission.limits = {(uint64_t)config->max_requests,
                             (uint64_t)config->max_held_bytes,
                             (uint64_t)config->queue_requests,
                             (uint64_t)config->queue_bytes},
        .identify = config->identify != 0,
        .metrics = make_metrics(),
    };
}

static int run(const struct arguments *arguments)
{
    struct config config;
    struct clary_error err;

    open_standard_descriptors();
    prepare_signals();
    give_back_large_memory();
    if (read_settings(arguments, &config, &err) != CLARY_OK) {
        log_failure("bad setting", &err);
        return EXIT_USAGE;
    }
    clary_log_set_level((enum clary_log_level)config.log_level);
    config_unknown(warn_unknown);
    raise_descriptor_limit(&config);
    if (clary_init((size_t)config.threads, &err) != CLARY_OK)
        return log_failure("cannot start", &err);

    struct routes routes = make_routes(&config);
    routes.invoke.timed = true;
    if (routes.registry == NULL || routes.metrics == NULL) {
        clary_fail(&err, CLARY_NO_MEMORY, "no memory to start");
        return log_failure("cannot start", &err);
    }
    int status = serve(&config, &routes);
    registry_free(routes.registry);
    metrics_free(routes.metrics);
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
