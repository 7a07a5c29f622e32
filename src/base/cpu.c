/* cpu.c: the cores this process may use, and what they can do.
 *
 *     v2  cpu.max             "max 100000", "150000 100000"
 *     v1  cpu.cfs_quota_us    "-1", "150000"
 *         cpu.cfs_period_us   "100000"
 *
 * CPU shares and weights are no limits. Source: Linux,
 * Documentation/admin-guide/cgroup-v2.rst and
 * Documentation/scheduler/sched-bwc.rst. Tests: tests/unit/test_cpu.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/cpu.h"

#include "base/cgroup.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

static double cores(double quota, double period)
{
    return quota > 0 && period > 0 ? quota / period : 0;
}

/* The limit of one cgroup in cores; 0: none. */
static double quota_v2(const char *directory)
{
    char line[128];
    double quota, period;
    if (!clary_cgroup_line(directory, "cpu.max", line, sizeof line) ||
        sscanf(line, "%lf %lf", &quota, &period) != 2) /* also "max ..." */
        return 0;
    return cores(quota, period);
}

static double quota_v1(const char *directory)
{
    char quota[128], period[128];
    if (!clary_cgroup_line(directory, "cpu.cfs_quota_us", quota,
                           sizeof quota) ||
        !clary_cgroup_line(directory, "cpu.cfs_period_us", period,
                           sizeof period))
        return 0;
    return cores(strtod(quota, NULL), strtod(period, NULL));
}

double clary_cpu_quota(const char *root, const char *self)
{
    const struct clary_cgroup_limit limit = {"cpu", quota_v1, quota_v2};
    return clary_cgroup_smallest(root, self, &limit);
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
    double quota = clary_cpu_quota(CLARY_CGROUP_ROOT, CLARY_CGROUP_SELF);
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
    return clary_cpu_has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
#else
    return false;
#endif
}

bool clary_cpu_keeps_its_clock(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("avx512vbmi2");
#else
    return false;
#endif
}
