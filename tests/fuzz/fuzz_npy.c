/* fuzz_npy.c: a body of application/x-npy in one piece and in many (reading.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/models.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return read_both_ways(&clary_codec_npy, choose, data, size);
}
