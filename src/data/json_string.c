/* json_string.c: what a JSON string's escapes mean (RFC 8259 section 7).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "base/utf8.h"
#include "data/json_read.h"

#include <string.h>

/* The four digits of \uXXXX; false if they are none. */
static bool read_hex(const char *p, const char *end, unsigned *code)
{
    if (end - p < 4)
        return false;
    *code = 0;
    for (int i = 0; i < 4; i++) {
        unsigned char c = (unsigned char)p[i];
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = c - '0';
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            digit = (c | 0x20u) - 'a' + 10;
        else
            return false;
        *code = *code << 4 | digit;
    }
    return true;
}

static size_t write_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xC0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xE0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3F));
        to[2] = (char)(0x80 | (code & 0x3F));
        return 3;
    }
    to[0] = (char)(0xF0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3F));
    to[2] = (char)(0x80 | (code >> 6 & 0x3F));
    to[3] = (char)(0x80 | (code & 0x3F));
    return 4;
}

/* \uXXXX, or two of them that are a surrogate pair; `*at` is behind the 'u'.
 * At most 3 bytes for 6, or 4 for 12. */
static bool unescape_unicode(const char **at, const char *end, char **to)
{
    const char *p = *at;
    unsigned code, low;
    if (!read_hex(p, end, &code) || (code >= 0xDC00 && code < 0xE000))
        return false;
    p += 4;
    if (code >= 0xD800 && code < 0xDC00) {
        if (end - p < 6 || p[0] != '\\' || p[1] != 'u' ||
            !read_hex(p + 2, end, &low) || low < 0xDC00 || low >= 0xE000)
            return false;
        p += 6;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    *to += write_utf8(*to, code);
    *at = p;
    return true;
}

static bool unescape_one(const char **at, const char *end, char **to)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (*at == end)
        return false;
    char letter = *(*at)++;
    if (letter == 'u')
        return unescape_unicode(at, end, to);
    const char *found = memchr(letters, letter, sizeof letters - 1);
    if (found == NULL)
        return false;
    *(*to)++ = meanings[found - letters];
    return true;
}

bool clary_json_unescape(char *text, size_t *len)
{
    const char *p = text, *end = text + *len;
    char *to = text;
    while (p < end) {
        size_t n = clary_utf8_char((const unsigned char *)p, (size_t)(end - p));
        if (n == 0 || (unsigned char)*p < 0x20)
            return false;
        if (*p == '\\') {
            p++;
            if (!unescape_one(&p, end, &to))
                return false;
            continue;
        }
        memmove(to, p, n);
        to += n;
        p += n;
    }
    *len = (size_t)(to - text);
    return true;
}
