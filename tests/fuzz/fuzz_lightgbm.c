/* fuzz_lightgbm.c: any bytes as a LightGBM text model (tree_model.h).
 *
 * The two lines that every model begins with are put in front, since the
 * format is not asked for anything else.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/tree_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char head[] = "tree\nversion=v";
    const size_t len = sizeof head - 1 + size;
    uint8_t *bytes = malloc(len); /* of its size, for AddressSanitizer */

    if (!bytes)
        return 0;
    memcpy(bytes, head, sizeof head - 1);
    if (size > 0)
        memcpy(bytes + sizeof head - 1, data, size);
    load_and_run("model.txt", bytes, len);
    free(bytes);
    return 0;
}
