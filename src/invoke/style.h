/* style.h: what a wire style and an Accept header ask of a reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_INVOKE_STYLE_H
#define CLARY_INVOKE_STYLE_H

#include "data/codec.h"

#include <clary/invoke.h>

struct clary_reply_form {
    const struct clary_codec *codec;
    const char *content_type; /* static */
    struct clary_writer_options options;
};

/* Chooses how to answer. `style` is not AUTO; `accept` may be NULL. Never
 * fails: what nobody can write is answered in the style's default, JSON, as
 * TensorFlow Serving's container does. */
void clary_reply_form(enum clary_style style, const char *accept,
                      struct clary_reply_form *form);

#endif
