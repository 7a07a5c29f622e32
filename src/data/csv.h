/* csv.h: what the files of the CSV codec share.
 *
 *     csv_read.c       bytes to cells and rows
 *     csv_cell.c       a cell to a value, or to an error that names it
 *     csv_header.c     a first row of names
 *     csv_separator.c  which byte stands between cells
 *     csv_window.c     many cells at a time, if they are numbers
 *     csv_write.c      rows to bytes
 *     csv.c            the codec's entry in the table
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_CSV_H
#define CLARY_DATA_CSV_H

#include "data/cell.h"
#include "data/codec.h"

enum {
    CLARY_CSV_CELL_BYTES = 4096, /* longest cell, from its first byte that is
                                  * not blank to the separator behind it */
    CLARY_CSV_SNIFF_BYTES = 512  /* of a body, for its separator */
};

/* How far the current cell has come. */
enum clary_csv_cell {
    CLARY_CSV_CELL_START,  /* nothing yet, or blanks */
    CLARY_CSV_CELL_PLAIN,  /* not in quotes: ends at a comma or a line's end */
    CLARY_CSV_CELL_QUOTED, /* in quotes: they belong to the cell */
    CLARY_CSV_CELL_CLOSED  /* behind a quote: the last one, or half of "" */
};

/* The header row, while it is read. */
struct clary_csv_header_row {
    bool reading;   /* this row is a header, or may turn out to be one */
    bool done;      /* rows are data from now on */
    size_t n_known; /* cells that name a column */
    size_t unknown; /* first column (1-based) that does not; 0: none */
    size_t twice;   /* first column (1-based) named before; 0: none */
    struct clary_column *columns;      /* (n_columns), in the header's order */
    const struct clary_column **named; /* columns with a name of their own, by
                                        * name; NULL: not sorted yet */
    size_t n_named;
    bool underscores; /* clary_column_underscores */
    bool *seen;       /* (n_columns), in the model's order */
    /* from here on only what is said above is there */
    char unknown_name[CLARY_CELL_QUOTE_BYTES];
    char twice_name[CLARY_CELL_QUOTE_BYTES];
    struct clary_error not_a_number; /* the first cell's, if it is none */
};

struct clary_csv_window; /* csv_window.c */

struct clary_csv {
    /* the same for every body */
    const struct clary_column *model_columns; /* (n_columns) */
    size_t n_columns;
    struct clary_csv_window *window; /* NULL: cells are read one by one */
    /* of one body; 0 at its beginning but for `columns` and `separator` */
    size_t column; /* cells of the current row that are complete; may pass
                    * n_columns: those behind it are only counted */
    enum clary_csv_cell cell;
    bool is_reordered; /* its columns are not in the model's order */
    const struct clary_column *columns; /* (n_columns), in the body's order */
    unsigned bom;     /* bytes of a byte order mark seen; BOM_DONE */
    bool has_bytes;   /* the body is not empty */
    char separator;   /* between cells; it is no blank */
    bool sniffs;      /* the separator is not known yet; */
    size_t sniff_len; /* bytes of the body that came until now */
    size_t carry_len; /* bytes of the cell that came in earlier pieces */
    struct clary_csv_header_row header;
    char sniffed[CLARY_CSV_SNIFF_BYTES]; /* the sniff_len bytes */
    char carry[CLARY_CSV_CELL_BYTES];
};

enum clary_status clary_csv_read_begin(struct clary_reader *reader,
                                       struct clary_error *err);
void clary_csv_read_again(struct clary_reader *reader);
enum clary_status clary_csv_read_feed(struct clary_reader *reader,
                                      const char *bytes, size_t len,
                                      struct clary_error *err);
enum clary_status clary_csv_read_end(struct clary_reader *reader,
                                     struct clary_error *err);
enum clary_status clary_csv_write_begin(struct clary_writer *writer,
                                        struct clary_error *err);
enum clary_status clary_csv_write_rows(struct clary_writer *writer,
                                       const struct clary_rows *rows,
                                       struct clary_error *err);
enum clary_status clary_csv_write_end(struct clary_writer *writer,
                                      struct clary_error *err);

/* Finds the separator in the body's first bytes, which begin at `bytes`. False:
 * more are needed. */
bool clary_csv_sniff(struct clary_csv *csv, const char *bytes, size_t len,
                     bool is_end) CLARY_MUST_USE;

/* Sets csv->window where cells can be read many at a time. The columns are
 * known. */
enum clary_status clary_csv_window_new(struct clary_reader *reader,
                                       struct clary_error *err) CLARY_MUST_USE;

/* Another piece begins. */
void clary_csv_window_close(struct clary_csv *csv);

/* Reads cells from `*at`, the beginning of a cell, and leaves `*at` at the
 * first that is no number, not where the row expects it or not completely in
 * this piece. */
enum clary_status clary_csv_window_read(struct clary_reader *reader,
                                        const char **at, const char *end,
                                        struct clary_error *err) CLARY_MUST_USE;

/* Reads a trimmed cell of column csv->column and stores it in the row that is
 * being filled. CLARY_BAD_INPUT: it is no value of the column's type. */
enum clary_status clary_csv_store(struct clary_reader *reader, const char *text,
                                  size_t len, struct clary_error *err)
    CLARY_MUST_USE;

/* "row 3, column 2 (HouseAge): " and `what`, about column csv->column. */
enum clary_status clary_csv_fail_cell(const struct clary_reader *reader,
                                      const char *what,
                                      struct clary_error *err);

/* "row 3: expected 8 columns, found 7" */
enum clary_status clary_csv_fail_count(const struct clary_reader *reader,
                                       struct clary_error *err);

/* What is wrong when `text` holds another separator or line end; else "". */
const char *clary_csv_hint(const char *text, size_t len);

/* Whether the first cell of the first row can be a name. */
bool clary_csv_header_may_begin(const char *text, size_t len);

/* Sets header.reading if the first cell of the first row, of a column with
 * categories, is the name of a column. */
enum clary_status clary_csv_header_guess(struct clary_reader *reader,
                                         const char *text, size_t len,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* Takes a cell of the header. CLARY_BAD_INPUT: the row is no header after all,
 * and so its first cell is no number. */
enum clary_status clary_csv_header_cell(struct clary_reader *reader,
                                        const char *text, size_t len,
                                        struct clary_error *err) CLARY_MUST_USE;

/* The header is complete: brings csv->columns into its order. CLARY_BAD_INPUT:
 * the names are not those of the model, or no header is allowed. */
enum clary_status clary_csv_header_end(struct clary_reader *reader,
                                       struct clary_error *err) CLARY_MUST_USE;

#endif
