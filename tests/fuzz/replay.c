/* replay.c: main() for a fuzz target without a fuzzer. Runs every file of the
 * folders and files that it is given through LLVMFuzzerTestOneInput, in the
 * order of their names, and prints one line of result. A target reports a
 * fault by crashing; the input is named then.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t n_passed, n_failed;
static const char *volatile running; /* path; NULL: none */

/* Only what may be called in a signal's handler. */
static void name_input(void)
{
    const char *parts[] = {"while it ran on ", running, "\n"};

    for (size_t i = 0; running && i < sizeof parts / sizeof parts[0]; i++)
        if (write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
            break;
}

#ifdef __SANITIZE_ADDRESS__
static void watch_faults(void)
{
    __sanitizer_set_death_callback(name_input);
}
#else
/* The signal then has its own effect. */
static void on_fault(int number)
{
    name_input();
    signal(number, SIG_DFL);
    raise(number);
}

static void watch_faults(void)
{
    static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};

    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        signal(faults[i], on_fault);
}
#endif

/* The whole file, in a block of exactly its size, so that AddressSanitizer
 * sees a read past its end. NULL when it cannot be read. */
static uint8_t *read_file(const char *path, size_t *size)
{
    struct stat info;
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;

    if (file == NULL || fstat(fileno(file), &info) != 0)
        goto done;
    *size = (size_t)info.st_size;
    data = malloc(*size);
    if (data != NULL && fread(data, 1, *size, file) != *size) {
        free(data);
        data = NULL;
    }
done:
    if (file != NULL)
        fclose(file);
    return data;
}

static void replay_file(const char *path)
{
    size_t size = 0;
    uint8_t *data = read_file(path, &size);

    if (data == NULL && size != 0) {
        printf("%s: cannot be read\n", path);
        n_failed++;
        return;
    }
    running = path;
    LLVMFuzzerTestOneInput(data, size);
    running = NULL;
    free(data);
    n_passed++;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_visible, alphasort);

    if (count < 0) {
        /* A target without regressions has no folder for them. */
        if (errno == ENOTDIR)
            replay_file(path);
        return;
    }
    for (int i = 0; i < count; i++) {
        char *inner;

        if (asprintf(&inner, "%s/%s", path, entries[i]->d_name) > 0) {
            replay(inner);
            free(inner);
        }
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv)
{
    watch_faults();
    for (int i = 1; i < argc; i++)
        replay(argv[i]);
    if (n_passed == 0) {
        printf("no input was found\n");
        n_failed++;
    }
    printf("%s: %zu passed, %zu failed\n", program_invocation_short_name,
           n_passed, n_failed);
    return n_failed == 0 ? 0 : 1;
}
