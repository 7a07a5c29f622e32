/* media.c: media types of HTTP headers.
 *
 *     text/csv; charset=utf-8                      Content-Type
 *     text/csv, application/json;q=0.9             Accept
 *
 * Parameters other than q are passed over, quoted strings with commas and
 * semicolons in them included, unless one is asked for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/media.h"

#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* tchar of RFC 9110 section 5.6.2. */
static bool is_token(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static const char *skip_blanks(const char *p)
{
    while (is_blank(*p))
        p++;
    return p;
}

static const char *skip_token(const char *p)
{
    while (is_token(*p))
        p++;
    return p;
}

/* Behind the quoted string that begins at `p`; at the end of the header if it
 * is not closed. */
static const char *skip_quoted(const char *p)
{
    for (p++; *p != '\0'; p++) {
        if (*p == '"')
            return p + 1;
        if (*p == '\\' && p[1] != '\0')
            p++;
    }
    return p;
}

/* Reads "type/subtype" and the blanks behind it; NULL if there is none or it
 * does not fit. */
static const char *read_type(const char *p, char type[CLARY_MEDIA_BYTES])
{
    const char *first = p;
    p = skip_token(p);
    if (p == first || *p != '/')
        return NULL;
    const char *subtype = p + 1;
    p = skip_token(subtype);
    size_t len = (size_t)(p - first);
    if (p == subtype || len >= CLARY_MEDIA_BYTES)
        return NULL;
    for (size_t i = 0; i < len; i++)
        type[i] = lower(first[i]);
    type[len] = '\0';
    return skip_blanks(p);
}

bool clary_media_type(const char *header, char type[CLARY_MEDIA_BYTES])
{
    const char *after =
        header == NULL ? NULL : read_type(skip_blanks(header), type);
    if (after != NULL && (*after == '\0' || *after == ';'))
        return true;
    type[0] = '\0';
    return false;
}

void clary_media_parameter(const char *header, const char *name,
                           char value[CLARY_MEDIA_BYTES])
{
    const char *p = header;
    value[0] = '\0';
    while ((p = strchr(p, ';')) != NULL) {
        const char *first = skip_blanks(p + 1);
        p = skip_token(first);
        bool is_it = strlen(name) == (size_t)(p - first) &&
                     strncasecmp(first, name, strlen(name)) == 0;
        if (*p != '=')
            continue;
        bool is_quoted = *++p == '"';
        first = p + is_quoted;
        p = is_quoted ? skip_quoted(p) : skip_token(p);
        size_t len = (size_t)(p - first) - (is_quoted && p[-1] == '"');
        if (!is_it)
            continue;
        if (len < CLARY_MEDIA_BYTES) {
            memcpy(value, first, len);
            value[len] = '\0';
        }
        return;
    }
}

/* Reads a weight (RFC 9110 section 12.4.2: 0 to 1 with up to 3 decimals) as
 * thousandths; NULL if it is none. */
static const char *read_weight(const char *p, int *quality)
{
    if (*p != '0' && *p != '1')
        return NULL;
    int value = (*p++ - '0') * 1000;
    if (*p == '.') {
        p++;
        for (int weight = 100; weight > 0 && *p >= '0' && *p <= '9';
             weight /= 10)
            value += (*p++ - '0') * weight;
    }
    if (value > 1000 || is_token(*p))
        return NULL;
    *quality = value;
    return p;
}

/* Reads the parameters of one element up to its comma; false if they are
 * malformed. */
static bool read_parameters(const char *p, const char *end, int *quality)
{
    *quality = 1000;
    while (p < end) {
        if (*p++ != ';')
            return false;
        p = skip_blanks(p);
        const char *name = p;
        p = skip_token(p);
        bool is_weight = p - name == 1 && lower(*name) == 'q';
        if (*p == '=' && is_weight) {
            p = read_weight(p + 1, quality);
            if (p == NULL)
                return false;
        } else if (*p == '=') {
            p = p[1] == '"' ? skip_quoted(p + 1) : skip_token(p + 1);
        }
        p = skip_blanks(p);
    }
    return true;
}

/* The comma that ends the element, or the end of the header. */
static const char *element_end(const char *p)
{
    while (*p != '\0' && *p != ',')
        p = *p == '"' ? skip_quoted(p) : p + 1;
    return p;
}

bool clary_media_next(const char **header, struct clary_media_range *range)
{
    while (**header != '\0') {
        const char *first = skip_blanks(*header);
        const char *end = element_end(first);
        *header = *end == ',' ? end + 1 : end;
        const char *after = read_type(first, range->type);
        if (after == NULL)
            continue;
        bool is_sound = strncmp(range->type, "*/", 2) != 0 ||
                        strcmp(range->type, "*/*") == 0;
        if (is_sound && read_parameters(after, end, &range->quality))
            return true;
    }
    return false;
}

bool clary_media_matches(const struct clary_media_range *range,
                         const char *type)
{
    const char *slash = strchr(range->type, '/');
    if (strcmp(range->type, "*/*") == 0)
        return true;
    if (slash != NULL && strcmp(slash, "/*") == 0)
        return strncmp(range->type, type, (size_t)(slash - range->type) + 1) ==
               0;
    return strcmp(range->type, type) == 0;
}
