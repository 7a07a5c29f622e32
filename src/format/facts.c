/* facts.c: what an artifact says of itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/format.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { VALUE_BYTES = 256 }; /* longer values are cut */

enum clary_status clary_loading_tell(struct clary_loading *loading,
                                     struct clary_error *err, const char *name,
                                     const char *format, ...)
{
    struct clary_fact *fact = &loading->facts[loading->n_facts];
    char text[VALUE_BYTES];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (loading->n_facts == CLARY_FACTS_MAX)
        return clary_fail(err, CLARY_INTERNAL, "too many facts: %s", name);
    fact->name = name;
    fact->value = clary_arena_strndup(loading->arena, text, strlen(text));
    if (!fact->value)
        return clary_no_memory(err);
    loading->n_facts++;
    return CLARY_OK;
}
