/* fuzz_xgboost.c: any bytes as a model file of XGBoost, in each of its
 * encodings (tree_model.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/learner.h"
#include "tests/fuzz/tree_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (clary_learner_probe(data, size))
        load_and_run("xgboost-model", data, size);
    return 0;
}
