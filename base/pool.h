/**
 * Small blocks of memory, kept for reuse: each thread's own, and packs of them for whom it lacks.
 *
 * What a busy shard allocates for each message is freed a loop turn later, hundreds at a time:
 * more than the C library keeps at hand, so it would merge and split blocks all day. Here a free
 * block waits in its thread's list of blocks of that size, the one used last in front, since it is
 * still in the processor's cache.
 *
 *     thread A: list ∥ spare pack ──whole packs──▶ depot ──▶ spare pack ∥ list :thread B
 *
 * A block may be freed on another thread than it was taken on, and where one shard sends and the
 * other only receives, all are. So a thread with two packs hands one to the depot, and one without
 * any takes one there: one lock a pack, none a block (the magazines of Bonwick and Adams, 2001).
 * Lists and depot are bounded; what is beyond goes back to the C library. In builds with
 * sanitizers or assertions every block is the C library's, so that their tools see its life.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_BLOCK_BYTES_MAX 1024 /* larger ones are the C library's */
#define POOL_CLASS_BYTES 64
#define POOL_CLASSES (POOL_BLOCK_BYTES_MAX / POOL_CLASS_BYTES)
#define POOL_PACK_BLOCKS 64

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

/* Here only so that taking and freeing can be inline. */
struct pool_block {
    struct pool_block *next;      /* of the list or pack */
    struct pool_block *next_pack; /* of the depot; in the first block of a pack */
};
struct pool_list {
    struct pool_block *head;
    size_t count;
    struct pool_block *spare; /* a pack of POOL_PACK_BLOCKS, or NULL */
};
extern _Thread_local struct pool_list pool_lists[POOL_CLASSES];
void *pool_take(size_t size);
void pool_give(void *block, size_t size);

/** A size's class; POOL_CLASSES and above: too large. */
static inline size_t pool_class(size_t size)
{
    return size == 0 ? 0 : (size - 1) / POOL_CLASS_BYTES;
}

/** Not zeroed; 16-byte alignment. More than POOL_BLOCK_BYTES_MAX may also be given to free(). Ends
 * the process when memory is exhausted. */
static inline void *pool_alloc(size_t size)
{
    size_t class = pool_class(size);
    if (class >= POOL_CLASSES || pool_lists[class].head == NULL) {
        return pool_take(size);
    }
    struct pool_block *block = pool_lists[class].head;
    pool_lists[class].head = block->next;
    pool_lists[class].count--;
    __builtin_prefetch(block->next, 1); /* the next one to be taken */
    return block;
}

/** `size` as it was asked for. NULL is fine. */
static inline void pool_free(void *block, size_t size)
{
    size_t class = pool_class(size);
    if (!POOL_KEEPS || block == NULL || class >= POOL_CLASSES ||
        pool_lists[class].count == POOL_PACK_BLOCKS) {
        pool_give(block, size);
        return;
    }
    struct pool_block *kept = block;
    kept->next = pool_lists[class].head;
    pool_lists[class].head = kept;
    pool_lists[class].count++;
}

/** Gives the calling thread's free blocks back, and the depot's; at the end of a thread, at the
 * latest. */
void pool_trim(void);

#endif
