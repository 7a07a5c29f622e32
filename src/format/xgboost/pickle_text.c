/* pickle_text.c: the texts of a pickle, and the names that it may use.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "format/xgboost/pickle.h"

#include <string.h>

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* `n` hexadecimal digits; -1 when they are none. */
static int64_t hex(const char *p, const char *end, size_t n)
{
    int64_t value = 0;

    if ((size_t)(end - p) < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        int digit = hex_digit(p[i]);

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* One escape of a Python 2 string, behind its backslash. NULL: it is none. */
static const char *unquote_escape(const char *p, const char *end, char **to)
{
    static const char letters[] = "\\'\"abfnrtv";
    static const char meanings[] = "\\'\"\a\b\f\n\r\t\v";
    const char *found;
    int value = 0;

    if (p == end)
        return NULL;
    found = memchr(letters, *p, sizeof letters - 1);
    if (found) {
        *(*to)++ = meanings[found - letters];
        return p + 1;
    }
    if (*p == 'x') {
        value = (int)hex(p + 1, end, 2);
        if (value < 0)
            return NULL;
        *(*to)++ = (char)value;
        return p + 3;
    }
    if (*p < '0' || *p > '7')
        return NULL;
    for (int i = 0; i < 3 && p < end && *p >= '0' && *p <= '7'; i++)
        value = value * 8 + (*p++ - '0');
    *(*to)++ = (char)value;
    return p;
}

bool clary_pickle_unquote(struct clary_arena *arena, const char *text,
                          size_t len, char **out, size_t *out_len)
{
    const char *p, *end;
    char *to;

    to = *out = clary_arena_alloc(arena, len);
    if (!to || len < 2 || (*text != '\'' && *text != '"') ||
        text[len - 1] != *text)
        return false;
    p = text + 1;
    end = text + len - 1;
    while (p < end) {
        if (*p != '\\') {
            *to++ = *p++;
            continue;
        }
        p = unquote_escape(p + 1, end, &to);
        if (!p)
            return false;
    }
    *out_len = (size_t)(to - *out);
    return true;
}

static char *put_utf8(char *to, int64_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

bool clary_pickle_unescape(struct clary_arena *arena, const char *text,
                           size_t len, char **out, size_t *out_len)
{
    const char *p = text, *end = text + len;
    char *to;

    *out = NULL;
    if (len > SIZE_MAX / 2)
        return false;
    to = *out = clary_arena_alloc(arena, 2 * len);
    if (!to)
        return false;
    while (p < end) {
        size_t digits = 0;
        int64_t code = (unsigned char)*p;

        if (*p == '\\' && end - p > 1)
            digits = p[1] == 'u' ? 4 : p[1] == 'U' ? 8 : 0;
        if (digits) {
            code = hex(p + 2, end, digits);
            if (code < 0 || code > 0x10ffff)
                return false;
            p += 1 + digits;
        }
        p++;
        to = put_utf8(to, code);
    }
    *out_len = (size_t)(to - *out);
    return true;
}

bool clary_pickle_latin1(struct clary_arena *arena, const char *text,
                         size_t len, char **out, size_t *out_len)
{
    const unsigned char *p = (const unsigned char *)text, *end = p + len;
    char *to = clary_arena_alloc(arena, len);

    *out = to;
    if (!to)
        return false;
    while (p < end) {
        if (*p < 0x80) {
            *to++ = (char)*p++;
        } else if ((*p == 0xc2 || *p == 0xc3) && end - p > 1 &&
                   (p[1] & 0xc0) == 0x80) {
            *to++ = (char)((*p & 3) << 6 | (p[1] & 0x3f));
            p += 2;
        } else {
            return false;
        }
    }
    *out_len = (size_t)(to - *out);
    return true;
}

/* A name that ends in '.' stands for all that begin with it. */
static const char *const allowed[] = {
    "_codecs.encode",
    "__builtin__.bytearray",
    "__builtin__.bytes",
    "__builtin__.object",
    "builtins.bytearray",
    "builtins.bytes",
    "builtins.object",
    "collections.OrderedDict",
    "copy_reg._reconstructor",
    "copyreg._reconstructor",
    "numpy._core.multiarray._reconstruct",
    "numpy._core.multiarray.scalar",
    "numpy._core.numeric._frombuffer",
    "numpy.core.multiarray._reconstruct",
    "numpy.core.multiarray.scalar",
    "numpy.core.numeric._frombuffer",
    "numpy.dtype",
    "numpy.ndarray",
    "sklearn.preprocessing._label.LabelEncoder",
    "sklearn.preprocessing.label.LabelEncoder",
    "xgboost.compat.",
    "xgboost.core.",
    "xgboost.sklearn.",
};

bool clary_pickle_allows(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        size_t n = strlen(allowed[i]);

        if ((allowed[i][n - 1] == '.' ? len > n : len == n) &&
            memcmp(name, allowed[i], n) == 0)
            return true;
    }
    return false;
}
