/* model.h: what an invocation needs of a model, beyond <clary/model.h>.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_INVOKE_MODEL_H
#define CLARY_INVOKE_MODEL_H

#include <clary/invoke.h>
#include <clary/model.h>

#include "program/program.h"

const struct clary_program *clary_model_program(
    const struct clary_model *model);

/* The style that CLARY_STYLE_AUTO means for this model. */
enum clary_style clary_model_style(const struct clary_model *model);

/* Unlike the address, never that of an earlier model that was freed. */
uint64_t clary_model_serial(const struct clary_model *model);

#endif
