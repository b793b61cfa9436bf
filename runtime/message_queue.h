/**
 * What waits for a shard: a FIFO of messages as a ring of pointers.
 *
 * Thousands may wait, and by the time of their turn they have left the processor's caches. A list
 * would say where the next one is only when it has come from memory; the ring says it early, so
 * that those which follow are fetched while one is run. One thread.
 */
#ifndef RUNTIME_MESSAGE_QUEUE_H
#define RUNTIME_MESSAGE_QUEUE_H

#include "runtime/message.h"

/** Zero-initialised is empty. Owns its messages. */
struct message_queue {
    struct message **slots;
    uint32_t cap; /* a power of two, or 0 */
    uint32_t head, count;
};

void message_queue_grow(struct message_queue *queue);

static inline void message_queue_push(struct message_queue *queue, struct message *message)
{
    if (queue->count == queue->cap) {
        message_queue_grow(queue);
    }
    queue->slots[(queue->head + queue->count++) & (queue->cap - 1)] = message;
}

/** The one that is `ahead` behind the head, or NULL. */
static inline struct message *message_queue_peek(const struct message_queue *queue, uint32_t ahead)
{
    return ahead < queue->count ? queue->slots[(queue->head + ahead) & (queue->cap - 1)] : NULL;
}

/** The caller owns it. Not from an empty one. */
static inline struct message *message_queue_pop(struct message_queue *queue)
{
    struct message *message = queue->slots[queue->head];
    queue->head = (queue->head + 1) & (queue->cap - 1);
    queue->count--;
    return message;
}

/** Appends all of `list`, which is empty afterwards. */
void message_queue_add(struct message_queue *queue, struct message_list *list);

/** Destroys what is in it. */
void message_queue_fini(struct message_queue *queue);

#endif
