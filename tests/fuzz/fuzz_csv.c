/* fuzz_csv.c: a body of text/csv in one piece and in many (reading.h).
 *
 * The first byte chooses the model's inputs, the header's mode, whether empty
 * cells are missing values and whether the reader is pythonic.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/fuzz/reading.h"

static const struct clary_field one[] = {{"x", CLARY_DTYPE_F32, {1, {1}}, 1}};
static const struct clary_field three[] = {{"x", CLARY_DTYPE_F32, {1, {3}}, 3}};
static const struct clary_field names[] = {{"a", CLARY_DTYPE_F32, {1, {1}}, 1},
                                           {"b", CLARY_DTYPE_F64, {0, {0}}, 1}};
static const struct clary_field mixed[] = {{"a", CLARY_DTYPE_I8, {1, {2}}, 2},
                                           {"b", CLARY_DTYPE_BOOL, {1, {1}}, 1},
                                           {"c", CLARY_DTYPE_I64, {1, {1}}, 1}};

static const struct {
    const struct clary_field *fields;
    size_t n_fields;
} models[] = {{one, 1}, {three, 1}, {names, 2}, {mixed, 3}};

static struct choice choose(uint8_t byte)
{
    static const enum clary_csv_header modes[] = {
        CLARY_CSV_HEADER_AUTO, CLARY_CSV_HEADER_PRESENT,
        CLARY_CSV_HEADER_ABSENT, CLARY_CSV_HEADER_AUTO};
    return (struct choice){.fields = models[byte % 4].fields,
                           .n_fields = models[byte % 4].n_fields,
                           .header = modes[byte / 4 % 4],
                           .missing_is_nan = byte / 16 % 2,
                           .pythonic = byte / 32 % 2};
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return read_both_ways(&clary_codec_csv, choose, data, size);
}
