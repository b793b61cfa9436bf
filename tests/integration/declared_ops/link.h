/**
 * A WebSocket connection in either subprotocol that asks and answers in JSON values.
 */
#ifndef TESTS_INTEGRATION_DECLARED_OPS_LINK_H
#define TESTS_INTEGRATION_DECLARED_OPS_LINK_H

#include "client/incoming.h"
#include "tests/integration/declared_ops/ask.h"

struct link {
    enum way way;
    struct ws_client *socket; /* NULL: not connected */
    uint32_t next_id;
    struct item_queue responses, pushes; /* hello is taken */
};

/** Connects if it is not connected, or not any more. Returns whether it is a new connection. */
bool link_ensure(struct link *link, uint16_t port);
void link_close(struct link *link);

/** Sends a request and returns its id, for link_take. */
uint32_t link_send(struct link *link, const struct request *request);
/** Waits for the answer, which is judged. The caller ends it with answer_fini. */
void link_take(struct link *link, const struct op *op, uint32_t id, struct answer *out);

/** Receives what is there, and throws it away. */
void link_drain_pushes(struct link *link);
/** The topic of a push that has arrived, or NULL. Valid until the next call on the link. */
const char *link_next_push(struct link *link);

#endif
