#include "base/pool.h"

#include <stdlib.h>

#include "base/check.h"

#define CLASS_BYTES 64
#define CLASSES (POOL_BLOCK_BYTES_MAX / CLASS_BYTES)
#define KEPT_BYTES_MAX (256 << 10) /* of one class and thread */

#if !defined(NDEBUG) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POOL_KEEPS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define POOL_KEEPS 0
#endif
#endif
#ifndef POOL_KEEPS
#define POOL_KEEPS 1
#endif

struct free_block {
    struct free_block *next;
};

static _Thread_local struct {
    struct free_block *head;
    size_t count;
} lists[CLASSES];

static void *take_memory(size_t size)
{
    void *block = malloc(size);
    CHECK_ALWAYS(block != NULL);
    return block;
}

/** A size's class; CLASSES and above: too large. */
static inline size_t class_of(size_t size)
{
    return size == 0 ? 0 : (size - 1) / CLASS_BYTES;
}

void *pool_alloc(size_t size)
{
    size_t class = class_of(size);
    if (class >= CLASSES) {
        return take_memory(size);
    }
    struct free_block *block = lists[class].head;
    if (block == NULL) {
        return take_memory((class + 1) * CLASS_BYTES);
    }
    lists[class].head = block->next;
    lists[class].count--;
    return block;
}

void pool_free(void *block, size_t size)
{
    size_t class = class_of(size);
    if (!POOL_KEEPS || block == NULL || class >= CLASSES ||
        lists[class].count >= KEPT_BYTES_MAX / ((class + 1) * CLASS_BYTES)) {
        free(block);
        return;
    }
    struct free_block *kept = block;
    kept->next = lists[class].head;
    lists[class].head = kept;
    lists[class].count++;
}

void pool_trim(void)
{
    for (size_t class = 0; class < CLASSES; class ++) {
        struct free_block *block = lists[class].head;
        while (block != NULL) {
            struct free_block *next = block->next;
            free(block);
            block = next;
        }
        lists[class].head = NULL;
        lists[class].count = 0;
    }
}
