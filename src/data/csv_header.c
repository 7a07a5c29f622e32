/* csv_header.c: a first row of names (CLARY_CSV_HEADER).
 *
 *     present  the first row is a header, whatever it holds
 *     auto     it is one if none of its cells is a number or empty
 *     absent   it is none; if it looks like one, the error says so
 *
 * If every input has one column or names for its columns, the header names
 * them all, in any order, each exactly once. Otherwise columns have no names
 * but those of column_name.h; a header that uses any of those must use them
 * all, in any order, and one that uses none is passed over but for the number
 * of its cells.
 *
 * A row of data must never pass for a header: what stands for a missing or an
 * infinite value somewhere, and what has no letter, is no name with auto.
 *
 * A first cell that is no category of its column may be an unknown one, which
 * some models take as missing: with auto it begins a header only if it is the
 * name of a column.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/cell.h"
#include "data/column_name.h"
#include "data/csv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether each column has a name of its own. An input's name is the model's
 * own unless columns have others. */
static bool names_columns(const struct clary_rows *rows)
{
    bool names = true;
    for (size_t f = 0; f < rows->n_fields; f++)
        names &= rows->fields[f].column_names != NULL ||
                 (rows->fields[f].width == 1 &&
                  rows->fields[f].column_prefix == NULL);
    return names;
}

/* Whether `text` is how some program spells a missing or an infinite value. */
static bool is_odd_value(const char *text, size_t len)
{
    static const char *const words[] = {
        "nan", "na",   "n/a",  "#n/a", "#na", "#n/a n/a", "<na>",
        "nat", "null", "none", "nil",  "inf", "infinity"};
    if (len > 0 && (text[0] == '+' || text[0] == '-')) {
        text++;
        len--;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strlen(words[i]) == len && strncasecmp(text, words[i], len) == 0)
            return true;
    return false;
}

/* A name has a letter, perhaps one beyond ASCII, or an underscore. */
static bool has_letter(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i], lower = c | 0x20;
        if ((lower >= 'a' && lower <= 'z') || c == '_' || c >= 0x80)
            return true;
    }
    return false;
}

bool clary_csv_header_may_begin(const char *text, size_t len)
{
    /* what begins like a number is a number that is spelt wrong */
    return len > 0 && memchr("+-.0123456789", text[0], 13) == NULL &&
           has_letter(text, len) && !is_odd_value(text, len);
}

/* Whether a cell behind the first can only be one of a row of data. */
static bool is_data(const char *text, size_t len)
{
    double unused;
    return len == 0 ||
           clary_parse_double(text, len, &unused) != CLARY_NUMBER_MALFORMED ||
           clary_parse_python(text, len, &unused) != CLARY_NUMBER_MALFORMED ||
           is_odd_value(text, len);
}

static bool is_name(const struct clary_field *field, const char *text,
                    size_t len)
{
    return strlen(field->name) == len && memcmp(field->name, text, len) == 0;
}

static int compare_names(const void *a, const void *b)
{
    const struct clary_column *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* What is looked for. */
struct key {
    const char *text;
    size_t len;
    bool underscores;
};

static int compare_text(const void *key, const void *element)
{
    const struct key *wanted = key;
    const char *name = (*(const struct clary_column *const *)element)->name;
    return clary_column_compare(wanted->text, wanted->len, wanted->underscores,
                                name, strlen(name));
}

/* Makes room for a header and sorts the columns that have names, once a header:
 * a search then costs the same for any order of it. */
static enum clary_status sort_names(const struct clary_reader *reader,
                                    struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    struct clary_csv_header_row *header = &csv->header;
    if (header->named != NULL)
        return CLARY_OK;
    header->named = clary_arena_calloc(reader->arena, csv->n_columns,
                                       sizeof(const struct clary_column *));
    header->columns = clary_arena_calloc(reader->arena, csv->n_columns,
                                         sizeof *header->columns);
    header->seen =
        clary_arena_calloc(reader->arena, csv->n_columns, sizeof *header->seen);
    if (header->named == NULL || header->columns == NULL ||
        header->seen == NULL)
        return clary_fail(err, CLARY_NO_MEMORY, "no memory for the header");
    for (size_t c = 0; c < csv->n_columns; c++)
        if (csv->columns[c].width == 1)
            header->named[header->n_named++] = &csv->columns[c];
    qsort(header->named, header->n_named, sizeof *header->named, compare_names);
    header->underscores =
        clary_column_underscores(reader->rows->fields, reader->rows->n_fields);
    return CLARY_OK;
}

/* The column of the model that is called `text`; n_columns if there is none. */
static size_t find_column(const struct clary_reader *reader, const char *text,
                          size_t len)
{
    const struct clary_csv *csv = reader->state;
    const struct clary_csv_header_row *header = &csv->header;
    struct key key = {text, len, header->underscores};
    size_t name_len = 0, number = 0, first = 0; /* first: column of the field */
    const struct clary_column **named = bsearch(
        &key, header->named, header->n_named, sizeof *named, compare_text);
    if (named != NULL)
        return (size_t)(*named - csv->columns);
    bool is_split = clary_column_split(text, len, &name_len, &number);
    for (size_t f = 0; f < reader->rows->n_fields; f++) {
        const struct clary_field *field = &reader->rows->fields[f];
        size_t element = number;
        if ((is_split && number < field->width &&
             is_name(field, text, name_len)) ||
            clary_column_prefixed(field, text, len, &element))
            return first + element;
        first += field->width;
    }
    return csv->n_columns;
}

enum clary_status clary_csv_header_guess(struct clary_reader *reader,
                                         const char *text, size_t len,
                                         struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    struct clary_csv_header_row *header = &csv->header;
    const struct clary_categories *categories = csv->columns[0].categories;
    char what[CLARY_CELL_CATEGORY_BYTES];
    size_t code;
    if (reader->header != CLARY_CSV_HEADER_AUTO || categories == NULL ||
        clary_categories_find(categories, text, len, &code))
        return CLARY_OK;
    CLARY_TRY(sort_names(reader, err));
    if (find_column(reader, text, len) == csv->n_columns)
        return CLARY_OK;
    header->reading = true;
    (void)clary_csv_fail_cell(
        reader, clary_cell_refuse_category(categories, text, len, what),
        &header->not_a_number);
    return CLARY_OK;
}

static enum clary_status match(const struct clary_reader *reader,
                               const char *text, size_t len,
                               struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    struct clary_csv_header_row *header = &csv->header;
    CLARY_TRY(sort_names(reader, err));
    size_t column = find_column(reader, text, len);
    if (column == csv->n_columns) {
        if (header->unknown == 0) {
            header->unknown = csv->column + 1;
            clary_cell_quote(text, len, header->unknown_name);
        }
        return CLARY_OK;
    }
    header->n_known++;
    if (header->seen[column] && header->twice == 0) {
        header->twice = csv->column + 1;
        clary_cell_quote(text, len, header->twice_name);
    }
    header->seen[column] = true;
    header->columns[csv->column] = csv->columns[column];
    return CLARY_OK;
}

enum clary_status clary_csv_header_cell(struct clary_reader *reader,
                                        const char *text, size_t len,
                                        struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    if (reader->header != CLARY_CSV_HEADER_PRESENT && is_data(text, len)) {
        *err = csv->header.not_a_number;
        return err->status;
    }
    return reader->header == CLARY_CSV_HEADER_ABSENT
               ? CLARY_OK
               : match(reader, text, len, err);
}

static enum clary_status fail_column(size_t column, const char *name,
                                     const char *what, struct clary_error *err)
{
    (void)clary_fail(err, CLARY_BAD_INPUT, "header, column %zu: \"%s\" %s%s",
                     column, name, what, clary_csv_hint(name, strlen(name)));
    err->column = column;
    return CLARY_BAD_INPUT;
}

/* The first input that the header does not name. */
static enum clary_status fail_missing(const struct clary_reader *reader,
                                      struct clary_error *err)
{
    const struct clary_csv *csv = reader->state;
    size_t c = 0;
    while (csv->header.seen[c])
        c++;
    const struct clary_column *column = &csv->columns[c];
    if (column->width == 1)
        return clary_fail(err, CLARY_BAD_INPUT,
                          "header: the model's input \"%s\" is missing",
                          column->name);
    return clary_fail(err, CLARY_BAD_INPUT,
                      "header: the model's input \"%s[%zu]\" is missing",
                      column->name, column->element);
}

static enum clary_status fail_absent(const struct clary_csv *csv,
                                     struct clary_error *err)
{
    const struct clary_error *cell = &csv->header.not_a_number;
    (void)clary_fail(err, CLARY_BAD_INPUT,
                     "%s; a header row needs CLARY_CSV_HEADER=auto",
                     cell->message);
    err->row = cell->row;
    err->column = cell->column;
    return CLARY_BAD_INPUT;
}

enum clary_status clary_csv_header_end(struct clary_reader *reader,
                                       struct clary_error *err)
{
    struct clary_csv *csv = reader->state;
    struct clary_csv_header_row *header = &csv->header;
    if (reader->header == CLARY_CSV_HEADER_ABSENT)
        return fail_absent(csv, err);
    header->reading = false;
    header->done = true;
    bool by_name = names_columns(reader->rows) || header->n_known > 0;
    if (by_name && header->unknown > 0)
        return fail_column(header->unknown, header->unknown_name,
                           "is not an input of the model", err);
    if (by_name && header->twice > 0)
        return fail_column(header->twice, header->twice_name, "is there twice",
                           err);
    if (by_name && csv->column < csv->n_columns)
        return fail_missing(reader, err);
    if (csv->column != csv->n_columns)
        return clary_fail(
            err, CLARY_BAD_INPUT, "header: expected %zu columns, found %zu%s",
            csv->n_columns, csv->column,
            clary_csv_hint(header->unknown_name, strlen(header->unknown_name)));
    if (by_name)
        csv->columns = header->columns;
    for (size_t c = 0; c < csv->n_columns; c++)
        csv->is_reordered |= csv->columns[c].index != c;
    csv->column = 0;
    return CLARY_OK;
}
