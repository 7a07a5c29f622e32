/* kserve_read.h: what the files of the reader of inference requests share.
 *
 *     kserve_request.c  what the tokens of a request mean
 *     kserve_names.c    the names in it, and what is passed over
 *     kserve_input.c    an input's name, shape and datatype: where its values
 *                       go
 *     kserve_data.c     its values
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_KSERVE_READ_H
#define CLARY_DATA_KSERVE_READ_H

#include "data/json_read.h"
#include "data/pieces.h"

/* What an open bracket holds. */
enum clary_kserve_kind {
    CLARY_KSERVE_REQUEST, /* {"inputs": [...], "outputs": [...], ...} */
    CLARY_KSERVE_INPUTS,  /* an array */
    CLARY_KSERVE_INPUT,   /* {"name": ..., "shape": ..., ...} */
    CLARY_KSERVE_SHAPE,   /* an array */
    CLARY_KSERVE_DATA,    /* an array of values, or of arrays: rows */
    CLARY_KSERVE_VALUES,  /* an array in that */
    CLARY_KSERVE_EARLY,   /* an array of or in "data" before its shape */
    CLARY_KSERVE_OUTPUTS, /* an array */
    CLARY_KSERVE_OUTPUT,  /* {"name": ...} */
    CLARY_KSERVE_PARAMETERS,
    CLARY_KSERVE_SKIPPED /* in those */
};

/* What the next value is. */
enum clary_kserve_role {
    CLARY_KSERVE_REQUEST_ROLE,
    CLARY_KSERVE_ID_ROLE,
    CLARY_KSERVE_INPUTS_ROLE,
    CLARY_KSERVE_INPUT_ROLE,
    CLARY_KSERVE_NAME_ROLE,
    CLARY_KSERVE_SHAPE_ROLE,
    CLARY_KSERVE_DIMENSION_ROLE,
    CLARY_KSERVE_DATATYPE_ROLE,
    CLARY_KSERVE_DATA_ROLE,
    CLARY_KSERVE_ROW_ROLE,     /* in DATA */
    CLARY_KSERVE_ELEMENT_ROLE, /* in VALUES */
    CLARY_KSERVE_EARLY_ROLE,
    CLARY_KSERVE_OUTPUTS_ROLE,
    CLARY_KSERVE_OUTPUT_ROLE,
    CLARY_KSERVE_OUTPUT_NAME_ROLE,
    CLARY_KSERVE_PARAMETERS_ROLE,
    CLARY_KSERVE_SKIPPED_ROLE
};

/* A datatype of the protocol. */
struct clary_kserve_datatype {
    const char *name;
    enum { CLARY_KSERVE_REAL, CLARY_KSERVE_INTEGER, CLARY_KSERVE_BOOL } kind;
    int64_t min, max; /* of an integer; UINT64: see kserve_data.c */
};

enum { CLARY_KSERVE_RANK = CLARY_MAX_RANK + 1 };

/* The members of an object that were there, as bits. */
enum {
    CLARY_KSERVE_HAS_NAME = 1,
    CLARY_KSERVE_HAS_SHAPE = 2,
    CLARY_KSERVE_HAS_DATATYPE = 4,
    CLARY_KSERVE_HAS_DATA = 8,
    CLARY_KSERVE_HAS_PARAMETERS = 16,
    CLARY_KSERVE_HAS_ID = 32,
    CLARY_KSERVE_HAS_INPUTS = 64,
    CLARY_KSERVE_HAS_OUTPUTS = 128
};

/* The input that is open. */
struct clary_kserve_input {
    unsigned members;
    char name[CLARY_CELL_QUOTE_BYTES]; /* for messages */
    size_t field, element; /* that it names; field == n_fields: none */
    size_t rank;
    uint64_t dim[CLARY_KSERVE_RANK];
    const struct clary_kserve_datatype *datatype;
    struct clary_pieces early; /* "data", as it came, where that was too soon */

    /* its values */
    enum {
        CLARY_KSERVE_ANY,    /* none yet */
        CLARY_KSERVE_FLAT,   /* numbers without brackets */
        CLARY_KSERVE_NESTED, /* a row in an array */
    } form;
    bool in_row;
    uint64_t n_rows; /* complete */
};

struct clary_kserve {
    struct clary_json json; /* first: both are the reader's state */
    enum clary_kserve_role role;
    unsigned members; /* of the request */
    size_t n_inputs;
    size_t n_outputs;
    bool is_whole; /* one input has given all columns */
    struct clary_kserve_input input;
    struct clary_asked_output *output; /* that is open */
    struct clary_asked asked;
};

/* --- kserve_request.c */

extern const struct clary_json_grammar clary_kserve_grammar;

/* --- kserve_names.c */

/* A name, and for the value behind it, the role. */
enum clary_status clary_kserve_member(struct clary_reader *reader,
                                      const char *text, size_t len,
                                      struct clary_error *err) CLARY_MUST_USE;

/* The request, an input or an output is complete: is all there? */
enum clary_status clary_kserve_check_request(const struct clary_reader *reader,
                                             struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_kserve_check_input(const struct clary_reader *reader,
                                           struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_kserve_check_output(const struct clary_reader *reader,
                                            struct clary_error *err)
    CLARY_MUST_USE;

/* "outputs" [..] begins another; it has the name `text`. */
enum clary_status clary_kserve_output(struct clary_reader *reader,
                                      struct clary_error *err) CLARY_MUST_USE;
enum clary_status clary_kserve_output_name(struct clary_reader *reader,
                                           const char *text, size_t len,
                                           struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_kserve_id(struct clary_reader *reader, const char *text,
                                  size_t len, struct clary_error *err)
    CLARY_MUST_USE;

/* --- kserve_input.c: what is known of the input that is open */

enum clary_status clary_kserve_name(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err) CLARY_MUST_USE;
enum clary_status clary_kserve_dimension(struct clary_reader *reader,
                                         const char *text, size_t len,
                                         struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_kserve_datatype(struct clary_reader *reader,
                                        const char *text, size_t len,
                                        struct clary_error *err) CLARY_MUST_USE;

/* All of that is known: settles where its rows go, json->columns[json->column]
 * or straight to reader->rows. */
enum clary_status clary_kserve_place(struct clary_reader *reader,
                                     struct clary_error *err) CLARY_MUST_USE;

/* "(2, 8)", its shape. */
const char *clary_kserve_shape(const struct clary_kserve_input *input,
                               char *text, size_t text_bytes);

/* --- kserve_data.c: its values */

enum clary_status clary_kserve_data_row(struct clary_reader *reader,
                                        struct clary_error *err) CLARY_MUST_USE;
enum clary_status clary_kserve_data_row_end(struct clary_reader *reader,
                                            struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_kserve_data_scalar(struct clary_reader *reader,
                                           const char *text, size_t len,
                                           bool is_string,
                                           struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_kserve_data_numbers(struct clary_reader *reader,
                                            const char **at, const char *end,
                                            struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_kserve_data_end(struct clary_reader *reader,
                                        struct clary_error *err) CLARY_MUST_USE;

#endif
