/* test_deflate.c: compressed replies read back as they were, and who takes
 * them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/deflate.h"
#include "tests/test.h"

#include <stdlib.h>
#include <zlib.h>

TEST(who_takes_gzip)
{
    static const char *const takers[] = {"gzip",
                                         "GZIP",
                                         "deflate, gzip",
                                         "br;q=1.0,gzip;q=0.8",
                                         "gzip ; q=0.01",
                                         "x-gzip",
                                         "*",
                                         ",, gzip",
                                         "deflate,*;q=1",
                                         "gzip;q=0.001"};
    static const char *const others[] = {
        "",        "identity", "deflate, br", "gzip;q=0", "gzip; q=0.000",
        "gzipped", "zip",      ",",           "*;q=0"};

    CHECK(!accepts_gzip(NULL));
    for (size_t i = 0; i < sizeof takers / sizeof takers[0]; i++)
        if (!CHECK(accepts_gzip(takers[i])))
            CHECK_STR(takers[i], "taken");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!CHECK(!accepts_gzip(others[i])))
            CHECK_STR(others[i], "refused");
}

/* Compresses in reads of `max` bytes and inflates again. */
static void round_trip(const char *body, size_t len, size_t max)
{
    static char back[1 << 20], piece[65536];
    struct deflater *deflater = deflater_new(body, len);
    z_stream stream = {.next_out = (unsigned char *)back,
                       .avail_out = sizeof back};
    int result = Z_OK;
    ssize_t n;

    if (!CHECK(deflater != NULL))
        return;
    CHECK_INT(inflateInit2(&stream, 31), Z_OK);
    while ((n = deflater_read(deflater, piece, max)) > 0) {
        stream.next_in = (unsigned char *)piece;
        stream.avail_in = (unsigned)n;
        result = inflate(&stream, Z_NO_FLUSH);
        CHECK(result == Z_OK || result == Z_STREAM_END);
        CHECK_INT(stream.avail_in, 0);
    }
    CHECK_INT(n, 0);
    CHECK_INT(result, Z_STREAM_END);
    CHECK_INT(sizeof back - stream.avail_out, len);
    CHECK(memcmp(back, body, len) == 0);
    CHECK_INT(deflater_read(deflater, piece, max), 0);
    inflateEnd(&stream);
    deflater_free(deflater);
}

TEST(read_back)
{
    static char body[500000];
    static const size_t sizes[] = {1,     2,      65535,      65536,
                                   65537, 131072, sizeof body};
    static const size_t reads[] = {1, 100, 8192, 65536};

    /* zeros, then what hardly shrinks */
    for (int is_random = 0; is_random < 2; is_random++) {
        for (size_t i = 0; is_random && i < sizeof body; i++)
            body[i] = (char)((i * 2654435761u) >> 13);
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (size_t k = 0; k < sizeof reads / sizeof reads[0]; k++)
                round_trip(body, sizes[i], reads[k]);
    }
}
