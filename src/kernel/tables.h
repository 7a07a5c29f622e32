/* tables.h: the tables of kernels, for kernel.c which chooses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_KERNEL_TABLES_H
#define CLARY_KERNEL_TABLES_H

#include "kernel/kernel.h"

extern const struct clary_kernels clary_kernels_scalar;
#if defined(__x86_64__)
extern const struct clary_kernels clary_kernels_avx2; /* needs FMA too */
#endif

#endif
