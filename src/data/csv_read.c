/* csv_read.c: text/csv to rows, piece by piece.
 *
 * RFC 4180 with these liberties: lines end in LF or CR LF, the last one
 * perhaps in neither; lines of nothing but blanks do not count; blanks (space,
 * tab) around a cell do not count unless they are in its quotes; one UTF-8
 * byte order mark at the start does not count. Every row has as many cells as
 * the model's inputs have elements.
 *
 *     "8.3252", 41 ,6.98\r\n
 *     ^ cell ^ ^  ^
 *
 * A piece may be cut anywhere. Cells are stored as they come; only a cell that
 * is not complete when the piece ends is kept (csv->carry), so that memory
 * does not depend on the length of a row. What is accepted and which error is
 * found never depends on where the pieces are cut.
 *
 * Cells are separated by commas; a pythonic reader looks for the separator
 * (csv_separator.c).
 *
 * Cells that are a number right up to the separator, which is nearly all, take
 * clary_csv_window_read, or where columns are not all float32 read_numbers;
 * everything else takes read_cell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/csv.h"
#include "data/number_scan.h"

#include <math.h>
#include <string.h>

static const char bom[] = "\xEF\xBB\xBF";
enum { BOM_DONE = sizeof bom - 1 };

/* a short number, and a line's end of two bytes behind it */
enum { SHORT_BYTES = 10 };

static bool is_blank(const struct clary_csv *csv, char c)
{
    return (c == ' ' || c == '\t') && c != csv->separator;
}

enum clary_status clary_csv_read_begin(struct clary_reader *reader,
                                       struct clary_error *err)
{
    const struct clary_rows *rows = reader->rows;
    struct clary_csv *csv = clary_arena_alloc(reader->arena, sizeof *csv);
    if (csv == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the request");
    csv->n_columns = 0;
    csv->window = NULL;
    for (size_t f = 0; f < rows->n_fields; f++) {
        if (rows->fields[f].dtype == CLARY_DTYPE_STRING)
            return clary_fail(err, CLARY_UNSUPPORTED,
                              "the model's input \"%s\" takes strings, which "
                              "text/csv cannot give it",
                              rows->fields[f].name);
        csv->n_columns += rows->fields[f].width;
    }
    if (csv->n_columns == 0)
        return clary_fail(err, CLARY_UNSUPPORTED,
                          "the model's inputs have no elements, so text/csv "
                          "has no columns for them");
    csv->model_columns =
        clary_rows_columns(rows, reader->arena, csv->n_columns);
    if (csv->model_columns == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the request");
    reader->state = csv;
    CLARY_TRY(clary_csv_window_new(reader, err));
    clary_csv_read_again(reader);
    return CLARY_OK;
}

void clary_csv_read_again(struct clary_reader *reader)
{
    /* two parts, each short enough to be cleared without a loop */
    enum {
        FROM = offsetof(struct clary_csv, column),
        TO = offsetof(struct clary_csv, header),
        HEADER_BYTES = offsetof(struct clary_csv_header_row, unknown_name)
    };
    struct clary_csv *csv = reader->state;
    memset((char *)csv + FROM, 0, TO - FROM);
    memset(&csv->header, 0, HEADER_BYTES);
    csv->header.unknown_name[0] = '\0';
    csv->header.reading = reader->header == CLARY_CSV_HEADER_PRESENT;
    csv->columns = csv->model_columns;
    csv->separator = ',';
    csv->sniffs = reader->pythonic;
    reader->n_rows = 0;
    reader->columnar = reader->misfits = false;
}

/* A number at the start of a cell; len is 0 if there is none. */
struct token {
    double value;
    size_t len;
};

/* What clary_scan_short leaves. None as well: too long for a cell, or so near
 * the end that the separator behind it may be missing. Not inline, and nothing
 * by address, so that the loop below keeps all it needs in registers. */
static __attribute__((noinline)) struct token scan_long(const char *p,
                                                        const char *end)
{
    struct token token = {0, 0};
    const char *after;
    if (clary_scan_double(p, end, &after, &token.value) == CLARY_NUMBER_OK &&
        end - after >= 2 && after - p < CLARY_CSV_CELL_BYTES)
        token.len = (size_t)(after - p);
    return token;
}

/* Reads cells while they are real numbers that end right at a separator, and
 * leaves `*at` at the first that is not, or not completely in this piece. */
static enum clary_status read_numbers(struct clary_reader *reader,
                                      const char **at, const char *end,
                                      struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    struct clary_rows *rows = reader->rows;
    const char *p = *at;
    const struct clary_column *columns = csv->columns;
    size_t c = csv->column, last = csv->n_columns - 1, row = rows->n_rows;
    const char separator = csv->separator;
    enum clary_status status = CLARY_OK;
    while (p < end && c <= last) {
        const struct clary_column *column = &columns[c];
        struct token token = {0, 0};
        if (end - p > SHORT_BYTES)
            token.len = clary_scan_short(p, &token.value);
        if (token.len == 0) {
            token = scan_long(p, end);
            if (token.len == 0)
                break;
        }
        const char *after = p + token.len;
        bool is_last = *after != separator;
        if (*after == '\r')
            after++;
        if ((is_last && *after != '\n') || is_last != (c == last))
            break;
        char *to = column->data + row * column->stride;
        float narrow = (float)token.value;
        if (isinf(narrow) && reader->pythonic)
            break;
        if (column->dtype == CLARY_DTYPE_F32)
            memcpy(to, &narrow, sizeof narrow);
        else if (column->dtype == CLARY_DTYPE_F64)
            memcpy(to, &token.value, sizeof token.value);
        else
            break;
        p = after + 1;
        c++;
        if (is_last) {
            c = 0;
            status = clary_reader_end_row(reader, err);
            if (status != CLARY_OK)
                break;
            row = rows->n_rows;
        }
    }
    csv->column = c;
    *at = p;
    return status;
}

/* Moves over the cell to the separator behind it, or to `end`. */
static const char *skip_cell(struct clary_csv *csv, const char *p,
                             const char *end)
{
    enum clary_csv_cell cell = csv->cell;
    for (; p < end; p++) {
        if (cell == CLARY_CSV_CELL_QUOTED) {
            if (*p == '"')
                cell = CLARY_CSV_CELL_CLOSED;
            continue;
        }
        if (*p == csv->separator || *p == '\n')
            break;
        bool opens = *p == '"' && cell != CLARY_CSV_CELL_PLAIN;
        cell = opens ? CLARY_CSV_CELL_QUOTED : CLARY_CSV_CELL_PLAIN;
    }
    csv->cell = cell;
    return p;
}

/* Puts `len` more bytes behind those of the cell that are there. */
static enum clary_status carry(struct clary_reader *reader, const char *bytes,
                               size_t len, struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    if (csv->column >= csv->n_columns) /* only counted */
        return CLARY_OK;
    if (len > CLARY_CSV_CELL_BYTES - csv->carry_len)
        return clary_csv_fail_cell(reader, "the cell is longer than 4096 bytes",
                                   err);
    memcpy(csv->carry + csv->carry_len, bytes, len);
    csv->carry_len += len;
    return CLARY_OK;
}

/* Takes the quotes off a cell, into csv->carry (where `*text` may already
 * be). A cell with anything outside its quotes is left as it is. */
static void unquote(struct clary_csv *csv, const char **text, size_t *len)
{
    const char *p = *text + 1, *end = *text + *len;
    size_t n = 0;
    /* first look, then write: `*text` may be csv->carry */
    for (; p < end && (*p != '"' || (end - p > 1 && p[1] == '"')); p++)
        p += *p == '"';
    if (end - p != 1)
        return;
    for (p = *text + 1; p < end - 1; p++) {
        p += *p == '"';
        csv->carry[n++] = *p;
    }
    *text = csv->carry;
    *len = n;
}

/* Takes a complete cell below n_columns, trimmed and without its quotes. */
static enum clary_status take_cell(struct clary_reader *reader,
                                   const char *text, size_t len,
                                   struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    struct clary_csv_header_row *header = &csv->header;
    bool may_begin = !header->reading && !header->done && reader->n_rows == 0 &&
                     csv->column == 0 && clary_csv_header_may_begin(text, len);
    if (may_begin)
        CLARY_TRY(clary_csv_header_guess(reader, text, len, err));
    if (header->reading)
        return clary_csv_header_cell(reader, text, len, err);
    enum clary_status status = clary_csv_store(reader, text, len, err);
    if (status == CLARY_OK || !may_begin)
        return status;
    header->reading = true;
    header->not_a_number = *err;
    return clary_csv_header_cell(reader, text, len, err);
}

static enum clary_status end_row(struct clary_reader *reader,
                                 struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    if (csv->header.reading)
        return clary_csv_header_end(reader, err);
    if (csv->column != csv->n_columns) {
        reader->misfits = reader->n_rows == 0;
        return clary_csv_fail_count(reader, err);
    }
    csv->column = 0;
    return clary_reader_end_row(reader, err);
}

/* The cell [text, text + len) is complete. `is_last`: its row is as well. */
static enum clary_status end_cell(struct clary_reader *reader, const char *text,
                                  size_t len, bool is_last,
                                  struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    if (is_last && len > 0 && text[len - 1] == '\r')
        len--;
    while (len > 0 && is_blank(csv, text[len - 1]))
        len--;
    csv->cell = CLARY_CSV_CELL_START;
    csv->carry_len = 0;
    if (is_last && csv->column == 0 && len == 0)
        return CLARY_OK; /* a line without a row */
    if (csv->column < csv->n_columns) {
        if (len > 0 && text[0] == '"')
            unquote(csv, &text, &len);
        CLARY_TRY(take_cell(reader, text, len, err));
    }
    csv->column++;
    return is_last ? end_row(reader, err) : CLARY_OK;
}

/* Reads one cell, or what there is of it in this piece. */
static enum clary_status read_cell(struct clary_reader *reader, const char **at,
                                   const char *end, struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    const char *p = *at;
    if (csv->cell == CLARY_CSV_CELL_START)
        while (p < end && is_blank(csv, *p))
            p++;
    const char *first = p;
    p = skip_cell(csv, p, end);
    *at = p;
    size_t len = (size_t)(p - first);
    if (p == end || csv->carry_len > 0 || len > CLARY_CSV_CELL_BYTES) {
        CLARY_TRY(carry(reader, first, len, err));
        if (p == end)
            return CLARY_OK;
        first = csv->carry;
        len = csv->carry_len;
    }
    *at = p + 1;
    return end_cell(reader, first, len, *p == '\n', err);
}

/* Moves over a byte order mark. Where only its beginning is there, those bytes
 * are the first cell's. */
static const char *skip_bom(struct clary_csv *csv, const char *p,
                            const char *end, bool is_end)
{
    while (csv->bom < BOM_DONE) {
        if (p < end && *p == bom[csv->bom]) {
            csv->bom++;
            p++;
            continue;
        }
        if (p == end && !is_end)
            break;
        if (csv->bom > 0) { /* it was the beginning of a cell */
            memcpy(csv->carry, bom, csv->bom);
            csv->carry_len = csv->bom;
            csv->cell = CLARY_CSV_CELL_PLAIN;
        }
        csv->bom = BOM_DONE;
    }
    return p;
}

/* Bytes whose separator is known. */
static enum clary_status feed(struct clary_reader *reader, const char *bytes,
                              size_t len, struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    const char *end = bytes + len;
    const char *p = skip_bom(csv, bytes, end, false);
    clary_csv_window_close(csv);
    while (p < end) {
        if (csv->cell == CLARY_CSV_CELL_START && !csv->header.reading)
            CLARY_TRY((csv->window != NULL
                           ? clary_csv_window_read
                           : read_numbers)(reader, &p, end, err));
        if (p < end)
            CLARY_TRY(read_cell(reader, &p, end, err));
    }
    return CLARY_OK;
}

/* The first bytes of a body, until its separator is known. */
static enum clary_status feed_first(struct clary_reader *reader,
                                    const char *bytes, size_t len,
                                    struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    size_t room = CLARY_CSV_SNIFF_BYTES - csv->sniff_len;
    size_t n = len < room ? len : room;
    if (csv->sniff_len == 0 && clary_csv_sniff(csv, bytes, len, false))
        return feed(reader, bytes, len, err);
    memcpy(csv->sniffed + csv->sniff_len, bytes, n);
    csv->sniff_len += n;
    if (!clary_csv_sniff(csv, csv->sniffed, csv->sniff_len, false))
        return CLARY_OK;
    CLARY_TRY(feed(reader, csv->sniffed, csv->sniff_len, err));
    return feed(reader, bytes + n, len - n, err);
}

enum clary_status clary_csv_read_feed(struct clary_reader *reader,
                                      const char *bytes, size_t len,
                                      struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    csv->has_bytes |= len > 0;
    return csv->sniffs && len > 0 ? feed_first(reader, bytes, len, err)
                                  : feed(reader, bytes, len, err);
}

enum clary_status clary_csv_read_end(struct clary_reader *reader,
                                     struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    if (!csv->has_bytes)
        return clary_fail(err, CLARY_BAD_INPUT, "the body is empty");
    if (csv->sniffs && clary_csv_sniff(csv, csv->sniffed, csv->sniff_len, true))
        CLARY_TRY(feed(reader, csv->sniffed, csv->sniff_len, err));
    (void)skip_bom(csv, NULL, NULL, true);
    if (csv->cell == CLARY_CSV_CELL_QUOTED && csv->column < csv->n_columns)
        return clary_csv_fail_cell(
            reader, "the quotes of the cell are not closed", err);
    if (csv->cell != CLARY_CSV_CELL_START || csv->column > 0)
        CLARY_TRY(end_cell(reader, csv->carry, csv->carry_len, true, err));
    return clary_reader_end(reader, err);
}
