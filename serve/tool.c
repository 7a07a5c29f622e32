/* tool.c: settings, a model, files and complaints for the subcommands.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tool.h"

#include "options.h"

#include <clary/clary.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int tool_open(const char *path, struct config *config,
              struct clary_model **model, struct clary_error *err)
{
    if (config_load(config, err) != CLARY_OK)
        return EXIT_USAGE;
    const struct clary_load_options load = config_load_options(config);
    if (path == NULL)
        path = config->model_path;
    if (clary_init(1, err) != CLARY_OK ||
        clary_model_load(path, &load, model, err) != CLARY_OK)
        return EXIT_REFUSED;
    return EXIT_DONE;
}

int tool_complain(const char *command, const char *message)
{
    fprintf(stderr, "clary %s: %s\n", command, message);
    return EXIT_REFUSED;
}

bool tool_flush(const char *command)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    fprintf(stderr, "clary %s: cannot write: %s\n", command, strerror(errno));
    return false;
}

enum clary_status tool_read_file(const char *path, char **bytes, size_t *len,
                                 struct clary_error *err)
{
    FILE *file = fopen(path, "rb");
    size_t size = 0, used = 0, n;
    char *text = NULL;

    if (file == NULL)
        return clary_fail(err, CLARY_IO, "cannot open %s: %s", path,
                          strerror(errno));
    do {
        if (used == size) {
            size = size * 2 + 65536;
            char *larger = realloc(text, size);
            if (larger == NULL) {
                free(text);
                fclose(file);
                return clary_fail(err, CLARY_NO_MEMORY, "no memory for %s",
                                  path);
            }
            text = larger;
        }
        n = fread(text + used, 1, size - used, file);
        used += n;
    } while (n > 0);
    bool is_read = !ferror(file);
    fclose(file);
    if (!is_read) {
        free(text);
        return clary_fail(err, CLARY_IO, "cannot read %s", path);
    }
    *bytes = text;
    *len = used;
    return CLARY_OK;
}
