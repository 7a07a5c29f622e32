/* json_read.c: bytes of JSON to tokens, piece by piece.
 *
 * RFC 8259, perhaps behind a byte order mark, without a tree: every token acts
 * at once (json->grammar), so that memory does not depend on the length of the
 * body. A piece may be cut anywhere, even inside an escape or a number; only a
 * token that is not complete when the piece ends is kept (json->text). What is
 * accepted and which error is found never depends on where the pieces are cut.
 *
 * A word is whatever is not punctuation, blank or string: a number, true,
 * null, or something wrong. Rows of plain numbers, which are nearly all of a
 * large body, do not come as words: grammar->numbers reads those.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/json_read.h"

#include <stdio.h>
#include <string.h>

enum clary_status clary_json_fail_parse(const struct clary_reader *reader,
                                        const char *what,
                                        struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    return clary_fail(err, CLARY_BAD_INPUT,
                      "JSON Parse error: %s. at offset: %zu", what,
                      json->token_offset);
}

static enum clary_status fail_unexpected(const struct clary_reader *reader,
                                         char byte, struct clary_error *err)
{
    static const char *const expected[] = {
        [CLARY_JSON_BEFORE] = "a value",
        [CLARY_JSON_VALUE] = "a value",
        [CLARY_JSON_VALUE_OR_CLOSE] = "a value or ]",
        [CLARY_JSON_KEY] = "a name in quotes",
        [CLARY_JSON_KEY_OR_CLOSE] = "a name in quotes or }",
        [CLARY_JSON_COLON] = "a colon",
        [CLARY_JSON_AFTER] = "a comma or the closing bracket",
    };
    const struct clary_json *json = reader->state;
    char what[80];
    snprintf(what, sizeof what, "Invalid value: found '%c', expected %s",
             byte == '\0' ? '?' : byte, expected[json->state]);
    return clary_json_fail_parse(reader, what, err);
}

/* --- before the first byte */

static enum clary_status set_shapes(struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_json *json = reader->state;
    const struct clary_rows *rows = reader->rows;
    for (size_t f = 0; f < rows->n_fields; f++) {
        if (rows->fields[f].dtype == CLARY_DTYPE_STRING)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "the model's input \"%.48s\" takes strings, "
                              "which JSON cannot give it here",
                              rows->fields[f].name);
        json->first_column[f] = json->n_columns;
        json->n_columns += rows->fields[f].width;
    }
    if (json->n_columns == 0)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the model's inputs have no elements, so a row "
                          "has no numbers");
    json->row_shape = rows->fields[0].shape;
    if (rows->n_fields > 1)
        json->row_shape = (struct clary_shape){1, {(int64_t)json->n_columns}};
    return CLARY_OK;
}

enum clary_status clary_json_begin(struct clary_reader *reader,
                                   struct clary_json *json,
                                   const struct clary_json_grammar *grammar,
                                   struct clary_error *err)
{
    size_t n = reader->rows->n_fields;
    *json = (struct clary_json){
        .grammar = grammar, .state = CLARY_JSON_BEFORE, .line_feed = true};
    json->first_column =
        clary_arena_calloc(reader->arena, n, sizeof *json->first_column);
    json->names.whole = clary_arena_calloc(reader->arena, n, sizeof(size_t));
    json->names.part = clary_arena_calloc(reader->arena, n, sizeof(size_t));
    if (json->first_column == NULL || json->names.whole == NULL ||
        json->names.part == NULL)
        return clary_no_memory(err);
    reader->state = json;
    reader->n_rows = 0;
    reader->columnar = false;
    return set_shapes(reader, err);
}

enum clary_status clary_json_read_begin(struct clary_reader *reader,
                                        struct clary_error *err)
{
    struct clary_json *json = clary_arena_alloc(reader->arena, sizeof *json);
    if (json == NULL)
        return clary_no_memory(err);
    return clary_json_begin(reader, json, &clary_json_instances, err);
}

/* --- strings and words */

/* Makes sure that a value may begin here. */
static enum clary_status expect_value(struct clary_reader *reader, char byte,
                                      struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    switch (json->state) {
    case CLARY_JSON_BEFORE:
        return json->grammar->document(reader, err);
    case CLARY_JSON_VALUE:
    case CLARY_JSON_VALUE_OR_CLOSE:
        return CLARY_OK;
    default:
        return fail_unexpected(reader, byte, err);
    }
}

/* Puts `len` more bytes behind those of the token that are there. */
static enum clary_status keep(struct clary_reader *reader, const char *bytes,
                              size_t len, struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (len > CLARY_JSON_TOKEN_BYTES - json->text_len)
        return clary_json_fail_parse(
            reader, "a string or number longer than 4096 bytes", err);
    memcpy(json->text + json->text_len, bytes, len);
    json->text_len += len;
    return CLARY_OK;
}

static enum clary_status begin_string(struct clary_reader *reader,
                                      struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (json->state != CLARY_JSON_KEY && json->state != CLARY_JSON_KEY_OR_CLOSE)
        CLARY_TRY(expect_value(reader, '"', err));
    json->token = CLARY_JSON_STRING;
    json->escaped = false;
    json->text_len = 0;
    return CLARY_OK;
}

static enum clary_status end_string(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err)
{
    struct clary_json *json = reader->state;
    json->token = CLARY_JSON_NO_TOKEN;
    if (json->state == CLARY_JSON_KEY || json->state == CLARY_JSON_KEY_OR_CLOSE)
        return json->grammar->member(reader, text, len, err);
    return json->grammar->scalar(reader, text, len, true, err);
}

/* Moves over the bytes of a string to its end or to `end`. `*plain`: none of
 * them needs a second look. */
static const char *skip_string(struct clary_json *json, const char *p,
                               const char *end, bool *plain)
{
    bool escaped = json->escaped;
    *plain = true;
    for (; p < end && (escaped || *p != '"'); p++) {
        unsigned char c = (unsigned char)*p;
        *plain = *plain && c >= 0x20 && c < 0x80 && c != '\\';
        escaped = !escaped && c == '\\';
    }
    json->escaped = escaped;
    return p;
}

static enum clary_status read_string(struct clary_reader *reader,
                                     const char **at, const char *end,
                                     struct clary_error *err)
{
    struct clary_json *json = reader->state;
    const char *first = *at;
    bool plain;
    const char *p = skip_string(json, first, end, &plain);
    size_t len = (size_t)(p - first);
    *at = p;
    if (p < end && json->text_len == 0 && plain &&
        len <= CLARY_JSON_TOKEN_BYTES) {
        *at = p + 1;
        return end_string(reader, first, len, err);
    }
    CLARY_TRY(keep(reader, first, len, err));
    if (p == end)
        return CLARY_OK;
    *at = p + 1;
    len = json->text_len;
    if (!clary_json_unescape(json->text, &len))
        return clary_json_fail_parse(reader,
                                     "a string that is not JSON in UTF-8", err);
    return end_string(reader, json->text, len, err);
}

static bool ends_word(char c)
{
    switch (c) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case ',':
    case ':':
    case '[':
    case ']':
    case '{':
    case '}':
    case '"':
        return true;
    default:
        return false;
    }
}

static enum clary_status end_word(struct clary_reader *reader, const char *text,
                                  size_t len, struct clary_error *err)
{
    struct clary_json *json = reader->state;
    json->token = CLARY_JSON_NO_TOKEN;
    return json->grammar->scalar(reader, text, len, false, err);
}

static enum clary_status read_word(struct clary_reader *reader, const char **at,
                                   const char *end, struct clary_error *err)
{
    struct clary_json *json = reader->state;
    const char *first = *at, *p = first;
    while (p < end && !ends_word(*p))
        p++;
    size_t len = (size_t)(p - first);
    *at = p;
    if (p < end && json->text_len == 0 && len <= CLARY_JSON_TOKEN_BYTES)
        return end_word(reader, first, len, err);
    CLARY_TRY(keep(reader, first, len, err));
    return p < end ? end_word(reader, json->text, json->text_len, err)
                   : CLARY_OK;
}

/* --- everything else */

static enum clary_status read_close(struct clary_reader *reader, char byte,
                                    struct clary_error *err)
{
    const struct clary_json *json = reader->state;
    bool closes = false;
    if (json->depth > 0) {
        bool array = json->levels[json->depth - 1].is_array;
        enum clary_json_state empty =
            array ? CLARY_JSON_VALUE_OR_CLOSE : CLARY_JSON_KEY_OR_CLOSE;
        closes = array == (byte == ']') &&
                 (json->state == CLARY_JSON_AFTER || json->state == empty);
    }
    return closes ? json->grammar->close(reader, err)
                  : fail_unexpected(reader, byte, err);
}

/* Reads the byte `*at`, which is in no string or word; one of those is only
 * begun. */
static enum clary_status read_byte(struct clary_reader *reader, const char **at,
                                   struct clary_error *err)
{
    struct clary_json *json = reader->state;
    char byte = *(*at)++;
    switch (byte) {
    case '\n':
        json->line_feed = true;
        return CLARY_OK;
    case ' ':
    case '\t':
    case '\r':
        return CLARY_OK;
    case '[':
    case '{':
        CLARY_TRY(expect_value(reader, byte, err));
        return json->grammar->open(reader, byte == '[', err);
    case ']':
    case '}':
        return read_close(reader, byte, err);
    case ',':
        if (json->state != CLARY_JSON_AFTER)
            return fail_unexpected(reader, byte, err);
        json->grammar->comma(reader);
        return CLARY_OK;
    case ':':
        if (json->state != CLARY_JSON_COLON)
            return fail_unexpected(reader, byte, err);
        json->state = CLARY_JSON_VALUE;
        return CLARY_OK;
    case '"':
        return begin_string(reader, err);
    default:
        CLARY_TRY(expect_value(reader, byte, err));
        --*at;
        json->token = CLARY_JSON_WORD;
        json->text_len = 0;
        return CLARY_OK;
    }
}

/* Moves over a byte order mark of UTF-8, which some editors write. */
static enum clary_status skip_bom(struct clary_reader *reader, const char **at,
                                  const char *end, struct clary_error *err)
{
    static const char bom[] = "\xEF\xBB\xBF";
    enum { DONE = sizeof bom - 1 };
    struct clary_json *json = reader->state;
    for (; json->bom < DONE && *at < end; ++*at, json->bom++) {
        if (**at == bom[json->bom])
            continue;
        if (json->bom > 0)
            return fail_unexpected(reader, **at, err);
        json->bom = DONE;
        break;
    }
    return CLARY_OK;
}

enum clary_status clary_json_read_feed(struct clary_reader *reader,
                                       const char *bytes, size_t len,
                                       struct clary_error *err)
{
    struct clary_json *json = reader->state;
    const char *p = bytes, *end = bytes + len;
    clary_json_rows_close(json);
    clary_json_objects_close(json);
    CLARY_TRY(skip_bom(reader, &p, end, err));
    while (p < end) {
        if (json->token == CLARY_JSON_STRING) {
            CLARY_TRY(read_string(reader, &p, end, err));
            continue;
        }
        if (json->token == CLARY_JSON_WORD) {
            CLARY_TRY(read_word(reader, &p, end, err));
            continue;
        }
        if (clary_json_begins_number(*p))
            CLARY_TRY(json->grammar->numbers(reader, &p, end, err));
        if (p == end)
            break;
        json->token_offset = json->offset + (size_t)(p - bytes);
        CLARY_TRY(read_byte(reader, &p, err));
    }
    json->offset += len;
    return CLARY_OK;
}

enum clary_status clary_json_read_end(struct clary_reader *reader,
                                      struct clary_error *err)
{
    struct clary_json *json = reader->state;
    if (json->token == CLARY_JSON_STRING)
        return clary_json_fail_parse(
            reader, "the body ends in a string that begins here", err);
    if (json->token == CLARY_JSON_WORD)
        CLARY_TRY(end_word(reader, json->text, json->text_len, err));
    json->token_offset = json->offset;
    if (json->depth > 0)
        return clary_json_fail_parse(
            reader, "the body ends before its brackets are closed", err);
    if (json->offset == 0)
        return clary_fail(err, CLARY_BAD_INPUT, "the body is empty");
    return clary_reader_end(reader, err);
}
