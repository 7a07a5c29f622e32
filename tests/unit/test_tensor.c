/* test_tensor.c: shapes, dtypes and sizes at the edge of overflow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/test.h"

#include <clary/tensor.h>

#include <stdint.h>

TEST(dtypes)
{
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_F32), 4);
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_F64), 8);
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_I8), 1);
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_U8), 1);
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_I32), 4);
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_I64), 8);
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_BOOL), 1);
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_STRING),
              sizeof(struct clary_string));
    CHECK_INT(clary_dtype_bytes(CLARY_DTYPE_COUNT), 0);
    CHECK_STR(clary_dtype_name(CLARY_DTYPE_F32), "float32");
    CHECK_STR(clary_dtype_name(CLARY_DTYPE_BOOL), "bool");
    CHECK_STR(clary_dtype_name(CLARY_DTYPE_COUNT), "unknown dtype");
}

TEST(elements)
{
    size_t n = 0;
    struct clary_shape scalar = {0};
    struct clary_shape matrix = {2, {3, 4}};
    struct clary_shape empty = {3, {3, 0, 4}};
    CHECK(clary_shape_elements(&scalar, &n));
    CHECK_INT(n, 1);
    CHECK(clary_shape_elements(&matrix, &n));
    CHECK_INT(n, 12);
    CHECK(clary_shape_elements(&empty, &n));
    CHECK_INT(n, 0);
}

TEST(elements_that_are_refused)
{
    size_t n = 77;
    struct clary_shape overflow = {2, {INT64_MAX, 3}};
    struct clary_shape negative = {2, {3, -1}};
    struct clary_shape too_deep = {CLARY_MAX_RANK + 1, {0}};
    struct clary_shape just_fits = {2, {INT64_MAX, 2}};
    CHECK(!clary_shape_elements(&overflow, &n));
    CHECK(!clary_shape_elements(&negative, &n));
    CHECK(!clary_shape_elements(&too_deep, &n));
    CHECK_INT(n, 77);
    CHECK(clary_shape_elements(&just_fits, &n));
    CHECK(n == SIZE_MAX - 1);
}

TEST(equality)
{
    struct clary_shape a = {2, {3, 4}};
    struct clary_shape b = {2, {3, 4}};
    struct clary_shape c = {2, {4, 3}};
    struct clary_shape d = {3, {3, 4, 1}};
    struct clary_shape e = {0};
    CHECK(clary_shape_equal(&a, &b));
    CHECK(!clary_shape_equal(&a, &c));
    CHECK(!clary_shape_equal(&a, &d));
    CHECK(!clary_shape_equal(&a, &e));
    CHECK(clary_shape_equal(&e, &e));
}

TEST(printing)
{
    char text[300];
    struct clary_shape scalar = {0};
    struct clary_shape vector = {1, {5}};
    struct clary_shape matrix = {2, {3, 4}};
    CHECK_STR(clary_shape_print(&scalar, text, sizeof text), "()");
    CHECK_STR(clary_shape_print(&vector, text, sizeof text), "(5)");
    CHECK_STR(clary_shape_print(&matrix, text, sizeof text), "(3, 4)");
    CHECK_STR(clary_shape_print(&matrix, text, 4), "(3,");
    text[0] = 'x';
    clary_shape_print(&matrix, text, 0);
    CHECK_INT(text[0], 'x');
    struct clary_shape widest = {CLARY_MAX_RANK, {0}};
    for (size_t i = 0; i < CLARY_MAX_RANK; i++)
        widest.dim[i] = INT64_MIN;
    clary_shape_print(&widest, text, sizeof text);
    CHECK_INT(strlen(text), 8 * 20 + 7 * 2 + 2);
    CHECK_INT(text[strlen(text) - 1], ')');
}

TEST(sums_and_products)
{
    size_t n = 0;
    CHECK(clary_size_mul(6, 7, &n));
    CHECK_INT(n, 42);
    CHECK(clary_size_mul(SIZE_MAX, 1, &n));
    CHECK(n == SIZE_MAX);
    CHECK(clary_size_mul(SIZE_MAX, 0, &n));
    CHECK_INT(n, 0);
    CHECK(!clary_size_mul((size_t)1 << 32, (size_t)1 << 32, &n));
    CHECK(clary_size_add(SIZE_MAX - 1, 1, &n));
    CHECK(n == SIZE_MAX);
    CHECK(!clary_size_add(SIZE_MAX, 1, &n));
}
