/* bench_math.c: the elementwise functions of the kernels and libm's.
 *
 *   own    the chosen table (CLARY_CPU=scalar for the specification)
 *   libm   the float function of the C library, value by value; of sigmoid,
 *          softplus, elu and selu their equation in them
 *
 * Nanoseconds a value of CPU time, of 4,096 values between -6 and 6 (log and
 * log1p: 0 and 12): medians of rounds, each of which runs both one after the
 * other, so that the ratios hold on a machine whose clock wanders.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bench/timing.h"
#include "kernel/kernel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 4096, ROUNDS = 31, REPEATS = 8 };

static float sigmoid(float v)
{
    return 1 / (1 + expf(-v));
}

static float softplus(float v)
{
    return log1pf(expf(v));
}

static float elu(float v)
{
    return v < 0 ? 0.75f * (expf(v) - 1) : v;
}

static float selu(float v)
{
    return v < 0 ? 1.7580993f * (expf(v) - 1) : 1.0507010f * v;
}

static const struct {
    const char *name;
    float (*libm)(float);
} functions[CLARY_FUNCTIONS] = {
    [CLARY_EXP] = {"exp", expf},
    [CLARY_EXPM1] = {"expm1", expm1f},
    [CLARY_LOG] = {"log", logf},
    [CLARY_LOG1P] = {"log1p", log1pf},
    [CLARY_SIGMOID] = {"sigmoid", sigmoid},
    [CLARY_TANH] = {"tanh", tanhf},
    [CLARY_ERF] = {"erf", erff},
    [CLARY_SOFTPLUS] = {"softplus", softplus},
    [CLARY_ELU] = {"elu", elu},
    [CLARY_SELU] = {"selu", selu},
};

static void measure(enum clary_function f)
{
    static float x[COUNT], y[COUNT];
    double own[ROUNDS], libm[ROUNDS];
    const bool is_log = f == CLARY_LOG || f == CLARY_LOG1P;

    for (size_t i = 0; i < COUNT; i++) {
        const float share = (float)(i * 2654435761U % 65536) / 65536;

        x[i] = 12 * share - (is_log ? 0 : 6);
    }
    for (size_t round = 0; round < ROUNDS; round++) {
        double start = now_ns();

        for (size_t r = 0; r < REPEATS; r++)
            clary_kernels()->maps[f](x, COUNT, 0.75f, y);
        own[round] = (now_ns() - start) / (COUNT * REPEATS);
        start = now_ns();
        for (size_t r = 0; r < REPEATS; r++)
            for (size_t i = 0; i < COUNT; i++)
                y[i] = functions[f].libm(x[i]);
        libm[round] = (now_ns() - start) / (COUNT * REPEATS);
    }
    const double own_ns = median(own, ROUNDS), libm_ns = median(libm, ROUNDS);
    printf("%-10s %8.2f %8.2f %8.1f\n", functions[f].name, own_ns, libm_ns,
           libm_ns / own_ns);
}

int main(void)
{
    struct clary_error err;

    if (clary_kernels_init(&err) != CLARY_OK) {
        fprintf(stderr, "bench_math: %s\n", err.message);
        return 1;
    }
    printf("elementwise functions, %s\n", clary_kernels()->name);
    printf("%-10s %8s %8s %8s\n", "", "own ns", "libm", "libm/own");
    for (enum clary_function f = 0; f < CLARY_FUNCTIONS; f++)
        measure(f);
    return 0;
}
