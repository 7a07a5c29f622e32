/* init.c: what a process does once, before its threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/gemm.h"
#include "kernel/kernel.h"

#include <clary/clary.h>

#include <stdio.h>

/* Written by clary_init, before there are threads. */
static char description[256] = "not initialised";

enum clary_status clary_init(size_t n_threads, struct clary_error *err)
{
    CLARY_TRY(clary_kernels_init(err));
    CLARY_TRY(clary_gemm_init(n_threads, err));
    snprintf(description, sizeof description, "%s; %s", clary_kernels()->name,
             clary_gemm_description());
    return CLARY_OK;
}

const char *clary_kernels_description(void)
{
    return description;
}
