#include "base/pool.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/check.h"

#define DEPOT_BYTES_MAX ((size_t)32 << 20) /* of all classes together */

_Thread_local struct pool_list pool_lists[POOL_CLASSES];

static struct {
    pthread_mutex_t lock; /* of what follows */
    struct pool_block *packs[POOL_CLASSES];
    size_t bytes;
} depot = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void *take_memory(size_t size)
{
    void *block = malloc(size);
    CHECK_ALWAYS(block != NULL);
    return block;
}

static void free_chain(struct pool_block *block)
{
    while (block != NULL) {
        struct pool_block *next = block->next;
        free(block);
        block = next;
    }
}

static size_t pack_bytes(size_t class)
{
    return POOL_PACK_BLOCKS * (class + 1) * POOL_CLASS_BYTES;
}

/** NULL when it has none. */
static struct pool_block *depot_take(size_t class)
{
    pthread_mutex_lock(&depot.lock);
    struct pool_block *pack = depot.packs[class];
    if (pack != NULL) {
        depot.packs[class] = pack->next_pack;
        depot.bytes -= pack_bytes(class);
    }
    pthread_mutex_unlock(&depot.lock);
    return pack;
}

static void depot_give(struct pool_block *pack, size_t class)
{
    pthread_mutex_lock(&depot.lock);
    bool fits = depot.bytes + pack_bytes(class) <= DEPOT_BYTES_MAX;
    if (fits) {
        pack->next_pack = depot.packs[class];
        depot.packs[class] = pack;
        depot.bytes += pack_bytes(class);
    }
    pthread_mutex_unlock(&depot.lock);
    if (!fits) {
        free_chain(pack);
    }
}

static void depot_trim(void)
{
    for (size_t class = 0; class < POOL_CLASSES; class ++) {
        struct pool_block *pack;
        while ((pack = depot_take(class)) != NULL) {
            free_chain(pack);
        }
    }
}

/** What pool_alloc does when its list is empty. */
void *pool_take(size_t size)
{
    size_t class = pool_class(size);
    if (!POOL_KEEPS || class >= POOL_CLASSES) {
        return take_memory(size);
    }
    struct pool_list *list = &pool_lists[class];
    struct pool_block *pack = list->spare != NULL ? list->spare : depot_take(class);
    list->spare = NULL;
    if (pack == NULL) {
        return take_memory((class + 1) * POOL_CLASS_BYTES);
    }
    list->head = pack->next;
    list->count = POOL_PACK_BLOCKS - 1;
    return pack;
}

/** What pool_free does when its list is full. */
void pool_give(void *block, size_t size)
{
    size_t class = pool_class(size);
    if (!POOL_KEEPS || block == NULL || class >= POOL_CLASSES) {
        free(block);
        return;
    }
    struct pool_list *list = &pool_lists[class];
    if (list->spare != NULL) {
        depot_give(list->spare, class);
    }
    list->spare = list->head;
    list->head = NULL;
    list->count = 0;
    pool_free(block, size);
}

void pool_trim(void)
{
    for (size_t class = 0; class < POOL_CLASSES; class ++) {
        free_chain(pool_lists[class].head);
        free_chain(pool_lists[class].spare);
        pool_lists[class] = (struct pool_list){0};
    }
    depot_trim();
}
