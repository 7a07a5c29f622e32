/* registry.c: one mutex over the state, the model and the count of handles;
 * it is for what happens now and then, as /ping: requests keep their handles.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registry.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct registry {
    pthread_mutex_t mutex; /* over the state, the failure and n_handles */
    pthread_cond_t unused; /* n_handles has become 0 */
    enum registry_state state;
    char failure[CLARY_MESSAGE_BYTES]; /* why, when it has failed */
    size_t n_handles;

    /* written before the state is ready, and read only from then on */
    struct clary_model *owned; /* NULL: none */
    struct registry_model model;
};

struct registry *registry_new(void)
{
    struct registry *registry = calloc(1, sizeof *registry);

    if (registry == NULL)
        return NULL;
    pthread_mutex_init(&registry->mutex, NULL);
    pthread_cond_init(&registry->unused, NULL);
    return registry;
}

void registry_free(struct registry *registry)
{
    if (registry == NULL)
        return;
    pthread_mutex_lock(&registry->mutex);
    while (registry->n_handles > 0)
        pthread_cond_wait(&registry->unused, &registry->mutex);
    pthread_mutex_unlock(&registry->mutex);
    clary_model_free(registry->owned);
    pthread_cond_destroy(&registry->unused);
    pthread_mutex_destroy(&registry->mutex);
    free(registry);
}

static void keep(struct registry *registry, struct clary_model *model,
                 const struct model_pace *pace)
{
    registry->owned = model;
    registry->model.model = model;
    registry->model.pace = *pace;
    clary_model_info(model, &registry->model.info);
    snprintf(registry->model.identity, sizeof registry->model.identity,
             "clary-model=%.12s", registry->model.info.sha256);
}

static void publish_failure(struct registry *registry, const char *reason)
{
    pthread_mutex_lock(&registry->mutex);
    snprintf(registry->failure, sizeof registry->failure, "%s", reason);
    registry->state = REGISTRY_FAILED;
    pthread_mutex_unlock(&registry->mutex);
}

enum clary_status registry_load(struct registry *registry, const char *path,
                                const struct clary_load_options *load,
                                const struct clary_invoke_options *invoke,
                                enum golden_policy golden,
                                struct clary_error *err)
{
    struct clary_model *model = NULL;
    struct model_pace pace;
    enum clary_status status = clary_model_load(path, load, &model, err);

    if (status == CLARY_OK)
        status = warm_up(model, invoke, &pace, err);
    if (status == CLARY_OK)
        status = golden_enforce(model, invoke, golden, err);
    if (status == CLARY_OK) {
        keep(registry, model, &pace);
    } else {
        publish_failure(registry, err->message);
        clary_model_free(model);
    }
    return status;
}

const struct registry_model *registry_loaded(const struct registry *registry)
{
    return &registry->model;
}

void registry_open(struct registry *registry)
{
    pthread_mutex_lock(&registry->mutex);
    registry->state = REGISTRY_READY;
    pthread_mutex_unlock(&registry->mutex);
}

void registry_drain(struct registry *registry)
{
    pthread_mutex_lock(&registry->mutex);
    if (registry->state == REGISTRY_READY)
        registry->state = REGISTRY_DRAINING;
    pthread_mutex_unlock(&registry->mutex);
}

enum registry_state registry_state(struct registry *registry)
{
    pthread_mutex_lock(&registry->mutex);
    enum registry_state state = registry->state;
    pthread_mutex_unlock(&registry->mutex);
    return state;
}

const char *registry_state_text(enum registry_state state)
{
    switch (state) {
    case REGISTRY_LOADING:
        return "loading: the model is not ready yet";
    case REGISTRY_READY:
        return "ready";
    case REGISTRY_DRAINING:
        return "draining: the server is about to stop";
    case REGISTRY_FAILED:
        break;
    }
    return "failed: the model could not be loaded";
}

void registry_reason(struct registry *registry,
                     char text[REGISTRY_REASON_BYTES])
{
    pthread_mutex_lock(&registry->mutex);
    snprintf(text, REGISTRY_REASON_BYTES, "%s%s%s",
             registry_state_text(registry->state),
             registry->failure[0] != '\0' ? ": " : "", registry->failure);
    pthread_mutex_unlock(&registry->mutex);
}

const struct registry_model *registry_acquire(struct registry *registry)
{
    const struct registry_model *model = NULL;

    pthread_mutex_lock(&registry->mutex);
    if (registry->state == REGISTRY_READY ||
        registry->state == REGISTRY_DRAINING) {
        registry->n_handles++;
        model = &registry->model;
    }
    pthread_mutex_unlock(&registry->mutex);
    return model;
}

void registry_release(struct registry *registry,
                      const struct registry_model *model)
{
    (void)model; /* there is one */
    pthread_mutex_lock(&registry->mutex);
    if (--registry->n_handles == 0)
        pthread_cond_broadcast(&registry->unused);
    pthread_mutex_unlock(&registry->mutex);
}
