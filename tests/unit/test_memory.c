/* test_memory.c: memory limits of cgroup trees that are built here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/memory.h"
#include "tests/test.h"
#include "tests/unit/cgroup_tree.h"

enum { MIB = 1 << 20 };

/* The limit with `self` as the membership file, and fs as the tree. */
static uint64_t limit_of(const char *self)
{
    tree_put("self", self);
    return clary_memory_limit_in(tree_path("fs"), tree_path("self"));
}

TEST(version_2)
{
    tree_begin();
    tree_put("fs/memory.max", "max\n");
    CHECK_INT(limit_of("0::/\n"), 0);
    tree_put("fs/memory.max", "67108864\n");
    CHECK_INT(limit_of("0::/\n"), 64 * MIB);
    tree_put("fs/memory.high", "1048576\n"); /* slows down, and kills nobody */
    CHECK_INT(limit_of("0::/\n"), 64 * MIB);
    tree_end();
}

TEST(version_2_parents_count)
{
    tree_begin();
    tree_put("fs/a/memory.max", "134217728\n");
    tree_put("fs/a/b/memory.max", "max\n");
    tree_put("fs/a/b/c/memory.max", "268435456\n");
    tree_put("fs/x/memory.max", "1048576\n");
    CHECK_INT(limit_of("0::/a/b/c\n"), 128 * MIB);
    CHECK_INT(limit_of("0::/a/b\n"), 128 * MIB);
    CHECK_INT(limit_of("0::/\n"), 0);
    tree_put("fs/a/b/c/memory.max", "67108864\n");
    CHECK_INT(limit_of("0::/a/b/c\n"), 64 * MIB);
    CHECK_INT(limit_of("0::/a/b\n"), 128 * MIB);
    tree_end();
}

TEST(version_1)
{
    static const char self[] = "12:memory:/docker/abc\n"
                               "4:cpu,cpuacct:/docker/abc\n"
                               "1:name=systemd:/docker/abc\n";
    tree_begin();
    /* none, with pages of 4 and of 64 KiB */
    tree_put("fs/memory/docker/abc/memory.limit_in_bytes",
             "9223372036854771712\n");
    CHECK_INT(limit_of(self), 0);
    tree_put("fs/memory/docker/abc/memory.limit_in_bytes",
             "9223372036854710272\n");
    CHECK_INT(limit_of(self), 0);
    tree_put("fs/memory/docker/abc/memory.limit_in_bytes", "67108864\n");
    CHECK_INT(limit_of(self), 64 * MIB);
    tree_put("fs/memory/docker/memory.limit_in_bytes", "33554432\n");
    CHECK_INT(limit_of(self), 32 * MIB);
    tree_put("fs/memory/memory.limit_in_bytes", "9223372036854771712\n");
    CHECK_INT(limit_of(self), 32 * MIB);
    /* of other controllers nothing is read */
    tree_put("fs/cpu,cpuacct/docker/abc/memory.limit_in_bytes", "4096\n");
    CHECK_INT(limit_of(self), 32 * MIB);
    tree_end();
}

/* Inside a container the path is often the host's, and only the mount, which
 * shows the container's own cgroup, exists. */
TEST(paths_of_the_host)
{
    tree_begin();
    tree_put("fs/memory/memory.limit_in_bytes", "67108864\n");
    CHECK_INT(limit_of("12:memory:/docker/abc\n"), 64 * MIB);
    tree_put("fs/memory.max", "134217728\n");
    CHECK_INT(limit_of("0::/kubepods/pod1/abc\n"), 128 * MIB);
    CHECK_INT(limit_of("12:memory:/docker/abc\n0::/\n"), 64 * MIB);
    tree_put("memory.max", "4096\n"); /* outside of the namespace */
    CHECK_INT(limit_of("0::/../x\n"), 128 * MIB);
    tree_end();
}

TEST(files_that_say_nothing)
{
    static const char *const nonsense[] = {
        "",        "\n",    "abc\n", "0\n",  "-4096\n",
        "64 MB\n", "inf\n", "nan\n", "-1\n", "18446744073709551615\n",
    };

    tree_begin();
    CHECK_INT(clary_memory_limit_in(tree_path("fs"), "/nonexistent"), 0);
    CHECK_INT(limit_of(""), 0);
    CHECK_INT(limit_of("0::/\n"), 0);
    CHECK_INT(limit_of("nonsense\n0:\n::\n:memory:\n"), 0);
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
        tree_put("fs/memory.max", nonsense[i]);
        tree_put("fs/memory/memory.limit_in_bytes", nonsense[i]);
        CHECK_INT(limit_of("0::/\n2:memory:/\n"), 0);
    }
    tree_put("fs/memory/memory.limit_in_bytes", "67108864"); /* no line feed */
    CHECK_INT(limit_of("0::/\n2:memory:/\n"), 64 * MIB);
    tree_end();
}
