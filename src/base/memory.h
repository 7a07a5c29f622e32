/* memory.h: how much memory this process may use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_MEMORY_H
#define CLARY_BASE_MEMORY_H

#include <stdint.h>

/* Bytes that the cgroup of this process, or one of its parents, may use; past
 * that the kernel kills. v2 memory.max, v1 memory.limit_in_bytes. 0: no limit.
 * What the machine itself has is no limit here. */
uint64_t clary_memory_limit(void);

/* The same of a cgroup tree below `root` for the membership file `self`. For
 * tests. */
uint64_t clary_memory_limit_in(const char *root, const char *self);

#endif
