/* test_media.c: Content-Type and Accept as clients really send them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/codec.h"
#include "data/media.h"
#include "tests/test.h"

static const char *bare(const char *header)
{
    static char type[CLARY_MEDIA_BYTES];
    return clary_media_type(header, type) ? type : "none";
}

/* The list as "type=quality type=quality". */
static const char *list(const char *header)
{
    static char text[1024];
    struct clary_media_range range;
    size_t used = 0;
    text[0] = '\0';
    while (clary_media_next(&header, &range))
        used +=
            (size_t)snprintf(text + used, sizeof text - used, "%s%s=%d",
                             used > 0 ? " " : "", range.type, range.quality);
    return text;
}

TEST(content_types)
{
    CHECK_STR(bare("text/csv"), "text/csv");
    CHECK_STR(bare("TEXT/CSV"), "text/csv");
    CHECK_STR(bare("text/csv; charset=utf-8"), "text/csv");
    CHECK_STR(bare("text/csv;label_size=0"), "text/csv");
    CHECK_STR(bare("  text/csv \t; a=\"x;y\" "), "text/csv");
    CHECK_STR(bare("text/csv;"), "text/csv");
    CHECK_STR(bare("application/x-npy"), "application/x-npy");
}

static const char *parameter(const char *header)
{
    static char value[CLARY_MEDIA_BYTES];
    clary_media_parameter(header, "size", value);
    return value;
}

TEST(parameters)
{
    char header[300];
    CHECK_STR(parameter("text/csv"), "");
    CHECK_STR(parameter("text/csv;size=2"), "2");
    CHECK_STR(parameter("text/csv ; SIZE=2 ;x=3"), "2");
    CHECK_STR(parameter("text/csv; sizes=1; siz=2; size=3; size=4"), "3");
    CHECK_STR(parameter("text/csv; x=\"; size=1\"; size=\"a;b\""), "a;b");
    CHECK_STR(parameter("text/csv; size=\"a"), "a");
    CHECK_STR(parameter("text/csv; size=\"\""), "");
    CHECK_STR(parameter("text/csv; size="), "");
    CHECK_STR(parameter("text/csv; size"), "");
    CHECK_STR(parameter("text/csv;"), "");
    snprintf(header, sizeof header, "text/csv; size=%0200d", 1);
    CHECK_STR(parameter(header), "");
}

TEST(what_is_no_content_type)
{
    char type[CLARY_MEDIA_BYTES] = "before";
    CHECK(!clary_media_type(NULL, type));
    CHECK_STR(type, "");
    CHECK_STR(bare(""), "none");
    CHECK_STR(bare("  "), "none");
    CHECK_STR(bare("csv"), "none");
    CHECK_STR(bare("text/"), "none");
    CHECK_STR(bare("/csv"), "none");
    CHECK_STR(bare("text / csv"), "none");
    CHECK_STR(bare("text/csv, text/csv"), "none");
    CHECK_STR(bare("text/csv charset=utf-8"), "none");
    CHECK_STR(bare("text/\x01"), "none");
    CHECK_STR(bare("text/c\xC3\xA4v"), "none");
    CHECK_STR(bare(";;;"), "none");
}

TEST(long_content_types)
{
    char header[CLARY_MEDIA_BYTES + 2] = "text/";
    memset(header + 5, 'a', sizeof header - 5);
    header[CLARY_MEDIA_BYTES - 1] = '\0';
    CHECK_STR(bare(header), header);
    header[CLARY_MEDIA_BYTES - 1] = 'a';
    header[CLARY_MEDIA_BYTES] = '\0';
    CHECK_STR(bare(header), "none");
}

TEST(accept_lists)
{
    CHECK_STR(list("*/*"), "*/*=1000");
    CHECK_STR(list("text/csv, application/json"),
              "text/csv=1000 application/json=1000");
    CHECK_STR(list("application/json;q=0.9, */*"),
              "application/json=900 */*=1000");
    CHECK_STR(list("*/*;q=0.8"), "*/*=800");
    CHECK_STR(list("TEXT/*;Q=0.05,a/b;q=0.125"), "text/*=50 a/b=125");
    CHECK_STR(list("a/b;q=1.000,c/d;q=0.0,e/f;q=0.,g/h;q=1."),
              "a/b=1000 c/d=0 e/f=0 g/h=1000");
    CHECK_STR(list("a/b ; charset=utf-8 ; q=0.5 ; x=y"), "a/b=500");
    CHECK_STR(list(""), "");
}

TEST(commas_in_quotes_end_no_element)
{
    CHECK_STR(list("a/b;x=\"1,2;q=0\";q=0.5,c/d"), "a/b=500 c/d=1000");
    CHECK_STR(list("a/b;x=\"\\\",\",c/d"), "a/b=1000 c/d=1000");
    CHECK_STR(list("a/b;x=\"never closed, c/d"), "a/b=1000");
    CHECK_STR(list("a/b;x=\"ends in \\"), "a/b=1000");
}

TEST(bad_elements_are_passed_over)
{
    CHECK_STR(list(",, ,text/csv,"), "text/csv=1000");
    CHECK_STR(list("csv, text/csv"), "text/csv=1000");
    CHECK_STR(list("*/csv, text/csv"), "text/csv=1000");
    CHECK_STR(list("a/b;q=2,a/c;q=0.1234,a/d;q=-1,a/e;q=,a/f;q=x,g/h"),
              "g/h=1000");
    CHECK_STR(list("a/b;q=1.001,g/h"), "g/h=1000");
    CHECK_STR(list("a/b c/d,g/h"), "g/h=1000");
    CHECK_STR(list("\xFF\x80,g/h"), "g/h=1000");
}

TEST(ranges_match)
{
    struct clary_media_range range = {"*/*", 1000};
    CHECK(clary_media_matches(&range, "text/csv"));
    range = (struct clary_media_range){"text/*", 1000};
    CHECK(clary_media_matches(&range, "text/csv"));
    CHECK(!clary_media_matches(&range, "application/json"));
    CHECK(!clary_media_matches(&range, "textual/csv"));
    range = (struct clary_media_range){"text/csv", 1000};
    CHECK(clary_media_matches(&range, "text/csv"));
    CHECK(!clary_media_matches(&range, "text/csvs"));
}

TEST(codecs_by_type)
{
    CHECK(clary_codec_for_reading("text/csv") == &clary_codec_csv);
    CHECK(clary_codec_for_reading("csv") == NULL);
    CHECK(clary_codec_for_reading("") == NULL);
    CHECK(clary_codec_for_writing("text/csv") == &clary_codec_csv);
    CHECK(clary_codec_for_writing("application/json") == &clary_codec_json);
    CHECK(clary_codec_for_writing("application/jsonlines") ==
          &clary_codec_jsonlines);
    CHECK(clary_codec_for_writing("*/*") == NULL);
    CHECK(clary_codec_for_writing("image/png") == NULL);
    CHECK_STR(clary_codec_csv.media_types[0], "text/csv");
    CHECK_STR(clary_codec_json.media_types[0], "application/json");
    CHECK_STR(clary_codec_jsonlines.media_types[0], "application/jsonlines");
}
