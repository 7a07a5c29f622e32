/* media.h: media types of HTTP (RFC 9110 sections 8.3.1 and 12.5.1).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_MEDIA_H
#define CLARY_DATA_MEDIA_H

#include <stdbool.h>
#include <stddef.h>

#define CLARY_MEDIA_BYTES 128

/* The bare type of a Content-Type header: lower case, without parameters and
 * blanks, NUL-terminated in `type`. False if there is none or it is too long;
 * `type` is "" then. */
bool clary_media_type(const char *header, char type[CLARY_MEDIA_BYTES]);

/* The value of a parameter of a Content-Type, as it stands there but without
 * quotes: "2" for "label_size" of "text/csv; label_size=2". The first of that
 * name, in any case; "" if there is none or it is too long. */
void clary_media_parameter(const char *header, const char *name,
                           char value[CLARY_MEDIA_BYTES]);

/* One element of an Accept list. */
struct clary_media_range {
    char type[CLARY_MEDIA_BYTES]; /* "text/csv", "text/" + "*", "*" + "/" + "*"
                                   */
    int quality;                  /* q * 1000: 0 .. 1000 */
};

/* Reads the next element of the list at `*header` and moves it on. False at
 * the end. Empty and malformed elements are passed over. */
bool clary_media_next(const char **header, struct clary_media_range *range);

/* Whether `range` takes the bare, lower-case type `type`. */
bool clary_media_matches(const struct clary_media_range *range,
                         const char *type);

#endif
