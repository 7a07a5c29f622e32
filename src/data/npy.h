/* npy.h: what the files of the application/x-npy codec share.
 *
 *     npy.c         the codec's entry in the table, and the writer
 *     npy_header.c  the text before the data
 *     npy_read.c    bytes to rows
 *     npy_fortran.c an array that comes column by column
 *
 *     source  numpy.lib.format, versions 1.0 to 3.0
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_NPY_H
#define CLARY_DATA_NPY_H

#include "data/codec.h"

enum {
    CLARY_NPY_START_BYTES = 10,    /* magic, version, and the shorter of the two
                                    * forms of the length of what follows */
    CLARY_NPY_HEADER_BYTES = 4096, /* longest header that is read, in all */
    CLARY_NPY_RANK = CLARY_MAX_RANK + 1
};

extern const char clary_npy_magic[6]; /* no NUL behind it */

enum clary_npy_type {
    CLARY_NPY_F2,
    CLARY_NPY_F4,
    CLARY_NPY_F8,
    CLARY_NPY_I1,
    CLARY_NPY_I2,
    CLARY_NPY_I4,
    CLARY_NPY_I8,
    CLARY_NPY_U1,
    CLARY_NPY_U2,
    CLARY_NPY_U4,
    CLARY_NPY_U8,
    CLARY_NPY_B1
};

struct clary_npy_header {
    enum clary_npy_type type;
    size_t bytes; /* of an element */
    bool big_endian;
    bool fortran; /* column by column; where that is no other order, false */
    size_t rank;
    size_t dim[CLARY_NPY_RANK];
};

/* Reads the dictionary of `len` bytes. CLARY_BAD_INPUT: it is not one of
 * numpy's, or of an array that is not read here (the message says which). */
enum clary_status clary_npy_header_read(const char *text, size_t len,
                                        struct clary_npy_header *header,
                                        struct clary_error *err) CLARY_MUST_USE;

/* "(2, 3)" as clary_shape_print. */
char *clary_npy_shape_print(const struct clary_npy_header *header, char *text,
                            size_t text_bytes);

/* --- npy_fortran.c */

/* The bytes of an array of two dimensions, none of them 0, in Fortran order,
 * and how far they have been given in C order. */
struct clary_npy_columns {
    char **chunks;
    size_t bytes, len; /* of all elements, and those that came */
    size_t element_bytes;
    size_t n_rows, n_columns;
    size_t row, column; /* of the next element to be given */
};

/* `bytes` of them are to come. CLARY_TOO_LARGE: the arena cannot hold them. */
enum clary_status clary_npy_columns_begin(struct clary_npy_columns *columns,
                                          const struct clary_npy_header *header,
                                          size_t bytes,
                                          struct clary_arena *arena,
                                          struct clary_error *err)
    CLARY_MUST_USE;

/* Keeps bytes from `*at` on until all have come. */
enum clary_status clary_npy_columns_take(struct clary_npy_columns *columns,
                                         const char **at, const char *end,
                                         struct clary_arena *arena,
                                         struct clary_error *err)
    CLARY_MUST_USE;

/* All have come: the next elements in C order, as many as `room` bytes hold.
 * Returns how many bytes those are; 0 at the end. */
size_t clary_npy_columns_give(struct clary_npy_columns *columns, char *to,
                              size_t room);

enum clary_status clary_npy_read_begin(struct clary_reader *reader,
                                       struct clary_error *err);
enum clary_status clary_npy_read_feed(struct clary_reader *reader,
                                      const char *bytes, size_t len,
                                      struct clary_error *err);
enum clary_status clary_npy_read_end(struct clary_reader *reader,
                                     struct clary_error *err);

#endif
