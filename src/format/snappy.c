/* snappy.c: the raw Snappy format, read only.
 *
 *     block    varint unpacked length | element ...
 *     element  tag (1 byte), whose two low bits say what follows:
 *         0  literal: tag >> 2 is its length - 1, or, from 60 to 63, 1 to 4
 *            bytes follow that hold length - 1; then the literal
 *         1  copy of 4 + (tag >> 2 & 7) bytes, (tag >> 5) * 256 + 1 byte back
 *         2  copy of 1 + (tag >> 2) bytes, 2 bytes say how far back
 *         3  the same with 4 bytes
 *
 * Integers are little-endian. A copy may overlap what it writes. Framing and
 * its checksums are not read: a LevelDB block has its own.
 * Source: Snappy, format_description.txt. Tests: tests/unit/test_snappy.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/snappy.h"

#include <stdint.h>
#include <string.h>

/* The best element is a copy of 64 bytes in 3. */
#define MAX_RATIO 22

struct input {
    const unsigned char *at;
    size_t left;
};

struct output {
    unsigned char *bytes;
    size_t used;
    size_t len;
};

static bool take_number(struct input *input, size_t n_bytes, size_t *value)
{
    if (n_bytes > input->left)
        return false;
    *value = 0;
    for (size_t i = 0; i < n_bytes; i++)
        *value |= (size_t)input->at[i] << (8 * i);
    input->at += n_bytes;
    input->left -= n_bytes;
    return true;
}

/* The length is a varint of 32 bits: 5 bytes at most. */
static bool take_length(struct input *input, size_t *length)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 5 && i < input->left; i++) {
        value |= (uint64_t)(input->at[i] & 0x7F) << (7 * i);
        if (input->at[i] < 0x80) {
            input->at += i + 1;
            input->left -= i + 1;
            *length = (size_t)value;
            return value <= UINT32_MAX;
        }
    }
    return false;
}

static bool literal(struct input *input, struct output *out, unsigned tag)
{
    size_t len = tag >> 2;
    if (len >= 60 && !take_number(input, len - 59, &len))
        return false;
    len += 1;
    if (len > input->left || len > out->len - out->used)
        return false;
    memcpy(out->bytes + out->used, input->at, len);
    out->used += len;
    input->at += len;
    input->left -= len;
    return true;
}

static bool copy(struct input *input, struct output *out, unsigned tag)
{
    size_t len = 1 + (tag >> 2);
    size_t back = 0;
    size_t high = 0;
    size_t offset_bytes = (tag & 3) == 2 ? 2 : 4;
    if ((tag & 3) == 1) {
        len = 4 + (tag >> 2 & 7);
        high = (size_t)(tag >> 5) << 8;
        offset_bytes = 1;
    }
    if (!take_number(input, offset_bytes, &back))
        return false;
    back |= high;
    if (back == 0 || back > out->used || len > out->len - out->used)
        return false;
    for (size_t i = 0; i < len; i++, out->used++) /* it may overlap */
        out->bytes[out->used] = out->bytes[out->used - back];
    return true;
}

bool clary_snappy_unpacked_len(const void *bytes, size_t len, size_t *unpacked)
{
    struct input input = {bytes, len};
    size_t length;
    if (!take_length(&input, &length) || length / MAX_RATIO > input.left)
        return false;
    *unpacked = length;
    return true;
}

bool clary_snappy_unpack(const void *bytes, size_t len, void *out,
                         size_t out_len)
{
    struct input input = {bytes, len};
    struct output output = {out, 0, out_len};
    size_t length;
    if (!take_length(&input, &length) || length != out_len)
        return false;
    while (input.left > 0) {
        unsigned tag = *input.at++;
        input.left--;
        bool is_literal = (tag & 3) == 0;
        if (!(is_literal ? literal : copy)(&input, &output, tag))
            return false;
    }
    return output.used == out_len;
}
