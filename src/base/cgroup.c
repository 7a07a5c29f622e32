/* cgroup.c: the way up from this process's cgroup to the root of the tree.
 *
 *     /proc/self/cgroup   "0::/a/b" (v2) or "4:cpu,cpuacct:/a/b" (v1)
 *     v2  ROOT/a/b/FILE
 *     v1  ROOT/cpu,cpuacct/a/b/FILE
 *
 * A limit holds for everything below it, so a process has the smallest of its
 * own cgroup's and all parents'. Inside a container the path may be the
 * host's, of which only the end of the way up, ROOT itself, exists; files that
 * do not exist set no limit. Where no file system of cgroups is mounted, or a
 * sandbox such as gVisor shows none of its files, there is no limit to see.
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst, cgroups(7).
 * Tests: tests/unit/test_cpu.c, tests/unit/test_memory.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool clary_cgroup_line(const char *directory, const char *name, char *line,
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

static double smaller(double a, double b)
{
    if (a <= 0 || b <= 0)
        return a > b ? a : b;
    return a < b ? a : b;
}

/* The smallest limit from `mount``cgroup` up to `mount`. */
static double limit_upwards(const char *mount, const char *cgroup,
                            double (*limit)(const char *directory))
{
    char path[PATH_MAX];
    double smallest = 0;
    /* "/../x": a cgroup outside of what this namespace shows. */
    if (strstr(cgroup, "/..") != NULL)
        cgroup = "";
    int len = snprintf(path, sizeof path, "%s%s", mount, cgroup);
    if (len < 0 || (size_t)len >= sizeof path)
        return 0;
    for (;;) {
        smallest = smaller(smallest, limit(path));
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash < path + strlen(mount))
            return smallest;
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
static double limit_of_line(const char *root, char *line,
                            const struct clary_cgroup_limit *limit)
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
        return limit_upwards(root, cgroup, limit->v2);
    if (!has_word(controllers, limit->controller))
        return 0;
    snprintf(mount, sizeof mount, "%s/%s", root, controllers);
    double smallest = limit_upwards(mount, cgroup, limit->v1);
    /* Where "cpu,cpuacct" is mounted, "cpu" is often a link to it. */
    snprintf(mount, sizeof mount, "%s/%s", root, limit->controller);
    return smaller(smallest, limit_upwards(mount, cgroup, limit->v1));
}

double clary_cgroup_smallest(const char *root, const char *self,
                             const struct clary_cgroup_limit *limit)
{
    char *line = NULL;
    size_t line_bytes = 0;
    double smallest = 0;
    FILE *file = fopen(self, "re");
    if (file == NULL)
        return 0;
    while (getline(&line, &line_bytes, file) > 0)
        smallest = smaller(smallest, limit_of_line(root, line, limit));
    free(line);
    fclose(file);
    return smallest;
}
