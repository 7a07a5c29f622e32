/* settings.h: the table of settings, for config.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_SETTINGS_H
#define SERVE_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum setting_kind { TEXT, NUMBER, CHOICE };

struct setting {
    const char *name;
    enum setting_kind kind;
    size_t member;                       /* offset in struct config */
    bool (*is_known)(const char *value); /* of a TEXT; NULL: any will do */
    const char *expected;                /* what is known */
    const char *unit;                    /* of a NUMBER; NULL: none */
    int64_t min, max;                    /* of a NUMBER */
    const char *const *words; /* of a CHOICE, in the order of its enum; the
                               * first one stands for `min` */
    bool any_case;            /* of its words */
    const char *fallback;     /* what holds without it, as it would be set;
                               * NULL: `otherwise` says what happens */
    const char *otherwise;
    const char *help;
};

/* Where two variables set one member the later one wins. */
extern const struct setting settings[];
extern const size_t n_settings;

#endif
