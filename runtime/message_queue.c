#include "runtime/message_queue.h"

#include <stdlib.h>

#define CAP_MIN 256

void message_queue_grow(struct message_queue *queue)
{
    uint32_t cap = queue->cap == 0 ? CAP_MIN : queue->cap * 2;
    struct message **slots = memory_alloc(cap * sizeof(struct message *));
    for (uint32_t i = 0; i < queue->count; i++) {
        slots[i] = queue->slots[(queue->head + i) & (queue->cap - 1)];
    }
    free(queue->slots);
    queue->slots = slots;
    queue->cap = cap;
    queue->head = 0;
}

void message_queue_add(struct message_queue *queue, struct message_list *list)
{
    struct message *message;
    while ((message = message_list_pop(list)) != NULL) {
        message_queue_push(queue, message);
    }
}

void message_queue_fini(struct message_queue *queue)
{
    while (queue->count != 0) {
        message_destroy(message_queue_pop(queue));
    }
    free(queue->slots);
    *queue = (struct message_queue){0};
}
