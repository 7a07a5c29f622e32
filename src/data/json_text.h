/* json_text.h: where JSON gets its line feeds, blanks and brackets.
 *
 * Inside data/ only. SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_DATA_JSON_TEXT_H
#define CLARY_DATA_JSON_TEXT_H

#include "data/codec.h"
#include "data/values.h"

#include <string.h>

struct clary_json_text {
    struct clary_buffer *out;
    struct clary_value_style style;
    bool indented; /* 4 blanks a level; else "[1, 2]" and no more */
    bool lines;    /* and each level on a line of its own */
};

/* `indented` and `lines` say how `text` breaks lines; the rest is from the
 * writer's options. */
void clary_json_text_init(struct clary_json_text *text,
                          const struct clary_writer *writer, bool indented,
                          bool lines);

/* Inline, because of brackets: of a constant both the length and the copy are
 * constants as well. */
static inline CLARY_MUST_USE enum clary_status clary_json_put(
    struct clary_json_text *text, const char *bytes, struct clary_error *err)
{
    struct clary_buffer *out = text->out;
    size_t len = strlen(bytes);
    if (out->capacity - out->len < len)
        CLARY_TRY(clary_buffer_reserve(out, len, err));
    memcpy(out->bytes + out->len, bytes, len);
    out->len += len;
    return CLARY_OK;
}

/* What stands before an element at `depth` (or, without a comma, before the
 * bracket that closes one). `comma`: an element came before it. */
enum clary_status clary_json_break(struct clary_json_text *text, size_t depth,
                                   bool comma, struct clary_error *err)
    CLARY_MUST_USE;

/* `"name": ` */
enum clary_status clary_json_key(struct clary_json_text *text, const char *name,
                                 struct clary_error *err) CLARY_MUST_USE;

/* One row of a field: arrays nested by its shape. `data` points to its first
 * element. `one_line`: without breaks, as TF Serving writes rows; otherwise
 * its brackets are at `depth`. */
enum clary_status clary_json_array(struct clary_json_text *text,
                                   const struct clary_field *field,
                                   const void *data, bool one_line,
                                   size_t depth, struct clary_error *err)
    CLARY_MUST_USE;

/* Row `r` of all fields: the array of the only one, or an object with a member
 * a field, its brackets at `depth`. */
enum clary_status clary_json_row(struct clary_json_text *text,
                                 const struct clary_rows *rows, size_t r,
                                 size_t depth, struct clary_error *err)
    CLARY_MUST_USE;

/* Element 0 of row `r`. */
const void *clary_json_row_data(const struct clary_rows *rows, size_t f,
                                size_t r);

#endif
