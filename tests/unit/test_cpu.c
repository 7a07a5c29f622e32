/* test_cpu.c: quotas of cgroup trees that are built here, and what must hold
 * on any machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/cpu.h"
#include "tests/test.h"
#include "tests/unit/cgroup_tree.h"

#include <sched.h>

/* The quota with `self` as the membership file, and fs as the tree. */
static double quota_of(const char *self)
{
    tree_put("self", self);
    return clary_cpu_quota(tree_path("fs"), tree_path("self"));
}

TEST(version_2)
{
    tree_begin();
    tree_put("fs/cpu.max", "max 100000\n");
    CHECK_NEAR(quota_of("0::/\n"), 0, 0);
    tree_put("fs/cpu.max", "150000 100000\n");
    CHECK_NEAR(quota_of("0::/\n"), 1.5, 0);
    tree_put("fs/cpu.max", "50000 100000\n");
    CHECK_NEAR(quota_of("0::/\n"), 0.5, 0);
    tree_end();
}

TEST(version_2_parents_count)
{
    tree_begin();
    tree_put("fs/a/cpu.max", "200000 100000\n");
    tree_put("fs/a/b/cpu.max", "max 100000\n");
    tree_put("fs/a/b/c/cpu.max", "800000 100000\n");
    tree_put("fs/x/cpu.max", "10000 100000\n");
    CHECK_NEAR(quota_of("0::/a/b/c\n"), 2, 0);
    CHECK_NEAR(quota_of("0::/a/b\n"), 2, 0);
    CHECK_NEAR(quota_of("0::/\n"), 0, 0);
    tree_put("fs/a/b/c/cpu.max", "100000 100000\n");
    CHECK_NEAR(quota_of("0::/a/b/c\n"), 1, 0);
    CHECK_NEAR(quota_of("0::/a/b\n"), 2, 0);
    tree_end();
}

TEST(version_1)
{
    static const char self[] = "12:memory:/docker/abc\n"
                               "4:cpu,cpuacct:/docker/abc\n"
                               "3:cpuset:/docker/abc\n"
                               "1:name=systemd:/docker/abc\n";
    tree_begin();
    tree_put("fs/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "-1\n");
    tree_put("fs/cpu,cpuacct/docker/abc/cpu.cfs_period_us", "100000\n");
    CHECK_NEAR(quota_of(self), 0, 0);
    tree_put("fs/cpu,cpuacct/docker/abc/cpu.cfs_quota_us", "250000\n");
    CHECK_NEAR(quota_of(self), 2.5, 0);
    tree_put("fs/cpu,cpuacct/docker/cpu.cfs_quota_us", "100000\n");
    tree_put("fs/cpu,cpuacct/docker/cpu.cfs_period_us", "50000\n");
    CHECK_NEAR(quota_of(self), 2, 0);
    /* of other controllers, "cpuset" among them, nothing is read */
    tree_put("fs/cpuset/docker/abc/cpu.cfs_quota_us", "1000\n");
    tree_put("fs/cpuset/docker/abc/cpu.cfs_period_us", "100000\n");
    CHECK_NEAR(quota_of(self), 2, 0);
    tree_end();
}

/* Inside a container the path is often the host's, and only the mount, which
 * shows the container's own cgroup, exists. */
TEST(paths_of_the_host)
{
    tree_begin();
    tree_put("fs/cpu/cpu.cfs_quota_us", "300000\n");
    tree_put("fs/cpu/cpu.cfs_period_us", "100000\n");
    CHECK_NEAR(quota_of("4:cpu,cpuacct:/docker/abc\n"), 3, 0);
    tree_put("fs/cpu.max", "400000 100000\n");
    CHECK_NEAR(quota_of("0::/kubepods/pod1/abc\n"), 4, 0);
    CHECK_NEAR(quota_of("4:cpu,cpuacct:/docker/abc\n0::/\n"), 3, 0);
    /* outside of the namespace: never read above the root */
    tree_put("cpu.max", "1000 100000\n");
    CHECK_NEAR(quota_of("0::/..\n"), 4, 0);
    CHECK_NEAR(quota_of("0::/../../x\n"), 4, 0);
    tree_end();
}

TEST(files_that_say_nothing)
{
    char longest[6000];
    tree_begin();
    CHECK_NEAR(clary_cpu_quota(tree_path("fs"), "/nonexistent"), 0, 0);
    CHECK_NEAR(quota_of(""), 0, 0);
    CHECK_NEAR(quota_of("0::/\n"), 0, 0);
    CHECK_NEAR(quota_of("nonsense\n0:\n::\n:cpu:\n"), 0, 0);
    tree_put("fs/cpu.max", "");
    CHECK_NEAR(quota_of("0::/\n"), 0, 0);
    tree_put("fs/cpu.max", "100000\n");
    CHECK_NEAR(quota_of("0::/\n"), 0, 0);
    tree_put("fs/cpu.max", "100000 0\n");
    CHECK_NEAR(quota_of("0::/\n"), 0, 0);
    tree_put("fs/cpu.max", "-100000 100000\n");
    CHECK_NEAR(quota_of("0::/\n"), 0, 0);
    tree_put("fs/cpu.max", "100000 100000\n");
    memset(longest, 'x', sizeof longest);
    memcpy(longest, "0::/", 4);
    longest[sizeof longest - 1] = '\0';
    CHECK_NEAR(quota_of(longest), 0, 0);
    tree_end();
}

TEST(count_follows_the_affinity_mask)
{
    cpu_set_t old, one;
    size_t all = clary_cpu_count();
    CHECK(all >= 1);
    if (!CHECK_INT(sched_getaffinity(0, sizeof old, &old), 0))
        return;
    CHECK(all <= (size_t)CPU_COUNT(&old));
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &old)) {
            CPU_SET(cpu, &one);
            break;
        }
    CHECK_INT(sched_setaffinity(0, sizeof one, &one), 0);
    CHECK_INT(clary_cpu_count(), 1);
    CHECK_INT(sched_setaffinity(0, sizeof old, &old), 0);
    CHECK_INT(clary_cpu_count(), all);
}

/* The flags line of the kernel names what the CPU has. */
static bool kernel_names(const char *flag)
{
    static char line[1 << 14];
    char word[64];
    bool found = false;
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL)
        return false;
    snprintf(word, sizeof word, " %s ", flag);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        size_t len = strcspn(line, "\n");
        memcpy(line + len, " ", 2);
        found = strncmp(line, "flags", 5) == 0 && strstr(line, word) != NULL;
    }
    fclose(file);
    return found;
}

TEST(features)
{
    CHECK_INT(clary_cpu_has_avx2(),
              kernel_names("avx2") && kernel_names("fma"));
    CHECK_INT(clary_cpu_has_avx512(),
              kernel_names("avx512f") && kernel_names("avx512bw") &&
                  kernel_names("avx512dq") && kernel_names("avx512vl"));
    CHECK_INT(clary_cpu_keeps_its_clock(), kernel_names("avx512_vbmi2"));
}
