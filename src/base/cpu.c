/* cpu.c: the cores this process may use, and what they can do.
 *
 *     /proc/self/cgroup   "0::/a/b" (v2) or "4:cpu,cpuacct:/a/b" (v1)
 *     v2  ROOT/a/b/cpu.max                 "max 100000", "150000 100000"
 *     v1  ROOT/cpu,cpuacct/a/b/cpu.cfs_quota_us    "-1", "150000"
 *                              cpu.cfs_period_us   "100000"
 *
 * A limit holds for everything below it, so a process has the smallest of its
 * own cgroup's and all parents'. Inside a container the path may be the
 * host's, of which only the end of the way up, ROOT itself, exists; files that
 * do not exist set no limit. CPU shares and weights are no limits.
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst and
 * Documentation/scheduler/sched-bwc.rst. Tests: tests/unit/test_cpu.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/cpu.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line of DIRECTORY/NAME; false if there is none. */
static bool read_line(const char *directory, const char *name, char *line,
                      int line_bytes)
{
    char path[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", directory, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return false;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return false;
    bool found = fgets(line, line_bytes, file) != NULL;
    fclose(file);
    return found;
}

static double cores(double quota, double period)
{
    return quota > 0 && period > 0 ? quota / period : 0;
}

/* The limit of one cgroup in cores; 0: none. */
static double quota_v2(const char *directory)
{
    char line[128];
    double quota, period;
    if (!read_line(directory, "cpu.max", line, sizeof line) ||
        sscanf(line, "%lf %lf", &quota, &period) != 2) /* also "max ..." */
        return 0;
    return cores(quota, period);
}

static double quota_v1(const char *directory)
{
    char quota[128], period[128];
    if (!read_line(directory, "cpu.cfs_quota_us", quota, sizeof quota) ||
        !read_line(directory, "cpu.cfs_period_us", period, sizeof period))
        return 0;
    return cores(strtod(quota, NULL), strtod(period, NULL));
}

static double smaller_limit(double a, double b)
{
    if (a <= 0 || b <= 0)
        return a > b ? a : b;
    return a < b ? a : b;
}

/* The smallest limit from `mount``cgroup` up to `mount`. */
static double quota_upwards(const char *mount, const char *cgroup,
                            double (*quota)(const char *directory))
{
    char path[PATH_MAX];
    double limit = 0;
    /* "/../x": a cgroup outside of what this namespace shows. */
    if (strstr(cgroup, "/..") != NULL)
        cgroup = "";
    int len = snprintf(path, sizeof path, "%s%s", mount, cgroup);
    if (len < 0 || (size_t)len >= sizeof path)
        return 0;
    for (;;) {
        limit = smaller_limit(limit, quota(path));
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash < path + strlen(mount))
            return limit;
        *slash = '\0';
    }
}

static bool has_word(const char *list, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = list; *at != '\0'; at += strspn(at, ",")) {
        size_t n = strcspn(at, ",");
        if (n == len && memcmp(at, word, len) == 0)
            return true;
        at += n;
    }
    return false;
}

/* The limit of one line "ID:CONTROLLERS:PATH" of the membership file. */
static double quota_of_line(const char *root, char *line)
{
    char mount[PATH_MAX];
    char *controllers = strchr(line, ':');
    char *cgroup = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (cgroup == NULL)
        return 0;
    *controllers++ = '\0';
    *cgroup++ = '\0';
    cgroup[strcspn(cgroup, "\n")] = '\0';
    if (strcmp(line, "0") == 0 && controllers[0] == '\0')
        return quota_upwards(root, cgroup, quota_v2);
    if (!has_word(controllers, "cpu"))
        return 0;
    snprintf(mount, sizeof mount, "%s/%s", root, controllers);
    double limit = quota_upwards(mount, cgroup, quota_v1);
    /* Where "cpu,cpuacct" is mounted, "cpu" is often a link to it. */
    snprintf(mount, sizeof mount, "%s/cpu", root);
    return smaller_limit(limit, quota_upwards(mount, cgroup, quota_v1));
}

double clary_cpu_quota(const char *root, const char *self)
{
    char *line = NULL;
    size_t line_bytes = 0;
    double limit = 0;
    FILE *file = fopen(self, "re");
    if (file == NULL)
        return 0;
    while (getline(&line, &line_bytes, file) > 0)
        limit = smaller_limit(limit, quota_of_line(root, line));
    free(line);
    fclose(file);
    return limit;
}

/* CPUs in the affinity mask; 0: unknown. The kernel refuses a mask that is
 * smaller than its own, whose size it does not tell. */
static size_t affinity_count(void)
{
    for (size_t n_cpus = 1024; n_cpus <= (size_t)1 << 20; n_cpus *= 2) {
        cpu_set_t *mask = CPU_ALLOC(n_cpus);
        size_t bytes = CPU_ALLOC_SIZE(n_cpus);
        if (mask == NULL)
            return 0;
        int result = sched_getaffinity(0, bytes, mask);
        int error = errno;
        int count = result == 0 ? CPU_COUNT_S(bytes, mask) : 0;
        CPU_FREE(mask);
        if (result == 0 || error != EINVAL)
            return (size_t)count;
    }
    return 0;
}

size_t clary_cpu_count(void)
{
    size_t count = affinity_count();
    double quota = clary_cpu_quota("/sys/fs/cgroup", "/proc/self/cgroup");
    if (count == 0)
        count = 1;
    if (quota > 0 && ceil(quota) < (double)count)
        count = (size_t)ceil(quota);
    return count;
}

bool clary_cpu_has_avx2(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt");
#else
    return false;
#endif
}

bool clary_cpu_has_avx512(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}
