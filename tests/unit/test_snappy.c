/* test_snappy.c: Snappy blocks and crc32c, which LevelDB tables are made of.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/crc32c.h"
#include "format/snappy.h"
#include "tests/leveldb_writer.h"
#include "tests/test.h"

/* --- checksums */

static uint32_t slow_crc32c(const unsigned char *bytes, size_t len)
{
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0x82F63B78) : 0);
    }
    return ~crc;
}

TEST(crc32c)
{
    unsigned char bytes[256];
    for (size_t i = 0; i < 256; i++)
        bytes[i] = (unsigned char)(255 - i);
    CHECK_INT(clary_crc32c(0, "123456789", 9), 0xE3069283); /* RFC 3720 */
    CHECK_INT(clary_crc32c(0, NULL, 0), 0);
    for (size_t len = 0; len <= 256; len++)
        CHECK_INT(clary_crc32c(0, bytes, len), slow_crc32c(bytes, len));
    CHECK_INT(clary_crc32c(clary_crc32c(0, bytes, 100), bytes + 100, 156),
              slow_crc32c(bytes, 256));
    CHECK_INT(clary_crc32c_unmask(writer_mask(0x12345678)), 0x12345678);
    CHECK_INT(clary_crc32c_unmask(writer_mask(0xFFFFFFFF)), 0xFFFFFFFF);
}

/* --- Snappy */

static bool unpacks_to(const char *packed, size_t len, const char *plain)
{
    char out[4096];
    size_t out_len;
    return clary_snappy_unpacked_len(packed, len, &out_len) &&
           out_len == strlen(plain) &&
           clary_snappy_unpack(packed, len, out, out_len) &&
           memcmp(out, plain, out_len) == 0;
}

#define UNPACKS(packed, plain) unpacks_to((packed), sizeof(packed) - 1, (plain))

TEST(snappy_elements)
{
    CHECK(UNPACKS("\x00", ""));
    CHECK(UNPACKS("\x03\x08"
                  "abc",
                  "abc"));
    /* literal, then the copies of 1, 2 and 4 bytes of offset */
    CHECK(UNPACKS("\x0A\x08"
                  "abc"
                  "\x0D\x03",
                  "abcabcabca"));
    CHECK(UNPACKS("\x06\x04"
                  "ab"
                  "\x0E\x01\x00",
                  "abbbbb"));
    CHECK(UNPACKS("\x06\x04"
                  "ab"
                  "\x0F\x02\x00\x00\x00",
                  "ababab"));
    /* a literal whose length takes 1 byte, and 4 */
    CHECK(UNPACKS("\x03\xF0\x02"
                  "abc",
                  "abc"));
    CHECK(UNPACKS("\x03\xFC\x02\x00\x00\x00"
                  "abc",
                  "abc"));
}

TEST(snappy_damage)
{
    char out[64];
    CHECK(!UNPACKS("", ""));                     /* no length */
    CHECK(!UNPACKS("\x80\x80\x80\x80\x80", "")); /* an endless one */
    CHECK(!UNPACKS("\x04\x08"
                   "abc",
                   "abcd")); /* fewer than it says */
    CHECK(!UNPACKS("\x02\x08"
                   "abc",
                   "ab")); /* more than it says */
    CHECK(!UNPACKS("\x03\x08"
                   "ab",
                   "abc"));             /* literal cut off */
    CHECK(!UNPACKS("\x03\xF0", "abc")); /* its length cut off */
    CHECK(!UNPACKS("\x06\x04"
                   "ab"
                   "\x0E\x03\x00",
                   "ababab")); /* back past the start */
    CHECK(!UNPACKS("\x06\x04"
                   "ab"
                   "\x0E\x00\x00",
                   "ababab")); /* back by nothing */
    CHECK(!UNPACKS("\x06\x04"
                   "ab"
                   "\x0E\x02",
                   "ababab")); /* offset cut off */
    CHECK(!UNPACKS("\x03\xFC\xFF\xFF\xFF\xFF"
                   "abc",
                   "abc"));
    /* says 2 GB, has 1 byte */
    size_t len;
    CHECK(!clary_snappy_unpacked_len("\xFF\xFF\xFF\xFF\x07\x00", 6, &len));
    CHECK(!clary_snappy_unpack("\x03\x08"
                               "abc",
                               5, out, 4));
}
