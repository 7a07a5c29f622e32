/* arena.h: memory with one lifetime.
 *
 * A bump allocator over chunks. Everything handed out lives until the arena
 * is rewound past it, reset or deinitialised; nothing is freed by itself.
 * Each arena has a limit in bytes: past it, and when the system has no more,
 * an allocation returns NULL and the caller returns CLARY_NO_MEMORY (or
 * CLARY_TOO_LARGE where the size was the client's doing). It never aborts.
 *
 * threads: one arena belongs to one thread at a time.
 * Under AddressSanitizer memory that is not handed out is poisoned.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CLARY_ARENA_H
#define CLARY_ARENA_H

#include <stddef.h>

struct clary_arena_chunk;

struct clary_arena {
    struct clary_arena_chunk *first;   /* chunks in the order of their use */
    struct clary_arena_chunk *current; /* the one that is being filled */
    size_t limit_bytes;                /* on the sum of the chunks */
    size_t chunk_bytes_total;          /* the sum of the chunks */
};

/* A position to rewind to. Only valid for the arena it came from. */
struct clary_arena_mark {
    struct clary_arena_chunk *chunk;
    size_t used;
};

/* Alignment of every allocation: a cache line, enough for any SIMD load. */
#define CLARY_ARENA_ALIGN 64

void clary_arena_init(struct clary_arena *arena, size_t limit_bytes)
    __attribute__((nonnull));

/* Frees every chunk. The arena may be initialised again. */
void clary_arena_deinit(struct clary_arena *arena) __attribute__((nonnull));

/* Everything handed out is gone; the chunks stay for the next use, so that a
 * warm request calls malloc for nothing. */
void clary_arena_reset(struct clary_arena *arena) __attribute__((nonnull));

/* Frees the chunks that hold nothing. */
void clary_arena_trim(struct clary_arena *arena) __attribute__((nonnull));

struct clary_arena_mark clary_arena_mark(const struct clary_arena *arena)
    __attribute__((nonnull));
void clary_arena_rewind(struct clary_arena *arena, struct clary_arena_mark mark)
    __attribute__((nonnull));

/* `size` bytes (0 is allowed), aligned to CLARY_ARENA_ALIGN, not cleared; NULL
 * when the limit or the machine's memory is reached. */
void *clary_arena_alloc(struct clary_arena *arena, size_t size)
    __attribute__((nonnull, malloc, alloc_size(2)));

/* `count` elements of `size` bytes, cleared; NULL also on overflow. */
void *clary_arena_calloc(struct clary_arena *arena, size_t count, size_t size)
    __attribute__((nonnull, malloc, alloc_size(2, 3)));

/* A NUL-terminated copy of `len` bytes. */
char *clary_arena_strndup(struct clary_arena *arena, const char *text,
                          size_t len) __attribute__((nonnull));

/* printf into the arena. NULL as above. */
char *clary_arena_printf(struct clary_arena *arena, const char *format, ...)
    __attribute__((nonnull, format(printf, 2, 3)));

#endif
