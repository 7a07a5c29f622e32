/* json_read.h: what the files of the JSON reader share.
 *
 *     json_read.c      bytes to tokens: brackets, strings, words
 *     json_string.c    what a string's escapes mean
 *     json_document.c  tokens to requests and instances
 *     json_member.c    the names in those
 *     json_names.c     which inputs and columns they mean
 *     json_value.c     the numbers of a row and where they go
 *     json_rows.c      many rows of plain numbers at a time
 *     json_objects.c   many rows of named numbers at a time
 *     json_columns.c   several inputs column by column, kept until all are
 *                      there
 *     kserve_*.c       another grammar: kserve_read.h
 *
 * application/json and application/jsonlines have the same reader.
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_JSON_READ_H
#define CLARY_DATA_JSON_READ_H

#include "data/cell.h"
#include "data/codec.h"

enum {
    CLARY_JSON_DEPTH = CLARY_MAX_RANK + 8, /* brackets open at once */
    CLARY_JSON_TOKEN_BYTES = 4096          /* longest string or number */
};

/* What an open bracket holds. */
enum clary_json_kind {
    CLARY_JSON_REQUEST,  /* {"instances": ..., "signature_name": ...} */
    CLARY_JSON_INSTANCE, /* {"x": ..., "y": ...}: a row; the first one of a
                          * document may turn out to be a REQUEST */
    CLARY_JSON_DATA,     /* {"features": {...}}, an instance's "data" */
    CLARY_JSON_FEATURES, /* {"values": [...]} in that */
    CLARY_JSON_INPUTS,   /* {"x": [...], "y": [...]}, a request's "inputs" */
    CLARY_JSON_LIST,     /* an array with a row in each element */
    CLARY_JSON_VALUES    /* an array in a row */
};

static inline bool clary_json_is_array(enum clary_json_kind kind)
{
    return kind == CLARY_JSON_LIST || kind == CLARY_JSON_VALUES;
}

/* What the next value is. */
enum clary_json_role {
    CLARY_JSON_DOCUMENT_ROLE,
    CLARY_JSON_INSTANCES_ROLE, /* of "instances": a list */
    CLARY_JSON_INPUTS_ROLE,    /* of "inputs": a list or an object */
    CLARY_JSON_COLUMN_ROLE,    /* of an input in INPUTS: a list */
    CLARY_JSON_SIGNATURE_ROLE, /* of "signature_name": a string */
    CLARY_JSON_DATA_ROLE,      /* of "data": an object */
    CLARY_JSON_FEATURES_ROLE,  /* of "features" in "data": an object */
    CLARY_JSON_ROW_ROLE,       /* an element of a list */
    CLARY_JSON_MEMBER_ROLE,    /* of a name in an instance; json->value is
                                * aimed at it */
    CLARY_JSON_ELEMENT_ROLE    /* in the arrays of json->value */
};

struct clary_json_level {
    int kind; /* the grammar's: here an enum clary_json_kind */
    bool is_array;
    size_t count; /* elements or members begun */
};

/* The value that is being filled: a row, or one input of it, or one element
 * of one input. Its numbers may come in arrays nested as `shape` has it, in
 * one flat array, or without one where there is but one number. */
struct clary_json_value {
    const struct clary_shape *shape;
    size_t total;        /* numbers wanted */
    size_t n;            /* numbers seen, also those that are too many */
    size_t base;         /* brackets open around it */
    size_t depth;        /* brackets around its numbers, or UNKNOWN */
    size_t first_column; /* of the model, 0-based */
    size_t row;          /* 1-based, for messages */
    bool is_row;         /* all inputs; else one or a part of one */
    /* the next number */
    size_t field, element;
    char *to;
};
#define CLARY_JSON_UNKNOWN SIZE_MAX

/* One input of {"inputs": {...}}, or one element of it, in all rows. */
struct clary_json_chunk {
    struct clary_json_chunk *next;
    size_t n_rows, capacity;
    char bytes[];
};
struct clary_json_column {
    bool seen;
    size_t field, element; /* of it, or all of them: WHOLE */
    size_t n_rows;
    struct clary_json_chunk *first, *last;
};

/* A name that an instance may have. */
struct clary_json_name {
    const char *text;
    size_t len;
    size_t field, element; /* of it, or all of them: WHOLE */
};
#define CLARY_JSON_WHOLE SIZE_MAX

/* The names of the model, and those of the current instance so far. A stamp
 * is the 1-based number of the row that the name was last seen in, so that
 * nothing is cleared. */
struct clary_json_names {
    struct clary_json_name *list; /* (n), in the model's order; NULL: no name
                                   * was looked for yet */
    const struct clary_json_name **sorted; /* (n); NULL: not needed yet */
    size_t n;
    size_t next;      /* the one of the list that probably comes next */
    bool underscores; /* clary_column_underscores */

    size_t *whole;   /* stamp per field: "x" */
    size_t *part;    /* stamp per field: any of "x[0]", "x[1]", ... */
    size_t *element; /* stamp per column: that one; NULL: none was seen yet */
    size_t all;      /* stamp: "features" or "data" */
    size_t n_set;    /* numbers of the row that are there */
};

enum clary_json_state {
    CLARY_JSON_BEFORE,         /* a document */
    CLARY_JSON_VALUE,          /* behind ':' or ',' */
    CLARY_JSON_VALUE_OR_CLOSE, /* behind '[' */
    CLARY_JSON_KEY,            /* behind ',' */
    CLARY_JSON_KEY_OR_CLOSE,   /* behind '{' */
    CLARY_JSON_COLON,
    CLARY_JSON_AFTER /* a value: ',' or a closing bracket */
};

/* What the tokens of a body mean. `text` is never kept. */
struct clary_json_grammar {
    /* A value begins outside all brackets. */
    enum clary_status (*document)(struct clary_reader *reader,
                                  struct clary_error *err);
    enum clary_status (*open)(struct clary_reader *reader, bool is_array,
                              struct clary_error *err);
    enum clary_status (*close)(struct clary_reader *reader,
                               struct clary_error *err);
    void (*comma)(struct clary_reader *reader);
    enum clary_status (*member)(struct clary_reader *reader, const char *text,
                                size_t len, struct clary_error *err);
    /* A string, number or word as a value. */
    enum clary_status (*scalar)(struct clary_reader *reader, const char *text,
                                size_t len, bool is_string,
                                struct clary_error *err);
    /* At a number that is no token yet: takes as many as it can of the array
     * that is open, with the commas between them, and leaves `*at` at the
     * rest. */
    enum clary_status (*numbers)(struct clary_reader *reader, const char **at,
                                 const char *end, struct clary_error *err);
};

struct clary_json_window;  /* json_rows.c */
struct clary_json_objects; /* json_objects.c */

struct clary_json {
    const struct clary_json_grammar *grammar;
    struct clary_json_window *window;   /* NULL: not needed yet */
    struct clary_json_objects *objects; /* NULL: likewise */

    /* of the model */
    size_t n_columns;
    struct clary_shape row_shape; /* of a row as an instance has it: that of
                                   * the only input, else (n_columns) */
    size_t *first_column;         /* per field */

    /* tokens */
    enum clary_json_state state;
    enum { CLARY_JSON_NO_TOKEN, CLARY_JSON_STRING, CLARY_JSON_WORD } token;
    bool escaped;        /* the string's last byte is a backslash of its own */
    bool line_feed;      /* seen since the last document, or there was none */
    unsigned bom;        /* bytes of a byte order mark seen; 3: it is over */
    size_t offset;       /* bytes of the pieces before this one */
    size_t token_offset; /* where in the body the token begins */
    size_t text_len;     /* bytes of the token that came in earlier pieces */
    char text[CLARY_JSON_TOKEN_BYTES];

    /* documents */
    size_t depth; /* brackets open */
    struct clary_json_level levels[CLARY_JSON_DEPTH];
    enum clary_json_role role;
    bool undecided; /* only '[' so far: a row or a list of rows? */
    size_t n_documents;
    bool has_signature, has_rows; /* the request's members */
    struct clary_json_names names;
    struct clary_json_value value;
    struct clary_json_column *columns; /* (n_lists): per field, and behind
                                        * those, where elements may come
                                        * alone, per column of the model;
                                        * NULL: not in use */
    size_t n_lists;
    size_t column; /* of the list that is open */
};

/* --- json_read.c */

static inline bool clary_json_begins_number(char c)
{
    return c == '-' || (c >= '0' && c <= '9');
}

/* Begins with `json` as the reader's state, zeros or what an invocation before
 * left; a struct of the grammar's own may begin with it. */
enum clary_status clary_json_begin(struct clary_reader *reader,
                                   struct clary_json *json,
                                   const struct clary_json_grammar *grammar,
                                   struct clary_error *err) CLARY_MUST_USE;

enum clary_status clary_json_read_begin(struct clary_reader *reader,
                                        struct clary_error *err);
enum clary_status clary_json_read_feed(struct clary_reader *reader,
                                       const char *bytes, size_t len,
                                       struct clary_error *err);
enum clary_status clary_json_read_end(struct clary_reader *reader,
                                      struct clary_error *err);

/* "JSON Parse error: ", `what`, " at offset: " and the token's offset. */
enum clary_status clary_json_fail_parse(const struct clary_reader *reader,
                                        const char *what,
                                        struct clary_error *err);

/* --- json_string.c */

/* Brings a string's `len` bytes between its quotes into the form that they
 * mean, in place; it never gets longer. False if they are no string of RFC
 * 8259: an unknown escape, half of a surrogate pair, a control character, or
 * bytes that are not UTF-8. */
bool clary_json_unescape(char *text, size_t *len);

/* --- json_document.c */

extern const struct clary_json_grammar clary_json_instances;

/* --- json_member.c */

/* A name and, for the value behind it, json->role. */
enum clary_status clary_json_member(struct clary_reader *reader,
                                    const char *text, size_t len,
                                    struct clary_error *err) CLARY_MUST_USE;
/* `text` in "instances" or "inputs", `list`, means nothing to the model. */
enum clary_status clary_json_fail_unknown(const struct clary_reader *reader,
                                          const char *text, size_t len,
                                          const char *list,
                                          struct clary_error *err);

/* --- json_names.c */

/* The name `text`; `*found` is NULL if the model has none such. */
enum clary_status clary_json_find(struct clary_reader *reader, const char *text,
                                  size_t len,
                                  const struct clary_json_name **found,
                                  struct clary_error *err) CLARY_MUST_USE;
/* "x[12]": the input x and 12; `*field` is n_fields if it is no such name. */
enum clary_status clary_json_find_element(struct clary_reader *reader,
                                          const char *text, size_t len,
                                          size_t *field, size_t *element,
                                          struct clary_error *err)
    CLARY_MUST_USE;

/* --- json_rows.c */

/* At the first number of a row: reads as many rows as it can and leaves `*at`
 * at the first number of another one, which has the same place among the
 * tokens. `*at` stays where that cannot be done. */
enum clary_status clary_json_rows(struct clary_reader *reader, const char **at,
                                  const char *end, struct clary_error *err)
    CLARY_MUST_USE;

/* Another piece begins. */
void clary_json_rows_close(struct clary_json *json);

/* --- json_objects.c */

/* The same at a number that is a member of a row. */
enum clary_status clary_json_objects(struct clary_reader *reader,
                                     const char **at, const char *end,
                                     struct clary_error *err) CLARY_MUST_USE;
void clary_json_objects_close(struct clary_json *json);

/* --- json_value.c */

/* Whether no element has categories that look like numbers. */
bool clary_json_takes_numbers(const struct clary_field *field);

/* The value, no number of which was seen, is that of the next row now. */
void clary_json_value_next_row(struct clary_reader *reader);

/* "row 3, column 2 (HouseAge): " and `what`, of the next number. */
enum clary_status clary_json_value_fail(const struct clary_reader *reader,
                                        const char *what,
                                        struct clary_error *err);

/* Aims json->value at a whole row, at input `field` of it, or at one element
 * of that. */
void clary_json_aim_row(struct clary_reader *reader);
void clary_json_aim_field(struct clary_reader *reader, size_t field);
void clary_json_aim_element(struct clary_reader *reader, size_t field,
                            size_t element);

/* An array in the value begins; it is not yet one of json->depth. */
enum clary_status clary_json_value_open(struct clary_reader *reader,
                                        struct clary_error *err) CLARY_MUST_USE;
/* It ends; it is still one of json->depth. */
enum clary_status clary_json_value_close(struct clary_reader *reader,
                                         struct clary_error *err)
    CLARY_MUST_USE;
enum clary_status clary_json_value_scalar(struct clary_reader *reader,
                                          const char *text, size_t len,
                                          bool is_string,
                                          struct clary_error *err)
    CLARY_MUST_USE;

/* Reads numbers of the value's innermost array and the commas between them
 * while both are plain, and leaves `*at` at what is not. */
void clary_json_value_numbers(struct clary_reader *reader, const char **at,
                              const char *end);

/* Whether clary_json_value_numbers may be called. */
bool clary_json_value_is_plain(const struct clary_reader *reader);

/* --- json_columns.c */

/* {"inputs": {...}} of several inputs begins. `elements`: of an input the
 * elements may come one by one. */
enum clary_status clary_json_columns_begin(struct clary_reader *reader,
                                           bool elements,
                                           struct clary_error *err)
    CLARY_MUST_USE;
/* The index in json->columns of an input, or of an element of it. */
size_t clary_json_columns_at(const struct clary_json *json, size_t field,
                             size_t element);
/* Aims json->value at the next row of json->columns[json->column].
 * CLARY_TOO_LARGE:
 * the inputs take more memory than an invocation may have. */
enum clary_status clary_json_columns_aim(struct clary_reader *reader,
                                         struct clary_error *err)
    CLARY_MUST_USE;
/* That row is complete. */
void clary_json_columns_add(struct clary_reader *reader);
/* All inputs are there: makes rows of them. */
enum clary_status clary_json_columns_end(struct clary_reader *reader,
                                         struct clary_error *err)
    CLARY_MUST_USE;

#endif
