/* log.h: one JSON line per event, on stderr, each one write().
 *
 *     clary_log(CLARY_LOG_INFO, "ready", (struct clary_log_field[]){
 *         {"port", "8080"}, {NULL, NULL}});
 *
 * threads: any number at once. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_BASE_LOG_H
#define CLARY_BASE_LOG_H

enum clary_log_level {
    CLARY_LOG_DEBUG,
    CLARY_LOG_INFO,
    CLARY_LOG_WARNING,
    CLARY_LOG_ERROR,
    CLARY_LOG_NONE
};

void clary_log_set_level(enum clary_log_level level);

/* "debug", "info", "warning", "error", "none"; -1 for an unknown name. */
int clary_log_level_parse(const char *name);

/* One string member of an event. */
struct clary_log_field {
    const char *key;   /* literal; NULL ends a list */
    const char *value; /* any bytes; written as a JSON string; NULL: left out */
};

/* Writes {"time":"2026-01-31T12:00:00.123Z","level":"info","event":EVENT,
 * KEY:VALUE,...} and LF. Lines over 4 KiB are cut inside the last value that
 * fits and stay valid JSON. Never fails, never allocates; a closed stderr and
 * EAGAIN harm nothing. */
void clary_log(enum clary_log_level level, const char *event,
               const struct clary_log_field *fields);

#endif
