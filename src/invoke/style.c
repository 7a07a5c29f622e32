/* style.c: Accept and the wire styles.
 *
 * Rules: the media type with the highest q wins, the first of equals; `*` and
 * types that no codec writes mean the style's default. In TensorFlow Serving's
 * container the reply keeps its line feeds unless the Accept list names a JSON
 * type; its strict style knows JSON only, but labels it as the first type of
 * the list where that is application/jsonlines. The XGBoost style's default is
 * CSV; it and the scikit-learn style refuse a list that has nothing for them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/style.h"

#include "data/media.h"

#include <string.h>
#include <strings.h>

#define JSON       "application/json"
#define JSON_LINES "application/jsonlines"

static const char *const style_names[CLARY_STYLE_COUNT] = {
    [CLARY_STYLE_AUTO] = "auto",
    [CLARY_STYLE_TFSERVING] = "tfserving",
    [CLARY_STYLE_TFSERVING_STRICT] = "tfserving-strict",
    [CLARY_STYLE_XGBOOST] = "xgboost",
    [CLARY_STYLE_SKLEARN] = "sklearn",
    [CLARY_STYLE_PLAIN] = "plain",
};

static const char *const header_names[CLARY_CSV_HEADER_COUNT] = {
    [CLARY_CSV_HEADER_DEFAULT] = "default",
    [CLARY_CSV_HEADER_AUTO] = "auto",
    [CLARY_CSV_HEADER_PRESENT] = "present",
    [CLARY_CSV_HEADER_ABSENT] = "absent",
};

static size_t find(const char *const *names, size_t n, const char *name)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            break;
    return i;
}

enum clary_style clary_style_parse(const char *name)
{
    return (enum clary_style)find(style_names, CLARY_STYLE_COUNT, name);
}

enum clary_csv_header clary_csv_header_parse(const char *name)
{
    return (enum clary_csv_header)find(header_names, CLARY_CSV_HEADER_COUNT,
                                       name);
}

enum clary_explain clary_explain_parse(const char *name)
{
    return strcmp(name, "shap") == 0 ? CLARY_EXPLAIN_SHAP : CLARY_EXPLAIN_COUNT;
}

/* What an Accept list says. */
struct accepted {
    const struct clary_codec *codec; /* of the best range; NULL: the default */
    int quality;                     /* 0: nothing that can be written */
    bool json;                       /* a JSON type is in the list */
    bool lines_first;                /* application/jsonlines is the first */
};

static void read_accept(const char *accept, struct accepted *accepted)
{
    struct clary_media_range range;
    bool first = true;

    memset(accepted, 0, sizeof *accepted);
    while (accept != NULL && clary_media_next(&accept, &range)) {
        const struct clary_codec *codec = clary_codec_for_writing(range.type);
        bool lines = strcmp(range.type, JSON_LINES) == 0;

        accepted->lines_first = accepted->lines_first || (first && lines);
        accepted->json =
            accepted->json || lines || strcmp(range.type, JSON) == 0;
        first = false;
        if (!codec && !strchr(range.type, '*'))
            continue;
        if (range.quality > accepted->quality) {
            accepted->quality = range.quality;
            accepted->codec = codec;
        }
    }
}

bool clary_accept_is_known(const char *accept)
{
    struct accepted accepted;

    read_accept(accept, &accepted);
    return accepted.quality > 0;
}

/* Whether there is no Accept, or its best is any. */
static bool leaves_it_open(const char *accept, const struct accepted *accepted)
{
    return accept == NULL || accept[strspn(accept, " \t")] == '\0' ||
           (accepted->quality > 0 && accepted->codec == NULL);
}

enum clary_status clary_reply_form(enum clary_style style, const char *accept,
                                   const char *otherwise,
                                   struct clary_reply_form *form,
                                   struct clary_error *err)
{
    bool strict = style == CLARY_STYLE_TFSERVING_STRICT;
    bool tfserving = strict || style == CLARY_STYLE_TFSERVING;
    bool xgboost = style == CLARY_STYLE_XGBOOST;
    bool sklearn = style == CLARY_STYLE_SKLEARN;
    struct accepted accepted;

    read_accept(accept, &accepted);
    if (otherwise != NULL && leaves_it_open(accept, &accepted))
        read_accept(otherwise, &accepted);
    else if ((xgboost || sklearn) && accept && *accept && accepted.quality == 0)
        return clary_fail(err, CLARY_NOT_ACCEPTABLE,
                          "Accept type %s is not supported. Please use "
                          "supported accept types: application/json, "
                          "application/jsonlines, application/x-npy, text/csv.",
                          accept);
    memset(form, 0, sizeof *form);
    form->codec = accepted.codec && !strict ? accepted.codec
                  : xgboost                 ? &clary_codec_csv
                                            : &clary_codec_json;
    form->content_type = strict && accepted.lines_first
                             ? JSON_LINES
                             : form->codec->media_types[0];
    form->options.tfserving = tfserving;
    form->options.pretty = !accepted.json;
    form->options.bare = sklearn;
    form->options.numbers = tfserving ? CLARY_NUMBER_TFSERVING
                            : sklearn ? CLARY_NUMBER_PYTHON
                                      : CLARY_NUMBER_SHORTEST;
    return CLARY_OK;
}

/* Whether the first `label_size` columns of CSV, which are no features, are as
 * SageMaker's XGBoost container has it: one by that parameter, which requests
 * never have all the same, or none, which its documentation writes. */
static bool takes_labels(const char *content_type)
{
    char size[CLARY_MEDIA_BYTES];

    clary_media_parameter(content_type, "label_size", size);
    return strcmp(size, "") == 0 || strcmp(size, "0") == 0 ||
           strcmp(size, "1") == 0;
}

const struct clary_codec *clary_style_reader(enum clary_style style,
                                             const char *content_type)
{
    /* most say a bare type, in lower case */
    const struct clary_codec *codec =
        content_type ? clary_codec_for_reading(content_type) : NULL;
    char type[CLARY_MEDIA_BYTES];

    if (codec)
        return codec;
    if (content_type && clary_media_type(content_type, type)) {
        codec = clary_codec_for_reading(type);
        return style == CLARY_STYLE_XGBOOST && codec == &clary_codec_csv &&
                       !takes_labels(content_type)
                   ? NULL
                   : codec;
    }
    if (style != CLARY_STYLE_XGBOOST)
        return NULL;
    if (!content_type || !*content_type || !strcasecmp(content_type, "libsvm"))
        return &clary_codec_libsvm;
    return strcasecmp(content_type, "csv") ? NULL : &clary_codec_csv;
}
