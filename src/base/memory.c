/* memory.c: the memory limit of the cgroup.
 *
 *     v2  memory.max              "max", "67108864"
 *     v1  memory.limit_in_bytes   "9223372036854771712" (none), "67108864"
 *
 * Without a limit v1 shows the largest multiple of a page that it can count
 * to, which depends on the page: what no machine has is no limit. memory.high
 * only slows down, and memory.memsw counts swap: neither is read.
 * Source: Linux, Documentation/admin-guide/cgroup-v2.rst and
 * Documentation/admin-guide/cgroup-v1/memory.rst.
 * Tests: tests/unit/test_memory.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/memory.h"

#include "base/cgroup.h"

#include <stdlib.h>

#define UNLIMITED_BYTES 0x1p60

/* 0 is no limit that a running process could have. */
static double read_bytes(const char *directory, const char *name)
{
    char line[64], *end;
    if (!clary_cgroup_line(directory, name, line, sizeof line))
        return 0;
    double bytes = strtod(line, &end); /* "max" has no number in it */
    if (end == line || (*end != '\n' && *end != '\0'))
        return 0;
    return bytes > 0 && bytes < UNLIMITED_BYTES ? bytes : 0;
}

static double limit_v1(const char *directory)
{
    return read_bytes(directory, "memory.limit_in_bytes");
}

static double limit_v2(const char *directory)
{
    return read_bytes(directory, "memory.max");
}

uint64_t clary_memory_limit_in(const char *root, const char *self)
{
    const struct clary_cgroup_limit limit = {"memory", limit_v1, limit_v2};
    return (uint64_t)clary_cgroup_smallest(root, self, &limit);
}

uint64_t clary_memory_limit(void)
{
    return clary_memory_limit_in(CLARY_CGROUP_ROOT, CLARY_CGROUP_SELF);
}
