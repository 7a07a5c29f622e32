/* gunzip.c: the gzip layer of a tar.gz.
 *
 *     file = member ...      member = 1f 8b, header, deflate data, crc32, size
 *
 * zlib itself instead of libarchive's gzip filter, for three reasons: that
 * filter does not verify the checksum, so that a damaged weight would be
 * served; it unpacks gzip inside gzip inside gzip, so that a small file could
 * keep it busy for hours; and it has no limit. Bytes behind the last member
 * are passed over, as gzip(1) does. Tests: test_artifact_damage.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define ZLIB_CONST /* zlib only reads the input: let its type say so */

#include "base/gunzip.h"

#include <stdlib.h>
#include <zlib.h>

struct clary_gunzip {
    z_stream stream;
    const unsigned char *rest; /* of the input, not yet given to zlib */
    size_t rest_bytes;
    size_t input_bytes;
    size_t allowed_bytes; /* that may still be unpacked */
    bool at_end;
};

#define GZIP_WINDOW_BITS  (15 + 16) /* zlib.h, inflateInit2: gzip only */
#define INPUT_PIECE_BYTES ((size_t)1 << 30) /* avail_in has 32 bits */

bool clary_gunzip_probe(const void *bytes, size_t len)
{
    const unsigned char *magic = bytes;
    return len >= 2 && magic[0] == 0x1F && magic[1] == 0x8B;
}

enum clary_status clary_gunzip_open(const void *bytes, size_t len,
                                    size_t max_unpacked_bytes,
                                    struct clary_gunzip **out,
                                    struct clary_error *err)
{
    struct clary_gunzip *gunzip = calloc(1, sizeof *gunzip);
    if (gunzip == NULL ||
        inflateInit2(&gunzip->stream, GZIP_WINDOW_BITS) != Z_OK) {
        free(gunzip);
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory to unpack gzip data");
    }
    gunzip->rest = bytes;
    gunzip->rest_bytes = len;
    gunzip->input_bytes = len;
    gunzip->allowed_bytes = max_unpacked_bytes;
    *out = gunzip;
    return CLARY_OK;
}

void clary_gunzip_close(struct clary_gunzip *gunzip)
{
    if (gunzip == NULL)
        return;
    inflateEnd(&gunzip->stream);
    free(gunzip);
}

static void refill(struct clary_gunzip *gunzip)
{
    if (gunzip->stream.avail_in > 0)
        return;
    size_t n = gunzip->rest_bytes;
    if (n > INPUT_PIECE_BYTES)
        n = INPUT_PIECE_BYTES;
    gunzip->stream.next_in = gunzip->rest;
    gunzip->stream.avail_in = (uInt)n;
    gunzip->rest += n;
    gunzip->rest_bytes -= n;
}

static size_t input_position(const struct clary_gunzip *gunzip)
{
    return gunzip->input_bytes - gunzip->rest_bytes - gunzip->stream.avail_in;
}

/* After the end of a member: another one, or the end of all. The input is
 * whole and in memory, so the next magic is there if it is anywhere. */
static void next_member(struct clary_gunzip *gunzip)
{
    size_t at = input_position(gunzip);
    size_t left = gunzip->input_bytes - at;
    const unsigned char *input =
        gunzip->rest + gunzip->rest_bytes - gunzip->input_bytes;
    if (clary_gunzip_probe(input + at, left))
        inflateReset(&gunzip->stream);
    else
        gunzip->at_end = true;
}

/* There is always input and room for output, so zlib always makes progress:
 * Z_BUF_ERROR would be a fault like the others. */
static enum clary_status step(struct clary_gunzip *gunzip,
                              struct clary_error *err)
{
    refill(gunzip);
    if (gunzip->stream.avail_in == 0)
        return clary_fail(err, CLARY_BAD_MODEL,
                          "the gzip data is cut off after %zu bytes",
                          gunzip->input_bytes);
    switch (inflate(&gunzip->stream, Z_NO_FLUSH)) {
    case Z_OK:
        return CLARY_OK;
    case Z_STREAM_END:
        next_member(gunzip);
        return CLARY_OK;
    case Z_MEM_ERROR:
        return clary_fail(err, CLARY_NO_MEMORY,
                          "no memory to unpack gzip data");
    default:
        return clary_fail(
            err, CLARY_BAD_MODEL, "the gzip data is damaged near byte %zu: %s",
            input_position(gunzip),
            gunzip->stream.msg != NULL ? gunzip->stream.msg : "unknown form");
    }
}

enum clary_status clary_gunzip_read(struct clary_gunzip *gunzip, void *out,
                                    size_t room, size_t *len,
                                    struct clary_error *err)
{
    if (room > INPUT_PIECE_BYTES)
        room = INPUT_PIECE_BYTES;
    gunzip->stream.next_out = out;
    gunzip->stream.avail_out = (uInt)room;
    while (gunzip->stream.avail_out == room && room > 0 && !gunzip->at_end)
        CLARY_TRY(step(gunzip, err));
    size_t n = room - gunzip->stream.avail_out;
    if (n > gunzip->allowed_bytes)
        return clary_fail(err, CLARY_TOO_LARGE,
                          "the gzip data unpacks to more bytes than allowed");
    gunzip->allowed_bytes -= n;
    *len = n;
    return CLARY_OK;
}
