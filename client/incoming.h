/**
 * What a server's WebSocket message holds, as items that outlive it: one per response or push.
 */
#ifndef CLIENT_INCOMING_H
#define CLIENT_INCOMING_H

#include <stdbool.h>

#include "base/bytes.h"
#include "wire/frame.h"

struct json_t;

struct item {
    struct item *next;
    struct rpc_incoming in;    /* views into this item; result and body only of MessagePack */
    const struct json_t *json; /* of JSON: the result or the body */
    uint8_t *copy;             /* owned: the bytes of MessagePack */
    struct json_t *message;    /* owned: the JSON message */
};

/** First in, first out. Zero-initialised is empty. */
struct item_queue {
    struct item *first;
    struct item *last;
};

void item_queue_push(struct item_queue *queue, struct item *item);
/** Takes the first item, or NULL. The caller owns it. */
struct item *item_queue_pop(struct item_queue *queue);
/** Takes the response to `id`, or NULL. */
struct item *item_queue_take(struct item_queue *queue, uint32_t id);
void item_queue_fini(struct item_queue *queue);
void item_destroy(struct item *item); /* NULL is fine */

/**
 * Splits a message into items at the end of `responses` and `pushes`. ERR_MALFORMED if it is not
 * what the protocol allows; items before the bad one stand.
 */
int incoming_split(struct bytes message, bool json, struct item_queue *responses,
                   struct item_queue *pushes);

#endif
