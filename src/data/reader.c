/* reader.c: what all readers do when rows or the body are complete.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/codec.h"

enum clary_status clary_reader_end_rows(struct clary_reader *reader, size_t n,
                                        struct clary_error *err)
{
    struct clary_rows *rows = reader->rows;
    reader->n_rows += n;
    rows->n_rows += n;
    return rows->n_rows == rows->capacity ? rows->full(rows->context, rows, err)
                                          : CLARY_OK;
}

enum clary_status clary_reader_end_row(struct clary_reader *reader,
                                       struct clary_error *err)
{
    return clary_reader_end_rows(reader, 1, err);
}

enum clary_status clary_reader_end(struct clary_reader *reader,
                                   struct clary_error *err)
{
    struct clary_rows *rows = reader->rows;
    if (reader->n_rows == 0)
        return clary_fail(err, CLARY_BAD_INPUT, "the body holds no rows");
    return rows->n_rows > 0 ? rows->full(rows->context, rows, err) : CLARY_OK;
}
