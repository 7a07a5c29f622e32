/* layout.h: where in an artifact a SavedModel lies.
 *
 * SageMaker's TensorFlow container takes any directory that holds
 * <digits>/saved_model.pb: "1", "export/Servo/123", "00000123"; the highest
 * number wins, numerically. A saved_model.pb without such a directory is taken
 * too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_FORMAT_TENSORFLOW_LAYOUT_H
#define CLARY_FORMAT_TENSORFLOW_LAYOUT_H

#include "base/artifact.h"

#include <clary/arena.h>

struct clary_layout {
    const char *directory; /* that holds saved_model.pb; "" for the root */
    const char *name;      /* of the model: the version directory's parent,
                            * "model" for the root */
    int64_t version;       /* 1 where no directory states it */
};

/* False when there is no saved_model.pb. `arena` may be NULL for only asking;
 * with one, false also when memory is short. */
bool clary_layout_find(const struct clary_artifact *artifact,
                       struct clary_arena *arena, struct clary_layout *layout);

#endif
