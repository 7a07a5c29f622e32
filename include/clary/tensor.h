/* tensor.h: shapes, tensors and the signature of a model.
 *
 * Data is contiguous and row-major. A tensor does not own its data.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_TENSOR_H
#define CLARY_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Element types. A STRING element is a struct clary_string (no op reads one
 * yet; loaders refuse string inputs by name). BOOL is one byte, 0 or 1. */
enum clary_dtype {
    CLARY_DTYPE_F32,
    CLARY_DTYPE_F64,
    CLARY_DTYPE_I8,
    CLARY_DTYPE_U8,
    CLARY_DTYPE_I32,
    CLARY_DTYPE_I64,
    CLARY_DTYPE_BOOL,
    CLARY_DTYPE_STRING,
    CLARY_DTYPE_COUNT
};

struct clary_string {
    const char *bytes; /* not NUL-terminated */
    size_t len;
};

#define CLARY_MAX_RANK 8

struct clary_shape {
    size_t rank;                 /* 0: a scalar */
    int64_t dim[CLARY_MAX_RANK]; /* each >= 0; entries past rank are 0 */
};

struct clary_tensor {
    enum clary_dtype dtype;
    struct clary_shape shape;
    void *data; /* clary_shape_elements() * clary_dtype_bytes() bytes */
};

/* What a code stands for. */
struct clary_category {
    const char *text; /* as rows have it; NULL: no row can have it */
    bool is_number;   /* it is told from others as `number` (True and False are
                       * 1 and 0), not as text */
    double number;
};

/* The categories of a column, whose elements are their codes: code c is
 * list[c]. Rows in text give categories; arrays of numbers give codes. */
struct clary_categories {
    const struct clary_category *list; /* (n) */
    size_t n;
    bool takes_codes;        /* no category reads as a number: a number in text
                              * is a code, too */
    bool unknown_is_missing; /* what is no category is a missing value; else it
                              * is refused */
    const uint32_t *by_text, *by_number; /* codes of those that have a text, of
                                          * those that are numbers, in the
                                          * order of these */
    size_t n_texts, n_numbers;
};

/* One input or output of a model, for one row. */
struct clary_field {
    const char *name; /* as the signature names it */
    enum clary_dtype dtype;
    struct clary_shape shape; /* of one row: the batch dimension is left out */
    size_t width;             /* elements of one row: the shape's product */
    const char *const *column_names; /* (width), of the elements; NULL: they
                                      * have none but "name[0]", ... */
    const struct clary_categories *const *categories; /* (width), each NULL
                                                       * where there are none;
                                                       * NULL: nowhere are */
    const char *column_prefix;   /* "f": elements without names of their own are
                                  * known to the model's makers as "f0", ...;
                                  * NULL: they are not */
    bool blanks_are_underscores; /* in column_names, where the data that the
                                  * model was trained on had blanks */
};

/* What a model reads and writes. Columns of a CSV row are the elements of the
 * inputs, one input after the other, in this order. */
struct clary_signature {
    const char *name; /* "serving_default" */
    const struct clary_field *inputs;
    size_t n_inputs;
    const struct clary_field *outputs;
    size_t n_outputs;
    size_t n_columns; /* sum of the inputs' widths */
};

size_t clary_dtype_bytes(enum clary_dtype dtype);
const char *clary_dtype_name(enum clary_dtype dtype); /* "float32" */

/* What messages and reports call an element of a row: its own name, "x" for
 * the one element of field x, "x[3]" for one of several. Into `text`; cut if it
 * does not fit. Returns `text`. */
char *clary_column_name(const struct clary_field *field, size_t element,
                        char *text, size_t text_bytes);

/* The column of the inputs that `name` means, 0-based; n_columns if there is
 * none. Beside what clary_column_name gives that may be "x.3" for "x[3]", "f3"
 * where the field has a column_prefix, and blanks for underscores where
 * blanks_are_underscores. Looks at every column. */
size_t clary_signature_column(const struct clary_signature *signature,
                              const char *name, size_t len);

/* Product of the dimensions; 1 for a scalar. False if it overflows. */
bool clary_shape_elements(const struct clary_shape *shape, size_t *elements);

bool clary_shape_equal(const struct clary_shape *a,
                       const struct clary_shape *b);

/* "(3, 4)", "()" into `text`; cut if it does not fit. Returns `text`. */
char *clary_shape_print(const struct clary_shape *shape, char *text,
                        size_t text_bytes);

/* Products and sums that must not overflow: false if they would. */
bool clary_size_mul(size_t a, size_t b, size_t *product);
bool clary_size_add(size_t a, size_t b, size_t *sum);

#endif
