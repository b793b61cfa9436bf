#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0) {
        return order;
    }
    return a.len < b.len ? -1 : a.len > b.len;
}

void *memory_alloc(size_t size)
{
    void *pointer = calloc(1, size == 0 ? 1 : size);
    CHECK_ALWAYS(pointer != NULL);
    return pointer;
}

void *memory_resize(void *pointer, size_t size)
{
    void *moved = realloc(pointer, size == 0 ? 1 : size);
    CHECK_ALWAYS(moved != NULL);
    return moved;
}

void *memory_copy(const void *data, size_t len)
{
    void *pointer = malloc(len == 0 ? 1 : len);
    CHECK_ALWAYS(pointer != NULL);
    if (len != 0) {
        memcpy(pointer, data, len);
    }
    return pointer;
}

char *text_copy(const char *text)
{
    return memory_copy(text, strlen(text) + 1);
}

void buffer_fini(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

void buffer_grow(struct buffer *buffer, size_t more)
{
    size_t cap = buffer->cap == 0 ? 256 : buffer->cap * 2;
    while (cap - buffer->len < more) {
        cap *= 2;
    }
    buffer->data = memory_resize(buffer->data, cap);
    buffer->cap = cap;
}

void buffer_append_u8(struct buffer *buffer, uint8_t value)
{
    *buffer_extend(buffer, 1) = value;
}

void buffer_append_u16(struct buffer *buffer, uint16_t value)
{
    put_u16(buffer_extend(buffer, 2), value);
}

void buffer_append_u32(struct buffer *buffer, uint32_t value)
{
    put_u32(buffer_extend(buffer, 4), value);
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    put_u64(buffer_extend(buffer, 8), value);
}

#define ARENA_BLOCK_BYTES 4080

struct arena_block {
    struct arena_block *next;
    size_t used;
    size_t size;
    size_t borrowed; /* 1: the caller's memory; its width keeps data 16-byte aligned */
    uint8_t data[];
};
_Static_assert(sizeof(struct arena_block) == ARENA_ROOM_OVERHEAD, "as announced");

void arena_begin(struct arena *arena, void *room, size_t size)
{
    CHECK_ALWAYS(size >= sizeof(struct arena_block));
    struct arena_block *block = room;
    *block = (struct arena_block){.size = size - sizeof *block, .borrowed = 1};
    arena->blocks = block;
}

static void *arena_take(struct arena *arena, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - block->used < size) {
        size_t room = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
        block = malloc(sizeof *block + room);
        CHECK_ALWAYS(block != NULL);
        *block = (struct arena_block){.next = arena->blocks, .size = room};
        arena->blocks = block;
    }
    void *out = block->data + block->used;
    block->used += size;
    return out;
}

void *arena_alloc(struct arena *arena, size_t size)
{
    return memset(arena_take(arena, size), 0, size);
}

void *arena_copy(struct arena *arena, const void *data, size_t len)
{
    void *out = arena_take(arena, len);
    if (len != 0) {
        memcpy(out, data, len);
    }
    return out;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->blocks;
    if (kept == NULL) {
        return;
    }
    struct arena rest = {.blocks = kept->next};
    arena_fini(&rest);
    kept->next = NULL;
    kept->used = 0;
}

void arena_fini(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        if (!block->borrowed) {
            free(block);
        }
        block = next;
    }
    arena->blocks = NULL;
}
