/* workers.h: threads for work that is too long for an event loop.
 *
 * A queue, first come first served. It takes whatever it is given: how much
 * that may be is decided before (admission.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_WORKERS_H
#define SERVE_WORKERS_H

#include <clary/status.h>

#include <stdbool.h>
#include <stddef.h>

struct workers;

/* A piece of work, inside an object of the caller's. It is out of the queue
 * when one of the two is called. */
struct work {
    struct work *next;
    /* In a worker's thread. `others_wait`: the queue is not empty. */
    void (*run)(struct work *work, bool others_wait);
    /* Instead of run, when the workers stop; must not submit. */
    void (*cancel)(struct work *work);
};

/* Starts the threads. Call with the signals blocked that they must not get.
 * Errors: CLARY_NO_MEMORY, CLARY_IO. */
enum clary_status workers_start(size_t n_threads, struct workers **out,
                                struct clary_error *err) CLARY_MUST_USE;

/* False: the workers have been stopped. Any thread. */
bool workers_submit(struct workers *workers, struct work *work);

/* Calls task(argument, part) once for each part < n_parts, in this thread and
 * in workers that have nothing else to do, and returns when all have returned.
 * Any thread; `context` is a struct workers (as struct clary_team wants it). */
void workers_share(void *context, size_t n_parts,
                   void (*task)(void *argument, size_t part), void *argument);

/* Cancels what waits, lets what runs finish, and ends the threads. From then
 * on nothing can be submitted. NULL is allowed. */
void workers_stop(struct workers *workers);

/* After workers_stop. NULL is allowed. */
void workers_free(struct workers *workers);

#endif
