/* bench_load.c: what loading a model costs, from its file to a model that
 * answers.
 *
 *     bench_load FILE...
 *
 * Each file is loaded in a process of its own, the fastest of ROUNDS counts:
 * CPU time (others are at work on the machine, and there is one thread), wall
 * time, bytes of the file in a second of CPU time, and memory: the largest
 * resident set, without what was there before, and what is resident of private
 * memory once the model is there. The file is mapped and in the page cache: it
 * is in the largest set too. bench/load.py makes files and measures XGBoost
 * beside it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <clary/clary.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 3 };

/* What a child tells. */
struct cost {
    double seconds, wall_seconds;
    double private_bytes; /* resident, not of the file */
    double peak_bytes;
    struct clary_error err;
    bool ok;
};

static double now_s(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* "RssAnon: 123 kB" of /proc/self/status in bytes. */
static double status_bytes(const char *key)
{
    FILE *file = fopen("/proc/self/status", "r");
    double bytes = 0;
    char line[256];

    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            bytes = strtod(line + strlen(key), NULL) * 1024;
    if (file)
        fclose(file);
    return bytes;
}

static void load(const char *path, struct cost *cost)
{
    const struct clary_load_options options = {
        .max_artifact_bytes = (size_t)64 << 30,
        .max_model_bytes = (size_t)64 << 30};
    struct clary_model *model;
    double began, wall_began, peak_before, private_before;

    if (clary_init(1, &cost->err) != CLARY_OK)
        return;
    peak_before = status_bytes("VmHWM:");
    private_before = status_bytes("RssAnon:");
    began = now_s(CLOCK_PROCESS_CPUTIME_ID);
    wall_began = now_s(CLOCK_MONOTONIC);
    cost->ok = clary_model_load(path, &options, &model, &cost->err) == CLARY_OK;
    cost->wall_seconds = now_s(CLOCK_MONOTONIC) - wall_began;
    cost->seconds = now_s(CLOCK_PROCESS_CPUTIME_ID) - began;
    cost->private_bytes = status_bytes("RssAnon:") - private_before;
    cost->peak_bytes = status_bytes("VmHWM:") - peak_before;
}

static bool measure(const char *path, struct cost *cost)
{
    int ends[2];
    pid_t child;
    bool told;

    if (pipe(ends) != 0)
        return false;
    child = fork();
    if (child == 0) {
        struct cost own = {0};

        load(path, &own);
        _exit(write(ends[1], &own, sizeof own) == sizeof own ? 0 : 1);
    }
    close(ends[1]);
    told = child > 0 && read(ends[0], cost, sizeof *cost) == sizeof *cost;
    close(ends[0]);
    if (child > 0)
        waitpid(child, NULL, 0);
    return told;
}

static int bench(const char *path)
{
    struct cost best = {.seconds = 1e9}, cost;
    struct stat file;
    double mib = 1 << 20;

    if (stat(path, &file) != 0) {
        fprintf(stderr, "bench_load: there is no %s\n", path);
        return 1;
    }
    for (int i = 0; i < ROUNDS; i++) {
        memset(&cost, 0, sizeof cost);
        if (!measure(path, &cost) || !cost.ok) {
            fprintf(stderr, "bench_load: %s: %s\n", path, cost.err.message);
            return 1;
        }
        if (cost.seconds < best.seconds)
            best = cost;
    }
    printf("%-12s %6.1f MiB %7.3f s (wall %.3f) %7.1f MiB/s  peak %6.1f MiB  "
           "kept %6.1f MiB\n",
           strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
           (double)file.st_size / mib, best.seconds, best.wall_seconds,
           (double)file.st_size / mib / best.seconds, best.peak_bytes / mib,
           best.private_bytes / mib);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;

    if (argc < 2)
        puts("bench_load: measures the files it is given; bench/load.py makes "
             "some");
    for (int i = 1; i < argc; i++)
        status |= bench(argv[i]);
    return status;
}
