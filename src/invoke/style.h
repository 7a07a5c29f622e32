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

/* Chooses how to answer. `style` is not AUTO; `accept` and `otherwise`, which
 * goes in where there is no accept or its best is any, may be NULL. Fails in
 * the XGBoost and scikit-learn styles alone, CLARY_NOT_ACCEPTABLE: elsewhere
 * what nobody can write is answered in the style's default, JSON, as
 * TensorFlow Serving's container does. */
enum clary_status clary_reply_form(enum clary_style style, const char *accept,
                                   const char *otherwise,
                                   struct clary_reply_form *form,
                                   struct clary_error *err) CLARY_MUST_USE;

/* The codec that reads a Content-Type; NULL: none does. */
const struct clary_codec *clary_style_reader(enum clary_style style,
                                             const char *content_type);

/* --- style_xgboost.c ------------------------------------------------------ */

/* Has the form written as SageMaker's XGBoost container does. Errors:
 * CLARY_UNSUPPORTED (options->inference_output is not for the model),
 * CLARY_NO_MEMORY. */
enum clary_status clary_xgboost_form(const struct clary_invoke_options *options,
                                     const struct clary_model *model,
                                     struct clary_arena *arena,
                                     struct clary_reply_form *form,
                                     struct clary_error *err) CLARY_MUST_USE;

/* Turns a CLARY_BAD_INPUT into the container's: what `is_read` is refused by
 * the model, anything else is CLARY_UNREADABLE. Returns err->status. */
enum clary_status clary_xgboost_refuse(bool is_read, struct clary_error *err);

#endif
