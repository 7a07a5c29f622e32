/* config.c: reads, checks and prints what is in the table of settings.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "base/cpu.h"
#include "base/memory.h"
#include "settings.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* Where memory is not short. */
enum { HELD_BYTES = 1 << 30, QUEUE_BYTES = 256 << 20, WARM_BYTES = 16 << 20 };

static const struct setting *setting_named(const char *name)
{
    for (size_t i = 0; i < n_settings; i++)
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
    if (setting->kind == TEXT)
        return clary_fail(err, CLARY_BAD_INPUT, "%s is \"%s\", expected %s",
                          origin, value, setting->expected);
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
        if (setting->is_known != NULL && !setting->is_known(value))
            return bad_value(setting, origin, value, err);
        *(const char **)member = value;
        return CLARY_OK;
    }
    if (setting->kind == CHOICE) {
        int (*compare)(const char *, const char *) =
            setting->any_case ? strcasecmp : strcmp;
        while (setting->words[number] != NULL &&
               compare(setting->words[number], value) != 0)
            number++;
        if (setting->words[number] == NULL)
            return bad_value(setting, origin, value, err);
        number += setting->min;
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

/* One of so many parts of the memory that the kernel grants, but `most` at
 * most, and where it does not say. */
static int64_t share(uint64_t memory, int64_t parts, int64_t most)
{
    if (memory == 0 || memory / (uint64_t)parts > (uint64_t)most)
        return most;
    return (int64_t)(memory / (uint64_t)parts);
}

enum clary_status config_load(struct config *config, struct clary_error *err)
{
    const uint64_t memory = clary_memory_limit();

    memset(config, 0, sizeof *config);
    config->max_held_bytes = share(memory, 4, HELD_BYTES);
    config->queue_bytes = share(memory, 4, QUEUE_BYTES);
    for (size_t i = 0; i < n_settings; i++) {
        const struct setting *setting = &settings[i];
        const char *value = getenv(setting->name);
        if (value == NULL || value[0] == '\0')
            value = setting->fallback;
        if (value != NULL)
            CLARY_TRY(store(config, setting, setting->name, value, err));
    }
    if (config->threads == 0)
        config->threads = (int64_t)clary_cpu_count();
    config->warm_bytes = share(memory, 8 * config->threads, WARM_BYTES);
    if (config->max_payload_mb > 0)
        config->max_body_bytes = config->max_payload_mb << 20;
    if (config->is_batch)
        config->timeout_ms = 0;
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
    for (size_t i = 0; i < n_settings; i++) {
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
        .default_accept = config->default_accept,
        .inference_output = config->inference_output,
        .batch = config->is_batch,
        .max_reply_bytes = (size_t)config->max_reply_bytes,
        .max_memory_bytes = (size_t)config->max_memory_bytes,
    };
}

struct clary_load_options config_load_options(const struct config *config)
{
    return (struct clary_load_options){
        .max_artifact_bytes = (size_t)config->max_artifact_bytes,
        .max_model_bytes = (size_t)config->max_model_bytes,
        .name = config->model_name,
        .trees = (enum clary_trees)config->trees,
        .alone = !config->is_ensemble,
    };
}
