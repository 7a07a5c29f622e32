/* codecs.c: the table of codecs. A new one is a file and a line here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/codec.h"

#include <string.h>

static const struct clary_codec *const codecs[] = {
    &clary_codec_csv,    &clary_codec_json,   &clary_codec_jsonlines,
    &clary_codec_kserve, &clary_codec_libsvm, &clary_codec_npy,
};

enum { N_CODECS = sizeof codecs / sizeof codecs[0] };

static bool has_type(const struct clary_codec *codec, const char *type)
{
    for (const char *const *t = codec->media_types; *t != NULL; t++)
        if (strcmp(*t, type) == 0)
            return true;
    return false;
}

const struct clary_codec *clary_codec_for_reading(const char *type)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (codecs[i]->read_begin != NULL && has_type(codecs[i], type))
            return codecs[i];
    return NULL;
}

const struct clary_codec *clary_codec_for_writing(const char *type)
{
    for (size_t i = 0; i < N_CODECS; i++)
        if (codecs[i]->write_begin != NULL && has_type(codecs[i], type))
            return codecs[i];
    return NULL;
}
