/* libsvm.c: the reader of text/libsvm; rows with most columns left out.
 *
 *     1 qid:7 0:8.3252 2:6.98  # a comment
 *     ^ label ^ index:value
 *
 * Indices count from 0, as XGBoost reads such files (and with it SageMaker's
 * XGBoost container): a model that was trained on indices from 1 has a column
 * 0 that is always missing, so its requests fit as well. They may come in any
 * order. The label may be there or not and is not used; neither is qid. What
 * is left out is missing where the model knows missing values, else 0.
 *
 * A first "3:1.5" is column 3, not the label 3 with the weight 1.5.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell.h"
#include "data/codec.h"

#include <math.h>
#include <string.h>

enum { TOKEN_BYTES = 256 }; /* longest label or pair */

struct libsvm {
    const struct clary_column *columns;
    size_t n_columns;
    size_t *seen;    /* per column: the last row (1-based) that had it */
    size_t n_tokens; /* of the row so far */
    bool in_comment;
    bool has_bytes;
    size_t text_len; /* bytes of the token that came in earlier pieces */
    char text[TOKEN_BYTES];
};

static enum clary_status read_begin(struct clary_reader *reader,
                                    struct clary_error *err)
{
    const struct clary_rows *rows = reader->rows;
    struct libsvm *libsvm =
        clary_arena_calloc(reader->arena, 1, sizeof *libsvm);
    if (libsvm == NULL)
        return clary_no_memory(err);
    for (size_t f = 0; f < rows->n_fields; f++) {
        if (rows->fields[f].dtype == CLARY_DTYPE_STRING)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "the model's input \"%.48s\" takes strings, "
                              "which text/libsvm cannot give it",
                              rows->fields[f].name);
        libsvm->n_columns += rows->fields[f].width;
    }
    libsvm->columns =
        clary_rows_columns(rows, reader->arena, libsvm->n_columns);
    libsvm->seen = clary_arena_calloc(reader->arena, libsvm->n_columns,
                                      sizeof *libsvm->seen);
    if (libsvm->columns == NULL || libsvm->seen == NULL)
        return clary_no_memory(err);
    reader->state = libsvm;
    reader->n_rows = 0;
    reader->columnar = false;
    return CLARY_OK;
}

static char *cell(const struct clary_reader *reader,
                  const struct clary_column *column)
{
    return column->data + reader->rows->n_rows * column->stride;
}

/* Gives every column of a new row the value of what is left out. */
static void begin_row(const struct clary_reader *reader)
{
    const struct libsvm *libsvm = reader->state;
    for (size_t c = 0; c < libsvm->n_columns; c++) {
        const struct clary_column *column = &libsvm->columns[c];
        char *to = cell(reader, column);
        memset(to, 0, clary_dtype_bytes(column->stored));
        if (reader->missing_is_nan && clary_cell_is_real(column->stored))
            clary_cell_store_real(column->stored, (double)NAN, to);
    }
}

static enum clary_status end_row(struct clary_reader *reader,
                                 struct clary_error *err)
{
    struct libsvm *libsvm = reader->state;
    libsvm->in_comment = false;
    if (libsvm->n_tokens == 0) /* a line without a row */
        return CLARY_OK;
    libsvm->n_tokens = 0;
    return clary_reader_end_row(reader, err);
}

static enum clary_status check_label(const struct clary_reader *reader,
                                     const char *text, size_t len,
                                     struct clary_error *err)
{
    char quote[CLARY_CELL_QUOTE_BYTES];
    double label;
    size_t sign = text[0] == '+';
    if (clary_parse_double(text + sign, len - sign, &label) !=
        CLARY_NUMBER_MALFORMED)
        return CLARY_OK;
    return clary_fail_at(err, CLARY_BAD_INPUT, reader->n_rows + 1, 0,
                         "\"%s\" is neither a label nor index:value",
                         clary_cell_quote(text, len, quote));
}

static enum clary_status store(struct clary_reader *reader, size_t index,
                               const char *text, size_t len,
                               struct clary_error *err)
{
    struct libsvm *libsvm = reader->state;
    const struct clary_column *column = &libsvm->columns[index];
    size_t row = reader->n_rows + 1;
    if (libsvm->seen[index] == row)
        return clary_cell_fail(row, index + 1, column,
                               "the index is there twice", err);
    libsvm->seen[index] = row;
    if (reader->missing_is_nan && clary_cell_is_real(column->stored) &&
        clary_cell_is_nan(text, len))
        return CLARY_OK; /* as begin_row left it */
    enum clary_number number =
        clary_cell_store_text(column->stored, text, len, cell(reader, column));
    if (number == CLARY_NUMBER_MALFORMED && reader->pythonic)
        number = clary_cell_store_python(column->stored, text, len,
                                         cell(reader, column));
    return number == CLARY_NUMBER_OK
               ? CLARY_OK
               : clary_cell_refuse(row, index + 1, column, number, text, len,
                                   err);
}

/* A label, qid:7 or 0:8.3252. */
static enum clary_status take_token(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err)
{
    struct libsvm *libsvm = reader->state;
    size_t row = reader->n_rows + 1;
    char quote[CLARY_CELL_QUOTE_BYTES];
    int64_t index;
    if (libsvm->n_tokens++ == 0)
        begin_row(reader);
    const char *colon = memchr(text, ':', len);
    if (colon == NULL && libsvm->n_tokens == 1)
        return check_label(reader, text, len, err);
    if (colon == NULL)
        return clary_fail_at(err, CLARY_BAD_INPUT, row, 0,
                             "\"%s\" is not index:value",
                             clary_cell_quote(text, len, quote));
    size_t index_len = (size_t)(colon - text);
    if (index_len == 3 && memcmp(text, "qid", 3) == 0)
        return CLARY_OK;
    if (clary_parse_int64(text, index_len, &index) != CLARY_NUMBER_OK)
        return clary_fail_at(err, CLARY_BAD_INPUT, row, 0,
                             "\"%s\" has no index before its colon",
                             clary_cell_quote(text, len, quote));
    reader->misfits = index >= 0 && (uint64_t)index >= libsvm->n_columns;
    if (index < 0 || reader->misfits)
        return clary_fail_at(err, CLARY_BAD_INPUT, row, 0,
                             "the index %lld is out of range; the model has "
                             "%zu column%s, counted from 0",
                             (long long)index, libsvm->n_columns,
                             libsvm->n_columns == 1 ? "" : "s");
    return store(reader, (size_t)index, colon + 1, len - index_len - 1, err);
}

static enum clary_status keep(const struct clary_reader *reader,
                              const char *bytes, size_t len,
                              struct clary_error *err)
{
    struct libsvm *libsvm = reader->state;
    if (len > TOKEN_BYTES - libsvm->text_len)
        return clary_fail_at(err, CLARY_BAD_INPUT, reader->n_rows + 1, 0,
                             "a label or pair is longer than %d bytes",
                             TOKEN_BYTES);
    memcpy(libsvm->text + libsvm->text_len, bytes, len);
    libsvm->text_len += len;
    return CLARY_OK;
}

static bool ends_token(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#';
}

/* Reads a token, or what there is of it in this piece; the byte `*at` is in
 * one or ends one. */
static enum clary_status read_token(struct clary_reader *reader,
                                    const char **at, const char *end,
                                    struct clary_error *err)
{
    struct libsvm *libsvm = reader->state;
    const char *first = *at, *p = first;
    while (p < end && !ends_token(*p))
        p++;
    *at = p;
    size_t len = (size_t)(p - first);
    if (p < end && libsvm->text_len == 0 && len <= TOKEN_BYTES)
        return len > 0 ? take_token(reader, first, len, err) : CLARY_OK;
    CLARY_TRY(keep(reader, first, len, err));
    if (p == end)
        return CLARY_OK;
    len = libsvm->text_len;
    libsvm->text_len = 0;
    return take_token(reader, libsvm->text, len, err);
}

static enum clary_status read_feed(struct clary_reader *reader,
                                   const char *bytes, size_t len,
                                   struct clary_error *err)
{
    struct libsvm *libsvm = reader->state;
    const char *p = bytes, *end = bytes + len;
    libsvm->has_bytes |= len > 0;
    while (p < end) {
        if (libsvm->in_comment) {
            p = memchr(p, '\n', (size_t)(end - p));
            if (p == NULL)
                break;
        } else {
            CLARY_TRY(read_token(reader, &p, end, err));
            if (p == end)
                break;
        }
        libsvm->in_comment |= *p == '#';
        if (*p++ == '\n')
            CLARY_TRY(end_row(reader, err));
    }
    return CLARY_OK;
}

static enum clary_status read_end(struct clary_reader *reader,
                                  struct clary_error *err)
{
    const struct libsvm *libsvm = reader->state;
    if (!libsvm->has_bytes)
        return clary_fail(err, CLARY_BAD_INPUT, "the body is empty");
    if (libsvm->text_len > 0)
        CLARY_TRY(take_token(reader, libsvm->text, libsvm->text_len, err));
    CLARY_TRY(end_row(reader, err));
    return clary_reader_end(reader, err);
}

static const char *const media_types[] = {"text/libsvm", "text/x-libsvm", NULL};

const struct clary_codec clary_codec_libsvm = {
    .name = "libsvm",
    .media_types = media_types,
    .read_begin = read_begin,
    .read_feed = read_feed,
    .read_end = read_end,
};
