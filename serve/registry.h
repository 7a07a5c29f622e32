/* registry.h: the models that are being served, and the server's state.
 *
 * One model for now, which is given back when the server ends. A request
 * object borrows it with a handle and keeps that until it is freed; the
 * registry waits for the last of them.
 *
 *   loading --> ready --> draining
 *      \--> failed
 *
 * threads: any number at once, but load, loaded, open and free belong to the
 * main thread.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_REGISTRY_H
#define SERVE_REGISTRY_H

#include "golden.h"
#include "warm_up.h"

#include <clary/invoke.h>
#include <clary/model.h>
#include <clary/status.h>

enum registry_state {
    REGISTRY_LOADING,
    REGISTRY_READY,
    REGISTRY_DRAINING,
    REGISTRY_FAILED
};

struct registry;

/* A loaded model. Valid until registry_release. */
struct registry_model {
    const struct clary_model *model;
    struct clary_model_info info;
    struct model_pace pace; /* zeros: not known */
    char identity[32];      /* "clary-model=" and 12 hex digits */
};

/* NULL: no memory. */
struct registry *registry_new(void);

/* Waits until no handle is held, then frees the model. NULL is allowed. */
void registry_free(struct registry *registry);

/* Loads `path`, warms the model up and has it prove its golden rows. Nobody
 * can acquire it before registry_open; when it fails, the state is failed.
 * Errors: those of clary_model_load, of warm_up and of golden_enforce. */
enum clary_status registry_load(struct registry *registry, const char *path,
                                const struct clary_load_options *load,
                                const struct clary_invoke_options *invoke,
                                enum golden_policy golden,
                                struct clary_error *err) CLARY_MUST_USE;

/* What registry_load has loaded, for what has to be done before any request:
 * to count, to log, to fence off. Valid as long as the registry. */
const struct registry_model *registry_loaded(const struct registry *registry);

/* Serves what was loaded: the state is ready. */
void registry_open(struct registry *registry);

/* The server is about to end; the model still serves. */
void registry_drain(struct registry *registry);

enum registry_state registry_state(struct registry *registry);

/* A sentence on the state, for clients: "loading: the model is not ready
 * yet". */
const char *registry_state_text(enum registry_state state);

enum { REGISTRY_REASON_BYTES = CLARY_MESSAGE_BYTES + 64 };

/* The same of the present state, with the reason of a failure. */
void registry_reason(struct registry *registry,
                     char text[REGISTRY_REASON_BYTES]);

/* The model, or NULL when there is none (loading, failed). */
const struct registry_model *registry_acquire(struct registry *registry);
void registry_release(struct registry *registry,
                      const struct registry_model *model);

#endif
