/* pickle_operands.c: what stands behind an opcode: numbers, texts, bytes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/number.h"
#include "format/xgboost/pickle_machine.h"

#include <string.h>

enum clary_status clary_pickle_take(struct clary_pickle_machine *m, uint64_t n,
                                    const char **bytes)
{
    *bytes = (const char *)m->at;
    if (n > (size_t)(m->end - m->at))
        return clary_pickle_damaged(m, "the pickle is cut off");
    m->at += n;
    return CLARY_OK;
}

/* An unsigned integer of `n` bytes, little-endian. */
enum clary_status clary_pickle_take_integer(struct clary_pickle_machine *m,
                                            size_t n, uint64_t *integer)
{
    const char *bytes;

    CLARY_TRY(clary_pickle_take(m, n, &bytes));
    *integer = 0;
    while (n-- > 0)
        *integer = *integer << 8 | (unsigned char)bytes[n];
    return CLARY_OK;
}

enum clary_status clary_pickle_take_line(struct clary_pickle_machine *m,
                                         const char **line, size_t *len)
{
    const unsigned char *end = memchr(m->at, '\n', (size_t)(m->end - m->at));

    *line = (const char *)m->at;
    *len = 0;
    if (!end)
        return clary_pickle_damaged(m, "a line without an end");
    *len = (size_t)(end - m->at);
    m->at = end + 1;
    return CLARY_OK;
}

/* Bytes whose length comes in `n` bytes. */
enum clary_status clary_pickle_push_counted(struct clary_pickle_machine *m,
                                            size_t n,
                                            enum clary_pickle_kind kind)
{
    const char *bytes;
    uint64_t len;

    CLARY_TRY(clary_pickle_take_integer(m, n, &len));
    CLARY_TRY(clary_pickle_take(m, len, &bytes));
    return clary_pickle_push_bytes(m, kind, bytes, (size_t)len);
}

/* "12", "12L", and "01" and "00" for True and False. */
enum clary_status clary_pickle_push_decimal(struct clary_pickle_machine *m)
{
    const char *line;
    int64_t integer;
    size_t len;

    CLARY_TRY(clary_pickle_take_line(m, &line, &len));
    if (len == 2 && line[0] == '0' && (line[1] == '0' || line[1] == '1'))
        return clary_pickle_push(
            m, (struct clary_pickle_value){.kind = CLARY_PICKLE_BOOL,
                                           .integer = line[1] == '1'});
    if (len > 0 && line[len - 1] == 'L')
        len--;
    switch (clary_parse_int64(line, len, &integer)) {
    case CLARY_NUMBER_OK:
        return clary_pickle_push_integer(m, integer);
    case CLARY_NUMBER_RANGE:
        return clary_pickle_push_integer(m,
                                         *line == '-' ? INT64_MIN : INT64_MAX);
    default:
        return clary_pickle_damaged(m, "an integer that is none");
    }
}

/* Two's complement, little-endian, its length in `n` bytes. */
enum clary_status clary_pickle_push_long(struct clary_pickle_machine *m,
                                         size_t n)
{
    const char *bytes;
    uint64_t len, bits;
    bool negative;

    CLARY_TRY(clary_pickle_take_integer(m, n, &len));
    CLARY_TRY(clary_pickle_take(m, len, &bytes));
    negative = len > 0 && (bytes[len - 1] & 0x80) != 0;
    if (len > 8)
        return clary_pickle_push_integer(m, negative ? INT64_MIN : INT64_MAX);
    bits = negative ? UINT64_MAX : 0;
    while (len-- > 0)
        bits = bits << 8 | (unsigned char)bytes[len];
    return clary_pickle_push_integer(m, (int64_t)bits);
}

typedef bool decode(struct clary_arena *arena, const char *text, size_t len,
                    char **out, size_t *out_len);

static enum clary_status decode_text(struct clary_pickle_machine *m,
                                     decode *how, const char *text, size_t len,
                                     char **out, size_t *out_len)
{
    if (how(m->arena, text, len, out, out_len))
        return CLARY_OK;
    return *out ? clary_pickle_damaged(m, "a text that is spelt wrong")
                : clary_no_memory(m->err);
}

enum clary_status clary_pickle_push_line(struct clary_pickle_machine *m,
                                         bool is_quoted)
{
    const char *line;
    size_t len, out_len = 0;
    char *out = NULL;

    CLARY_TRY(clary_pickle_take_line(m, &line, &len));
    CLARY_TRY(
        decode_text(m, is_quoted ? clary_pickle_unquote : clary_pickle_unescape,
                    line, len, &out, &out_len));
    return clary_pickle_push_bytes(m, CLARY_PICKLE_TEXT, out, out_len);
}

enum clary_status clary_pickle_push_latin1(
    struct clary_pickle_machine *m, const struct clary_pickle_value *text)
{
    size_t len = 0;
    char *out = NULL;

    CLARY_TRY(decode_text(m, clary_pickle_latin1, text->bytes, text->len, &out,
                          &len));
    return clary_pickle_push_bytes(m, CLARY_PICKLE_BYTES, out, len);
}

enum clary_status clary_pickle_memo_line(struct clary_pickle_machine *m,
                                         bool is_put)
{
    const char *line;
    int64_t index;
    size_t len;

    CLARY_TRY(clary_pickle_take_line(m, &line, &len));
    if (clary_parse_int64(line, len, &index) != CLARY_NUMBER_OK || index < 0)
        return clary_pickle_damaged(m, "a number of the memo that is none");
    return is_put ? clary_pickle_memo_put(m, (uint64_t)index)
                  : clary_pickle_memo_get(m, (uint64_t)index);
}

enum clary_status clary_pickle_memo_bytes(struct clary_pickle_machine *m,
                                          size_t n, bool is_put)
{
    uint64_t index;

    CLARY_TRY(clary_pickle_take_integer(m, n, &index));
    return is_put ? clary_pickle_memo_put(m, index)
                  : clary_pickle_memo_get(m, index);
}
