/**
 * Small blocks of memory, kept per thread for reuse.
 *
 * What a busy shard allocates for each message is freed a loop turn later, hundreds at a time:
 * more than the C library keeps at hand, so it would merge and split blocks all day. Here a free
 * block waits in its thread's list of blocks of that size. It may be freed on another thread than
 * it was taken on. A list is bounded; what is beyond goes back to the C library. In builds with
 * sanitizers or assertions every block is the C library's, so that their tools see its life.
 */
#ifndef BASE_POOL_H
#define BASE_POOL_H

#include <stddef.h>

#define POOL_BLOCK_BYTES_MAX 1024 /* larger ones are the C library's */

/** Not zeroed; 16-byte alignment. More than POOL_BLOCK_BYTES_MAX may also be given to free(). Ends
 * the process when memory is exhausted. */
void *pool_alloc(size_t size);

/** `size` as it was asked for. NULL is fine. */
void pool_free(void *block, size_t size);

/** Gives the calling thread's free blocks back; at the end of a thread, at the latest. */
void pool_trim(void);

#endif
