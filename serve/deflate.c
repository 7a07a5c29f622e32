/* deflate.c: zlib at its fastest level; numbers in text shrink to a third at
 * any.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "deflate.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#define ZLIB_CONST
#include <zlib.h>

enum {
    WINDOW_GZIP = 15 + 16, /* zlib's windowBits */
    MEMORY_LEVEL = 8,      /* zlib's default: 256 KiB a reply on its way */
    SLICE_BYTES = 65536    /* of the body at a time, however little comes out
                            * of them */
};

struct deflater {
    z_stream stream;
    size_t left; /* of the body, beyond the stream's input */
    bool is_at_end;
};

/* "q=0", "q=0.000": not acceptable. */
static bool is_refused(const char *parameters, size_t len)
{
    const char *end = parameters + len;

    while (parameters < end && strchr("; \t", *parameters) != NULL)
        parameters++;
    if (end - parameters < 3 || strncasecmp(parameters, "q=0", 3) != 0)
        return false;
    for (parameters += 3; parameters < end; parameters++)
        if (*parameters >= '1' && *parameters <= '9')
            return false;
    return true;
}

bool accepts_gzip(const char *header)
{
    static const char *const names[] = {"gzip", "x-gzip", "*"};

    while (header != NULL && *header != '\0') {
        header += strspn(header, ", \t");
        size_t len = strcspn(header, ",");
        size_t name_len = strcspn(header, ",; \t");
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
            if (strlen(names[i]) == name_len && name_len > 0 &&
                strncasecmp(header, names[i], name_len) == 0)
                return !is_refused(header + name_len, len - name_len);
        header += len;
    }
    return false;
}

struct deflater *deflater_new(const char *body, size_t len)
{
    struct deflater *deflater = calloc(1, sizeof *deflater);

    if (deflater == NULL)
        return NULL;
    if (deflateInit2(&deflater->stream, Z_BEST_SPEED, Z_DEFLATED, WINDOW_GZIP,
                     MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return NULL;
    }
    deflater->stream.next_in = (const Bytef *)body;
    deflater->left = len;
    return deflater;
}

void deflater_free(struct deflater *deflater)
{
    if (deflater == NULL)
        return;
    deflateEnd(&deflater->stream);
    free(deflater);
}

ssize_t deflater_read(struct deflater *deflater, char *to, size_t max)
{
    z_stream *stream = &deflater->stream;
    size_t room = max < INT_MAX ? max : INT_MAX;

    stream->next_out = (Bytef *)to;
    stream->avail_out = (uInt)room;
    while (stream->avail_out == room && !deflater->is_at_end) {
        if (stream->avail_in == 0) {
            size_t n =
                deflater->left < SLICE_BYTES ? deflater->left : SLICE_BYTES;
            stream->avail_in = (uInt)n;
            deflater->left -= n;
        }
        /* flushed, so that each slice has output: nothing to send would leave
         * the connection waiting */
        int result =
            deflate(stream, deflater->left > 0 ? Z_SYNC_FLUSH : Z_FINISH);
        if (result == Z_STREAM_ERROR)
            return -1;
        deflater->is_at_end = result == Z_STREAM_END;
    }
    return (ssize_t)(room - stream->avail_out);
}
