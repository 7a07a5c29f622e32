/* npy_header.c: the dictionary before an array's data.
 *
 *     {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 *
 * A Python literal with these three keys in any order, then blanks and a line
 * feed. Nothing else that Python might write there is read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell.h"
#include "data/npy.h"

#include <stdio.h>
#include <string.h>

const char clary_npy_magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

struct literal {
    const char *p, *end;
};

static void skip_blanks(struct literal *text)
{
    while (text->p < text->end && strchr(" \t\r\n", *text->p) != NULL &&
           *text->p != '\0')
        text->p++;
}

/* Moves over `byte` if it comes next. */
static bool take(struct literal *text, char byte)
{
    skip_blanks(text);
    bool found = text->p < text->end && *text->p == byte;
    text->p += found;
    return found;
}

static bool take_word(struct literal *text, const char *word)
{
    size_t len = strlen(word);
    skip_blanks(text);
    if ((size_t)(text->end - text->p) < len || memcmp(text->p, word, len) != 0)
        return false;
    text->p += len;
    return true;
}

/* A string in quotes of either kind, without escapes. */
static bool take_string(struct literal *text, const char **string, size_t *len)
{
    char quote = take(text, '\'') ? '\'' : '"';
    if (quote == '"' && !take(text, '"'))
        return false;
    const char *close = memchr(text->p, quote, (size_t)(text->end - text->p));
    if (close == NULL)
        return false;
    *string = text->p;
    *len = (size_t)(close - text->p);
    text->p = close + 1;
    return true;
}

static bool take_size(struct literal *text, size_t *size)
{
    skip_blanks(text);
    const char *first = text->p;
    *size = 0;
    for (; text->p < text->end && *text->p >= '0' && *text->p <= '9'; text->p++)
        if (!clary_size_mul(*size, 10, size) ||
            !clary_size_add(*size, (size_t)(*text->p - '0'), size))
            return false;
    return text->p > first;
}

static enum clary_status fail(const char *what, struct clary_error *err)
{
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the body's numpy header is damaged: %s", what);
}

/* "<f4" and so on; structured types are lists, no strings. */
static enum clary_status read_type(struct literal *text,
                                   struct clary_npy_header *header,
                                   struct clary_error *err)
{
    static const struct {
        char name[3];
        enum clary_npy_type type;
        size_t bytes;
    } types[] = {
        {"f2", CLARY_NPY_F2, 2}, {"f4", CLARY_NPY_F4, 4},
        {"f8", CLARY_NPY_F8, 8}, {"i1", CLARY_NPY_I1, 1},
        {"i2", CLARY_NPY_I2, 2}, {"i4", CLARY_NPY_I4, 4},
        {"i8", CLARY_NPY_I8, 8}, {"u1", CLARY_NPY_U1, 1},
        {"u2", CLARY_NPY_U2, 2}, {"u4", CLARY_NPY_U4, 4},
        {"u8", CLARY_NPY_U8, 8}, {"b1", CLARY_NPY_B1, 1},
    };
    const char *descr = "a list";
    size_t len = strlen(descr);
    char quote[CLARY_CELL_QUOTE_BYTES];
    bool is_string = take_string(text, &descr, &len);
    if (is_string && len == 3 && strchr("<>|=", descr[0]) != NULL)
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
            if (memcmp(descr + 1, types[i].name, 2) == 0) {
                header->type = types[i].type;
                header->bytes = types[i].bytes;
                header->big_endian = descr[0] == '>';
                return CLARY_OK;
            }
    return clary_fail(err, CLARY_BAD_INPUT,
                      "the array's type is %s; floats (f2, f4, f8), integers "
                      "(i1 to i8, u1 to u8) and booleans (b1) are read",
                      clary_cell_quote(descr, len, quote));
}

static enum clary_status read_order(struct literal *text,
                                    struct clary_npy_header *header,
                                    struct clary_error *err)
{
    header->fortran = take_word(text, "True");
    return header->fortran || take_word(text, "False")
               ? CLARY_OK
               : fail("'fortran_order' is neither True nor False", err);
}

/* What follows from the order and the shape together. */
static enum clary_status check_order(struct clary_npy_header *header,
                                     struct clary_error *err)
{
    if (header->rank < 2)
        header->fortran = false;
    if (header->fortran && header->rank > 2)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "the array is in Fortran order and has %zu "
                          "dimensions, expected at most 2; "
                          "numpy.ascontiguousarray gives the other order",
                          header->rank);
    return CLARY_OK;
}

static enum clary_status read_shape(struct literal *text,
                                    struct clary_npy_header *header,
                                    struct clary_error *err)
{
    bool more = true;
    if (!take(text, '('))
        return fail("'shape' is no tuple", err);
    while (!take(text, ')')) {
        if (!more)
            return fail("'shape' lacks a comma", err);
        if (header->rank == CLARY_NPY_RANK)
            return clary_fail(err, CLARY_BAD_INPUT,
                              "the array has more than %d dimensions",
                              CLARY_NPY_RANK);
        if (!take_size(text, &header->dim[header->rank++]))
            return fail("'shape' holds something else than sizes", err);
        (void)take(text, 'L'); /* Python 2 */
        more = take(text, ',');
    }
    return CLARY_OK;
}

static enum clary_status read_member(struct literal *text, unsigned *seen,
                                     struct clary_npy_header *header,
                                     struct clary_error *err)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    const char *key = NULL;
    size_t len = 0, k = 0;
    if (!take_string(text, &key, &len) || !take(text, ':'))
        return fail("it is no dictionary", err);
    while (k < 3 && (strlen(keys[k]) != len || memcmp(keys[k], key, len) != 0))
        k++;
    if (k == 3 || (*seen & 1u << k) != 0)
        return fail("its keys are not 'descr', 'fortran_order' and 'shape'",
                    err);
    *seen |= 1u << k;
    switch (k) {
    case 0:
        return read_type(text, header, err);
    case 1:
        return read_order(text, header, err);
    default:
        return read_shape(text, header, err);
    }
}

enum clary_status clary_npy_header_read(const char *text, size_t len,
                                        struct clary_npy_header *header,
                                        struct clary_error *err)
{
    struct literal literal = {text, text + len};
    unsigned seen = 0;
    bool more = true;
    memset(header, 0, sizeof *header);
    if (!take(&literal, '{'))
        return fail("it is no dictionary", err);
    while (!take(&literal, '}')) {
        if (!more)
            return fail("it lacks a comma", err);
        CLARY_TRY(read_member(&literal, &seen, header, err));
        more = take(&literal, ',');
    }
    skip_blanks(&literal);
    if (literal.p != literal.end)
        return fail("something follows the dictionary", err);
    if (seen != 7)
        return fail("its keys are not 'descr', 'fortran_order' and 'shape'",
                    err);
    return check_order(header, err);
}

char *clary_npy_shape_print(const struct clary_npy_header *header, char *text,
                            size_t text_bytes)
{
    size_t used = (size_t)snprintf(text, text_bytes, "(");
    for (size_t i = 0; i < header->rank && used < text_bytes; i++)
        used += (size_t)snprintf(text + used, text_bytes - used, "%s%zu",
                                 i > 0 ? ", " : "", header->dim[i]);
    if (used < text_bytes)
        snprintf(text + used, text_bytes - used,
                 header->rank == 1 ? ",)" : ")");
    return text;
}
