/* kernel.c: which table of kernels this process uses.
 *
 * The only state is the pointer to it, written by clary_kernels_init before
 * there are threads.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "kernel/kernel.h"

#include "base/cpu.h"
#include "kernel/tables.h"

#include <stdlib.h>
#include <string.h>

static const struct clary_kernels *chosen = &clary_kernels_scalar;

const struct clary_kernels *const *clary_kernels_runnable(void)
{
#if defined(__aarch64__)
    static const struct clary_kernels *const with_neon[] = {
        &clary_kernels_scalar, &clary_kernels_neon, NULL};

    return with_neon;
#else
    static const struct clary_kernels *const portable[] = {
        &clary_kernels_scalar, NULL};
#if defined(__x86_64__)
    static const struct clary_kernels *const with_avx2[] = {
        &clary_kernels_scalar, &clary_kernels_avx2, NULL};
    static const struct clary_kernels *const with_avx512[] = {
        &clary_kernels_scalar, &clary_kernels_avx2, &clary_kernels_avx512,
        NULL};
    static const struct clary_kernels *const with_slow_avx512[] = {
        &clary_kernels_scalar, &clary_kernels_avx512, &clary_kernels_avx2,
        NULL};

    if (clary_cpu_has_avx512())
        return clary_cpu_keeps_its_clock() ? with_avx512 : with_slow_avx512;
    if (clary_cpu_has_avx2())
        return with_avx2;
#endif
    return portable;
#endif
}

enum clary_status clary_kernels_init(struct clary_error *err)
{
    const struct clary_kernels *const *tables = clary_kernels_runnable();
    const char *wanted = getenv("CLARY_CPU");
    char names[64] = "";

    for (size_t i = 0; tables[i]; i++) {
        if (wanted && strcmp(wanted, tables[i]->name) == 0) {
            chosen = tables[i];
            return CLARY_OK;
        }
        strncat(names, i ? ", " : "", sizeof names - strlen(names) - 1);
        strncat(names, tables[i]->name, sizeof names - strlen(names) - 1);
        if (!wanted || !*wanted)
            chosen = tables[i]; /* the last one is the best one */
    }
    if (!wanted || !*wanted)
        return CLARY_OK;
    return clary_fail(err, CLARY_UNSUPPORTED,
                      "CLARY_CPU is \"%s\"; this machine runs: %s", wanted,
                      names);
}

const struct clary_kernels *clary_kernels(void)
{
    return chosen;
}
