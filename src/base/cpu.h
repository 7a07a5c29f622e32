/* cpu.h: what this process may use of the machine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_CPU_H
#define CLARY_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>

/* Threads that can run at once: the smaller of the affinity mask and the
 * cgroup quota (v2 cpu.max, v1 cpu.cfs_quota_us / cpu.cfs_period_us, of this
 * process's own cgroup and its parents; rounded up), at least 1. Never the
 * host's count: several containers may share a host. */
size_t clary_cpu_count(void);

/* Quota in cores of a cgroup tree below `root` ("/sys/fs/cgroup") for the
 * membership file `self` ("/proc/self/cgroup"); 0: no limit. For tests. */
double clary_cpu_quota(const char *root, const char *self);

/* x86-64: AVX2, FMA, BMI 1 and 2, POPCNT (all since Haswell and Zen); besides,
 * AVX-512 F, BW, DQ and VL. False elsewhere. */
bool clary_cpu_has_avx2(void);
bool clary_cpu_has_avx512(void);

/* Whether 512 bits now and then cost nothing else: CPUs before Ice Lake (those
 * without VBMI2) lower the clock of all that runs for some half a millisecond
 * after each use, those since then little or not at all. */
bool clary_cpu_keeps_its_clock(void);

#endif
