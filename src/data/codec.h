/* codec.h: one media type's reader and writer behind one struct.
 *
 * A codec is one file; the table is codecs.c. A codec may lack a reader or a
 * writer (members NULL). All state lives in the arena that begin gets, so a
 * codec frees nothing.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_CODEC_H
#define CLARY_DATA_CODEC_H

#include "data/buffer.h"
#include "data/cell_kernel.h"
#include "data/number.h"
#include "data/rows.h"

#include <clary/arena.h>
#include <clary/invoke.h>
#include <clary/status.h>

/* What a body asks of its reply, where the format lets it. */
struct clary_asked_output {
    struct clary_asked_output *next;
    const char *name;
    size_t name_len;
};
struct clary_asked {
    const char *id; /* to be given back; NULL: none */
    size_t id_len;
    const struct clary_asked_output *outputs; /* NULL: all of the model's */
};

/* Bytes to rows. */
struct clary_reader {
    /* set by the caller before begin */
    struct clary_rows *rows;      /* where rows go; reader calls rows->full */
    struct clary_arena *arena;    /* for the reader's state */
    enum clary_csv_header header; /* never DEFAULT */
    const struct clary_cell_kernel
        *cell_kernel;    /* NULL: the codec's own loops */
    bool missing_is_nan; /* an empty cell is NaN, else an error */
    bool pythonic; /* CSV and libsvm as SageMaker's XGBoost container reads
                    * them: the first line of CSV tells its separator, and
                    * numbers are those of Python's float() */
    const char *signature_name; /* the model's, beside "serving_default";
                                 * NULL: none */
    /* set by the reader */
    void *state;
    size_t n_rows; /* rows read so far */
    bool misfits;  /* the error is not that the body cannot be read, but that
                    * its rows are not the model's */
    bool columnar; /* JSON {"inputs": ...}: reply in columns;
                    * known before the first row is full */
    const struct clary_asked *asked; /* complete at the end; NULL: nothing */
};

/* A row of reader->rows is complete. */
enum clary_status clary_reader_end_row(struct clary_reader *reader,
                                       struct clary_error *err) CLARY_MUST_USE;

/* `n` are, of those that there is still room for. */
enum clary_status clary_reader_end_rows(struct clary_reader *reader, size_t n,
                                        struct clary_error *err) CLARY_MUST_USE;

/* The body is complete: the rows that are left. CLARY_BAD_INPUT: there was
 * none. */
enum clary_status clary_reader_end(struct clary_reader *reader,
                                   struct clary_error *err) CLARY_MUST_USE;

/* How the reply looks, beyond its media type. */
struct clary_writer_options {
    enum clary_number_form numbers;
    bool pretty;    /* TF Serving's JSON with its line feeds; else without */
    bool tfserving; /* TF Serving's JSON layout; else compact JSON */
    bool bare;      /* the list of rows alone, without {"predictions": ...} */
    bool columnar;  /* {"outputs": ...} instead of {"predictions": ...} */
    const char *model_name, *model_version; /* as kserve calls the model */
    const struct clary_scores *scores;      /* for the writers of scores.h */
};

/* Rows to bytes. */
struct clary_writer {
    /* set by the caller before begin */
    const struct clary_field *fields;
    size_t n_fields;
    struct clary_buffer *out;
    struct clary_arena *arena;
    struct clary_writer_options options;
    const struct clary_asked *asked; /* by the body, before write_end */
    /* the writer's */
    void *state;
    size_t n_rows; /* rows written so far */
};

struct clary_codec {
    const char *name;               /* "csv" */
    const char *const *media_types; /* lower case, bare; NULL at the end. The
                                     * first is the reply's Content-Type */
    bool whole; /* write_end goes back to what write_begin wrote, so nothing
                 * may be taken out of the reply before */
    enum clary_status (*read_begin)(struct clary_reader *reader,
                                    struct clary_error *err);
    /* Another body for the same rows, with what begin has set up and its
     * memory; the one before it need not have ended. NULL: that takes another
     * begin. */
    void (*read_again)(struct clary_reader *reader);
    /* Takes the next piece, cut anywhere, even inside a number. */
    enum clary_status (*read_feed)(struct clary_reader *reader,
                                   const char *bytes, size_t len,
                                   struct clary_error *err);
    /* The body is complete: the last row, rows->full for what is left. No row
     * at all is CLARY_BAD_INPUT. */
    enum clary_status (*read_end)(struct clary_reader *reader,
                                  struct clary_error *err);

    enum clary_status (*write_begin)(struct clary_writer *writer,
                                     struct clary_error *err);
    enum clary_status (*write_rows)(struct clary_writer *writer,
                                    const struct clary_rows *rows,
                                    struct clary_error *err);
    enum clary_status (*write_end)(struct clary_writer *writer,
                                   struct clary_error *err);
};

/* The codec that reads `type` (bare, lower case), or NULL. */
const struct clary_codec *clary_codec_for_reading(const char *type);

/* The codec that writes a type that `range` takes, or NULL. For ranges with a
 * star: NULL (the style's default is the caller's). */
const struct clary_codec *clary_codec_for_writing(const char *type);

extern const struct clary_codec clary_codec_csv;
extern const struct clary_codec clary_codec_json;
extern const struct clary_codec clary_codec_jsonlines;
extern const struct clary_codec clary_codec_kserve;
extern const struct clary_codec clary_codec_libsvm;
extern const struct clary_codec clary_codec_npy;

#endif
