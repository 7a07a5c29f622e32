/* csv_write.c: rows to text/csv (RFC 4180, but lines end in LF alone).
 *
 * No header. A row is the values of all outputs, one output after the other.
 * Numbers are printed as options.numbers says; in both forms NaN, Infinity and
 * -Infinity are those words. bool is true or false.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/csv.h"
#include "data/values.h"

enum clary_status clary_csv_write_begin(struct clary_writer *writer,
                                        struct clary_error *err)
{
    (void)err;
    writer->n_rows = 0;
    return CLARY_OK;
}

enum clary_status clary_csv_write_rows(struct clary_writer *writer,
                                       const struct clary_rows *rows,
                                       struct clary_error *err)
{
    const struct clary_value_style style = {.numbers = writer->options.numbers,
                                            .csv = true};
    static const struct clary_row_marks marks = {.first = CLARY_MARK(""),
                                                 .values = CLARY_MARK(","),
                                                 .rows = CLARY_MARK("\n"),
                                                 .last = CLARY_MARK("\n")};
    struct clary_buffer *out = writer->out;
    if (clary_values_are_flat(rows)) {
        writer->n_rows += rows->n_rows;
        return clary_values_rows(out, rows, &marks, &style, err);
    }
    for (size_t r = 0; r < rows->n_rows; r++) {
        bool comma = false;
        for (size_t f = 0; f < rows->n_fields; f++) {
            const struct clary_field *field = &rows->fields[f];
            size_t row_bytes = field->width * clary_dtype_bytes(field->dtype);
            if (comma && field->width > 0)
                CLARY_TRY(clary_buffer_append(out, ",", 1, err));
            CLARY_TRY(clary_values_write(
                out, field->dtype, (const char *)rows->data[f] + r * row_bytes,
                field->width, ",", 1, &style, err));
            comma |= field->width > 0;
        }
        CLARY_TRY(clary_buffer_append(out, "\n", 1, err));
        writer->n_rows++;
    }
    return CLARY_OK;
}

enum clary_status clary_csv_write_end(struct clary_writer *writer,
                                      struct clary_error *err)
{
    (void)writer;
    (void)err;
    return CLARY_OK;
}
