/* inflate.c: gzip (RFC 1952, any number of members) and deflate, which RFC
 * 9110 means as the zlib format (RFC 1950) and some clients send without its
 * frame (RFC 1951). A zlib frame begins with a byte whose low half is 8; as
 * the first byte of a bare stream that would be a stored block with a padding
 * bit set, which no encoder writes.
 *
 * A small body can inflate to a thousand times its size. The ratio is limited
 * here, the size by whoever takes the bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "inflate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    OUT_BYTES = 8192,         /* handed on at a time, like a piece of a plain
                               * body */
    FREE_BYTES = 1024 * 1024, /* may be inflated at any ratio */
    WINDOW_GZIP = 15 + 16,    /* zlib's windowBits */
    WINDOW_ZLIB = 15,
    WINDOW_BARE = -15
};

struct inflater {
    z_stream stream;
    enum content_coding coding;
    uint64_t max_ratio;
    uint64_t n_in, n_out; /* of the body, over all members */
    bool is_between;      /* members: at the start, or behind an end */
    unsigned char out[OUT_BYTES];
};

enum content_coding content_coding_parse(const char *header)
{
    static const struct {
        const char *name;
        enum content_coding coding;
    } names[] = {{"", CODING_IDENTITY},
                 {"identity", CODING_IDENTITY},
                 {"gzip", CODING_GZIP},
                 {"x-gzip", CODING_GZIP},
                 {"deflate", CODING_DEFLATE}};

    if (header == NULL)
        return CODING_IDENTITY;
    header += strspn(header, " \t");
    size_t len = strlen(header);
    while (len > 0 && (header[len - 1] == ' ' || header[len - 1] == '\t'))
        len--;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i].name) == len &&
            strncasecmp(names[i].name, header, len) == 0)
            return names[i].coding;
    return CODING_UNKNOWN;
}

struct inflater *inflater_new(void)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);

    if (inflater != NULL &&
        inflateInit2(&inflater->stream, WINDOW_GZIP) != Z_OK) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater == NULL)
        return;
    inflateEnd(&inflater->stream);
    free(inflater);
}

void inflater_begin(struct inflater *inflater, enum content_coding coding,
                    uint64_t max_ratio)
{
    inflater->coding = coding;
    inflater->max_ratio = max_ratio;
    inflater->n_in = inflater->n_out = 0;
    inflater->is_between = true;
}

/* At the start of a stream: what its first byte says it is. inflateReset2
 * cannot fail with these, nor needs memory: the window is as large as before.
 */
static void begin_stream(struct inflater *inflater, unsigned char first)
{
    int window = WINDOW_GZIP;

    if (inflater->coding == CODING_DEFLATE)
        window = (first & 0x0F) == 8 ? WINDOW_ZLIB : WINDOW_BARE;
    (void)inflateReset2(&inflater->stream, window);
    inflater->is_between = false;
}

static enum clary_status check_ratio(const struct inflater *inflater,
                                     struct clary_error *err)
{
    if (inflater->max_ratio == 0 || inflater->n_out <= FREE_BYTES ||
        inflater->n_out / inflater->max_ratio <= inflater->n_in)
        return CLARY_OK;
    return clary_fail(err, CLARY_TOO_LARGE,
                      "the compressed request body inflates to more than the "
                      "limit of %" PRIu64 " times its size",
                      inflater->max_ratio);
}

/* One call of zlib's: a buffer full at most. */
static enum clary_status inflate_some(struct inflater *inflater, size_t *n_out,
                                      struct clary_error *err)
{
    z_stream *stream = &inflater->stream;
    uInt before = stream->avail_in;

    stream->next_out = inflater->out;
    stream->avail_out = OUT_BYTES;
    int result = inflate(stream, Z_NO_FLUSH);
    *n_out = OUT_BYTES - stream->avail_out;
    inflater->n_in += before - stream->avail_in;
    inflater->n_out += *n_out;
    if (result == Z_MEM_ERROR)
        return clary_no_memory(err);
    /* Z_BUF_ERROR: it waits for more */
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the compressed request body is damaged: %s",
                          stream->msg != NULL ? stream->msg : "not valid");
    inflater->is_between = result == Z_STREAM_END;
    return check_ratio(inflater, err);
}

enum clary_status inflater_feed(struct inflater *inflater, const char *bytes,
                                size_t len, inflated *take, void *context,
                                struct clary_error *err)
{
    z_stream *stream = &inflater->stream;
    size_t n_out = OUT_BYTES;

    stream->next_in = (const Bytef *)bytes;
    stream->avail_in = (uInt)len;
    /* a full buffer may leave output inside zlib, also without input */
    while (stream->avail_in > 0 ||
           (n_out == OUT_BYTES && !inflater->is_between)) {
        if (inflater->is_between) {
            if (inflater->n_in > 0 && inflater->coding == CODING_DEFLATE)
                return clary_fail(err, CLARY_BAD_INPUT,
                                  "there are bytes behind the end of the "
                                  "compressed request body");
            begin_stream(inflater, *stream->next_in);
        }
        CLARY_TRY(inflate_some(inflater, &n_out, err));
        if (n_out > 0 && !take(context, (char *)inflater->out, n_out))
            return CLARY_OK;
    }
    return CLARY_OK;
}

enum clary_status inflater_finish(const struct inflater *inflater,
                                  struct clary_error *err)
{
    if (inflater->is_between)
        return CLARY_OK;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the compressed request body ends too early");
}
