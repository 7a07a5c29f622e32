/* npy.c: application/x-npy in the table of codecs, and its writer.
 *
 * One output gives an array of its type and of the shape (rows, ...). Several
 * outputs of one type stand side by side, (rows, sum of their widths); of
 * several types they make no array, and the reply has to be asked for in
 * another form.
 *
 * The header tells how many rows there are, which is known last: its place is
 * kept and filled in at the end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/npy.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    ALIGN = 64,         /* of the data, as numpy has it */
    TEXT_BYTES = 320,   /* more than any header here needs */
    LONGEST_COUNT = 20, /* digits of a number of rows */
};

struct npy_writer {
    size_t start;        /* of the header in the reply */
    size_t header_bytes; /* all of it */
};

static const char *type_name(enum clary_dtype dtype)
{
    switch (dtype) {
    case CLARY_DTYPE_F32:
        return "<f4";
    case CLARY_DTYPE_F64:
        return "<f8";
    case CLARY_DTYPE_I8:
        return "|i1";
    case CLARY_DTYPE_U8:
        return "|u1";
    case CLARY_DTYPE_I32:
        return "<i4";
    case CLARY_DTYPE_I64:
        return "<i8";
    case CLARY_DTYPE_BOOL:
        return "|b1";
    default:
        return NULL;
    }
}

/* The header's dictionary for `n_rows` rows; its length. */
static size_t print_header(const struct clary_writer *writer, size_t n_rows,
                           char text[TEXT_BYTES])
{
    const struct clary_field *field = &writer->fields[0];
    size_t used = (size_t)snprintf(text, TEXT_BYTES,
                                   "{'descr': '%s', 'fortran_order': False, "
                                   "'shape': (%zu,",
                                   type_name(field->dtype), n_rows);
    size_t width = 0;
    for (size_t f = 0; f < writer->n_fields; f++)
        width += writer->fields[f].width;
    if (writer->n_fields > 1)
        used += (size_t)snprintf(text + used, TEXT_BYTES - used, " %zu", width);
    for (size_t i = 0; writer->n_fields == 1 && i < field->shape.rank; i++)
        used +=
            (size_t)snprintf(text + used, TEXT_BYTES - used, "%s %lld",
                             i > 0 ? "," : "", (long long)field->shape.dim[i]);
    return used + (size_t)snprintf(text + used, TEXT_BYTES - used, "), }");
}

static enum clary_status check_types(const struct clary_writer *writer,
                                     struct clary_error *err)
{
    for (size_t f = 0; f < writer->n_fields; f++) {
        const struct clary_field *field = &writer->fields[f];
        if (type_name(field->dtype) == NULL)
            return clary_fail(err, CLARY_NOT_ACCEPTABLE,
                              "the model's output \"%.48s\" is %s, which "
                              "application/x-npy does not take; ask for "
                              "application/json",
                              field->name, clary_dtype_name(field->dtype));
        if (field->dtype != writer->fields[0].dtype)
            return clary_fail(err, CLARY_NOT_ACCEPTABLE,
                              "the model's outputs \"%.48s\" (%s) and "
                              "\"%.48s\" (%s) make no array of one type; ask "
                              "for application/json",
                              writer->fields[0].name,
                              clary_dtype_name(writer->fields[0].dtype),
                              field->name, clary_dtype_name(field->dtype));
    }
    return CLARY_OK;
}

static enum clary_status write_begin(struct clary_writer *writer,
                                     struct clary_error *err)
{
    struct clary_buffer *out = writer->out;
    struct npy_writer *npy = clary_arena_alloc(writer->arena, sizeof *npy);
    char text[TEXT_BYTES];
    if (npy == NULL)
        return clary_no_memory(err);
    CLARY_TRY(check_types(writer, err));
    size_t most =
        CLARY_NPY_START_BYTES + print_header(writer, 0, text) + LONGEST_COUNT;
    *npy = (struct npy_writer){
        .start = out->len, .header_bytes = (most + ALIGN - 1) / ALIGN * ALIGN};
    CLARY_TRY(clary_buffer_reserve(out, npy->header_bytes, err));
    out->len += npy->header_bytes; /* write_end fills it */
    writer->state = npy;
    writer->n_rows = 0;
    return CLARY_OK;
}

/* Copies one row of a field; every NaN becomes the one quiet NaN. */
static void copy_row(char *to, const char *from,
                     const struct clary_field *field)
{
    size_t bytes = clary_dtype_bytes(field->dtype);
    memcpy(to, from, field->width * bytes);
    for (size_t i = 0; i < field->width; i++) {
        const float narrow = NAN;
        const double wide = (double)NAN;
        float f4;
        double f8;
        if (field->dtype == CLARY_DTYPE_F32) {
            memcpy(&f4, from + i * bytes, sizeof f4);
            if (isnan(f4))
                memcpy(to + i * bytes, &narrow, sizeof narrow);
        } else if (field->dtype == CLARY_DTYPE_F64) {
            memcpy(&f8, from + i * bytes, sizeof f8);
            if (isnan(f8))
                memcpy(to + i * bytes, &wide, sizeof wide);
        } else {
            break;
        }
    }
}

static enum clary_status write_rows(struct clary_writer *writer,
                                    const struct clary_rows *rows,
                                    struct clary_error *err)
{
    struct clary_buffer *out = writer->out;
    for (size_t r = 0; r < rows->n_rows; r++)
        for (size_t f = 0; f < rows->n_fields; f++) {
            const struct clary_field *field = &rows->fields[f];
            size_t bytes = field->width * clary_dtype_bytes(field->dtype);
            CLARY_TRY(clary_buffer_reserve(out, bytes, err));
            copy_row(out->bytes + out->len,
                     (const char *)rows->data[f] + r * bytes, field);
            out->len += bytes;
        }
    writer->n_rows += rows->n_rows;
    return CLARY_OK;
}

static enum clary_status write_end(struct clary_writer *writer,
                                   struct clary_error *err)
{
    const struct npy_writer *npy = writer->state;
    char *header = writer->out->bytes + npy->start;
    char text[TEXT_BYTES];
    (void)err;
    size_t len = print_header(writer, writer->n_rows, text);
    size_t dictionary = npy->header_bytes - CLARY_NPY_START_BYTES;
    const char version[] = {1, 0, (char)(dictionary & 0xFF),
                            (char)(dictionary >> 8)};
    memset(header, ' ', npy->header_bytes);
    memcpy(header, clary_npy_magic, sizeof clary_npy_magic);
    memcpy(header + sizeof clary_npy_magic, version, sizeof version);
    memcpy(header + CLARY_NPY_START_BYTES, text, len);
    header[npy->header_bytes - 1] = '\n';
    return CLARY_OK;
}

static const char *const media_types[] = {"application/x-npy", NULL};

const struct clary_codec clary_codec_npy = {
    .name = "npy",
    .media_types = media_types,
    .whole = true,
    .read_begin = clary_npy_read_begin,
    .read_feed = clary_npy_read_feed,
    .read_end = clary_npy_read_end,
    .write_begin = write_begin,
    .write_rows = write_rows,
    .write_end = write_end,
};
