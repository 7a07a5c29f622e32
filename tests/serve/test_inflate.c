/* test_inflate.c: compressed bodies, whole and in any pieces; damaged, cut
 * short, followed by rubbish, and bombs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "serve/inflate.h"
#include "tests/test.h"

#include <stdlib.h>
#include <zlib.h>

enum { WINDOW_GZIP = 31, WINDOW_ZLIB = 15, WINDOW_BARE = -15 };

struct text {
    char *bytes;
    size_t len;
    size_t max; /* more than that is not taken */
};

static bool take(void *context, const char *bytes, size_t len)
{
    struct text *text = context;

    if (text->len + len > text->max)
        return false;
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
    return true;
}

static size_t compress_as(int window, const char *bytes, size_t len, char *to,
                          size_t size)
{
    z_stream stream = {0};

    CHECK_INT(deflateInit2(&stream, 6, Z_DEFLATED, window, 8, 0), Z_OK);
    memcpy(&stream.next_in, &bytes, sizeof bytes); /* only read */
    stream.avail_in = (unsigned)len;
    stream.next_out = (unsigned char *)to;
    stream.avail_out = (unsigned)size;
    CHECK_INT(deflate(&stream, Z_FINISH), Z_STREAM_END);
    deflateEnd(&stream);
    return size - stream.avail_out;
}

/* Numbers that do not repeat much. */
static void fill(char *bytes, size_t len)
{
    unsigned state = 1;

    for (size_t i = 0; i < len; i++) {
        state = state * 1103515245 + 12345;
        bytes[i] = "0123456789,.\n"[(state >> 16) % 13];
    }
}

/* Inflates in pieces of `piece` bytes into `text`. */
static enum clary_status inflate_all(struct inflater *inflater,
                                     const char *bytes, size_t len,
                                     size_t piece, struct text *text,
                                     struct clary_error *err)
{
    text->len = 0;
    for (size_t i = 0; i < len; i += piece)
        CLARY_TRY(inflater_feed(inflater, bytes + i,
                                len - i < piece ? len - i : piece, take, text,
                                err));
    return inflater_finish(inflater, err);
}

static char plain[100000], packed[200000], out[8 << 20];

TEST(codings)
{
    CHECK_INT(content_coding_parse(NULL), CODING_IDENTITY);
    CHECK_INT(content_coding_parse(""), CODING_IDENTITY);
    CHECK_INT(content_coding_parse("identity"), CODING_IDENTITY);
    CHECK_INT(content_coding_parse("gzip"), CODING_GZIP);
    CHECK_INT(content_coding_parse(" GZip \t"), CODING_GZIP);
    CHECK_INT(content_coding_parse("x-gzip"), CODING_GZIP);
    CHECK_INT(content_coding_parse("Deflate"), CODING_DEFLATE);
    CHECK_INT(content_coding_parse("br"), CODING_UNKNOWN);
    CHECK_INT(content_coding_parse("gzip, gzip"), CODING_UNKNOWN);
    CHECK_INT(content_coding_parse("gzi"), CODING_UNKNOWN);
}

TEST(any_frame_in_any_pieces)
{
    static const struct {
        enum content_coding coding;
        int window;
    } cases[] = {{CODING_GZIP, WINDOW_GZIP},
                 {CODING_DEFLATE, WINDOW_ZLIB},
                 {CODING_DEFLATE, WINDOW_BARE}};
    static const size_t pieces[] = {1, 2, 7, 1000, 8192, sizeof packed};
    struct inflater *inflater = inflater_new();
    struct text text = {.bytes = out, .max = sizeof out};
    struct clary_error err;

    if (!CHECK(inflater != NULL))
        return;
    fill(plain, sizeof plain);
    for (size_t i = 0; i < 3; i++) {
        size_t len = compress_as(cases[i].window, plain, sizeof plain, packed,
                                 sizeof packed);
        for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++) {
            inflater_begin(inflater, cases[i].coding, 200);
            CHECK_STATUS(
                inflate_all(inflater, packed, len, pieces[k], &text, &err),
                CLARY_OK);
            CHECK_INT(text.len, sizeof plain);
            CHECK(memcmp(out, plain, sizeof plain) == 0);
        }
    }
    inflater_free(inflater);
}

TEST(several_members)
{
    struct inflater *inflater = inflater_new();
    struct text text = {.bytes = out, .max = sizeof out};
    struct clary_error err;
    size_t len = compress_as(WINDOW_GZIP, "1,2\n", 4, packed, 100);

    len += compress_as(WINDOW_GZIP, "", 0, packed + len, 100);
    len += compress_as(WINDOW_GZIP, "3,4\n", 4, packed + len, 100);
    for (size_t piece = 1; piece <= len; piece++) {
        inflater_begin(inflater, CODING_GZIP, 0);
        CHECK_STATUS(inflate_all(inflater, packed, len, piece, &text, &err),
                     CLARY_OK);
        CHECK_INT(text.len, 8);
        CHECK(memcmp(out, "1,2\n3,4\n", 8) == 0);
    }
    /* deflate has no members: bytes behind the end are an error */
    len = compress_as(WINDOW_ZLIB, "1,2\n", 4, packed, 100);
    packed[len] = 'x';
    inflater_begin(inflater, CODING_DEFLATE, 0);
    CHECK_STATUS(inflate_all(inflater, packed, len + 1, 3, &text, &err),
                 CLARY_BAD_INPUT);
    inflater_free(inflater);
}

TEST(cut_short_and_damaged)
{
    struct inflater *inflater = inflater_new();
    struct text text = {.bytes = out, .max = sizeof out};
    struct clary_error err;

    fill(plain, 500);
    size_t len = compress_as(WINDOW_GZIP, plain, 500, packed, sizeof packed);
    inflater_begin(inflater, CODING_GZIP, 200);
    CHECK_STATUS(inflater_finish(inflater, &err), CLARY_OK);
    for (size_t cut = 1; cut < len; cut++) {
        inflater_begin(inflater, CODING_GZIP, 200);
        CHECK_STATUS(inflate_all(inflater, packed, cut, 64, &text, &err),
                     CLARY_BAD_INPUT);
    }
    /* a changed bit is found, at the latest by the checksum; but for those of
     * the head that say nothing about the data: flags, time, system */
    for (size_t i = 0; i < len; i++) {
        packed[i] ^= 0x10;
        inflater_begin(inflater, CODING_GZIP, 200);
        enum clary_status status =
            inflate_all(inflater, packed, len, 64, &text, &err);
        if (i < 3 || i >= 10)
            CHECK_STATUS(status, CLARY_BAD_INPUT);
        packed[i] ^= 0x10;
    }
    /* rubbish behind the end */
    packed[len] = 'x';
    inflater_begin(inflater, CODING_GZIP, 200);
    CHECK_STATUS(inflate_all(inflater, packed, len + 1, 64, &text, &err),
                 CLARY_BAD_INPUT);
    inflater_free(inflater);
}

TEST(bombs)
{
    static char zeros[8 << 20];
    struct inflater *inflater = inflater_new();
    struct text text = {.bytes = out, .max = sizeof out};
    struct clary_error err;
    size_t len =
        compress_as(WINDOW_GZIP, zeros, sizeof zeros, packed, sizeof packed);

    inflater_begin(inflater, CODING_GZIP, 200);
    CHECK_STATUS(inflate_all(inflater, packed, len, 2048, &text, &err),
                 CLARY_TOO_LARGE);
    CHECK(strstr(err.message, "200 times") != NULL);
    CHECK(text.len < 2 << 20);
    inflater_begin(inflater, CODING_GZIP, 0);
    CHECK_STATUS(inflate_all(inflater, packed, len, 2048, &text, &err),
                 CLARY_OK);
    CHECK_INT(text.len, sizeof zeros);
    /* less than the first MiB may have any ratio */
    len = compress_as(WINDOW_GZIP, zeros, 1 << 20, packed, sizeof packed);
    inflater_begin(inflater, CODING_GZIP, 1);
    CHECK_STATUS(inflate_all(inflater, packed, len, 2048, &text, &err),
                 CLARY_OK);
    /* whoever takes the bytes can stop */
    text.max = 1000;
    text.len = 0;
    inflater_begin(inflater, CODING_GZIP, 200);
    CHECK_STATUS(inflater_feed(inflater, packed, len, take, &text, &err),
                 CLARY_OK);
    CHECK_INT(text.len, 0);
    inflater_free(inflater);
}
