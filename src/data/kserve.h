/* kserve.h: the Open Inference Protocol's words, for whoever describes a
 * model.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_KSERVE_H
#define CLARY_DATA_KSERVE_H

#include <clary/tensor.h>

/* "FP32" */
const char *clary_kserve_datatype_name(enum clary_dtype dtype);

#endif
