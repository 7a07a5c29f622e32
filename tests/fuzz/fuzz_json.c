/* fuzz_json.c: a body of JSON in one piece and in many (reading.h).
 * application/jsonlines has the same reader.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/models.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return read_both_ways(&clary_codec_json, choose, data, size);
}
