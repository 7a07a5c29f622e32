/* tensor.c: element types, shapes and sizes that cannot overflow.
 *
 * Sizes come from artifacts and requests; every product and sum of them goes
 * through the two functions at the end. Tests: tests/unit/test_tensor.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <clary/tensor.h>

#include <inttypes.h>
#include <stdio.h>

static const struct {
    const char *name;
    size_t bytes;
} dtypes[CLARY_DTYPE_COUNT] = {
    [CLARY_DTYPE_F32] = {"float32", sizeof(float)},
    [CLARY_DTYPE_F64] = {"float64", sizeof(double)},
    [CLARY_DTYPE_I8] = {"int8", sizeof(int8_t)},
    [CLARY_DTYPE_U8] = {"uint8", sizeof(uint8_t)},
    [CLARY_DTYPE_I32] = {"int32", sizeof(int32_t)},
    [CLARY_DTYPE_I64] = {"int64", sizeof(int64_t)},
    [CLARY_DTYPE_BOOL] = {"bool", 1},
    [CLARY_DTYPE_STRING] = {"string", sizeof(struct clary_string)},
};

size_t clary_dtype_bytes(enum clary_dtype dtype)
{
    size_t index = (size_t)dtype;
    return index < CLARY_DTYPE_COUNT ? dtypes[index].bytes : 0;
}

const char *clary_dtype_name(enum clary_dtype dtype)
{
    size_t index = (size_t)dtype;
    return index < CLARY_DTYPE_COUNT ? dtypes[index].name : "unknown dtype";
}

bool clary_shape_elements(const struct clary_shape *shape, size_t *elements)
{
    size_t product = 1;
    if (shape->rank > CLARY_MAX_RANK)
        return false;
    for (size_t i = 0; i < shape->rank; i++) {
        /* A negative dimension is no size at all: as bad as an overflow. */
        if (shape->dim[i] < 0 ||
            !clary_size_mul(product, (size_t)shape->dim[i], &product))
            return false;
    }
    *elements = product;
    return true;
}

bool clary_shape_equal(const struct clary_shape *a, const struct clary_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (size_t i = 0; i < a->rank && i < CLARY_MAX_RANK; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

char *clary_shape_print(const struct clary_shape *shape, char *text,
                        size_t text_bytes)
{
    /* 20 characters is the longest int64_t. */
    char whole[CLARY_MAX_RANK * (20 + sizeof ", ") + sizeof "()"];
    size_t used = 0;
    whole[used++] = '(';
    for (size_t i = 0; i < shape->rank && i < CLARY_MAX_RANK; i++)
        used +=
            (size_t)snprintf(whole + used, sizeof whole - used, "%s%" PRId64,
                             i > 0 ? ", " : "", shape->dim[i]);
    whole[used++] = ')';
    whole[used] = '\0';
    if (text_bytes > 0)
        snprintf(text, text_bytes, "%s", whole);
    return text;
}

bool clary_size_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

bool clary_size_add(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}
