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

/** What buffer_fini does when there is something. */
void buffer_free(struct buffer *buffer)
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

#define DECIMAL_CHARS_MAX 20 /* of -9223372036854775808 */

void buffer_append_decimal(struct buffer *buffer, int64_t value)
{
    uint8_t text[DECIMAL_CHARS_MAX];
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    size_t at = sizeof text;
    do {
        text[--at] = (uint8_t)('0' + left % 10);
        left /= 10;
    } while (left != 0);
    if (value < 0) {
        text[--at] = '-';
    }
    buffer_append(buffer, text + at, sizeof text - at);
}

#define ARENA_BLOCK_BYTES 4080

/** A new block, with room for `size`, in front. */
void arena_grow(struct arena *arena, size_t size)
{
    size_t room = size > ARENA_BLOCK_BYTES ? size : ARENA_BLOCK_BYTES;
    struct arena_block *block = malloc(sizeof *block + room);
    CHECK_ALWAYS(block != NULL);
    *block = (struct arena_block){.next = arena->blocks, .size = room};
    arena->blocks = block;
}

/** Frees all blocks but `kept`, the newest, or NULL; only this one stays. */
void arena_free(struct arena *arena, struct arena_block *kept)
{
    struct arena_block *block = kept != NULL ? kept->next : arena->blocks;
    while (block != NULL) {
        struct arena_block *next = block->next;
        if (!block->borrowed) {
            free(block);
        }
        block = next;
    }
    if (kept != NULL) {
        kept->next = NULL;
    }
    arena->blocks = kept;
}
