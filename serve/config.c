/* config.c: THE table of settings.
 *
 * A new setting is one line of the table and one member of struct config.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "base/cpu.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind { TEXT, NUMBER, CHOICE };

struct setting {
    const char *name;
    enum kind kind;
    size_t member;            /* offset in struct config */
    const char *unit;         /* of a NUMBER; NULL: none */
    int64_t min, max;         /* of a NUMBER */
    const char *const *words; /* of a CHOICE, in the order of its enum */
    const char *fallback;     /* what holds without it, as it would be set;
                               * NULL: `otherwise` says what happens */
    const char *otherwise;
    const char *help;
};

/* In the order of the enums they stand for. */
static const char *const style_words[] = {"auto", "tfserving",
                                          "tfserving-strict", "plain", NULL};
static const char *const header_words[] = {"default", "auto", "present",
                                           "absent", NULL};
static const char *const level_words[] = {"debug", "info", "warning",
                                          "error", "none", NULL};
static const char *const kernel_words[] = {"scalar", "avx2", "avx512", "neon",
                                           NULL};

#define GIB          (INT64_C(1) << 30)
#define TIB          (INT64_C(1) << 40)
#define MEMBER(name) offsetof(struct config, name)

/* Where two variables set one member the later line wins. */
static const struct setting settings[] = {
    {.name = "CLARY_MODEL",
     .kind = TEXT,
     .member = MEMBER(model_path),
     .fallback = "/opt/ml/model",
     .help = "Artifact: a directory, a model.tar.gz or one model file."},
    {.name = "CLARY_ADDRESS",
     .kind = TEXT,
     .member = MEMBER(address),
     .fallback = "0.0.0.0",
     .help = "Numeric address to listen on."},
    {.name = "SAGEMAKER_BIND_TO_PORT",
     .kind = NUMBER,
     .member = MEMBER(port),
     .min = 0,
     .max = 65535,
     .fallback = "8080",
     .help = "Port to listen on; --port wins over it. 0: a free one."},
    {.name = "CLARY_THREADS",
     .kind = NUMBER,
     .member = MEMBER(threads),
     .unit = "threads",
     .min = 1,
     .max = 256,
     .otherwise = "as many cores as there are",
     .help = "Event loops; each one runs models. Without it, the cores of the "
             "affinity mask and the cgroup quota."},
    {.name = "SAGEMAKER_MODEL_SERVER_WORKERS",
     .kind = NUMBER,
     .member = MEMBER(threads),
     .unit = "threads",
     .min = 1,
     .max = 256,
     .otherwise = "CLARY_THREADS",
     .help = "SageMaker's name for CLARY_THREADS; wins over it."},
    {.name = "CLARY_MAX_BODY_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_body_bytes),
     .unit = "bytes",
     .min = 1,
     .max = TIB,
     .fallback = "1073741824",
     .help = "Largest request body; a larger one is answered with 413."},
    {.name = "SAGEMAKER_MAX_PAYLOAD_IN_MB",
     .kind = NUMBER,
     .member = MEMBER(max_payload_mb),
     .unit = "MiB",
     .min = 0,
     .max = 1024,
     .otherwise = "CLARY_MAX_BODY_BYTES",
     .help = "Set by batch transform; wins over CLARY_MAX_BODY_BYTES. "
             "0: no limit of its own."},
    {.name = "CLARY_MAX_REPLY_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_reply_bytes),
     .unit = "bytes",
     .min = 1024,
     .max = TIB,
     .fallback = "1073741824",
     .help = "Largest reply; it is kept until the last row has been read."},
    {.name = "CLARY_MAX_MEMORY_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_memory_bytes),
     .unit = "bytes",
     .min = 65536,
     .max = TIB,
     .fallback = "1073741824",
     .help = "Working memory of one request, without its reply."},
    {.name = "CLARY_MAX_CONNECTIONS",
     .kind = NUMBER,
     .member = MEMBER(max_connections),
     .unit = "connections",
     .min = 1,
     .max = 1000000,
     .fallback = "4096",
     .help = "Open connections; one more is answered with 503."},
    {.name = "CLARY_IDLE_TIMEOUT_S",
     .kind = NUMBER,
     .member = MEMBER(idle_timeout_s),
     .unit = "seconds",
     .min = 1,
     .max = 86400,
     .fallback = "75",
     .help = "A connection on which no byte moved for so long is closed."},
    {.name = "CLARY_GRACE_MS",
     .kind = NUMBER,
     .member = MEMBER(grace_ms),
     .unit = "ms",
     .min = 0,
     .max = 3600000,
     .fallback = "25000",
     .help = "After SIGTERM, time for requests in flight to finish. "
             "SageMaker kills after 30 s."},
    {.name = "CLARY_STYLE",
     .kind = CHOICE,
     .member = MEMBER(style),
     .words = style_words,
     .fallback = "auto",
     .help = "Whose replies to reproduce; auto: the container's that used to "
             "serve the artifact."},
    {.name = "CLARY_CSV_HEADER",
     .kind = CHOICE,
     .member = MEMBER(csv_header),
     .words = header_words,
     .fallback = "default",
     .help = "Whether the first row of CSV names the columns; default: the "
             "style's (tfserving absent, plain auto)."},
    {.name = "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT",
     .kind = TEXT,
     .member = MEMBER(default_accept),
     .otherwise = "the style's default",
     .help = "Accept of a request that has none or says any."},
    {.name = "CLARY_IDENTIFY",
     .kind = NUMBER,
     .member = MEMBER(identify),
     .min = 0,
     .max = 1,
     .fallback = "0",
     .help = "1: responses carry clary-model=<first 12 hex of the artifact's "
             "SHA-256> in X-Amzn-SageMaker-Custom-Attributes."},
    {.name = "CLARY_MAX_ARTIFACT_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_artifact_bytes),
     .unit = "bytes",
     .min = 1024,
     .max = TIB,
     .fallback = "2147483648",
     .help = "Largest artifact, unpacked."},
    {.name = "CLARY_MAX_MODEL_BYTES",
     .kind = NUMBER,
     .member = MEMBER(max_model_bytes),
     .unit = "bytes",
     .min = 1024,
     .max = TIB,
     .fallback = "4294967296",
     .help = "Memory of the loaded model."},
    {.name = "CLARY_CPU",
     .kind = CHOICE,
     .member = MEMBER(kernels),
     .words = kernel_words,
     .otherwise = "the best of this machine",
     .help = "Kernels to compute with."},
    {.name = "CLARY_LOG",
     .kind = CHOICE,
     .member = MEMBER(log_level),
     .words = level_words,
     .fallback = "info",
     .help = "Least level of the lines on stderr."},
};

enum { N_SETTINGS = sizeof settings / sizeof settings[0] };

static const struct setting *setting_named(const char *name)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

/* Decimal digits only, and not so many that int64_t could overflow. */
static bool read_number(const char *text, int64_t *number)
{
    int64_t n = 0;
    size_t len = strspn(text, "0123456789");

    if (len == 0 || len > 18 || text[len] != '\0')
        return false;
    for (size_t i = 0; i < len; i++)
        n = n * 10 + (text[i] - '0');
    *number = n;
    return true;
}

static const char *join_words(const char *const *words, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; words[i] != NULL && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s",
                                 i > 0 ? "|" : "", words[i]);
    return text;
}

static enum clary_status bad_value(const struct setting *setting,
                                   const char *origin, const char *value,
                                   struct clary_error *err)
{
    char words[128];

    if (setting->kind == CHOICE)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "%s is \"%s\", expected one of %s", origin, value,
                          join_words(setting->words, words, sizeof words));
    return clary_fail(err, CLARY_BAD_INPUT,
                      "%s is \"%s\", expected a whole number from %" PRId64
                      " to %" PRId64 "%s%s",
                      origin, value, setting->min, setting->max,
                      setting->unit ? " " : "",
                      setting->unit ? setting->unit : "");
}

static enum clary_status store(struct config *config,
                               const struct setting *setting,
                               const char *origin, const char *value,
                               struct clary_error *err)
{
    void *member = (char *)config + setting->member;
    int64_t number = 0;

    if (setting->kind == TEXT) {
        *(const char **)member = value;
        return CLARY_OK;
    }
    if (setting->kind == CHOICE) {
        while (setting->words[number] != NULL &&
               strcmp(setting->words[number], value) != 0)
            number++;
        if (setting->words[number] == NULL)
            return bad_value(setting, origin, value, err);
    } else if (!read_number(value, &number) || number < setting->min ||
               number > setting->max) {
        return bad_value(setting, origin, value, err);
    }
    *(int64_t *)member = number;
    return CLARY_OK;
}

enum clary_status config_set(struct config *config, const char *name,
                             const char *origin, const char *value,
                             struct clary_error *err)
{
    return store(config, setting_named(name), origin, value, err);
}

enum clary_status config_load(struct config *config, struct clary_error *err)
{
    memset(config, 0, sizeof *config);
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        const char *value = getenv(setting->name);
        if (value == NULL || value[0] == '\0')
            value = setting->fallback;
        if (value != NULL)
            CLARY_TRY(store(config, setting, setting->name, value, err));
    }
    if (config->threads == 0)
        config->threads = (int64_t)clary_cpu_count();
    if (config->max_payload_mb > 0)
        config->max_body_bytes = config->max_payload_mb << 20;
    return CLARY_OK;
}

void config_unknown(void (*warn)(const char *name))
{
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        char name[64];
        size_t len = strcspn(*entry, "=");

        if (strncmp(*entry, "CLARY_", 6) != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(len < 256 ? len : 256),
                 *entry);
        if (setting_named(name) == NULL)
            warn(name);
    }
}

/* `text`, broken at blanks into lines of at most 80 columns. */
static void print_wrapped(FILE *out, const char *text)
{
    enum { INDENT = 6, WIDTH = 80 - INDENT };

    while (*text != '\0') {
        size_t len = strlen(text);
        if (len > WIDTH) {
            len = WIDTH;
            while (len > 1 && text[len] != ' ')
                len--;
        }
        fprintf(out, "%*s%.*s\n", INDENT, "", (int)len, text);
        text += len;
        text += strspn(text, " ");
    }
}

void config_help(FILE *out)
{
    char words[128];

    fputs("Settings (environment variables):\n", out);
    for (size_t i = 0; i < N_SETTINGS; i++) {
        const struct setting *setting = &settings[i];
        fprintf(out, "  %s", setting->name);
        if (setting->kind == CHOICE)
            fprintf(out, "  %s",
                    join_words(setting->words, words, sizeof words));
        if (setting->kind == NUMBER)
            fprintf(out, "  %s%s%" PRId64 " to %" PRId64,
                    setting->unit ? setting->unit : "",
                    setting->unit ? ", " : "", setting->min, setting->max);
        fprintf(out, "  [%s]\n",
                setting->fallback ? setting->fallback : setting->otherwise);
        print_wrapped(out, setting->help);
    }
}

struct clary_invoke_options config_invoke_options(const struct config *config)
{
    return (struct clary_invoke_options){
        .style = (enum clary_style)config->style,
        .csv_header = (enum clary_csv_header)config->csv_header,
        .max_reply_bytes = (size_t)config->max_reply_bytes,
        .max_memory_bytes = (size_t)config->max_memory_bytes,
    };
}

struct clary_load_options config_load_options(const struct config *config)
{
    return (struct clary_load_options){
        .max_artifact_bytes = (size_t)config->max_artifact_bytes,
        .max_model_bytes = (size_t)config->max_model_bytes,
    };
}
