/* test_buffer.c: clary_buffer keeps its bytes, its memory and its limit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "data/buffer.h"
#include "tests/test.h"

#include <stdint.h>
#include <stdlib.h>

TEST(append_grows_and_keeps_what_is_there)
{
    struct clary_buffer buffer;
    struct clary_error err;
    clary_buffer_init(&buffer, SIZE_MAX);
    CHECK_INT(buffer.len, 0);
    for (int i = 0; i < 100000; i++) {
        char c = (char)('a' + i % 26);
        if (!CHECK_STATUS(clary_buffer_append(&buffer, &c, 1, &err), CLARY_OK))
            break;
    }
    CHECK_INT(buffer.len, 100000);
    bool same = true;
    for (int i = 0; i < 100000; i++)
        same &= buffer.bytes[i] == (char)('a' + i % 26);
    CHECK(same);
    clary_buffer_deinit(&buffer);
    CHECK(buffer.bytes == NULL);
}

TEST(append_of_nothing_needs_no_memory)
{
    struct clary_buffer buffer;
    struct clary_error err;
    clary_buffer_init(&buffer, 0);
    CHECK_STATUS(clary_buffer_append(&buffer, NULL, 0, &err), CLARY_OK);
    CHECK_STATUS(clary_buffer_reserve(&buffer, 0, &err), CLARY_OK);
    CHECK_STATUS(clary_buffer_append(&buffer, "x", 1, &err), CLARY_TOO_LARGE);
    clary_buffer_deinit(&buffer);
}

TEST(the_limit_is_reached_exactly)
{
    struct clary_error err;
    for (size_t limit = 1; limit < 20000; limit = limit * 3 + 1) {
        struct clary_buffer buffer;
        clary_buffer_init(&buffer, limit);
        for (size_t i = 0; i < limit; i++)
            if (!CHECK_STATUS(clary_buffer_append(&buffer, "x", 1, &err),
                              CLARY_OK))
                break;
        CHECK_INT(buffer.len, limit);
        CHECK(buffer.capacity <= limit);
        CHECK_STATUS(clary_buffer_append(&buffer, "x", 1, &err),
                     CLARY_TOO_LARGE);
        CHECK_INT(buffer.len, limit);
        clary_buffer_deinit(&buffer);
    }
    CHECK_STR(err.message, "the reply is larger than the limit of 9841 bytes");
}

TEST(sizes_that_overflow_are_too_large)
{
    struct clary_buffer buffer;
    struct clary_error err;
    clary_buffer_init(&buffer, SIZE_MAX);
    CHECK_STATUS(clary_buffer_append(&buffer, "x", 1, &err), CLARY_OK);
    CHECK_STATUS(clary_buffer_reserve(&buffer, SIZE_MAX, &err),
                 CLARY_TOO_LARGE);
    CHECK_INT(buffer.len, 1);
    clary_buffer_deinit(&buffer);
}

TEST(clear_keeps_128_kib)
{
    struct clary_buffer buffer;
    struct clary_error err;
    clary_buffer_init(&buffer, SIZE_MAX);
    CHECK_STATUS(clary_buffer_reserve(&buffer, 100, &err), CLARY_OK);
    const char *bytes = buffer.bytes;
    buffer.len = 100;
    clary_buffer_clear(&buffer);
    CHECK_INT(buffer.len, 0);
    CHECK(buffer.bytes == bytes);
    CHECK_STATUS(clary_buffer_reserve(&buffer, 3 << 20, &err), CLARY_OK);
    clary_buffer_clear(&buffer);
    CHECK_INT(buffer.capacity, 128 << 10);
    CHECK_STATUS(clary_buffer_reserve(&buffer, 128 << 10, &err), CLARY_OK);
    memset(buffer.bytes, 1, 128 << 10);
    clary_buffer_deinit(&buffer);
}
