/**
 * Runs of bytes: borrowed views, growable buffers and arenas.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** A borrowed view; whoever hands it out says how long it lives. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){.data = data, .len = len};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/** Lexicographic order, a shorter prefix first. */
int bytes_compare(struct bytes a, struct bytes b);

/** Growable; zero-initialised is empty. Memory failure ends the process (see memory_*). */
struct buffer {
    uint8_t *data;
    size_t len;
    size_t cap;
};

void buffer_free(struct buffer *buffer);
static inline void buffer_fini(struct buffer *buffer)
{
    if (buffer->data != NULL) {
        buffer_free(buffer);
    }
}
/** Makes `cap - len` at least `more`, and the memory not NULL. */
void buffer_grow(struct buffer *buffer, size_t more);
/** Makes room for `len` more and returns where they go, counted as appended. */
static inline uint8_t *buffer_extend(struct buffer *buffer, size_t len)
{
    if (__builtin_expect(buffer->data == NULL || buffer->cap - buffer->len < len, 0)) {
        buffer_grow(buffer, len);
    }
    uint8_t *out = buffer->data + buffer->len;
    buffer->len += len;
    return out;
}
static inline void buffer_append(struct buffer *buffer, const void *data, size_t len)
{
    uint8_t *out = buffer_extend(buffer, len);
    if (len != 0) {
        memcpy(out, data, len);
    }
}
static inline void buffer_clear(struct buffer *buffer)
{
    buffer->len = 0;
}
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return bytes_of(buffer->data, buffer->len);
}
void buffer_append_u8(struct buffer *buffer, uint8_t value);
void buffer_append_u16(struct buffer *buffer, uint16_t value); /* big endian, as the next two */
void buffer_append_u32(struct buffer *buffer, uint32_t value);
void buffer_append_u64(struct buffer *buffer, uint64_t value);
/** Decimal digits, with a minus where it is negative. */
void buffer_append_decimal(struct buffer *buffer, int64_t value);

/* Big-endian integers in keys and formats, so that byte order is numeric order. */
static inline void put_u16(uint8_t *out, uint16_t value)
{
    value = __builtin_bswap16(value);
    memcpy(out, &value, sizeof value);
}
static inline void put_u32(uint8_t *out, uint32_t value)
{
    value = __builtin_bswap32(value);
    memcpy(out, &value, sizeof value);
}
static inline void put_u64(uint8_t *out, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(out, &value, sizeof value);
}
static inline uint16_t get_u16(const uint8_t *in)
{
    uint16_t value;
    memcpy(&value, in, sizeof value);
    return __builtin_bswap16(value);
}
static inline uint32_t get_u32(const uint8_t *in)
{
    uint32_t value;
    memcpy(&value, in, sizeof value);
    return __builtin_bswap32(value);
}
static inline uint64_t get_u64(const uint8_t *in)
{
    uint64_t value;
    memcpy(&value, in, sizeof value);
    return __builtin_bswap64(value);
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "numbers are swapped on the way");

/** Bump allocator of one request; freed whole. Zero-initialised is empty. 16-byte alignment. */
struct arena {
    struct arena_block *blocks;
};
/* Here only so that taking can be inline. */
struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    size_t borrowed; /* 1: the caller's memory; its width keeps data 16-byte aligned */
    uint8_t data[];
};
#define ARENA_ROOM_OVERHEAD 32 /* of `room` for itself */
_Static_assert(sizeof(struct arena_block) == ARENA_ROOM_OVERHEAD, "as announced");
void arena_grow(struct arena *arena, size_t size);
void arena_free(struct arena *arena, struct arena_block *kept);

/** Begins with `size` bytes of the caller's, more than ARENA_ROOM_OVERHEAD, 16-byte aligned; they
 * outlive the arena. */
static inline void arena_begin(struct arena *arena, void *room, size_t size)
{
    struct arena_block *block = room;
    *block = (struct arena_block){.size = size - sizeof *block, .borrowed = 1};
    arena->blocks = block;
}

/** Not zeroed; lives until arena_fini or arena_reset, as what the next two return. */
static inline void *arena_take(struct arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (arena->blocks == NULL || arena->blocks->size - arena->blocks->used < size) {
        arena_grow(arena, size);
    }
    struct arena_block *block = arena->blocks;
    void *out = block->data + block->used;
    block->used += size;
    return out;
}
/** Zeroed. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(arena_take(arena, size), 0, size);
}
static inline void *arena_copy(struct arena *arena, const void *data, size_t len)
{
    void *out = arena_take(arena, len);
    if (len != 0) {
        memcpy(out, data, len);
    }
    return out;
}

/** Empties it; keeps the newest block for reuse. */
static inline void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->blocks;
    if (kept != NULL) {
        if (kept->next != NULL) {
            arena_free(arena, kept);
        }
        kept->used = 0;
    }
}
static inline void arena_fini(struct arena *arena)
{
    if (arena->blocks != NULL && !(arena->blocks->borrowed && arena->blocks->next == NULL)) {
        arena_free(arena, NULL);
    }
    arena->blocks = NULL;
}

/* malloc family that ends the process when memory is exhausted: nothing sane can follow. */
void *memory_alloc(size_t size); /* zeroed */
void *memory_resize(void *pointer, size_t size);
void *memory_copy(const void *data, size_t len);
char *text_copy(const char *text);

#endif
