/* arena.c: a bump allocator over a list of chunks.
 *
 *     first -> ... -> current -> spare -> spare -> NULL
 *     |-- hold what was handed out --|  |- empty -|
 *
 * Chunks up to `current` are in the order of their use, which is what makes a
 * mark a position. Those after it hold nothing: one that is large enough is
 * moved behind `current` when that is full, and all of them are given back
 * when the limit would forbid a new one, so that the limit is reached only by
 * what is handed out and the ends of chunks.
 *
 * A new chunk is as large as all before it, 16 to 256 KiB, or an eighth more
 * than a larger allocation, the eighth being for the small ones that follow.
 * Tests: tests/unit/test_arena.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <clary/arena.h>
#include <clary/tensor.h>

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#define REDZONE_BYTES CLARY_ARENA_ALIGN /* between two allocations */
#else
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#define REDZONE_BYTES                            0
#endif

#define CHUNK_MIN_BYTES ((size_t)16 << 10)
#define CHUNK_MAX_BYTES ((size_t)256 << 10)

struct clary_arena_chunk {
    struct clary_arena_chunk *next;
    size_t capacity; /* bytes behind the header */
    size_t used;     /* a multiple of CLARY_ARENA_ALIGN */
};

/* The header takes one unit of alignment, so that the bytes are aligned. */
#define HEADER_BYTES ((size_t)CLARY_ARENA_ALIGN)
_Static_assert(sizeof(struct clary_arena_chunk) <= CLARY_ARENA_ALIGN,
               "the chunk header must fit its place");

static unsigned char *chunk_bytes(struct clary_arena_chunk *chunk)
{
    return (unsigned char *)chunk + HEADER_BYTES;
}

static void chunk_truncate(struct clary_arena_chunk *chunk, size_t used)
{
    chunk->used = used;
    ASAN_POISON_MEMORY_REGION(chunk_bytes(chunk) + used,
                              chunk->capacity - used);
}

static void chunk_free(struct clary_arena *arena,
                       struct clary_arena_chunk *chunk)
{
    arena->chunk_bytes_total -= HEADER_BYTES + chunk->capacity;
    ASAN_UNPOISON_MEMORY_REGION(chunk_bytes(chunk), chunk->capacity);
    free(chunk);
}

/* Where the list of spare chunks hangs. */
static struct clary_arena_chunk **spare_chunks(struct clary_arena *arena)
{
    return arena->current != NULL ? &arena->current->next : &arena->first;
}

void clary_arena_trim(struct clary_arena *arena)
{
    struct clary_arena_chunk **spare = spare_chunks(arena);
    while (*spare != NULL) {
        struct clary_arena_chunk *chunk = *spare;
        *spare = chunk->next;
        chunk_free(arena, chunk);
    }
}

/* Unlinks and returns the first spare chunk of at least `size` bytes. */
static struct clary_arena_chunk *take_spare_chunk(struct clary_arena *arena,
                                                  size_t size)
{
    for (struct clary_arena_chunk **link = spare_chunks(arena); *link != NULL;
         link = &(*link)->next) {
        struct clary_arena_chunk *chunk = *link;
        if (chunk->capacity >= size) {
            *link = chunk->next;
            return chunk;
        }
    }
    return NULL;
}

static size_t new_chunk_bytes(const struct clary_arena *arena, size_t need)
{
    size_t bytes = arena->chunk_bytes_total;
    if (bytes < CHUNK_MIN_BYTES)
        bytes = CHUNK_MIN_BYTES;
    if (bytes > CHUNK_MAX_BYTES)
        bytes = CHUNK_MAX_BYTES;
    size_t with_slack;
    if (!clary_size_add(need, need / 8, &with_slack))
        with_slack = need;
    if (bytes < with_slack)
        bytes = with_slack;
    size_t allowed = arena->limit_bytes - arena->chunk_bytes_total;
    if (bytes > allowed)
        bytes = allowed;
    return bytes & ~(size_t)(CLARY_ARENA_ALIGN - 1);
}

static struct clary_arena_chunk *new_chunk(struct clary_arena *arena,
                                           size_t size)
{
    size_t need;
    if (!clary_size_add(size, HEADER_BYTES, &need) || need > arena->limit_bytes)
        return NULL;
    if (need > arena->limit_bytes - arena->chunk_bytes_total)
        clary_arena_trim(arena);
    if (need > arena->limit_bytes - arena->chunk_bytes_total)
        return NULL;
    size_t bytes = new_chunk_bytes(arena, need);
    struct clary_arena_chunk *chunk = aligned_alloc(CLARY_ARENA_ALIGN, bytes);
    if (chunk == NULL)
        return NULL;
    chunk->capacity = bytes - HEADER_BYTES;
    arena->chunk_bytes_total += bytes;
    return chunk;
}

/* Makes a chunk with `size` free bytes the current one. Not inline, so that an
 * allocation from the current one saves no registers. */
static __attribute__((noinline)) struct clary_arena_chunk *next_chunk(
    struct clary_arena *arena, size_t size)
{
    struct clary_arena_chunk *chunk = take_spare_chunk(arena, size);
    if (chunk == NULL)
        chunk = new_chunk(arena, size);
    if (chunk == NULL)
        return NULL;
    struct clary_arena_chunk **link = spare_chunks(arena);
    chunk->next = *link;
    *link = chunk;
    arena->current = chunk;
    chunk_truncate(chunk, 0);
    return chunk;
}

void clary_arena_init(struct clary_arena *arena, size_t limit_bytes)
{
    arena->first = NULL;
    arena->current = NULL;
    arena->limit_bytes = limit_bytes;
    arena->chunk_bytes_total = 0;
}

void clary_arena_deinit(struct clary_arena *arena)
{
    arena->current = NULL;
    clary_arena_trim(arena);
}

void clary_arena_reset(struct clary_arena *arena)
{
    clary_arena_rewind(arena, (struct clary_arena_mark){NULL, 0});
}

struct clary_arena_mark clary_arena_mark(const struct clary_arena *arena)
{
    struct clary_arena_mark mark = {arena->current, 0};
    if (arena->current != NULL)
        mark.used = arena->current->used;
    return mark;
}

/* A mark of an arena that held nothing has no chunk: then all are spare. */
void clary_arena_rewind(struct clary_arena *arena, struct clary_arena_mark mark)
{
#ifdef WITH_ASAN
    struct clary_arena_chunk *chunk =
        mark.chunk != NULL ? mark.chunk->next : arena->first;
    for (; chunk != NULL; chunk = chunk->next)
        chunk_truncate(chunk, 0);
#endif
    arena->current = mark.chunk;
    if (mark.chunk != NULL)
        chunk_truncate(mark.chunk, mark.used);
}

void *clary_arena_alloc(struct clary_arena *arena, size_t size)
{
    if (size == 0) /* so that two allocations never share an address */
        size = 1;
    if (size > SIZE_MAX / 2)
        return NULL;
    size_t rounded = (size + REDZONE_BYTES + CLARY_ARENA_ALIGN - 1) &
                     ~(size_t)(CLARY_ARENA_ALIGN - 1);
    struct clary_arena_chunk *chunk = arena->current;
    if (chunk == NULL || rounded > chunk->capacity - chunk->used)
        chunk = next_chunk(arena, rounded);
    if (chunk == NULL)
        return NULL;
    unsigned char *bytes = chunk_bytes(chunk) + chunk->used;
    chunk->used += rounded;
    ASAN_UNPOISON_MEMORY_REGION(bytes, size);
    return bytes;
}

void *clary_arena_calloc(struct clary_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (!clary_size_mul(count, size, &bytes))
        return NULL;
    void *cleared = clary_arena_alloc(arena, bytes);
    if (cleared != NULL)
        memset(cleared, 0, bytes);
    return cleared;
}

char *clary_arena_strndup(struct clary_arena *arena, const char *text,
                          size_t len)
{
    size_t bytes;
    if (!clary_size_add(len, 1, &bytes))
        return NULL;
    char *copy = clary_arena_alloc(arena, bytes);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *clary_arena_printf(struct clary_arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (len < 0)
        return NULL;
    char *text = clary_arena_alloc(arena, (size_t)len + 1);
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    vsnprintf(text, (size_t)len + 1, format, arguments);
    va_end(arguments);
    return text;
}
