/* attributes.h: X-Amzn-SageMaker-Custom-Attributes: as SageMaker's TensorFlow
 * container reads it, and our own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SERVE_ATTRIBUTES_H
#define SERVE_ATTRIBUTES_H

#include <clary/invoke.h>
#include <clary/status.h>

#include <stdint.h>

/* Whether the attributes ask for this model and for a prediction. Anything but
 * tfs-model-name, tfs-model-version and tfs-method is somebody else's and
 * passed over.
 *
 *   header   as sent
 *   errors   CLARY_BAD_INPUT (a value that cannot be one), CLARY_NOT_FOUND
 *            (another model or version)
 */
enum clary_status attributes_check(const char *header, const char *model_name,
                                   int64_t model_version,
                                   struct clary_error *err) CLARY_MUST_USE;

/* Reads the attributes that begin with "clary-": clary-explain=shap.
 *
 *   header   as sent
 *   errors   CLARY_BAD_INPUT (another name or value; foreign attributes are
 *            passed over)
 */
enum clary_status attributes_explain(const char *header,
                                     enum clary_explain *explain,
                                     struct clary_error *err) CLARY_MUST_USE;

#endif
