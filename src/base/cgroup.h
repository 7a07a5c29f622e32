/* cgroup.h: the limit that the control groups of this process set.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_CGROUP_H
#define CLARY_BASE_CGROUP_H

#include <stdbool.h>

/* Where the kernel has them. */
#define CLARY_CGROUP_ROOT "/sys/fs/cgroup"
#define CLARY_CGROUP_SELF "/proc/self/cgroup"

/* What one directory of a cgroup says, by its version; 0: no limit. */
struct clary_cgroup_limit {
    const char *controller; /* of version 1: "cpu" */
    double (*v1)(const char *directory);
    double (*v2)(const char *directory);
};

/* The smallest limit of this process's own cgroup and all its parents, below
 * `root`, by the membership file `self`; 0: none. */
double clary_cgroup_smallest(const char *root, const char *self,
                             const struct clary_cgroup_limit *limit);

/* For the callbacks: the first line of DIRECTORY/NAME; false: there is none. */
bool clary_cgroup_line(const char *directory, const char *name, char *line,
                       int line_bytes);

#endif
