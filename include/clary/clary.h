/* clary.h: all of clary's library.
 *
 *     struct clary_error err;
 *     struct clary_model *model;
 *     struct clary_invoke *invoke = clary_invoke_new(NULL);
 *     struct clary_request request = {"text/csv", NULL};
 *     struct clary_reply reply;
 *
 *     if (clary_init(1, &err) != CLARY_OK ||
 *         clary_model_load("model.tar.gz", NULL, &model, &err) != CLARY_OK ||
 *         clary_invoke(invoke, model, &request, csv, csv_len, &reply, &err)
 *             != CLARY_OK)
 *         fprintf(stderr, "%s\n", err.message);
 *
 * The library knows tensors and no HTTP; the program in serve/ knows HTTP and
 * no tensors. Headers, from the bottom up: status.h (errors), arena.h
 * (memory), tensor.h (shapes and signatures), model.h (loading), invoke.h
 * (predicting).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_H
#define CLARY_H

#include <clary/arena.h>
#include <clary/invoke.h>
#include <clary/model.h>
#include <clary/status.h>
#include <clary/tensor.h>

#define CLARY_VERSION "0.1.0"

/* Once a process, before any other call and before it starts threads.
 * Chooses the kernels (CLARY_CPU overrides) and sets OpenBLAS to one thread a
 * call.
 *
 *   n_threads  threads that will run models at once
 *   errors     CLARY_UNSUPPORTED: CLARY_CPU names kernels that this machine
 *              cannot run, or n_threads > 1 with an OpenBLAS that was built
 *              without threads (it returns wrong products then)
 */
enum clary_status clary_init(size_t n_threads, struct clary_error *err)
    CLARY_MUST_USE __attribute__((nonnull));

/* "avx2; OpenBLAS 0.3.21 ... Zen", for the start-up log line. Static. */
const char *clary_kernels_description(void);

#endif
