/* test_arena.c: alignment, limits, marks and reuse.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tests/test.h"

#include <clary/arena.h>

#include <stdint.h>
#include <stdlib.h>

static struct clary_arena arena;

static bool is_aligned(const void *bytes)
{
    return (uintptr_t)bytes % CLARY_ARENA_ALIGN == 0;
}

TEST(allocations_are_aligned_and_apart)
{
    unsigned char *blocks[200];
    clary_arena_init(&arena, (size_t)1 << 24);
    for (size_t i = 0; i < 200; i++) {
        blocks[i] = clary_arena_alloc(&arena, i * 7);
        if (!CHECK(blocks[i] != NULL && is_aligned(blocks[i])))
            return;
        memset(blocks[i], (int)i, i * 7);
    }
    for (size_t i = 0; i < 200; i++)
        for (size_t j = 0; j < i * 7; j++)
            if (!CHECK_INT(blocks[i][j], i))
                return;
    clary_arena_deinit(&arena);
    CHECK_INT(arena.chunk_bytes_total, 0);
}

TEST(empty_allocations_are_different)
{
    clary_arena_init(&arena, 1 << 20);
    void *a = clary_arena_alloc(&arena, 0);
    void *b = clary_arena_alloc(&arena, 0);
    CHECK(a != NULL && b != NULL && a != b);
    clary_arena_deinit(&arena);
}

/* The out-of-memory harness: whatever the limit, an allocation works or is
 * NULL, and the chunks never exceed the limit. */
TEST(every_limit)
{
    for (size_t limit = 0; limit < 5000; limit += 13) {
        size_t n = 0;
        clary_arena_init(&arena, limit);
        for (void *p; (p = clary_arena_alloc(&arena, 100)) != NULL; n++)
            memset(p, 1, 100);
        CHECK(arena.chunk_bytes_total <= limit);
        CHECK(n * 100 <= limit);
        CHECK(limit < 400 || n > 0);
        clary_arena_deinit(&arena);
    }
}

TEST(sizes_that_overflow)
{
    volatile size_t huge = SIZE_MAX; /* volatile: gcc would warn of it */
    clary_arena_init(&arena, (size_t)1 << 30);
    for (size_t less = 0; less < 200; less += 7)
        CHECK(clary_arena_alloc(&arena, huge - less) == NULL);
    CHECK(clary_arena_calloc(&arena, huge / 2, 3) == NULL);
    CHECK(clary_arena_strndup(&arena, "", huge) == NULL);
    CHECK(clary_arena_alloc(&arena, 100) != NULL);
    clary_arena_deinit(&arena);
}

TEST(limit_is_for_what_is_handed_out)
{
    const size_t limit = (size_t)1 << 20;
    clary_arena_init(&arena, limit);
    for (int i = 0; i < 1000; i++)
        CHECK(clary_arena_alloc(&arena, 500) != NULL);
    CHECK(clary_arena_alloc(&arena, limit - 4096) == NULL);
    /* All of it is spare after a reset, also as one large piece. */
    clary_arena_reset(&arena);
    CHECK(clary_arena_alloc(&arena, limit - 4096) != NULL);
    CHECK(arena.chunk_bytes_total <= limit);
    clary_arena_reset(&arena);
    for (int i = 0; i < 1000; i++)
        CHECK(clary_arena_alloc(&arena, 500) != NULL);
    clary_arena_deinit(&arena);
}

static size_t use(void)
{
    static const size_t sizes[] = {100, 5000, 70000, 64, 300000, 1, 20000};
    for (size_t i = 0; i < 70; i++)
        if (clary_arena_alloc(&arena, sizes[i % 7]) == NULL)
            return 0;
    return arena.chunk_bytes_total;
}

TEST(a_warm_arena_takes_no_new_chunk)
{
    clary_arena_init(&arena, (size_t)1 << 24);
    size_t first = use();
    CHECK(first > 0);
    for (int i = 0; i < 5; i++) {
        clary_arena_reset(&arena);
        CHECK_INT(use(), first);
    }
    clary_arena_deinit(&arena);
}

/* What is in use stays, what is spare goes. */
TEST(trimmed)
{
    clary_arena_init(&arena, (size_t)1 << 24);
    clary_arena_trim(&arena);
    char *kept = clary_arena_strndup(&arena, "kept", 4);
    size_t least = arena.chunk_bytes_total;
    struct clary_arena_mark mark = clary_arena_mark(&arena);
    size_t most = use();
    clary_arena_trim(&arena);
    CHECK_INT(arena.chunk_bytes_total, most);
    clary_arena_rewind(&arena, mark);
    clary_arena_trim(&arena);
    CHECK_INT(arena.chunk_bytes_total, least);
    CHECK_STR(kept, "kept");
    CHECK_INT(use(), most);
    clary_arena_reset(&arena);
    clary_arena_trim(&arena);
    CHECK_INT(arena.chunk_bytes_total, 0);
    clary_arena_deinit(&arena);
}

TEST(marks_nest)
{
    clary_arena_init(&arena, (size_t)1 << 24);
    struct clary_arena_mark empty = clary_arena_mark(&arena);
    char *kept = clary_arena_strndup(&arena, "kept", 4);
    struct clary_arena_mark one = clary_arena_mark(&arena);
    char *scratch = clary_arena_alloc(&arena, 10);
    struct clary_arena_mark two = clary_arena_mark(&arena);
    use();
    clary_arena_rewind(&arena, two);
    char *after_two = clary_arena_alloc(&arena, 10);
    CHECK(after_two != scratch);
    clary_arena_rewind(&arena, one);
    CHECK(clary_arena_alloc(&arena, 10) == scratch);
    CHECK_STR(kept, "kept");
    clary_arena_rewind(&arena, empty);
    CHECK(clary_arena_alloc(&arena, 4) == kept);
    clary_arena_deinit(&arena);
}

/* A mark of an empty arena stays good although all its chunks may have been
 * given back for a larger one. */
TEST(mark_of_an_empty_arena)
{
    clary_arena_init(&arena, 100000);
    CHECK(clary_arena_alloc(&arena, 40000) != NULL);
    clary_arena_reset(&arena);
    struct clary_arena_mark mark = clary_arena_mark(&arena);
    CHECK(clary_arena_alloc(&arena, 90000) != NULL);
    clary_arena_rewind(&arena, mark);
    CHECK(clary_arena_alloc(&arena, 90000) != NULL);
    clary_arena_deinit(&arena);
}

TEST(random_marks_keep_what_is_before_them)
{
    struct {
        struct clary_arena_mark mark;
        unsigned char *bytes;
        size_t len;
    } stack[64];
    size_t depth = 0;
    unsigned seed = 1;
    clary_arena_init(&arena, (size_t)1 << 22);
    for (int step = 0; step < 20000; step++) {
        seed = seed * 1103515245u + 12345u;
        unsigned roll = seed >> 16;
        if (depth == 64 || (depth > 0 && roll % 5 < 2)) {
            depth -= 1 + roll % depth;
            clary_arena_rewind(&arena, stack[depth].mark);
            continue;
        }
        size_t len = roll % 11 == 0 ? roll % 60000 : roll % 300;
        stack[depth].mark = clary_arena_mark(&arena);
        stack[depth].bytes = clary_arena_alloc(&arena, len);
        stack[depth].len = len;
        if (stack[depth].bytes == NULL)
            continue;
        memset(stack[depth].bytes, (int)depth, len);
        depth++;
        for (size_t i = 0; i < depth; i++)
            if (stack[i].len > 0 &&
                (!CHECK_INT(stack[i].bytes[0], i) ||
                 !CHECK_INT(stack[i].bytes[stack[i].len - 1], i)))
                return;
    }
    clary_arena_deinit(&arena);
}

TEST(cleared_copied_printed)
{
    clary_arena_init(&arena, 1 << 20);
    memset(clary_arena_alloc(&arena, 400), 0xFF, 400);
    clary_arena_reset(&arena);
    const unsigned char *cleared = clary_arena_calloc(&arena, 100, 4);
    for (size_t i = 0; i < 400; i++)
        CHECK_INT(cleared[i], 0);
    CHECK_STR(clary_arena_strndup(&arena, "abcdef", 3), "abc");
    CHECK_STR(clary_arena_strndup(&arena, "", 0), "");
    CHECK_STR(clary_arena_printf(&arena, "%s/%d", "a", 42), "a/42");
    CHECK_STR(clary_arena_printf(&arena, "%s", ""), "");
    clary_arena_deinit(&arena);
    clary_arena_init(&arena, 0);
    CHECK(clary_arena_calloc(&arena, 1, 1) == NULL);
    CHECK(clary_arena_strndup(&arena, "a", 1) == NULL);
    CHECK(clary_arena_printf(&arena, "%d", 1) == NULL);
    clary_arena_deinit(&arena);
}
